import { formatInstant, type Instant } from '../events/instant.js';
import type { ChannelsRead } from '../reconstruct/channels.js';
import type { CopyFacts, DisseminationFacts } from '../reconstruct/dissemination.js';
import { type LeadershipFacts, type LeadershipRead, leadershipOf } from '../reconstruct/leadership.js';
import { type Lifecycle, startAt } from '../reconstruct/lifecycle.js';
import type { MembershipFacts } from '../reconstruct/membership.js';
import type { Network } from '../reconstruct/network.js';
import type { StreamFacts } from '../reconstruct/ordering.js';
import type { OrganizationFacts } from '../reconstruct/organizations.js';
import type {
  AnchorPeer,
  Block,
  BlockCopy,
  Channel,
  ChannelPeer,
  Leadership,
  Membership,
  Organization,
  Percentiles,
  Propagation,
} from './contract.js';
import { microsOf } from './phrases.js';

export interface ChannelParts {
  readonly network: Network;
  readonly lifecycles: ReadonlyMap<string, Lifecycle>;
  readonly channels: ChannelsRead;
  readonly leadership: LeadershipRead;
  readonly dissemination: DisseminationFacts;
  readonly membership: ReadonlyMap<string, MembershipFacts>;
  readonly organizations: readonly OrganizationFacts[];
  readonly deliverStreams: readonly StreamFacts[];
  /** When a channel gave way to another of its name; those that lasted are not in it. */
  readonly ends: ReadonlyMap<string, Instant>;
}

const time = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

/** Every channel as the contract wants it, by name. */
export function describeChannels(parts: ChannelParts): readonly Channel[] {
  const names = new Set([...parts.channels.peers.keys(), ...parts.dissemination.blocks.keys(), ...parts.membership.keys()]);
  return [...names].sort().map((name) => describeChannel(name, parts));
}

function describeChannel(name: string, parts: ChannelParts): Channel {
  const joined = parts.channels.peers.get(name) ?? new Map();
  const heights = parts.dissemination.heights.get(name);
  const peers: ChannelPeer[] = [...joined.values()]
    .sort((a, b) => (a.peer < b.peer ? -1 : 1))
    .map((p) => {
      const height = heights?.get(p.peer);
      return {
        peer: p.peer,
        joinedAt: time(p.joinedAt),
        via: p.via,
        height: height?.height ?? null,
        evidence: [...p.evidence, ...(height?.evidence ?? [])],
      };
    });
  const membership = parts.membership.get(name);
  const seenOnly = [...(membership?.seen.values() ?? [])].flatMap((view) => [...view.keys()]);
  const present = new Set([...joined.keys(), ...seenOnly]);
  const leaderships = new Map<OrganizationFacts, LeadershipFacts>();
  const organizations = describeOrganizations(name, parts, present, leaderships);
  const blocks = describeBlocks(name, parts, [...leaderships]);
  const ended = parts.ends.get(name);
  const endedAt = ended === undefined ? {} : { endedAt: formatInstant(ended) };
  return { name, ...endedAt, peers, organizations, membership: describeMembership(membership), blocks, propagation: propagationOf(blocks) };
}

function describeOrganizations(
  name: string,
  parts: ChannelParts,
  present: ReadonlySet<string>,
  leaderships: Map<OrganizationFacts, LeadershipFacts>,
): readonly Organization[] {
  const { from, to } = parts.network.window;
  const anchors = parts.channels.anchors.get(name) ?? [];
  const anchorsOf = (mspId: string | null): readonly AnchorPeer[] =>
    anchors
      .filter((a) => a.mspId === mspId)
      .map((a) => ({
        endpoint: a.endpoint,
        learnedAt: Object.fromEntries([...a.learnedAt].sort(([x], [y]) => (x < y ? -1 : 1)).map(([peer, at]) => [peer, formatInstant(at)])),
        evidence: a.evidence,
      }));
  const withPeers = parts.organizations
    .map((o) => ({ organization: o, peers: o.peers.filter((p) => present.has(p)) }))
    .filter((o) => o.peers.length > 0)
    .map(({ organization, peers }): Organization => {
      const leadership = leadershipOf(name, peers, parts.leadership, parts.lifecycles, { from, to: parts.ends.get(name) ?? to });
      leaderships.set(organization, leadership);
      return {
        mspId: organization.mspId,
        basis: organization.basis,
        peers,
        staticLeaders: leadership.staticLeaders,
        anchorPeers: anchorsOf(organization.mspId),
        leadership: describeLeadership(leadership),
      };
    });
  const named = new Set(withPeers.map((o) => o.mspId));
  const absent = (parts.channels.mspIds.get(name) ?? [])
    .filter((mspId) => !named.has(mspId))
    .map(
      (mspId): Organization => ({
        mspId,
        basis: 'log',
        peers: [],
        staticLeaders: [],
        anchorPeers: anchorsOf(mspId),
        leadership: { terms: [], followers: [], overlaps: [], leaderless: [], verdict: 'unknown' },
      }),
    );
  return [...withPeers, ...absent].sort((a, b) => ((a.mspId ?? '~') + (a.peers[0] ?? '') < (b.mspId ?? '~') + (b.peers[0] ?? '') ? -1 : 1));
}

function describeLeadership(l: LeadershipFacts): Leadership {
  return {
    terms: l.terms.map((t) => ({
      peer: t.peer,
      from: formatInstant(t.from),
      to: time(t.to),
      endedBy: t.endedBy,
      basis: 'log',
      evidence: t.evidence,
    })),
    followers: l.followers.map((f) => ({ peer: f.peer, at: formatInstant(f.at), evidence: f.evidence })),
    overlaps: l.overlaps.map((o) => ({ peers: o.peers, from: formatInstant(o.from), to: time(o.to), evidence: o.evidence })),
    leaderless: l.leaderless.map((s) => ({ from: formatInstant(s.from), to: time(s.to), evidence: s.evidence })),
    verdict: l.verdict,
  };
}

function describeMembership(m: MembershipFacts | undefined): Membership {
  if (m === undefined) return { basis: null, changes: [], matrix: [], fullViewAt: {}, convergedAt: null };
  const cells = [...m.seen].flatMap(([observer, view]) =>
    [...view].map(([subject, spans]) => ({
      observer,
      subject,
      firstSeenAt: time(spans[0]?.from ?? null),
      seen: spans.map((s) => ({ from: formatInstant(s.from), to: time(s.to) })),
    })),
  );
  return {
    basis: 'log',
    changes: m.changes.map((c) => ({ ...c, at: formatInstant(c.at) })),
    matrix: cells.sort((a, b) => (`${a.observer} ${a.subject}` < `${b.observer} ${b.subject}` ? -1 : 1)),
    fullViewAt: Object.fromEntries([...m.fullViewAt].sort(([a], [b]) => (a < b ? -1 : 1)).map(([peer, at]) => [peer, time(at)])),
    convergedAt: time(m.convergedAt),
  };
}

interface Path {
  readonly via: BlockCopy['via'];
  readonly from: BlockCopy['from'];
}

/**
 * By which way a block came where only the logs speak: the DEBUG line of the arrival, a state transfer that asked for it, else the peer's own leadership: who pulls from the
 * orderer has it from there, who does not has it from its organization. In an organization of two the other peer is the only possible sender of a push or pull.
 */
function pathOf(
  copy: CopyFacts,
  channel: string,
  parts: ChannelParts,
  leaderships: readonly (readonly [OrganizationFacts, LeadershipFacts])[],
  firstReceivedAt: Instant | null,
): Path {
  if (copy.genesis) return { via: 'genesis', from: null };
  const at = copy.receivedAt ?? copy.committedAt;
  if (at === null) return { via: 'unknown', from: null };
  const since = copy.arrivedAt ?? at;
  const stream = parts.deliverStreams.find(
    (s) =>
      s.peer === copy.peer &&
      // The orderer's call log names no channel: it speaks for the only one.
      (s.channel === channel || (s.channel === null && joinedChannels(copy.peer, parts) === 1)) &&
      (s.openedAt ?? s.knownSince) <= at &&
      (s.closedAt === null || s.closedAt >= since),
  );
  const own = leaderships.find(([o]) => o.peers.includes(copy.peer));
  const leads = own?.[1].terms.some((t) => t.peer === copy.peer && t.from <= at && (t.to === null || t.to >= since)) === true;
  const isStatic = startAt(parts.lifecycles.get(copy.peer), at)?.leaderElection === 'static-leader';
  if (copy.arrivedByDeliver || ((stream !== undefined || leads || isStatic) && copy.transferredFrom === null)) {
    return { via: 'deliver', from: ordererOf(stream, parts) };
  }
  if (copy.transferredFrom !== null) return { via: 'state-transfer', from: { node: copy.transferredFrom, basis: 'log', confidence: 0.9 } };
  const dynamic = startAt(parts.lifecycles.get(copy.peer), at)?.leaderElection === 'dynamic';
  const prompt = firstReceivedAt !== null && at - firstReceivedAt <= PULL_WINDOW_MICROS;
  if (!dynamic || !prompt) return { via: 'unknown', from: null };
  const mates = (own?.[0].peers ?? []).filter((p) => p !== copy.peer && parts.channels.peers.get(channel)?.has(p) === true);
  const [mate] = mates;
  return { via: 'gossip', from: mate !== undefined && mates.length === 1 ? { node: mate, basis: 'leadership', confidence: 0.9 } : null };
}

const joinedChannels = (peer: string, parts: ChannelParts): number => [...parts.channels.peers.values()].filter((peers) => peers.has(peer)).length;

/** Push and pull bring a block within one round or two: pullInterval 4 s, digestWaitTime 1 s; what comes later may be a state transfer. */
const PULL_WINDOW_MICROS = 8_000_000;

function ordererOf(stream: StreamFacts | undefined, parts: ChannelParts): BlockCopy['from'] {
  if (stream?.orderer != null) return { node: stream.orderer, basis: 'log', confidence: 0.95 };
  const orderers = [...parts.network.directory.nodes.values()].filter((n) => n.kind === 'orderer');
  const [only] = orderers;
  return only !== undefined && orderers.length === 1 ? { node: only.name, basis: 'leadership', confidence: 0.9 } : null;
}

const earliest = (moments: readonly (Instant | null)[]): Instant | null =>
  moments.reduce<Instant | null>((a, b) => (b !== null && (a === null || b < a) ? b : a), null);

function describeBlocks(
  name: string,
  parts: ChannelParts,
  leaderships: readonly (readonly [OrganizationFacts, LeadershipFacts])[],
): readonly Block[] {
  return (parts.dissemination.blocks.get(name) ?? []).map((block) => {
    const received = block.copies.map((c) => c.receivedAt);
    const first = earliest(received);
    const last = received.reduce<Instant | null>((a, b) => (b !== null && (a === null || b > a) ? b : a), null);
    const config =
      block.number === 0 || block.copies.some((c) => c.config === true) ? true : block.copies.some((c) => c.config === false) ? false : null;
    return {
      number: block.number,
      numberBasis: 'log',
      transactions: block.copies.find((c) => c.transactions !== null)?.transactions ?? null,
      bytes: null,
      config,
      ordered:
        block.ordered === null
          ? null
          : {
              orderer: block.ordered.orderer,
              createdAt: time(block.ordered.createdAt),
              writtenAt: time(block.ordered.writtenAt),
              evidence: block.ordered.evidence,
            },
      copies: block.copies.map((c): BlockCopy => {
        const path = pathOf(c, name, parts, leaderships, first);
        return {
          peer: c.peer,
          via: path.via,
          from: path.from,
          firstByteAt: null,
          lastByteAt: null,
          receivedAt: time(c.receivedAt),
          validatedAt: time(c.validatedAt),
          validationMillis: c.validationMillis,
          committedAt: time(c.committedAt),
          commit: c.commit,
          lagMicros: c.receivedAt === null || first === null ? null : c.receivedAt - first,
          arrivedAt: time(c.arrivedAt),
          arrivalBasis: c.arrivedAt === null ? null : 'log',
          transfers: [],
          evidence: c.evidence,
        };
      }),
      spreadMicros: first === null || last === null || received.filter((r) => r !== null).length < 2 ? null : last - first,
    };
  });
}

/** Nearest-rank percentiles: the smallest value that at least p percent of the values do not exceed. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (p: number): number | null => sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? null;
  return { count: sorted.length, p50Micros: rank(50), p90Micros: rank(90), p99Micros: rank(99), maxMicros: sorted.at(-1) ?? null };
}

/** How much later than the first peer each peer had each block from number 1 on; the first peer itself counts with 0. */
function propagationOf(blocks: readonly Block[]): Propagation {
  const received = new Map<string, number[]>();
  const committed = new Map<string, number[]>();
  const add = (lags: Map<string, number[]>, peer: string, lag: number): void => {
    const known = lags.get(peer);
    if (known === undefined) lags.set(peer, [lag]);
    else known.push(lag);
  };
  for (const block of blocks) {
    if (block.number < 1) continue;
    const commits = block.copies.flatMap((c) => (c.committedAt === null ? [] : [{ peer: c.peer, at: microsOf(c.committedAt) }]));
    const first = Math.min(...commits.map((c) => c.at));
    if (block.copies.filter((c) => c.lagMicros !== null).length > 1)
      for (const c of block.copies) if (c.lagMicros !== null) add(received, c.peer, c.lagMicros);
    if (commits.length > 1) for (const c of commits) add(committed, c.peer, c.at - first);
  }
  const peers = [...new Set([...received.keys(), ...committed.keys()])].sort();
  return {
    received: percentilesOf([...received.values()].flat()),
    committed: percentilesOf([...committed.values()].flat()),
    byPeer: Object.fromEntries(
      peers.map((p) => [p, { received: percentilesOf(received.get(p) ?? []), committed: percentilesOf(committed.get(p) ?? []) }]),
    ),
  };
}
