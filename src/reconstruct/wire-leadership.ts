import type { SizeRuns } from '../events/connection.js';
import { type Evidence, mergeEvidence } from '../events/evidence.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import { type ConnectionFacts, deliverStreamsOf } from './connectivity.js';
import { type Deliveries, keyOfChannel } from './deliveries.js';
import type { ElectionMode, SilentHost } from './lifecycle.js';
import { obtain } from './network.js';
import type { WireTerm } from './wire-facts.js';
import { leadershipBytes, type SizeRange } from './wire-sizes.js';

/**
 * Who led, by encrypted packets alone. An elected leader opens a Deliver stream to an orderer and keeps it until it renounces (gossip/service/gossip_service.go,
 * onStatusChangeFactory); and it declares itself at once and then every 5 s to all peers of its organization in the channel, who do not pass that on
 * (gossip/election/election.go; gossip/gossip/gossip_impl.go, gossipInChan): small messages of one length, one way. Where nobody declares, nobody was elected: a
 * stream of each peer, or of one, is configuration. A command-line client's fetch is over as soon as it has its block.
 */
export interface WireLeadership {
  readonly terms: readonly WireTerm[];
  /** Whether elections were seen: null where too little was captured to tell. */
  readonly elects: boolean | null;
}

export interface WireLeadershipParts {
  readonly connections: readonly ConnectionFacts[];
  readonly deliveries: Deliveries;
  readonly channelBytes: ReadonlyMap<string, number>;
  readonly kindOf: (name: string) => 'peer' | 'orderer' | 'client' | null;
  /** What logs and configuration tell of a peer's mode at a moment. */
  readonly modeAt: (peer: string, at: Instant) => ElectionMode;
  readonly areMates: (a: string, b: string) => boolean | null;
  readonly silentHosts: readonly SilentHost[];
  readonly until: Instant;
}

/** A fetch is answered and closed within this time. */
const LEAST_TERM_MICROS = 1_000_000;
/** A leader whose orderer is gone tries the next, with pauses (core/deliverservice, back-off); it leads on meanwhile. */
const RECONNECT_MICROS = 30_000_000;
const REOPEN_MICROS = 2_000_000;
/** peer.gossip.election.leaderAliveThreshold is 10 s, declarations come twice as often; followers wait as long before they propose. */
const DECLARATION_MICROS = 5_000_000;
const FEWEST_DECLARATIONS = 3;
/** So long two members of an organization must have been connected for the absence of declarations to tell. */
const TELLING_MICROS = 20_000_000;
const SAME_END_MICROS = 2_000_000;
/** A request for blocks is signed and carries its sender's certificate. */
const REQUEST_BYTES = 500;

interface Stream {
  readonly peer: string;
  readonly channel: string | null;
  readonly group: number;
  readonly from: Instant;
  readonly to: Instant | null;
  readonly closedBy: 'client' | 'server' | 'both' | null;
  readonly evidence: readonly Evidence[];
}

/** The terms of elected leaders, per peer and channel, by time. Where `modeAt` says that a peer's role is configured it has none. */
export function readWireLeadership(parts: WireLeadershipParts): WireLeadership {
  const declarations = readDeclarations(parts);
  const elects = electionsSeen(parts, declarations);
  const isElected = (peer: string, at: Instant): boolean => {
    const mode = parts.modeAt(peer, at);
    return mode === 'dynamic' || (mode === 'unknown' && elects === true);
  };
  const streams = readStreams(parts);
  const bySeat = new Map<string, Stream[]>();
  for (const s of streams) if (isElected(s.peer, s.from)) obtain(bySeat, `${s.peer}\n${keyOfChannel(s.channel, s.group)}`, () => []).push(s);
  const terms = [...bySeat.values()].flatMap((list) => termsOf(list, parts));
  const seesOrderers = parts.connections.some((c) => parts.kindOf(c.from) === 'peer' && parts.kindOf(c.to) === 'orderer');
  if (!seesOrderers && elects === true) terms.push(...termsByDeclarations(declarations, parts).filter((t) => isElected(t.peer, t.from)));
  return { terms: terms.sort((a, b) => a.from - b.from || (a.peer < b.peer ? -1 : 1)), elects };
}

function readStreams({ connections, deliveries, kindOf }: WireLeadershipParts): readonly Stream[] {
  const seriesOf = new Map(deliveries.series.map((s) => [s.connection, s] as const));
  const keys = new Set(deliveries.series.map((s) => keyOfChannel(s.channel, s.group)));
  const [only] = deliveries.series;
  return deliverStreamsOf(connections, kindOf).flatMap((connection): Stream[] => {
    const { observed, from } = connection;
    if (observed.protocol !== 'tls' || isFetch(connection)) return [];
    const series = seriesOf.get(connection);
    const of = series ?? (keys.size === 1 ? only : undefined);
    if (of === undefined) return [];
    const request = observed.bursts.fromClient.find((b) => b.bytes >= REQUEST_BYTES);
    const begin = observed.synAt === null ? observed.firstAt : (request?.firstAt ?? observed.firstAt);
    return [
      {
        peer: from,
        channel: of.channel,
        group: of.group,
        from: begin,
        to: observed.closedAt,
        closedBy: observed.closedBy,
        evidence:
          request === undefined ? connection.evidence : mergeEvidence([{ source: observed.source, frame: request.firstFrame }], connection.evidence),
      },
    ];
  });
}

/** Whether a stream was over as soon as it was answered, as a command-line client's is, also one that runs in a peer's container. */
export function isFetch({ observed }: ConnectionFacts): boolean {
  if (observed.closedAt === null || observed.closedBy === 'server') return false;
  const request = observed.bursts.fromClient.find((b) => b.bytes >= REQUEST_BYTES);
  return observed.closedAt - (request?.firstAt ?? observed.firstAt) < LEAST_TERM_MICROS;
}

/** Streams of one peer in one channel, those that replace one another joined. */
function termsOf(streams: readonly Stream[], { connections, silentHosts }: WireLeadershipParts): readonly WireTerm[] {
  const terms: WireTerm[] = [];
  let last: Stream | null = null;
  let under: { from: Instant; evidence: readonly Evidence[] } | null = null;
  const close = (): void => {
    if (last === null || under === null) return;
    terms.push({
      peer: last.peer,
      channel: last.channel,
      group: last.group,
      from: under.from,
      to: last.to,
      endedBy: last.to === null ? 'still-leading' : isStopped(last.peer, last.to, connections, silentHosts) ? 'stopped' : 'renounced',
      basis: 'packets',
      evidence: under.evidence.slice(0, MOST_EVIDENCE),
    });
  };
  for (const stream of [...streams].sort((a, b) => a.from - b.from)) {
    const gap = last === null ? 0 : last.to === null ? 0 : stream.from - last.to;
    const patience = last?.closedBy === 'client' ? REOPEN_MICROS : RECONNECT_MICROS;
    if (last !== null && under !== null && gap <= patience && (last.to === null || !isStopped(last.peer, last.to, connections, silentHosts))) {
      under.evidence = mergeEvidence(under.evidence, stream.evidence);
      if (last.to !== null && (stream.to === null || stream.to > last.to)) last = stream;
      continue;
    }
    close();
    last = stream;
    under = { from: stream.from, evidence: stream.evidence };
  }
  close();
  return terms;
}

const MOST_EVIDENCE = 12;

/** Whether the peer's process ended then: its host fell silent, or all that it had open closed at once. */
function isStopped(peer: string, at: Instant, connections: readonly ConnectionFacts[], silentHosts: readonly SilentHost[]): boolean {
  if (silentHosts.some((h) => h.node === peer && Math.abs(h.at - at) <= SAME_END_MICROS)) return true;
  const open = connections.filter(
    ({ from, to, observed }) =>
      (from === peer || to === peer) &&
      observed.outcome === 'established' &&
      observed.firstAt < at - SAME_END_MICROS &&
      observed.lastAt >= at - SAME_END_MICROS,
  );
  return open.length > 1 && open.every(({ observed }) => observed.closedAt !== null && Math.abs(observed.closedAt - at) <= SAME_END_MICROS);
}

/** Small messages one way at the pace of declarations. */
interface Declaring {
  readonly peer: string;
  readonly to: string;
  readonly key: string;
  readonly from: Instant;
  readonly until: Instant;
  readonly count: number;
  readonly evidence: readonly Evidence[];
}

function readDeclarations({ connections, channelBytes, kindOf, areMates }: WireLeadershipParts): readonly Declaring[] {
  const found: Declaring[] = [];
  const ranges = new Map<string, SizeRange>();
  for (const [key, bytes] of channelBytes) ranges.set(key, leadershipBytes(bytes));
  for (const connection of connections) {
    const { from, to, observed, evidence } = connection;
    if (observed.protocol !== 'tls' || kindOf(from) !== 'peer' || kindOf(to) !== 'peer' || areMates(from, to) === false) continue;
    for (const [key, range] of ranges) {
      const there = runsWithin(observed.smallMessages.fromClient, range);
      const back = runsWithin(observed.smallMessages.fromServer, range);
      for (const run of there)
        if (isDeclaring(run, back)) found.push({ peer: from, to, key, from: run.from, until: run.to, count: run.count, evidence });
      for (const run of back)
        if (isDeclaring(run, there)) found.push({ peer: to, to: from, key, from: run.from, until: run.to, count: run.count, evidence });
    }
  }
  return found;
}

interface Run {
  readonly from: Instant;
  readonly to: Instant;
  readonly count: number;
}

/** The runs of all sizes within the range, put together where they overlap or are near: a declaration's length varies by its signature. */
function runsWithin(sizes: readonly SizeRuns[], range: SizeRange): readonly Run[] {
  const runs = sizes.filter((s) => s.bytes >= range.least && s.bytes <= range.most).flatMap((s) => s.runs);
  const joined: Run[] = [];
  for (const run of [...runs].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last !== undefined && run.from - last.to <= 3 * DECLARATION_MICROS)
      joined[joined.length - 1] = { from: last.from, to: instantOfMicros(Math.max(last.to, run.to)), count: last.count + run.count };
    else joined.push(run);
  }
  return joined;
}

/** Whether a run has the pace of declarations, and nothing of that length comes back at such a pace: other messages of this length go both ways. */
function isDeclaring(run: Run, back: readonly Run[]): boolean {
  const due = (run.to - run.from) / DECLARATION_MICROS + 1;
  if (run.count < FEWEST_DECLARATIONS || run.count < 0.5 * due || run.count > 1.6 * due + 1) return false;
  const answered = back.filter((b) => b.from <= run.to && b.to >= run.from).reduce((sum, b) => sum + b.count, 0);
  return answered * 3 < run.count;
}

/** Whether leaders are elected in this network: somebody declares; or two members were connected for long and nobody did. */
function electionsSeen({ connections, kindOf, areMates, deliveries }: WireLeadershipParts, declarations: readonly Declaring[]): boolean | null {
  if (declarations.length > 0) return true;
  const served = new Set(deliveries.series.map((s) => s.peer));
  const isTelling = connections.some(
    ({ from, to, observed }) =>
      kindOf(from) === 'peer' &&
      kindOf(to) === 'peer' &&
      areMates(from, to) === true &&
      (served.has(from) || served.has(to)) &&
      observed.lastAt - observed.firstAt >= TELLING_MICROS,
  );
  return isTelling ? false : null;
}

/** Terms where no capture shows the orderers: as long as a peer declared itself to anybody. */
function termsByDeclarations(declarations: readonly Declaring[], { until }: WireLeadershipParts): readonly WireTerm[] {
  const bySeat = new Map<string, Declaring[]>();
  for (const d of declarations) obtain(bySeat, `${d.peer}\n${d.key}`, () => []).push(d);
  return [...bySeat.values()].map((list): WireTerm => {
    const [first] = list as [Declaring];
    const from = instantOfMicros(Math.min(...list.map((d) => d.from)));
    const to = instantOfMicros(Math.max(...list.map((d) => d.until)));
    const leadsOn = until - to <= 2 * DECLARATION_MICROS;
    return {
      peer: first.peer,
      channel: first.key.startsWith('#') ? null : first.key,
      group: first.key.startsWith('#') ? Number(first.key.slice(1)) : 0,
      from,
      to: leadsOn ? null : to,
      endedBy: leadsOn ? 'still-leading' : 'renounced',
      basis: 'packets',
      evidence: mergeEvidence(...list.map((d) => d.evidence)).slice(0, MOST_EVIDENCE),
    };
  });
}
