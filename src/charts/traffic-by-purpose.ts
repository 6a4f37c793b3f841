import type { Analysis, PurposeTraffic } from '../analysis/contract.js';
import type { Chart } from './chart.js';
import { axisOf, frameOf, heightOfRows, WIDTH } from './frame.js';
import { PAIR_KINDS, type PairKind, pairKinds } from './node-pairs.js';
import { formatBytes } from './quantities.js';

// Pixels beside the longest bar.
const ROOM_FOR_NOTES = 240;

export type Purpose = PurposeTraffic['purpose'];

/** What each purpose is, for people. */
export const PURPOSE_WORDS: Readonly<Record<Purpose, string>> = {
  deliver: 'deliver (blocks from the ordering service)',
  'block-push': 'blocks pushed, first copies',
  duplicate: 'blocks sent again (duplicates)',
  pull: 'pull rounds',
  'state-transfer': 'state transfer',
  'state-info': 'state info (ledger heights)',
  alive: 'alive messages',
  membership: 'membership requests and responses',
  leadership: 'leadership declarations',
  probe: 'probes and pings',
  handshake: 'handshakes',
  'private-data': 'private data',
  client: 'requests of clients and answers',
  other: 'other, HTTP/2’s own among it',
};

export interface PurposeSum {
  readonly purpose: Purpose;
  readonly bytes: number;
  readonly messages: number;
  readonly byPair: ReadonlyMap<PairKind, number>;
}

/** What all traffic was for, most bytes first; empty where nothing tells. */
export function purposesOf(analysis: Analysis): readonly PurposeSum[] {
  const kindOf = pairKinds(analysis);
  const sums = new Map<Purpose, { bytes: number; messages: number; byPair: Map<PairKind, number> }>();
  for (const { from, to, purpose, bytes, messages } of analysis.gossip.traffic ?? []) {
    const sum = sums.get(purpose) ?? { bytes: 0, messages: 0, byPair: new Map<PairKind, number>() };
    const kind = kindOf(from, to);
    sum.bytes += bytes;
    sum.messages += messages;
    sum.byPair.set(kind, (sum.byPair.get(kind) ?? 0) + bytes);
    sums.set(purpose, sum);
  }
  return [...sums]
    .map(([purpose, sum]) => ({ purpose, ...sum }))
    .filter((s) => s.bytes > 0 || s.messages > 0)
    .sort((a, b) => b.bytes - a.bytes || (a.purpose < b.purpose ? -1 : 1));
}

/** A part of a whole: `45 %`, `below 1 %`. */
export function shareText(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (100 * part) / whole;
  return percent > 0 && percent < 1 ? 'below 1 %' : `${Math.round(percent)} %`;
}

/** What the bytes on the wire were for, stacked by who sent them to whom. Null where no capture told. */
export function drawTrafficByPurpose(analysis: Analysis): Chart | null {
  const sums = purposesOf(analysis);
  const [most] = sums;
  if (most === undefined) return null;
  const whole = sums.reduce((sum, s) => sum + s.bytes, 0);
  const used = PAIR_KINDS.filter(({ kind }) => sums.some((s) => (s.byPair.get(kind) ?? 0) > 0));
  const kinds = used.length > 0 ? used : PAIR_KINDS.slice(-1);
  const bases = new Set((analysis.gossip.traffic ?? []).map((t) => t.basis));
  const title = 'Traffic by purpose';
  const caption = [
    'Application bytes as sent, without those of TLS, TCP and IP.',
    ...(bases.has('packets') ? ['What encrypted messages were for is concluded from their sizes, directions and times.'] : []),
  ];
  const labels = sums.map((s) => PURPOSE_WORDS[s.purpose]);
  return {
    name: 'traffic-by-purpose',
    title,
    summary: `Of ${formatBytes(whole)}: ${sums
      .slice(0, 4)
      .map((s) => `${PURPOSE_WORDS[s.purpose]} ${shareText(s.bytes, whole)}`)
      .join(', ')}.`,
    width: WIDTH,
    height: heightOfRows(sums.length),
    configuration: {
      type: 'bar',
      data: {
        labels,
        datasets: kinds.map(({ kind, colour }, index) => ({
          label: kind,
          data: sums.map((s, row) => {
            const counted = `${formatBytes(s.bytes)} (${shareText(s.bytes, whole)}), ${s.messages} ${s.messages === 1 ? 'message' : 'messages'}`;
            return {
              x: s.byPair.get(kind) ?? 0,
              y: labels[row] as string,
              detail: `in all ${counted}`,
              ...(index === kinds.length - 1 ? { note: counted, noteOutside: true } : {}),
            };
          }),
          backgroundColor: colour,
          barPercentage: 0.75,
          categoryPercentage: 1,
        })),
      },
      options: {
        ...frameOf(title, caption, 'top', ROOM_FOR_NOTES),
        indexAxis: 'y',
        scales: {
          x: axisOf('bytes', { type: 'linear', stacked: true, min: 0 }),
          y: axisOf('', { stacked: true }, { autoSkip: false }),
        },
      },
      hooks: { ticks: { x: { format: 'bytes' } }, tooltip: 'bytes', notes: true, marks: [] },
    },
  };
}
