import type { TimelineEvent } from '../events/event.js';
import { type Evidence, mergeEvidence } from '../events/evidence.js';
import { formatInstant } from '../events/instant.js';
import { hostOf, isAnonymousHost } from '../topology/endpoint.js';
import { tellBlocks } from './block-sentences.js';
import type { ChannelGeneration } from './channel-generations.js';
import type { Analysis, BootstrapAttempt, Channel, MembershipChange, Node, Organization, Sentence, Stop, Suspicion, Term } from './contract.js';
import { interruptionsAround, tellDeeds, tellInterruptions } from './operator-sentences.js';

import { allOf, capitalized, clockOf, countOf, durationOf, listOf, microsOf, someOf } from './phrases.js';
import { tellingTerms } from './terms.js';

/** What the story is told from: the facts of the analysis, and the events no field of it holds. */
export interface Told extends Omit<Analysis, 'walkthrough' | 'excerpts'> {
  readonly events: readonly TimelineEvent[];
  /** Channels that began anew in the middle of the recording. */
  readonly generations?: readonly ChannelGeneration[];
}

/** Enough places to check a sentence by; the rest is in the tables. */
const MAX_EVIDENCE = 8;

/** A sentence of the story; every one names the nodes it speaks of and the places it comes from. */
export function sentence(
  topic: Sentence['topic'],
  at: string | null,
  text: string,
  nodes: readonly string[],
  channel: string | null,
  evidence: readonly Evidence[],
): Sentence {
  return { at, topic, text, nodes: [...new Set(nodes)].sort(), channel, evidence: evidence.slice(0, MAX_EVIDENCE) };
}

/** Sentences at one moment are told in this order: cause before effect. */
const TOPIC_ORDER: readonly Sentence['topic'][] = [
  'network',
  'gap',
  'operator',
  'container',
  'start',
  'bootstrap',
  'channel',
  'join',
  'election',
  'anchor',
  'block',
  'membership',
  'packets',
  'fault',
  'recovery',
  'stop',
];

/**
 * The story of the network in plain sentences, in order of time: who started and whom it could reach, channels and joins, who was elected and why the others were not,
 * what each organization knew before and after the anchor update, how the first blocks travelled, what went wrong and healed.
 */
export function tellWalkthrough(told: Told): readonly Sentence[] {
  const sentences = [
    ...tellNetwork(told),
    ...tellDeeds(told.operator ?? []),
    ...tellInterruptions(told.nodes),
    ...tellStarts(told.nodes),
    ...tellAttempts(told),
    ...(told.generations ?? []).map(tellGeneration),
    ...tellChannelCreations(told.events),
    ...told.channels.flatMap((c) => [
      ...tellJoins(c),
      ...tellElections(c, told),
      ...tellAnchors(c, told),
      ...tellMembership(c, told),
      ...tellBlocks(c, told),
    ]),
    ...tellRaft(told),
    ...tellPackets(told),
    ...tellSuspicions(told),
    ...tellStops(told),
    ...tellGaps(told),
  ];
  return introduceFirst(sentences)
    .map((s, i) => ({ s, i }))
    .sort((a, b) => (a.s.at ?? '').localeCompare(b.s.at ?? '', 'en') || TOPIC_ORDER.indexOf(a.s.topic) - TOPIC_ORDER.indexOf(b.s.topic) || a.i - b.i)
    .map(({ s }) => s);
}

/** What the recording covers is said before what was done before its first line or packet. */
function introduceFirst(sentences: readonly Sentence[]): readonly Sentence[] {
  const [first] = sentences.flatMap((s) => (s.at === null ? [] : [s.at])).sort();
  return sentences.map((s) => (s.topic === 'network' && first !== undefined ? { ...s, at: first } : s));
}

function tellNetwork(told: Told): readonly Sentence[] {
  const { nodes, window } = told;
  if (window.from === null || window.to === null) return [];
  const peers = nodes.filter((n) => n.kind === 'peer');
  const orderers = nodes.filter((n) => n.kind === 'orderer');
  const mspIds = [...new Set(peers.map((p) => p.mspId).filter((m) => m !== null))].sort();
  const versions = [...new Set([...peers, ...orderers].map((n) => n.fabricVersion).filter((v) => v !== null))].sort();
  const tls = [...new Set(told.gossip.connections.map((c) => c.tls).filter((t) => t !== null))].sort();
  const parts = [
    `The recording covers ${durationOf(microsOf(window.to) - microsOf(window.from))} of ${countOf(peers.length, 'peer')}${mspIds.length > 0 ? ` of ${listOf(mspIds)}` : ''} and ${countOf(orderers.length, 'orderer')}`,
    versions.length > 0 ? `Fabric ${listOf(versions)}` : 'of unknown Fabric version',
    ...(tls.length > 0 ? [tls.map((t) => (t === 'none' ? 'without TLS' : `TLS ${t}`)).join(', ')] : []),
  ];
  return [
    sentence(
      'network',
      window.from,
      `${parts.join('; ')}.`,
      [...peers, ...orderers].map((n) => n.name),
      null,
      firstPlaces(told),
    ),
  ];
}

/** Where the recording begins: the first start, contact or connection that is shown. */
function firstPlaces(told: Told): readonly Evidence[] {
  const starts = told.nodes.flatMap((n) => n.starts.flatMap((s) => s.evidence));
  const connections = told.gossip.connections.slice(0, 1).flatMap((c) => c.evidence.slice(0, 1));
  return starts.length > 0 ? starts : [...connections, ...(told.events[0]?.evidence ?? [])];
}

function tellStarts(nodes: readonly Node[]): readonly Sentence[] {
  return nodes.filter(isTold).flatMap((node) =>
    node.starts.map((start, i) => {
      const again = i > 0 ? ' again' : '';
      const before = node.stops.filter((s) => s.at < start.at).at(-1);
      const down =
        i > 0 && before !== undefined
          ? `, ${durationOf(microsOf(start.at) - microsOf(before.at))} after ${before.basis === 'last-line' ? 'its last line' : 'it ended'}`
          : '';
      const bootstrap =
        node.kind === 'peer' && start.bootstrap !== null
          ? `; bootstrap ${start.bootstrap.length === 0 ? 'peers: none' : `${start.bootstrap.length === 1 ? 'peer' : 'peers'} ${listOf(start.bootstrap)}`}`
          : '';
      const version = start.fabricVersion === null ? '' : ` (Fabric ${start.fabricVersion})`;
      const election = node.kind === 'peer' && start.leaderElection !== 'unknown' ? `; ${ELECTION_WORDS[start.leaderElection]}` : '';
      return sentence(
        i > 0 && node.kind !== 'client' ? 'recovery' : 'start',
        start.at,
        `The ${kindOf(node)} ${node.name} started${again}${version}${down}${bootstrap}${election}.`,
        [node.name],
        null,
        start.evidence,
      );
    }),
  );
}

const PURPOSE_WORDS: Readonly<Record<NonNullable<Node['purpose']>, string>> = {
  chaincode: 'chaincode container',
  'command-line': 'command-line container',
  'certificate-authority': 'certificate authority',
  database: 'database',
  broker: 'broker',
  build: 'build container',
  tool: 'tool container',
};

/** `peer`, `orderer`, `chaincode container`; `client` where nothing tells what it is. */
const kindOf = (node: Node): string => (node.purpose === undefined ? node.kind : PURPOSE_WORDS[node.purpose]);

/** What passes by has no part in the story, even where packets show it. */
const isTold = (node: Node): boolean => node.purpose !== 'build' && node.purpose !== 'tool';

const ELECTION_WORDS: Readonly<Record<Exclude<Node['leaderElection'], 'unknown'>, string>> = {
  dynamic: 'its organization elects a leader',
  'static-leader': 'it is set to pull blocks from the orderer itself, without election',
  'static-follower': 'it is set to wait for blocks from others, without election',
};

/** Attempts of one peer at one target that failed one after another are one sentence. */
function tellAttempts(told: Told): readonly Sentence[] {
  const groups = new Map<string, BootstrapAttempt[]>();
  for (const attempt of told.gossip.bootstrapAttempts) {
    const starts = told.nodes.find((n) => n.name === attempt.peer)?.starts.filter((s) => s.at <= attempt.at).length ?? 0;
    const key = `${attempt.peer}\n${attempt.target}\n${attempt.kind}\n${attempt.outcome}\n${starts}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [attempt]);
    else group.push(attempt);
  }
  const sentences: Sentence[] = [];
  for (const attempts of groups.values()) {
    const [first] = attempts;
    const last = attempts.at(-1);
    if (first === undefined || last === undefined || (first.outcome === 'self' && first.kind === 'anchor')) continue;
    const what = first.kind === 'unknown' ? 'the bootstrap and anchor peer' : `the ${first.kind} peer`;
    const evidence = mergeEvidence(...attempts.map((a) => a.evidence));
    if (first.outcome === 'unreachable') {
      const times = attempts.length === 1 ? '' : ` ${attempts.length} times until ${clockOf(last.at)}`;
      const reason = first.reason === null || first.reason === '' ? '' : ` (${first.reason})`;
      sentences.push(
        sentence(
          'bootstrap',
          first.at,
          `${first.peer} could not reach ${what} ${first.target}${times}${reason}${absence(told, first)}.`,
          [first.peer],
          null,
          evidence,
        ),
      );
    } else if (first.outcome === 'connected') {
      sentences.push(sentence('bootstrap', first.at, `${first.peer} reached ${what} ${first.target}.`, [first.peer], null, evidence));
    } else if (first.outcome === 'self') {
      sentences.push(
        sentence(
          'bootstrap',
          first.at,
          `${first.peer} skipped its bootstrap peer ${first.target}: it is the peer itself.`,
          [first.peer],
          null,
          evidence,
        ),
      );
    }
  }
  return sentences;
}

/** Why a target did not answer, where the starts and stops of the target tell. */
function absence(told: Told, attempt: BootstrapAttempt): string {
  if (isAnonymousHost(hostOf(attempt.target))) return ': that is the peer’s own host, which core.yaml names when no bootstrap peer is set';
  const target = told.nodes.find((n) => n.endpoint === attempt.target || n.name === attempt.target.replace(/:\d+$/, ''));
  if (target === undefined) return '';
  const running = target.starts.filter((s) => s.at <= attempt.at).at(-1);
  const next = target.starts.find((s) => s.at > attempt.at);
  const stopped = target.stops.filter((s) => s.at <= attempt.at).at(-1);
  const isDown = (running === undefined && next !== undefined) || (running !== undefined && stopped !== undefined && stopped.at > running.at);
  if (!isDown) return '';
  return next === undefined ? ': it was down' : `: it was not running, and started ${durationOf(microsOf(next.at) - microsOf(attempt.at))} later`;
}

function tellChannelCreations(events: readonly TimelineEvent[]): readonly Sentence[] {
  const first = new Map<string, { readonly event: TimelineEvent; readonly orderers: Set<string> }>();
  for (const event of events) {
    if (event.body.kind !== 'orderer.channel-created') continue;
    const known = first.get(event.body.channel);
    if (known === undefined) first.set(event.body.channel, { event, orderers: new Set([event.node]) });
    else known.orderers.add(event.node);
  }
  return [...first].map(([channel, { event, orderers }]) =>
    sentence(
      'channel',
      formatInstant(event.at),
      `The channel ${channel} was created at ${listOf([...orderers].sort())}.`,
      [...orderers],
      channel,
      event.evidence,
    ),
  );
}

function tellGeneration(generation: ChannelGeneration): Sentence {
  const { channel, name, from, evidence } = generation;
  return sentence(
    'channel',
    formatInstant(from),
    `The ledger of ${channel} began anew at every node that had kept one: this is another channel, called ${name} from here on.`,
    [],
    name,
    evidence,
  );
}

function tellJoins(channel: Channel): readonly Sentence[] {
  return channel.peers.flatMap((p) => {
    if (p.joinedAt === null) return [];
    const how = p.via === 'genesis' ? ' from its genesis block' : p.via === 'snapshot' ? ' from a snapshot' : '';
    return [sentence('join', p.joinedAt, `${p.peer} joined ${channel.name ?? 'the channel'}${how}.`, [p.peer], channel.name, p.evidence.slice(0, 1))];
  });
}

const nameOfOrganization = (o: Organization): string => o.mspId ?? `the organization of ${listOf(o.peers)}`;
const beginning = (name: string): string => name.replace(/^the organization /, 'The organization ');

function tellElections(channel: Channel, told: Told): readonly Sentence[] {
  return channel.organizations.flatMap((o) => [
    ...tellingTerms(o.leadership).flatMap((t) => tellTerm(t, o, channel, told)),
    ...tellFollowers(o, channel),
    ...tellOverlaps(o, channel, told),
    ...tellLeaderless(o, channel),
    ...tellStaticLeaders(o, channel),
  ]);
}

function tellTerm(term: Term, o: Organization, channel: Channel, told: Told): readonly Sentence[] {
  const joined = channel.peers.find((p) => p.peer === term.peer)?.joinedAt ?? null;
  const started =
    told.nodes
      .find((n) => n.name === term.peer)
      ?.starts.filter((s) => s.at <= term.from)
      .at(-1)?.at ?? null;
  const since =
    joined !== null && joined <= term.from && (started === null || joined >= started)
      ? `, ${durationOf(microsOf(term.from) - microsOf(joined))} after it joined`
      : started !== null
        ? `, ${durationOf(microsOf(term.from) - microsOf(started))} after it started`
        : '';
  const others = tellingTerms(o.leadership)
    .filter((t) => t !== term && t.from <= term.from && (t.to === null || t.to > term.from))
    .map((t) => t.peer);
  const rivals = others.length > 0 ? `, although ${listOf(others)} ${others.length === 1 ? 'was' : 'were'} leading` : '';
  const stream = told.ordering.deliverStreams.find(
    (s) =>
      s.peer === term.peer &&
      s.basis === 'log' &&
      (s.channel === channel.name || s.channel === null) &&
      s.openedAt !== null &&
      s.openedAt >= term.from &&
      microsOf(s.openedAt) - microsOf(term.from) < STREAM_DELAY_MICROS,
  );
  const pulls =
    stream === undefined
      ? ''
      : `; it opened a block stream to ${stream.orderer ?? loneOrderer(told) ?? 'the orderer'} ${durationOf(microsOf(stream.openedAt as string) - microsOf(term.from))} later`;
  const begun = sentence(
    'election',
    term.from,
    `${term.peer} became leader of ${nameOfOrganization(o)} on ${channel.name ?? 'the channel'}${since}${rivals}${pulls}.`,
    [term.peer, ...others],
    channel.name,
    [...term.evidence.slice(0, 2), ...(stream?.evidence.slice(0, 1) ?? [])],
  );
  if (term.endedBy !== 'renounced' || term.to === null) return [begun];
  return [
    begun,
    sentence(
      'election',
      term.to,
      `${term.peer} stopped being leader of ${nameOfOrganization(o)} on ${channel.name ?? 'the channel'} after ${durationOf(microsOf(term.to) - microsOf(term.from))}${whyRenounced(term, o, told)}.`,
      [term.peer],
      channel.name,
      term.evidence.slice(2),
    ),
  ];
}

/** The only orderer there is, where there is only one. */
function loneOrderer(told: Told): string | null {
  const [only, ...more] = told.nodes.filter((n) => n.kind === 'orderer');
  return only !== undefined && more.length === 0 ? only.name : null;
}

/** A new leader's stream is up in milliseconds where the orderer answers. */
const STREAM_DELAY_MICROS = 30_000_000;

/** Of two declaring leaders that hear of each other the one with the higher PKI-ID steps down (gossip/election/election.go). */
function whyRenounced(term: Term, o: Organization, told: Told): string {
  const pkiOf = (peer: string): string | null => told.nodes.find((n) => n.name === peer)?.pkiId ?? null;
  const own = pkiOf(term.peer);
  const rival = tellingTerms(o.leadership).find(
    (t) => t.peer !== term.peer && t.from <= (term.to as string) && (t.to === null || t.to > (term.to as string)),
  );
  const rivalId = rival === undefined ? null : pkiOf(rival.peer);
  if (rival === undefined || own === null || rivalId === null || rivalId >= own) return '';
  return `: ${rival.peer} was leading too and has the lower PKI-ID (${rivalId.slice(0, 6)}… < ${own.slice(0, 6)}…)`;
}

function tellFollowers(o: Organization, channel: Channel): readonly Sentence[] {
  const told = new Set<string>();
  return o.leadership.followers.flatMap((f) => {
    const leaders = tellingTerms(o.leadership)
      .filter((t) => t.from <= f.at && (t.to === null || t.to > f.at) && t.peer !== f.peer)
      .map((t) => t.peer);
    const key = `${f.peer} ${leaders.join()}`;
    if (told.has(key)) return [];
    told.add(key);
    const who = leaders.length === 0 ? 'some peer' : listOf(leaders);
    return [
      sentence(
        'election',
        f.at,
        `${f.peer} did not stand for leader on ${channel.name ?? 'the channel'}: it heard that ${who} already led${leaders.length === 0 ? '' : ` ${nameOfOrganization(o)}`}.`,
        [f.peer, ...leaders],
        channel.name,
        f.evidence,
      ),
    ];
  });
}

function tellOverlaps(o: Organization, channel: Channel, told: Told): readonly Sentence[] {
  return o.leadership.overlaps.map((s) => {
    const strangers = s.peers.filter((a) => s.peers.some((b) => a !== b && !saw(channel, a, b, s.from)));
    const because = strangers.length > 0 && channel.membership.basis !== null ? ', who did not have one another in view when it began' : '';
    const length =
      s.to === null
        ? `from then to the end of the recording (${durationOf(microsOf(told.window.to ?? s.from) - microsOf(s.from))})`
        : `for ${durationOf(microsOf(s.to) - microsOf(s.from))}`;
    return sentence(
      'fault',
      s.from,
      `${beginning(nameOfOrganization(o))} had ${s.peers.length} leaders on ${channel.name ?? 'the channel'} ${length}: ${listOf(s.peers)}${because}.`,
      s.peers,
      channel.name,
      s.evidence,
    );
  });
}

const saw = (channel: Channel, observer: string, subject: string, at: string): boolean =>
  channel.membership.matrix.some(
    (c) => c.observer === observer && c.subject === subject && c.seen.some((s) => s.from <= at && (s.to === null || s.to > at)),
  );

function tellLeaderless(o: Organization, channel: Channel): readonly Sentence[] {
  return o.leadership.leaderless.map((s) => {
    const next = tellingTerms(o.leadership).find((t) => t.from === s.to);
    const until =
      s.to === null
        ? 'until the end of the recording'
        : `for ${durationOf(microsOf(s.to) - microsOf(s.from))}${next === undefined ? '' : `, until ${next.peer} took over`}`;
    return sentence(
      'fault',
      s.from,
      `${beginning(nameOfOrganization(o))} had no leader on ${channel.name ?? 'the channel'} ${until}.`,
      next === undefined ? [] : [next.peer],
      channel.name,
      [...s.evidence, ...(next?.evidence.slice(0, 1) ?? [])],
    );
  });
}

function tellStaticLeaders(o: Organization, channel: Channel): readonly Sentence[] {
  if (o.leadership.verdict !== 'static') return [];
  const joins = channel.peers.filter((p) => o.staticLeaders.includes(p.peer) && p.joinedAt !== null);
  const at = joins.map((p) => p.joinedAt as string).sort()[0] ?? null;
  return [
    sentence(
      'election',
      at,
      `${beginning(nameOfOrganization(o))} elects no leader on ${channel.name ?? 'the channel'}: ${listOf(o.staticLeaders)} ${o.staticLeaders.length === 1 ? 'is' : 'are'} set to pull blocks from the orderer.`,
      o.staticLeaders,
      channel.name,
      joins.flatMap((p) => p.evidence.slice(0, 1)),
    ),
  ];
}

function tellAnchors(channel: Channel, told: Told): readonly Sentence[] {
  const sentences: Sentence[] = [];
  for (const o of channel.organizations) {
    for (const anchor of o.anchorPeers) {
      const learned = Object.entries(anchor.learnedAt).sort(([, a], [, b]) => (a < b ? -1 : 1));
      const [first] = learned;
      const last = learned.at(-1);
      if (first === undefined || last === undefined) continue;
      const fromBlock = blockAround(channel, first[0], first[1]);
      const source = fromBlock === null ? '' : ` from configuration block ${fromBlock}`;
      const spread =
        learned.length > 1 ? `${capitalized(someOf(learned.length, channel.peers.length, 'peer'))} learned${source}` : `${first[0]} learned${source}`;
      const within = learned.length > 1 && first[1] !== last[1] ? ` (within ${durationOf(microsOf(last[1]) - microsOf(first[1]))})` : '';
      sentences.push(
        sentence(
          'anchor',
          first[1],
          `${spread} that ${anchor.endpoint} is an anchor peer of ${o.mspId ?? 'an organization'} on ${channel.name ?? 'the channel'}${within}.`,
          learned.map(([peer]) => peer),
          channel.name,
          anchor.evidence,
        ),
      );
      if (first[1] === firstAnchorAt(o)) sentences.push(...tellViewsAround(channel, told, first[1], o));
    }
  }
  return sentences;
}

const firstAnchorAt = (o: Organization): string | undefined => o.anchorPeers.flatMap((a) => Object.values(a.learnedAt)).sort()[0];

/** What an organization saw when its first anchor peer became known: the state that the update is about to change. */
function tellViewsAround(channel: Channel, told: Told, at: string, o: Organization): readonly Sentence[] {
  if (channel.membership.basis === null) return [];
  const organizationOf = (peer: string): string => channel.organizations.find((x) => x.peers.includes(peer))?.mspId ?? '';
  const observers = o.peers.filter((p) => channel.peers.some((c) => c.peer === p && (c.joinedAt === null || c.joinedAt < at)));
  const views = observers.map((observer) => ({
    observer,
    seen: channel.membership.matrix
      .filter((c) => c.observer === observer && c.seen.some((s) => s.from < at && (s.to === null || s.to > at)))
      .map((c) => c.subject),
  }));
  if (views.length === 0) return [];
  const foreign = views.flatMap((v) => v.seen.filter((s) => organizationOf(s) !== (o.mspId ?? '')));
  const own = views.every((v) => observers.every((p) => p === v.observer || v.seen.includes(p)));
  const inside =
    observers.length < 2 ? '' : own ? 'saw one another' : views.every((v) => v.seen.length === 0) ? 'saw nobody' : 'did not all see one another';
  const outside = foreign.length === 0 ? 'nobody of another organization' : `${listOf([...new Set(foreign)].sort())} of other organizations`;
  const text =
    inside === 'saw nobody'
      ? `Until then the peers of ${nameOfOrganization(o)} saw nobody on ${channel.name ?? 'the channel'}.`
      : `Until then the peers of ${nameOfOrganization(o)} ${inside === '' ? 'saw' : inside === 'saw one another' ? 'saw one another and' : `${inside}; they saw`} ${outside} on ${channel.name ?? 'the channel'}.`;
  const evidence = channel.membership.changes.filter((c) => observers.includes(c.observer) && c.at < at).flatMap((c) => c.evidence);
  return [
    sentence(
      'membership',
      at,
      text,
      [...observers, ...foreign],
      channel.name,
      evidence.length > 0
        ? evidence.slice(-MAX_EVIDENCE)
        : (told.channels
            .find((c) => c === channel)
            ?.peers.filter((p) => observers.includes(p.peer))
            .flatMap((p) => p.evidence.slice(0, 1)) ?? []),
    ),
  ];
}

/** The configuration block whose validation this moment lies in at that peer. */
function blockAround(channel: Channel, peer: string, at: string): number | null {
  const block = channel.blocks.find((b) =>
    b.copies.some((c) => c.peer === peer && c.receivedAt !== null && c.receivedAt <= at && (c.committedAt === null || at <= c.committedAt)),
  );
  return block?.number ?? null;
}

/** Tracker lines of several observers within one interval that say the same kind of thing are told one by one: each is a fact about one view. */
function tellMembership(channel: Channel, told: Told): readonly Sentence[] {
  const { changes, convergedAt, fullViewAt } = channel.membership;
  const sentences = changes.flatMap((c) => {
    const news = [
      ...(c.online.length > 0 ? [`${listOf(c.online)} came online`] : []),
      ...(c.offline.length > 0 ? [`${listOf(c.offline)} went offline`] : []),
    ];
    if (news.length === 0) return [];
    const full = fullViewAt[c.observer] === c.at ? ': now it sees every other peer of the channel' : '';
    return [
      sentence(
        c.offline.length > 0 ? 'fault' : 'membership',
        c.at,
        `In the view of ${c.observer} on ${channel.name ?? 'the channel'} ${news.join('; ')}${full}.`,
        [c.observer, ...c.online, ...c.offline],
        channel.name,
        c.evidence,
      ),
    ];
  });
  if (convergedAt !== null && changes.length > 0) {
    const cause = lastAnchorBefore(channel, convergedAt);
    const since = cause === null ? '' : `, ${durationOf(microsOf(convergedAt) - microsOf(cause))} after the last anchor peer became known`;
    const evidence = changes.filter((c) => c.at <= convergedAt).flatMap((c) => c.evidence);
    sentences.push(
      sentence(
        'membership',
        convergedAt,
        `${capitalized(allOf(channel.peers.length, 'peer'))} of ${channel.name ?? 'the channel'} saw one another${since} (views are compared every 5 s by default, so each change is up to that much older than its line).`,
        channel.peers.map((p) => p.peer),
        channel.name,
        evidence.slice(-MAX_EVIDENCE),
      ),
    );
  } else if (channel.membership.basis !== null) {
    // Peers that only packets show had views that nothing tells.
    const observers = channel.peers.filter((p) => fullViewAt[p.peer] !== undefined);
    const blind = observers.filter((p) => fullViewAt[p.peer] === null).map((p) => p.peer);
    if (observers.length > 1 && blind.length > 0)
      sentences.push(
        sentence(
          'fault',
          told.window.to,
          `To the end of the recording ${listOf(blind)} never had every other peer of ${channel.name ?? 'the channel'} in view.`,
          blind,
          channel.name,
          changes
            .filter((c) => blind.includes(c.observer))
            .flatMap((c) => c.evidence)
            .slice(-MAX_EVIDENCE),
        ),
      );
  }
  return sentences;
}

function lastAnchorBefore(channel: Channel, at: string): string | null {
  const firsts = channel.organizations
    .flatMap((o) => o.anchorPeers.map((a) => Object.values(a.learnedAt).sort()[0] ?? ''))
    .filter((t) => t !== '' && t <= at);
  return firsts.sort().at(-1) ?? null;
}

function tellRaft(told: Told): readonly Sentence[] {
  return told.ordering.raft.map((r) => {
    const who = r.leader ?? `Raft node ${r.raftId}`;
    return sentence(
      'election',
      r.from,
      `${who} became Raft leader of ${r.channel}${r.term === null ? '' : ` in term ${r.term}`}${r.to === null ? '' : `, until ${clockOf(r.to)}`}.`,
      r.leader === null ? [] : [r.leader],
      r.channel,
      r.evidence,
    );
  });
}

/** Who the orderers deliver to, when the organizations first met on the wire, and who never did, by the packets alone. */
function tellPackets(told: Told): readonly Sentence[] {
  const streams = told.ordering.deliverStreams.filter((s) => s.basis !== 'log');
  const captured = told.sources.flatMap((s) => (s.kind === 'packets' && s.to !== null ? [s.to] : [])).sort();
  if (captured.length === 0) return [];
  // What sums up all captures is told at the end of the last.
  const end = captured.at(-1) as string;
  const peers = told.nodes.filter((n) => n.kind === 'peer').map((n) => n.name);
  const sentences: Sentence[] = [];
  for (const orderer of [...new Set(streams.map((s) => s.orderer))].sort()) {
    const served = [...new Set(streams.filter((s) => s.orderer === orderer).map((s) => s.peer))].sort();
    const others = peers.filter((p) => !served.includes(p));
    const only =
      others.length === 0
        ? served.length === 2
          ? 'both peers'
          : 'every peer'
        : `${listOf(served)} only, to none of the other ${countOf(others.length, 'peer')}`;
    sentences.push(
      sentence(
        'packets',
        end,
        `In the packets ${orderer ?? 'the orderer'} delivered blocks to ${only}.`,
        [...(orderer === null ? [] : [orderer]), ...served],
        null,
        streams.filter((s) => s.orderer === orderer).flatMap((s) => s.evidence.slice(0, 1)),
      ),
    );
  }
  const mspOf = (name: string): string | null => told.nodes.find((n) => n.name === name)?.mspId ?? null;
  const meetings = new Map<string, (typeof told.gossip.connections)[number]>();
  for (const c of told.gossip.connections) {
    const [a, b] = [mspOf(c.from), mspOf(c.to)].sort();
    if (a == null || b == null || a === b || !peers.includes(c.from) || !peers.includes(c.to) || c.outcome !== 'established' || c.openedAt === null)
      continue;
    if (!meetings.has(`${a}\n${b}`)) meetings.set(`${a}\n${b}`, c);
  }
  for (const [pair, c] of [...meetings].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [a, b] = pair.split('\n');
    sentences.push(
      sentence(
        'packets',
        c.openedAt,
        `The first connection between peers of ${a} and ${b} on the wire: ${c.from} dialled ${c.to}.`,
        [c.from, c.to],
        null,
        c.evidence.slice(0, 2),
      ),
    );
  }
  if (told.gossip.silentPairs.length > 0) {
    const pairs = told.gossip.silentPairs.map((p) => p.peers.join(' and '));
    const shown = pairs.slice(0, MAX_EVIDENCE);
    sentences.push(
      sentence(
        'packets',
        end,
        `No packet passed between ${shown.join('; ')}${pairs.length > shown.length ? ` and ${countOf(pairs.length - shown.length, 'more pair')}` : ''}, although the capture covers them.`,
        told.gossip.silentPairs.flatMap((p) => p.peers),
        null,
        mergeEvidence(...told.gossip.silentPairs.map((p) => p.evidence)),
      ),
    );
  }
  return sentences;
}

/** Suspicions of one observer about one subject within this span are one story. */
const SAME_STORY_MICROS = 60_000_000;

function tellSuspicions(told: Told): readonly Sentence[] {
  const stories: Suspicion[][] = [];
  const latest = new Map<string, Suspicion[]>();
  for (const s of told.gossip.suspicions) {
    const pair = `${s.observer}\n${s.subject}`;
    const known = latest.get(pair);
    if (known !== undefined && microsOf(s.at) - microsOf((known.at(-1) as Suspicion).at) < SAME_STORY_MICROS) known.push(s);
    else {
      const story = [s];
      latest.set(pair, story);
      stories.push(story);
    }
  }
  const changes = new Map<string, MembershipChange[]>();
  for (const change of told.channels.flatMap((c) => c.membership.changes)) {
    const known = changes.get(change.observer);
    if (known === undefined) changes.set(change.observer, [change]);
    else known.push(change);
  }
  return stories.flatMap((story) => {
    const [first] = story;
    const last = story.at(-1);
    if (first === undefined || last === undefined) return [];
    // A failed probe of an anchor peer is told with the attempts.
    if (story.every((s) => s.kind === 'probe-failed')) return [];
    const reason = story.find((s) => s.reason !== null)?.reason ?? null;
    const kinds = [...new Set(story.map((s) => s.kind))];
    const repeated = story.length > kinds.length ? `, ${story.length} lines until ${clockOf(last.at)}` : '';
    const own = changes.get(first.observer) ?? [];
    const back = own.find((c) => c.online.includes(first.subject) && c.at > last.at);
    const gone = own.some((c) => c.offline.includes(first.subject) && c.at >= first.at && microsOf(c.at) - microsOf(first.at) < SAME_STORY_MICROS);
    const down =
      told.nodes
        .find((n) => n.name === first.subject)
        ?.stops.some((s) => Math.abs(microsOf(s.at) - microsOf(first.at)) < SAME_STORY_MICROS && s.at <= last.at) === true;
    const ending =
      gone && back !== undefined
        ? `; it was back in its view at ${clockOf(back.at)}`
        : !gone && !down && story.some((s) => s.kind === 'expired')
          ? '; its channel view did not change'
          : '';
    return [
      sentence(
        'fault',
        first.at,
        `${first.observer} ${sayKinds(kinds, first.subject, reason)}${repeated}${ending}${interruptionsAround(told.nodes, [first.observer, first.subject], first.at, last.at)}.`,
        [first.observer, first.subject],
        null,
        mergeEvidence(...story.map((s) => s.evidence)),
      ),
    ];
  });
}

const SUSPICION_WORDS: Readonly<Record<Suspicion['kind'], (subject: string) => string>> = {
  'not-responsive': (subject) => `could not reach ${subject}`,
  silent: (subject) => `heard nothing more from ${subject}`,
  expired: (subject) => `declared ${subject} dead`,
  'connection-failed': (subject) => `could not connect to ${subject}`,
  'probe-failed': (subject) => `could not probe ${subject}`,
};

/** `could not reach peer1 (EOF) and declared it dead`. */
function sayKinds(kinds: readonly Suspicion['kind'][], subject: string, reason: string | null): string {
  const why = reason === null ? '' : ` (${reason})`;
  return listOf(kinds.map((kind, i) => (i === 0 ? `${SUSPICION_WORDS[kind](subject)}${why}` : SUSPICION_WORDS[kind]('it'))));
}

function tellStops(told: Told): readonly Sentence[] {
  return told.nodes.filter(isTold).flatMap((node) =>
    node.stops.map((stop) => {
      if (node.kind === 'client') return tellClientStop(node, stop, told);
      const how: Readonly<Record<typeof stop.basis, string>> = {
        log: stop.how === 'crashed' ? 'died of a panic' : 'was stopped',
        docker: `ended without a word (by Docker’s record${endingWords(stop)})`,
        packets: 'ended without a word (its connections closed at once)',
        'last-line': 'ended without a word some time after this, its last line',
      };
      const leading = told.channels.flatMap((c) =>
        c.organizations.flatMap((o) =>
          tellingTerms(o.leadership)
            .filter((t) => t.peer === node.name && t.endedBy === 'stopped' && t.to === stop.at)
            .map(() => `${nameOfOrganization(o)} on ${c.name ?? 'the channel'}`),
        ),
      );
      const role = leading.length > 0 ? `, while it was leader of ${listOf(leading)}` : '';
      return sentence(
        stop.how === 'asked' ? 'stop' : 'fault',
        stop.at,
        `The ${node.kind} ${node.name} ${how[stop.basis]}${role}.`,
        [node.name],
        null,
        stop.evidence,
      );
    }),
  );
}

/** A chaincode container goes with its peer: it ends by itself as soon as its connection is closed. */
const GOES_WITH_PEER_MICROS = 30_000_000;

/** A container that is no Fabric node says nothing when it is stopped, and need not: only chaincode that fails while every peer runs is a fault. */
function tellClientStop(node: Node, stop: Stop, told: Told): Sentence {
  const code = stop.exitCode ?? null;
  const isStopped = stop.how === 'asked' || stop.dockerSaid === 'signalled';
  const goesWithPeer = told.nodes.some(
    (n) => n.kind === 'peer' && n.stops.some((s) => Math.abs(microsOf(stop.at) - microsOf(s.at)) <= GOES_WITH_PEER_MICROS),
  );
  const failed = stop.dockerSaid === 'out-of-memory' || (node.purpose === 'chaincode' && !isStopped && code !== null && code !== 0 && !goesWithPeer);
  const memory = stop.dockerSaid === 'out-of-memory' ? ['killed for want of memory'] : [];
  const words = [...memory, ...(code === null || (code === 0 && !failed) || (isStopped && !failed) ? [] : [exitWords(code)])];
  const how = stop.basis === 'last-line' ? 'ended some time after this, its last line' : isStopped ? 'was stopped' : failed ? 'died' : 'ended';
  return sentence(
    failed ? 'fault' : 'stop',
    stop.at,
    `The ${kindOf(node)} ${node.name} ${how}${words.length === 0 ? '' : ` (${words.join(', ')})`}.`,
    [node.name],
    null,
    stop.evidence,
  );
}

const SIGNAL_BASE = 128;
const MOST_SIGNALS = 64;

const exitWords = (code: number): string =>
  `exit code ${code}${code > SIGNAL_BASE && code <= SIGNAL_BASE + MOST_SIGNALS ? `, which is signal ${code - SIGNAL_BASE}` : ''}`;

/** `: told to by docker kill or docker stop, exit code 137, which is signal 9`. */
function endingWords(stop: Stop): string {
  const said =
    stop.dockerSaid === 'out-of-memory' ? ['killed for want of memory'] : stop.dockerSaid === 'signalled' ? ['Docker was told to end it'] : [];
  const code = stop.exitCode ?? null;
  const words = [...said, ...(code === null ? [] : [exitWords(code)])];
  return words.length === 0 ? '' : `: ${words.join(', ')}`;
}

function tellGaps(told: Told): readonly Sentence[] {
  return told.findings
    .filter((f) => f.diagnosis === 'thin-logs' && f.verdict === 'found')
    .map((f) => sentence('gap', f.from, `${f.title}. ${f.summary}`, f.nodes, f.channel, f.evidence));
}
