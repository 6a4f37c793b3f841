import type { Burst } from '../events/connection.js';
import type { Evidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import type { ConnectionFacts } from './connectivity.js';
import { obtain } from './network.js';
import { blockOfDelivered, deliveredBytes } from './wire-sizes.js';

/**
 * What orderers delivered, from encrypted records. A Deliver stream answers one seek with the channel's blocks in order (orderer/ab.proto; protos/orderer: stop is the largest
 * number), each written as soon as it is there, so that the n-th large message is the n-th block. Which number the first one has is told by the receiving peer's log, where
 * there is one: no block leaves its payload buffer before it has arrived. Where it has none, the streams number each other: the same blocks, of the same sizes, at the same times; and the logs of other peers of the channel do.
 */
export interface DeliveredBlock {
  readonly block: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly bytes: number;
  readonly evidence: readonly Evidence[];
  /** How sure it is that this message is this block. */
  readonly confidence: number;
  /** Whether the message held this block and nothing else, so that its length is the block's. */
  readonly isAlone: boolean;
}

export interface DeliverSeries {
  readonly orderer: string;
  readonly peer: string;
  /** Null where no log names it. */
  readonly channel: string | null;
  /** Which of the channels without a name it is of; streams of one channel have the same. */
  readonly group: number;
  readonly connection: ConnectionFacts;
  readonly blocks: readonly DeliveredBlock[];
}

/** When peers' logs have blocks leave their payload buffers: channel → peer → number → moment. */
export type ReceivedTimes = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, Instant>>>;

export interface Deliveries {
  readonly series: readonly DeliverSeries[];
  /** Channel, or for one without a name its group, → number → sizes of the block as its orderers sent it. Their signatures differ by a few bytes. */
  readonly sizes: ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;
}

/** A message smaller than this is no block. */
const SMALLEST_BLOCK_MESSAGE_BYTES = 1_000;
/** Log stamps are whole milliseconds, cut off. */
export const STAMP_MICROS = 1_000;
/** The first message of a stream follows the response's headers, which may share its record (RFC 9113 §8.1). */
export const MOST_HEADER_BYTES = 64;
/** Two orderers hand out the same block within this time when both are up and the reader waits for it. */
const SAME_MOMENT_MICROS = 1_500_000;
/** The signatures and certificate of one orderer are so many bytes longer than another's, at most. */
export const ORDERER_DIFFERENCE_BYTES = 48;
const FEWEST_AGREEING = 2;

export const keyOfChannel = (channel: string | null, group: number): string => channel ?? `#${group}`;

/** Reads all deliver streams. `streams` are connections from peers to orderers on which blocks were served. */
export function readDeliveries(streams: readonly ConnectionFacts[], received: ReceivedTimes): Deliveries {
  const pieces = streams
    .map((connection) => ({ connection, messages: connection.observed.bursts.fromServer.filter((b) => b.bytes >= SMALLEST_BLOCK_MESSAGE_BYTES) }))
    .filter((s) => s.messages.length > 0);
  const first = numberAll(pieces, received, new Map());
  // What streams in step with the orderer tell of the blocks' lengths helps to read those that catch up.
  const series = numberAll(pieces, received, sizesOf(first.filter(isInStep)));
  return { series, sizes: sizesOf(series) };
}

interface Pieces {
  readonly connection: ConnectionFacts;
  readonly messages: readonly Burst[];
}

type Sizes = ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;

function numberAll(pieces: readonly Pieces[], received: ReceivedTimes, sizes: Sizes): readonly DeliverSeries[] {
  const series: DeliverSeries[] = [];
  const rest: Pieces[] = [];
  for (const one of pieces) {
    const numbered = numberByLogs(one, (byPeer) => byPeer.get(one.connection.from), received, sizes);
    if (numbered === null) rest.push(one);
    else series.push(numbered);
  }
  // The longest first: it tells the others' numbers.
  for (const one of rest.sort((a, b) => b.messages.length - a.messages.length || (a.connection.from < b.connection.from ? -1 : 1)))
    series.push(numberByOthers(one, series) ?? numberByLogs(one, earliestOf, received, sizes, LEAST_LIKELY) ?? numberAfterOthers(one, series));
  return series.sort((a, b) => (a.blocks[0]?.firstAt ?? 0) - (b.blocks[0]?.firstAt ?? 0) || (a.peer < b.peer ? -1 : 1));
}

/** Whether a stream brought nearly each block by itself. */
function isInStep(series: DeliverSeries): boolean {
  return series.blocks.filter((b) => !b.isAlone).length * 4 < series.blocks.length;
}

/** A block's place among a stream's messages. */
interface Place {
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly isAlone: boolean;
}

function seriesOf(
  { connection, messages }: Pieces,
  channel: string | null,
  group: number,
  places: readonly Place[],
  confidence: number,
): DeliverSeries {
  const blocks = places.map(({ number, from, to, isAlone }): DeliveredBlock => {
    const [begin, end] = [messages[from] as Burst, messages[to] as Burst];
    let bytes = 0;
    for (let i = from; i <= to; i++) bytes += (messages[i] as Burst).bytes;
    return {
      block: number,
      firstAt: begin.firstAt,
      lastAt: end.lastAt,
      bytes,
      evidence: evidenceOf(connection.observed.source, begin, end),
      confidence,
      isAlone,
    };
  });
  return { orderer: connection.to, peer: connection.from, channel, group, connection, blocks };
}

/**
 * Finds the channel and the numbers of a stream's messages from when logs have the blocks received, its peer's own or others': none before it was delivered, each soon after.
 * Of all ways to lay the channel's blocks over the messages, one a message, several in one write, one in several writes, the most probable is taken (a shortest path).
 */
function numberByLogs(
  pieces: Pieces,
  timesOf: (byPeer: ReadonlyMap<string, ReadonlyMap<number, Instant>>) => ReadonlyMap<number, Instant> | undefined,
  received: ReceivedTimes,
  sizes: Sizes,
  { mostCost, confidence } = OWN_LOG,
): DeliverSeries | null {
  let best: { readonly path: Path; readonly channel: string } | null = null;
  for (const [channel, byPeer] of [...received].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const times = timesOf(byPeer);
    if (times === undefined || times.size === 0) continue;
    const path = bestPath(pieces.messages, times, sizes.get(channel));
    if (path !== null && path.cost <= mostCost && (best === null || path.cost < best.path.cost))
      best = { path: caughtUp(pieces.messages, times, sizes.get(channel), path) ?? path, channel };
  }
  return best === null ? null : seriesOf(pieces, best.channel, 0, best.path.places, confidence);
}

/** When the first of the peers whose logs were read received each block: of a peer without a log, about when it was delivered to it. */
function earliestOf(byPeer: ReadonlyMap<string, ReadonlyMap<number, Instant>>): ReadonlyMap<number, Instant> {
  const earliest = new Map<number, Instant>();
  for (const times of byPeer.values())
    for (const [number, at] of times) {
      const known = earliest.get(number);
      if (known === undefined || at < known) earliest.set(number, at);
    }
  return earliest;
}

const OWN_LOG = { mostCost: Number.POSITIVE_INFINITY, confidence: 0.99 };
/** Where a stream's peer has no log, others' must fit this well, in microseconds of delay a message: else the stream is of another channel. */
const LEAST_LIKELY = { mostCost: 100_000, confidence: 0.97 };

interface Path {
  readonly places: readonly Place[];
  /** Per message, in microseconds of delay. */
  readonly cost: number;
}

/** A way to have laid blocks up to `number` over the messages so far. */
interface Step {
  readonly number: number;
  readonly cost: number;
  readonly before: Step | null;
  /** Blocks that the message holds wholly or in its part; 0 when it goes on with the one before. */
  readonly blocks: number;
}

/** How many steps after the earliest possible number are looked at: the blocks that may wait in the buffer, and a stream that catches up. */
const MOST_WAITING = 48;
/** In microseconds of delay: as improbable as. */
const SHARED_COST = 60_000;
const SPLIT_COST = 40_000;
const LOST_COST = 400_000;
const MISFIT_COST = 500_000;
const MOST_DELAY_COST = 3_000_000;
/** A write that filled gRPC's buffer may be followed by another of the same message; within this time. */
const SPLIT_BYTES = 16_384;
const SPLIT_MICROS = 500_000;

function bestPath(
  messages: readonly Burst[],
  times: ReadonlyMap<number, Instant>,
  sizes: ReadonlyMap<number, readonly number[]> | undefined,
): Path | null {
  const numbers = [...times.keys()].sort((a, b) => a - b);
  // Blocks leave the buffer in order: the moments ascend but for what a restart repeats.
  const latest = [...numbers];
  let steps: Step[] = [];
  let due = 0;
  const lengths = lengthsOf(sizes);
  const highest = numbers.at(-1) as number;
  for (const [i, message] of messages.entries()) {
    while (due < latest.length && (times.get(latest[due] as number) as Instant) + STAMP_MICROS < message.firstAt) due += 1;
    const lowest = latest[due] ?? (latest.at(-1) as number) + 1;
    const before = messages[i - 1];
    const mayGoOn = before !== undefined && before.bytes >= SPLIT_BYTES && message.firstAt - before.lastAt < SPLIT_MICROS;
    const next = new Map<number, Step>();
    const offer = (step: Step): void => {
      const known = next.get(step.number);
      if (known === undefined || step.cost < known.cost) next.set(step.number, step);
    };
    if (i === 0) {
      steps = [];
      for (let n = Math.max(0, lowest - 1); n <= lowest + MOST_WAITING; n++) steps.push({ number: n - 1, cost: 0, before: null, blocks: 0 });
    }
    for (const step of steps) {
      if (mayGoOn) offer({ number: step.number, cost: step.cost + SPLIT_COST, before: step, blocks: 0 });
      const fitting = lengths === null ? 1 : lengths.count(step.number + 1, message.bytes);
      const tried = new Set([1, 2, 3, fitting, Math.max(1, lowest - step.number)]);
      for (const blocks of tried) {
        const number = step.number + blocks;
        let cost = step.cost + misfit(step.number + 1, blocks, message, lengths) + (blocks > 1 ? SHARED_COST * Math.min(blocks - 1, 5) : 0);
        for (let n = step.number + 1; n <= number; n++) {
          const delay = delayCost(n, message, times, highest);
          // Received before this message came: it must have come with one that the capture lost, or with the one before.
          cost += delay < 0 ? LOST_COST : delay / blocks;
        }
        if (number <= lowest + MOST_WAITING || fitting > 1) offer({ number, cost, before: step, blocks });
      }
    }
    steps = [...next.values()].sort((a, b) => a.cost - b.cost || a.number - b.number).slice(0, MOST_WAITING);
    if (steps.length === 0) return null;
  }
  const [best] = steps;
  if (best === undefined) return null;
  return { places: placesOf(best, messages, lengths), cost: best.cost / messages.length };
}

/** Within a stream that catches up the orderer writes without a pause. */
const PAUSE_MICROS = 30_000;

/**
 * Reads a stream that begins with blocks written end to end, in writes that end anywhere: where their lengths are known from other streams and fit up to the first pause, they
 * are laid out so. Null when the path fits as well.
 */
function caughtUp(
  messages: readonly Burst[],
  times: ReadonlyMap<number, Instant>,
  sizes: ReadonlyMap<number, readonly number[]> | undefined,
  path: Path,
): Path | null {
  const lengths = lengthsOf(sizes);
  let end = 0;
  while (end + 1 < messages.length && (messages[end + 1] as Burst).firstAt - (messages[end] as Burst).lastAt < PAUSE_MICROS) end += 1;
  if (lengths === null || end === 0) return null;
  const [head, ...rest] = [messages.slice(0, end + 1), messages.slice(end + 1)] as const;
  const total = head.reduce((sum, m) => sum + m.bytes, 0);
  const begin = (head[0] as Burst).firstAt;
  const due = [...times].filter(([, at]) => at + STAMP_MICROS >= begin).map(([n]) => n);
  if (due.length === 0) return null;
  const lowest = due.reduce((a, b) => Math.min(a, b));
  for (let first = lowest; first <= lowest + MOST_WAITING; first++) {
    const blocks = lengths.count(first, total);
    const sum = lengths.sum(first, blocks);
    if (blocks < 2 || sum === null || !isAsLong(total, sum, blocks)) continue;
    const places: Place[] = [];
    let upTo = 0;
    let at = 0;
    let passed = (head[0] as Burst).bytes;
    for (let n = first; n < first + blocks; n++) {
      const from = at;
      upTo += lengths.sum(n, 1) ?? 0;
      while (passed + ORDERER_DIFFERENCE_BYTES < upTo && at < end) passed += (head[++at] as Burst).bytes;
      places.push({ number: n, from, to: at, isAlone: false });
    }
    const [later] = rest;
    const following =
      later === undefined || later.length === 0 ? null : bestPath(later, new Map([...times].filter(([n]) => n >= first + blocks)), sizes);
    const shifted = (following?.places ?? []).map((p) => ({ ...p, from: p.from + end + 1, to: p.to + end + 1 }));
    return { places: [...places, ...shifted], cost: path.cost };
  }
  return null;
}

/**
 * Microseconds from a message's first byte until the log has the block received; -1 when that was before. Where the log does not tell, little; but a block above the log's
 * `highest` left the buffer after that one.
 */
function delayCost(number: number, message: Burst, times: ReadonlyMap<number, Instant>, highest: number): number {
  const at = times.get(number);
  if (at === undefined) {
    const least = number > highest ? (times.get(highest) as Instant) - message.firstAt : 0;
    return Math.min(Math.max(least, MOST_DELAY_COST / 10), MOST_DELAY_COST);
  }
  const delay = at + STAMP_MICROS - message.firstAt;
  return delay < 0 ? -1 : Math.min(delay, MOST_DELAY_COST);
}

interface Lengths {
  /** How long `blocks` blocks from `number` on are as delivered; null where one is not known. */
  sum(number: number, blocks: number): number | null;
  /** How many blocks from `number` on take about `bytes`. */
  count(number: number, bytes: number): number;
}

function lengthsOf(sizes: ReadonlyMap<number, readonly number[]> | undefined): Lengths | null {
  if (sizes === undefined || sizes.size === 0) return null;
  const of = (number: number): number | null => {
    const bytes = sizes.get(number)?.[0];
    return bytes === undefined ? null : deliveredBytes(bytes);
  };
  return {
    sum(number, blocks) {
      let sum = 0;
      for (let n = number; n < number + blocks; n++) {
        const bytes = of(n);
        if (bytes === null) return null;
        sum += bytes;
      }
      return sum;
    },
    count(number, bytes) {
      let sum = 0;
      let blocks = 0;
      for (let n = number; sum + ORDERER_DIFFERENCE_BYTES < bytes && blocks < MOST_IN_A_WRITE; n++) {
        const one = of(n);
        if (one === null || sum + one > bytes + ORDERER_DIFFERENCE_BYTES * (blocks + 1)) break;
        sum += one;
        blocks += 1;
      }
      return Math.max(1, blocks);
    },
  };
}

/** A peer that catches up is sent so many blocks in one go, or in several that are counted each. */
const MOST_IN_A_WRITE = 2000;

function misfit(number: number, blocks: number, message: Burst, lengths: Lengths | null): number {
  const sum = lengths?.sum(number, blocks) ?? null;
  if (sum === null) return 0;
  return isAsLong(message.bytes, sum, blocks) ? 0 : MISFIT_COST;
}

/** Whether `bytes` are these blocks: but for headers, other orderers' signatures, and a frame header wherever a window ended. */
function isAsLong(bytes: number, delivered: number, blocks: number): boolean {
  const more = bytes - delivered;
  return more >= -ORDERER_DIFFERENCE_BYTES * blocks && more <= MOST_HEADER_BYTES + ORDERER_DIFFERENCE_BYTES * blocks + windowBytes(bytes);
}

/** What the frame headers at the ends of flow-control windows may add to a message of `bytes`. */
export function windowBytes(bytes: number): number {
  return bytes < WINDOW_BYTES ? 0 : 9 * Math.ceil(bytes / 8_192);
}

/** A stream's first window is 65 535 bytes (RFC 9113 §6.9.2). */
const WINDOW_BYTES = 60_000;

function placesOf(last: Step, messages: readonly Burst[], lengths: Lengths | null): readonly Place[] {
  const steps: Step[] = [];
  for (let step: Step | null = last; step !== null && step.before !== null; step = step.before) steps.push(step);
  steps.reverse();
  const places: Place[] = [];
  for (const [i, step] of steps.entries()) {
    if (step.blocks === 0) {
      const before = places.pop();
      if (before !== undefined) places.push({ ...before, to: i });
      continue;
    }
    for (let n = step.number - step.blocks + 1; n <= step.number; n++) {
      const bytes = (messages[i] as Burst).bytes;
      const sum = lengths?.sum(n, 1) ?? null;
      const isAlone = step.blocks === 1 && (sum === null || isAsLong(bytes, sum, 1) || places.at(-1)?.number !== n - 1);
      places.push({ number: n, from: i, to: i, isAlone });
    }
  }
  return places;
}

/** Numbers a stream whose peer has no log by those that delivered the same blocks, of about the same length, at the same time; null where none did. */
function numberByOthers(pieces: Pieces, others: readonly DeliverSeries[]): DeliverSeries | null {
  const { messages } = pieces;
  const masters = new Map<string, { readonly channel: string | null; readonly group: number; readonly blocks: Map<number, DeliveredBlock> }>();
  for (const s of others) {
    const master = obtain(masters, keyOfChannel(s.channel, s.group), () => ({
      channel: s.channel,
      group: s.group,
      blocks: new Map<number, DeliveredBlock>(),
    }));
    for (const b of s.blocks) if (b.isAlone && !master.blocks.has(b.block)) master.blocks.set(b.block, b);
  }
  let best: { readonly channel: string | null; readonly group: number; readonly places: readonly Place[]; readonly agreeing: number } | null = null;
  for (const { channel, group, blocks } of masters.values()) {
    const { places, agreeing } = alignToOthers(
      messages,
      [...blocks.values()].sort((a, b) => a.block - b.block),
    );
    if (agreeing >= Math.min(FEWEST_AGREEING, messages.length) && agreeing * 3 >= messages.length && (best === null || agreeing > best.agreeing))
      best = { channel, group, places, agreeing };
  }
  return best === null ? null : seriesOf(pieces, best.channel, best.group, best.places, 0.95);
}

/** Numbers a stream that nothing numbers: it goes on where an earlier one stopped, by the same peer or to take its place; the first of a channel counts from 1. */
function numberAfterOthers(pieces: Pieces, others: readonly DeliverSeries[]): DeliverSeries {
  const { messages } = pieces;
  const begin = (messages[0] as Burst).firstAt;
  // Whose place it takes has closed its stream; one that is still open only had nothing to bring for a while.
  const isClosed = (s: DeliverSeries): boolean => s.connection.observed.closedAt !== null && s.connection.observed.closedAt <= begin;
  const ended = others
    .filter((s) => s.channel === null && (s.blocks.at(-1)?.lastAt ?? 0) < begin)
    .sort(
      (a, b) =>
        Number(isClosed(b)) - Number(isClosed(a)) ||
        Number(b.peer === pieces.connection.from) - Number(a.peer === pieces.connection.from) ||
        (b.blocks.at(-1)?.lastAt ?? 0) - (a.blocks.at(-1)?.lastAt ?? 0),
    )[0];
  const first = ended === undefined ? 1 : (ended.blocks.at(-1)?.block ?? 0) + 1;
  const group = ended?.group ?? Math.max(0, ...others.map((s) => s.group)) + 1;
  return seriesOf(pieces, null, group, oneByOne(messages, first), 0.8);
}

/** One block a message, but for what goes on a message that filled gRPC's buffer. */
function oneByOne(messages: readonly Burst[], first: number): readonly Place[] {
  const places: Place[] = [];
  for (const [i, message] of messages.entries()) {
    const before = messages[i - 1];
    const last = places.at(-1);
    if (before !== undefined && last !== undefined && before.bytes >= WRITE_BUFFER_BYTES && message.firstAt - before.lastAt < CONTINUED_MICROS)
      places.push({ ...(places.pop() as Place), to: i });
    else places.push({ number: first + places.length, from: i, to: i, isAlone: true });
  }
  return places;
}

const CONTINUED_MICROS = 40_000;

/** Finds each message among the blocks that others were delivered, going forward in both; a message between two found ones takes the numbers between. */
function alignToOthers(
  messages: readonly Burst[],
  blocks: readonly DeliveredBlock[],
): { readonly places: readonly Place[]; readonly agreeing: number } {
  const found: (number | null)[] = [];
  let from = 0;
  for (const message of messages) {
    while (from < blocks.length && (blocks[from] as DeliveredBlock).lastAt < message.firstAt - SAME_MOMENT_MICROS) from += 1;
    let best: { readonly at: number; readonly difference: number } | null = null;
    for (let at = from; at < blocks.length && (blocks[at] as DeliveredBlock).firstAt <= message.lastAt + SAME_MOMENT_MICROS; at++) {
      const block = blocks[at] as DeliveredBlock;
      const length = Math.abs(block.bytes - message.bytes);
      if (length > ORDERER_DIFFERENCE_BYTES + windowBytes(message.bytes)) continue;
      const difference = length * 1000 + Math.abs(block.lastAt - message.lastAt);
      if (best === null || difference < best.difference) best = { at, difference };
    }
    found.push(best === null ? null : best.at);
    if (best !== null) from = best.at + 1;
  }
  const agreeing = found.filter((f) => f !== null).length;
  const places: Place[] = [];
  for (const [i, at] of found.entries()) {
    if (at !== null) {
      places.push({ number: (blocks[at] as DeliveredBlock).block, from: i, to: i, isAlone: true });
      continue;
    }
    const last = places.at(-1);
    const following = found.slice(i + 1).findIndex((f) => f !== null);
    const nextNumber = following < 0 ? null : (blocks[found[i + 1 + following] as number] as DeliveredBlock).block;
    const number = last !== undefined ? last.number + 1 : nextNumber === null ? null : nextNumber - (following + 1);
    if (number !== null && number > 0 && (nextNumber === null || number < nextNumber)) places.push({ number, from: i, to: i, isAlone: true });
  }
  return { places, agreeing };
}

/** grpc-go writes a stream's frames to the socket in pieces of about this much (defaultWriteBufSize). */
const WRITE_BUFFER_BYTES = 32_768;

function evidenceOf(source: string, first: Burst, last: Burst): readonly Evidence[] {
  return [...new Set([first.firstFrame, last.lastFrame])].sort((a, b) => a - b).map((frame) => ({ source, frame }));
}

function sizesOf(series: readonly DeliverSeries[]): ReadonlyMap<string, ReadonlyMap<number, readonly number[]>> {
  const sizes = new Map<string, Map<number, number[]>>();
  for (const one of series) {
    const channel = obtain(sizes, keyOfChannel(one.channel, one.group), () => new Map<number, number[]>());
    for (const b of one.blocks) {
      const size = b.isAlone ? (blockOfDelivered(b.bytes) ?? blockOfDelivered(b.bytes - 1)) : null;
      const known = obtain(channel, b.block, () => []);
      if (size !== null && !known.includes(size)) known.push(size);
    }
  }
  return sizes;
}
