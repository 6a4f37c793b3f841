import type { Analysis, Block, BlockBudget, BlockCopy, Channel, WireCoverage } from '../../analysis/contract.js';
import { budgetsOf } from '../../charts/block-budget.js';
import { hopsOf, isSpread, type Reason, spreadOnWireOf, type TellingBlock, tellingBlocksOf, usedTransferOf } from '../../charts/block-ways.js';
import { BUDGET_BEGINNINGS, partsOf } from '../../charts/budget-stages.js';
import { medianBudgetsOf } from '../../charts/median-budget.js';
import { nearestRank } from '../../charts/quantities.js';
import { type BlockPicture, pictureOf } from '../block-picture.js';
import { summaryOf } from '../block-words.js';
import { cited, mergeEvidence, noteNumberOf } from '../evidence-notes.js';
import { bytesText, channelName, countOf, countText, durationText, nodeName, nodeNames } from '../format.js';
import { deferred, type Html, html, isNothing, join, scriptJson } from '../html.js';
import { MAX_PACKED_TRANSFERS, packPictures } from '../packed-pictures.js';
import { renderSenderTree } from '../sender-tree.js';
import { drawSpaceTime, type LinkEvidence } from '../space-time.js';
import { type Cell, table } from '../tables.js';
import { howToCapture, howToRecord, unknownNote, whyNoPackets } from '../unknown.js';
import { blockNumber } from './block-wording.js';
import { channelHeading, type Section } from './section.js';

/** Lanes of a picture from which on its tree is folded away. */
const TREE_FOLDS_FROM = 16;

const duration = (micros: number): Cell => ({ shows: durationText(micros), sortValue: micros });

/** Rounded down to a tenth, so that only all is 100 %. */
const percent = (part: number, whole: number): string => (whole === 0 ? '0 %' : `${Math.floor((1000 * part) / whole) / 10} %`);

function reasonText(reason: Reason, block: Block): string {
  switch (reason) {
    case 'everywhere':
      return `it is the first block${block.config === false ? ' with transactions' : ''} whose way to every peer is known`;
    case 'best-known':
      return 'it is the block whose way is known to the most peers';
    case 'slowest':
      return `it took the longest of all to its last peer (${durationText(spreadOnWireOf(block) ?? 0)}), state transfer apart`;
    case 'deepest':
      return `it was passed on most often, over ${countOf(hopsOf(block), 'hop')} from peer to peer`;
    case 'pulled':
      return 'it is the first that a peer pulled instead of being pushed it';
    case 'transferred':
      return 'it is the first that a peer got by state transfer';
  }
}

const linkToEvidence: LinkEvidence = (content, of) => cited(content, of.evidence);

function budgetTable(block: Block): Html {
  const budgets = budgetsOf(block);
  if (budgets.length === 0) return html``;
  const partText = (budget: BlockBudget): Html => {
    const hops = budget.stages.filter((s) => s.stage === 'hop');
    return hops.length === 0
      ? html`–`
      : join(
          hops.map((s) => html`${durationText(s.micros)} <span class="s">to ${nodeName(s.node)}</span>`),
          ', ',
        );
  };
  const beginnings = [...new Set(budgets.map((b) => BUDGET_BEGINNINGS[b.budget.basis]))].join(' or ');
  return table({
    caption: html`Where its time went at each peer, counted from ${beginnings}`,
    noun: 'peers',
    foldRows: 2,
    columns: [
      { title: 'Peer' },
      { title: 'Deliver', numeric: true },
      { title: 'Hops' },
      { title: 'Buffer', numeric: true },
      { title: 'Validation', numeric: true },
      { title: 'Commit', numeric: true },
      { title: 'In all', numeric: true },
    ],
    rows: budgets.map(({ peer, budget }) => {
      const parts = partsOf(budget);
      const copy = block.copies.find((c) => c.peer === peer) as BlockCopy;
      return [
        nodeName(peer),
        duration(parts.deliver),
        partText(budget),
        duration(parts.buffer),
        duration(parts.validation),
        duration(parts.commit),
        { shows: cited(durationText(budget.totalMicros), evidenceOf(copy)), sortValue: budget.totalMicros },
      ];
    }),
  });
}

/** All that shows how a copy came and went: the peer's lines and the frames of every transfer to it. */
function evidenceOf(copy: BlockCopy) {
  return mergeEvidence([copy.evidence, ...copy.transfers.map((t) => t.evidence)]);
}

function treeHtml(picture: BlockPicture): Html {
  const tree = renderSenderTree(picture, linkToEvidence);
  const words = 'Who gave it to whom: each peer under the one whose copy it used, with the time of that hop from the sender’s own last byte';
  return picture.lanes.length < TREE_FOLDS_FROM
    ? html`<p class="tree-head">${words}.</p>${tree}`
    : html`<details class="fold"><summary>${words}</summary>${tree}</details>`;
}

function blockHtml(analysis: Analysis, channel: Channel, { block, reasons }: TellingBlock): Html {
  const picture = pictureOf(analysis, channel, block);
  if (picture === null) return html``;
  const summary = summaryOf(picture);
  const { svg, remarks } = drawSpaceTime(picture, summary, linkToEvidence);
  const where = analysis.channels.length > 1 ? html` on ${channelName(channel)}` : html``;
  return html`<h3>Block ${blockNumber(block)}${where}</h3>
<p>Shown because ${join(
    reasons.map((r) => reasonText(r, block)),
    '; and ',
  )}.</p>
<figure><div class="diagram" tabindex="0" role="region" aria-label="${`Space-time diagram of block ${block.number}`}">${svg}</div><figcaption>${[summary, ...remarks].join(' ')}</figcaption></figure>
${treeHtml(picture)}${budgetTable(block)}`;
}

/** The blocks that can be picked: all, or those that spread slowest where all would be too much for the page; in order of number. */
function pickable(channel: Channel): readonly Block[] {
  const transfersOf = (b: Block): number => b.copies.reduce((sum, c) => sum + c.transfers.length, 0);
  const blocks = channel.blocks.filter((b) => isSpread(b) && transfersOf(b) > 0);
  const kept = new Set<Block>();
  let room = MAX_PACKED_TRANSFERS;
  for (const block of [...blocks].sort((a, b) => (spreadOnWireOf(b) ?? -1) - (spreadOnWireOf(a) ?? -1) || a.number - b.number)) {
    room -= transfersOf(block);
    if (room < 0) break;
    kept.add(block);
  }
  return blocks.filter((b) => kept.has(b));
}

/** What the page's script needs to draw any block of the channel; without a script nothing is to be seen of it. */
function pickerHtml(analysis: Analysis, channel: Channel, shown: number): Html {
  const blocks = pickable(channel);
  if (blocks.length <= shown) return html``;
  const pictures = blocks.map((block) => pictureOf(analysis, channel, block)).filter((p) => p !== null);
  const all = channel.blocks.filter((b) => isSpread(b) && b.copies.some((c) => c.transfers.length > 0)).length;
  const left = all > blocks.length ? `${countText(blocks.length)} of ${countText(all)} blocks can be drawn here, those that spread slowest.` : '';
  const data = deferred((context) => scriptJson(packPictures(pictures, (evidence) => noteNumberOf(evidence, context))));
  return html`<div class="picker" hidden data-left="${left}"><script type="application/json">${data}</script></div>`;
}

function coverageItems(wire: WireCoverage): readonly Html[] {
  const { copies, outside, bytesMissing, withSender, transfers, expectedRight, unexplained, redundancy, basis } = wire;
  const wrong = Math.max(0, transfers - expectedRight);
  const doubt =
    basis === 'plaintext' && wrong === 0
      ? html`${countOf(transfers, 'transfer')} of blocks were read.`
      : html`${countOf(transfers, 'transfer')} of blocks are told. By their own confidences ${
          wrong < 0.5 ? 'hardly one of them is' : `about ${countText(Math.round(wrong))} of them ${Math.round(wrong) === 1 ? 'is' : 'are'}`
        } wrong.`;
  return [
    html`Of ${countOf(copies, 'copy', 'copies')} at peers (blocks from 1 on) the sender of <b>${countText(withSender)}</b> is known (${percent(withSender, copies)}).${
      outside === undefined ? '' : ` ${countOf(outside, 'more copy', 'more copies')} came while no packets were captured.`
    }`,
    ...(bytesMissing === undefined
      ? []
      : [
          html`The captures lack ${bytesText(bytesMissing)} of these connections, so that some transfers are not seen, copies that were not needed among them.`,
        ]),
    doubt,
    unexplained === 0
      ? html`No message between peers as large as a block was left unexplained.`
      : html`${countOf(unexplained, 'message')} between peers, as large as a block, ${unexplained === 1 ? 'fits' : 'fit'} no block that the sender can have had, and ${unexplained === 1 ? 'stays' : 'stay'} unexplained.`,
    ...(redundancy === null || redundancy.neededBytes === 0
      ? []
      : [
          redundancy.receivedBytes <= redundancy.neededBytes
            ? html`Redundancy: none; no peer was sent a block twice (${bytesText(redundancy.receivedBytes)}).`
            : html`Redundancy: peers were sent <b>${(redundancy.receivedBytes / redundancy.neededBytes).toFixed(1)} times</b> the bytes of blocks that they needed (${bytesText(redundancy.receivedBytes)} for ${bytesText(redundancy.neededBytes)}); the rest were copies that the receiver had already.`,
        ]),
  ];
}

function basisSentence(channel: Channel): Html {
  const bases = new Set(channel.blocks.flatMap((b) => b.copies.flatMap((c) => c.transfers.map((t) => t.basis))));
  const sentences = [
    ...(bases.has('packets')
      ? [
          'The traffic is encrypted: no block was read. That one went from a node to another is concluded from the sizes, directions and times of TLS records, and each such transfer carries the probability that it is right.',
        ]
      : []),
    ...(bases.has('plaintext') ? ['Traffic without TLS was read: gossip’s and the orderers’ own messages name the blocks.'] : []),
    ...(bases.has('log') ? ['Some transfers are known from gossip’s DEBUG lines.'] : []),
  ];
  return html`<p>${sentences.join(' ')}</p>`;
}

function delaysTable(channel: Channel): Html {
  const byPeer = new Map<string, { readonly micros: number; readonly copy: BlockCopy }[]>();
  for (const copy of channel.blocks.filter(isSpread).flatMap((b) => b.copies)) {
    if (copy.wireDelayMicros === undefined) continue;
    const known = byPeer.get(copy.peer);
    if (known === undefined) byPeer.set(copy.peer, [{ micros: copy.wireDelayMicros, copy }]);
    else known.push({ micros: copy.wireDelayMicros, copy });
  }
  if (byPeer.size === 0) return html``;
  const row = (label: Html, delays: readonly { readonly micros: number; readonly copy: BlockCopy }[]): readonly (Cell | Html)[] => {
    const sorted = [...delays].sort((a, b) => a.micros - b.micros);
    const values = sorted.map((d) => d.micros);
    const longest = sorted.at(-1) as (typeof sorted)[number];
    return [
      label,
      { shows: countText(values.length), sortValue: values.length },
      duration(nearestRank(values, 0.5) as number),
      duration(nearestRank(values, 0.9) as number),
      { shows: cited(durationText(longest.micros), evidenceOf(longest.copy)), sortValue: longest.micros },
    ];
  };
  const all = [...byPeer.values()].flat();
  const negative = all.filter((d) => d.micros < 0).length;
  return html`<h3>From the wire to the log</h3>
<p>How long a block was in the peer before its turn came: from the last byte of the copy it used to its line “Received block … from buffer”. That is decryption, checking the message,
and waiting in the payload buffer for the blocks before it. Peers stamp whole milliseconds, packets microseconds.${
    negative > 0
      ? ` ${countOf(negative, 'delay')} ${negative === 1 ? 'is' : 'are'} negative: by less than a millisecond that is the log’s rounding, by more the clocks of log and capture differ.`
      : ''
  }</p>${table({
    caption: 'From the last byte on the wire to “Received block”',
    noun: 'peers',
    columns: [
      { title: 'Peer' },
      { title: 'Blocks', numeric: true },
      { title: 'Median', numeric: true },
      { title: 'p90', numeric: true },
      { title: 'Longest', numeric: true },
    ],
    rows: [
      ...(byPeer.size > 1 ? [row(html`<b>all peers</b>`, all)] : []),
      ...[...byPeer].sort(([a], [b]) => (a < b ? -1 : 1)).map(([peer, delays]) => row(nodeName(peer), delays)),
    ],
  })}`;
}

function medianTable(channel: Channel): Html {
  const medians = [...medianBudgetsOf(channel)].sort((a, b) => (a.peer < b.peer ? -1 : 1));
  if (medians.length === 0) return html``;
  return table({
    caption: 'Median budget of a block at each peer: each part and the whole on its own, so that parts need not add up',
    noun: 'peers',
    foldRows: 13,
    columns: [
      { title: 'Peer' },
      { title: 'Blocks', numeric: true },
      { title: 'Deliver', numeric: true },
      { title: 'First hop', numeric: true },
      { title: 'Further hops', numeric: true },
      { title: 'Buffer', numeric: true },
      { title: 'Validation', numeric: true },
      { title: 'Commit', numeric: true },
      { title: 'In all', numeric: true },
      { title: 'In all, p90', numeric: true },
    ],
    rows: medians.map(({ peer, blocks, parts, totalMicros, p90TotalMicros }) => [
      nodeName(peer),
      { shows: countText(blocks), sortValue: blocks },
      duration(parts.deliver),
      duration(parts.firstHop),
      duration(parts.laterHops),
      duration(parts.buffer),
      duration(parts.validation),
      duration(parts.commit),
      duration(totalMicros),
      duration(p90TotalMicros),
    ]),
  });
}

const hasTransfers = (channel: Channel): boolean => channel.blocks.some((b) => b.copies.some((c) => c.transfers.length > 0));

function channelHtml(analysis: Analysis, channel: Channel): Html {
  const heading = channelHeading(analysis, channelName(channel));
  if (!hasTransfers(channel)) return html`${heading}${noTransfers(analysis, html`the blocks of ${channelName(channel)}`)}`;
  const telling = tellingBlocksOf(channel);
  const senderless = channel.blocks.filter(
    (b) => isSpread(b) && b.copies.some((c) => c.transfers.length > 0) && b.copies.every((c) => usedTransferOf(c) === null),
  ).length;
  const none =
    telling.length === 0
      ? html`<p>Of no copy is the sender known with a confidence of one half or more, so no block’s way is drawn.</p>`
      : senderless > 0
        ? html`<p class="s">Of ${countOf(senderless, 'block')} no sender is known with a confidence of one half or more.</p>`
        : html``;
  return html`${heading}${basisSentence(channel)}${channel.wire === undefined ? html`` : html`<ul>${coverageItems(channel.wire).map((i) => html`<li>${i}</li>`)}</ul>`}${none}
${telling.map((t) => blockHtml(analysis, channel, t))}${pickerHtml(analysis, channel, telling.length)}`;
}

function noTransfers(analysis: Analysis, what: Html): Html {
  const captured = analysis.sources.some((s) => s.kind === 'packets');
  const why = captured
    ? 'No transfer of a block could be told apart in the captures read.'
    : whyNoPackets(analysis, 'That is told by packets, or by gossip’s DEBUG lines; neither was read.');
  return unknownNote(
    html`who sent ${what} to whom, and when they arrived on the wire`,
    why,
    captured ? howToRecord.transfers : howToCapture(analysis),
  );
}

/** Which node sent each block to which, how sure that is, and where the time went on its way. */
export const disseminationSection: Section = {
  id: 'dissemination',
  title: 'Dissemination',
  render: (analysis, charts) => {
    const { channels } = analysis;
    if (!channels.some(hasTransfers)) return html`${noTransfers(analysis, html`blocks`)}${charts}`;
    const orderers = analysis.nodes.filter((n) => n.kind === 'orderer').map((n) => n.name);
    const after = channels.map((c) => {
      const tables = html`${medianTable(c)}${delaysTable(c)}`;
      return channels.length > 1 ? html`${channelHeading(analysis, channelName(c))}${tables}` : tables;
    });
    return html`<p class="s">How blocks came from the ordering service${orderers.length === 0 ? '' : html` (${nodeNames(orderers)})`} to every peer. In the diagrams time runs to the right; each node has a lane, and each arrow is one copy of
the block from its first byte on the wire, at the sender’s lane, to its last, at the receiver’s. “Leader” is the gossip leader of an organization when the block came, never Raft’s.</p>
${channels.map((c) => channelHtml(analysis, c))}
${isNothing(charts) ? html`` : html`<h3>Where the time goes</h3>${charts}`}${after}`;
  },
};
