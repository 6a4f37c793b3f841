import { mergeEvidence } from '../events/evidence.js';
import { formatInstant, type Instant } from '../events/instant.js';
import { keyOfChannel } from '../reconstruct/deliveries.js';
import { obtain } from '../reconstruct/network.js';
import { firstCopies } from '../reconstruct/used-copies.js';
import { usedCopyOf, type WireFacts } from '../reconstruct/wire.js';
import type { WireTerm, WireTransfer } from '../reconstruct/wire-facts.js';
import type {
  Block,
  BlockBudget,
  BlockCopy,
  BudgetStage,
  Channel,
  ChannelPeer,
  Leadership,
  Membership,
  Organization,
  Span,
  Term,
  TermDistance,
  Transfer,
  WireCoverage,
} from './contract.js';
import { microsOf } from './phrases.js';

/** A channel as logs describe it gains what the packets tell; channels that only packets show are added. What the logs say stays as it is. */
export function addWire(
  channels: readonly Channel[],
  wire: WireFacts,
  organizationOf: (peer: string) => OrganizationName | null,
): readonly Channel[] {
  const byKey = new Map<string, WireTransfer[]>();
  for (const t of wire.transfers) obtain(byKey, keyOf(t), () => []).push(t);
  const known = new Set(channels.map((c) => c.name ?? ''));
  const shown = [...byKey.keys()].filter((key) => !known.has(key));
  for (const change of wire.membership) if (!known.has(change.channel) && !shown.includes(change.channel)) shown.push(change.channel);
  const all = [...channels, ...shown.sort().map((key) => emptyChannel(key.startsWith('#') ? null : key))];
  const keys = [...channels.map((c) => c.name ?? ''), ...shown.sort()];
  return all.map((channel, i) => addToChannel(channel, keys[i] as string, byKey.get(keys[i] as string) ?? [], wire, organizationOf));
}

export interface OrganizationName {
  readonly mspId: string | null;
  readonly basis: Organization['basis'];
}

const keyOf = (t: { readonly channel: string | null; readonly group: number }): string => keyOfChannel(t.channel, t.group);
const groupOf = (key: string): number => (key.startsWith('#') ? Number(key.slice(1)) : 0);
const nameOf = (key: string): string | null => (key.startsWith('#') ? null : key);

function emptyChannel(name: string | null): Channel {
  const none = { count: 0, p50Micros: null, p90Micros: null, p99Micros: null, maxMicros: null };
  return {
    name,
    peers: [],
    organizations: [],
    membership: { basis: null, changes: [], matrix: [], fullViewAt: {}, convergedAt: null },
    blocks: [],
    propagation: { received: none, committed: none, byPeer: {} },
  };
}

function addToChannel(
  channel: Channel,
  key: string,
  transfers: readonly WireTransfer[],
  wire: WireFacts,
  organizationOf: (peer: string) => OrganizationName | null,
): Channel {
  const terms = wire.terms.filter((t) => keyOf(t) === key);
  const changes = wire.membership.filter((c) => c.channel === key);
  if (transfers.length + terms.length + changes.length === 0) return channel;
  const blocks = addToBlocks(channel.blocks, key, transfers, wire);
  const members = new Set([
    ...channel.peers.map((p) => p.peer),
    ...transfers.filter((t) => t.kind !== 'unknown').map((t) => t.to),
    ...terms.map((t) => t.peer),
  ]);
  for (const c of changes) members.add(c.observer);
  const peers = [
    ...channel.peers,
    ...[...members]
      .filter((m) => !channel.peers.some((p) => p.peer === m))
      .sort()
      .map((peer): ChannelPeer => ({ peer, joinedAt: null, via: 'unknown', height: null, evidence: [] })),
  ]
    .map((p) => addHeight(p, key, wire))
    .sort((a, b) => (a.peer < b.peer ? -1 : 1));
  const organizations = addOrganizations(channel.organizations, [...members].sort(), matesBy(transfers, wire.areMates), organizationOf);
  const coverage = coverageOf(blocks, transfers, wire);
  return {
    ...channel,
    peers,
    organizations: organizations.map((o) => ({ ...o, leadership: addTerms(o, terms, transfers) })),
    membership: addMembership(channel.membership, changes),
    blocks,
    ...(coverage === null ? {} : { wire: coverage }),
  };
}

type Mates = (a: string, b: string) => boolean;

/** A push leaves no organization (gossip/gossip/gossip_impl.go, gossipBatch); one that is all but sure shows mates where a few blocks are too few to judge by. */
const TELLING_PUSH_CONFIDENCE = 0.9;

function matesBy(transfers: readonly WireTransfer[], areMates: WireFacts['areMates']): Mates {
  const pushed = new Set(
    transfers.flatMap((t) => (t.kind === 'push' && t.confidence >= TELLING_PUSH_CONFIDENCE ? [`${t.from}\n${t.to}`, `${t.to}\n${t.from}`] : [])),
  );
  return (a, b) => areMates(a, b) ?? pushed.has(`${a}\n${b}`);
}

/** A peer that stands alone for want of anything that tells its organization. */
const isAlone = (o: Organization): boolean =>
  o.mspId === null &&
  o.peers.length === 1 &&
  o.staticLeaders.length + o.anchorPeers.length + o.leadership.terms.length + o.leadership.followers.length === 0;

/** Peers that no organization told of claims are put together where the wire shows them to be mates. */
function addOrganizations(
  told: readonly Organization[],
  members: readonly string[],
  areMates: Mates,
  organizationOf: (peer: string) => OrganizationName | null,
): readonly Organization[] {
  const organizations = told.filter((o) => !isAlone(o)).map((o) => ({ ...o, peers: [...o.peers] }));
  const claimed = new Set(organizations.flatMap((o) => o.peers));
  const groups: { readonly name: OrganizationName | null; readonly peers: string[] }[] = [];
  const alone = told.filter(isAlone).flatMap((o) => o.peers);
  for (const peer of [...new Set([...members, ...alone])].sort()) {
    if (claimed.has(peer)) continue;
    const name = organizationOf(peer);
    const own = organizations.find((o) => (name?.mspId == null ? o.peers.some((p) => areMates(p, peer)) : o.mspId === name.mspId));
    if (own !== undefined) {
      own.peers.push(peer);
      continue;
    }
    const fits = (g: (typeof groups)[number]): boolean =>
      (name?.mspId != null && g.name?.mspId === name.mspId) || g.peers.some((p) => areMates(p, peer));
    const [mates, ...joined] = groups.filter(fits);
    if (mates === undefined) groups.push({ name, peers: [peer] });
    else mates.peers.push(...joined.flatMap((g) => g.peers), peer);
    for (const g of joined) groups.splice(groups.indexOf(g), 1);
  }
  const added = groups.map(
    ({ name, peers }): Organization => ({
      mspId: name?.mspId ?? null,
      basis: name?.basis ?? 'inferred',
      peers: peers.sort(),
      staticLeaders: [],
      anchorPeers: [],
      leadership: { terms: [], followers: [], overlaps: [], leaderless: [], verdict: 'unknown' },
    }),
  );
  return [...organizations.map((o) => ({ ...o, peers: o.peers.sort() })), ...added];
}

function addTerms(organization: Organization, terms: readonly WireTerm[], transfers: readonly WireTransfer[]): Leadership {
  const { leadership, peers } = organization;
  const own = terms.filter((t) => peers.includes(t.peer)).map(describeTerm);
  if (own.length === 0) return leadership;
  const logged = leadership.terms.filter((t) => t.basis === 'log');
  const apart = logged.flatMap((t) => distanceOf(t, own));
  const lastSeen = transfers.reduce((last, t) => (peers.includes(t.to) ? Math.max(last, t.lastAt) : last), 0);
  const alone = logged.length === 0 ? pictureOf(own, lastSeen) : {};
  return { ...leadership, ...alone, terms: [...leadership.terms, ...own], ...(apart.length === 0 ? {} : { apart }) };
}

function describeTerm(t: WireTerm): Term {
  return {
    peer: t.peer,
    from: formatInstant(t.from),
    to: t.to === null ? null : formatInstant(t.to),
    endedBy: t.endedBy,
    basis: t.basis,
    evidence: t.evidence,
  };
}

/** A stream opens within so long of the line that says so; a second start within it would be another term. */
const SAME_TERM_MICROS = 5_000_000;

function distanceOf(term: Term, others: readonly Term[]): readonly TermDistance[] {
  const from = microsOf(term.from);
  const near = others
    .filter((o) => o.peer === term.peer && Math.abs(microsOf(o.from) - from) <= SAME_TERM_MICROS)
    .sort((a, b) => Math.abs(microsOf(a.from) - from) - Math.abs(microsOf(b.from) - from))[0];
  if (near === undefined) return [];
  const toMicros = term.to === null || near.to === null ? null : microsOf(near.to) - microsOf(term.to);
  return [{ peer: term.peer, from: term.from, fromMicros: microsOf(near.from) - from, toMicros }];
}

/** Overlaps, gaps and verdict of terms that only the packets tell; `lastSeen` is when the organization was last sent a block. */
function pictureOf(terms: readonly Term[], lastSeen: number): Pick<Leadership, 'overlaps' | 'leaderless' | 'verdict'> {
  const end = (t: Term): number => (t.to === null ? Number.POSITIVE_INFINITY : microsOf(t.to));
  const moments = [...new Set(terms.flatMap((t) => [microsOf(t.from), end(t)]))].sort((a, b) => a - b);
  const overlaps: { peers: string[]; from: string; to: string | null; evidence: Span['evidence'] }[] = [];
  const leaderless: { from: string; to: string | null; evidence: Span['evidence'] }[] = [];
  for (const [i, from] of moments.entries()) {
    const to = moments[i + 1] ?? Number.POSITIVE_INFINITY;
    if (from === Number.POSITIVE_INFINITY || (to === Number.POSITIVE_INFINITY && moments[i + 1] === undefined && !terms.some((t) => t.to === null))) {
      if (from !== Number.POSITIVE_INFINITY)
        leaderless.push({ from: formatInstant(from as Instant), to: null, evidence: terms.at(-1)?.evidence ?? [] });
      continue;
    }
    const leading = terms.filter((t) => microsOf(t.from) <= from && end(t) >= to && end(t) > from);
    const span = { from: formatInstant(from as Instant), to: to === Number.POSITIVE_INFINITY ? null : formatInstant(to as Instant) };
    const peers = [...new Set(leading.map((t) => t.peer))].sort();
    const last = overlaps.at(-1);
    if (peers.length > 1 && last?.to === span.from && last.peers.join() === peers.join()) last.to = span.to;
    else if (peers.length > 1) overlaps.push({ peers, ...span, evidence: mergeEvidence(...leading.map((t) => t.evidence)) });
    if (peers.length === 0) leaderless.push({ ...span, evidence: terms.findLast((t) => end(t) <= from)?.evidence ?? [] });
  }
  // The last to lead went down, and nobody was sent a block afterwards: the organization was shut down, not left without a leader.
  const lastEnd = Math.max(...terms.map(end));
  const isShutDown = terms.some((t) => end(t) === lastEnd && t.endedBy === 'stopped') && lastSeen <= lastEnd + SHUTDOWN_SLACK_MICROS;
  const gaps = isShutDown ? leaderless.filter((l) => l.to !== null) : leaderless;
  return { overlaps, leaderless: gaps, verdict: verdictOf(terms, end, isShutDown ? lastEnd : Number.POSITIVE_INFINITY) };
}

const SHUTDOWN_SLACK_MICROS = 2_000_000;
/** Peers of an organization that is taken down as a whole stop within so long. */
const SHUTDOWN_MICROS = 30_000_000;

/** How it stood at the end, before the shutdown: as where logs tell. */
function verdictOf(terms: readonly Term[], end: (t: Term) => number, until: number): Leadership['verdict'] {
  const stops = terms.filter((t) => t.endedBy === 'stopped').map(end);
  const at = Math.min(until, ...stops.filter((s) => until - s <= SHUTDOWN_MICROS));
  const leaders = new Set(terms.filter((t) => microsOf(t.from) < at && end(t) >= at).map((t) => t.peer)).size;
  return leaders === 0 ? 'leaderless' : leaders === 1 ? 'single-leader' : 'overlapping';
}

/** The ledger height that a peer told last in plaintext, where its log tells none. */
function addHeight(peer: ChannelPeer, key: string, wire: WireFacts): ChannelPeer {
  const told = wire.heights.findLast((h) => h.channel === key && h.peer === peer.peer);
  return told === undefined || peer.height !== null ? peer : { ...peer, height: told.height, evidence: mergeEvidence(peer.evidence, told.evidence) };
}

/** Views that nothing logged: as the plaintext told each observer. */
function addMembership(membership: Membership, changes: WireFacts['membership']): Membership {
  if (changes.length === 0) return membership;
  if (membership.basis !== null) return addUnloggedViews(membership, changes);
  const observers = [...new Set(changes.map((c) => c.observer))].sort();
  const everybody = new Set([...observers, ...changes.flatMap((c) => c.members)]);
  const matrix: Membership['matrix'][number][] = [];
  const fullViewAt: { [observer: string]: string | null } = {};
  for (const observer of observers) {
    const own = changes.filter((c) => c.observer === observer);
    const seen = new Map<string, { from: string; to: string | null }[]>();
    fullViewAt[observer] = null;
    for (const change of own) {
      const at = formatInstant(change.at);
      for (const subject of change.online) obtain(seen, subject, () => []).push({ from: at, to: null });
      for (const subject of change.offline) {
        const last = seen.get(subject)?.at(-1);
        if (last !== undefined) last.to = at;
      }
      if (fullViewAt[observer] === null && change.members.length >= everybody.size - 1) fullViewAt[observer] = at;
    }
    for (const [subject, spans] of [...seen].sort(([a], [b]) => (a < b ? -1 : 1)))
      matrix.push({ observer, subject, firstSeenAt: spans[0]?.from ?? null, seen: spans });
  }
  return {
    basis: 'plaintext',
    changes: changes.map((c) => ({
      observer: c.observer,
      at: formatInstant(c.at),
      online: c.online,
      offline: c.offline,
      members: c.members,
      basis: 'plaintext',
      evidence: c.evidence,
    })),
    matrix,
    fullViewAt,
    convergedAt: convergedAt(changes, everybody),
  };
}

/** Views of observers whose log tells none stand beside the logged ones; what all saw together stays as the logs have it. */
function addUnloggedViews(membership: Membership, changes: WireFacts['membership']): Membership {
  const logged = new Set(membership.changes.map((c) => c.observer));
  const others = changes.filter((c) => !logged.has(c.observer));
  if (others.length === 0) return membership;
  const told = addMembership({ basis: null, changes: [], matrix: [], fullViewAt: {}, convergedAt: null }, others);
  return {
    ...membership,
    changes: [...membership.changes, ...told.changes].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.observer < b.observer ? -1 : 1)),
    matrix: [...membership.matrix, ...told.matrix].sort((a, b) => (`${a.observer} ${a.subject}` < `${b.observer} ${b.subject}` ? -1 : 1)),
  };
}

function convergedAt(changes: WireFacts['membership'], everybody: ReadonlySet<string>): string | null {
  const views = new Map<string, number>();
  for (const change of [...changes].sort((a, b) => a.at - b.at)) {
    views.set(change.observer, change.members.length);
    if (views.size === everybody.size && [...views.values()].every((n) => n >= everybody.size - 1)) return formatInstant(change.at);
  }
  return null;
}

function addToBlocks(blocks: readonly Block[], key: string, transfers: readonly WireTransfer[], wire: WireFacts): readonly Block[] {
  const byBlock = new Map<number, WireTransfer[]>();
  for (const t of transfers) obtain(byBlock, t.block, () => []).push(t);
  const known = new Map(blocks.map((b) => [b.number, b] as const));
  const numbers = [...new Set([...known.keys(), ...byBlock.keys()])].sort((a, b) => a - b);
  return numbers.map((number) => {
    const own = byBlock.get(number) ?? [];
    const block =
      known.get(number) ?? newBlock(number, own.some((t) => t.basis === 'plaintext') ? 'plaintext' : nameOf(key) === null ? 'relative' : 'log');
    return own.length === 0 ? block : addToBlock(block, key, own, wire);
  });
}

function newBlock(number: number, numberBasis: Block['numberBasis']): Block {
  return { number, numberBasis, transactions: null, bytes: null, config: null, ordered: null, copies: [], spreadMicros: null };
}

function addToBlock(block: Block, key: string, transfers: readonly WireTransfer[], wire: WireFacts): Block {
  const arrivals = new Map<string, WireTransfer[]>();
  for (const t of transfers) obtain(arrivals, t.to, () => []).push(t);
  const missing = [...arrivals.keys()].filter((peer) => !block.copies.some((c) => c.peer === peer)).map(newCopy);
  const copies = [...block.copies, ...missing]
    .sort((a, b) => (a.peer < b.peer ? -1 : 1))
    .map((c) => addToCopy(c, key, block.number, arrivals.get(c.peer) ?? [], wire));
  const sizes = wire.sizes.get(key)?.get(block.number) ?? [];
  const withPaths = { ...block, copies };
  const budgets = copies.map((c) => budgetOf(withPaths, c));
  return {
    ...block,
    bytes: block.bytes ?? (sizes.length === 0 ? null : Math.min(...sizes)),
    copies: copies.map((c, i) => {
      const budget = budgets[i];
      return budget == null ? c : { ...c, budget };
    }),
  };
}

function newCopy(peer: string): BlockCopy {
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
  };
}

/** Below this a sender is a guess, and not named. */
const NAMED_CONFIDENCE = 0.5;
/** Log stamps are whole milliseconds, cut off. */
const STAMP_MICROS = 1_000;

function addToCopy(copy: BlockCopy, key: string, number: number, transfers: readonly WireTransfer[], wire: WireFacts): BlockCopy {
  if (transfers.length === 0) return copy;
  const used = usedCopyOf(wire, nameOf(key), groupOf(key), number, copy.peer);
  // A DEBUG line of the arrival itself outranks what is concluded from the packets; that the peer pulls does not.
  const told = copy.arrivalBasis === 'log' && copy.via === 'deliver' && used?.transfer.kind !== 'deliver';
  const isNamed = used !== null && used.confidence >= NAMED_CONFIDENCE && !told;
  const base: BlockCopy = { ...copy, transfers: transfers.map(describeTransfer) };
  if (used === null) return base;
  const { transfer, confidence } = used;
  const delay = copy.receivedAt === null || wire.strangeClocks.includes(copy.peer) ? null : microsOf(copy.receivedAt) - transfer.lastAt;
  // It had left the buffer before this copy was there: the one that it used was not seen.
  const isLate = delay !== null && delay < -STAMP_MICROS;
  if (isLate && !isNamed) return base;
  return {
    ...base,
    via: isNamed && copy.via !== 'genesis' ? viaOf(transfer) : copy.via,
    from: isNamed
      ? { node: transfer.from, basis: transfer.basis, confidence }
      : confidence < NAMED_CONFIDENCE && copy.from?.basis === 'leadership'
        ? copy.from
        : told
          ? copy.from
          : null,
    firstByteAt: formatInstant(transfer.firstAt),
    lastByteAt: formatInstant(transfer.lastAt),
    arrivedAt: copy.arrivedAt ?? formatInstant(transfer.lastAt),
    arrivalBasis: copy.arrivedAt === null ? transfer.basis : copy.arrivalBasis,
    ...(delay === null || isLate ? {} : { wireDelayMicros: delay }),
    evidence: mergeEvidence(copy.evidence, transfer.evidence),
  };
}

const viaOf = (t: WireTransfer): BlockCopy['via'] =>
  t.kind === 'deliver' ? 'deliver' : t.kind === 'state-transfer' ? 'state-transfer' : t.kind === 'unknown' ? 'unknown' : 'gossip';

function describeTransfer(t: WireTransfer): Transfer {
  return {
    from: t.from,
    kind: t.kind,
    basis: t.basis,
    confidence: t.confidence,
    firstByteAt: formatInstant(t.firstAt),
    lastByteAt: formatInstant(t.lastAt),
    bytes: t.bytes,
    evidence: t.evidence,
  };
}

/** Longer chains than any block takes are a circle. */
const MOST_HOPS = 64;

/** The parts of the block's way to this copy's commit, each ending where the next begins; stamps that step back by less than their own precision are moved to where the way stands. */
function budgetOf(block: Block, copy: BlockCopy): BlockBudget | null {
  if (copy.committedAt === null || copy.receivedAt === null || copy.lastByteAt === null || copy.wireDelayMicros === undefined) return null;
  const path: BlockCopy[] = [];
  for (
    let at: BlockCopy | undefined = copy;
    at !== undefined && path.length < MOST_HOPS;
    at = block.copies.find((c) => c.peer === (at as BlockCopy).from?.node)
  ) {
    if (at.from === null || at.lastByteAt === null || path.includes(at)) return null;
    path.unshift(at);
    if (at.via === 'deliver') break;
  }
  const [first] = path;
  if (first === undefined || first.via !== 'deliver') return null;
  const delivered = block.copies.flatMap((c) => c.transfers.filter((t) => t.kind === 'deliver').map((t) => t.firstByteAt)).sort()[0];
  const start = block.ordered?.createdAt ?? block.ordered?.writtenAt ?? delivered;
  if (start === undefined) return null;
  const stages: BudgetStage[] = [];
  let at = microsOf(start);
  const from = at;
  const add = (stage: BudgetStage['stage'], node: string, until: string | null): void => {
    if (until === null) return;
    const end = Math.max(at, microsOf(until));
    stages.push({ stage, node, micros: end - at });
    at = end;
  };
  for (const [i, one] of path.entries()) add(i === 0 ? 'deliver' : 'hop', one.peer, one.lastByteAt);
  add('buffer', copy.peer, copy.receivedAt);
  add('validation', copy.peer, copy.validatedAt);
  add('commit', copy.peer, copy.committedAt);
  const basis = block.ordered?.createdAt != null ? 'block-cut' : block.ordered?.writtenAt != null ? 'block-written' : 'first-delivered-byte';
  return { from: formatInstant(from as Instant), basis, stages, totalMicros: at - from };
}

function coverageOf(blocks: readonly Block[], transfers: readonly WireTransfer[], wire: WireFacts): WireCoverage | null {
  if (transfers.length === 0) return null;
  const all = blocks.filter((b) => b.number >= 1).flatMap((b) => b.copies.map((copy) => ({ block: b.number, copy })));
  const isCaptured = (copy: BlockCopy): boolean => {
    const at = copy.receivedAt ?? copy.arrivedAt ?? copy.committedAt;
    return copy.transfers.length > 0 || at === null || wire.captured.some((c) => microsOf(at) >= c.from && microsOf(at) <= c.to);
  };
  const copies = all.filter(({ copy }) => isCaptured(copy));
  const firsts = [...firstCopies(transfers)];
  const sum = (list: readonly WireTransfer[]): number => list.reduce((total, t) => total + t.bytes, 0);
  return {
    basis: transfers.every((t) => t.basis === 'plaintext') ? 'plaintext' : 'packets',
    copies: copies.length,
    ...(copies.length === all.length ? {} : { outside: all.length - copies.length }),
    ...(wire.bytesMissing === 0 ? {} : { bytesMissing: wire.bytesMissing }),
    withSender: copies.filter(
      ({ copy }) =>
        copy.from !== null && copy.from.confidence >= NAMED_CONFIDENCE && (copy.from.basis === 'packets' || copy.from.basis === 'plaintext'),
    ).length,
    transfers: transfers.length,
    expectedRight: Math.round(transfers.reduce((total, t) => total + t.confidence, 0) * 10) / 10,
    unexplained: wire.unexplained,
    redundancy: { receivedBytes: sum(transfers), neededBytes: sum(firsts) },
  };
}
