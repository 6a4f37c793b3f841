import type { BodyOf } from '../events/event.js';
import type { Evidence } from '../events/evidence.js';
import { parseGoDuration } from '../events/go-duration.js';
import type { Instant } from '../events/instant.js';
import type { ChannelPeerFacts } from './channels.js';
import { type Lifecycle, startAt } from './lifecycle.js';
import { type Network, nameOfEndpoint, obtain, type Reconstructor } from './network.js';

/**
 * Who saw whom on each channel. Since 1.4.0 a tracker compares the channel's live members every `membershipTrackerInterval` (5 s) and prints the
 * difference with the whole view (gossip/gossip/channel/channel.go, reportMembershipChanges), so a change happened up to one interval before its line.
 * The observer is never in its own view. 1.4 does not name the channel: with several channels a line belongs to the one whose tracker ticks at that
 * moment (its start + k × interval). The observer's own stop ends what it saw.
 */
export interface MembershipChangeFacts {
  readonly observer: string;
  readonly at: Instant;
  readonly online: readonly string[];
  readonly offline: readonly string[];
  readonly members: readonly string[];
  readonly basis: 'log' | 'tracker-phase';
  readonly evidence: readonly Evidence[];
}

export interface SeenSpan {
  readonly from: Instant;
  readonly to: Instant | null;
}

export interface MembershipFacts {
  readonly changes: readonly MembershipChangeFacts[];
  /** observer → subject → when it was in the view. */
  readonly seen: ReadonlyMap<string, ReadonlyMap<string, readonly SeenSpan[]>>;
  readonly fullViewAt: ReadonlyMap<string, Instant | null>;
  readonly convergedAt: Instant | null;
}

export interface UnplacedView {
  readonly observer: string;
  readonly at: Instant;
  readonly text: string;
  readonly evidence: readonly Evidence[];
}

interface View {
  readonly observer: string;
  readonly at: Instant;
  readonly incarnation: number;
  readonly body: BodyOf<'channel.view-changed'>;
  readonly evidence: readonly Evidence[];
}

/** Two members of one organization, as a view line shows it by printing an internal endpoint. */
export interface KinshipHint {
  readonly observer: string;
  readonly member: string;
}

export interface ViewsRead {
  readonly views: readonly View[];
  readonly kinship: readonly KinshipHint[];
  /** Peer → channel → when the channel's gossip object of each process life began to exist. */
  readonly trackers: ReadonlyMap<string, readonly Tracker[]>;
}

interface Tracker {
  readonly channel: string;
  readonly incarnation: number;
  /** Null: it ran before the log of this life begins. */
  readonly startedAt: Instant | null;
}

export function readViews(network: Network): Reconstructor<ViewsRead> {
  const views: View[] = [];
  const kinship = new Map<string, KinshipHint>();
  const trackers = new Map<string, Tracker[]>();
  const created = new Set<string>();
  return {
    step(event) {
      const { body } = event;
      if (body.kind === 'ledger.created') created.add(`${event.node} ${body.channel} ${event.incarnation}`);
      if (body.kind === 'channel.configured' || body.kind === 'block.committed') {
        const known = obtain(trackers, event.node, () => []);
        const isKnown = known.some((t) => t.channel === body.channel && t.incarnation === event.incarnation);
        const begins =
          network.incarnations.get(event.node)?.[event.incarnation]?.startIsLogged === true ||
          created.has(`${event.node} ${body.channel} ${event.incarnation}`);
        // A block of a channel whose beginning is not in the log shows that its tracker runs; one before the channel's own lines is the genesis block.
        if (!isKnown && (body.kind === 'channel.configured' || !begins)) {
          known.push({ channel: body.channel, incarnation: event.incarnation, startedAt: begins ? event.at : null });
        }
      }
      if (body.kind !== 'channel.view-changed') return;
      views.push({ observer: event.node, at: event.at, incarnation: event.incarnation, body, evidence: event.evidence });
      for (const member of body.members) {
        const name = nameOfEndpoint(network, member.endpoint);
        if (member.organization === 'own') kinship.set(`${event.node} ${name}`, { observer: event.node, member: name });
      }
    },
    finish: () => ({ views, kinship: [...kinship.values()], trackers }),
  };
}

const DEFAULT_TRACKER_MICROS = 5_000_000;

/** A tick comes this late at most after its computed moment; a busy peer is later, and then the line stays unplaced. */
const PHASE_TOLERANCE_MICROS = 400_000;

/**
 * A second channel's tick must be worse by this many times the lateness that this peer's ticks have anyway, and by a moment at least: trackers that began
 * together cannot be told apart.
 */
const PHASE_ADVANTAGE_FACTOR = 5;
const SMALLEST_ADVANTAGE_MICROS = 10_000;

interface Placement {
  readonly channel: string;
  readonly basis: 'log' | 'tracker-phase';
}

/** How late a view line comes after the ticks of each channel's tracker, nearest first; null where a tracker's beginning is not known. */
function latenessOf(
  view: View,
  trackers: readonly Tracker[],
  intervalMicros: number,
): readonly { readonly channel: string; readonly late: number }[] | null {
  const open = trackers.filter((t) => t.incarnation === view.incarnation && (t.startedAt === null || t.startedAt <= view.at));
  const lateness = open.flatMap((t) => {
    if (t.startedAt === null) return [];
    const phase = (view.at - t.startedAt) % intervalMicros;
    // A stamp is cut to whole milliseconds, so a tick may seem a moment early.
    return [{ channel: t.channel, late: phase > intervalMicros - 5000 ? 0 : phase }];
  });
  return lateness.length < open.length && open.length > 1 ? null : lateness.sort((a, b) => a.late - b.late);
}

/** Places a line that names no channel; `usualLateMicros` is how late this peer's ticks come on the whole. */
function placeView(view: View, trackers: readonly Tracker[], intervalMicros: number, usualLateMicros: number): Placement | null {
  if (view.body.channel !== null) return { channel: view.body.channel, basis: 'log' };
  const open = trackers.filter((t) => t.incarnation === view.incarnation && (t.startedAt === null || t.startedAt <= view.at));
  const [only, ...others] = open;
  if (only === undefined) return null;
  if (others.length === 0) return { channel: only.channel, basis: 'log' };
  const [best, second] = latenessOf(view, trackers, intervalMicros) ?? [];
  if (best === undefined || second === undefined || best.late > PHASE_TOLERANCE_MICROS) return null;
  const advantage = Math.max(SMALLEST_ADVANTAGE_MICROS, PHASE_ADVANTAGE_FACTOR * usualLateMicros);
  return second.late - best.late < advantage ? null : { channel: best.channel, basis: 'tracker-phase' };
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/**
 * Membership per channel from the views that were read. `channels` tells which peers joined each channel; the full view of an observer is every
 * other one of them.
 */
export function reconstructMembership(
  network: Network,
  read: ViewsRead,
  lifecycles: ReadonlyMap<string, Lifecycle>,
  channels: ReadonlyMap<string, ReadonlyMap<string, ChannelPeerFacts>>,
): { readonly byChannel: ReadonlyMap<string, MembershipFacts>; readonly unplaced: readonly UnplacedView[] } {
  const unplaced: UnplacedView[] = [];
  const placed = new Map<string, MembershipChangeFacts[]>();
  const names = (members: readonly { readonly endpoint: string }[]): readonly string[] =>
    [...new Set(members.map((m) => nameOfEndpoint(network, m.endpoint)))].sort();
  const intervalOf = (view: View): number => {
    const settings = startAt(lifecycles.get(view.observer), view.at)?.settings ?? {};
    return parseGoDuration(settings['peer.gossip.membershiptrackerinterval'] ?? '') ?? DEFAULT_TRACKER_MICROS;
  };
  const late = new Map<string, number[]>();
  for (const view of read.views) {
    const [nearest] = latenessOf(view, read.trackers.get(view.observer) ?? [], intervalOf(view)) ?? [];
    if (nearest !== undefined) obtain(late, view.observer, () => []).push(nearest.late);
  }
  const usualLate = new Map([...late].map(([observer, values]) => [observer, medianOf(values)] as const));
  for (const view of read.views) {
    const interval = intervalOf(view);
    const known = [...(read.trackers.get(view.observer) ?? [])];
    const joined = [...channels].flatMap(([channel, peers]) => (peers.has(view.observer) ? [channel] : []));
    // A log that begins after the join has no tracker start; with one channel in all there is still no doubt.
    const lone = known.length === 0 && joined.length === 1 ? joined[0] : undefined;
    const place: Placement | null =
      lone !== undefined && view.body.channel === null
        ? { channel: lone, basis: 'log' }
        : placeView(view, known, interval, usualLate.get(view.observer) ?? 0);
    if (place === null) {
      unplaced.push({
        observer: view.observer,
        at: view.at,
        text: `online: ${names(view.body.online).join(', ') || 'none'}; offline: ${names(view.body.offline).join(', ') || 'none'}; view: ${names(view.body.members).join(', ') || 'empty'}`,
        evidence: view.evidence,
      });
      continue;
    }
    obtain(placed, place.channel, () => []).push({
      observer: view.observer,
      at: view.at,
      online: names(view.body.online),
      offline: names(view.body.offline),
      members: names(view.body.members),
      basis: place.basis,
      evidence: view.evidence,
    });
  }
  const byChannel = new Map(
    [...placed].map(([channel, changes]) => [channel, membershipOf(changes, [...(channels.get(channel)?.keys() ?? [])], lifecycles)] as const),
  );
  return { byChannel, unplaced };
}

function membershipOf(
  changes: readonly MembershipChangeFacts[],
  joined: readonly string[],
  lifecycles: ReadonlyMap<string, Lifecycle>,
): MembershipFacts {
  const observers = [...new Set(changes.map((c) => c.observer))].sort();
  const seen = new Map(
    observers.map(
      (o) =>
        [
          o,
          seenBy(
            changes.filter((c) => c.observer === o),
            lifecycles.get(o),
          ),
        ] as const,
    ),
  );
  const others = (observer: string): readonly string[] => joined.filter((p) => p !== observer);
  const fullViewAt = new Map(joined.map((peer) => [peer, fullAt(seen.get(peer), others(peer))] as const));
  return { changes, seen, fullViewAt, convergedAt: convergedAt(seen, joined) };
}

/** Follows one observer's view line by line; every line shows the whole view, so a lost line heals at the next. */
function seenBy(changes: readonly MembershipChangeFacts[], lifecycle: Lifecycle | undefined): ReadonlyMap<string, readonly SeenSpan[]> {
  const open = new Map<string, Instant>();
  const spans = new Map<string, SeenSpan[]>();
  const close = (subject: string, to: Instant): void => {
    const from = open.get(subject);
    if (from === undefined) return;
    open.delete(subject);
    obtain(spans, subject, () => []).push({ from, to });
  };
  let stops = [...(lifecycle?.stops ?? [])].sort((a, b) => a.at - b.at);
  for (const change of changes) {
    for (const stop of stops.filter((s) => s.at <= change.at)) for (const subject of [...open.keys()]) close(subject, stop.at);
    stops = stops.filter((s) => s.at > change.at);
    const members = new Set(change.members);
    for (const subject of [...open.keys()]) if (!members.has(subject)) close(subject, change.at);
    for (const subject of members) if (!open.has(subject)) open.set(subject, change.at);
  }
  for (const stop of stops) for (const subject of [...open.keys()]) close(subject, stop.at);
  for (const [subject, from] of open) obtain(spans, subject, () => []).push({ from, to: null });
  return spans;
}

/** The first moment at which all of `pairs` hold at once, or null. */
function firstWithAll(pairs: readonly (readonly SeenSpan[] | undefined)[]): Instant | null {
  const edges = pairs.flatMap((spans) =>
    (spans ?? [])
      .filter((s) => s.to === null || s.to > s.from)
      .flatMap((s) => [{ at: s.from, change: 1 }, ...(s.to === null ? [] : [{ at: s.to, change: -1 }])]),
  );
  edges.sort((a, b) => a.at - b.at);
  let held = 0;
  for (const [i, edge] of edges.entries()) {
    held += edge.change;
    if (held === pairs.length && edges[i + 1]?.at !== edge.at) return edge.at;
  }
  return null;
}

function fullAt(view: ReadonlyMap<string, readonly SeenSpan[]> | undefined, others: readonly string[]): Instant | null {
  return view === undefined || others.length === 0 ? null : firstWithAll(others.map((o) => view.get(o)));
}

function convergedAt(seen: ReadonlyMap<string, ReadonlyMap<string, readonly SeenSpan[]>>, joined: readonly string[]): Instant | null {
  if (joined.length < 2) return null;
  return firstWithAll(joined.flatMap((o) => joined.filter((s) => s !== o).map((s) => seen.get(o)?.get(s))));
}
