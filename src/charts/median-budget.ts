import type { Analysis, Channel } from '../analysis/contract.js';
import { budgetsOf, MAX_PEERS } from './block-budget.js';
import { isSpread } from './block-ways.js';
import { BUDGET_STAGES, type BudgetParts, millisOf, partsOf } from './budget-stages.js';
import type { Chart } from './chart.js';
import { heightOfRows, nameOnChannel, titleOnChannel, WIDTH } from './frame.js';
import { inOrder, stylesOfPeers } from './palette.js';
import { formatDuration, nearestRank } from './quantities.js';
import { stackedParts } from './stacked-parts.js';

// Pixels beside the longest bar.
const ROOM_FOR_NOTES = 230;
/** Below this a chart of medians would only repeat the one of a single block. */
const MIN_BLOCKS = 2;

/** A peer's budgets over all blocks. Microseconds; nearest rank, and so none but durations that occurred. */
export interface MedianBudget {
  readonly peer: string;
  readonly blocks: number;
  readonly parts: BudgetParts;
  readonly totalMicros: number;
  readonly p90TotalMicros: number;
}

/** The median of every stage at each peer over the blocks that travelled, in no order. The medians of parts do not add up to that of the whole. */
export function medianBudgetsOf(channel: Channel): readonly MedianBudget[] {
  const byPeer = new Map<string, { readonly parts: BudgetParts; readonly total: number }[]>();
  for (const { peer, budget } of channel.blocks.filter(isSpread).flatMap(budgetsOf)) {
    const entry = { parts: partsOf(budget), total: budget.totalMicros };
    const known = byPeer.get(peer);
    if (known === undefined) byPeer.set(peer, [entry]);
    else known.push(entry);
  }
  return [...byPeer].map(([peer, entries]): MedianBudget => {
    const rank = (of: (e: (typeof entries)[number]) => number, share: number): number =>
      nearestRank(
        entries.map(of).sort((a, b) => a - b),
        share,
      ) as number;
    const medianOf = (key: keyof BudgetParts): number => rank((e) => e.parts[key], 0.5);
    const parts: BudgetParts = {
      deliver: medianOf('deliver'),
      firstHop: medianOf('firstHop'),
      laterHops: medianOf('laterHops'),
      buffer: medianOf('buffer'),
      validation: medianOf('validation'),
      commit: medianOf('commit'),
    };
    return { peer, blocks: entries.length, parts, totalMicros: rank((e) => e.total, 0.5), p90TotalMicros: rank((e) => e.total, 0.9) };
  });
}

/** Where the time of blocks usually goes at each peer: the median of each stage. Null where fewer than two blocks have a budget. */
export function drawMedianBudget(analysis: Analysis, channel: Channel): Chart | null {
  if (channel.blocks.filter((b) => isSpread(b) && budgetsOf(b).length > 0).length < MIN_BLOCKS) return null;
  const all = medianBudgetsOf(channel);
  const kept = [...all].sort((a, b) => b.totalMicros - a.totalMicros).slice(0, MAX_PEERS);
  const byPeer = new Map(kept.map((k) => [k.peer, k]));
  const rows = inOrder(byPeer.keys(), stylesOfPeers(analysis)).map((peer) => {
    const { parts, totalMicros, blocks } = byPeer.get(peer) as MedianBudget;
    const text = `median in all ${formatDuration(totalMicros / 1000)} (${blocks} ${blocks === 1 ? 'block' : 'blocks'})`;
    return { label: peer, stages: millisOf(parts), note: text, detail: text };
  });
  const slowest = kept[0] as MedianBudget;
  const longest = BUDGET_STAGES.reduce((a, b) => (slowest.parts[b.key] > slowest.parts[a.key] ? b : a));
  const title = titleOnChannel('Median time budget of a block', channel);
  const caption = [
    'The median of each part over the blocks whose budget is known, from block 1 on; medians of parts do not add up to the median of the whole, which stands beside.',
    ...(all.length > MAX_PEERS ? [`Only the ${MAX_PEERS} slowest of ${all.length} peers are drawn.`] : []),
  ];
  return {
    name: nameOnChannel('median-budget', channel),
    title,
    summary: `A block takes ${formatDuration(slowest.totalMicros / 1000)} in the median to the ledger of ${slowest.peer}, the slowest of ${all.length} ${all.length === 1 ? 'peer' : 'peers'}; its longest part is ${longest.label}, ${formatDuration(slowest.parts[longest.key] / 1000)}.`,
    width: WIDTH,
    height: heightOfRows(rows.length),
    configuration: stackedParts(BUDGET_STAGES, rows, { title, caption, axis: 'median time per block', room: ROOM_FOR_NOTES }),
  };
}
