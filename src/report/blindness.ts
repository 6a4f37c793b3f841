import type { Channel, MatrixCell, Node, Timestamp } from '../analysis/contract.js';
import { type Evidence, mergeEvidence } from './evidence-notes.js';
import { microsBetween } from './format.js';

/** A stretch of time in which an observer did not see some other peers of the channel. */
export interface BlindSpan {
  readonly observer: string;
  readonly subjects: readonly string[];
  /** `joined`: from the moment both were in the channel; `lost`: they had been seen before; `restarted`: since the observer's own restart; `unknown`: not known since when. */
  readonly since: 'joined' | 'lost' | 'restarted' | 'unknown';
  /** When these subjects had stopped before they were lost; null when no stop of theirs explains it. */
  readonly subjectsStoppedAt: Timestamp | null;
  readonly from: Timestamp | null;
  /** Null: not seen again in what was recorded. */
  readonly until: Timestamp | null;
  readonly micros: number | null;
  readonly evidence: readonly Evidence[];
}

interface PairSpan extends BlindSpan {
  readonly subject: string;
}

const later = (a: Timestamp, b: Timestamp): Timestamp => (a > b ? a : b);

function evidenceOf(channel: Channel, observer: string, subject: string, times: readonly (Timestamp | null)[]): readonly Evidence[] {
  const changes = channel.membership.changes.filter(
    (c) => c.observer === observer && times.includes(c.at) && (c.online.includes(subject) || c.offline.includes(subject)),
  );
  return mergeEvidence(changes.map((c) => c.evidence));
}

interface Lives {
  readonly starts: readonly Timestamp[];
  readonly stops: readonly Timestamp[];
}

const NO_LIVES: Lives = { starts: [], stops: [] };

function livesOf(nodes: readonly Node[]): ReadonlyMap<string, Lives> {
  return new Map(nodes.map((n) => [n.name, { starts: n.starts.map((s) => s.at).sort(), stops: n.stops.map((s) => s.at).sort() }]));
}

/** The stop that still held at `at`: the last one before it with no start in between. */
function stopBefore(lives: Lives, at: Timestamp): Timestamp | null {
  const stop = lives.stops.filter((t) => t <= at).at(-1);
  return stop === undefined || lives.starts.some((t) => t > stop && t <= at) ? null : stop;
}

function spansOfCell(channel: Channel, cell: MatrixCell, lives: ReadonlyMap<string, Lives>, end: Timestamp | null): readonly PairSpan[] {
  const { observer, subject } = cell;
  const joinedAt = (peer: string): Timestamp | null => channel.peers.find((p) => p.peer === peer)?.joinedAt ?? null;
  const ours = joinedAt(observer);
  const theirs = joinedAt(subject);
  const both = ours !== null && theirs !== null ? later(ours, theirs) : null;
  const own = lives.get(observer) ?? NO_LIVES;
  // After that the peers kept another channel of this name.
  const { endedAt } = channel;
  const spans: PairSpan[] = [];
  const add = (since: BlindSpan['since'], from: Timestamp | null, until: Timestamp | null): void => {
    if (from !== null && until !== null && until <= from) return;
    const subjectsStoppedAt = from === null || since === 'joined' ? null : stopBefore(lives.get(subject) ?? NO_LIVES, from);
    const evidence = evidenceOf(channel, observer, subject, [from, until]);
    spans.push({
      observer,
      subject,
      subjects: [subject],
      since,
      subjectsStoppedAt,
      from,
      until,
      micros: microsBetween(from, until ?? endedAt ?? end),
      evidence,
    });
  };
  add(both === null ? 'unknown' : 'joined', both, cell.seen[0]?.from ?? cell.firstSeenAt);
  for (const [i, interval] of cell.seen.entries()) {
    if (interval.to === null) continue;
    const lostAt = interval.to;
    const until = cell.seen[i + 1]?.from ?? null;
    const restartedAt = own.starts.find((t) => t > lostAt && (endedAt === undefined || t < endedAt));
    if (stopBefore(own, lostAt) === null) add('lost', lostAt, until);
    else if (restartedAt !== undefined) add('restarted', restartedAt, until);
  }
  return spans;
}

/** Observers whose membership views were read: only of them it is known whom they did not see. */
export function observersOf(channel: Channel): ReadonlySet<string> {
  return new Set(channel.membership.changes.map((c) => c.observer));
}

/** Who did not see whom and until when: first those never seen again, then those lost for a while, then those waited for; the longest first in each; pairs of one observer that share their times are one span. `end` closes open ones for their length. */
export function blindSpansOf(channel: Channel, nodes: readonly Node[], end: Timestamp | null): readonly BlindSpan[] {
  const lives = livesOf(nodes);
  const observers = observersOf(channel);
  const merged = new Map<string, BlindSpan>();
  for (const cell of channel.membership.matrix) {
    if (!observers.has(cell.observer) || cell.observer === cell.subject) continue;
    for (const span of spansOfCell(channel, cell, lives, end)) {
      const key = JSON.stringify([span.observer, span.since, span.from, span.until, span.subjectsStoppedAt]);
      const known = merged.get(key);
      merged.set(key, {
        ...span,
        subjects: known === undefined ? span.subjects : [...known.subjects, span.subject],
        evidence: known === undefined ? span.evidence : mergeEvidence([known.evidence, span.evidence]),
      });
    }
  }
  const rank = (s: BlindSpan): number => (s.until === null ? 0 : s.since === 'lost' ? 1 : 2);
  return [...merged.values()].sort(
    (a, b) => rank(a) - rank(b) || (b.micros ?? 0) - (a.micros ?? 0) || (a.observer < b.observer ? -1 : a.observer > b.observer ? 1 : 0),
  );
}
