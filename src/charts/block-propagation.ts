import type { Analysis, Block, BlockCopy, Channel } from '../analysis/contract.js';
import type { Chart, PlainDataset, PlainPoint } from './chart.js';
import { axisOf, frameOf, heightOfLegend, nameOnChannel, titleOnChannel, WIDTH } from './frame.js';
import { lagAxisOf } from './lag-axis.js';
import { inOrder, isOutline, shortNames, stylesOfPeers, UNKNOWN_STYLE } from './palette.js';
import { formatDuration, millisOf, nearestRank } from './quantities.js';

/** Copies beyond this are drawn as medians over runs of consecutive blocks, with the slowest ones on their own. */
export const MAX_COPIES = 2000;
const MAX_RUNS = 60;
const SLOWEST_SHOWN = 100;
// Peers of one block stand side by side within this share of the distance between two blocks.
const SIDE_BY_SIDE = 0.6;
// Points on an edge of the chart area are drawn whole.
const POINT_OVERHANG = 6;

/** What `receivedAt` is, for the caption of every chart of lags. */
export const RECEIVED_CAPTION =
  'Received is the peer\'s line "Received block [N] from buffer": the block leaves the payload buffer in order, which is not its arrival from the network.';

/**
 * For each block from number 1, how much later than the first receiver each peer received it. Null when no block has a lag.
 */
export function drawBlockPropagation(analysis: Analysis, channel: Channel): Chart | null {
  const copies = lagsOf(channel.blocks);
  if (copies.length === 0) return null;
  const axis = lagAxisOf(
    'lag behind the first receiver',
    copies.map((c) => c.lagMillis),
  );
  const styles = stylesOfPeers(analysis);
  const peers = inOrder(
    copies.map((c) => c.copy.peer),
    styles,
  );
  const numbers = copies.map((c) => c.block);
  const first = numbers.reduce((a, b) => Math.min(a, b));
  const last = numbers.reduce((a, b) => Math.max(a, b));
  const aggregated = copies.length > MAX_COPIES;
  const slowest = [...copies].sort((a, b) => b.lagMillis - a.lagMillis).slice(0, SLOWEST_SHOWN);
  const blocksPerPoint = Math.ceil((last - first + 1) / MAX_RUNS);
  const datasets = peers.map((peer, index): PlainDataset => {
    const own = copies.filter((c) => c.copy.peer === peer);
    const { colour, pointStyle, borderDash } = styles.get(peer) ?? UNKNOWN_STYLE;
    const look = {
      label: peer,
      backgroundColor: colour,
      borderColor: colour,
      pointStyle,
      clip: POINT_OVERHANG,
      pointBorderWidth: isOutline(pointStyle) ? 1.5 : 0,
    };
    if (!aggregated) {
      const shift = ((index - (peers.length - 1) / 2) / peers.length) * SIDE_BY_SIDE;
      return { ...look, data: own.map((c) => pointOf(c, shift, axis.place)), pointRadius: own.length > 100 ? 3.5 : 4.5 };
    }
    const medians = mediansOf(own, blocksPerPoint, axis.place);
    const points = slowest.filter((c) => c.copy.peer === peer).map((c) => pointOf(c, 0, axis.place));
    return {
      ...look,
      // One dataset, so that the legend hides both.
      data: [...medians, { x: last, y: null }, ...points.flatMap((point) => [point, { x: point.x, y: null }])],
      showLine: true,
      borderWidth: 1.5,
      borderDash,
      pointRadius: [...medians.map(() => 0), 0, ...points.flatMap(() => [4.5, 0])],
      pointHitRadius: 4,
    };
  });
  const title = titleOnChannel('Lag of each peer per block', channel);
  const caption = [
    RECEIVED_CAPTION,
    ...(aggregated
      ? [
          `Lines are each peer's median over ${blocksPerPoint} consecutive blocks; points are the ${SLOWEST_SHOWN} slowest of ${copies.length} copies.`,
        ]
      : []),
  ];
  return {
    name: nameOnChannel('block-propagation', channel),
    title,
    summary: summaryOf(copies, peers.length),
    width: WIDTH,
    height: heightOfLegend(peers.length),
    configuration: {
      type: 'scatter',
      data: { datasets },
      options: {
        ...frameOf(title, caption, 'right'),
        interaction: { mode: 'nearest', intersect: true },
        scales: {
          x: axisOf('block number', { type: 'linear', min: first - 0.5, max: last + 0.5 }, { precision: 0, includeBounds: false }),
          y: axis.options,
        },
      },
      hooks: { ticks: { x: { format: 'count' }, y: axis.tick }, tooltip: 'lag', notes: false, marks: [], legend: shortNames(peers) },
    },
  };
}

interface CopyLag {
  readonly block: number;
  readonly copy: BlockCopy;
  readonly lagMillis: number;
}

function lagsOf(blocks: readonly Block[]): readonly CopyLag[] {
  return blocks.flatMap((block) =>
    block.number < 1
      ? []
      : block.copies.flatMap((copy) => (copy.lagMicros === null ? [] : [{ block: block.number, copy, lagMillis: copy.lagMicros / 1000 }])),
  );
}

function pointOf({ block, copy, lagMillis }: CopyLag, shift: number, place: (lagMillis: number) => number): PlainPoint {
  const from = copy.from === null ? '' : ` from ${copy.from.node}`;
  return {
    x: block + shift,
    y: place(lagMillis),
    block,
    lagMillis,
    ...(copy.receivedAt === null ? {} : { at: millisOf(copy.receivedAt) }),
    ...(copy.via === 'unknown' && from === '' ? {} : { via: `via ${copy.via}${from}` }),
  };
}

function mediansOf(own: readonly CopyLag[], blocksPerPoint: number, place: (lagMillis: number) => number): readonly PlainPoint[] {
  const runs = new Map<number, CopyLag[]>();
  for (const copy of own) {
    const run = Math.floor(copy.block / blocksPerPoint);
    const known = runs.get(run);
    if (known === undefined) runs.set(run, [copy]);
    else known.push(copy);
  }
  return [...runs.values()].map((run) => {
    const numbers = run.map((c) => c.block).sort((a, b) => a - b);
    const from = numbers[0] as number;
    const to = numbers.at(-1) as number;
    const lags = run.map((c) => c.lagMillis).sort((a, b) => a - b);
    const lagMillis = nearestRank(lags, 0.5) as number;
    return { x: (from + to) / 2, y: place(lagMillis), blocks: from === to ? `block ${from}` : `blocks ${from} to ${to}`, lagMillis };
  });
}

function summaryOf(copies: readonly CopyLag[], peers: number): string {
  const blocks = new Set(copies.map((c) => c.block)).size;
  const worst = copies.reduce((a, b) => (b.lagMillis > a.lagMillis ? b : a));
  const what = `${blocks} ${blocks === 1 ? 'block' : 'blocks'} at ${peers} ${peers === 1 ? 'peer' : 'peers'}`;
  return worst.lagMillis === 0
    ? `Of ${what} none was received later than at its first receiver.`
    : `Of ${what} the largest lag was ${formatDuration(worst.lagMillis)}: block ${worst.block} at ${worst.copy.peer}.`;
}
