import type { Analysis, Block, BlockCopy, Channel, Percentiles, Timestamp } from '../../analysis/contract.js';
import { cited, type Evidence, mergeEvidence } from '../evidence-notes.js';
import { breakableName, bytesText, channelName, countOf, countText, durationText, nodeName, textClockOf } from '../format.js';
import { type Html, html, join } from '../html.js';
import { slownessOf, type TimedCopy } from '../slowness.js';
import { type Cell, table } from '../tables.js';
import { howToRecord, orUnknown, unknown, unknownNote } from '../unknown.js';
import { blockNumber, stagesText } from './block-wording.js';
import { channelHeading, type Section } from './section.js';

/** Copies (blocks × peers) a channel's tables show; beyond it the blocks with the largest spread are kept, and the page says so. */
export const MAX_COPIES_SHOWN = 6_000;
const MAX_SLOWEST = 10;

// Upper bounds of the shades in the lag table; shades tell orders of magnitude apart, as lags spread over many.
const SHADE_BOUNDS_MICROS = [10_000, 50_000, 200_000, 1_000_000, 5_000_000];

const duration = (micros: number | null): Cell | Html => (micros === null ? unknown : { shows: durationText(micros), sortValue: micros });

function percentileCells(p: Percentiles | undefined): readonly (Cell | Html)[] {
  if (p === undefined || p.count === 0) return [{ shows: '0', sortValue: 0 }, unknown, unknown, unknown, unknown];
  return [
    { shows: countText(p.count), sortValue: p.count },
    duration(p.p50Micros),
    duration(p.p90Micros),
    duration(p.p99Micros),
    duration(p.maxMicros),
  ];
}

function percentilesTable(channel: Channel): Html {
  const { propagation } = channel;
  const peers = Object.keys(propagation.byPeer).sort();
  const numeric = (title: string) => ({ title, numeric: true });
  const hidden = (word: string) => html`<span class="hidden">${word} </span>`;
  const stage = (word: string) => [
    numeric(`${word}: copies`),
    ...['p50', 'p90', 'p99', 'max'].map((p) => ({ title: html`${hidden(word)}${p}`, numeric: true })),
  ];
  return table({
    caption: html`How much later than the first peer, over blocks from 1 on`,
    noun: 'peers',
    columns: [{ title: 'Peer' }, ...stage('received'), ...stage('committed')],
    rows: [
      [html`<b>all peers</b>`, ...percentileCells(propagation.received), ...percentileCells(propagation.committed)],
      ...peers.map((peer) => [
        nodeName(peer),
        ...percentileCells(propagation.byPeer[peer]?.received),
        ...percentileCells(propagation.byPeer[peer]?.committed),
      ]),
    ],
  });
}

function slowestTable(copies: readonly TimedCopy[], caption: string, foldRows: number): Html {
  return table({
    caption,
    noun: 'copies',
    limit: MAX_SLOWEST,
    foldRows,
    columns: [
      { title: 'Block' },
      { title: 'Peer' },
      { title: 'In all', numeric: true },
      { title: 'Slowest stage' },
      { title: 'Where the time went' },
    ],
    rows: copies.map((t) => [
      { shows: blockNumber(t.block), sortValue: t.block.number },
      nodeName(t.copy.peer),
      { shows: html`${cited(durationText(t.totalMicros), t.copy.evidence)}${t.committed ? '' : ' or more'}`, sortValue: t.totalMicros },
      t.slowestStage === null ? unknown : html`<b>${t.slowestStage.name}</b>`,
      stagesText(t),
    ]),
  });
}

function shadeOf(lagMicros: number): string {
  const index = SHADE_BOUNDS_MICROS.findIndex((bound) => lagMicros < bound);
  return `h${index === -1 ? SHADE_BOUNDS_MICROS.length : index}`;
}

function lagCell(copy: BlockCopy | undefined): Cell {
  if (copy === undefined) return { shows: html`<span class="u">none</span>`, className: 'unseen' };
  if (copy.lagMicros !== null) {
    return {
      shows: cited(copy.lagMicros === 0 ? 'first' : `+${durationText(copy.lagMicros)}`, copy.evidence),
      sortValue: copy.lagMicros,
      className: shadeOf(copy.lagMicros),
    };
  }
  const word = copy.via === 'genesis' ? 'genesis' : copy.committedAt !== null ? 'committed' : copy.arrivedAt !== null ? 'on the wire' : 'unknown';
  return { shows: cited(html`<span class="u">${word}</span>`, copy.evidence), className: 'unseen' };
}

function lagTable(analysis: Analysis, channel: Channel, blocks: readonly Block[], selection: Html | null): Html {
  const clock = textClockOf(analysis);
  const peers = channel.peers.map((p) => p.peer);
  const others = blocks.flatMap((b) => b.copies.map((c) => c.peer)).filter((p) => !peers.includes(p));
  const names = [...new Set([...peers, ...others])];
  return table({
    caption: html`Blocks × peers: how long after the first peer each received the block`,
    noun: 'blocks',
    className: 'matrix',
    limit: MAX_COPIES_SHOWN,
    ...(selection === null ? {} : { selection }),
    columns: [
      { title: 'Block' },
      { title: 'Transactions', numeric: true },
      { title: 'Size', numeric: true },
      { title: 'Orderer wrote it' },
      { title: 'Spread', numeric: true },
      ...names.map((n) => ({ title: breakableName(n), numeric: true })),
    ],
    rows: blocks.map((b) => {
      const copies = new Map(b.copies.map((c) => [c.peer, c]));
      const ordered = b.ordered === null ? null : (b.ordered.writtenAt ?? b.ordered.createdAt);
      return [
        { shows: html`${blockNumber(b)}${b.config === true ? html` <span class="s">config</span>` : html``}`, sortValue: b.number },
        orUnknown(b.transactions, (n) => countText(n)),
        b.bytes === null ? unknown : { shows: bytesText(b.bytes), sortValue: b.bytes },
        ordered === null ? unknown : cited(clock(ordered), b.ordered?.evidence ?? []),
        duration(b.spreadMicros),
        ...names.map((n) => lagCell(copies.get(n))),
      ];
    }),
  });
}

function senderHtml(copy: BlockCopy): Html {
  const confidence = copy.from === null || copy.from.confidence >= 1 ? '' : ` ${Math.round(copy.from.confidence * 100)} %`;
  const from = copy.from === null ? html`` : html` from ${nodeName(copy.from.node)} <span class="s">(${copy.from.basis}${confidence})</span>`;
  const more = copy.transfers.length > 1 ? html` <span class="s">${copy.transfers.length} copies on the wire</span>` : html``;
  return html`${copy.via === 'unknown' && copy.from === null ? unknown : copy.via}${from}${more}`;
}

function commitHtml(copy: BlockCopy): Cell | Html {
  const { commit } = copy;
  if (commit === null) return unknown;
  const parts: readonly (readonly [string, number | null])[] = [
    ['state validation', commit.stateValidationMillis],
    ['block and private data', commit.blockAndPvtdataCommitMillis],
    ['state', commit.stateCommitMillis],
  ];
  const known = parts.filter(([, millis]) => millis !== null).map(([name, millis]) => `${name} ${millis}`);
  const breakdown = known.length === 0 ? '' : html` <span class="s">(${known.join(', ')})</span>`;
  return { shows: html`${cited(durationText(commit.totalMillis * 1000), copy.evidence)}${breakdown}`, sortValue: commit.totalMillis };
}

function copiesTable(analysis: Analysis, blocks: readonly Block[], selection: Html | null): Html {
  const clock = textClockOf(analysis);
  const moment = (at: Timestamp | null, evidence: readonly Evidence[]): Html => orUnknown(at, (t) => cited(clock(t), evidence));
  const wire = blocks.some((b) => b.copies.some((c) => c.firstByteAt !== null || c.arrivedAt !== null || c.lastByteAt !== null));
  const wireColumns = wire ? [{ title: 'First byte' }, { title: 'Arrived' }] : [];
  return table({
    caption: html`Every copy of every block, stage by stage`,
    noun: 'copies',
    limit: MAX_COPIES_SHOWN,
    foldRows: 12,
    ...(selection === null ? {} : { selection }),
    columns: [
      { title: 'Block' },
      { title: 'Peer' },
      { title: 'How it came' },
      ...wireColumns,
      { title: 'Received' },
      { title: 'Validated' },
      { title: 'Committed' },
      { title: 'Lag', numeric: true },
      { title: 'Commit took (ms)', numeric: true },
    ],
    rows: blocks.flatMap((b) =>
      b.copies.map((c) => {
        const onWire = mergeEvidence([c.evidence, ...c.transfers.map((t) => t.evidence)]);
        return [
          { shows: blockNumber(b), sortValue: b.number },
          c.peer,
          senderHtml(c),
          ...(wire ? [moment(c.firstByteAt, onWire), moment(c.arrivedAt ?? c.lastByteAt, onWire)] : []),
          moment(c.receivedAt, c.evidence),
          html`${moment(c.validatedAt, c.evidence)}${c.validationMillis === null ? '' : html` <span class="s">(${c.validationMillis} ms)</span>`}`,
          moment(c.committedAt, c.evidence),
          duration(c.lagMicros),
          commitHtml(c),
        ];
      }),
    ),
  });
}

/** The blocks whose copies fit into {@link MAX_COPIES_SHOWN}, those with the largest spread first to stay; in order of number. */
export function selectBlocks(blocks: readonly Block[]): readonly Block[] {
  const copies = blocks.reduce((sum, b) => sum + b.copies.length, 0);
  if (copies <= MAX_COPIES_SHOWN) return blocks;
  const kept = new Set<Block>();
  let room = MAX_COPIES_SHOWN;
  for (const block of [...blocks].sort((a, b) => (b.spreadMicros ?? -1) - (a.spreadMicros ?? -1) || a.number - b.number)) {
    room -= Math.max(1, block.copies.length);
    if (room < 0) break;
    kept.add(block);
  }
  return blocks.filter((b) => kept.has(b));
}

function missingStages(analysis: Analysis, channel: Channel): Html {
  const copies = channel.blocks.filter((b) => b.number > 0 || b.numberBasis === 'relative').flatMap((b) => b.copies);
  const has = (tell: (c: BlockCopy) => boolean): boolean => copies.some(tell);
  const notes: Html[] = [];
  if (!has((c) => c.receivedAt !== null))
    notes.push(unknownNote('when peers received blocks', 'No line “Received block” was read (1.0 prints none).', howToRecord.commits));
  if (!has((c) => c.committedAt !== null))
    notes.push(unknownNote('when peers committed blocks', 'No line “Committed block” was read.', howToRecord.commits));
  if (!has((c) => c.firstByteAt !== null || c.transfers.length > 0)) {
    const captured = analysis.sources.some((s) => s.kind === 'packets');
    const why = captured
      ? 'No copy of a block could be told apart in the captures read.'
      : 'That is told by packets, or by gossip’s DEBUG lines; neither was read.';
    notes.push(unknownNote('when blocks arrived on the wire and who sent them', why, captured ? howToRecord.transfers : howToRecord.packets));
  }
  if (channel.blocks.every((b) => b.ordered === null)) {
    const orderers = new Set(analysis.nodes.filter((n) => n.kind === 'orderer').map((n) => n.name));
    const logged = analysis.sources.some((s) => s.kind !== 'packets' && s.node !== null && orderers.has(s.node));
    const why = logged ? 'The orderers’ logs that were read do not print it.' : 'No orderer’s log was read.';
    notes.push(unknownNote('when the ordering service wrote blocks', why, logged ? howToRecord.ordererBlocks : howToRecord.ordererLogs));
  }
  return notes.length === 0 ? html`` : html`${notes}`;
}

function channelHtml(analysis: Analysis, channel: Channel): Html {
  const heading = channelHeading(analysis, channelName(channel));
  if (channel.blocks.length === 0) {
    return html`${heading}${unknownNote(html`the blocks of ${channelName(channel)}`, 'No peer’s line about a block was read, and no block on the wire.', howToRecord.commits)}`;
  }
  const { live, caughtUp } = slownessOf(channel, analysis.nodes);
  const [slowest] = live;
  const sentence =
    slowest === undefined
      ? html`<p>Which block was slowest is ${unknown}: no block from 1 on has a time at a peer that took it live.</p>`
      : html`<p>Slowest: <b>block ${blockNumber(slowest.block)} at ${nodeName(slowest.copy.peer)}</b>, ${cited(durationText(slowest.totalMicros), slowest.copy.evidence)} from the first peer
that had it; ${stagesText(slowest)}.</p>`;
  const shown = selectBlocks(channel.blocks);
  const selection =
    shown.length === channel.blocks.length
      ? null
      : html`${countText(shown.length)} of ${countText(channel.blocks.length)} blocks are shown, those with the largest spread; all are in analysis.json.`;
  return html`${heading}${sentence}
${percentilesTable(channel)}
${live.length === 0 ? html`` : slowestTable(live, 'Slowest copies of blocks taken live', Number.POSITIVE_INFINITY)}
${
  caughtUp.length === 0
    ? html``
    : html`<p>${countOf(caughtUp.length, 'copy', 'copies')} came late because the peer joined or started after the block, or fetched it by state transfer; they are not among the slowest above${
        channel.propagation.received.count > 0 ? ', but are in the percentiles' : ''
      }.</p>${slowestTable(caughtUp, 'Copies that a peer caught up with', 1)}`
}
${lagTable(analysis, channel, shown, selection)}
${copiesTable(analysis, shown, selection)}
${missingStages(analysis, channel)}`;
}

const legend = html`<p class="s">Shades: ${join(
  ['below 10 ms', 'below 50 ms', 'below 200 ms', 'below 1 s', 'below 5 s', '5 s and more'].map(
    (text, i) => html`<span class="${`key h${i}`}">${text}</span>`,
  ),
  ' ',
)}</p>`;

/** How blocks travelled: percentiles, the slowest, and every copy stage by stage. */
export const blocksSection: Section = {
  id: 'blocks',
  title: 'Blocks',
  render: (analysis, charts) => {
    if (analysis.channels.length === 0)
      return unknownNote('how blocks travelled', 'No channel is in what was read.', html`${howToRecord.logs}; ${howToRecord.commits}`);
    return html`<p class="s"><b>Received</b> is the peer's own line “Received block … from buffer”: the moment the block leaves the payload buffer in its turn, not its arrival. A block that waits
for the one before it is received late though it arrived early. <b>Arrived</b> comes from packets or DEBUG lines, where there are any. <b>Lag</b> is received here minus received by the first peer.
Stages: dissemination (first peer → arrival here) and payload buffer (arrival → received), one stage where arrival is not known; validation (received → validated), commit (validated → committed).</p>
${analysis.channels.some((c) => c.blocks.length > 0) ? html`${legend}${charts}` : html``}${analysis.channels.map((c) => channelHtml(analysis, c))}`;
  },
};
