import type { Analysis } from '../analysis/contract.js';
import type { Chart } from './chart.js';
import { axisOf, frameOf, timeAxisOf, WIDTH } from './frame.js';
import { PAIR_KINDS, type PairKind, pairKinds } from './node-pairs.js';
import { formatBytes, formatTimeOfDay, millisOf } from './quantities.js';

/** Slices of time the recording is cut into at most. */
export const MAX_SLICES = 300;
const NICE_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];

/** Bytes per second on the wire over time, stacked by who talks to whom. Null when no capture was read or nothing flowed. */
export function drawTraffic(analysis: Analysis): Chart | null {
  const kindOf = pairKinds(analysis);
  const seconds = new Map<PairKind, Map<number, number>>();
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const connection of analysis.gossip.connections) {
    const there = kindOf(connection.from, connection.to);
    const back = kindOf(connection.to, connection.from);
    for (const slice of connection.traffic) {
      const second = Math.floor(millisOf(slice.at) / 1000);
      from = Math.min(from, second);
      to = Math.max(to, second + 1);
      addTo(seconds, there, second, slice.there);
      addTo(seconds, back, second, slice.back);
    }
  }
  if (from >= to || seconds.size === 0) return null;
  const wanted = (to - from) / MAX_SLICES;
  const width = NICE_SECONDS.find((nice) => nice >= wanted) ?? Math.ceil(wanted);
  const slices = Math.ceil((to - from) / width);
  const bytesOf = ({ kind }: (typeof PAIR_KINDS)[number]): number => [...(seconds.get(kind)?.values() ?? [])].reduce((a, b) => a + b, 0);
  const used = PAIR_KINDS.filter((kind) => bytesOf(kind) > 0);
  const extent = [from * 1000, (from + slices * width) * 1000] as const;
  const curves = used.map(({ kind, colour }) => {
    const rates = new Array<number>(slices).fill(0);
    for (const [second, bytes] of seconds.get(kind) ?? []) {
      const slice = Math.floor((second - from) / width);
      rates[slice] = (rates[slice] ?? 0) + bytes / width;
    }
    return { kind, colour, rates };
  });
  const title = 'Traffic over time';
  const caption = [`Bytes per second in slices of ${width} s, TCP payload as captured: TLS, HTTP/2 and gRPC included.`, ...lossOf(analysis)];
  const sums = Array.from({ length: slices }, (_, i) => curves.reduce((sum, c) => sum + (c.rates[i] as number), 0));
  const peak = sums.reduce((best, sum, i) => (sum > (sums[best] as number) ? i : best), 0);
  const shares = [...used].sort((a, b) => bytesOf(b) - bytesOf(a)).map((kind) => `${kind.kind} ${formatBytes(bytesOf(kind))}`);
  return {
    name: 'traffic',
    title,
    summary: `Most bytes first: ${shares.join(', ')}; the peak was ${formatBytes(sums[peak] as number)}/s at ${formatTimeOfDay((from + peak * width) * 1000).slice(0, 8)} UTC.`,
    width: WIDTH,
    height: 480,
    configuration: {
      type: 'line',
      data: {
        datasets: curves.map(({ kind, colour, rates }, index) => ({
          label: kind,
          data: [...rates, rates.at(-1) as number].map((rate, i) => ({ x: (from + i * width) * 1000, y: Math.round(rate) })),
          borderColor: colour,
          backgroundColor: `${colour}B0`,
          borderWidth: 1,
          pointRadius: 0,
          pointStyle: 'rect',
          stepped: 'before',
          fill: index === 0 ? 'origin' : '-1',
        })),
      },
      options: {
        ...frameOf(title, caption, 'top'),
        interaction: { mode: 'index', intersect: false },
        scales: { x: timeAxisOf(extent), y: axisOf('bytes per second', { type: 'linear', stacked: true, min: 0, grace: '4%' }) },
      },
      hooks: { ticks: { x: { format: 'time' }, y: { format: 'bytes-per-second' } }, tooltip: 'traffic', notes: false, marks: [] },
    },
  };
}

function addTo(seconds: Map<PairKind, Map<number, number>>, kind: PairKind, second: number, bytes: number): void {
  if (bytes === 0) return;
  const known = seconds.get(kind) ?? new Map<number, number>();
  known.set(second, (known.get(second) ?? 0) + bytes);
  seconds.set(kind, known);
}

function lossOf(analysis: Analysis): readonly string[] {
  const dropped = analysis.sources.reduce((sum, s) => sum + (s.packetsDropped ?? 0), 0);
  return dropped === 0 ? [] : [`The captures lack ${dropped} dropped ${dropped === 1 ? 'packet' : 'packets'}.`];
}
