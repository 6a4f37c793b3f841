import type { Analysis, Node } from '../analysis/contract.js';
import type { Chart } from './chart.js';
import { axisOf, frameOf, timeAxisOf, WIDTH } from './frame.js';
import { COLOURS, hue, organizationsOfPeers } from './palette.js';
import { formatBytes, formatTimeOfDay, millisOf } from './quantities.js';

/** Slices of time the recording is cut into at most. */
export const MAX_SLICES = 300;
const NICE_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];

const KINDS = [
  { kind: 'orderer to peer', colour: hue(0) },
  { kind: 'peer to orderer', colour: hue(4) },
  { kind: 'peers of one organization', colour: hue(2) },
  { kind: 'peers of different organizations', colour: hue(5) },
  { kind: 'peers, organization unknown', colour: hue(6) },
  { kind: 'between orderers', colour: hue(3) },
  { kind: 'clients', colour: hue(1) },
  { kind: 'others', colour: COLOURS.leaderless },
] as const;
type Kind = (typeof KINDS)[number]['kind'];

/** Bytes per second on the wire over time, stacked by who talks to whom. Null when no capture was read or nothing flowed. */
export function drawTraffic(analysis: Analysis): Chart | null {
  const nodes = new Map(analysis.nodes.map((n) => [n.name, n]));
  const organizations = organizationsOfPeers(analysis);
  const seconds = new Map<Kind, Map<number, number>>();
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const connection of analysis.gossip.connections) {
    const there = kindOf(connection.from, connection.to, nodes, organizations);
    const back = kindOf(connection.to, connection.from, nodes, organizations);
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
  const bytesOf = ({ kind }: (typeof KINDS)[number]): number => [...(seconds.get(kind)?.values() ?? [])].reduce((a, b) => a + b, 0);
  const used = KINDS.filter((kind) => bytesOf(kind) > 0);
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

function addTo(seconds: Map<Kind, Map<number, number>>, kind: Kind, second: number, bytes: number): void {
  if (bytes === 0) return;
  const known = seconds.get(kind) ?? new Map<number, number>();
  known.set(second, (known.get(second) ?? 0) + bytes);
  seconds.set(kind, known);
}

/** What bytes that `from` sent to `to` are counted as. */
function kindOf(from: string, to: string, nodes: ReadonlyMap<string, Node>, organizations: ReadonlyMap<string, string>): Kind {
  const [sender, receiver] = [nodes.get(from)?.kind, nodes.get(to)?.kind];
  if (sender === undefined || receiver === undefined) return 'others';
  if (sender === 'client' || receiver === 'client') return 'clients';
  if (sender === 'orderer') return receiver === 'orderer' ? 'between orderers' : 'orderer to peer';
  if (receiver === 'orderer') return 'peer to orderer';
  const [own, other] = [organizations.get(from), organizations.get(to)];
  if (own === undefined || other === undefined) return 'peers, organization unknown';
  return own === other ? 'peers of one organization' : 'peers of different organizations';
}

function lossOf(analysis: Analysis): readonly string[] {
  const dropped = analysis.sources.reduce((sum, s) => sum + (s.packetsDropped ?? 0), 0);
  return dropped === 0 ? [] : [`The captures lack ${dropped} dropped ${dropped === 1 ? 'packet' : 'packets'}.`];
}
