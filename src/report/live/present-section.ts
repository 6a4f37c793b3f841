import type { Analysis, Block, Channel } from '../../analysis/contract.js';
import { cited, type Evidence } from '../evidence-notes.js';
import { breakableName, channelName, clockOf, countOf, durationText, nodeName, nodeNames } from '../format.js';
import { type Html, html } from '../html.js';
import type { Section } from '../sections/section.js';
import { type Cell, table } from '../tables.js';
import { howToRecord, unknown, unknownNote } from '../unknown.js';
import { type ChannelNow, type LeaderNow, type PeerNow, presentOf } from './now.js';

/** The newest blocks, whose way through the network is watched. */
const MAX_BLOCKS = 12;
/** Upper bounds of the shades of lags, as in the report's table. */
const SHADE_BOUNDS_MICROS = [10_000, 50_000, 200_000, 1_000_000, 5_000_000];

function leaderHtml(analysis: Analysis, l: LeaderNow): Html {
  const clock = clockOf(analysis);
  const name = l.organization === null ? html`the organization of ${nodeNames(l.peers)}` : html`${l.organization}`;
  const leads: Readonly<Record<LeaderNow['how'], () => Html>> = {
    elected: () =>
      l.leaders.length === 1
        ? html`<b>${nodeNames(l.leaders)}</b>${l.since === null ? html`` : html` <span class="s">since ${clock(l.since)}</span>`}`
        : html`<b>${nodeNames(l.leaders)}</b> <span class="tag-inline fault">several at once</span>`,
    set: () => html`<b>${nodeNames(l.leaders)}</b> <span class="s">by configuration</span>`,
    none: () => html`<span class="tag-inline fault">nobody</span>`,
    unknown: () => unknown,
  };
  return html`<li><span class="s">${name}</span><br>${leads[l.how]()}</li>`;
}

function peerRow(p: PeerNow, now: ChannelNow): readonly (Cell | Html)[] {
  const behind = p.height === null || now.highest === null ? null : now.highest - p.height;
  return [
    nodeName(p.peer),
    p.isUp ? html`up` : { shows: html`<b>down</b>`, className: 'lost' },
    p.height === null ? unknown : { shows: String(p.height), sortValue: p.height },
    behind === null
      ? unknown
      : behind === 0
        ? { shows: '0', sortValue: 0 }
        : { shows: html`<b>${behind}</b>`, sortValue: behind, className: p.isUp ? 'h3' : '' },
    p.sees === null
      ? unknown
      : { shows: `${p.sees} of ${p.others}`, sortValue: p.sees, className: !p.isUp ? '' : p.sees >= p.others ? 'seen' : 'never' },
  ];
}

const shadeOf = (lag: number): string => {
  const i = SHADE_BOUNDS_MICROS.findIndex((bound) => lag < bound);
  return `h${i < 0 ? SHADE_BOUNDS_MICROS.length : i}`;
};

function copyCell(analysis: Analysis, block: Block, peer: string): Cell | Html {
  const copy = block.copies.find((c) => c.peer === peer);
  const evidence: readonly Evidence[] = copy?.evidence ?? [];
  if (copy === undefined || (copy.receivedAt === null && copy.committedAt === null)) return html`<span class="u">not yet</span>`;
  if (copy.committedAt === null) return { shows: html`<span class="pending">${cited('received', evidence)}</span>`, className: 'h1' };
  if (copy.lagMicros === null) return { shows: cited(clockOf(analysis)(copy.committedAt), evidence) };
  return {
    shows: copy.lagMicros === 0 ? cited('first', evidence) : cited(html`+${durationText(copy.lagMicros)}`, evidence),
    sortValue: copy.lagMicros,
    className: shadeOf(copy.lagMicros),
  };
}

function newestBlocks(analysis: Analysis, channel: Channel): Html {
  const clock = clockOf(analysis);
  const blocks = channel.blocks.slice(-MAX_BLOCKS).reverse();
  if (blocks.length === 0) return html`<p class="s">No block of ${channelName(channel)} yet.</p>`;
  const peers = [...new Set([...channel.peers.map((p) => p.peer), ...blocks.flatMap((b) => b.copies.map((c) => c.peer))])].sort();
  const firstOf = (b: Block): string | null => {
    const times = b.copies.map((c) => c.receivedAt ?? c.committedAt).filter((at) => at !== null);
    return times.sort()[0] ?? null;
  };
  return table({
    caption: html`The newest blocks as they reach each peer: how much later than the first one`,
    noun: 'newest blocks',
    className: 'matrix',
    columns: [{ title: 'Block', numeric: true }, { title: 'First at' }, ...peers.map((p) => ({ title: breakableName(p), numeric: true }))],
    rows: blocks.map((b) => {
      const first = firstOf(b);
      return [
        { shows: String(b.number), sortValue: b.number },
        first === null ? unknown : clock(first),
        ...peers.map((p) => copyCell(analysis, b, p)),
      ];
    }),
  });
}

/** The network at this moment: leaders, ledgers and views, and the newest blocks on their way. */
export const presentSection: Section = {
  id: 'present',
  title: 'Now',
  render: (analysis) => {
    const present = presentOf(analysis);
    if (present.length === 0) return unknownNote('any channel', 'No peer has joined one in what came in so far.', howToRecord.logs);
    return html`${present.map((now, i) => {
      const channel = analysis.channels[i] as Channel;
      return html`<h3>${channelName(channel)} <span class="s">– ${countOf(now.peers.length, 'peer')}${now.highest === null ? '' : `, height ${now.highest}`}</span></h3>
<ul class="leaders-now">${now.leaders.map((l) => leaderHtml(analysis, l))}</ul>
${newestBlocks(analysis, channel)}
${table({
  caption: html`Its peers`,
  noun: 'peers',
  columns: [
    { title: 'Peer' },
    { title: 'State' },
    { title: 'Height', numeric: true },
    { title: 'Blocks behind', numeric: true },
    { title: 'Sees others', numeric: true },
  ],
  rows: now.peers.map((p) => peerRow(p, now)),
})}`;
    })}`;
  },
};
