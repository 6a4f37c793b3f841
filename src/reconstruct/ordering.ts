import { type Evidence, mergeEvidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import type { DeliverCall } from './contact.js';
import type { Lifecycle } from './lifecycle.js';
import { type Network, nameOfEndpoint, obtain, type Reconstructor } from './network.js';

/**
 * Streams on which peers pull blocks from orderers, and Raft's leaders among the orderers (never to be mixed with gossip's). A peer that pulls opens one
 * Deliver stream per channel and reopens it after every failure; the orderer logs the call when it ends.
 */
export interface StreamFacts {
  readonly orderer: string | null;
  readonly peer: string;
  readonly channel: string | null;
  readonly openedAt: Instant | null;
  readonly closedAt: Instant | null;
  /** The first moment that speaks of it: it was not open before. */
  readonly knownSince: Instant;
  readonly evidence: readonly Evidence[];
}

export interface RaftTermFacts {
  readonly channel: string;
  readonly term: number | null;
  readonly raftId: number;
  readonly leader: string | null;
  readonly from: Instant;
  readonly to: Instant | null;
  readonly observers: readonly string[];
  readonly evidence: readonly Evidence[];
}

interface OpenStream {
  readonly peer: string;
  readonly channel: string | null;
  readonly orderer: string | null;
  readonly openedAt: Instant | null;
  readonly knownSince: Instant;
  readonly incarnation: number;
  closedAt: Instant | null;
  evidence: readonly Evidence[];
}

export function readDeliverStreams(
  network: Network,
): Reconstructor<(lifecycles: ReadonlyMap<string, Lifecycle>, calls: readonly DeliverCall[]) => readonly StreamFacts[]> {
  const streams: OpenStream[] = [];
  const open = new Map<string, OpenStream>();
  const keyOf = (peer: string, channel: string | null): string => `${peer} ${channel ?? ''}`;
  const closeWhere = (test: (s: OpenStream) => boolean, at: Instant, evidence: readonly Evidence[]): void => {
    for (const [key, stream] of open) {
      if (!test(stream)) continue;
      stream.closedAt = at;
      stream.evidence = mergeEvidence(stream.evidence, evidence);
      open.delete(key);
    }
  };
  return {
    step(event) {
      const { body, node: peer, at, evidence, incarnation } = event;
      switch (body.kind) {
        case 'deliver.service-started': {
          // 2.0.0–2.2.8, 2.3 and 2.4.0–2.4.6 never say when the stream is up: its opening is unknown, that it was asked for is not.
          const stream: OpenStream = {
            peer,
            channel: body.channel,
            orderer: null,
            openedAt: null,
            knownSince: at,
            incarnation,
            closedAt: null,
            evidence,
          };
          streams.push(stream);
          open.set(keyOf(peer, body.channel), stream);
          break;
        }
        case 'deliver.stream-opened': {
          const orderer = body.orderer === null ? null : nameOfEndpoint(network, body.orderer);
          const stream: OpenStream = { peer, channel: body.channel, orderer, openedAt: at, knownSince: at, incarnation, closedAt: null, evidence };
          const last = open.get(keyOf(peer, body.channel));
          // A stream of an earlier life of the process ended with it.
          const before = last?.incarnation === incarnation ? last : undefined;
          if (before?.openedAt === null) streams.splice(streams.lastIndexOf(before), 1);
          else if (before !== undefined) before.closedAt = at;
          streams.push(stream);
          open.set(keyOf(peer, body.channel), stream);
          break;
        }
        case 'deliver.stream-failed':
          closeWhere((s) => s.peer === peer && (body.channel === null || s.channel === null || s.channel === body.channel), at, evidence);
          break;
        case 'election.leadership-renounced':
          closeWhere((s) => s.peer === peer && s.channel === body.channel, at, evidence);
          break;
        case 'deliver.stopped':
          closeWhere((s) => s.peer === peer && (body.channel === null || s.channel === body.channel), at, evidence);
          break;
        default:
          break;
      }
    },
    finish: () => (lifecycles, calls) => {
      const own = streams.map((s): StreamFacts => {
        const stop = s.closedAt === null ? lifecycles.get(s.peer)?.stops.find((x) => x.incarnation === s.incarnation) : undefined;
        const { incarnation: _, ...rest } = s;
        return { ...rest, closedAt: s.closedAt ?? stop?.at ?? null, evidence: mergeEvidence(s.evidence, stop?.evidence ?? []) };
      });
      return joinCalls(network, own, calls);
    },
  };
}

/** A peer's "Starting deliver" and the begin of the orderer's call lie this near. */
const SAME_STREAM_MICROS = 3_000_000;

/** Adds what the orderer's call log tells: which orderer, the end; and streams that only it shows. Clients that are no peers fetch blocks too and are left out. */
function joinCalls(network: Network, own: readonly StreamFacts[], calls: readonly DeliverCall[]): readonly StreamFacts[] {
  const result = [...own];
  const ofPeer = new Map<string, number[]>();
  for (const [i, s] of result.entries()) obtain(ofPeer, s.peer, () => []).push(i);
  const joined = new Set<number>();
  for (const call of calls) {
    if (call.client === null || network.directory.nodes.get(call.client)?.kind !== 'peer') continue;
    const matches = (s: StreamFacts): boolean => {
      if (s.peer !== call.client || (s.orderer !== null && s.orderer !== call.orderer)) return false;
      if (call.openedAt === null) return s.closedAt !== null && Math.abs(s.closedAt - call.closedAt) < SAME_STREAM_MICROS;
      if (s.openedAt === null) return s.closedAt === null || Math.abs(s.closedAt - call.closedAt) < SAME_STREAM_MICROS;
      return Math.abs(s.openedAt - call.openedAt) < SAME_STREAM_MICROS;
    };
    // Each stream is one call's: of several that fit, the one that began nearest to it.
    const distance = (i: number): number => Math.abs((result[i]?.openedAt ?? call.closedAt) - (call.openedAt ?? call.closedAt));
    const index = (ofPeer.get(call.client) ?? [])
      .filter((i) => !joined.has(i) && matches(result[i] as StreamFacts))
      .reduce((a, b) => (a < 0 || distance(b) < distance(a) ? b : a), -1);
    const known = result[index];
    joined.add(index);
    if (known === undefined) {
      result.push({
        orderer: call.orderer,
        peer: call.client,
        channel: null,
        openedAt: call.openedAt,
        knownSince: call.openedAt ?? call.closedAt,
        closedAt: call.closedAt,
        evidence: call.evidence,
      });
    } else {
      result[index] = {
        ...known,
        orderer: call.orderer,
        openedAt: known.openedAt ?? call.openedAt,
        closedAt: known.closedAt ?? call.closedAt,
        evidence: mergeEvidence(known.evidence, call.evidence),
      };
    }
  }
  return result.sort((a, b) => (a.openedAt ?? 0) - (b.openedAt ?? 0) || (a.peer < b.peer ? -1 : 1));
}

interface RaftState {
  /** Raft node number → orderer, as each orderer's own lines carry it. */
  readonly nodeNames: Map<number, string>;
  readonly terms: Map<number, { leader: number; from: Instant; observers: Set<string>; evidence: Evidence[] }>;
  /** "Raft leader changed" in order; versions whose library lines are missing have only these. */
  readonly changes: {
    readonly at: Instant;
    readonly observer: string;
    readonly from: number;
    readonly to: number;
    readonly evidence: readonly Evidence[];
  }[];
}

/** `Raft leader changed` follows the library's `elected leader` at once; this is allowed between them. */
const SAME_ELECTION_MICROS = 5_000_000;

/** One entry per channel and term (orderer/consensus/etcdraft/chain.go); a restarted orderer that learns the old leader again changes nothing. */
export function reconstructRaft(network: Network): Reconstructor<readonly RaftTermFacts[]> {
  const channels = new Map<string, RaftState>();
  const stateOf = (channel: string): RaftState => obtain(channels, channel, () => ({ nodeNames: new Map(), terms: new Map(), changes: [] }));
  return {
    step(event) {
      const { body, node, at, evidence } = event;
      if (
        body.kind !== 'raft.leader-changed' &&
        body.kind !== 'raft.leader-elected' &&
        body.kind !== 'raft.leading' &&
        body.kind !== 'raft.leader-missing'
      )
        return;
      if (body.channel === null) return;
      const state = stateOf(body.channel);
      if (body.raftNode !== null) state.nodeNames.set(body.raftNode, node);
      if (body.kind === 'raft.leader-changed') state.changes.push({ at, observer: node, from: body.from, to: body.to, evidence });
      if (body.kind === 'raft.leader-elected') {
        const term = obtain(state.terms, body.term, () => ({ leader: body.leader, from: at, observers: new Set<string>(), evidence: [] }));
        if (term.leader === body.leader) {
          term.observers.add(node);
          term.evidence.push(...evidence);
        }
      }
    },
    finish() {
      const result: RaftTermFacts[] = [];
      for (const [channel, state] of [...channels].sort(([a], [b]) => (a < b ? -1 : 1))) result.push(...raftTermsOf(network, channel, state));
      return result;
    },
  };
}

function raftTermsOf(network: Network, channel: string, state: RaftState): readonly RaftTermFacts[] {
  const nameOf = (raftId: number): string | null => {
    const name = state.nodeNames.get(raftId);
    return name !== undefined && network.directory.nodes.has(name) ? name : null;
  };
  const terms: { term: number | null; raftId: number; from: Instant; observers: Set<string>; evidence: Evidence[] }[] = [...state.terms]
    .map(([term, t]) => ({ term, raftId: t.leader, from: t.from, observers: t.observers, evidence: t.evidence }))
    .sort((a, b) => a.term - b.term);
  for (const change of state.changes) {
    if (change.to === 0) continue;
    const known = terms.findLast(
      (t) => t.raftId === change.to && (t.term === null ? terms.at(-1) === t : change.at >= t.from - SAME_ELECTION_MICROS),
    );
    if (known !== undefined) {
      known.observers.add(change.observer);
      if (Math.abs(change.at - known.from) <= SAME_ELECTION_MICROS) known.evidence.push(...change.evidence);
    } else if (state.terms.size === 0) {
      terms.push({ term: null, raftId: change.to, from: change.at, observers: new Set([change.observer]), evidence: [...change.evidence] });
    }
  }
  return terms.map((t, i) => {
    const next = terms[i + 1]?.from ?? null;
    // The first orderer that noticed the loss ends the term, unless the next one had begun by then; an orderer that was itself restarted learns, it does not lose.
    const lost = state.changes.find((c) => c.from === t.raftId && c.to === 0 && c.at > t.from && (next === null || c.at <= next));
    const recovered =
      lost !== undefined && next === null && state.changes.some((c) => c.at > lost.at && c.to === t.raftId && c.observer === lost.observer);
    const to = lost !== undefined && !recovered ? lost.at : next;
    return {
      channel,
      term: t.term,
      raftId: t.raftId,
      leader: nameOf(t.raftId),
      from: t.from,
      to,
      observers: [...t.observers].sort(),
      evidence: mergeEvidence(t.evidence, lost !== undefined && !recovered ? lost.evidence : []),
    };
  });
}
