import type { Evidence } from '../events/evidence.js';
import { mergeEvidence } from '../events/evidence.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import type { ConnectionFacts } from './connectivity.js';
import { messagesOf } from './plaintext-messages.js';
import { type Hearing, type HearingSpan, mergeSpans, readHearings } from './plaintext-spans.js';
import type { WireTerm } from './wire-facts.js';

/** peer.gossip.election.leaderAliveThreshold (core.yaml): followers wait so long for a declaration, which comes twice as often. */
const LEADER_ALIVE_MICROS = 10_000_000;

/** An endless request for a channel's blocks to an orderer, and what came of it. */
export interface PlaintextStream {
  readonly orderer: string;
  readonly peer: string;
  readonly channel: string;
  /** Of the request. */
  readonly openedAt: Instant;
  /** The orderer's status, the end of the call or of the connection; null: it was still open when the capture ended. */
  readonly closedAt: Instant | null;
  readonly blocks: number;
  readonly evidence: readonly Evidence[];
}

/**
 * The streams on which peers are served blocks for ever, by the time of the request. A request that names its last block is a command-line client's
 * (core/deliverservice: leaders ask up to block 2^64 - 1).
 */
export function readPlaintextStreams(connections: readonly ConnectionFacts[]): readonly PlaintextStream[] {
  const requests = messagesOf(connections, 'deliver-request').filter((r) => r.message.isEndless);
  const statuses = messagesOf(connections, 'deliver-status');
  const carried = messagesOf(connections, 'blocks').filter((b) => b.message.via === 'deliver');
  return requests.map(({ message, from, to, connection }) => {
    const isOfCall = (m: {
      readonly message: { readonly stream: number; readonly lastAt: Instant };
      readonly connection: ConnectionFacts;
    }): boolean => m.connection === connection && m.message.stream === message.stream && m.message.lastAt >= message.lastAt;
    const ended = statuses.find(isOfCall);
    const { closedAt, closedFrame, source } = connection.observed;
    const endFrame = ended?.message.lastFrame ?? closedFrame;
    return {
      orderer: to,
      peer: from,
      channel: message.channel,
      openedAt: message.firstAt,
      closedAt: ended?.message.lastAt ?? closedAt,
      blocks: carried.filter(isOfCall).length,
      evidence: [{ source, frame: message.firstFrame }, ...(endFrame === null ? [] : [{ source, frame: endFrame }])],
    };
  });
}

/**
 * Who led, by the declarations that reached others (gossip/election/election.go: at once when elected, then every 5 s) and the leader's endless stream from an orderer. A term
 * begins with the stream's request where that came before the first declaration, else with that. It ends when a lower PKI-ID's declaration reached the leader and it fell
 * silent (`renounced`), when its stream or connections closed and it fell silent, else with its last declaration (`stopped`); a leader that was
 * heard within the last 10 s of the capture, or whose stream is still open, leads on. Where elections are held in a channel, a peer that is streamed to without ever
 * declaring leads alone. Where nobody declares, nobody was elected: no terms. `nameOf` gives the node of a PKI-ID; `until` is the capture's end.
 */
export function readPlaintextTerms(
  connections: readonly ConnectionFacts[],
  nameOf: (pkiId: string) => string | null,
  until: Instant,
): readonly WireTerm[] {
  const hearings = readHearings(connections, 'declaration', LEADER_ALIVE_MICROS);
  const streams = readPlaintextStreams(connections);
  const elected = new Set(hearings.map((h) => h.channel));
  const byDeclarer = new Map<string, { readonly pkiId: string; readonly channel: string; readonly spans: HearingSpan[] }>();
  for (const h of hearings) {
    if (h.channel === null) continue;
    const key = `${h.channel}\n${h.pkiId}`;
    const known = byDeclarer.get(key) ?? { pkiId: h.pkiId, channel: h.channel, spans: [] };
    byDeclarer.set(key, known);
    known.spans.push(...h.spans);
  }
  const terms: WireTerm[] = [];
  for (const { pkiId, channel, spans } of byDeclarer.values()) {
    const peer = nameOf(pkiId) ?? pkiId;
    const own = streams.filter((s) => s.peer === peer && s.channel === channel);
    for (const span of mergeSpans(spans, LEADER_ALIVE_MICROS)) {
      const stream = own.find((s) => s.openedAt <= span.to && (s.closedAt === null || s.closedAt >= span.from));
      terms.push({ ...termOf(peer, pkiId, channel, span, stream ?? null, hearings, connections, until), group: 0 });
    }
  }
  for (const s of streams) {
    const isTold = terms.some(
      (t) => t.peer === s.peer && t.channel === s.channel && t.from <= (s.closedAt ?? until) && (t.to ?? until) >= s.openedAt,
    );
    if (isTold || !elected.has(s.channel)) continue;
    const end = { to: s.closedAt, endedBy: s.closedAt === null ? ('still-leading' as const) : ('stopped' as const) };
    terms.push({ peer: s.peer, channel: s.channel, group: 0, from: s.openedAt, ...end, basis: 'plaintext', evidence: s.evidence });
  }
  return terms.sort((a, b) => a.from - b.from || (a.peer < b.peer ? -1 : 1));
}

function termOf(
  peer: string,
  pkiId: string,
  channel: string,
  span: HearingSpan,
  stream: PlaintextStream | null,
  hearings: readonly Hearing[],
  connections: readonly ConnectionFacts[],
  until: Instant,
): Omit<WireTerm, 'group'> {
  const from = stream === null ? span.from : instantOfMicros(Math.min(stream.openedAt, span.from));
  const evidence = mergeEvidence([span.fromEvidence, span.toEvidence], stream?.evidence ?? []);
  const base = { peer, channel, from, basis: 'plaintext' as const };
  const rival = rivalOf(peer, pkiId, channel, span, hearings);
  if (rival !== null) return { ...base, to: rival.at, endedBy: 'renounced', evidence: mergeEvidence(evidence, [rival.evidence]) };
  const streamEnd = stream?.closedAt ?? null;
  if (streamEnd !== null && streamEnd >= span.to - LEADER_ALIVE_MICROS / 2) return { ...base, to: streamEnd, endedBy: 'stopped', evidence };
  if (until - span.to <= LEADER_ALIVE_MICROS || (stream !== null && streamEnd === null)) {
    return { ...base, to: null, endedBy: 'still-leading', evidence };
  }
  const closing = lastClosing(peer, span.to, connections);
  if (closing !== null) return { ...base, to: closing.at, endedBy: 'stopped', evidence: mergeEvidence(evidence, [closing.evidence]) };
  return { ...base, to: span.to, endedBy: 'stopped', evidence };
}

interface Moment {
  readonly at: Instant;
  readonly evidence: Evidence;
}

/** When a lower PKI-ID's declaration silenced a leader: it reached it no later than its next declaration was due. */
function rivalOf(peer: string, pkiId: string, channel: string, span: HearingSpan, hearings: readonly Hearing[]): Moment | null {
  let found: Moment | null = null;
  for (const h of hearings) {
    if (h.receiver !== peer || h.channel !== channel || h.pkiId >= pkiId) continue;
    for (const s of h.spans) {
      const at = instantOfMicros(Math.max(s.from, span.from));
      if (at > s.to || at < span.to - LEADER_ALIVE_MICROS / 2 || at > span.to + LEADER_ALIVE_MICROS / 2) continue;
      if (found === null || at < found.at) found = { at, evidence: s.fromEvidence };
    }
  }
  return found;
}

/** When the first of a peer's connections closed after its last declaration, before the next one was missed. */
function lastClosing(peer: string, after: Instant, connections: readonly ConnectionFacts[]): Moment | null {
  let found: Moment | null = null;
  for (const { from, to, observed } of connections) {
    const { closedAt, closedFrame, source } = observed;
    if ((from !== peer && to !== peer) || closedAt === null || closedFrame === null || observed.plaintext === null) continue;
    if (closedAt < after || closedAt > after + LEADER_ALIVE_MICROS || (found !== null && closedAt >= found.at)) continue;
    found = { at: closedAt, evidence: { source, frame: closedFrame } };
  }
  return found;
}
