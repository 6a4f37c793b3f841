import type { Evidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import { isDown, type Lifecycle, startAt } from './lifecycle.js';
import type { Reconstructor } from './network.js';

/**
 * Terms of each organization's gossip leader, per channel (gossip/election/election.go: per channel and organization; the first to declare wins,
 * of two declaring leaders the lower PKI-ID stays). "Becoming a leader" names no channel; the gossip service's next line does, and likewise
 * "Stopped being a leader". A term ends when the peer renounces or its process stops. A static leader has no term.
 */
export interface TermFacts {
  readonly peer: string;
  readonly channel: string;
  readonly from: Instant;
  readonly to: Instant | null;
  readonly endedBy: 'renounced' | 'stopped' | 'still-leading';
  readonly evidence: readonly Evidence[];
}

export interface FollowerFacts {
  readonly peer: string;
  readonly at: Instant;
  /** "Some peer is already a leader" names no channel either: the only one this peer was in, else null. */
  readonly channel: string | null;
  readonly evidence: readonly Evidence[];
}

export interface LeadershipRead {
  readonly terms: readonly TermFacts[];
  readonly followers: readonly FollowerFacts[];
}

interface Opened {
  readonly from: Instant;
  readonly incarnation: number;
  readonly evidence: Evidence[];
}

interface Declared {
  readonly at: Instant;
  readonly incarnation: number;
  readonly evidence: readonly Evidence[];
}

interface PeerState {
  /** Channel → the term under way. */
  readonly leading: Map<string, Opened>;
  /** "Becoming a leader" whose channel the next line tells. */
  declared: Declared[];
  /** "Stopped being a leader" whose channel the next line tells. */
  stopped: Declared[];
  /** Terms of earlier lives of the process, which ended with it. */
  readonly outlived: (Opened & { readonly channel: string })[];
  readonly channels: Set<string>;
}

/** The gossip service's line follows election's in the same call; a scheduler's pause is allowed for. */
const SAME_ACT_MICROS = 5_000_000;

export function readLeadership(): Reconstructor<(lifecycles: ReadonlyMap<string, Lifecycle>) => LeadershipRead> {
  const states = new Map<string, PeerState>();
  const ended: (TermFacts & { readonly incarnation: number })[] = [];
  const followers: FollowerFacts[] = [];
  const stateOf = (peer: string): PeerState => {
    const known = states.get(peer);
    if (known !== undefined) return known;
    const made: PeerState = { leading: new Map(), declared: [], stopped: [], outlived: [], channels: new Set() };
    states.set(peer, made);
    return made;
  };
  const take = (waiting: Declared[], at: Instant): Declared | undefined => {
    const index = waiting.findIndex((d) => Math.abs(at - d.at) <= SAME_ACT_MICROS);
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  };
  const close = (
    peer: string,
    state: PeerState,
    channel: string,
    to: Instant,
    endedBy: 'renounced' | 'stopped',
    evidence: readonly Evidence[],
  ): void => {
    const open = state.leading.get(channel);
    if (open === undefined) return;
    state.leading.delete(channel);
    ended.push({ peer, channel, from: open.from, to, endedBy, incarnation: open.incarnation, evidence: [...open.evidence, ...evidence] });
  };
  return {
    step(event) {
      const { body, node: peer, at, evidence, incarnation } = event;
      const state = stateOf(peer);
      switch (body.kind) {
        case 'channel.configured':
        case 'ledger.created':
        case 'ledger.opened':
          state.channels.add(body.channel);
          break;
        case 'election.leader-became':
          state.declared.push({ at, incarnation, evidence });
          break;
        case 'election.leader-elected': {
          const declared = take(state.declared, at);
          const before = state.leading.get(body.channel);
          // Elected twice in one life: the line between is lost, not the first term.
          if (before?.incarnation === incarnation) break;
          if (before !== undefined) state.outlived.push({ ...before, channel: body.channel });
          state.leading.set(body.channel, { from: declared?.at ?? at, incarnation, evidence: [...(declared?.evidence ?? []), ...evidence] });
          break;
        }
        case 'election.leader-stopped':
          state.stopped.push({ at, incarnation, evidence });
          break;
        case 'election.leadership-renounced': {
          const stopped = take(state.stopped, at);
          close(peer, state, body.channel, stopped?.at ?? at, 'renounced', [...(stopped?.evidence ?? []), ...evidence]);
          break;
        }
        case 'election.leader-known': {
          const only = state.channels.size === 1 ? ([...state.channels][0] as string) : null;
          followers.push({ peer, at, channel: only, evidence });
          break;
        }
        default:
          break;
      }
    },
    finish: () => (lifecycles) => {
      const terms: TermFacts[] = ended.map((t) => clipTerm(t, lifecycles.get(t.peer)));
      for (const [peer, state] of states) {
        for (const open of state.outlived) terms.push(endOpenTerm(peer, open.channel, open, lifecycles.get(peer)));
        for (const [channel, open] of state.leading) terms.push(endOpenTerm(peer, channel, open, lifecycles.get(peer)));
        const named = terms.filter((t) => t.peer === peer);
        terms.push(...unnamedTerms(peer, state, lifecycles.get(peer)).filter((u) => !named.some((t) => overlap(t, u))));
      }
      terms.sort((a, b) => a.from - b.from || (a.peer < b.peer ? -1 : 1));
      return { terms, followers };
    },
  };
}

const overlap = (a: TermFacts, b: TermFacts): boolean => (b.to === null || a.from <= b.to) && (a.to === null || b.from <= a.to);

/** Terms whose service lines are missing (their logger is silenced): the channel is known where the peer has only one. */
function unnamedTerms(peer: string, state: PeerState, lifecycle: Lifecycle | undefined): readonly TermFacts[] {
  const [channel, ...others] = state.channels;
  if (channel === undefined || others.length > 0) return [];
  return state.declared.flatMap((d, i): readonly TermFacts[] => {
    const open: Opened = { from: d.at, incarnation: d.incarnation, evidence: [...d.evidence] };
    const next = state.declared[i + 1];
    const stopped = state.stopped.find((s) => s.incarnation === d.incarnation && s.at >= d.at && (next === undefined || s.at <= next.at));
    if (stopped === undefined) return [endOpenTerm(peer, channel, open, lifecycle)];
    const term: TermFacts = { peer, channel, from: d.at, to: stopped.at, endedBy: 'renounced', evidence: [...d.evidence, ...stopped.evidence] };
    return [clipTerm({ ...term, incarnation: d.incarnation }, lifecycle)];
  });
}

/** Renouncing is part of a graceful stop too ("whatever else it prints afterwards"): then the term ended with the process. */
function clipTerm(term: TermFacts & { readonly incarnation: number }, lifecycle: Lifecycle | undefined): TermFacts {
  const stop = lifecycle?.stops.find(
    (s) => s.incarnation === term.incarnation && s.how !== 'silent' && term.to !== null && s.at <= term.to && s.at >= term.from,
  );
  const { incarnation: _, ...rest } = term;
  return stop === undefined ? rest : { ...rest, to: stop.at, endedBy: 'stopped', evidence: [...term.evidence.slice(0, 2), ...stop.evidence] };
}

function endOpenTerm(peer: string, channel: string, open: Opened, lifecycle: Lifecycle | undefined): TermFacts {
  const stop = lifecycle?.stops.find((s) => s.incarnation === open.incarnation);
  const base = { peer, channel, from: open.from };
  if (stop === undefined) return { ...base, to: null, endedBy: 'still-leading', evidence: open.evidence };
  // A peer that is being stopped may still elect itself for a moment.
  const to = stop.at > open.from ? stop.at : open.from;
  return { ...base, to, endedBy: 'stopped', evidence: [...open.evidence, ...stop.evidence] };
}

export interface LeadershipFacts {
  readonly terms: readonly TermFacts[];
  readonly followers: readonly FollowerFacts[];
  readonly overlaps: readonly {
    readonly peers: readonly string[];
    readonly from: Instant;
    readonly to: Instant | null;
    readonly evidence: readonly Evidence[];
  }[];
  readonly leaderless: readonly { readonly from: Instant; readonly to: Instant | null; readonly evidence: readonly Evidence[] }[];
  readonly staticLeaders: readonly string[];
  readonly verdict: 'single-leader' | 'overlapping' | 'leaderless' | 'static' | 'unknown';
}

/** Stops of an organization that is taken down as a whole lie this near to the last of them. */
const SHUTDOWN_MICROS = 30_000_000;
/**
 * So long after the last start an organization that was down as a whole may be without a leader: a peer that heard of none waits for its view to stand still,
 * 15 s at most (gossip/election/election.go, `startupGracePeriod`), then declares itself and waits for rivals, 5 s (`leaderElectionDuration`); and its ledgers open before.
 */
const STARTUP_MICROS = 30_000_000;

/**
 * The leadership of the organization that `members` form on `channel`. Overlaps: spans with two or more terms at once. Leaderless: after the first
 * term began, spans with none while at least one member ran and the logs of all are there. The verdict is how it stood at the end, before the network was shut down.
 */
export function leadershipOf(
  channel: string,
  members: readonly string[],
  read: LeadershipRead,
  lifecycles: ReadonlyMap<string, Lifecycle>,
  window: { readonly from: Instant; readonly to: Instant },
): LeadershipFacts {
  const terms = read.terms.filter((t) => t.channel === channel && members.includes(t.peer));
  // A line without a channel speaks of this one only where another member led here at that moment.
  const ledByOther = (f: FollowerFacts): boolean => terms.some((t) => t.peer !== f.peer && t.from <= f.at && (t.to === null || t.to > f.at));
  const followers = read.followers.filter((f) => members.includes(f.peer) && (f.channel === channel || (f.channel === null && ledByOther(f))));
  const staticLeaders = members.filter((m) => startAt(lifecycles.get(m), window.to)?.leaderElection === 'static-leader');
  const edges = [
    ...new Set([
      ...terms.flatMap((t) => [t.from, t.to ?? window.to]),
      ...members.flatMap((m) => lifecycles.get(m)?.stops.map((s) => s.at) ?? []),
      ...members.flatMap((m) => lifecycles.get(m)?.starts.map((s) => s.at) ?? []),
      window.to,
    ]),
  ].sort((a, b) => a - b);
  const leadersAt = (at: Instant): readonly TermFacts[] => terms.filter((t) => t.from <= at && (t.to === null || t.to > at));
  const overlaps: { peers: string[]; from: Instant; to: Instant | null; evidence: Evidence[] }[] = [];
  const leaderless: { from: Instant; to: Instant | null; evidence: Evidence[] }[] = [];
  const first = terms[0]?.from;
  // A member without a log may have led unheard.
  const heard = members.every((m) => hasLog(lifecycles.get(m)));
  for (const [i, from] of edges.entries()) {
    const to = edges[i + 1];
    if (to === undefined || first === undefined || from < first || from >= window.to) continue;
    const leaders = leadersAt(from);
    const lasting = leaders.every((t) => t.to === null) && to >= window.to;
    if (leaders.length > 1)
      extend(overlaps, { peers: leaders.map((t) => t.peer).sort(), from, to: lasting ? null : to, evidence: leaders.flatMap((t) => t.evidence) });
    if (leaders.length === 0 && heard && members.some((m) => runsAt(lifecycles.get(m), from))) {
      const before = terms.filter((t) => t.to !== null && t.to <= from).at(-1);
      extend(leaderless, { from, to: to >= window.to ? null : to, evidence: [...(before?.evidence.slice(-1) ?? [])] });
    }
  }
  return {
    terms,
    followers,
    overlaps,
    leaderless: leaderless.filter((s) => !isShutdownOrStartup(s.from, s.to ?? window.to, members, lifecycles)),
    staticLeaders,
    verdict: verdictOf(terms, staticLeaders, members, lifecycles, window.to),
  };
}

const hasLog = (lifecycle: Lifecycle | undefined): boolean =>
  lifecycle !== undefined && (lifecycle.unstarted !== null || lifecycle.starts.some((s) => s.basis === 'log'));

const runsAt = (lifecycle: Lifecycle | undefined, at: Instant): boolean => {
  const begun = lifecycle?.starts.some((s) => s.at <= at) === true || lifecycle?.unstarted != null;
  return begun && !isDown(lifecycle, at);
};

/**
 * While the whole organization is being stopped, or after it was started as a whole, the moments without a leader are no finding. Invariant used: such a span
 * ends where nobody runs any more, or begins where nobody ran before.
 */
function isShutdownOrStartup(from: Instant, to: Instant, members: readonly string[], lifecycles: ReadonlyMap<string, Lifecycle>): boolean {
  const anyRunsAt = (at: number): boolean => members.some((m) => runsAt(lifecycles.get(m), at as Instant));
  if (!anyRunsAt(to) && to - from <= SHUTDOWN_MICROS) return true;
  if (anyRunsAt(from - 1)) return false;
  const starts = members.flatMap((m) => lifecycles.get(m)?.starts.map((s) => s.at) ?? []).filter((at) => at >= from && at < to);
  return to - Math.max(from, ...starts) <= STARTUP_MICROS;
}

/** Joins a span to the one before it when they touch and speak of the same peers. */
function extend<T extends { peers?: string[]; from: Instant; to: Instant | null; evidence: Evidence[] }>(spans: T[], span: T): void {
  const last = spans.at(-1);
  if (last !== undefined && last.to === span.from && (last.peers ?? []).join() === (span.peers ?? []).join()) last.to = span.to;
  else spans.push(span);
}

function verdictOf(
  terms: readonly TermFacts[],
  staticLeaders: readonly string[],
  members: readonly string[],
  lifecycles: ReadonlyMap<string, Lifecycle>,
  end: Instant,
): LeadershipFacts['verdict'] {
  if (terms.length === 0) return staticLeaders.length > 0 ? 'static' : 'unknown';
  const running = members.some((m) => runsAt(lifecycles.get(m), end));
  const finalStops = members.flatMap((m) => lifecycles.get(m)?.stops.slice(-1) ?? []).map((s) => s.at);
  const lastStop = Math.max(...finalStops);
  const at = running ? end : Math.min(...finalStops.filter((s) => lastStop - s <= SHUTDOWN_MICROS));
  const leaders = terms.filter((t) => t.from < at && (t.to === null || t.to >= at)).length;
  if (leaders === 1) return 'single-leader';
  if (leaders > 1) return 'overlapping';
  return members.every((m) => hasLog(lifecycles.get(m))) ? 'leaderless' : 'unknown';
}
