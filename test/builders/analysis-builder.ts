import type {
  Analysis,
  Block,
  BlockCopy,
  Channel,
  ChannelPeer,
  Connection,
  Leadership,
  MatrixCell,
  Node,
  Organization,
  Percentiles,
  Propagation,
  Timestamp,
} from '../../src/analysis/contract.js';

/** The moment that tests count from. */
export const EPOCH_MILLIS = Date.parse('2030-01-02T03:04:05.000Z');

/** `millis` after {@link EPOCH_MILLIS}, as the contract writes it; whole microseconds. */
export function at(millis: number): Timestamp {
  const micros = Math.round(millis * 1000);
  const whole = Math.floor(micros / 1000);
  return `${new Date(EPOCH_MILLIS + whole).toISOString().slice(0, 23)}${String(micros - whole * 1000).padStart(3, '0')}Z`;
}

/** A valid analysis of nothing, a minute long, with `parts` in place. */
export function buildAnalysis(parts: Partial<Analysis> = {}): Analysis {
  return {
    schemaVersion: 1,
    tool: { name: 'gossipscope', version: '0.0.0' },
    window: { from: at(0), to: at(60_000) },
    sources: [],
    nodes: [],
    channels: [],
    gossip: { bootstrapAttempts: [], suspicions: [], contacts: [], connections: [], silentPairs: [] },
    ordering: { deliverStreams: [], raft: [] },
    unplaced: [],
    findings: [],
    oddities: [],
    walkthrough: [],
    excerpts: {},
    ...parts,
  };
}

/** A peer that started at the beginning and said nothing else. */
export function buildNode(name: string, parts: Partial<Node> = {}): Node {
  return {
    name,
    kind: 'peer',
    mspId: null,
    endpoint: null,
    addresses: [],
    pkiId: null,
    fabricVersion: null,
    nameBasis: 'log',
    bootstrap: null,
    leaderElection: 'unknown',
    timers: {},
    starts: [{ at: at(0), fabricVersion: null, leaderElection: 'unknown', bootstrap: null, basis: 'log', evidence: [] }],
    stops: [],
    ...parts,
  };
}

/** A channel that nobody joined, without views, leaders and blocks. */
export function buildChannel(name: string | null, parts: Partial<Channel> = {}): Channel {
  return {
    name,
    peers: [],
    organizations: [],
    membership: { basis: null, changes: [], matrix: [], fullViewAt: {}, convergedAt: null },
    blocks: [],
    propagation: buildPropagation(),
    ...parts,
  };
}

export function buildChannelPeer(peer: string, joinedMillis: number | null): ChannelPeer {
  return { peer, joinedAt: joinedMillis === null ? null : at(joinedMillis), via: 'genesis', height: null, evidence: [] };
}

/** An organization whose leadership nothing tells. */
export function buildOrganization(mspId: string | null, peers: readonly string[], leadership: Partial<Leadership> = {}): Organization {
  return {
    mspId,
    basis: mspId === null ? 'inferred' : 'log',
    peers,
    staticLeaders: [],
    anchorPeers: [],
    leadership: { terms: [], followers: [], overlaps: [], leaderless: [], verdict: 'unknown', ...leadership },
  };
}

/** What `observer` saw of `subject`: spans in milliseconds after the epoch, the last open where its end is null. */
export function buildMatrixCell(observer: string, subject: string, spans: readonly (readonly [number, number | null])[]): MatrixCell {
  const seen = spans.map(([from, to]) => ({ from: at(from), to: to === null ? null : at(to) }));
  return { observer, subject, firstSeenAt: seen[0]?.from ?? null, seen };
}

/** A block with `copies`, its spread computed from their lags. */
export function buildBlock(number: number, copies: readonly BlockCopy[], parts: Partial<Block> = {}): Block {
  const lags = copies.flatMap((c) => (c.lagMicros === null ? [] : [c.lagMicros]));
  return {
    number,
    numberBasis: 'log',
    transactions: 1,
    bytes: null,
    config: null,
    ordered: null,
    copies,
    spreadMicros: lags.length === 0 ? null : Math.max(...lags),
    ...parts,
  };
}

export function buildCopy(peer: string, parts: Partial<BlockCopy> = {}): BlockCopy {
  return {
    peer,
    via: 'unknown',
    from: null,
    firstByteAt: null,
    lastByteAt: null,
    receivedAt: null,
    validatedAt: null,
    validationMillis: null,
    committedAt: null,
    commit: null,
    lagMicros: null,
    arrivedAt: null,
    arrivalBasis: null,
    transfers: [],
    evidence: [],
    ...parts,
  };
}

export function buildPercentiles(p50Micros: number, p90Micros: number, p99Micros: number, maxMicros: number, count = 1): Percentiles {
  return { count, p50Micros, p90Micros, p99Micros, maxMicros };
}

export function buildPropagation(parts: Partial<Propagation> = {}): Propagation {
  const none: Percentiles = { count: 0, p50Micros: null, p90Micros: null, p99Micros: null, maxMicros: null };
  return { received: none, committed: none, byPeer: {}, ...parts };
}

/** A connection with bytes in given seconds after the epoch. */
export function buildConnection(
  from: string,
  to: string,
  traffic: readonly { readonly second: number; readonly there: number; readonly back: number }[],
  parts: Partial<Connection> = {},
): Connection {
  return {
    from,
    to,
    openedAt: null,
    closedAt: null,
    tls: null,
    bytes: { there: traffic.reduce((sum, t) => sum + t.there, 0), back: traffic.reduce((sum, t) => sum + t.back, 0) },
    traffic: traffic.map((t) => ({ at: at(t.second * 1000), there: t.there, back: t.back })),
    outcome: 'established',
    evidence: [],
    ...parts,
  };
}
