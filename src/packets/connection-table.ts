import type { FoldedConnections } from '../events/connection.js';
import type { CapturedFrame } from './captured-frame.js';
import { type ConnectionFacts, formatEndpoint, TrackedConnection } from './connection.js';
import type { Side, StreamSurroundings } from './conversation.js';
import type { Dissection } from './dissection.js';
import { countKept, FactArchive } from './fact-archive.js';
import { FoldedPairs } from './folded-pairs.js';
import { LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 } from './link.js';
import { RepeatedPackets } from './repeated-packets.js';
import { digestOptions, SYN } from './tcp-header.js';
import { stepsPerConnection } from './traffic.js';

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
  /** By their places, which count up: in the order of their first frames. */
  readonly #entries = new Map<number, Entry>();
  readonly #archive = new FactArchive();
  readonly #pairs: FoldedPairs;
  #nextPlace = 0;
  #inTable = 0;
  /** The connection of the last packet, if it is still in the table. */
  #last: TrackedConnection | null = null;
  /** Connections that are over, in the order they came to be. */
  #over: TrackedConnection[] = [];
  readonly #waiting = new Set<TrackedConnection>();
  #nextCheck = 0;
  #duplicates = 0;

  readonly #source: string;

  constructor(source: string, around: StreamSurroundings) {
    this.#source = source;
    this.#around = around;
    this.#pairs = new FoldedPairs(around.limits.maxFoldedPairs, around.limits.maxShortPerPair);
  }

  /** Frames that were further sights of a packet already seen. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Takes the TCP packet in `view`, which came in `frame`. */
  take(view: Dissection, frame: CapturedFrame): void {
    // Packets come in trains: mostly it is the connection of the one before.
    let connection = this.#last;
    let side: Side | -1 = connection === null ? -1 : connection.sideOf(view);
    if (side < 0) {
      connection = this.#find(view);
      if (connection !== null) side = connection.sideOf(view);
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
      connection = this.#add(new TrackedConnection(view, hashOf(view), this.#around));
      side = 0;
      if (mayRepeat) this.#isRepetition(connection, side, view, frame, isCooked);
    }
    this.#last = connection;
    const wasOver = connection.isOver;
    connection.take(view, side as Side, frame.micros, frame.number);
    if (!wasOver && connection.isOver) this.#over.push(connection);
    if (connection.isWaiting) this.#waiting.add(connection);
    if (frame.number >= this.#nextCheck) this.#check(frame.number, frame.micros);
  }

  #find(view: Dissection): TrackedConnection | null {
    let connection = this.#buckets[hashOf(view) & (this.#buckets.length - 1)] as TrackedConnection | null;
    while (connection !== null && connection.sideOf(view) < 0) connection = connection.nextInBucket;
    return connection;
  }

  #isRepetition(connection: TrackedConnection, side: Side, view: Dissection, frame: CapturedFrame, isCooked: boolean): boolean {
    if (side === 0) connection.repeated0 ??= new RepeatedPackets();
    else connection.repeated1 ??= new RepeatedPackets();
    const repeated = (side === 0 ? connection.repeated0 : connection.repeated1) as RepeatedPackets;
    return repeated.isRepetition(view, digestOptions(view), frame.micros, frame.interfaceIndex, isCooked);
  }

  /** Looks through what waits; the more there is, the rarer, so that the cost of a frame stays the same. */
  #check(frame: number, micros: number): void {
    if (this.#waiting.size > 0) this.#giveUpOverdue();
    const tooMany = this.#over.length - this.#around.limits.maxEndedWaiting;
    if (tooMany > 0) for (const connection of this.#over.splice(0, tooMany)) this.#settle(connection);
    if (this.#over[0]?.isPast(micros) === true) {
      for (const connection of this.#over) if (connection.isPast(micros)) this.#settle(connection);
      this.#over = this.#over.filter((connection) => !connection.isPast(micros));
    }
    this.#nextCheck = frame + Math.max(CHECK_FRAMES, this.#waiting.size, this.#over.length >> 2);
  }

  /** Ends a connection that gets no more packets. Its facts can be told at once, unless which side is the server is still to be guessed. */
  #settle(connection: TrackedConnection): void {
    if (this.#entries.get(connection.place) !== connection) return;
    this.#remove(connection);
    connection.end();
    if (connection.knownServerSide() < 0) return;
    const facts = this.#archive.pack(connection.facts(this.#source, NO_SERVERS));
    this.#entries.set(connection.place, facts);
    const oldest = this.#pairs.keep(facts, connection.place);
    const folded = oldest < 0 ? undefined : this.#entries.get(oldest);
    if (folded === undefined || folded instanceof TrackedConnection) return;
    this.#fold(folded, oldest);
    const { client, server } = folded;
    this.#around.note(
      'connections-folded',
      `short connections from ${client.address} to ${formatEndpoint(server.address, server.port)} beyond ${this.#around.limits.maxShortPerPair} are told as a sum`,
      folded.firstFrame,
    );
  }

  /** Takes the connection at `place` out and adds it to its pair's sum. */
  #fold(facts: ConnectionFacts, place: number): void {
    this.#entries.delete(place);
    this.#pairs.fold(facts);
    const { burstBudget, runBudget } = this.#around;
    const { bursts, runs } = countKept(facts);
    burstBudget.left += bursts;
    runBudget.left += runs;
  }

  #giveUpOverdue(): void {
    for (const connection of this.#waiting) {
      connection.stream0.giveUpOverdue();
      connection.stream1.giveUpOverdue();
      if (!connection.isWaiting) this.#waiting.delete(connection);
    }
  }

  #add(connection: TrackedConnection): TrackedConnection {
    const { maxConnections, maxTrafficSteps, maxTrafficStepsInAll } = this.#around.limits;
    if (this.#entries.size >= maxConnections) this.#evict();
    connection.place = this.#nextPlace++;
    this.#entries.set(connection.place, connection);
    this.#inTable += 1;
    if (this.#inTable > this.#buckets.length) this.#grow();
    this.#link(connection);
    this.#around.trafficShare.mostSteps = stepsPerConnection(this.#inTable, maxTrafficSteps, maxTrafficStepsInAll);
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
    if (this.#last === connection) this.#last = null;
  }

  /** Makes room for a tenth: the oldest closed connections, then those that have been silent for longest. They are told in their pairs' sums. */
  #evict(): void {
    const { maxConnections } = this.#around.limits;
    const room = Math.max(1, Math.floor(maxConnections / 10));
    const all = [...this.#entries];
    const victims = all.filter(([, entry]) => isClosed(entry)).slice(0, room);
    if (victims.length < room)
      victims.push(
        ...all
          .filter(([, entry]) => !isClosed(entry))
          .sort(([, a], [, b]) => a.lastAt - b.lastAt)
          .slice(0, room - victims.length),
      );
    for (const [place, entry] of victims) {
      if (entry instanceof TrackedConnection) {
        this.#remove(entry);
        entry.end();
        this.#fold(entry.facts(this.#source, NO_SERVERS), place);
      } else {
        this.#pairs.forget(entry, place);
        this.#fold(entry, place);
      }
    }
    this.#over = this.#over.filter((connection) => this.#entries.get(connection.place) === connection);
    const first = victims.reduce((least, [, entry]) => Math.min(least, entry.firstFrame), Number.POSITIVE_INFINITY);
    this.#around.note('connections-evicted', `no room for more than ${maxConnections}`, first, victims.length);
  }

  /** Ends all connections. */
  end(): void {
    for (const entry of this.#entries.values()) if (entry instanceof TrackedConnection) entry.end();
    this.#waiting.clear();
    this.#over = [];
  }

  /** What is known of all connections so far, in the order of their first frames; they go on. */
  snapshot(): readonly ConnectionFacts[] {
    const servers = this.#knownServers();
    return Array.from(this.#entries.values(), (entry) => (entry instanceof TrackedConnection ? entry.snapshot(this.#source, servers) : entry));
  }

  /** The sums of connections that are no longer told one by one. */
  folded(): readonly FoldedConnections[] {
    return this.#pairs.list();
  }

  /** Endpoints that some connection shows to be a server. */
  #knownServers(): ReadonlySet<string> {
    const servers = new Set<string>();
    for (const entry of this.#entries.values()) {
      if (!(entry instanceof TrackedConnection)) servers.add(formatEndpoint(entry.server.address, entry.server.port));
      else if (entry.knownServerSide() >= 0) servers.add(entry.endpointText(entry.knownServerSide() as Side));
    }
    return servers;
  }

  /** What became known of all connections, in the order of their first frames. Only once, after {@link end}. */
  facts(): readonly ConnectionFacts[] {
    const servers = this.#knownServers();
    // Each connection is let go as soon as its facts are there: keeping all of both would double the memory.
    this.#buckets = [];
    const facts: ConnectionFacts[] = [];
    for (const [place, entry] of this.#entries) {
      facts.push(entry instanceof TrackedConnection ? this.#archive.pack(entry.facts(this.#source, servers)) : entry);
      this.#entries.delete(place);
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
