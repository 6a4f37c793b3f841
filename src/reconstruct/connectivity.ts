import type { CertificateNames, ObservedConnection } from '../events/connection.js';
import { type Evidence, mergeEvidence } from '../events/evidence.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import { type AddressBook, AddressBook as Book } from '../topology/address-book.js';
import type { Directory, NodeKind } from '../topology/directory.js';
import { isAnonymousHost, isHostName } from '../topology/endpoint.js';
import { groupsOf } from './groups.js';
import type { SilentHost } from './lifecycle.js';

/**
 * Whose connections these are. A certificate in a TLS 1.2 handshake names its owner, and a dialled name (SNI) that the client went on to use was verified by it;
 * both bind the address at that moment. Logs and Docker name the rest. With packets alone a node is what it does: peers talk with one another unasked and are served by
 * orderers, and orderers never dial peers.
 */
export interface ConnectionFacts {
  readonly from: string;
  readonly to: string;
  readonly observed: ObservedConnection;
  readonly evidence: readonly Evidence[];
}

export interface WireNode {
  readonly name: string;
  readonly kind: NodeKind;
  readonly nameBasis: 'certificate' | 'address';
  readonly addresses: readonly string[];
}

/** Two peers between which a capture that covered both shows no connection. */
export interface SilentPair {
  readonly peers: readonly [string, string];
  readonly from: Instant;
  readonly to: Instant;
  /** One connection of each with somebody else: the capture covers both. */
  readonly evidence: readonly Evidence[];
}

export interface ConnectivityFacts {
  readonly connections: readonly ConnectionFacts[];
  readonly wireNodes: readonly WireNode[];
  readonly silentPairs: readonly SilentPair[];
  readonly silentHosts: readonly SilentHost[];
  /** Connections of something else than Fabric. */
  readonly foreign: readonly ObservedConnection[];
  readonly addresses: AddressBook;
}

/** An address of a node as a log line or Docker tells it. */
export interface ToldAddress {
  readonly address: string;
  readonly node: string;
  readonly at: Instant;
  readonly basis: 'log' | 'inspect';
  /** When Docker was asked, where that is known: it held until then. */
  readonly confirmedAt?: Instant | null;
}

/** A dialled name counts as verified when the connection lived this long or carried this much: a client that rejects a certificate leaves at once. */
const VERIFIED_MICROS = 1_000_000;
const VERIFIED_BYTES = 8_000;

/** A message smaller than this is no block: the smallest carries a signed transaction or configuration. */
const SMALLEST_BLOCK_BYTES = 1_000;

export function identifyConnections(
  observed: readonly ObservedConnection[],
  directory: Directory,
  told: readonly ToldAddress[],
  captures: readonly { readonly source: string; readonly from: Instant; readonly to: Instant }[],
): ConnectivityFacts {
  const addresses = new Book();
  for (const t of told) addresses.add(t.address, t.node, t.at, t.basis, t.confirmedAt ?? null);
  const names = observed.map((c) => nameEnds(c, directory, addresses));
  const shared = sharedAddresses(observed, names);
  const ends = observed.map((c, i) => resolveEnds(c, names[i] as EndNames, addresses, shared));
  const isFabric = (c: ObservedConnection, to: string): boolean =>
    directory.nodes.has(to) || c.protocol === 'tls' || c.protocol === 'http2' || (c.protocol === 'unknown' && c.outcome !== 'established');
  const known = new Set([...directory.nodes.keys()]);
  const pairs = observed.map((c, i) => ({ c, ends: ends[i] as Ends }));
  const fabric = pairs.filter(({ c, ends: e }) => isFabric(c, e.to) || (known.has(e.from) && known.has(e.to)));
  // A host that only ever failed to answer is no node.
  const alive = new Set(fabric.flatMap(({ c, ends: e }) => (c.outcome === 'established' ? [e.from, e.to] : [])));
  const kept = fabric.filter(({ ends: e }) => (known.has(e.to) || alive.has(e.to)) && (known.has(e.from) || alive.has(e.from)));
  const connections = kept
    .map(({ c, ends: e }) => ({ from: e.from, to: e.to, observed: c, evidence: evidenceOf(c) }))
    .sort((a, b) => a.observed.firstAt - b.observed.firstAt || (a.from + a.to < b.from + b.to ? -1 : 1));
  const wireNodes = kindsOf(connections, known, names, observed, addresses);
  const kinds = new Map([...wireNodes, ...directory.nodes.values()].map((n) => [n.name, n.kind] as const));
  const kindOf = (name: string): NodeKind | null => kinds.get(name) ?? null;
  const ours = new Set(kept.map((p) => p.c));
  return {
    connections,
    wireNodes,
    silentPairs: captures.flatMap((capture) => silentPairsOf(capture, connections, kindOf)),
    silentHosts: silentHostsOf(connections),
    foreign: observed.filter((c) => !ours.has(c) && c.outcome === 'established'),
    addresses,
  };
}

function evidenceOf(c: ObservedConnection): readonly Evidence[] {
  const frames = [...new Set([c.firstFrame, ...c.handshakeFrames.slice(0, 3), ...(c.closedFrame === null ? [] : [c.closedFrame])])].sort(
    (a, b) => a - b,
  );
  return frames.map((frame) => ({ source: c.source, frame }));
}

interface EndNames {
  readonly client: string | null;
  readonly server: string | null;
}

interface Ends {
  readonly from: string;
  readonly to: string;
}

/** What the handshake says about both ends; each name it proves is remembered for the address at that moment. */
function nameEnds(c: ObservedConnection, directory: Directory, addresses: AddressBook): EndNames {
  const total = c.payloadBytes.fromClient + c.payloadBytes.fromServer;
  const verified = c.outcome === 'established' && c.serverName !== null && (c.lastAt - c.firstAt >= VERIFIED_MICROS || total >= VERIFIED_BYTES);
  const shown = c.serverCertificate === null ? null : nameOfCertificate(c.serverCertificate, directory, c.serverName);
  const dialled = c.serverName === null || !isHostName(c.serverName) ? null : (directory.nodeOfHost(c.serverName) ?? c.serverName);
  const server = shown ?? (verified ? dialled : null);
  const client = c.clientCertificate === null ? null : nameOfCertificate(c.clientCertificate, directory, null);
  if (server !== null) {
    addresses.add(c.server.address, server, c.firstAt, 'certificate');
    addresses.add(`${c.server.address}:${c.server.port}`, server, c.firstAt, 'certificate');
  } else if (dialled !== null && c.outcome === 'established') {
    addresses.add(c.server.address, dialled, c.firstAt, 'server-name');
  }
  if (client !== null) addresses.add(c.client.address, client, c.firstAt, 'certificate');
  return { client, server };
}

/** The node a certificate belongs to: of its names one that a node is known by, else the dialled one, else its common name or first host name. */
function nameOfCertificate(certificate: CertificateNames, directory: Directory, dialled: string | null): string | null {
  const names = [...(certificate.commonName === null ? [] : [certificate.commonName]), ...certificate.dnsNames].filter(
    (n) => isHostName(n) && !n.includes('*') && !/\s/.test(n),
  );
  if (dialled !== null && names.includes(dialled)) return directory.nodeOfHost(dialled) ?? dialled;
  const known = names.map((n) => directory.nodeOfHost(n)).find((n) => n !== null);
  return known ?? names[0] ?? null;
}

/** So long after its server is gone a client may still send to its address, which may be another's by then. */
const LINGER_MICROS = 30_000_000;

/** Addresses that several nodes hold at once, as on one host without containers: alone they name nobody. */
function sharedAddresses(observed: readonly ObservedConnection[], names: readonly EndNames[]): ReadonlySet<string> {
  const spans = new Map<string, Map<string, { from: Instant; to: Instant }>>();
  const note = (address: string, name: string | null, c: ObservedConnection): void => {
    if (name === null) return;
    const until = instantOfMicros(Math.max(c.firstAt, c.lastAt - LINGER_MICROS));
    const byName = spans.get(address) ?? new Map<string, { from: Instant; to: Instant }>();
    spans.set(address, byName);
    const span = byName.get(name);
    if (span === undefined) byName.set(name, { from: c.firstAt, to: until });
    else {
      span.from = instantOfMicros(Math.min(span.from, c.firstAt));
      span.to = instantOfMicros(Math.max(span.to, until));
    }
  };
  for (const [i, c] of observed.entries()) {
    note(c.server.address, names[i]?.server ?? null, c);
    note(c.client.address, names[i]?.client ?? null, c);
  }
  const shared = new Set<string>();
  for (const [address, byName] of spans) {
    let until = Number.NEGATIVE_INFINITY;
    for (const span of [...byName.values()].sort((a, b) => a.from - b.from)) {
      if (span.from < until) shared.add(address);
      until = Math.max(until, span.to);
    }
  }
  for (const c of observed) for (const end of [c.client, c.server]) if (isAnonymousHost(end.address)) shared.add(end.address);
  return shared;
}

function resolveEnds(c: ObservedConnection, names: EndNames, addresses: AddressBook, shared: ReadonlySet<string>): Ends {
  const socket = (end: { readonly address: string; readonly port: number }): string =>
    end.address.includes(':') ? `[${end.address}]:${end.port}` : `${end.address}:${end.port}`;
  const byAddress = (address: string): string | null => (shared.has(address) ? null : addresses.resolve(address, c.firstAt));
  return {
    from: names.client ?? byAddress(c.client.address) ?? c.client.address,
    to:
      names.server ??
      addresses.resolve(`${c.server.address}:${c.server.port}`, c.firstAt) ??
      byAddress(c.server.address) ??
      (shared.has(c.server.address) ? socket(c.server) : c.server.address),
  };
}

/** Conversations shorter than this tell nothing about who they are between. */
const TELLING_MICROS = 8_000_000;

/** A second with less than this from one side carried none of its larger messages. */
const QUIET_BYTES = 600;

/** What a connection's course tells: gossip talks unasked from both sides every few seconds, a served client asks and is answered. */
type Conduct = 'gossip' | 'served' | 'unknown';

/**
 * Gossip's stream carries alive, state info and pull messages of both ends every 4 to 5 s for as long as it lives (gossip/discovery, gossip/gossip/algo/pull.go). On a
 * Deliver stream the client is silent but for flow control after each block, and on the orderers' own links the server is.
 */
function conductOf(c: ObservedConnection): Conduct {
  if (c.outcome !== 'established') return 'unknown';
  const micros = c.lastAt - c.firstAt;
  const large = c.bursts.fromServer.some((b) => b.bytes >= SMALLEST_BLOCK_BYTES);
  if (micros < TELLING_MICROS) return large ? 'served' : 'unknown';
  const begin = Math.floor(c.firstAt / 1_000_000) + 1;
  const later = c.traffic.filter((t) => t.second > begin);
  const unasked = later.filter((t) => t.fromClient > 0 && t.fromServer < QUIET_BYTES).length;
  const unprompted = later.filter((t) => t.fromServer > 0 && t.fromClient < QUIET_BYTES).length;
  const both = [unasked, unprompted].every((n) => n >= Math.max(2, micros / 1_000_000 / 12));
  if (!both) return 'served';
  const quiet = later.filter((t) => t.fromClient < QUIET_BYTES && t.fromServer < QUIET_BYTES);
  const said = (side: 'fromClient' | 'fromServer'): number => quiet.reduce((sum, t) => sum + t[side], 0);
  const [less, more] = [said('fromClient'), said('fromServer')].sort((x, y) => x - y) as [number, number];
  return less * 4 >= more ? 'gossip' : 'served';
}

/** The nodes that only the packets show, each with the kind its conduct tells. */
function kindsOf(
  connections: readonly ConnectionFacts[],
  known: ReadonlySet<string>,
  names: readonly EndNames[],
  observed: readonly ObservedConnection[],
  addresses: AddressBook,
): readonly WireNode[] {
  const certified = new Set(names.flatMap((n) => [n.client, n.server]).filter((n) => n !== null));
  const established = connections.filter((c) => c.observed.outcome === 'established');
  const all = new Set(established.flatMap((c) => [c.from, c.to]));
  const dialled = new Set(established.map((c) => c.to));
  const talks = established.filter((c) => conductOf(c.observed) === 'gossip');
  const partnersOf = new Map<string, Set<string>>();
  for (const c of talks) {
    partnersOf.set(c.from, (partnersOf.get(c.from) ?? new Set()).add(c.to));
    partnersOf.set(c.to, (partnersOf.get(c.to) ?? new Set()).add(c.from));
  }
  const partners = (name: string): ReadonlySet<string> => partnersOf.get(name) ?? new Set();
  // A client that nobody dials may talk both ways too (chaincode does); gossip has more than one partner, or shows a certificate.
  const isMember = (name: string): boolean => partners(name).size > 0 && (dialled.has(name) || partners(name).size > 1 || certified.has(name));
  const groupOf = groupsOf(talks.flatMap((c) => (isMember(c.from) && isMember(c.to) ? [[c.from, c.to] as const] : [])));
  const served = established.filter((c) => conductOf(c.observed) === 'served' && dialled.has(c.from) && groupOf(c.from) !== groupOf(c.to));
  const dials = new Set(established.map((c) => `${groupOf(c.from)}\n${groupOf(c.to)}`));
  const ordererGroups = new Set(served.filter((c) => !dials.has(`${groupOf(c.to)}\n${groupOf(c.from)}`)).map((c) => groupOf(c.to)));
  const kindOf = (name: string): NodeKind => {
    if (ordererGroups.has(groupOf(name))) return 'orderer';
    if (isMember(name)) return 'peer';
    if (!dialled.has(name)) return 'client';
    if (established.some((c) => c.from === name && ordererGroups.has(groupOf(c.to)))) return 'peer';
    const incoming = established.filter((c) => c.to === name);
    const sum = (side: 'fromClient' | 'fromServer'): number => incoming.reduce((total, c) => total + c.observed.payloadBytes[side], 0);
    // Asked by clients alone: an endorser is sent more than it answers, an orderer serves blocks.
    return sum('fromServer') > sum('fromClient') ? 'orderer' : 'peer';
  };
  const seenAt = (name: string): readonly string[] => {
    const held = addresses.addressesOf(name).filter((a) => !/^[^:]*:\d+$/.test(a));
    if (held.length > 0) return held;
    return [...new Set(observed.flatMap((c) => [c.client.address, c.server.address]).filter((a) => a === name))];
  };
  return [...all]
    .filter((name) => !known.has(name))
    .sort()
    .map((name) => ({
      name,
      kind: kindOf(name),
      nameBasis: certified.has(name) || isHostName(name) ? ('certificate' as const) : ('address' as const),
      addresses: seenAt(name),
    }));
}

/**
 * The connections of peers to orderers on which they were served, not those on which they submit: the peer asks once (a signed seek) and the orderer answers with blocks
 * (orderer.AtomicBroadcast/Deliver; a peer's gateway, 2.4 and later, also calls Broadcast, where large messages go the other way).
 */
export function deliverStreamsOf(connections: readonly ConnectionFacts[], kindOf: (name: string) => NodeKind | null): readonly ConnectionFacts[] {
  return connections.filter((c) => kindOf(c.from) === 'peer' && kindOf(c.to) === 'orderer' && isDeliverStream(c));
}

/** Whether a connection to an orderer is one on which the client was served blocks, or waits for them. */
export function isDeliverStream({ observed }: ConnectionFacts): boolean {
  if (observed.outcome !== 'established') return false;
  const asked = observed.bursts.fromClient.filter((b) => b.bytes >= SMALLEST_BLOCK_BYTES / 2);
  const served = observed.bursts.fromServer.filter((b) => b.bytes >= SMALLEST_BLOCK_BYTES);
  const sum = (bursts: readonly { readonly bytes: number }[]): number => bursts.reduce((total, b) => total + b.bytes, 0);
  if (served.length === 0 && (asked.length === 0 || observed.lastAt - observed.firstAt < VERIFIED_MICROS)) return false;
  return asked.length <= 3 || sum(asked) <= sum(served);
}

/**
 * Pairs of peers without any packet between them. A capture covers a pair when it shows both with others; where all its connections share one node, it was taken
 * at that node and knows nothing of the rest.
 */
function silentPairsOf(
  capture: { readonly source: string; readonly from: Instant; readonly to: Instant },
  connections: readonly ConnectionFacts[],
  kindOf: (name: string) => NodeKind | null,
): readonly SilentPair[] {
  const here = connections.filter((c) => c.observed.source === capture.source);
  const nodes = [...new Set(here.flatMap((c) => [c.from, c.to]))];
  if (nodes.some((n) => here.every((c) => c.from === n || c.to === n))) return [];
  const peers = nodes.filter((n) => kindOf(n) === 'peer').sort();
  const met = new Set(here.flatMap((c) => [`${c.from}\n${c.to}`, `${c.to}\n${c.from}`]));
  const witness = (peer: string): readonly Evidence[] => here.find((c) => c.from === peer || c.to === peer)?.evidence.slice(0, 1) ?? [];
  const silent = peers.flatMap((a, i) =>
    peers
      .slice(i + 1)
      .filter((b) => !met.has(`${a}\n${b}`))
      .map((b) => [a, b] as const),
  );
  return silent.map((pair) => ({ peers: pair, from: capture.from, to: capture.to, evidence: mergeEvidence(...pair.map(witness)) }));
}

/** Closings of one process that ends lie this near. */
const SAME_END_MICROS = 1_000_000;

/** Moments at which a node closed whatever it had open and nothing of it went on: how the kernel ends a killed process' connections. */
function silentHostsOf(connections: readonly ConnectionFacts[]): readonly SilentHost[] {
  const nodes = new Set(connections.flatMap((c) => [c.from, c.to]));
  const result: SilentHost[] = [];
  for (const node of nodes) {
    const own = connections.filter((c) => (c.from === node || c.to === node) && c.observed.outcome === 'established');
    const closings = own
      .filter(
        (c) => c.observed.closedAt !== null && (c.observed.closedBy === 'both' || c.observed.closedBy === (c.from === node ? 'client' : 'server')),
      )
      .sort((a, b) => (a.observed.closedAt as Instant) - (b.observed.closedAt as Instant));
    const byEnd = own.map((c) => c.observed).sort((a, b) => a.lastAt - b.lastAt);
    // The earliest begin among the connections from each place on: whether one of those that end later was open already.
    const earliest = byEnd.map((c) => c.firstAt);
    for (let i = earliest.length - 2; i >= 0; i--) earliest[i] = instantOfMicros(Math.min(earliest[i] as Instant, earliest[i + 1] as Instant));
    const indexFrom = (at: number): number => {
      let [low, high] = [0, byEnd.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((byEnd[middle] as ObservedConnection).lastAt < at) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    for (const closing of closings) {
      const at = closing.observed.closedAt as Instant;
      const after = indexFrom(at + SAME_END_MICROS + 1);
      if ((earliest[after] ?? Number.POSITIVE_INFINITY) <= at) continue;
      if (byEnd.slice(indexFrom(at - SAME_END_MICROS), after).filter((c) => c.firstAt <= at).length < 2) continue;
      const frame = closing.observed.closedFrame ?? closing.observed.lastFrame;
      result.push({ node, at, evidence: { source: closing.observed.source, frame } });
    }
  }
  return result;
}
