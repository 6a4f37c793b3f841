import type { Evidence } from '../events/evidence.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import { clocksApartByLogs } from './apart-clocks.js';
import { type CiphertextTransfers, deliverTransfers, readCiphertextTransfers } from './ciphertext-transfers.js';
import { type ConnectionFacts, deliverStreamsOf } from './connectivity.js';
import { type Deliveries, type ReceivedTimes, readDeliveries, STAMP_MICROS } from './deliveries.js';
import type { ElectionMode, SilentHost } from './lifecycle.js';
import { itemsWithin } from './moments.js';
import { obtain } from './network.js';
import { readPlaintextStreams, readPlaintextTerms } from './plaintext-leadership.js';
import { type PlaintextHeight, type PlaintextMembershipChange, readPlaintextHeights, readPlaintextMembership } from './plaintext-membership.js';
import { readPlaintextTraffic, readPlaintextTransfers } from './plaintext-transfers.js';
import { copyKey, type UsedCopy, usedCopies } from './used-copies.js';
import type { PurposeTraffic, WireBasis, WireTerm, WireTransfer } from './wire-facts.js';
import { isFetch, readWireLeadership } from './wire-leadership.js';
import { readWirePurposes } from './wire-purposes.js';

/** A stream on which an orderer serves a peer. */
export interface ServedStream {
  readonly orderer: string;
  readonly peer: string;
  readonly channel: string | null;
  readonly openedAt: Instant | null;
  readonly closedAt: Instant | null;
  readonly blocks: number | null;
  readonly basis: WireBasis;
  readonly evidence: readonly Evidence[];
}

/** All that the packets tell of blocks, leaders and members, beside what the logs tell. */
export interface WireFacts {
  readonly transfers: readonly WireTransfer[];
  readonly used: ReadonlyMap<string, UsedCopy>;
  readonly terms: readonly WireTerm[];
  readonly traffic: readonly PurposeTraffic[];
  readonly streams: readonly ServedStream[];
  readonly membership: readonly PlaintextMembershipChange[];
  /** Ledger heights as peers told them in plaintext, by channel, peer and time. */
  readonly heights: readonly PlaintextHeight[];
  /** Messages between peers as large as a block's that no block explains. */
  readonly unexplained: number;
  /** Bytes that the captures lack of connections between peers and with orderers. */
  readonly bytesMissing: number;
  /** When packets were captured. */
  readonly captured: readonly { readonly from: Instant; readonly to: Instant }[];
  /** Lengths of blocks, by channel key and number, where the wire tells. */
  readonly sizes: ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;
  /** Whether two peers are of one organization, as told or as their pushes show. */
  readonly areMates: (a: string, b: string) => boolean | null;
  /** Peers whose log has blocks received before the packets brought them, or always as much earlier or later than most others: their clock is not the capture's. */
  readonly strangeClocks: readonly string[];
}

export interface WireParts {
  readonly connections: readonly ConnectionFacts[];
  readonly received: ReceivedTimes;
  readonly kindOf: (name: string) => 'peer' | 'orderer' | 'client' | null;
  readonly organizationOf: (peer: string) => string | null;
  readonly modeAt: (peer: string, at: Instant) => ElectionMode;
  readonly nameOf: (pkiId: string) => string | null;
  readonly endpointBytes: readonly number[];
  readonly silentHosts: readonly SilentHost[];
  /** When packets were captured. */
  readonly captured: readonly { readonly from: Instant; readonly to: Instant }[];
}

/** Clocks of one host agree within less, and log stamps are whole milliseconds. */
const CLOCK_SLACK_MICROS = 5_000;
/** No peer keeps most of its blocks waiting for so long. */
const MOST_DELAY_MICROS = 120_000_000;
const FEWEST_COMPARED = 3;
/** A block leaves the buffer of a peer in step so soon after it came. */
const IN_STEP_MICROS = 500_000;

/** Reads everything that the packets tell. Names and organizations come from logs and Docker where they tell; times of peers whose clocks contradict the packets are left out. */
export function reconstructWire(all: WireParts): WireFacts {
  const parts = { ...all, connections: seenOnce(all.connections) };
  const { connections, kindOf } = parts;
  const served = deliverStreamsOf(connections, kindOf);
  const until = parts.captured.reduce((last, c) => (c.to > last ? c.to : last), instantOfMicros(0));
  // Streams are numbered by their peers' logs: one whose clock is wrong would number them wrongly, and what follows would agree with it.
  const unlikeOthers = clocksApartByLogs(parts.received);
  let received = withoutPeers(parts.received, new Set(unlikeOthers));
  let read = readCiphertext(parts, served, received);
  const unlikePackets = clocksApart(read, received);
  if (unlikePackets.length > 0) {
    received = withoutPeers(received, new Set(unlikePackets));
    read = readCiphertext(parts, served, received);
  }
  const strangeClocks = [...unlikeOthers, ...unlikePackets].sort();
  const named = nameGroups([...deliverTransfers(read.deliveries), ...read.ciphertext.transfers], received);
  const plain = readPlaintextTransfers(connections, kindOf);
  const transfers = [...named.transfers, ...plain].sort((a, b) => a.lastAt - b.lastAt || a.firstAt - b.firstAt || (sortKey(a) < sortKey(b) ? -1 : 1));
  const used = usedCopies(
    transfers,
    (t) =>
      received
        .get(t.channel ?? '')
        ?.get(t.to)
        ?.get(t.block) ?? null,
  );
  const leadership = readWireLeadership({
    connections,
    deliveries: read.deliveries,
    channelBytes: read.ciphertext.channelBytes,
    kindOf,
    modeAt: parts.modeAt,
    areMates: read.ciphertext.areMates,
    silentHosts: parts.silentHosts,
    until,
  });
  const isElected = (t: WireTerm): boolean => ['dynamic', 'unknown'].includes(parts.modeAt(t.peer, t.from));
  const plaintextTerms = readPlaintextTerms(connections, parts.nameOf, until).filter(isElected);
  const leaders = new Set([...read.deliveries.series.map((s) => s.peer), ...leadership.terms.map((t) => t.peer)]);
  return {
    transfers,
    used,
    terms: [...leadership.terms.map((t) => named.term(t)), ...plaintextTerms],
    traffic: [
      ...readWirePurposes({
        connections,
        transfers: named.transfers,
        channelBytes: read.ciphertext.channelBytes,
        kindOf,
        endpointBytes: parts.endpointBytes,
        leaders,
      }),
      ...readPlaintextTraffic(connections, plain),
    ],
    streams: [...encryptedStreams(served, read.deliveries, named.channelOf), ...plaintextStreams(connections)],
    membership: readPlaintextMembership(connections, parts.nameOf, until),
    heights: readPlaintextHeights(connections, parts.nameOf),
    unexplained: read.ciphertext.unexplained,
    bytesMissing: connections.reduce((sum, c) => (kindOf(c.from) === 'client' || kindOf(c.to) === 'client' ? sum : sum + c.observed.bytesMissing), 0),
    captured: parts.captured,
    sizes: named.sizes(read.deliveries.sizes),
    areMates: read.ciphertext.areMates,
    strangeClocks,
  };
}

/** Of the same connection in several captures, as taken beside each container, the one that holds the most of it. */
function seenOnce(connections: readonly ConnectionFacts[]): readonly ConnectionFacts[] {
  const sights = new Map<string, ConnectionFacts[]>();
  for (const c of connections) {
    const { client, server } = c.observed;
    obtain(sights, `${client.address} ${client.port} ${server.address} ${server.port}`, () => []).push(c);
  }
  const dropped = new Set<ConnectionFacts>();
  const bytesOf = (c: ConnectionFacts): number => c.observed.payloadBytes.fromClient + c.observed.payloadBytes.fromServer;
  for (const same of sights.values()) {
    if (same.length < 2) continue;
    const kept: ConnectionFacts[] = [];
    for (const c of [...same].sort((a, b) => bytesOf(b) - bytesOf(a) || (a.observed.source < b.observed.source ? -1 : 1))) {
      const overlaps = (k: ConnectionFacts): boolean =>
        k.observed.source !== c.observed.source && k.observed.firstAt <= c.observed.lastAt && c.observed.firstAt <= k.observed.lastAt;
      if (kept.some(overlaps)) dropped.add(c);
      else kept.push(c);
    }
  }
  return connections.filter((c) => !dropped.has(c));
}

const sortKey = (t: WireTransfer): string => `${t.channel}\n${t.group}\n${t.block}\n${t.from}\n${t.to}`;

interface Ciphertext {
  readonly deliveries: Deliveries;
  readonly ciphertext: CiphertextTransfers;
}

function readCiphertext({ connections, kindOf, organizationOf }: WireParts, served: readonly ConnectionFacts[], received: ReceivedTimes): Ciphertext {
  const streams = served.filter((c) => c.observed.protocol === 'tls' && !isFetch(c));
  const deliveries = readDeliveries(streams, received);
  return { deliveries, ciphertext: readCiphertextTransfers(connections, deliveries, received, (name) => kindOf(name) === 'peer', organizationOf) };
}

/** The peers of whose blocks the most were received, by the log, before the packets had brought them or minutes after. */
function clocksApart({ deliveries, ciphertext }: Ciphertext, received: ReceivedTimes): readonly string[] {
  const first = new Map<string, Instant>();
  for (const t of [...deliverTransfers(deliveries), ...ciphertext.transfers]) {
    if (t.channel === null) continue;
    const key = `${t.channel}\n${t.to}\n${t.block}`;
    const known = first.get(key);
    if (known === undefined || t.lastAt < known) first.set(key, t.lastAt);
  }
  const counts = new Map<string, { compared: number; apart: number }>();
  for (const [key, arrived] of first) {
    const [channel, peer, block] = key.split('\n') as [string, string, string];
    const at = received.get(channel)?.get(peer)?.get(Number(block));
    if (at === undefined) continue;
    const count = obtain(counts, peer, () => ({ compared: 0, apart: 0 }));
    count.compared += 1;
    if (at + CLOCK_SLACK_MICROS < arrived || at - arrived > MOST_DELAY_MICROS) count.apart += 1;
  }
  return [...counts]
    .filter(([, c]) => c.compared >= FEWEST_COMPARED && c.apart * 2 > c.compared)
    .map(([peer]) => peer)
    .sort();
}

function withoutPeers(received: ReceivedTimes, peers: ReadonlySet<string>): ReceivedTimes {
  return new Map([...received].map(([channel, byPeer]) => [channel, new Map([...byPeer].filter(([peer]) => !peers.has(peer)))]));
}

interface NamedGroups {
  readonly transfers: readonly WireTransfer[];
  term(term: WireTerm): WireTerm;
  channelOf(group: number): string | null;
  sizes(sizes: WireFacts['sizes']): WireFacts['sizes'];
}

/**
 * Gives a channel that no stream's peer has a log of its name and numbers after all: by other peers' logs, in which its blocks left the buffer right after they came. The
 * numbers differ by the same amount for all blocks.
 */
function nameGroups(transfers: readonly WireTransfer[], received: ReceivedTimes): NamedGroups {
  const votes = new Map<number, Map<string, { count: number; weight: number }>>();
  const compared = new Map<number, number>();
  const orders = new Map<string, readonly (readonly [number, Instant])[]>();
  const inOrder = (channel: string, peer: string): readonly (readonly [number, Instant])[] =>
    obtain(orders, `${channel}\n${peer}`, () => [...(received.get(channel)?.get(peer) ?? [])].sort(([, a], [, b]) => a - b));
  for (const t of transfers) {
    if (t.channel !== null || t.kind === 'pull' || t.kind === 'state-transfer') continue;
    let counted = false;
    for (const channel of received.keys())
      for (const [number, at] of itemsWithin(inOrder(channel, t.to), ([, at]) => at, t.lastAt - STAMP_MICROS, IN_STEP_MICROS)) {
        const delay = at + STAMP_MICROS - t.lastAt;
        counted = true;
        const offsets = obtain(votes, t.group, () => new Map<string, { count: number; weight: number }>());
        const vote = obtain(offsets, `${channel}\n${number - t.block}`, () => ({ count: 0, weight: 0 }));
        vote.count += 1;
        // The next block of a quick network is received within the time as well, but later than the right one.
        vote.weight += 1 / (delay + CLOCK_SLACK_MICROS);
      }
    if (counted) compared.set(t.group, (compared.get(t.group) ?? 0) + 1);
  }
  const names = new Map<number, { readonly channel: string; readonly offset: number }>();
  for (const [group, offsets] of votes) {
    const [best] = [...offsets].sort(([a, n], [b, m]) => m.weight - n.weight || (a < b ? -1 : 1));
    if (best === undefined || best[1].count < FEWEST_COMPARED || best[1].count * 2 < (compared.get(group) ?? 0)) continue;
    const [channel, offset] = best[0].split('\n') as [string, string];
    names.set(group, { channel, offset: Number(offset) });
  }
  const of = (t: { readonly channel: string | null; readonly group: number }) => (t.channel === null ? names.get(t.group) : undefined);
  return {
    transfers: transfers.map((t) => {
      const name = of(t);
      return name === undefined ? t : { ...t, channel: name.channel, group: 0, block: t.block + name.offset };
    }),
    term(term) {
      const name = of(term);
      return name === undefined ? term : { ...term, channel: name.channel, group: 0 };
    },
    channelOf: (group) => names.get(group)?.channel ?? null,
    sizes: (sizes) =>
      new Map(
        [...sizes].map(([key, blocks]) => {
          const name = key.startsWith('#') ? names.get(Number(key.slice(1))) : undefined;
          return name === undefined ? [key, blocks] : [name.channel, new Map([...blocks].map(([n, s]) => [n + name.offset, s]))];
        }),
      ),
  };
}

function encryptedStreams(
  served: readonly ConnectionFacts[],
  deliveries: Deliveries,
  channelOf: (group: number) => string | null,
): readonly ServedStream[] {
  const series = new Map(deliveries.series.map((s) => [s.connection, s] as const));
  return served
    .filter((c) => c.observed.protocol !== 'http2')
    .map((c) => {
      const own = series.get(c);
      return {
        orderer: c.to,
        peer: c.from,
        channel: own === undefined ? null : (own.channel ?? channelOf(own.group)),
        openedAt: c.observed.synAt,
        closedAt: c.observed.closedAt,
        blocks: own === undefined ? null : new Set(own.blocks.map((b) => b.block)).size,
        basis: 'packets',
        evidence: c.evidence,
      };
    });
}

function plaintextStreams(connections: readonly ConnectionFacts[]): readonly ServedStream[] {
  return readPlaintextStreams(connections).map((s) => ({ ...s, basis: 'plaintext' }));
}

/** The copy of a block that a peer used, or null. */
export function usedCopyOf(wire: WireFacts, channel: string | null, group: number, block: number, peer: string): UsedCopy | null {
  return wire.used.get(copyKey(channel, group, block, peer)) ?? null;
}
