import type { Analysis, Block, BlockBudget, Channel } from '../analysis/contract.js';
import { tellingBlocksOf } from './block-ways.js';
import { BUDGET_BEGINNINGS, BUDGET_STAGES, millisOf, partsOf } from './budget-stages.js';
import type { Chart } from './chart.js';
import { heightOfRows, nameOnChannel, titleOnChannel, WIDTH } from './frame.js';
import { inOrder, stylesOfPeers } from './palette.js';
import { formatDuration } from './quantities.js';
import { stackedParts } from './stacked-parts.js';

// Pixels beside the longest bar.
const ROOM_FOR_NOTES = 110;

/** Peers beyond this are left out, the quickest first; the caption says so. */
export const MAX_PEERS = 60;

interface Budgeted {
  readonly peer: string;
  readonly budget: BlockBudget;
}

/** The copies of `block` whose budget is known. */
export function budgetsOf(block: Block): readonly Budgeted[] {
  return block.copies.flatMap((c) => (c.budget === undefined ? [] : [{ peer: c.peer, budget: c.budget }]));
}

/**
 * Where the time of one block went at each peer, from its birth to its commit: the first of the telling blocks that has a budget. Null where no block has.
 */
export function drawBlockBudget(analysis: Analysis, channel: Channel): Chart | null {
  const block = tellingBlocksOf(channel).find((t) => budgetsOf(t.block).length > 0)?.block;
  if (block === undefined) return null;
  const all = budgetsOf(block);
  const kept = [...all].sort((a, b) => b.budget.totalMicros - a.budget.totalMicros).slice(0, MAX_PEERS);
  const byPeer = new Map(kept.map((k) => [k.peer, k.budget]));
  const rows = inOrder(byPeer.keys(), stylesOfPeers(analysis)).map((peer) => {
    const budget = byPeer.get(peer) as BlockBudget;
    const total = formatDuration(budget.totalMicros / 1000);
    return { label: peer, stages: millisOf(partsOf(budget)), note: total, detail: `in all ${total}` };
  });
  const slowest = kept[0] as Budgeted;
  const parts = partsOf(slowest.budget);
  const longest = BUDGET_STAGES.reduce((a, b) => (parts[b.key] > parts[a.key] ? b : a));
  const name = block.numberBasis === 'relative' ? `block ${block.number} (counted from the first captured)` : `block ${block.number}`;
  const title = titleOnChannel(`Time budget of ${name}`, channel);
  const caption = [
    `Counted from ${[...new Set(all.map((b) => BUDGET_BEGINNINGS[b.budget.basis]))].join(' or ')} to the commit; the parts follow one another without a hole.`,
    ...(all.length > MAX_PEERS ? [`Only the ${MAX_PEERS} slowest of ${all.length} peers are drawn.`] : []),
  ];
  return {
    name: nameOnChannel('block-budget', channel),
    title,
    summary: `${name[0]?.toUpperCase()}${name.slice(1)} took longest to the ledger of ${slowest.peer}: ${formatDuration(slowest.budget.totalMicros / 1000)}, of which ${formatDuration(parts[longest.key] / 1000)} ${longest.label}.`,
    width: WIDTH,
    height: heightOfRows(rows.length),
    configuration: stackedParts(BUDGET_STAGES, rows, { title, caption, axis: 'time', room: ROOM_FOR_NOTES }),
  };
}
