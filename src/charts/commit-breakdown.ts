import type { Analysis, Channel } from '../analysis/contract.js';
import type { Chart } from './chart.js';
import { STAGES, type StageMillis, stagesOf, totalOf } from './commit-stages.js';
import { heightOfRows, nameOnChannel, titleOnChannel, WIDTH } from './frame.js';
import { compareNames, organizationsOfPeers } from './palette.js';
import { formatDuration, nearestRank } from './quantities.js';
import { stackedParts } from './stacked-parts.js';

// Pixels beside the longest bar.
const ROOM_FOR_NOTES = 320;

/** Peers beyond this are left out, the fastest first; the caption says so. */
export const MAX_PEERS = 60;

/**
 * How long the stages of a block's validation and commit take at each peer: means, since only means of parts add up to the mean of
 * the whole, with the median and the 99th percentile of the whole beside. Blocks from number 1. Null when no peer printed durations.
 */
export function drawCommitBreakdown(analysis: Analysis, channel: Channel): Chart | null {
  const byPeer = new Map<string, StageMillis[]>();
  for (const block of channel.blocks) {
    if (block.number < 1) continue;
    for (const copy of block.copies) {
      const stages = stagesOf(copy);
      if (stages === null) continue;
      const known = byPeer.get(copy.peer);
      if (known === undefined) byPeer.set(copy.peer, [stages]);
      else known.push(stages);
    }
  }
  if (byPeer.size === 0) return null;
  const organizations = organizationsOfPeers(analysis);
  const all = [...byPeer].map(([peer, copies]) => rowOf(peer, copies));
  const kept = [...all].sort((a, b) => b.mean - a.mean).slice(0, MAX_PEERS);
  const rows = kept.sort(
    (a, b) => compareNames(organizations.get(a.label) ?? '', organizations.get(b.label) ?? '') || compareNames(a.label, b.label),
  );
  const slowest = kept.reduce((a, b) => (b.mean > a.mean ? b : a));
  const title = titleOnChannel('Validation and commit at each peer', channel);
  const caption = [
    'Mean of the durations that the peers print per block, from block 1 on; what a Fabric version does not print is part of the rest.',
    ...(all.length > MAX_PEERS ? [`Only the ${MAX_PEERS} slowest of ${all.length} peers are drawn.`] : []),
  ];
  return {
    name: nameOnChannel('commit-breakdown', channel),
    title,
    summary: `A block took ${slowest.label} ${formatDuration(slowest.mean)} on average, the most of ${all.length} ${all.length === 1 ? 'peer' : 'peers'}; most of it was ${slowest.longest}.`,
    width: WIDTH,
    height: heightOfRows(rows.length),
    configuration: stackedParts(STAGES, rows, { title, caption, axis: 'mean duration per block', room: ROOM_FOR_NOTES }),
  };
}

function rowOf(label: string, copies: readonly StageMillis[]) {
  const totals = copies.map(totalOf).sort((a, b) => a - b);
  const meanOf = (stage: (typeof STAGES)[number]['key']): number =>
    Math.round((copies.reduce((sum, c) => sum + c[stage], 0) / copies.length) * 1000) / 1000;
  const stages: StageMillis = {
    validation: meanOf('validation'),
    stateValidation: meanOf('stateValidation'),
    blockAndPvtdataCommit: meanOf('blockAndPvtdataCommit'),
    stateCommit: meanOf('stateCommit'),
    rest: meanOf('rest'),
  };
  const mean = totalOf(stages);
  const [p50, p99] = [nearestRank(totals, 0.5) as number, nearestRank(totals, 0.99) as number];
  const longest = STAGES.reduce((a, b) => (stages[b.key] > stages[a.key] ? b : a)).label;
  return {
    label,
    stages,
    mean,
    longest,
    note: `mean ${formatDuration(mean)}, p50 ${formatDuration(p50)}, p99 ${formatDuration(p99)} (${copies.length} ${copies.length === 1 ? 'block' : 'blocks'})`,
    detail: `validation and commit together: mean ${formatDuration(mean)} over ${copies.length} ${copies.length === 1 ? 'block' : 'blocks'}`,
  };
}
