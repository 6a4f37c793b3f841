import type { Analysis, Block, BlockCopy, Channel, Timestamp, Transfer } from '../analysis/contract.js';
import { usedTransferOf } from '../charts/block-ways.js';
import { termsByBasis } from '../charts/leader-terms.js';
import { compareNames, organizationsOfPeers, shortNames } from '../charts/palette.js';
import type { Evidence } from './evidence-notes.js';
import { microsOf } from './format.js';

/** A node as a line of a block's picture. Times are microseconds from the picture's `startAt`. */
export interface Lane {
  readonly name: string;
  /** The name without the domain that all share. */
  readonly label: string;
  readonly group: string | null;
  /** `leader`: of its organization, when the block came; never Raft's. */
  readonly role: 'orderer' | 'leader' | 'peer' | 'other';
  readonly arrived: number | null;
  readonly received: number | null;
  readonly validated: number | null;
  readonly committed: number | null;
  /** Its own lines about the block. */
  readonly evidence: readonly Evidence[];
}

/** One transfer of the block between two lanes. */
export interface Way {
  readonly from: number;
  readonly to: number;
  readonly kind: Transfer['kind'];
  readonly basis: Transfer['basis'];
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly confidence: number;
  /** Whether the receiver used this copy. */
  readonly isUsed: boolean;
  readonly evidence: readonly Evidence[];
}

/** One block's way through the network. */
export interface BlockPicture {
  readonly number: number;
  readonly isNumbered: boolean;
  /** The first byte of the block that a capture saw. */
  readonly startAt: Timestamp;
  readonly lanes: readonly Lane[];
  readonly ways: readonly Way[];
}

interface Sketch {
  readonly copy: BlockCopy | undefined;
  readonly used: Transfer | null;
}

const earliest = (times: readonly Timestamp[]): Timestamp | null => times.reduce<Timestamp | null>((a, b) => (a === null || b < a ? b : a), null);

function leadersAt(channel: Channel, at: Timestamp): ReadonlySet<string> {
  return new Set(
    channel.organizations.flatMap((o) => [
      ...o.staticLeaders,
      ...termsByBasis(o.leadership)
        .leading.filter((t) => t.from <= at && (t.to === null || t.to >= at))
        .map((t) => t.peer),
    ]),
  );
}

/**
 * The picture of `block`: a lane for each orderer that delivered it, then for each peer that had or sent it, by organization, leaders first. Null where no
 * transfer of it is known.
 */
export function pictureOf(analysis: Analysis, channel: Channel, block: Block): BlockPicture | null {
  const startAt = earliest(block.copies.flatMap((c) => c.transfers.map((t) => t.firstByteAt)));
  const start = microsOf(startAt);
  if (startAt === null || start === null) return null;
  const sketches = new Map<string, Sketch>(block.copies.map((copy) => [copy.peer, { copy, used: usedTransferOf(copy) }]));
  for (const copy of block.copies) for (const t of copy.transfers) if (!sketches.has(t.from)) sketches.set(t.from, { copy: undefined, used: null });
  const organizations = organizationsOfPeers(analysis);
  const kinds = new Map(analysis.nodes.map((n) => [n.name, n.kind]));
  const leaders = leadersAt(channel, startAt);
  const roleOf = (name: string): Lane['role'] => {
    const kind = kinds.get(name) ?? 'peer';
    if (kind === 'orderer') return 'orderer';
    return kind === 'client' ? 'other' : leaders.has(name) ? 'leader' : 'peer';
  };
  const ranks: Readonly<Record<Lane['role'], number>> = { orderer: 0, leader: 1, peer: 2, other: 3 };
  const names = [...sketches.keys()].map((name) => ({ name, role: roleOf(name), group: organizations.get(name) ?? '' }));
  // Organizations stay together; orderers stand before all of them and what is no peer behind.
  const isPeer = (role: Lane['role']): boolean => role === 'leader' || role === 'peer';
  names.sort(
    (a, b) =>
      (isPeer(a.role) && isPeer(b.role) ? compareNames(a.group, b.group) : ranks[a.role] - ranks[b.role]) ||
      ranks[a.role] - ranks[b.role] ||
      compareNames(a.name, b.name),
  );
  // Apart, since an orderer's name often shares less with the peers' than these among themselves.
  const labels: { readonly [name: string]: string } = Object.assign(
    {},
    ...[true, false].map((peers) => shortNames(names.filter((n) => isPeer(n.role) === peers).map((n) => n.name))),
  );
  const since = (at: Timestamp | null): number | null => {
    const micros = microsOf(at);
    return micros === null ? null : micros - start;
  };
  const lanes = names.map(({ name, role, group }): Lane => {
    const { copy, used } = sketches.get(name) as Sketch;
    return {
      name,
      label: labels[name] ?? name,
      group: isPeer(role) && group !== '' ? group : null,
      role,
      arrived: since(used?.lastByteAt ?? copy?.arrivedAt ?? copy?.lastByteAt ?? null),
      received: since(copy?.receivedAt ?? null),
      validated: since(copy?.validatedAt ?? null),
      committed: since(copy?.committedAt ?? null),
      evidence: copy?.evidence ?? [],
    };
  });
  const places = new Map(lanes.map((lane, index) => [lane.name, index]));
  const ways = block.copies.flatMap((copy) =>
    copy.transfers.map(
      (t): Way => ({
        from: places.get(t.from) as number,
        to: places.get(copy.peer) as number,
        kind: t.kind,
        basis: t.basis,
        first: since(t.firstByteAt) ?? 0,
        last: since(t.lastByteAt) ?? 0,
        bytes: t.bytes,
        confidence: t.confidence,
        isUsed: t === sketches.get(copy.peer)?.used,
        evidence: t.evidence,
      }),
    ),
  );
  return { number: block.number, isNumbered: block.numberBasis !== 'relative', startAt, lanes, ways };
}
