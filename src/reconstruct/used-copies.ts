import type { Instant } from '../events/instant.js';
import { keyOfChannel, STAMP_MICROS } from './deliveries.js';
import { obtain } from './network.js';
import type { WireTransfer } from './wire-facts.js';

/**
 * Which of the copies of a block that reached a peer it used: the first that it handled. What was captured first is not always handled first, since every connection has a
 * reader of its own. Three of Fabric's rules narrow the choice (gossip/gossip/gossip_impl.go, removeSelfLoop and IsNotSameFilter; gossip/gossip/channel/channel.go, HandleMessage):
 * a peer passes a block on after it has handled the first copy; it never passes it to the one it has it from; and a block leaves the buffer after it came.
 */
export interface UsedCopy {
  readonly transfer: WireTransfer;
  /** Probability that the peer has the block from this sender. */
  readonly confidence: number;
}

/** How far apart two arrivals must be for the readers' delays to matter little: on a host whose processors are all busy they are tens of milliseconds. */
const READER_DELAY_MICROS = 20_000;
/** Clocks of one host agree within less. */
const CLOCK_SLACK_MICROS = 5_000;
const HELD_UP_MICROS = 500_000;
/** Shares that were right of what contradicts a peer's log or deeds, over networks with DEBUG truth and captures with lost packets. */
const UNLIKE_LOG = 0.1;
const UNLIKE_LOG_LATE = 0.7;
const UNLIKE_PASSING = 0.8;
const ONLY_TARGETS = 0.6;

export const copyKey = (channel: string | null, group: number, block: number, peer: string): string =>
  `${keyOfChannel(channel, group)}\n${block}\n${peer}`;

/** Of the transfers of each block to each peer the one that was there first. */
export function firstCopies(transfers: readonly WireTransfer[]): ReadonlySet<WireTransfer> {
  const first = new Map<string, WireTransfer>();
  for (const t of transfers) {
    const key = copyKey(t.channel, t.group, t.block, t.to);
    const known = first.get(key);
    if (known === undefined || t.lastAt < known.lastAt) first.set(key, t);
  }
  return new Set(first.values());
}

/** The used copy of each block at each peer, by {@link copyKey}. `receivedAt` is when the peer's log has the block leave its buffer. */
export function usedCopies(
  transfers: readonly WireTransfer[],
  receivedAt: (transfer: WireTransfer) => Instant | null,
): ReadonlyMap<string, UsedCopy> {
  const arrivals = new Map<string, WireTransfer[]>();
  const departures = new Map<string, WireTransfer[]>();
  for (const t of transfers) {
    obtain(arrivals, copyKey(t.channel, t.group, t.block, t.to), () => []).push(t);
    if (t.kind === 'push') obtain(departures, copyKey(t.channel, t.group, t.block, t.from), () => []).push(t);
  }
  const used = new Map<string, UsedCopy>();
  for (const [key, copies] of arrivals) {
    const one = usedOf(copies, departures.get(key) ?? [], receivedAt(copies[0] as WireTransfer));
    if (one !== null) used.set(key, one);
  }
  return used;
}

function usedOf(copies: readonly WireTransfer[], passedOn: readonly WireTransfer[], receivedAt: Instant | null): UsedCopy | null {
  const firstPassed = Math.min(...passedOn.map((t) => t.firstAt));
  const targets = new Set(passedOn.filter((t) => t.confidence >= 0.5).map((t) => t.to));
  const came = copies.filter((t) => t.lastAt <= (receivedAt ?? Number.POSITIVE_INFINITY) + STAMP_MICROS && t.lastAt <= firstPassed);
  const possible = came.length > 0 ? came : copies;
  // One that it passed the block on to cannot be the one it has it from; but what an orderer delivers to it, it pushes to anybody.
  const pulls = copies.some((t) => t.kind === 'deliver');
  const others = pulls ? possible : possible.filter((t) => !targets.has(t.from));
  const order = (others.length > 0 ? others : possible).toSorted((a, b) => a.lastAt - b.lastAt || (a.from < b.from ? -1 : 1));
  const [first, ...later] = order;
  if (first === undefined) return null;
  // A connection read late loses against one captured later; the longer the lead the less often.
  let doubt = 0;
  for (const t of later) if (t.from !== first.from) doubt += 0.5 * Math.exp(-(t.lastAt - first.lastAt) / READER_DELAY_MICROS) * t.confidence;
  const share = 1 / (1 + doubt * (doubt < 1 ? 1 : 1.5));
  const hasOther = others.length > 0 || targets.size === 0;
  return { transfer: first, confidence: round(first.confidence * share * trustIn(first, receivedAt, came.length > 0, hasOther)) };
}

/** How far the peer's own deeds bear out that it used `first`. */
function trustIn(first: WireTransfer, receivedAt: Instant | null, didComeBefore: boolean, hasOther: boolean): number {
  // Of several blocks in one write each came somewhere between its ends: what had not begun by then is too late for sure.
  const micros = receivedAt === null ? 0 : first.firstAt - receivedAt;
  // The peer had the block already: the copy it used is one that the capture lost. Captured long after, it may be a copy whose packets came again or out of order.
  if (!didComeBefore && micros > CLOCK_SLACK_MICROS) return hasOther && micros > HELD_UP_MICROS ? UNLIKE_LOG_LATE : UNLIKE_LOG;
  if (!hasOther) return ONLY_TARGETS;
  return didComeBefore ? 1 : UNLIKE_PASSING;
}

const round = (confidence: number): number => Math.round(confidence * 1000) / 1000;
