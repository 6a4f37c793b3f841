import type { Analysis, Channel } from '../analysis/contract.js';
import type { Chart } from './chart.js';
import { STAGES, stagesOf, totalOf } from './commit-stages.js';
import { heightOfRows, nameOnChannel, titleOnChannel, WIDTH } from './frame.js';
import { compareNames } from './palette.js';
import { formatDuration } from './quantities.js';
import { stackedParts } from './stacked-parts.js';

// Pixels beside the longest bar.
const ROOM_FOR_NOTES = 170;

/** How many blocks the chart shows. */
export const SLOWEST = 15;

/** The blocks that took a peer longest to validate and commit, each at its slowest peer, by stage. Null when no peer printed durations. */
export function drawSlowestCommits(_analysis: Analysis, channel: Channel): Chart | null {
  const slowest = channel.blocks
    .flatMap((block) => {
      const copies = block.copies.flatMap((copy) => {
        const stages = stagesOf(copy);
        return stages === null ? [] : [{ block: block.number, transactions: block.transactions, peer: copy.peer, stages, total: totalOf(stages) }];
      });
      const worst = copies.sort((a, b) => b.total - a.total || compareNames(a.peer, b.peer))[0];
      return worst === undefined ? [] : [worst];
    })
    .sort((a, b) => b.total - a.total || a.block - b.block)
    .slice(0, SLOWEST);
  const first = slowest[0];
  if (first === undefined) return null;
  const rows = slowest.map(({ block, transactions, peer, stages, total }) => {
    const size = transactions === null ? '' : `, ${transactions} ${transactions === 1 ? 'transaction' : 'transactions'}`;
    return {
      label: `block ${block} at ${peer}`,
      stages,
      note: `${formatDuration(total)}${size}`,
      detail: `validation and commit together: ${formatDuration(total)}${size}`,
    };
  });
  const longest = STAGES.reduce((a, b) => (first.stages[b.key] > first.stages[a.key] ? b : a));
  const title = titleOnChannel('Slowest blocks to validate and commit', channel);
  return {
    name: nameOnChannel('slowest-commits', channel),
    title,
    summary: `The slowest was block ${first.block} at ${first.peer}: ${formatDuration(first.total)}, of which ${formatDuration(first.stages[longest.key])} ${longest.label}.`,
    width: WIDTH,
    height: heightOfRows(rows.length),
    configuration: stackedParts(STAGES, rows, {
      title,
      caption: [
        'Each block at the peer that took longest for it, as that peer prints it; what its Fabric version does not print is part of the rest.',
      ],
      axis: 'duration',
      room: ROOM_FOR_NOTES,
    }),
  };
}
