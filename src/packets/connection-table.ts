import type { CapturedFrame } from './captured-frame.js';
import { type ConnectionFacts, formatEndpoint, TrackedConnection } from './connection.js';
import type { Side, StreamSurroundings } from './conversation.js';
import type { Dissection } from './dissection.js';
import { LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 } from './link.js';
import { RepeatedPackets } from './repeated-packets.js';
import { digestOptions, SYN } from './tcp-header.js';

const SMALLEST_TABLE = 1024;
/** How often what waits, for missing bytes or for its last packets, is looked through, in frames. */
const CHECK_FRAMES = 64;
const NO_SERVERS: ReadonlySet<string> = new Set();

/** A connection, or when nothing can happen to it any more what became known of it: that takes a fraction of the memory. */
type Entry = TrackedConnection | ConnectionFacts;

function isClosed(entry: Entry): boolean {
  return entry instanceof TrackedConnection ? entry.isClosed : entry.closedAt !== null;
}

/** Which connection a packet belongs to: a hash table over addresses and ports as numbers, so that looking up makes no garbage. */
export class ConnectionTable {
  readonly #around: StreamSurroundings;
  #buckets: (TrackedConnection | null)[] = new Array(SMALLEST_TABLE).fill(null);
  /** In the order of their first frames. */
  #entries: Entry[] = [];
  #inTable = 0;
  /** Connections that are over, in the order they came to be. */
  #over: TrackedConnection[] = [];
  readonly #waiting = new Set<TrackedConnection>();
  #duplicates = 0;

  readonly #source: string;

  constructor(source: string, around: StreamSurroundings) {
    this.#source = source;
    this.#around = around;
  }

  /** Frames that were further sights of a packet already seen. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Takes the TCP packet in `view`, which came in `frame`. */
  take(view: Dissection, frame: CapturedFrame): void {
    const hash = hashOf(view);
    let side: Side | -1 = -1;
    let connection = this.#buckets[hash & (this.#buckets.length - 1)] as TrackedConnection | null;
    while (connection !== null) {
      side = connection.sideOf(view);
      if (side >= 0) break;
      connection = connection.nextInBucket;
    }
    const isCooked = frame.linkType === LINKTYPE_LINUX_SLL || frame.linkType === LINKTYPE_LINUX_SLL2;
    const mayRepeat = isCooked || frame.severalInterfaces;
    if (connection !== null && side >= 0 && mayRepeat && this.#isRepetition(connection, side as Side, view, frame, isCooked)) {
      this.#duplicates += 1;
      this.#around.marks?.finish(view.data, view.payloadStart, view.payloadStart + view.payloadCaptured);
      return;
    }
    if (connection !== null && (view.flags & SYN) !== 0 && connection.isReusedBy(view, side as Side, frame.micros)) {
      this.#settle(connection);
      connection = null;
    }
    if (connection === null) {
      connection = this.#add(new TrackedConnection(view, hash, this.#around));
      side = 0;
      if (mayRepeat) this.#isRepetition(connection, side, view, frame, isCooked);
    }
    const wasOver = connection.isOver;
    connection.take(view, side as Side, frame.micros, frame.number);
    if (!wasOver && connection.isOver) this.#over.push(connection);
    if (connection.isWaiting) this.#waiting.add(connection);
    if (frame.number % CHECK_FRAMES === 0) this.#check(frame.micros);
  }

  #isRepetition(connection: TrackedConnection, side: Side, view: Dissection, frame: CapturedFrame, isCooked: boolean): boolean {
    if (side === 0) connection.repeated0 ??= new RepeatedPackets();
    else connection.repeated1 ??= new RepeatedPackets();
    const repeated = (side === 0 ? connection.repeated0 : connection.repeated1) as RepeatedPackets;
    return repeated.isRepetition(view, digestOptions(view), frame.micros, frame.interfaceIndex, isCooked);
  }

  #check(micros: number): void {
    if (this.#waiting.size > 0) this.#giveUpOverdue();
    if (this.#over.length === 0 || !(this.#over[0] as TrackedConnection).isPast(micros)) return;
    for (const connection of this.#over) if (connection.isPast(micros)) this.#settle(connection);
    this.#over = this.#over.filter((connection) => !connection.isPast(micros));
  }

  /** Ends a connection that gets no more packets. Its facts can be told at once, unless which side is the server is still to be guessed. */
  #settle(connection: TrackedConnection): void {
    if (this.#entries[connection.place] !== connection) return;
    this.#remove(connection);
    connection.end();
    if (connection.knownServerSide() >= 0) this.#entries[connection.place] = connection.facts(this.#source, NO_SERVERS);
  }

  #giveUpOverdue(): void {
    for (const connection of this.#waiting) {
      connection.stream0.giveUpOverdue();
      connection.stream1.giveUpOverdue();
      if (!connection.isWaiting) this.#waiting.delete(connection);
    }
  }

  #add(connection: TrackedConnection): TrackedConnection {
    if (this.#entries.length >= this.#around.limits.maxConnections) this.#evict();
    connection.place = this.#entries.length;
    this.#entries.push(connection);
    this.#inTable += 1;
    if (this.#inTable > this.#buckets.length) this.#grow();
    this.#link(connection);
    return connection;
  }

  #link(connection: TrackedConnection): void {
    const at = connection.hash & (this.#buckets.length - 1);
    connection.nextInBucket = this.#buckets[at] as TrackedConnection | null;
    this.#buckets[at] = connection;
  }

  #grow(): void {
    const before = this.#buckets;
    this.#buckets = new Array(2 * before.length).fill(null);
    for (const first of before) {
      let connection = first;
      while (connection !== null) {
        const next: TrackedConnection | null = connection.nextInBucket;
        this.#link(connection);
        connection = next;
      }
    }
  }

  #remove(connection: TrackedConnection): void {
    const at = connection.hash & (this.#buckets.length - 1);
    let before: TrackedConnection | null = null;
    for (let one = this.#buckets[at] as TrackedConnection | null; one !== null; one = one.nextInBucket) {
      if (one === connection) {
        if (before === null) this.#buckets[at] = one.nextInBucket;
        else before.nextInBucket = one.nextInBucket;
        this.#inTable -= 1;
        break;
      }
      before = one;
    }
    this.#waiting.delete(connection);
  }

  /** Makes room for a tenth: the oldest closed connections, and when there are none the oldest of all. */
  #evict(): void {
    const room = Math.max(1, Math.floor(this.#around.limits.maxConnections / 10));
    const victims = new Set(this.#entries.filter(isClosed).slice(0, room));
    const [oldest] = this.#entries;
    if (victims.size === 0 && oldest !== undefined) victims.add(oldest);
    for (const victim of victims) {
      if (!(victim instanceof TrackedConnection)) continue;
      this.#remove(victim);
      victim.end();
    }
    const [first] = victims;
    this.#entries = this.#entries.filter((one) => !victims.has(one));
    this.#entries.forEach((one, place) => {
      if (one instanceof TrackedConnection) one.place = place;
    });
    this.#over = this.#over.filter((connection) => this.#entries[connection.place] === connection);
    this.#around.note('connections-evicted', `no room for more than ${this.#around.limits.maxConnections}`, first?.firstFrame ?? null, victims.size);
  }

  /** Ends all connections. */
  end(): void {
    for (const entry of this.#entries) if (entry instanceof TrackedConnection) entry.end();
    this.#waiting.clear();
    this.#over = [];
  }

  /** What is known of all connections so far, in the order of their first frames; they go on. */
  snapshot(): readonly ConnectionFacts[] {
    const servers = this.#knownServers();
    return this.#entries.map((entry) => (entry instanceof TrackedConnection ? entry.snapshot(this.#source, servers) : entry));
  }

  /** Endpoints that some connection shows to be a server. */
  #knownServers(): ReadonlySet<string> {
    const servers = new Set<string>();
    for (const entry of this.#entries) {
      if (!(entry instanceof TrackedConnection)) servers.add(formatEndpoint(entry.server.address, entry.server.port));
      else if (entry.knownServerSide() >= 0) servers.add(entry.endpointText(entry.knownServerSide() as Side));
    }
    return servers;
  }

  /** What became known of all connections, in the order of their first frames. Only once, after {@link end}. */
  facts(): readonly ConnectionFacts[] {
    const servers = this.#knownServers();
    // Each connection is let go as soon as its facts are there: keeping all of both would double the memory.
    this.#buckets.fill(null);
    const left = this.#entries.reverse();
    this.#entries = [];
    const facts: ConnectionFacts[] = [];
    for (let entry = left.pop(); entry !== undefined; entry = left.pop()) {
      facts.push(entry instanceof TrackedConnection ? entry.facts(this.#source, servers) : entry);
    }
    return facts;
  }
}

/** The same for both directions. */
function hashOf(view: Dissection): number {
  const addresses = Math.imul(view.source3 ^ view.target3, 0x9e3779b1) ^ Math.imul(view.source3 + view.target3, 0x85ebca6b);
  const longAddresses = view.source0 ^ view.target0 ^ view.source1 ^ view.target1 ^ view.source2 ^ view.target2;
  const ports = Math.imul(view.sourcePort ^ view.targetPort, 0xc2b2ae35) ^ Math.imul(view.sourcePort + view.targetPort, 0x27d4eb2f);
  const mixed = addresses ^ longAddresses ^ ports;
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 4;
}
