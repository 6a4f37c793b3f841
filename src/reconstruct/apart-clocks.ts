import type { ReceivedTimes } from './deliveries.js';
import { obtain } from './network.js';

/** Peers get a block within less of one another, or else at a distance that changes from block to block. */
const LEAST_APART_MICROS = 500_000;
const FEWEST_SHARED = 8;
/** Of two peers so many blocks are compared, spread over all that both received. */
const MOST_COMPARED = 512;
const FEWEST_OTHERS = 2;

/**
 * The peers whose logs have each block received earlier or later than most other peers' logs by always about the same time, half a second or more: their host's clock is not
 * the others'. Blocks reach all peers of a channel within moments (gossip/gossip, maxPropagationBurstLatency), and a peer that lags does not lag evenly. Empty where
 * fewer than three peers' logs tell, or where there is no majority.
 */
export function clocksApartByLogs(received: ReceivedTimes): readonly string[] {
  const peers = [...new Set([...received.values()].flatMap((byPeer) => [...byPeer.keys()]))].sort();
  const counts = new Map(peers.map((peer) => [peer, { apart: 0, together: 0 }] as const));
  for (const [i, a] of peers.entries())
    for (const b of peers.slice(i + 1)) {
      const isApart = isConstantlyApart(differences(received, a, b));
      if (isApart === null) continue;
      for (const peer of [a, b]) obtain(counts, peer, () => ({ apart: 0, together: 0 }))[isApart ? 'apart' : 'together'] += 1;
    }
  const most = Math.max(0, ...[...counts.values()].map((c) => c.together));
  return [...counts].filter(([, c]) => c.apart >= FEWEST_OTHERS && c.apart > c.together && c.together < most).map(([peer]) => peer);
}

/** By how many microseconds `a` received blocks later than `b`, ascending. */
function differences(received: ReceivedTimes, a: string, b: string): readonly number[] {
  const found: number[] = [];
  for (const byPeer of received.values()) {
    const [ofA, ofB] = [byPeer.get(a), byPeer.get(b)];
    if (ofA === undefined || ofB === undefined) continue;
    const step = Math.ceil(ofA.size / MOST_COMPARED);
    for (const [number, at] of ofA) {
      const other = number % step === 0 ? ofB.get(number) : undefined;
      if (other !== undefined) found.push(at - other);
    }
  }
  return found.sort((x, y) => x - y);
}

/** Whether the middle half of the differences lies close together and far from none; null where there are too few. */
function isConstantlyApart(differences: readonly number[]): boolean | null {
  if (differences.length < FEWEST_SHARED) return null;
  const quantile = (share: number): number => differences[Math.floor(share * (differences.length - 1))] as number;
  const middle = Math.abs(quantile(0.5));
  return middle >= LEAST_APART_MICROS && quantile(0.75) - quantile(0.25) <= middle / 4;
}
