import type { Evidence } from '../events/evidence.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import type { Telling } from '../events/plaintext-message.js';
import type { ConnectionFacts } from './connectivity.js';
import { endsOf, type MessageOf, messagesOf, type NamedMessage } from './plaintext-messages.js';

/** A time in which a receiver went on hearing of a subject. */
export interface HearingSpan {
  /** First and last message of it. */
  readonly from: Instant;
  readonly to: Instant;
  readonly fromEvidence: Evidence;
  readonly toEvidence: Evidence;
}

/** What one node heard of one subject. */
export interface Hearing {
  readonly receiver: string;
  readonly pkiId: string;
  /** As in {@link Telling}. */
  readonly channel: string | null;
  /** By time, apart from each other by more than the asked silence. */
  readonly spans: readonly HearingSpan[];
}

interface Draft {
  readonly receiver: string;
  readonly pkiId: string;
  readonly channel: string | null;
  readonly source: string;
  readonly starts: { readonly at: Instant; readonly frame: number; readonly previousAt: Instant | null }[];
  end: Instant | null;
  endFrame: number;
}

/**
 * Who heard of whom over which times, whichever connections the messages came by. A silence longer than `silenceMicros` (at least what a capture keeps: 10 s for alive
 * messages, 7.5 s for leadership) ends a span. By receiver, subject and channel.
 */
export function readHearings(connections: readonly ConnectionFacts[], about: Telling['about'], silenceMicros: number): readonly Hearing[] {
  const drafts = draftHearings(connections, about);
  const byHearing = new Map<string, { hearing: Omit<Hearing, 'spans'>; spans: HearingSpan[] }>();
  for (const draft of drafts.values()) {
    const key = `${draft.receiver}\n${draft.pkiId}\n${draft.channel ?? ''}`;
    const { receiver, pkiId, channel } = draft;
    const known = byHearing.get(key) ?? { hearing: { receiver, pkiId, channel }, spans: [] };
    byHearing.set(key, known);
    known.spans.push(...spansOf(draft, silenceMicros));
  }
  return [...byHearing]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { hearing, spans }]) => ({ ...hearing, spans: mergeSpans(spans, silenceMicros) }));
}

function draftHearings(connections: readonly ConnectionFacts[], about: Telling['about']): ReadonlyMap<string, Draft> {
  const drafts = new Map<string, Draft>();
  const draftOf = (receiver: string, pkiId: string, channel: string | null, source: string): Draft => {
    const key = `${receiver}\n${pkiId}\n${channel ?? ''}\n${source}`;
    const draft = drafts.get(key) ?? { receiver, pkiId, channel, source, starts: [], end: null, endFrame: 0 };
    drafts.set(key, draft);
    return draft;
  };
  for (const { message: m, to, connection } of newsOf(connections, about)) {
    const channel = m.kind === 'alive' ? null : m.kind === 'state-info' ? m.channelMac : m.channel;
    draftOf(to, m.pkiId, channel, connection.observed.source).starts.push({ at: m.lastAt, frame: m.lastFrame, previousAt: m.previousAt });
  }
  for (const connection of connections) {
    for (const t of connection.observed.plaintext?.tellings ?? []) {
      if (t.about !== about) continue;
      const draft = draftOf(endsOf(connection, t.from).to, t.pkiId, t.channel, connection.observed.source);
      // A telling whose first message found no room among the kept ones begins its span itself.
      if (draft.starts.length === 0) draft.starts.push({ at: t.firstAt, frame: t.firstFrame, previousAt: null });
      if (draft.end === null || t.lastAt > draft.end) {
        draft.end = t.lastAt;
        draft.endFrame = t.lastFrame;
      }
    }
  }
  return drafts;
}

function newsOf(
  connections: readonly ConnectionFacts[],
  about: Telling['about'],
): readonly NamedMessage<MessageOf<'alive' | 'state-info' | 'leadership'>>[] {
  if (about === 'identity') return [];
  if (about === 'alive' || about === 'state-info') return messagesOf(connections, about);
  return messagesOf(connections, 'leadership').filter((m) => m.message.isDeclaration === (about === 'declaration'));
}

function spansOf(draft: Draft, silenceMicros: number): readonly HearingSpan[] {
  const [first, ...later] = draft.starts;
  if (first === undefined) return [];
  const { source } = draft;
  const spans: HearingSpan[] = [];
  let begin = first;
  const close = (to: Instant, frame: number): void => {
    spans.push({ from: begin.at, to, fromEvidence: { source, frame: begin.frame }, toEvidence: { source, frame } });
  };
  for (const next of later) {
    // Without a message before it is the same news to a receiver that was not known by its name yet.
    if (next.previousAt === null || next.at - next.previousAt <= silenceMicros) continue;
    close(instantOfMicros(Math.max(next.previousAt, begin.at)), begin.frame);
    begin = next;
  }
  const end = draft.end !== null && draft.end > begin.at ? draft.end : begin.at;
  close(end, draft.end !== null && draft.end > begin.at ? draft.endFrame : begin.frame);
  return spans;
}

/** Joins spans that overlap or lie no further apart than the silence. */
export function mergeSpans(spans: readonly HearingSpan[], silenceMicros: number): readonly HearingSpan[] {
  const merged: HearingSpan[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged.at(-1);
    if (last === undefined || span.from - last.to > silenceMicros) merged.push(span);
    else if (span.to > last.to) merged[merged.length - 1] = { ...last, to: span.to, toEvidence: span.toEvidence };
  }
  return merged;
}
