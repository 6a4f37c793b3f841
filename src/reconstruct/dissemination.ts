import type { CommitBreakdown } from '../events/event.js';
import { type Evidence, mergeEvidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import { type Network, nameOfMember, obtain, type Reconstructor } from './network.js';

/**
 * Every block at every peer. "Received block [N] from buffer" is the moment the block leaves the payload buffer in order, not its arrival
 * (gossip/privdata/coordinator.go); kvledger's "Committed block" is the commit. A block may be received twice around a crash: the reception that counts is
 * the last one before the commit that holds. 1.1–1.2.0 name no channel when a block is received: the commit of the same number that follows does.
 */
export interface CopyFacts {
  readonly peer: string;
  readonly receivedAt: Instant | null;
  readonly validatedAt: Instant | null;
  readonly validationMillis: number | null;
  readonly committedAt: Instant | null;
  readonly commit: CommitBreakdown | null;
  readonly transactions: number | null;
  readonly arrivedAt: Instant | null;
  /** A DEBUG line of the deliver client shows that the block came from the orderer; gossip's own line is printed for every way. */
  readonly arrivedByDeliver: boolean;
  /** A state transfer the peer asked for held this block. */
  readonly transferredFrom: string | null;
  readonly genesis: boolean;
  /** A configuration was applied while this block was validated; null where the version or level does not say. */
  readonly config: boolean | null;
  readonly evidence: readonly Evidence[];
}

export interface BlockFacts {
  readonly number: number;
  readonly copies: readonly CopyFacts[];
  readonly ordered: {
    readonly orderer: string;
    readonly createdAt: Instant | null;
    readonly writtenAt: Instant | null;
    readonly evidence: readonly Evidence[];
  } | null;
}

export interface DisseminationFacts {
  readonly blocks: ReadonlyMap<string, readonly BlockFacts[]>;
  /** Channel → peer → height after the last block it is known to have committed. */
  readonly heights: ReadonlyMap<string, ReadonlyMap<string, { readonly height: number; readonly evidence: readonly Evidence[] }>>;
}

interface Mark {
  readonly at: Instant;
  readonly incarnation: number;
  readonly evidence: readonly Evidence[];
}

interface CopyState {
  readonly received: Mark[];
  readonly validated: (Mark & { readonly millis: number })[];
  readonly committed: (Mark & { readonly transactions: number | null; readonly commit: CommitBreakdown | null })[];
  readonly arrived: (Mark & { readonly source: 'deliver' | 'gossip' })[];
  readonly transfers: (Mark & { readonly peer: string })[];
}

interface PeerState {
  readonly channels: Set<string>;
  readonly created: Set<string>;
  readonly configurations: { readonly channel: string; readonly at: Instant; readonly evidence: readonly Evidence[] }[];
  /** Received lines without a channel, by block number. */
  readonly pending: Map<number, Mark[]>;
  readonly requests: {
    readonly channel: string | null;
    readonly from: number;
    readonly to: number;
    readonly at: Instant;
    readonly peer: string;
    readonly evidence: readonly Evidence[];
  }[];
}

interface OrderedState {
  readonly created: (Mark & { readonly orderer: string })[];
  readonly written: (Mark & { readonly orderer: string })[];
}

const newCopy = (): CopyState => ({ received: [], validated: [], committed: [], arrived: [], transfers: [] });

export function reconstructDissemination(network: Network): Reconstructor<DisseminationFacts> {
  const channels = new Map<string, Map<number, Map<string, CopyState>>>();
  const ordered = new Map<string, Map<number, OrderedState>>();
  const peers = new Map<string, PeerState>();
  const heights = new Map<string, Map<string, { height: number; evidence: readonly Evidence[] }>>();
  const copyOf = (channel: string, block: number, peer: string): CopyState => {
    const blocks = obtain(channels, channel, () => new Map<number, Map<string, CopyState>>());
    const copies = obtain(blocks, block, () => new Map<string, CopyState>());
    return obtain(copies, peer, newCopy);
  };
  const peerOf = (peer: string): PeerState =>
    obtain(peers, peer, () => ({ channels: new Set<string>(), created: new Set<string>(), configurations: [], pending: new Map(), requests: [] }));
  const lone = (peer: string): string | null => {
    const known = peerOf(peer).channels;
    return known.size === 1 ? ([...known][0] as string) : null;
  };
  const raise = (channel: string, peer: string, height: number, evidence: readonly Evidence[]): void => {
    obtain(heights, channel, () => new Map()).set(peer, { height, evidence });
  };
  const orderedOf = (channel: string, block: number): OrderedState => {
    const blocks = obtain(ordered, channel, () => new Map<number, OrderedState>());
    return obtain(blocks, block, () => ({ created: [], written: [] }));
  };
  return {
    step(event) {
      const { body, node, at, evidence, incarnation } = event;
      switch (body.kind) {
        case 'ledger.created':
          peerOf(node).channels.add(body.channel);
          peerOf(node).created.add(body.channel);
          break;
        case 'ledger.opened':
          peerOf(node).channels.add(body.channel);
          break;
        case 'channel.configured':
          peerOf(node).channels.add(body.channel);
          peerOf(node).configurations.push({ channel: body.channel, at, evidence });
          break;
        case 'channel.state-started':
          if ((body.channel ?? lone(node)) !== null) raise((body.channel ?? lone(node)) as string, node, body.height, evidence);
          break;
        case 'block.received':
          if (body.channel === null) obtain(peerOf(node).pending, body.block, () => []).push({ at, evidence, incarnation });
          else copyOf(body.channel, body.block, node).received.push({ at, evidence, incarnation });
          break;
        case 'block.validated':
          copyOf(body.channel, body.block, node).validated.push({ at, evidence, incarnation, millis: body.millis });
          break;
        case 'block.committed': {
          const copy = copyOf(body.channel, body.block, node);
          const waiting = peerOf(node).pending.get(body.block);
          peerOf(node).channels.add(body.channel);
          if (waiting !== undefined) {
            // With several channels two blocks of one number may be on their way at once: then nothing tells which is which.
            const fresh = waiting.filter((m) => m.incarnation === incarnation);
            if (peerOf(node).channels.size === 1) copy.received.push(...waiting);
            else if (fresh.length === 1) copy.received.push(...fresh);
            peerOf(node).pending.delete(body.block);
          }
          copy.committed.push({ at, evidence, incarnation, transactions: body.transactions, commit: body.commit });
          raise(body.channel, node, body.block + 1, evidence);
          break;
        }
        case 'block.arrived': {
          const channel = body.channel ?? lone(node);
          if (channel !== null) copyOf(channel, body.block, node).arrived.push({ at, evidence, incarnation, source: body.source });
          break;
        }
        case 'state.transfer-requested':
          peerOf(node).requests.push({ channel: body.channel, from: body.from, to: body.to, at, peer: nameOfMember(network, body.peer), evidence });
          break;
        case 'orderer.block-cut':
          orderedOf(body.channel, body.block).created.push({ at, evidence, incarnation, orderer: node });
          break;
        case 'orderer.block-written':
          orderedOf(body.channel, body.block).written.push({ at, evidence, incarnation, orderer: node });
          break;
        default:
          break;
      }
    },
    finish() {
      // What was received and never committed still belongs to the only channel of its peer.
      const leftover = [...peers].flatMap(([peer, state]) =>
        [...state.pending].map(([block, marks]) => ({ peer, block, marks, channel: lone(peer) })),
      );
      const blocks = new Map<string, readonly BlockFacts[]>();
      const names = new Set([...channels.keys(), ...leftover.flatMap((l) => (l.channel === null ? [] : [l.channel]))]);
      for (const channel of [...names].sort()) {
        const known = channels.get(channel) ?? new Map<number, Map<string, CopyState>>();
        const waiting = new Map<number, (typeof leftover)[number][]>();
        for (const l of leftover) if (l.channel === channel) obtain(waiting, l.block, () => []).push(l);
        const numbers = new Set([...known.keys(), ...waiting.keys()]);
        blocks.set(
          channel,
          [...numbers]
            .sort((a, b) => a - b)
            .map((number) => {
              const copies = new Map(known.get(number) ?? []);
              for (const l of waiting.get(number) ?? []) {
                const before = copies.get(l.peer) ?? newCopy();
                copies.set(l.peer, { ...before, received: [...before.received, ...l.marks].sort((a, b) => a.at - b.at) });
              }
              return {
                number,
                copies: [...copies].sort(([a], [b]) => (a < b ? -1 : 1)).map(([peer, copy]) => settleCopy(peer, channel, number, copy, peerOf(peer))),
                ordered: settleOrdered(ordered.get(channel)?.get(number)),
              };
            }),
        );
      }
      return { blocks, heights };
    },
  };
}

/** Stamps of neighbouring lines may run backwards by a millisecond or so. */
const STAMP_JITTER_MICROS = 2000;

function settleCopy(peer: string, channel: string, number: number, copy: CopyState, state: PeerState): CopyFacts {
  const commit = copy.committed.at(-1) ?? null;
  const before = (mark: Mark): boolean => commit === null || mark.at <= commit.at + STAMP_JITTER_MICROS;
  const received = copy.received.findLast(before) ?? null;
  const validated = copy.validated.findLast((v) => before(v) && (received === null || v.at >= received.at - STAMP_JITTER_MICROS)) ?? null;
  const since = received?.at ?? null;
  const arrivals = copy.arrived.filter(before);
  // After a crash the block arrives anew; the arrival that counts is the first one of the life that processed it.
  const previousLife = copy.received.filter((r) => received !== null && r.at < received.at).at(-1)?.at ?? 0;
  const arrived = arrivals.find((a) => a.at > previousLife) ?? null;
  const request = state.requests.findLast(
    (r) =>
      (r.channel === channel || (r.channel === null && state.channels.size < 2)) &&
      r.from <= number &&
      number <= r.to &&
      since !== null &&
      r.at <= since,
  );
  const configuration = state.configurations.find(
    (c) => c.channel === channel && since !== null && commit !== null && c.at >= since && c.at <= commit.at,
  );
  const says = state.configurations.some((c) => c.channel === channel);
  return {
    peer,
    receivedAt: since,
    validatedAt: validated?.at ?? null,
    validationMillis: validated?.millis ?? null,
    committedAt: commit?.at ?? null,
    commit: commit?.commit ?? null,
    transactions: commit?.transactions ?? null,
    arrivedAt: arrived?.at ?? null,
    arrivedByDeliver:
      arrived !== null && arrivals.some((a) => a.source === 'deliver' && a.at >= arrived.at && a.at <= arrived.at + STAMP_JITTER_MICROS),
    transferredFrom: request?.peer ?? null,
    genesis: number === 0 && state.created.has(channel),
    config: configuration !== undefined ? true : says && since !== null && commit !== null ? false : null,
    evidence: mergeEvidence(
      received?.evidence ?? [],
      validated?.evidence ?? [],
      commit?.evidence ?? [],
      arrived?.evidence ?? [],
      request?.evidence ?? [],
    ),
  };
}

/** The orderer that cut the block speaks for it; where none says so, the first that wrote it. */
function settleOrdered(state: OrderedState | undefined): BlockFacts['ordered'] {
  if (state === undefined) return null;
  const created = state.created.at(-1);
  const written = state.written.find((w) => created === undefined || w.orderer === created.orderer) ?? state.written[0];
  const speaker = created ?? written;
  if (speaker === undefined) return null;
  return {
    orderer: speaker.orderer,
    createdAt: created?.at ?? null,
    writtenAt: written?.at ?? null,
    evidence: mergeEvidence(created?.evidence ?? [], written?.evidence ?? []),
  };
}
