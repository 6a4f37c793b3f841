import type { ObservedConnection } from '../../src/events/connection.js';
import { type Instant, instantOfMicros } from '../../src/events/instant.js';
import { BurstLog } from '../../src/packets/bursts.js';
import { type CiphertextTransfers, deliverTransfers, readCiphertextTransfers } from '../../src/reconstruct/ciphertext-transfers.js';
import { type ConnectionFacts, isDeliverStream } from '../../src/reconstruct/connectivity.js';
import { type Deliveries, readDeliveries } from '../../src/reconstruct/deliveries.js';
import type { TransferKind } from '../../src/reconstruct/wire-facts.js';
import {
  aliveBytes,
  deliveredBytes,
  leadershipBytes,
  pulledBytes,
  pulledItemBytes,
  pushedBytes,
  type SizedBlock,
  stateInfoBytes,
  stateInfoRequestBytes,
  statePayloadBytes,
  stateResponseBytes,
} from '../../src/reconstruct/wire-sizes.js';
import { at, buildConnection } from './timeline-builder.js';

/** A source of numbers that look random and are the same for the same seed (mulberry32). */
export interface Chance {
  /** From 0 up to 1, 1 excluded. */
  unit(): number;
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  sample<T>(items: readonly T[], count: number): T[];
}

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (least: number, most: number): number => least + Math.floor(unit() * (most - least + 1));
  return {
    unit,
    whole,
    sample(items, count) {
      const rest = [...items];
      return Array.from({ length: Math.min(count, rest.length) }, () => rest.splice(whole(0, rest.length - 1), 1)[0] as never);
    },
  };
}

export interface ChannelParts {
  readonly name: string;
  readonly blocks: number;
  /** How long block `number` is; {@link BLOCKS_OF_MANY_SIZES} where it is not said. */
  readonly bytesOf?: (chance: Chance, number: number) => number;
  /** From one block to the next. */
  readonly pauseOf?: (chance: Chance, number: number) => number;
}

export interface GossipNetworkParts {
  readonly seed: number;
  /** How many peers each organization has. */
  readonly organizations?: readonly number[];
  readonly orderers?: number;
  readonly channels?: readonly ChannelParts[];
  /** `elected`: one of each organization declares itself and is served; `all` and `one`: configured, so that nobody declares anything. */
  readonly leaders?: 'elected' | 'all' | 'one';
  readonly fanOut?: number;
  /** Share of the pushes that leave in one write with the one before, of deliveries that wait for the next, and of pushes that leave with a state info. */
  readonly sharedWrites?: number;
  readonly sharedDeliveries?: number;
  readonly company?: number;
  /** Share of the writes of more than 40 kB whose receiver's window ends in their middle, and how long the rest waits then; 20 ms where it is not said. */
  readonly split?: number;
  readonly splitMicros?: number;
  /** Seconds at which the leader of the first organization stops, and when it runs again. Another one leads 17 s after the stop. */
  readonly stop?: { readonly at: number; readonly until: number | null };
  /** Seconds for which one of the last organization's peers that do not lead is away. */
  readonly away?: { readonly from: number; readonly until: number };
  /** Seconds at which the leader of the first organization yields to another. */
  readonly renounce?: number;
  /** Seconds at which the first orderer closes its streams; their peers turn to the next. */
  readonly reconnect?: number;
  /** Seconds at which a command-line client in the container of the first peer fetches a block. */
  readonly fetches?: readonly number[];
  readonly seconds?: number;
}

export interface TrueTransfer {
  readonly from: string;
  readonly to: string;
  readonly channel: string;
  readonly block: number;
  readonly kind: TransferKind;
}

export interface TrueTerm {
  readonly peer: string;
  readonly channel: string;
  readonly from: number;
  readonly to: number | null;
}

export interface GossipNetwork {
  readonly connections: readonly ConnectionFacts[];
  /** Which channel each deliver stream is of. */
  readonly channelOf: ReadonlyMap<ConnectionFacts, string>;
  readonly transfers: readonly TrueTransfer[];
  /** Who a peer has a block from: `channel|block|peer` → sender. */
  readonly firstFrom: ReadonlyMap<string, string>;
  /** In seconds, as far as orderers served. */
  readonly terms: readonly TrueTerm[];
  /** When the peers' logs have the blocks leave their buffers. */
  readonly received: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, Instant>>>;
  readonly kindOf: (name: string) => 'peer' | 'orderer' | 'client' | null;
  readonly organizationOf: (name: string) => string | null;
  readonly endpointBytes: readonly number[];
  readonly until: Instant;
}

export const transferKey = (t: TrueTransfer): string => `${t.channel}|${t.block}|${t.from}|${t.to}`;

export const BLOCKS_OF_MANY_SIZES = (chance: Chance): number => chance.whole(2_000, 30_000);
const PAUSE = (chance: Chance): number => chance.whole(150_000, 600_000);

const SECOND = 1_000_000;
const FIRST_BLOCK_AT = 8 * SECOND;
const FULL_RECORD_BYTES = 16_384;
const KEPT_FOR_PULL = 10;
const ELECTION_SECONDS = 17;

/** What one side of a link hands to its socket. */
interface Write {
  readonly at: number;
  readonly link: Link;
  readonly isClient: boolean;
  readonly bytes: number;
}

interface Link {
  readonly from: string;
  readonly to: string;
  readonly openedAt: number;
  closedAt: number | null;
  closedBy: 'client' | 'server' | null;
  readonly channel: string | null;
  lastAt: number;
}

interface Held {
  readonly bytes: number;
  readonly at: number;
}

/**
 * Plays gossip as Fabric does it (gossip/gossip/gossip_impl.go, channel.go, pullstore.go; gossip/state; gossip/election) and writes down both what happened and what a capture
 * of it shows. Nothing is lost, and everybody's clock is the same.
 */
export function playGossip(parts: GossipNetworkParts): GossipNetwork {
  return new Play(parts).run();
}

class Play {
  readonly #parts: GossipNetworkParts;
  readonly #chance: Chance;
  readonly #channels: readonly ChannelParts[];
  readonly #organizations: readonly (readonly string[])[];
  readonly #orderers: readonly string[];
  readonly #until: number;
  readonly #due: { readonly at: number; readonly order: number; readonly act: () => void }[] = [];
  #order = 0;
  #now = 0;
  readonly #links: Link[] = [];
  readonly #writes: Write[] = [];
  readonly #gossip = new Map<string, Link>();
  readonly #streams = new Map<string, { link: Link; orderer: string; next: number; waiting: number }>();
  readonly #leaders = new Map<string, string>();
  readonly #absent = new Set<string>();
  readonly #held = new Map<string, Map<number, Held>>();
  readonly #cut = new Map<string, Map<number, number>>();
  readonly #transfers: TrueTransfer[] = [];
  readonly #pushed = new Set<string>();
  readonly #firstFrom = new Map<string, string>();
  readonly #terms: { peer: string; channel: string; from: number; to: number | null }[] = [];
  readonly #received = new Map<string, Map<string, Map<number, Instant>>>();

  constructor(parts: GossipNetworkParts) {
    this.#parts = parts;
    this.#chance = chanceOf(parts.seed);
    this.#channels = parts.channels ?? [{ name: 'mychannel', blocks: 40 }];
    this.#organizations = (parts.organizations ?? [4, 3]).map((count, org) => Array.from({ length: count }, (_, i) => `peer${i}.org${org}.example`));
    this.#orderers = Array.from({ length: parts.orderers ?? 1 }, (_, i) => `orderer${i}.example`);
    this.#until = (parts.seconds ?? 60) * SECOND;
  }

  run(): GossipNetwork {
    this.#plan();
    for (let next = this.#pop(); next !== undefined && next.at <= this.#until; next = this.#pop()) {
      this.#now = next.at;
      next.act();
    }
    return this.#capture();
  }

  #plan(): void {
    const peers = this.#organizations.flat();
    for (const [i, a] of peers.entries()) for (const b of peers.slice(i + 1)) this.#meet(a, b);
    for (const [org, members] of this.#organizations.entries())
      for (const { name } of this.#channels) {
        const leader = members[this.#chance.whole(0, members.length - 1)] as string;
        if (this.#leads() === 'all') for (const peer of members) this.#at(SECOND, () => this.#serve(peer, name));
        else this.#at(SECOND, () => this.#lead(org, name, leader));
      }
    for (const channel of this.#channels) {
      let micros = FIRST_BLOCK_AT;
      for (let number = 1; number <= channel.blocks; number++) {
        const block = number;
        this.#at(micros, () => this.#cutBlock(channel, block));
        micros += (channel.pauseOf ?? PAUSE)(this.#chance, number);
      }
    }
    for (const peer of peers) {
      this.#every(5 * SECOND, () => this.#sayAlive(peer));
      this.#every(4 * SECOND, () => this.#ask(peer));
      for (const { name } of this.#channels) {
        this.#every(4 * SECOND, () => this.#pull(peer, name));
        this.#every(10 * SECOND, () => this.#catchUp(peer, name));
      }
    }
    this.#planFaults();
  }

  #planFaults(): void {
    const { stop, away, renounce, reconnect, fetches } = this.#parts;
    if (away !== undefined) this.#at(away.from * SECOND, () => this.#leave(this.#follower(), away.until));
    if (stop !== undefined) this.#at(stop.at * SECOND, () => this.#stop(stop.until));
    if (renounce !== undefined) this.#at(renounce * SECOND, () => this.#renounce());
    if (reconnect !== undefined) this.#at(reconnect * SECOND, () => this.#reconnect());
    for (const second of fetches ?? []) this.#at(second * SECOND, () => this.#fetch());
  }

  #leads(): 'elected' | 'all' | 'one' {
    return this.#parts.leaders ?? 'elected';
  }

  // Time.

  #at(micros: number, act: () => void): void {
    const due = this.#due;
    const one = { at: Math.round(micros), order: this.#order++, act };
    let i = due.length;
    due.push(one);
    const isBefore = (a: typeof one, b: typeof one): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
    while (i > 0 && isBefore(one, due[(i - 1) >> 1] as typeof one)) {
      due[i] = due[(i - 1) >> 1] as typeof one;
      i = (i - 1) >> 1;
    }
    due[i] = one;
  }

  #pop(): { readonly at: number; readonly act: () => void } | undefined {
    const due = this.#due;
    const top = due[0];
    const last = due.pop();
    if (top === undefined || last === undefined || due.length === 0) return top;
    const isBefore = (a: typeof last, b: typeof last): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= due.length) break;
      if (child + 1 < due.length && isBefore(due[child + 1] as typeof last, due[child] as typeof last)) child += 1;
      if (!isBefore(due[child] as typeof last, last)) break;
      due[i] = due[child] as typeof last;
      i = child;
    }
    due[i] = last;
    return top;
  }

  #after(micros: number, act: () => void): void {
    this.#at(this.#now + micros, act);
  }

  #every(period: number, act: () => void): void {
    const again = (): void => {
      act();
      this.#after(period + this.#chance.whole(0, 2_000), again);
    };
    this.#at(2 * SECOND + this.#chance.whole(0, period), again);
  }

  // Links.

  #open(from: string, to: string, channel: string | null): Link {
    const link: Link = { from, to, openedAt: this.#now, closedAt: null, closedBy: null, channel, lastAt: this.#now };
    this.#links.push(link);
    return link;
  }

  #meet(a: string, b: string): void {
    const [from, to] = this.#chance.unit() < 0.5 ? [a, b] : [b, a];
    const link = this.#open(from, to, null);
    this.#gossip.set(pairOf(a, b), link);
    // Both introduce themselves with their certificates.
    this.#send(link, from, [920 + this.#chance.whole(0, 3)], 1_000);
    this.#send(link, to, [920 + this.#chance.whole(0, 3)], 1_500);
  }

  #close(link: Link, by: 'client' | 'server'): void {
    link.closedAt = this.#now;
    link.closedBy = by;
    link.lastAt = Math.max(link.lastAt, this.#now);
  }

  /** Several messages in one write. Returns when its last byte is out. */
  #send(link: Link, sender: string, messages: readonly number[], delay = 0): number {
    const bytes = messages.reduce((sum, b) => sum + b, 0);
    const begin = this.#now + delay;
    const isClient = sender === link.from;
    const isSplit = bytes > 40_000 && this.#chance.unit() < (this.#parts.split ?? 0);
    // Where the window ends a DATA frame does, and what follows has a header of its own.
    const first = isSplit ? this.#chance.whole(33_000, bytes - 2_000) : bytes;
    this.#writes.push({ at: begin, link, isClient, bytes: first });
    let end = begin + durationOf(first);
    if (isSplit) {
      const pause = this.#parts.splitMicros ?? 20_000;
      this.#writes.push({ at: end + pause, link, isClient, bytes: bytes - first + 9 });
      end += pause + durationOf(bytes - first);
    }
    link.lastAt = Math.max(link.lastAt, end);
    return end;
  }

  #tell(from: string, to: string, messages: readonly number[], delay = 0): number | null {
    const link = this.#gossip.get(pairOf(from, to));
    if (link === undefined || this.#absent.has(from) || this.#absent.has(to)) return null;
    return this.#send(link, from, messages, delay);
  }

  #matesOf(peer: string): readonly string[] {
    const members = this.#organizations.find((o) => o.includes(peer)) ?? [];
    return members.filter((m) => m !== peer && !this.#absent.has(m));
  }

  // Orderers and leaders.

  #cutBlock(channel: ChannelParts, number: number): void {
    const cut = childOf(this.#cut, channel.name);
    cut.set(number, (channel.bytesOf ?? BLOCKS_OF_MANY_SIZES)(this.#chance, number));
    for (const key of this.#streams.keys()) if (key.endsWith(`\n${channel.name}`)) this.#deliverLater(key);
  }

  #deliverLater(key: string): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) return;
    stream.waiting += 1;
    const waits = this.#chance.unit() < (this.#parts.sharedDeliveries ?? 0) && stream.waiting < 4;
    if (!waits) this.#after(this.#chance.whole(500, 3_000), () => this.#deliver(key));
    // Never for long: the orderer's writer is only busy.
    else this.#after(700_000, () => this.#deliver(key));
  }

  /** Hands out all that a stream has not had yet, in one write. */
  #deliver(key: string): void {
    const [peer, channel] = key.split('\n') as [string, string];
    const stream = this.#streams.get(key);
    if (stream === undefined || this.#absent.has(peer)) return;
    stream.waiting = 0;
    const cut = childOf(this.#cut, channel);
    const blocks: SizedBlock[] = [];
    for (let bytes = cut.get(stream.next); bytes !== undefined; bytes = cut.get(++stream.next))
      blocks.push({ number: stream.next, bytes: bytes + this.#orderers.indexOf(stream.orderer) * (stream.next % 3) });
    if (blocks.length === 0) return;
    const end = this.#send(
      stream.link,
      stream.orderer,
      blocks.map((b) => deliveredBytes(b.bytes)),
    );
    for (const block of blocks) {
      this.#transfers.push({ from: stream.orderer, to: peer, channel, block: block.number, kind: 'deliver' });
      this.#at(end + this.#chance.whole(50, 300), () => this.#arrive(peer, channel, block, stream.orderer));
    }
  }

  #serve(peer: string, channel: string, choice = 0): void {
    const orderer = this.#orderers[choice % this.#orderers.length] as string;
    const link = this.#open(peer, orderer, channel);
    this.#send(link, peer, [1_010 + this.#chance.whole(0, 3)], 2_000);
    const held = childOf(this.#held, `${peer}\n${channel}`);
    let next = 1;
    while (held.has(next)) next += 1;
    const key = `${peer}\n${channel}`;
    this.#streams.set(key, { link, orderer, next, waiting: 0 });
    this.#after(10_000, () => this.#deliver(key));
  }

  #lead(org: number, channel: string, peer: string): void {
    this.#leaders.set(`${org}\n${channel}`, peer);
    this.#terms.push({ peer, channel, from: this.#now / SECOND, to: null });
    this.#serve(peer, channel, org);
    if (this.#leads() !== 'elected') return;
    const declare = (): void => {
      if (this.#leaders.get(`${org}\n${channel}`) !== peer || this.#absent.has(peer)) return;
      const { least, most } = leadershipBytes(channel.length);
      for (const mate of this.#matesOf(peer)) this.#tell(peer, mate, [this.#chance.whole(least + 2, most - 2)]);
      this.#after(5 * SECOND, declare);
    };
    declare();
  }

  /** Ends the terms of a peer in all channels, as its links are closed from its side. */
  #unlead(peer: string): readonly (readonly [key: string, peer: string])[] {
    const seats = [...this.#leaders].filter(([, p]) => p === peer);
    for (const [seat] of seats) {
      const channel = seat.split('\n')[1] as string;
      const stream = this.#streams.get(`${peer}\n${channel}`);
      if (stream !== undefined) this.#close(stream.link, 'client');
      this.#streams.delete(`${peer}\n${channel}`);
      this.#leaders.delete(seat);
      for (const term of this.#terms) if (term.peer === peer && term.channel === channel && term.to === null) term.to = this.#now / SECOND;
    }
    return seats;
  }

  #succeed(seats: readonly (readonly [key: string, peer: string])[], seconds: number): void {
    for (const [seat, former] of seats) {
      const [org, channel] = seat.split('\n') as [string, string];
      const [heir] = (this.#organizations[Number(org)] ?? []).filter((p) => p !== former && !this.#absent.has(p));
      if (heir !== undefined) this.#after(seconds * SECOND, () => this.#lead(Number(org), channel, heir));
    }
  }

  #firstLeader(): string | undefined {
    return [...this.#leaders].find(([seat]) => seat.startsWith('0\n'))?.[1];
  }

  #follower(): string {
    const leaders = new Set(this.#leaders.values());
    return this.#organizations.at(-1)?.find((p) => !leaders.has(p)) as string;
  }

  #stop(until: number | null): void {
    const peer = this.#firstLeader();
    if (peer === undefined) return;
    const seats = this.#unlead(peer);
    this.#leave(peer, until);
    this.#succeed(seats, ELECTION_SECONDS);
  }

  #leave(peer: string, until: number | null): void {
    for (const [pair, link] of this.#gossip)
      if (pair.split('\n').includes(peer)) {
        this.#close(link, link.from === peer ? 'client' : 'server');
        this.#gossip.delete(pair);
      }
    this.#absent.add(peer);
    if (until === null) return;
    this.#at(until * SECOND, () => {
      this.#absent.delete(peer);
      for (const other of this.#organizations.flat()) if (other !== peer && !this.#absent.has(other)) this.#meet(peer, other);
      this.#after(3 * SECOND, () => {
        for (const { name } of this.#channels) this.#catchUp(peer, name);
      });
    });
  }

  #renounce(): void {
    const peer = this.#firstLeader();
    if (peer !== undefined) this.#succeed(this.#unlead(peer), 6);
  }

  #reconnect(): void {
    for (const [key, stream] of [...this.#streams]) {
      if (stream.orderer !== this.#orderers[0]) continue;
      this.#close(stream.link, 'server');
      this.#streams.delete(key);
      const [peer, channel] = key.split('\n') as [string, string];
      this.#after(SECOND, () => this.#serve(peer, channel, 1));
    }
  }

  #fetch(): void {
    const [peer] = this.#organizations.flat();
    const [channel] = this.#channels;
    if (peer === undefined || channel === undefined) return;
    const link = this.#open(peer, this.#orderers[0] as string, null);
    this.#send(link, peer, [980], 3_000);
    this.#send(link, this.#orderers[0] as string, [deliveredBytes(childOf(this.#cut, channel.name).get(1) ?? 5_000)], 6_000);
    this.#after(60_000, () => this.#close(link, 'client'));
  }

  // Gossip.

  #arrive(peer: string, channel: string, block: SizedBlock, from: string): void {
    const held = childOf(this.#held, `${peer}\n${channel}`);
    if (held.has(block.number) || this.#absent.has(peer)) return;
    held.set(block.number, { bytes: block.bytes, at: this.#now });
    this.#firstFrom.set(`${channel}|${block.number}|${peer}`, from);
    this.#log(peer, channel, block.number);
    this.#after(this.#chance.whole(200, 10_000), () => this.#push(peer, channel, block, from));
  }

  /** A block leaves the buffer after all before it. */
  #log(peer: string, channel: string, number: number): void {
    const times = childOf(childOf(this.#received, channel), peer);
    const held = childOf(this.#held, `${peer}\n${channel}`);
    const delay = this.#chance.whole(100, 6_000);
    for (let n = number; held.has(n) && (n === 1 || times.has(n - 1) || !held.has(n - 1)); n++) {
      if (n > 1 && !times.has(n - 1)) return;
      const micros = Math.max(this.#now + delay, n > 1 ? (times.get(n - 1) as Instant) - at(0) : 0);
      times.set(n, instantOfMicros(Math.floor((at(0) + micros) / 1000) * 1000));
    }
  }

  #push(peer: string, channel: string, block: SizedBlock, from: string): void {
    if (this.#absent.has(peer)) return;
    const chosen = this.#chance
      .sample(this.#matesOf(peer), this.#parts.fanOut ?? 3)
      .filter((mate) => mate !== from && !this.#isPushed(peer, mate, channel, block.number));
    for (const mate of chosen) {
      const company = this.#chance.unit() < (this.#parts.company ?? 0) ? [this.#chance.whole(190, 200)] : [];
      const first = { block, bytes: pushedBytes(block.bytes, block.number, channel.length) };
      const shared = this.#chance.unit() < (this.#parts.sharedWrites ?? 0) ? this.#second(peer, mate, channel, block.number) : null;
      const blocks = shared === null ? [first] : [shared, first];
      const end = this.#tell(peer, mate, [...blocks.map((b) => b.bytes), ...company], this.#chance.whole(0, 400));
      if (end === null) continue;
      for (const one of blocks) {
        this.#pushed.add(`${channel}|${one.block.number}|${peer}|${mate}`);
        this.#transfers.push({ from: peer, to: mate, channel, block: one.block.number, kind: 'push' });
        this.#at(end + this.#chance.whole(50, 300), () => this.#arrive(mate, channel, one.block, peer));
      }
    }
  }

  #isPushed(peer: string, mate: string, channel: string, number: number): boolean {
    return this.#pushed.has(`${channel}|${number}|${peer}|${mate}`);
  }

  /** The block before, where the peer got it a moment ago and has not pushed it to this mate: then both wait and leave together. */
  #second(peer: string, mate: string, channel: string, number: number): { readonly block: SizedBlock; readonly bytes: number } | null {
    const before = childOf(this.#held, `${peer}\n${channel}`).get(number - 1);
    if (
      before === undefined ||
      this.#isPushed(peer, mate, channel, number - 1) ||
      this.#firstFrom.get(`${channel}|${number - 1}|${peer}`) === mate ||
      this.#now - before.at > 1_500_000
    )
      return null;
    return { block: { number: number - 1, bytes: before.bytes }, bytes: pushedBytes(before.bytes, number - 1, channel.length) };
  }

  #sayAlive(peer: string): void {
    const bytes = peer.length + 5;
    for (const other of this.#chance.sample(this.#organizations.flat(), 3)) {
      const isMate = this.#matesOf(peer).includes(other);
      const { least, most } = aliveBytes(bytes, isMate ? bytes : null);
      if (other !== peer) this.#tell(peer, other, [this.#chance.whole(least + 2, most - 2)]);
    }
  }

  /** State infos and membership requests, with answers as long as small blocks now and then. */
  #ask(peer: string): void {
    for (const other of this.#chance.sample(this.#organizations.flat(), 3)) {
      if (other === peer) continue;
      const info = stateInfoBytes();
      this.#tell(peer, other, [stateInfoRequestBytes().least]);
      this.#tell(other, peer, [this.#chance.whole(info.least + 3, info.most - 3)], 900);
      this.#tell(other, peer, [17], 4_000);
      if (this.#chance.unit() < 0.3) this.#tell(other, peer, [this.#chance.whole(550, 1_700)], 9_000);
    }
  }

  #pull(peer: string, channel: string): void {
    if (this.#absent.has(peer)) return;
    const asked = this.#chance.sample(this.#matesOf(peer), 3);
    for (const mate of asked) {
      this.#tell(peer, mate, [48]);
      this.#tell(mate, peer, [50], 700);
    }
    this.#after(SECOND, () => {
      const mine = childOf(this.#held, `${peer}\n${channel}`);
      const wanted = new Map<string, SizedBlock[]>();
      const seen = new Set<number>();
      for (const mate of asked)
        for (const [number, { bytes, at: since }] of [...childOf(this.#held, `${mate}\n${channel}`)].slice(-KEPT_FOR_PULL)) {
          if (mine.has(number) || seen.has(number) || since > this.#now - SECOND) continue;
          seen.add(number);
          wanted.set(mate, [...(wanted.get(mate) ?? []), { number, bytes }]);
        }
      for (const [mate, blocks] of wanted) {
        this.#tell(peer, mate, [60]);
        const items = blocks.reduce((sum, b) => sum + pulledItemBytes(b, channel.length), 0);
        const end = this.#tell(mate, peer, [pulledBytes(items, channel.length).most], 1_200);
        if (end !== null) this.#answered(mate, peer, channel, blocks, 'pull', end);
      }
    });
  }

  /** Asks one mate for what lies between its own height and the mate's, eleven blocks at most. */
  #catchUp(peer: string, channel: string): void {
    if (this.#absent.has(peer) || this.#streams.has(`${peer}\n${channel}`)) return;
    const mine = childOf(this.#held, `${peer}\n${channel}`);
    const [mate] = this.#chance.sample(this.#matesOf(peer), 1);
    if (mate === undefined) return;
    let next = 1;
    while (mine.has(next)) next += 1;
    const blocks: SizedBlock[] = [];
    for (let number = next; blocks.length <= KEPT_FOR_PULL; number++) {
      const theirs = childOf(this.#held, `${mate}\n${channel}`).get(number);
      if (theirs === undefined || theirs.at > this.#now - SECOND) break;
      if (!mine.has(number)) blocks.push({ number, bytes: theirs.bytes });
      else break;
    }
    // What pull brings by itself soon is not asked for.
    if (blocks.length < 3) return;
    this.#tell(peer, mate, [52]);
    const payloads = blocks.reduce((sum, { number, bytes }) => sum + statePayloadBytes({ number, bytes: bytes + committedBytes(bytes) }), 0);
    const end = this.#tell(mate, peer, [stateResponseBytes(payloads, channel.length).most], 2_000);
    if (end !== null) this.#answered(mate, peer, channel, blocks, 'state-transfer', end);
  }

  #answered(from: string, to: string, channel: string, blocks: readonly SizedBlock[], kind: TransferKind, end: number): void {
    for (const block of blocks) {
      this.#transfers.push({ from, to, channel, block: block.number, kind });
      this.#at(end + 200, () => {
        const held = childOf(this.#held, `${to}\n${channel}`);
        if (held.has(block.number)) return;
        held.set(block.number, { bytes: block.bytes, at: this.#now });
        this.#firstFrom.set(`${channel}|${block.number}|${to}`, from);
        this.#log(to, channel, block.number);
      });
    }
  }

  // What the capture shows.

  #capture(): GossipNetwork {
    const logs = new Map(this.#links.map((link) => [link, { fromClient: newLog(), fromServer: newLog() }] as const));
    let frame = 0;
    for (const { at: micros, link, isClient, bytes } of this.#writes.filter((w) => w.at <= this.#until).sort((a, b) => a.at - b.at)) {
      const sides = logs.get(link);
      const log = isClient ? sides?.fromClient : sides?.fromServer;
      frame += 1;
      for (let left = bytes; left > 0 && log !== undefined; left -= FULL_RECORD_BYTES)
        if (log.record(at(0) + micros, frame, Math.min(left, FULL_RECORD_BYTES))) log.pass(at(0) + micros + durationOf(bytes), frame);
    }
    const channelOf = new Map<ConnectionFacts, string>();
    const connections = [...logs].map(([link, sides], i): ConnectionFacts => {
      const bursts = { fromClient: sides.fromClient.finish(), fromServer: sides.fromServer.finish() };
      const smallMessages = { fromClient: sides.fromClient.sizes(), fromServer: sides.fromServer.sizes() };
      const total = (side: 'fromClient' | 'fromServer'): number =>
        bursts[side].reduce((sum, b) => sum + b.bytes, 0) + smallMessages[side].reduce((sum, s) => sum + s.total, 0);
      const observed: ObservedConnection = {
        ...buildConnection(`10.0.0.1:${30_000 + i}`, '10.0.0.2', link.openedAt / SECOND, 0),
        lastAt: at((link.closedAt ?? this.#until) / SECOND),
        closedAt: link.closedAt === null ? null : at(link.closedAt / SECOND),
        closedFrame: link.closedAt === null ? null : frame,
        closedBy: link.closedBy,
        bursts,
        smallMessages,
        payloadBytes: { fromClient: total('fromClient'), fromServer: total('fromServer') },
      };
      const facts = { from: link.from, to: link.to, observed, evidence: [{ source: observed.source, frame: observed.firstFrame }] };
      if (link.channel !== null) channelOf.set(facts, link.channel);
      return facts;
    });
    const organization = new Map(this.#organizations.flatMap((members, org) => members.map((m) => [m, `Org${org}MSP`] as const)));
    return {
      connections,
      channelOf,
      transfers: this.#transfers,
      firstFrom: this.#firstFrom,
      terms: this.#terms,
      received: this.#received,
      kindOf: (name) => (organization.has(name) ? 'peer' : this.#orderers.includes(name) ? 'orderer' : null),
      organizationOf: (name) => organization.get(name) ?? null,
      endpointBytes: this.#organizations.flat().map((p) => p.length + 5),
      until: at(this.#until / SECOND),
    };
  }
}

const pairOf = (a: string, b: string): string => (a < b ? `${a}\n${b}` : `${b}\n${a}`);

/** A gigabit's worth. */
const durationOf = (bytes: number): number => Math.round(bytes / 125);

/** Committing adds a flag for each transaction, here one for 3 kB, and a commit hash. */
const committedBytes = (bytes: number): number => 40 + Math.ceil(bytes / 3_000);

const newLog = (): BurstLog => new BurstLog({ left: 1_000_000, refused: 0 }, 1_000_000, 1000);

function childOf<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = new Map<L, V>();
  map.set(key, made);
  return made;
}

/** What the product reads from a network; with the times of the logs, and told whose peers these are, unless `withLogs` or `withOrganizations` are false. */
export function readNetwork(
  network: GossipNetwork,
  { withLogs = true, withOrganizations = true }: { readonly withLogs?: boolean; readonly withOrganizations?: boolean } = {},
): { readonly deliveries: Deliveries; readonly ciphertext: CiphertextTransfers } {
  const received = withLogs ? network.received : new Map();
  const streams = network.connections.filter((c) => network.kindOf(c.from) === 'peer' && network.kindOf(c.to) === 'orderer' && isDeliverStream(c));
  const deliveries = readDeliveries(streams, received);
  const isPeer = (name: string): boolean => network.kindOf(name) === 'peer';
  const ciphertext = readCiphertextTransfers(
    network.connections,
    deliveries,
    received,
    isPeer,
    withOrganizations ? network.organizationOf : () => null,
  );
  return { deliveries, ciphertext };
}

/** A transfer as the product claims it, with the name of its channel, which the product may not know. */
export interface Claim extends TrueTransfer {
  readonly confidence: number;
}

/** What was read as claims; a channel that the product knows by a number alone is the one whose streams have this number. */
export function claimsOf(
  network: GossipNetwork,
  { deliveries, ciphertext }: { readonly deliveries: Deliveries; readonly ciphertext: CiphertextTransfers },
): readonly Claim[] {
  const names = new Map<number, string>();
  for (const s of deliveries.series) if (s.channel === null) names.set(s.group, network.channelOf.get(s.connection) ?? 'none');
  return [...deliverTransfers(deliveries), ...ciphertext.transfers].map(({ from, to, channel, group, block, kind, confidence }) => ({
    from,
    to,
    channel: channel ?? names.get(group) ?? 'none',
    block,
    kind,
    confidence,
  }));
}

/** How many transfers of a kind were claimed with at least this confidence, how many of them happened so, and how many happened at all. */
export function tally(
  network: GossipNetwork,
  claims: readonly Claim[],
  kind: TransferKind,
  leastConfidence = 0,
): { readonly said: number; readonly right: number; readonly happened: number } {
  const happened = new Set(network.transfers.filter((t) => t.kind === kind).map(transferKey));
  const said = new Set(claims.filter((c) => c.kind === kind && c.confidence >= leastConfidence).map(transferKey));
  return { said: said.size, right: [...said].filter((k) => happened.has(k)).length, happened: happened.size };
}

/** The same network as a capture shows it that lacks this share of the large messages. */
export function withoutSomeBursts(network: GossipNetwork, share: number, seed: number): GossipNetwork {
  const chance = chanceOf(seed);
  return withConnections(network, ({ observed }) => {
    const some = <T>(list: readonly T[]): T[] => list.filter(() => chance.unit() >= share);
    return { ...observed, bursts: { fromClient: some(observed.bursts.fromClient), fromServer: some(observed.bursts.fromServer) } };
  });
}

/** The same network whose connections `change` gives other observations; the streams keep their channels. */
export function withConnections(network: GossipNetwork, change: (connection: ConnectionFacts) => ObservedConnection): GossipNetwork {
  const channelOf = new Map<ConnectionFacts, string>();
  const connections = network.connections.map((connection) => {
    const changed = { ...connection, observed: change(connection) };
    const channel = network.channelOf.get(connection);
    if (channel !== undefined) channelOf.set(changed, channel);
    return changed;
  });
  return { ...network, connections, channelOf };
}

/** The connections of one host as if captured there, by a clock that is `micros` ahead. */
export function shiftHost(network: GossipNetwork, host: string, micros: number): GossipNetwork {
  const moved = (instant: Instant): Instant => instantOfMicros(instant + micros);
  return withConnections(network, ({ from, to, observed }) => {
    if (from !== host && to !== host) return observed;
    const shifted = (list: ObservedConnection['bursts']['fromClient']): ObservedConnection['bursts']['fromClient'] =>
      list.map((b) => ({ ...b, firstAt: moved(b.firstAt), lastAt: moved(b.lastAt) }));
    return {
      ...observed,
      firstAt: moved(observed.firstAt),
      lastAt: moved(observed.lastAt),
      bursts: { fromClient: shifted(observed.bursts.fromClient), fromServer: shifted(observed.bursts.fromServer) },
    };
  });
}

/** The logs of one host by a clock that is `micros` ahead. */
export function shiftLog(network: GossipNetwork, host: string, micros: number): GossipNetwork {
  const received = new Map(
    [...network.received].map(([channel, peers]) => [
      channel,
      new Map(
        [...peers].map(([peer, times]) => [peer, peer === host ? new Map([...times].map(([n, t]) => [n, instantOfMicros(t + micros)])) : times]),
      ),
    ]),
  );
  return { ...network, received };
}
