import type { Burst } from '../events/connection.js';
import type { Evidence } from '../events/evidence.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import type { ConnectionFacts } from './connectivity.js';
import {
  type DeliveredBlock,
  type Deliveries,
  keyOfChannel,
  MOST_HEADER_BYTES,
  ORDERER_DIFFERENCE_BYTES,
  type ReceivedTimes,
  STAMP_MICROS,
  windowBytes,
} from './deliveries.js';
import { groupsOf } from './groups.js';
import { itemsWithin } from './moments.js';
import { obtain } from './network.js';
import type { TransferKind, WireTransfer } from './wire-facts.js';
import {
  blockOfPushed,
  deliveredBytes,
  pulledBytes,
  pulledItemBytes,
  pushedBytes,
  type SizedBlock,
  type SizeRange,
  statePayloadBytes,
  stateResponseBytes,
} from './wire-sizes.js';

/**
 * Which block went from which peer to which, by the sizes, directions and times of encrypted messages alone. What Fabric's gossip does makes it nearly certain
 * (gossip/gossip/gossip_impl.go, gossip/gossip/channel/channel.go):
 * a block is as long everywhere, so that its push is a known number of bytes longer than its delivery; a peer can send only what it has; it pushes a block once, within
 * milliseconds of getting it (maxPropagationBurstLatency), to another once; later it answers pulls and state requests, whose messages are longer by known amounts.
 * Messages are explained in the order of their first bytes, so that what a peer has is known when it sends.
 */
export interface CiphertextTransfers {
  readonly transfers: readonly WireTransfer[];
  /** Messages between peers as large as a block's that no block explains. */
  readonly unexplained: number;
  /** Whether two peers are of one organization, as told or as their pushes show; null where neither tells. */
  readonly areMates: (a: string, b: string) => boolean | null;
  /** Length of the name of each channel, by its key, as known or as the sizes tell. */
  readonly channelBytes: ReadonlyMap<string, number>;
}

/** One large message between two peers. */
interface Message extends Burst {
  readonly from: string;
  readonly to: string;
  readonly source: string;
  /** The next one of the same direction of the same connection. */
  readonly next: Message | null;
}

/** A block in a channel, with the lengths of its copies. */
interface Candidate {
  readonly key: string;
  readonly number: number;
  readonly at: Instant;
}

interface Explanation {
  readonly blocks: readonly { readonly key: string; readonly number: number; readonly bytes: number }[];
  readonly kind: TransferKind;
  readonly confidence: number;
  /** The last of several messages that it takes. */
  readonly until?: Message;
}

/** So much older than its arrival a block is not pushed any more unless the machine is starved. */
const PROMPT_MICROS = 2_000_000;
/** So many of the blocks that a peer got last are looked at. */
const RECENT_BLOCKS = 128;
/** Signatures make the same message a few bytes longer or shorter. */
const RECURRING_STEP_BYTES = 8;
const FEWEST_RECURRING = 24;
/** A push follows the block's arrival within this time on a machine that is not starved (maxPropagationBurstLatency 10 ms). */
const SWIFT_MICROS = 150_000;
/** So many waiting blocks may share one write. */
const MOST_IN_ONE_WRITE = 6;
/** Other messages in the same write: at most so many bytes of them. */
const MOST_COMPANY_BYTES = 1_500;
/** WINDOW_UPDATE 13, PING 17 (RFC 9113 §6.7, §6.9) and what they make together. */
const MOST_CONTROL_BYTES = 60;
const CONTROL_BYTES: ReadonlySet<number> = new Set([13, 17, 26, 30, 34, 43, 47, 60]);
/** A pull brings at most what a neighbour stores (maxBlockCountToStore), a state transfer a batch (state.batchSize 10, ends included). */
const MOST_IN_ONE_ANSWER = 110;
const MOST_IN_STATE_ANSWER = 64;
/** state.batchSize is 10, both ends included; what seems larger may as well be a pull of blocks that are not in order. */
const STATE_BATCH = 12;
const ROUND_MICROS = 5_000_000;
/** What committing adds to a block, without a flag for each transaction, of which the smallest takes so much. */
const COMMITTED_BYTES = 44;
const LEAST_TRANSACTION_BYTES = 400;
/** A copy that another orderer signed: a DER signature is a byte or two longer or shorter, and a block's metadata has two (common/configtx; orderer/common/multichannel/blockwriter.go). */
const DIFFERENT_SIGNATURES_BYTES = 6;
const LEAST_FRAME_BYTES = 9;
const MOST_STARTS = 120;
/** Of so many lacking blocks every choice is tried. */
const MOST_SHARED_OUT = 10;
/** A message whose sender waits for the window, or for a processor, comes in several writes; so long at least all but the last, so soon after one another. */
const LEAST_PART_BYTES = 8_192;
const PART_MICROS = 1_000_000;
const MOST_PARTS = 200;
/** Writes of a sender that has more to send follow one another within this time. */
const CROWDED_MICROS = 10_000;
/** Channel names have at most 249 characters (common/channelconfig). */
const MOST_CHANNEL_BYTES = 249;
const LEARNED_FROM = 400;

const EXACT = 0.998;
const EXACT_LATE = 0.95;
const EXACT_AMBIGUOUS = 0.9;
const WITH_CONTROL = 0.97;
const WITH_COMPANY = 0.9;
const SUM = 0.97;
const ANSWER = 0.95;
const ANSWER_WITHOUT_LOG = 0.7;
/** Too little to name a sender: what else is as long is not known. */
const UNCERTAIN_ANSWER = 0.4;
const UNSEEN_ARRIVAL = 0.85;
/** What is less sure is not built upon. */
const LEAST_HELD = 0.6;
const REPEATED = 0.85;

/** Explains the messages between peers. `connections` are those between peers; plaintext ones are left to those who can read them. */
export function readCiphertextTransfers(
  connections: readonly ConnectionFacts[],
  deliveries: Deliveries,
  received: ReceivedTimes,
  isPeer: (name: string) => boolean,
  organizationOf: (name: string) => string | null,
): CiphertextTransfers {
  const messages = messagesOf(connections, isPeer);
  const sentBy = promptMessagesOf(messages);
  const channelBytes = channelLengths(deliveries, sentBy);
  const sizes = refinedSizes(deliveries, sentBy, channelBytes);
  const parts = { deliveries, received, sizes, channelBytes };
  const told = (a: string, b: string): boolean | null => {
    const [x, y] = [organizationOf(a), organizationOf(b)];
    return x === null || y === null ? null : x === y;
  };
  const first = new Matcher({ ...parts, areMates: told }).explain(messages);
  if (messages.every((m) => organizationOf(m.from) !== null && organizationOf(m.to) !== null)) return first;
  const seen = matesByPushes(first.transfers);
  if (seen === null) return first;
  return new Matcher({ ...parts, areMates: (a, b) => told(a, b) ?? seen(a, b) }).explain(messages);
}

/** So many unmistakable pushes make two peers members of one organization: blocks are pushed inside organizations alone. */
const FEWEST_PUSHES = 3;

/** Which peers push blocks to one another, directly or through others; null for those that nothing tells of. */
function matesByPushes(transfers: readonly WireTransfer[]): ((a: string, b: string) => boolean | null) | null {
  const counts = new Map<string, Map<string, number>>();
  for (const t of transfers) {
    if (t.kind !== 'push' || t.confidence < EXACT) continue;
    const [a, b] = [t.from, t.to].sort() as [string, string];
    const others = obtain(counts, a, () => new Map<string, number>());
    others.set(b, (others.get(b) ?? 0) + 1);
  }
  const pairs = [...counts].flatMap(([a, others]) => [...others].flatMap(([b, count]) => (count < FEWEST_PUSHES ? [] : [[a, b] as const])));
  const members = new Set(pairs.flat());
  if (members.size === 0) return null;
  const groupOf = groupsOf(pairs);
  return (a, b) => (members.has(a) && members.has(b) ? groupOf(a) === groupOf(b) : null);
}

function messagesOf(connections: readonly ConnectionFacts[], isPeer: (name: string) => boolean): readonly Message[] {
  const messages: Message[] = [];
  for (const { from, to, observed } of connections) {
    if (observed.protocol !== 'tls' || !isPeer(from) || !isPeer(to) || from === to) continue;
    const add = (bursts: readonly Burst[], sender: string, receiver: string): void => {
      let next: Message | null = null;
      for (const burst of bursts.toReversed()) {
        next = { ...burst, from: sender, to: receiver, source: observed.source, next };
        messages.push(next);
      }
    };
    add(observed.bursts.fromClient, from, to);
    add(observed.bursts.fromServer, to, from);
  }
  return messages.sort((a, b) => a.firstAt - b.firstAt || a.lastAt - b.lastAt || (a.from + a.to < b.from + b.to ? -1 : 1));
}

/** What a peer sent right after a moment, when it may have been passing on what it just got. */
type SentBy = (peer: string, from: Instant) => readonly Message[];

function promptMessagesOf(messages: readonly Message[]): SentBy {
  const senders = new Map<string, Message[]>();
  for (const m of messages) obtain(senders, m.from, () => []).push(m);
  return (peer, from) => itemsWithin(senders.get(peer) ?? [], (m) => m.firstAt, from, PROMPT_MICROS);
}

/** The length of each channel's name; of a channel without a name the one by which most deliveries and the pushes right after them fit. */
function channelLengths(deliveries: Deliveries, sentBy: SentBy): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>();
  for (const series of deliveries.series) {
    const key = keyOfChannel(series.channel, series.group);
    if (series.channel !== null) lengths.set(key, Buffer.byteLength(series.channel));
  }
  const votes = new Map<string, Map<number, number>>();
  for (const series of deliveries.series) {
    if (series.channel !== null) continue;
    const key = keyOfChannel(null, series.group);
    const counts = obtain(votes, key, () => new Map<number, number>());
    for (const block of series.blocks.slice(0, LEARNED_FROM)) {
      const bytes = deliveries.sizes.get(key)?.get(block.block)?.[0];
      if (bytes === undefined || !block.isAlone) continue;
      const shortest = pushedBytes(bytes, block.block, 1);
      for (const m of sentBy(series.peer, block.lastAt)) {
        const length = 1 + m.bytes - shortest;
        if (length >= 1 && length <= MOST_CHANNEL_BYTES) counts.set(length, (counts.get(length) ?? 0) + 1);
      }
    }
  }
  for (const [key, counts] of votes) {
    const [best] = [...counts].sort(([a, n], [b, m]) => m - n || a - b);
    if (best !== undefined) lengths.set(key, best[0]);
  }
  return lengths;
}

type Sizes = ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;

/**
 * The first message of a stream shares its record with the response's headers, any message may with a frame of HTTP/2's own: then the block seems longer than it is. The pushes
 * of the peer that it was delivered to tell its true length.
 */
function refinedSizes(deliveries: Deliveries, sentBy: SentBy, channelBytes: ReadonlyMap<string, number>): Sizes {
  const sizes = new Map<string, Map<number, number[]>>();
  for (const [key, blocks] of deliveries.sizes) sizes.set(key, new Map([...blocks].map(([n, lengths]) => [n, [...lengths]])));
  for (const series of deliveries.series) {
    const key = keyOfChannel(series.channel, series.group);
    const known = sizes.get(key);
    const length = channelBytes.get(key);
    if (known === undefined || length === undefined) continue;
    const sentAfter = (at: Instant): readonly number[] => sentBy(series.peer, at).map((m) => m.bytes);
    for (const { block, lastAt, isAlone } of series.blocks) if (isAlone) shortenByPushes(known, block, sentAfter(lastAt), length);
    shareOut(series.blocks, known, sentAfter, length);
  }
  return sizes;
}

/** Adds a block's true length when only a slightly shorter one explains what its receiver pushed. */
function shortenByPushes(known: Map<number, number[]>, block: number, sent: readonly number[], channelBytes: number): void {
  const lengths = known.get(block);
  if (lengths === undefined) return;
  const pushes = lengths.map((bytes) => pushedBytes(bytes, block, channelBytes));
  if (sent.some((bytes) => pushes.includes(bytes))) return;
  const counts = new Map<number, number>();
  for (const bytes of sent) if (pushes.some((l) => l - bytes > 0 && l - bytes <= MOST_HEADER_BYTES)) counts.set(bytes, (counts.get(bytes) ?? 0) + 1);
  const [best] = [...counts].sort(([a, n], [b, m]) => m - n || b - a);
  const bytes = best === undefined ? null : blockOfPushed(best[0], block, channelBytes);
  if (bytes !== null) lengths.push(bytes);
}

/** Two blocks delivered in one write whose lengths no stream tells: of what the receiver then pushed the two that make up the write. */
function shareOut(
  blocks: readonly DeliveredBlock[],
  known: Map<number, number[]>,
  sentAfter: (at: Instant) => readonly number[],
  channelBytes: number,
): void {
  for (const [i, one] of blocks.entries()) {
    const other = blocks[i + 1];
    if (one.isAlone || other === undefined || other.isAlone || other.firstAt !== one.firstAt || other.block !== one.block + 1) continue;
    if (blocks[i - 1]?.firstAt === one.firstAt || blocks[i + 2]?.firstAt === one.firstAt) continue;
    const [first, second] = [obtain(known, one.block, () => []), obtain(known, other.block, () => [])];
    if (first.length > 0 && second.length > 0) continue;
    const sent = sentAfter(one.firstAt);
    const whole = one.bytes;
    const fits = (a: number, b: number): boolean => {
      const more = whole - deliveredBytes(a) - deliveredBytes(b);
      return more >= -windowBytes(whole) && more <= MOST_HEADER_BYTES + windowBytes(whole);
    };
    for (const [at, bytes] of sent.entries()) {
      const a = blockOfPushed(bytes, one.block, channelBytes);
      if (a === null || a >= whole) continue;
      const b = sent
        .slice(at + 1)
        .map((later) => blockOfPushed(later, other.block, channelBytes))
        .find((later) => later !== null && fits(a, later));
      if (b === undefined || b === null) continue;
      if (first.length === 0) first.push(a);
      if (second.length === 0) second.push(b);
      break;
    }
  }
}

/** An arrival that needs no guess. */
interface ToldArrival {
  readonly peer: string;
  readonly key: string;
  readonly number: number;
  readonly at: Instant;
  readonly isDelivered: boolean;
}

interface SizedPush {
  readonly bytes: number;
  readonly block: number;
}

interface MatcherParts {
  readonly deliveries: Deliveries;
  readonly received: ReceivedTimes;
  readonly sizes: Sizes;
  readonly channelBytes: ReadonlyMap<string, number>;
  /** Whether two peers are of one organization; null where nothing tells. */
  readonly areMates: (a: string, b: string) => boolean | null;
}

/** Explains messages one after the other, knowing what each peer has by then. */
class Matcher {
  readonly #deliveries: Deliveries;
  readonly #received: ReceivedTimes;
  readonly #sizes: Sizes;
  readonly #channelBytes: ReadonlyMap<string, number>;
  readonly #pushes = new Map<string, Map<number, readonly SizedPush[]>>();
  /** Bytes of a push → the blocks it can be. */
  readonly #bySize = new Map<number, { readonly key: string; readonly number: number; readonly block: number }[]>();
  /** Peer → channel key → number → since when it has the block. */
  readonly #held = new Map<string, Map<string, Map<number, Instant>>>();
  /** Peer → what it got, in order. */
  readonly #got = new Map<string, Candidate[]>();
  /** Sender and receiver → channel key and number of what was pushed. */
  readonly #pushed = new Map<string, Set<string>>();
  /** When any peer first had a block: channel key → number. */
  readonly #born = new Map<string, Map<number, Instant>>();
  readonly #transfers: WireTransfer[] = [];
  readonly #smallest: number;

  readonly #areMates: MatcherParts['areMates'];
  readonly #consumed = new Set<Message>();
  /** Receiver and channel → the block after those of its last state transfer. */
  readonly #answered = new Map<string, { readonly next: number; readonly at: Instant }>();
  /** Lengths, in steps, of messages that are no blocks. */
  readonly #recurring = new Set<number>();
  readonly #largest: number;

  constructor({ deliveries, received, sizes, channelBytes, areMates }: MatcherParts) {
    this.#areMates = areMates;
    this.#deliveries = deliveries;
    this.#received = received;
    this.#sizes = sizes;
    this.#channelBytes = channelBytes;
    let smallest = Number.POSITIVE_INFINITY;
    let largest = 0;
    for (const [key, blocks] of sizes) {
      const length = channelBytes.get(key);
      if (length === undefined) continue;
      const pushes = obtain(this.#pushes, key, () => new Map<number, readonly SizedPush[]>());
      for (const [number, copies] of blocks) {
        const sized = copies.map((block) => ({ block, bytes: pushedBytes(block, number, length) }));
        pushes.set(number, sized);
        for (const { bytes, block } of sized) {
          obtain(this.#bySize, bytes, () => []).push({ key, number, block });
          smallest = Math.min(smallest, bytes);
          largest = Math.max(largest, bytes);
        }
      }
    }
    this.#smallest = smallest;
    this.#largest = largest;
  }

  explain(messages: readonly Message[]): CiphertextTransfers {
    this.#noteRecurring(messages);
    const arrivals = this.#toldArrivals();
    let next = 0;
    let unexplained = 0;
    for (const message of messages) {
      for (let told = arrivals[next]; told !== undefined && told.at <= message.firstAt; told = arrivals[++next])
        this.#hold(told.peer, told.key, told.number, told.at, told.isDelivered);
      if (message.bytes < this.#smallest || this.#consumed.has(message)) continue;
      const explanation = this.#explanationOf(message);
      if (explanation === null) unexplained += 1;
      else this.#take(message, explanation);
    }
    return { transfers: this.#transfers, unexplained, areMates: this.#areMates, channelBytes: this.#channelBytes };
  }

  /**
   * Notes the lengths that come again and again whatever the blocks do: answers with the members or state infos of a network are as long as a small block, every 4 s from
   * everybody to everybody (requestStateInfoInterval, gossip/discovery).
   */
  #noteRecurring(messages: readonly Message[]): void {
    const counts = new Map<number, number>();
    const peers = new Set<string>();
    for (const m of messages) {
      peers.add(m.from);
      const bucket = Math.round(m.bytes / RECURRING_STEP_BYTES);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    const due = new Map<number, number>();
    for (const blocks of this.#pushes.values())
      for (const sized of blocks.values()) {
        const lengths = sized.flatMap((p) => [p.bytes, ...[...CONTROL_BYTES].map((more) => p.bytes + more)]);
        for (const bucket of new Set(lengths.map((bytes) => Math.round(bytes / RECURRING_STEP_BYTES))))
          due.set(bucket, (due.get(bucket) ?? 0) + 3 * peers.size);
      }
    for (const [bucket, count] of counts)
      if (count >= FEWEST_RECURRING && count > 1.5 * ((due.get(bucket) ?? 0) + (due.get(bucket - 1) ?? 0) + (due.get(bucket + 1) ?? 0)))
        this.#recurring.add(bucket);
  }

  #recurs(bytes: number): boolean {
    const bucket = Math.round(bytes / RECURRING_STEP_BYTES);
    return this.#recurring.has(bucket) || this.#recurring.has(bucket - 1) || this.#recurring.has(bucket + 1);
  }

  /** Arrivals that need no guess: deliveries, and what the logs say was received. Of several blocks in one write each came somewhere between its ends. */
  #toldArrivals(): readonly ToldArrival[] {
    const arrivals: ToldArrival[] = [];
    for (const { channel, group, peer, blocks } of this.#deliveries.series)
      for (const b of blocks)
        arrivals.push({ peer, key: keyOfChannel(channel, group), number: b.block, at: b.isAlone ? b.lastAt : b.firstAt, isDelivered: true });
    for (const [key, byPeer] of this.#received)
      for (const [peer, times] of byPeer)
        for (const [number, at] of times) arrivals.push({ peer, key, number, at: instantOfMicros(at + STAMP_MICROS), isDelivered: false });
    return arrivals.sort((a, b) => a.at - b.at || a.number - b.number || (a.peer < b.peer ? -1 : 1));
  }

  /** Notes that a peer has a block from `at` on. Only what was delivered or pushed to it is passed on by it (gossip/state: blocks of a state transfer are not). */
  #hold(peer: string, key: string, number: number, at: Instant, isPassedOn: boolean): void {
    const held = obtain(
      obtain(this.#held, peer, () => new Map<string, Map<number, Instant>>()),
      key,
      () => new Map<number, Instant>(),
    );
    // A leader that is streamed what it had long ago passes it on again.
    if (held.has(number) && !(isPassedOn && at - (held.get(number) as number) > PROMPT_MICROS)) return;
    held.set(number, held.get(number) ?? at);
    if (isPassedOn) obtain(this.#got, peer, () => []).push({ key, number, at });
    const born = obtain(this.#born, key, () => new Map<number, Instant>());
    if (!born.has(number)) born.set(number, at);
  }

  #heldSince(peer: string, key: string, number: number): Instant | null {
    return this.#held.get(peer)?.get(key)?.get(number) ?? null;
  }

  #take(message: Message, { blocks, kind, confidence, until }: Explanation): void {
    const last = until ?? message;
    const evidence: Evidence[] = [...new Set([message.firstFrame, last.lastFrame])].map((frame) => ({ source: message.source, frame }));
    for (const { key, number, bytes } of blocks) {
      if (kind === 'push') obtain(this.#pushed, `${message.from}\n${message.to}`, () => new Set<string>()).add(`${key}\n${number}`);
      this.#transfers.push({
        from: message.from,
        to: message.to,
        channel: key.startsWith('#') ? null : key,
        group: key.startsWith('#') ? Number(key.slice(1)) : 0,
        block: number,
        kind,
        basis: 'packets',
        confidence,
        firstAt: message.firstAt,
        lastAt: last.lastAt,
        bytes: blocks.length === 1 && until === undefined ? message.bytes : bytes,
        evidence,
      });
      // What shares its writes with others was whole at some moment between.
      const isAlone = until === undefined && blocks.length === 1 && this.#pushesOf(key, number).some((p) => p.bytes === message.bytes);
      if (confidence >= LEAST_HELD) this.#hold(message.to, key, number, isAlone ? last.lastAt : message.firstAt, kind === 'push');
    }
  }

  #wasPushed(message: Message, key: string, number: number): boolean {
    return this.#pushed.get(`${message.from}\n${message.to}`)?.has(`${key}\n${number}`) ?? false;
  }

  #pushesOf(key: string, number: number): readonly SizedPush[] {
    return this.#pushes.get(key)?.get(number) ?? [];
  }

  #explanationOf(message: Message): Explanation | null {
    if (this.#areMates(message.from, message.to) === false) return this.#answer(message);
    const exact = this.#exactPush(message);
    if (exact !== null) return exact;
    const recent = this.#recent(message);
    const sure = this.#longPush(message, recent) ?? this.#severalPushes(message, recent) ?? this.#pushesEndToEnd(message, recent);
    if (sure !== null) return sure;
    const answer = this.#answer(message);
    // An answer to a state request of a block or two may be as long as a push beside HTTP/2's own frames, which is much more frequent.
    if (answer !== null && answer.confidence > UNCERTAIN_ANSWER) return answer;
    return this.#pushInCompany(message, recent) ?? answer ?? this.#pushOfUnseenArrival(message);
  }

  /** A push that took several writes, or frames cut by flow-control windows, so that its length is known but for their headers. */
  #longPush(message: Message, recent: readonly Candidate[]): Explanation | null {
    let total = message.bytes;
    let last = message;
    const parts: Message[] = [];
    const long = recent.flatMap((c) =>
      this.#pushesOf(c.key, c.number).map((p) => ({ key: c.key, number: c.number, at: c.at, push: p.bytes, bytes: p.block })),
    );
    for (;;) {
      const slack = windowBytes(total) + LEAST_FRAME_BYTES * parts.length;
      const fitting =
        slack === 0
          ? []
          : long.filter(
              (c) => isLonger(total - c.push, slack, windowBytes(total)) && (windowBytes(total) > 0 || message.firstAt - c.at <= PROMPT_MICROS),
            );
      const [best] = fitting;
      if (best !== undefined) {
        for (const part of parts) this.#consumed.add(part);
        return { blocks: [best], kind: 'push', confidence: fitting.length > 1 ? WITH_COMPANY : EXACT, until: last };
      }
      const next: Message | null = last.next;
      if (
        last.bytes < LEAST_PART_BYTES ||
        next === null ||
        next.firstAt - last.lastAt > PART_MICROS ||
        total + next.bytes > this.#largest + MOST_COMPANY_BYTES
      )
        return null;
      if (parts.length >= MOST_PARTS) return null;
      parts.push(next);
      total += next.bytes;
      last = next;
    }
  }

  /** What the sender got last and has not pushed to this receiver yet, youngest first. */
  #recent(message: Message): readonly Candidate[] {
    const got = this.#got.get(message.from) ?? [];
    const recent: Candidate[] = [];
    for (let i = got.length - 1; i >= 0 && got.length - i <= RECENT_BLOCKS; i--) {
      const candidate = got[i] as Candidate;
      if (candidate.at <= message.firstAt && !this.#wasPushed(message, candidate.key, candidate.number)) recent.push(candidate);
    }
    return recent;
  }

  /** A push by itself, as long as it must be: of the blocks of this length the one that the sender got last. */
  #exactPush(message: Message): Explanation | null {
    const fitting = (this.#bySize.get(message.bytes) ?? [])
      .map((c) => ({ ...c, since: this.#heldSince(message.from, c.key, c.number) }))
      .filter((c) => c.since !== null && c.since <= message.firstAt)
      .map((c) => ({ ...c, age: message.firstAt - (c.since as number), isRepeated: this.#wasPushed(message, c.key, c.number) }))
      .sort((a, b) => Number(a.isRepeated) - Number(b.isRepeated) || a.age - b.age || a.number - b.number);
    const [best, second] = fitting;
    if (best === undefined) return null;
    if (best.isRepeated && best.age > PROMPT_MICROS) return null;
    if (best.age > SWIFT_MICROS && this.#recurs(message.bytes)) return null;
    const isAmbiguous = second !== undefined && !second.isRepeated && second.number !== best.number && second.age < best.age + PROMPT_MICROS / 10;
    const confidence = best.isRepeated ? REPEATED : best.age > PROMPT_MICROS ? EXACT_LATE : isAmbiguous ? EXACT_AMBIGUOUS : EXACT;
    return { blocks: [{ key: best.key, number: best.number, bytes: best.block }], kind: 'push', confidence };
  }

  /** Several pushes in one write. */
  #severalPushes(message: Message, recent: readonly Candidate[]): Explanation | null {
    const sized = recent
      .filter((c) => message.firstAt - c.at <= PROMPT_MICROS)
      .flatMap((c) =>
        this.#pushesOf(c.key, c.number)
          .slice(0, 1)
          .map((p) => ({ ...c, push: p.bytes, bytes: p.block })),
      )
      .filter((c) => c.push < message.bytes)
      .slice(0, 12);
    const chosen: typeof sized = [];
    const search = (from: number, left: number): boolean => {
      if (chosen.length > 1 && (left === 0 || CONTROL_BYTES.has(left))) return true;
      if (chosen.length >= MOST_IN_ONE_WRITE) return false;
      for (let i = from; i < sized.length; i++) {
        const one = sized[i] as (typeof sized)[number];
        if (one.push > left) continue;
        chosen.push(one);
        if (search(i + 1, left - one.push)) return true;
        chosen.pop();
      }
      return false;
    };
    if (!search(0, message.bytes)) return null;
    return { blocks: chosen.map(({ key, number, bytes }) => ({ key, number, bytes })), kind: 'push', confidence: SUM };
  }

  /** Many pushes one after the other, in writes that end anywhere: a leader that catches up passes on what it gets as fast as it gets it. */
  #pushesEndToEnd(message: Message, recent: readonly Candidate[]): Explanation | null {
    const parts: Message[] = [message];
    let total = message.bytes;
    for (let last = message; last.next !== null && last.next.firstAt - last.lastAt < CROWDED_MICROS && parts.length < MOST_PARTS; last = last.next) {
      if (this.#consumed.has(last.next)) break;
      parts.push(last.next);
      total += last.next.bytes;
    }
    const waiting = recent
      .filter((c) => message.firstAt - c.at <= PROMPT_MICROS)
      .flatMap((c) =>
        this.#pushesOf(c.key, c.number)
          .slice(0, 1)
          .map((p) => ({ key: c.key, number: c.number, push: p.bytes, bytes: p.block })),
      )
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.number - b.number));
    for (let start = 0; start + 2 < waiting.length; start++) {
      let sum = 0;
      for (let end = start; end < waiting.length && waiting[end]?.key === waiting[start]?.key; end++) {
        sum += waiting[end]?.push ?? 0;
        const blocks = end - start + 1;
        const more = total - sum;
        if (more < -windowBytes(total)) break;
        if (blocks < 3 || more > windowBytes(total) + MOST_CONTROL_BYTES) continue;
        for (const part of parts.slice(1)) this.#consumed.add(part);
        return { blocks: waiting.slice(start, end + 1), kind: 'push', confidence: WITH_COMPANY, until: parts.at(-1) as Message };
      }
    }
    return null;
  }

  /** A push that shares its write with smaller messages: of the blocks that leave room for them the youngest. */
  #pushInCompany(message: Message, recent: readonly Candidate[]): Explanation | null {
    if (this.#recurs(message.bytes)) return null;
    let best: { readonly key: string; readonly number: number; readonly bytes: number; readonly isControl: boolean } | null = null;
    for (const { key, number, at } of recent) {
      if (message.firstAt - at > PROMPT_MICROS) break;
      for (const { bytes, block } of this.#pushesOf(key, number)) {
        const more = message.bytes - bytes;
        if (more > MOST_COMPANY_BYTES || more < -DIFFERENT_SIGNATURES_BYTES || (more > DIFFERENT_SIGNATURES_BYTES && more < LEAST_FRAME_BYTES))
          continue;
        const isControl = CONTROL_BYTES.has(more) || Math.abs(more) <= DIFFERENT_SIGNATURES_BYTES;
        if (best === null || (isControl && !best.isControl)) best = { key, number, bytes: block, isControl };
      }
    }
    if (best === null) return null;
    return { blocks: [best], kind: 'push', confidence: best.isControl ? WITH_CONTROL : WITH_COMPANY };
  }

  /** An answer to a pull or to a state request: blocks that the receiver lacks and the sender has. */
  #answer(message: Message): Explanation | null {
    const mayPull = this.#areMates(message.from, message.to) !== false;
    for (const [key, held] of [...(this.#held.get(message.from) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const length = this.#channelBytes.get(key);
      if (length === undefined) continue;
      const has = this.#held.get(message.to)?.get(key);
      const lacking: SizedBlock[] = [];
      for (const [number, since] of held) {
        if (since > message.firstAt || (has?.get(number) ?? Number.POSITIVE_INFINITY) <= message.firstAt) continue;
        const bytes = this.#sizes.get(key)?.get(number)?.[0];
        if (bytes !== undefined) lacking.push({ number, bytes });
      }
      if (lacking.length === 0) continue;
      lacking.sort((a, b) => a.number - b.number);
      const found =
        (mayPull ? pullOf(message.bytes, lacking, length) : null) ?? this.#stateAnswer(message, key, (lacking[0] as SizedBlock).number, length);
      if (found !== null) return { ...found, blocks: found.blocks.map((b) => ({ key, number: b.number, bytes: b.bytes })) };
    }
    return null;
  }

  /**
   * An answer to a state request: blocks from the receiver's height on, from the sender's ledger, where committing has made them longer: by a flag for each transaction and
   * a commit hash (core/ledger, block metadata TRANSACTIONS_FILTER and COMMIT_HASH).
   */
  #stateAnswer(message: Message, key: string, lowest: number, channelBytes: number): FoundAnswer | null {
    // One request follows the other until the receiver is up to date: each begins where the one before ended.
    const seat = `${message.to}\n${key}`;
    const before = this.#answered.get(seat);
    const times = this.#received.get(key)?.get(message.to);
    const first = before !== undefined && message.firstAt - before.at < ROUND_MICROS ? before.next : (lowestAfter(times, message.firstAt) ?? lowest);
    const blocks: SizedBlock[] = [];
    let flags = 0;
    let payloads = 0;
    for (let number = first; blocks.length < MOST_IN_STATE_ANSWER; number++) {
      const bytes = this.#sizes.get(key)?.get(number)?.[0];
      const since = this.#heldSince(message.from, key, number);
      if (bytes === undefined || since === null || since > message.firstAt) return null;
      blocks.push({ number, bytes });
      flags += COMMITTED_BYTES + Math.ceil(bytes / LEAST_TRANSACTION_BYTES);
      payloads += statePayloadBytes({ number, bytes });
      const { least, most } = stateResponseBytes(payloads, channelBytes);
      const slack = windowBytes(message.bytes);
      if (message.bytes < least - slack - ORDERER_DIFFERENCE_BYTES * blocks.length) return null;
      if (message.bytes > most + flags + slack + MOST_CONTROL_BYTES) continue;
      const isBatch = blocks.length > 2 && blocks.length <= STATE_BATCH;
      const isSure = isBatch || this.#areMates(message.from, message.to) === false;
      // Without a log the receiver's height is what the packets made it: one message misread shifts the rest.
      const confidence = isSure ? (times === undefined ? ANSWER_WITHOUT_LOG : ANSWER) : UNCERTAIN_ANSWER;
      if (isSure) this.#answered.set(seat, { next: number + 1, at: message.lastAt });
      return { blocks, kind: 'state-transfer', confidence };
    }
    return null;
  }

  /** A push of a young block whose arrival at the sender no capture has. */
  #pushOfUnseenArrival(message: Message): Explanation | null {
    const fitting = (this.#bySize.get(message.bytes) ?? [])
      .flatMap((c) => {
        const born = this.#born.get(c.key)?.get(c.number);
        const isOpen = born !== undefined && born <= message.firstAt && this.#heldSince(message.from, c.key, c.number) === null;
        return isOpen && !this.#wasPushed(message, c.key, c.number) ? [{ ...c, age: message.firstAt - born }] : [];
      })
      .sort((a, b) => a.age - b.age);
    const [best] = fitting;
    if (best === undefined || best.age > PROMPT_MICROS || this.#recurs(message.bytes)) return null;
    this.#hold(message.from, best.key, best.number, message.firstAt, true);
    return { blocks: [{ key: best.key, number: best.number, bytes: best.block }], kind: 'push', confidence: UNSEEN_ARRIVAL };
  }
}

/** The lowest block that a log has received after `at`; null where there is none. */
function lowestAfter(times: ReadonlyMap<number, Instant> | undefined, at: Instant): number | null {
  let lowest: number | null = null;
  for (const [number, received] of times ?? []) if (received + STAMP_MICROS > at && (lowest === null || number < lowest)) lowest = number;
  return lowest;
}

/** Whether a message that is `more` bytes longer than a push can be it, cut where a window ended: by whole frame headers and HTTP/2's own frames; shorter only where the block's own length may hold such headers. */
function isLonger(more: number, mostHeaders: number, mostFewer: number): boolean {
  if (more < -mostFewer - MOST_CONTROL_BYTES * Math.sign(mostFewer) || more > mostHeaders + MOST_CONTROL_BYTES) return false;
  return mostFewer > 0 || more % LEAST_FRAME_BYTES === 0 || [...CONTROL_BYTES].some((c) => more >= c && (more - c) % LEAST_FRAME_BYTES === 0);
}

interface FoundAnswer {
  readonly blocks: readonly SizedBlock[];
  readonly kind: TransferKind;
  readonly confidence: number;
}

/**
 * The lacking blocks whose pull has this length: the run of the fewest, else any choice of a few, since a pull shares what is lacking out at random among those who have it
 * (gossip/gossip/algo/pull.go, processIncomingDigests). Where several would do, each is as probable.
 */
function pullOf(bytes: number, lacking: readonly SizedBlock[], channelBytes: number): FoundAnswer | null {
  const fits = (range: SizeRange): boolean => bytes >= range.least && (bytes <= range.most || CONTROL_BYTES.has(bytes - range.most));
  const last = lacking.slice(-MOST_STARTS);
  const items = last.map((b) => pulledItemBytes(b, channelBytes));
  const runs: (readonly SizedBlock[])[] = [];
  for (let start = 0; start < last.length; start++) {
    let sum = 0;
    for (let end = start; end < last.length && end - start < MOST_IN_ONE_ANSWER; end++) {
      sum += items[end] as number;
      const range = pulledBytes(sum, channelBytes);
      if (fits(range)) runs.push(last.slice(start, end + 1));
      if (range.least > bytes) break;
    }
  }
  const shortest = Math.min(...runs.map((r) => r.length));
  const few = runs.filter((r) => r.length === shortest);
  const [first] = few;
  if (first !== undefined) return { blocks: first, kind: 'pull', confidence: few.length === 1 ? ANSWER : ANSWER / few.length };
  const some = last.slice(-MOST_SHARED_OUT);
  const choices: (readonly SizedBlock[])[] = [];
  for (let chosen = 1; chosen < 1 << some.length; chosen++) {
    let sum = 0;
    for (let i = 0; i < some.length; i++) if ((chosen >> i) % 2 === 1) sum += items[last.length - some.length + i] as number;
    if (fits(pulledBytes(sum, channelBytes))) choices.push(some.filter((_, i) => (chosen >> i) % 2 === 1));
  }
  const [choice] = choices;
  return choice === undefined ? null : { blocks: choice, kind: 'pull', confidence: ANSWER / choices.length };
}

/** The deliveries as transfers. */
export function deliverTransfers(deliveries: Deliveries): readonly WireTransfer[] {
  return deliveries.series.flatMap(({ orderer, peer, channel, group, blocks }) =>
    blocks.map(
      (b): WireTransfer => ({
        from: orderer,
        to: peer,
        channel,
        group,
        block: b.block,
        kind: 'deliver',
        basis: 'packets',
        confidence: b.confidence,
        firstAt: b.firstAt,
        lastAt: b.lastAt,
        bytes: b.isAlone ? b.bytes : deliveredBytes(deliveries.sizes.get(keyOfChannel(channel, group))?.get(b.block)?.[0] ?? 0),
        evidence: b.evidence,
      }),
    ),
  );
}
