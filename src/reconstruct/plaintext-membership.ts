import { createHash } from 'node:crypto';
import type { Evidence } from '../events/evidence.js';
import { mergeEvidence } from '../events/evidence.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import type { StateInfoMessage } from '../events/plaintext-message.js';
import type { ConnectionFacts } from './connectivity.js';
import { framesOf, messagesOf, type NamedMessage } from './plaintext-messages.js';
import { type Hearing, type HearingSpan, readHearings } from './plaintext-spans.js';

/** peer.gossip.aliveExpirationTimeout (core.yaml): who was not heard of for so long is taken for dead. */
const EXPIRATION_MICROS = 25_000_000;
/** A peer whose connection closed and that dialled again so soon was not gone (gossip/comm reconnects at the next message, at most two heartbeats later). */
const RECONNECT_MICROS = 10_000_000;
/** What is signed with a certificate nobody has shown is dropped (gossip/gossip/certstore.go). The pull brings it within some rounds of 4 s; one told later was known before the capture. */
const IDENTITY_MICROS = 20_000_000;
/** One message often tells of several members: what an observer learned within so long is one change. */
const SAME_MOMENT_MICROS = 1000;

/** One change of what an observer was told of a channel's members. */
export interface PlaintextMembershipChange {
  readonly channel: string;
  readonly observer: string;
  readonly at: Instant;
  readonly online: readonly string[];
  readonly offline: readonly string[];
  /** The view it leaves behind, without the observer itself. */
  readonly members: readonly string[];
  /**
   * `told`: both an alive message and a state info had come. `connection-lost`, `silence`: the observer's own judgement is not on the wire; it was concluded from its connection
   * with the subject, or from 25 s without an alive message. `left`: the subject said that it leaves the channel.
   */
  readonly basis: 'told' | 'connection-lost' | 'silence' | 'left';
  readonly evidence: readonly Evidence[];
}

/** SHA-256 of PKI-ID and channel name (gossip/gossip/channel, GenerateMAC), hex: how a state info names its channel. */
export function channelMacOf(pkiId: string, channel: string): string {
  return createHash('sha256').update(Buffer.from(pkiId, 'hex')).update(channel).digest('hex');
}

/** Channel MAC → channel, for all peers and channels that were named. */
function channelsByMac(connections: readonly ConnectionFacts[]): ReadonlyMap<string, string> {
  const channels = new Set(connections.flatMap((c) => c.observed.plaintext?.channels ?? []));
  const pkiIds = new Set(connections.flatMap((c) => (c.observed.plaintext?.tellings ?? []).map((t) => t.pkiId)));
  for (const { message } of messagesOf(connections, 'state-info')) pkiIds.add(message.pkiId);
  const byMac = new Map<string, string>();
  for (const channel of channels) for (const pkiId of pkiIds) byMac.set(channelMacOf(pkiId, channel), channel);
  return byMac;
}

interface Step {
  readonly at: Instant;
  readonly subject: string;
  readonly isOnline: boolean;
  readonly basis: PlaintextMembershipChange['basis'];
  readonly evidence: readonly Evidence[];
}

/**
 * What each observer was told of each channel's members, by channel, observer and time: a peer belongs to the view once an alive message and a state info of it for that channel
 * have come and the observer itself has joined (gossip/gossip/channel, GetPeers), until it is taken for dead or leaves. Exact to the message, where a log's view is as late as its tracker polls.
 * `nameOf` gives the node of a PKI-ID; `until` is the capture's end.
 */
export function readPlaintextMembership(
  connections: readonly ConnectionFacts[],
  nameOf: (pkiId: string) => string | null,
  until: Instant,
): readonly PlaintextMembershipChange[] {
  const byMac = channelsByMac(connections);
  const infos = readHearings(connections, 'state-info', Number.POSITIVE_INFINITY).flatMap((hearing): readonly KnownLedger[] => {
    const channel = byMac.get(hearing.channel ?? '');
    const [span] = hearing.spans;
    return channel === undefined || span === undefined ? [] : [{ hearing, channel, subject: nameOf(hearing.pkiId) ?? hearing.pkiId, span }];
  });
  const joins = new Map<string, HearingSpan>();
  for (const { channel, subject, span } of infos) {
    const key = `${channel}\n${subject}`;
    const known = joins.get(key);
    if (known === undefined || span.from < known.from) joins.set(key, span);
  }
  const heard: Heard = {
    connections,
    until,
    alive: spansByHearing(readHearings(connections, 'alive', EXPIRATION_MICROS)),
    identities: spansByHearing(readHearings(connections, 'identity', 0)),
    leaves: messagesOf(connections, 'state-info').filter((m) => m.message.leftChannel),
  };
  const views = new Map<string, { readonly channel: string; readonly observer: string; readonly steps: Step[] }>();
  for (const info of infos) {
    const observer = info.hearing.receiver;
    const key = `${info.channel}\n${observer}`;
    const joined = joins.get(key);
    if (info.subject === observer || joined === undefined) continue;
    const view = views.get(key) ?? { channel: info.channel, observer, steps: [] };
    views.set(key, view);
    view.steps.push(...stepsOf(info, joined, heard));
  }
  return [...views].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, view]) => changesOf(view.channel, view.observer, view.steps));
}

/** What an observer was told of one subject's ledger in a channel. */
interface KnownLedger {
  readonly hearing: Hearing;
  readonly channel: string;
  readonly subject: string;
  readonly span: HearingSpan;
}

/** What all observers heard, by `receiver\npkiId`. */
interface Heard {
  readonly connections: readonly ConnectionFacts[];
  readonly until: Instant;
  readonly alive: ReadonlyMap<string, readonly HearingSpan[]>;
  readonly identities: ReadonlyMap<string, readonly HearingSpan[]>;
  readonly leaves: readonly NamedMessage<StateInfoMessage>[];
}

function spansByHearing(hearings: readonly Hearing[]): ReadonlyMap<string, readonly HearingSpan[]> {
  return new Map(hearings.map((h) => [`${h.receiver}\n${h.pkiId}`, h.spans] as const));
}

/**
 * When one subject came into an observer's view and went. `joined` is when the observer first told anybody of its own ledger: what it is told before it has joined is
 * lost on it.
 */
function stepsOf(info: KnownLedger, joined: HearingSpan, heard: Heard): readonly Step[] {
  const { hearing, subject, span: known } = info;
  const observer = hearing.receiver;
  const key = `${observer}\n${hearing.pkiId}`;
  const left = heard.leaves.find((m) => m.to === observer && m.message.channelMac === hearing.channel);
  const identity = heard.identities.get(key)?.[0];
  const steps: Step[] = [];
  for (const span of heard.alive.get(key) ?? []) {
    const told = instantOfMicros(Math.max(span.from, known.from, joined.from));
    const isLate = identity !== undefined && identity.from > told && identity.from - told <= IDENTITY_MICROS;
    const from = isLate ? identity.from : told;
    const end = endOf(observer, subject, span.to, span.toEvidence, heard.connections, heard.until);
    if (end !== null && end.at <= from) continue;
    const evidence = mergeEvidence([span.fromEvidence, known.fromEvidence, joined.fromEvidence], isLate ? [identity.fromEvidence] : []);
    steps.push({ at: from, subject, isOnline: true, basis: 'told', evidence });
    if (left !== undefined && left.message.lastAt > from && (end === null || left.message.lastAt < end.at)) {
      steps.push({ at: left.message.lastAt, subject, isOnline: false, basis: 'left', evidence: framesOf(left.connection, left.message) });
      break;
    }
    if (end !== null) steps.push({ ...end, subject, isOnline: false });
  }
  return steps;
}

/** When an observer that last heard of `subject` at `last` took it for dead; null: not before the capture's end. */
function endOf(
  observer: string,
  subject: string,
  last: Instant,
  lastEvidence: Evidence,
  connections: readonly ConnectionFacts[],
  until: Instant,
): Omit<Step, 'subject' | 'isOnline'> | null {
  const between = connections
    .filter((c) => (c.from === observer && c.to === subject) || (c.from === subject && c.to === observer))
    .map((c) => c.observed)
    .filter((c) => c.outcome === 'established');
  const expiry = instantOfMicros(last + EXPIRATION_MICROS);
  for (const c of [...between].sort((a, b) => a.lastAt - b.lastAt)) {
    const { closedAt, closedFrame } = c;
    if (closedAt === null || closedFrame === null || closedAt < last || closedAt > expiry) continue;
    const goesOn = between.some((o) => o !== c && o.firstAt <= closedAt + RECONNECT_MICROS && (o.closedAt === null || o.closedAt > closedAt));
    if (!goesOn) return { at: closedAt, basis: 'connection-lost', evidence: [{ source: c.source, frame: closedFrame }] };
  }
  return expiry > until ? null : { at: expiry, basis: 'silence', evidence: [lastEvidence] };
}

function changesOf(channel: string, observer: string, steps: readonly Step[]): readonly PlaintextMembershipChange[] {
  const members = new Set<string>();
  const changes: PlaintextMembershipChange[] = [];
  const ordered = [...steps].sort((a, b) => a.at - b.at || Number(a.isOnline) - Number(b.isOnline) || (a.subject < b.subject ? -1 : 1));
  for (let i = 0; i < ordered.length; ) {
    const first = ordered[i] as Step;
    const together: Step[] = [];
    for (let step = ordered[i]; step !== undefined; step = ordered[++i]) {
      if (step.at - first.at > SAME_MOMENT_MICROS || step.basis !== first.basis || step.isOnline !== first.isOnline) break;
      if (members.has(step.subject) !== step.isOnline) together.push(step);
    }
    if (together.length === 0) continue;
    for (const { subject, isOnline } of together) {
      if (isOnline) members.add(subject);
      else members.delete(subject);
    }
    const subjects = together.map((s) => s.subject).sort();
    changes.push({
      channel,
      observer,
      at: first.at,
      online: first.isOnline ? subjects : [],
      offline: first.isOnline ? [] : subjects,
      members: [...members].sort(),
      basis: first.basis,
      evidence: mergeEvidence(...together.map((s) => s.evidence)),
    });
  }
  return changes;
}

/** A ledger height as its peer told it first to anybody. */
export interface PlaintextHeight {
  readonly channel: string;
  readonly peer: string;
  readonly at: Instant;
  readonly height: number;
  readonly evidence: readonly Evidence[];
}

/** How the peers' ledgers grew, by channel, peer and time: state infos are sent up to 4 s after a commit (peer.gossip.publishStateInfoInterval). */
export function readPlaintextHeights(connections: readonly ConnectionFacts[], nameOf: (pkiId: string) => string | null): readonly PlaintextHeight[] {
  const byMac = channelsByMac(connections);
  return messagesOf(connections, 'state-info')
    .flatMap(({ message, connection }) => {
      const channel = byMac.get(message.channelMac);
      if (channel === undefined || message.height === null || !message.heightChanged) return [];
      const peer = nameOf(message.pkiId) ?? message.pkiId;
      return [{ channel, peer, at: message.lastAt, height: message.height, evidence: framesOf(connection, message) }];
    })
    .sort((a, b) => (a.channel === b.channel ? (a.peer === b.peer ? a.at - b.at : a.peer < b.peer ? -1 : 1) : a.channel < b.channel ? -1 : 1));
}
