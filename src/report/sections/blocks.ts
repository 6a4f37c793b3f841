import type { Analysis, Block, BlockCopy, Channel, Percentiles, Timestamp } from '../../analysis/contract.js';
import { usedTransferOf } from '../../charts/block-ways.js';
import { cited, type Evidence } from '../evidence-notes.js';
import { breakableName, bytesText, channelName, countOf, countText, durationText, microsOf, nodeName, textClockOf } from '../format.js';
import { type Hole, type Html, html, join } from '../html.js';
import { slownessOf, type TimedCopy } from '../slowness.js';
import { type Cell, type Column, table } from '../tables.js';
import { howToRecord, orUnknown, unknown, unknownNote } from '../unknown.js';
import { blockNumber, isNumbered, spanText, stagesText } from './block-wording.js';
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

/** A column of a table over items, left out where nothing is known of any of them: the notes below the tables say what is missing. */
interface Field<Item> {
  readonly column: Column;
  readonly known: (item: Item) => boolean;
  readonly cell: (item: Item) => Cell | Hole;
}

const always = (): boolean => true;

function knownFields<Item>(fields: readonly Field<Item>[], items: readonly Item[]): readonly Field<Item>[] {
  return fields.filter((f) => items.some(f.known));
}

function percentilesTable(channel: Channel): Html {
  const { propagation } = channel;
  const stages = (['received', 'committed'] as const).filter((stage) => propagation[stage].count > 0);
  if (stages.length === 0) return html``;
  const columns = stages.flatMap((stage) => [
    { title: `${stage}: copies`, numeric: true },
    ...['p50', 'p90', 'p99', 'max'].map((p) => ({ title: html`<span class="hidden">${stage} </span>${p}`, numeric: true })),
  ]);
  const cells = (of: { readonly received: Percentiles; readonly committed: Percentiles } | undefined) =>
    stages.flatMap((s) => percentileCells(of?.[s]));
  return table({
    caption: html`How much later than the first peer, over blocks from 1 on`,
    noun: 'peers',
    columns: [{ title: 'Peer' }, ...columns],
    rows: [
      [html`<b>all peers</b>`, ...cells(propagation)],
      ...Object.keys(propagation.byPeer)
        .sort()
        .map((peer) => [nodeName(peer), ...cells(propagation.byPeer[peer])]),
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

/** What a channel's blocks × peers compares: receipts, or commits where no receipt is known, or arrivals on the wire where there are no logs. */
type Compared = 'receivedAt' | 'committedAt' | 'arrivedAt';

const COMPARED: readonly (readonly [Compared, string])[] = [
  ['receivedAt', 'received the block'],
  ['committedAt', 'committed the block'],
  ['arrivedAt', 'had the whole block on the wire'],
];

function lagsOf(block: Block, compared: Compared): ReadonlyMap<string, number> {
  const times = block.copies.flatMap((c) => {
    const micros = block.number === 0 && isNumbered(block) ? null : microsOf(c[compared]);
    return micros === null ? [] : [[c.peer, micros] as const];
  });
  const first = times.reduce((least, [, micros]) => Math.min(least, micros), Number.POSITIVE_INFINITY);
  return new Map(times.map(([peer, micros]) => [peer, micros - first]));
}

function lagCell(copy: BlockCopy | undefined, lagMicros: number | undefined): Cell {
  if (copy === undefined) return { shows: html`<span class="u">none</span>`, className: 'unseen' };
  if (lagMicros !== undefined) {
    return {
      shows: cited(lagMicros === 0 ? 'first' : `+${durationText(lagMicros)}`, copy.evidence),
      sortValue: lagMicros,
      className: shadeOf(lagMicros),
    };
  }
  const word = copy.via === 'genesis' ? 'genesis' : copy.committedAt !== null ? 'committed' : copy.arrivedAt !== null ? 'on the wire' : 'unknown';
  return { shows: cited(html`<span class="u">${word}</span>`, copy.evidence), className: 'unseen' };
}

function lagTable(analysis: Analysis, channel: Channel, blocks: readonly Block[], selection: Html | null): Html {
  const clock = textClockOf(analysis);
  const peers = channel.peers.map((p) => p.peer);
  const others = blocks.flatMap((b) => b.copies.map((c) => c.peer)).filter((p) => !peers.includes(p));
  const told = COMPARED.find(([key]) => blocks.some((b) => b.copies.some((c) => c[key] !== null)));
  const [compared, words] = told ?? (['receivedAt', 'received the block'] as const);
  const lags = new Map(blocks.map((b) => [b, lagsOf(b, compared)]));
  const orderedAt = (b: Block): Timestamp | null => b.ordered?.writtenAt ?? b.ordered?.createdAt ?? null;
  const fields: readonly Field<Block>[] = [
    {
      column: { title: 'Block' },
      known: always,
      cell: (b) => ({ shows: html`${blockNumber(b)}${b.config === true ? html` <span class="s">config</span>` : html``}`, sortValue: b.number }),
    },
    { column: { title: 'Transactions', numeric: true }, known: (b) => b.transactions !== null, cell: (b) => orUnknown(b.transactions, countText) },
    {
      column: { title: 'Size', numeric: true },
      known: (b) => b.bytes !== null,
      cell: (b) => (b.bytes === null ? unknown : { shows: bytesText(b.bytes), sortValue: b.bytes }),
    },
    {
      column: { title: 'Orderer wrote it' },
      known: (b) => orderedAt(b) !== null,
      cell: (b) => orUnknown(orderedAt(b), (at) => cited(clock(at), b.ordered?.evidence ?? [])),
    },
    { column: { title: 'Spread', numeric: true }, known: (b) => b.spreadMicros !== null, cell: (b) => duration(b.spreadMicros) },
    ...[...new Set([...peers, ...others])].map(
      (peer): Field<Block> => ({
        column: { title: breakableName(peer), numeric: true },
        known: always,
        cell: (b) =>
          lagCell(
            b.copies.find((c) => c.peer === peer),
            lags.get(b)?.get(peer),
          ),
      }),
    ),
  ];
  const shown = knownFields(fields, blocks);
  return table({
    caption: html`Blocks × peers: how long after the first peer each ${words}`,
    noun: 'blocks',
    className: 'matrix',
    limit: MAX_COPIES_SHOWN,
    ...(selection === null ? {} : { selection }),
    columns: shown.map((f) => f.column),
    rows: blocks.map((b) => shown.map((f) => f.cell(b))),
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

interface CopyRow {
  readonly block: Block;
  readonly copy: BlockCopy;
}

function copiesTable(analysis: Analysis, blocks: readonly Block[], selection: Html | null): Html {
  const clock = textClockOf(analysis);
  const moment = (
    title: string,
    timeOf: (copy: BlockCopy) => Timestamp | null,
    evidenceOf: (copy: BlockCopy) => readonly Evidence[],
  ): Field<CopyRow> => ({
    column: { title },
    known: ({ copy }) => timeOf(copy) !== null,
    cell: ({ copy }) => orUnknown(timeOf(copy), (at) => cited(clock(at), evidenceOf(copy))),
  });
  const logged = (copy: BlockCopy): readonly Evidence[] => copy.evidence;
  const captured = (copy: BlockCopy): readonly Evidence[] => usedTransferOf(copy)?.evidence ?? copy.evidence;
  const fields: readonly Field<CopyRow>[] = [
    { column: { title: 'Block' }, known: always, cell: ({ block }) => ({ shows: blockNumber(block), sortValue: block.number }) },
    { column: { title: 'Peer' }, known: always, cell: ({ copy }) => copy.peer },
    { column: { title: 'How it came' }, known: always, cell: ({ copy }) => senderHtml(copy) },
    moment('First byte', (c) => c.firstByteAt, captured),
    moment('Arrived', (c) => c.arrivedAt ?? c.lastByteAt, captured),
    moment('Received', (c) => c.receivedAt, logged),
    moment('Validated', (c) => c.validatedAt, logged),
    {
      column: { title: 'Validation took', numeric: true },
      known: ({ copy }) => copy.validationMillis !== null,
      cell: ({ copy }) => duration(copy.validationMillis === null ? null : copy.validationMillis * 1000),
    },
    moment('Committed', (c) => c.committedAt, logged),
    { column: { title: 'Lag', numeric: true }, known: ({ copy }) => copy.lagMicros !== null, cell: ({ copy }) => duration(copy.lagMicros) },
    { column: { title: 'Commit took (ms)', numeric: true }, known: ({ copy }) => copy.commit !== null, cell: ({ copy }) => commitHtml(copy) },
  ];
  const items = blocks.flatMap((block) => block.copies.map((copy) => ({ block, copy })));
  const shown = knownFields(fields, items);
  return table({
    caption: html`Every copy of every block, stage by stage`,
    noun: 'copies',
    limit: MAX_COPIES_SHOWN,
    foldRows: 12,
    ...(selection === null ? {} : { selection }),
    columns: shown.map((f) => f.column),
    rows: items.map((item) => shown.map((f) => f.cell(item))),
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
      : html`<p>Slowest: <b>block ${blockNumber(slowest.block)} at ${nodeName(slowest.copy.peer)}</b>, ${cited(durationText(slowest.totalMicros), slowest.copy.evidence)} ${spanText(slowest)}; ${stagesText(slowest)}.</p>`;
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
