import type { Analysis, Channel } from '../analysis/contract.js';
import { drawBlockBudget } from './block-budget.js';
import { drawBlockPropagation } from './block-propagation.js';
import type { Chart } from './chart.js';
import { drawCommitBreakdown } from './commit-breakdown.js';
import { drawLeaderTimeline } from './leader-timeline.js';
import { drawMedianBudget } from './median-budget.js';
import { drawMembershipOverTime } from './membership-over-time.js';
import { drawPropagationDistribution } from './propagation-distribution.js';
import { drawSlowestCommits } from './slowest-commits.js';
import { drawTraffic } from './traffic.js';
import { drawTrafficByPurpose } from './traffic-by-purpose.js';

const CHANNEL_CHARTS: readonly ((analysis: Analysis, channel: Channel) => Chart | null)[] = [
  drawLeaderTimeline,
  drawMembershipOverTime,
  drawBlockPropagation,
  drawPropagationDistribution,
  drawCommitBreakdown,
  drawSlowestCommits,
  drawBlockBudget,
  drawMedianBudget,
];
const NETWORK_CHARTS: readonly ((analysis: Analysis) => Chart | null)[] = [drawTraffic, drawTrafficByPurpose];

/** Every chart that has something to show: each channel's in the analysis's order, then the network's. Names are unique. */
export function drawCharts(analysis: Analysis): readonly Chart[] {
  const charts = [
    ...analysis.channels.flatMap((channel) => CHANNEL_CHARTS.map((draw) => draw(analysis, channel))),
    ...NETWORK_CHARTS.map((draw) => draw(analysis)),
  ].filter((chart) => chart !== null);
  const uses = new Map<string, number>();
  return charts.map((chart) => {
    // Two channels without a name, or names that differ in what a file name can't hold.
    const use = (uses.get(chart.name) ?? 0) + 1;
    uses.set(chart.name, use);
    return use === 1 ? chart : { ...chart, name: `${chart.name}-${use}` };
  });
}
