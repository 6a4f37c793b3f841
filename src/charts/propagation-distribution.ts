import type { Analysis, Block, Channel, Percentiles } from '../analysis/contract.js';
import { RECEIVED_CAPTION } from './block-propagation.js';
import type { Chart, PlainDataset } from './chart.js';
import { axisOf, frameOf, nameOnChannel, titleOnChannel, WIDTH } from './frame.js';
import { type LagAxis, lagAxisOf } from './lag-axis.js';
import { hue } from './palette.js';
import { formatDuration, millisOf } from './quantities.js';

/** Points of one curve beyond this are thinned to evenly spaced ranks. */
export const MAX_CURVE_POINTS = 500;

/**
 * Which share of all copies (blocks from number 1, first copies included) was received and committed within which lag of the first
 * peer, with the 50th, 90th and 99th percentile. Null when no block has a lag.
 */
export function drawPropagationDistribution(_analysis: Analysis, channel: Channel): Chart | null {
  const blocks = channel.blocks.filter((b) => b.number >= 1);
  const received = blocks.flatMap((b) => b.copies.flatMap((c) => (c.lagMicros === null ? [] : [c.lagMicros / 1000])));
  const committed = blocks.flatMap(committedLagsOf);
  const stages = [
    {
      stage: 'received',
      lags: received.sort((a, b) => a - b),
      percentiles: channel.propagation.received,
      colour: hue(0),
      dash: [],
      shape: 'circle',
      side: 'left',
    },
    {
      stage: 'committed',
      lags: committed.sort((a, b) => a - b),
      percentiles: channel.propagation.committed,
      colour: hue(5),
      dash: [7, 3],
      shape: 'rectRot',
      side: 'right',
    },
  ].filter((s) => s.lags.length > 0);
  if (stages.length === 0) return null;
  const axis = lagAxisOf(
    'lag behind the first peer',
    stages.flatMap((s) => s.lags),
  );
  const datasets = stages.flatMap(({ stage, lags, percentiles, colour, dash, shape, side }): readonly PlainDataset[] => [
    {
      label: stage,
      data: curveOf(lags, axis),
      borderColor: colour,
      backgroundColor: colour,
      borderDash: dash,
      borderWidth: 2,
      pointRadius: 0,
      pointHitRadius: 6,
      pointStyle: 'line',
      stepped: 'before',
    },
    {
      label: `${stage}: 50th, 90th, 99th percentile`,
      data: percentilesOf(percentiles).map(([share, micros]) => ({
        x: axis.place(micros / 1000),
        y: share,
        lagMillis: micros / 1000,
        note: `p${share} ${formatDuration(micros / 1000)}`,
        noteSide: side,
      })),
      borderColor: colour,
      backgroundColor: colour,
      showLine: false,
      pointRadius: 5,
      pointStyle: shape,
    },
  ]);
  const title = titleOnChannel('Distribution of the lag', channel);
  return {
    name: nameOnChannel('propagation-distribution', channel),
    title,
    summary: `${stages.map((s) => `${s.stage}: ${summaryOf(s.percentiles, s.lags.length)}`).join('; ')}.`,
    width: WIDTH,
    height: 480,
    configuration: {
      type: 'scatter',
      data: { datasets: datasets.filter((d) => d.data.length > 0).map((d) => (d['showLine'] === false ? d : { ...d, showLine: true })) },
      options: {
        ...frameOf(title, [`${RECEIVED_CAPTION} The first peer's own lag is 0 and counts.`], 'top'),
        interaction: { mode: 'nearest', intersect: false },
        scales: {
          x: axis.options,
          y: axisOf('share of all copies', { type: 'linear', min: 0, max: 100 }),
        },
      },
      hooks: { ticks: { x: axis.tick, y: { format: 'percent' } }, tooltip: 'lag-share', notes: true, marks: [] },
    },
  };
}

function committedLagsOf(block: Block): readonly number[] {
  const moments = block.copies.flatMap((c) => (c.committedAt === null ? [] : [millisOf(c.committedAt)]));
  const first = Math.min(...moments);
  return moments.map((at) => Math.round((at - first) * 1000) / 1000);
}

/** The curve's corners: for each lag the share of copies within it. */
function curveOf(ascending: readonly number[], axis: LagAxis) {
  const points = ascending.length <= MAX_CURVE_POINTS ? ascending.length : MAX_CURVE_POINTS;
  const corners = Array.from({ length: points }, (_, i) => {
    const rank = Math.ceil(((i + 1) / points) * ascending.length);
    const lagMillis = ascending[rank - 1] as number;
    return { x: axis.place(lagMillis), y: (rank / ascending.length) * 100, lagMillis };
  });
  // Of several copies with one lag the last says the share.
  const distinct = corners.filter((corner, i) => corners[i + 1]?.lagMillis !== corner.lagMillis);
  const start = distinct[0] as (typeof distinct)[number];
  return [{ ...start, y: 0 }, ...distinct];
}

function percentilesOf(p: Percentiles): readonly (readonly [share: number, micros: number])[] {
  return (
    [
      [50, p.p50Micros],
      [90, p.p90Micros],
      [99, p.p99Micros],
    ] as const
  ).flatMap(([share, micros]) => (micros === null ? [] : [[share, micros] as const]));
}

function summaryOf(p: Percentiles, copies: number): string {
  const shares = percentilesOf(p).map(([share, micros]) => `${share} % within ${formatDuration(micros / 1000)}`);
  const slowest = p.maxMicros === null ? [] : [`the slowest after ${formatDuration(p.maxMicros / 1000)}`];
  return `of ${copies} copies ${[...shares, ...slowest].join(', ')}`;
}
