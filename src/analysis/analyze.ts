import type { TimelineEvent } from '../events/event.js';
import { compareEvidence, type Evidence, mergeEvidence } from '../events/evidence.js';
import { formatInstant, type Instant, instantOfMicros } from '../events/instant.js';
import { type Oddity, OddityCounter } from '../events/oddity.js';
import { type ChannelsRead, reconstructChannels } from '../reconstruct/channels.js';
import { type ConnectivityFacts, identifyConnections, type ToldAddress } from '../reconstruct/connectivity.js';
import { type ContactsRead, reconstructContacts } from '../reconstruct/contact.js';
import { type DisseminationFacts, reconstructDissemination } from '../reconstruct/dissemination.js';
import { reconstructInterruptions } from '../reconstruct/interruptions.js';
import { type LeadershipRead, readLeadership } from '../reconstruct/leadership.js';
import { type Lifecycle, reconstructLifecycle, startAt } from '../reconstruct/lifecycle.js';
import { readViews, reconstructMembership } from '../reconstruct/membership.js';
import { type Network, nameOfEndpoint, obtain, type Reconstructor } from '../reconstruct/network.js';
import { readDeliverStreams, reconstructRaft } from '../reconstruct/ordering.js';
import { groupOrganizations, type OrganizationFacts } from '../reconstruct/organizations.js';
import { type PlaintextIdentities, readPlaintextIdentities } from '../reconstruct/plaintext-identities.js';
import { reconstructWire, type WireFacts } from '../reconstruct/wire.js';
import type { NodeKind } from '../topology/directory.js';
import { commonNameOf, hostOf, isAnonymousHost } from '../topology/endpoint.js';
import { separateGenerations } from './channel-generations.js';
import { describeChannels } from './channel-records.js';
import type { Analysis, Connection, DeliverStream, Gossip, OddityRecord, RaftTerm } from './contract.js';
import { diagnose } from './diagnose.js';
import { describeNodes } from './node-records.js';
import { describeDeeds } from './operator-deeds.js';
import type { Recorded } from './recorded.js';
import { describeRecordings, describeSources, recordingOddities } from './source-records.js';
import { buildTimeline, citedIn, type Timeline, windowOf } from './timeline.js';
import { tellWalkthrough } from './walkthrough.js';
import { addWire } from './wire-records.js';

/** Everything reconstructed from one recording, before it is written down as the contract wants it. */
export interface Reconstruction {
  readonly network: Network;
  readonly lifecycles: ReadonlyMap<string, Lifecycle>;
  readonly channels: ChannelsRead;
  readonly leadership: LeadershipRead;
  readonly dissemination: DisseminationFacts;
  readonly contacts: ContactsRead;
  readonly connectivity: ConnectivityFacts;
}

export interface AnalysisResult {
  /** Complete but for the excerpts of captured frames, which take a second look at the captures. */
  readonly analysis: Analysis;
  readonly events: readonly TimelineEvent[];
  /** Source → frame numbers that are cited. */
  readonly citedFrames: ReadonlyMap<string, ReadonlySet<number>>;
}

/** Runs every reconstruction over a recording. A pure function: the same recording gives the same result in any order of its files. */
export function analyze(recorded: Recorded, toolVersion: string): AnalysisResult {
  const built = buildTimeline(recorded);
  const { events, generations, ends } = separateGenerations(built.events, built.incarnations);
  const timeline: Timeline = { ...built, events };
  const dated = windowOf(recorded);
  const window = dated ?? { from: instantOfMicros(0), to: instantOfMicros(0) };
  const network: Network = { directory: timeline.directory, incarnations: timeline.incarnations, window };
  const captures = recorded.captures.flatMap((c) =>
    c.summary.from === null || c.summary.to === null ? [] : [{ source: c.source, from: c.summary.from, to: c.summary.to }],
  );
  const observed = [...recorded.captures].sort((a, b) => (a.source < b.source ? -1 : 1)).flatMap((c) => c.summary.connections);
  const said = readPlaintextIdentities(
    observed,
    (pkiId) => timeline.directory.nodeOfPkiId(pkiId),
    (host) => timeline.directory.nodeOfHost(host),
  );
  const connectivity = identifyConnections(observed, timeline.directory, [...toldAddresses(timeline, recorded), ...said.addresses], captures);

  const lifecycle = reconstructLifecycle(network, connectivity.silentHosts);
  const channelsReader = reconstructChannels(network);
  const views = readViews(network);
  const leaders = readLeadership();
  const dissemination = reconstructDissemination(network);
  const contact = reconstructContacts(
    network,
    (address, at) => connectivity.addresses.resolve(address, at) ?? connectivity.addresses.resolve(hostOf(address), at),
  );
  const streams = readDeliverStreams(network);
  const raft = reconstructRaft(network);
  const interruptions = reconstructInterruptions();
  const all: readonly Pick<Reconstructor<unknown>, 'step'>[] = [
    lifecycle,
    channelsReader,
    views,
    leaders,
    dissemination,
    contact,
    streams,
    raft,
    interruptions,
  ];
  for (const event of timeline.events) for (const reconstructor of all) reconstructor.step(event);

  const lifecycles = lifecycle.finish();
  const channels = channelsReader.finish();
  const viewsRead = views.finish();
  const leadership = leaders.finish()(lifecycles);
  const blocks = dissemination.finish();
  const contacts = contact.finish()(lifecycles);
  const logStreams = streams.finish()(lifecycles, contacts.deliverCalls);
  const raftTerms = raft.finish();
  const membership = reconstructMembership(network, viewsRead, lifecycles, channels.peers);
  const bootstraps = [...lifecycles].flatMap(([peer, l]) =>
    [...l.starts, ...(l.unstarted === null ? [] : [l.unstarted])].flatMap((s) =>
      (s.bootstrap ?? []).map((target) => ({ peer, target: nameOfEndpoint(network, target) })),
    ),
  );
  const organizations = groupOrganizations(timeline.directory, channels, viewsRead.kinship, bootstraps);

  const wire = captures.length === 0 ? null : readWire({ network, lifecycles, organizations, connectivity, blocks, said, captures });

  const deliverStreams: DeliverStream[] = [
    ...logStreams.map(
      (s): DeliverStream => ({
        ...stamped(s),
        orderer: s.orderer,
        peer: s.peer,
        channel: s.channel,
        blocks: null,
        basis: 'log',
        evidence: s.evidence,
      }),
    ),
    ...(wire?.streams ?? []).map((s): DeliverStream => ({ ...s, ...stamped(s) })),
  ];
  const nodes = describeNodes({
    network,
    lifecycles,
    connectivity,
    organizations,
    said: [...said.peers.values()],
    containers: recorded.inspects.flatMap((i) => i.facts.containers),
    interruptions: recorded.dockerEvents.length === 0 ? null : interruptions.finish(),
  });
  const reconstruction: Reconstruction = { network, lifecycles, channels, leadership, dissemination: blocks, contacts, connectivity };
  const logged = describeChannels({ ...reconstruction, membership: membership.byChannel, organizations, deliverStreams: logStreams, ends });
  const mspIds = new Map([...said.peers.values()].flatMap((p) => (p.mspId === null ? [] : [[p.name, p.mspId] as const])));
  const channelRecords =
    wire === null
      ? logged
      : addWire(logged, wire, (peer) => {
          const told = organizations.find((o) => o.peers.includes(peer));
          const mspId = mspIds.get(peer);
          return told ?? (mspId === undefined ? null : { mspId, basis: 'certificate' });
        });
  const gossip: Gossip = {
    bootstrapAttempts: contacts.attempts.map((a) => ({ ...a, at: formatInstant(a.at) })),
    suspicions: contacts.suspicions.map((s) => ({ ...s, at: formatInstant(s.at) })),
    contacts: contacts.contacts.map((c) => ({ ...c, at: formatInstant(c.at) })),
    connections: connectivity.connections.map(describeConnection),
    ...(wire === null || wire.traffic.length === 0 ? {} : { traffic: wire.traffic }),
    silentPairs: connectivity.silentPairs.map((p) => ({
      peers: p.peers,
      from: formatInstant(p.from),
      to: formatInstant(p.to),
      evidence: p.evidence,
    })),
  };
  const ordering = {
    deliverStreams,
    raft: raftTerms.map((r): RaftTerm => ({ ...r, from: formatInstant(r.from), to: r.to === null ? null : formatInstant(r.to) })),
  };
  const base = {
    schemaVersion: 1 as const,
    tool: { name: 'gossipscope' as const, version: toolVersion },
    window: { from: dated === null ? null : formatInstant(dated.from), to: dated === null ? null : formatInstant(dated.to) },
    sources: describeSources(recorded, timeline),
    nodes,
    channels: channelRecords,
    gossip,
    ordering,
    unplaced: membership.unplaced.map((u) => ({
      kind: 'membership' as const,
      observer: u.observer,
      at: formatInstant(u.at),
      text: u.text,
      evidence: u.evidence,
    })),
    oddities: describeOddities(recorded, connectivity, timeline.events, wire?.strangeClocks ?? []),
    ...describeRecordings(recorded),
  };
  const operator =
    recorded.dockerEvents.length + recorded.marks.length === 0
      ? {}
      : { operator: describeDeeds({ ...base, events: timeline.events }, timeline.directory) };
  const findings = diagnose(nodes, recorded, timeline);
  const walkthrough = tellWalkthrough({ ...base, ...operator, findings, events: timeline.events, generations });
  const withoutExcerpts = { ...base, ...operator, findings, walkthrough };
  const cited = citedIn(withoutExcerpts);
  return { analysis: { ...withoutExcerpts, excerpts: excerptsOf(cited, timeline, recorded) }, events: timeline.events, citedFrames: framesOf(cited) };
}

const stamped = (s: {
  readonly openedAt: Instant | null;
  readonly closedAt: Instant | null;
}): { readonly openedAt: string | null; readonly closedAt: string | null } => ({
  openedAt: s.openedAt === null ? null : formatInstant(s.openedAt),
  closedAt: s.closedAt === null ? null : formatInstant(s.closedAt),
});

interface WireSurroundings {
  readonly network: Network;
  readonly lifecycles: ReadonlyMap<string, Lifecycle>;
  readonly organizations: readonly OrganizationFacts[];
  readonly connectivity: ConnectivityFacts;
  readonly blocks: DisseminationFacts;
  readonly said: PlaintextIdentities;
  readonly captures: readonly { readonly from: Instant; readonly to: Instant }[];
}

/** What the packets tell of blocks, leaders and members, with names and times from the logs. */
function readWire({ network, lifecycles, organizations, connectivity, blocks, said, captures }: WireSurroundings): WireFacts {
  const { directory } = network;
  const kinds = new Map<string, NodeKind>();
  for (const n of connectivity.wireNodes) kinds.set(n.name, n.kind);
  for (const n of directory.nodes.values()) kinds.set(n.name, n.kind);
  const received = new Map<string, Map<string, Map<number, Instant>>>();
  for (const [channel, list] of blocks.blocks)
    for (const { number, copies } of list)
      for (const { peer, receivedAt } of copies)
        if (receivedAt !== null)
          obtain(
            obtain(received, channel, () => new Map<string, Map<number, Instant>>()),
            peer,
            () => new Map<number, Instant>(),
          ).set(number, receivedAt);
  const mspIds = new Map([...said.peers.values()].map((p) => [p.name, p.mspId] as const));
  for (const o of organizations) if (o.mspId !== null) for (const peer of o.peers) mspIds.set(peer, o.mspId);
  const endpoints = [...directory.nodes.values()].flatMap((n) => (n.kind === 'peer' && n.endpoint !== null ? [n.endpoint] : []));
  const dialled = connectivity.connections.flatMap((c) => (kinds.get(c.to) === 'peer' ? [`${c.to}:${c.observed.server.port}`] : []));
  return reconstructWire({
    connections: connectivity.connections,
    received,
    kindOf: (name) => kinds.get(name) ?? null,
    organizationOf: (peer) => mspIds.get(peer) ?? null,
    modeAt: (peer, at) => startAt(lifecycles.get(peer), at)?.leaderElection ?? 'unknown',
    nameOf: (pkiId) => directory.nodeOfPkiId(pkiId) ?? said.peers.get(pkiId)?.name ?? null,
    endpointBytes: [...new Set([...endpoints, ...dialled].map((e) => Buffer.byteLength(e)))],
    silentHosts: connectivity.silentHosts,
    captured: captures,
  });
}

/** Addresses that logs and Docker give to nodes. */
function toldAddresses(timeline: Timeline, recorded: Recorded): readonly ToldAddress[] {
  const told: ToldAddress[] = [];
  const { directory } = timeline;
  for (const { body, node, at } of timeline.events) {
    if (body.kind === 'process.address-detected' && !isAnonymousHost(hostOf(body.address)))
      told.push({ address: hostOf(body.address), node, at, basis: 'log' });
    if (body.kind === 'gossip.probed') {
      const name = directory.nodeOfPkiId(body.pkiId);
      if (name !== null)
        told.push({ address: body.address, node: name, at, basis: 'log' }, { address: hostOf(body.address), node: name, at, basis: 'log' });
    }
    if (body.kind === 'rpc.completed' && body.address !== null && body.subject !== null) {
      const name = commonNameOf(body.subject);
      const owner = name === null ? null : directory.nodeOfHost(name);
      const begun = instantOfMicros(at - (body.durationMicros ?? 0));
      if (owner !== null) told.push({ address: hostOf(body.address), node: owner, at: begun, basis: 'log' });
    }
  }
  told.push(...inspectedAddresses(timeline, recorded));
  return told.filter((t) => !isAnonymousHost(hostOf(t.address)));
}

/**
 * Addresses by Docker's inspect outputs, each claimed from the moment that it could have begun: the container's start, or where an earlier output of the same
 * life showed another, the container's last connection to a network before Docker was asked, else that moment itself.
 */
function inspectedAddresses(timeline: Timeline, recorded: Recorded): readonly ToldAddress[] {
  interface Shown {
    readonly containerId: string;
    readonly address: string;
    readonly inspectedAt: Instant | null;
    readonly startedAt: Instant;
  }
  const lastStart = new Map<string, { readonly inspectedAt: Instant | null; readonly startedAt: Instant }[]>();
  const inspects = [...recorded.inspects].sort((a, b) => (a.source < b.source ? -1 : 1));
  const shown: Shown[] = [];
  for (const c of inspects.flatMap((i) => i.facts.containers)) {
    if (c.startedAt === null) continue;
    const { startedAt, inspectedAt } = c;
    lastStart.set(c.id, [...(lastStart.get(c.id) ?? []), { inspectedAt, startedAt }]);
    shown.push(...c.addresses.map((a) => ({ containerId: c.id, address: a.address, inspectedAt, startedAt })));
  }
  for (const n of inspects.flatMap((i) => i.facts.networks)) {
    for (const m of n.members) {
      const starts = (lastStart.get(m.containerId) ?? []).toSorted((a, b) => a.startedAt - b.startedAt);
      const { inspectedAt } = n;
      const start = inspectedAt === null ? starts.at(-1) : (starts.findLast((s) => s.startedAt <= inspectedAt) ?? starts[0]);
      if (start !== undefined) shown.push({ containerId: m.containerId, address: m.address, inspectedAt, startedAt: start.startedAt });
    }
  }
  const connections = timeline.events.filter((e) => e.body.kind === 'network.connected');
  const first = new Map<string, { readonly addresses: Set<string>; readonly inspectedAt: Instant | null }>();
  const told: ToldAddress[] = [];
  for (const s of shown.sort((a, b) => (a.inspectedAt ?? 0) - (b.inspectedAt ?? 0))) {
    const node = timeline.directory.nodeOfContainer(s.containerId);
    if (node === null) continue;
    const life = `${s.containerId} ${s.startedAt}`;
    const known = first.get(life) ?? { addresses: new Set<string>(), inspectedAt: s.inspectedAt };
    first.set(life, known);
    const isNew = !known.addresses.has(s.address) && s.inspectedAt !== null && known.inspectedAt !== s.inspectedAt;
    const connected = connections.findLast((e) => e.node === node && s.inspectedAt !== null && e.at <= s.inspectedAt && e.at >= s.startedAt)?.at;
    const at = isNew ? (connected ?? s.inspectedAt ?? s.startedAt) : s.startedAt;
    known.addresses.add(s.address);
    told.push({ address: s.address, node, at, basis: 'inspect', confirmedAt: s.inspectedAt });
  }
  return told;
}

function describeConnection(c: ConnectivityFacts['connections'][number]): Connection {
  const { observed } = c;
  return {
    from: c.from,
    to: c.to,
    ...stamped({ openedAt: observed.synAt, closedAt: observed.closedAt }),
    tls: observed.tls,
    bytes: { there: observed.payloadBytes.fromClient, back: observed.payloadBytes.fromServer },
    traffic: observed.traffic.map((t) => ({ at: formatInstant(instantOfMicros(t.second * 1_000_000)), there: t.fromClient, back: t.fromServer })),
    outcome: observed.outcome,
    evidence: c.evidence,
  };
}

function describeOddities(
  recorded: Recorded,
  connectivity: ConnectivityFacts,
  events: readonly TimelineEvent[],
  strangeClocks: readonly string[],
): readonly OddityRecord[] {
  const lists: (readonly Oddity[])[] = [
    recorded.oddities,
    ...[...recorded.logs, ...recorded.captures].sort((a, b) => (a.source < b.source ? -1 : 1)).map((s) => s.summary.oddities),
    ...[...recorded.dockerEvents, ...recorded.marks].sort((a, b) => (a.source < b.source ? -1 : 1)).map((s) => s.read.oddities),
    recordingOddities(recorded, events),
  ];
  const counter = new OddityCounter();
  for (const c of connectivity.foreign)
    counter.add('not-fabric-connection', `${c.client.address}:${c.client.port} → ${c.server.address}:${c.server.port} (${c.protocol})`, {
      source: c.source,
      frame: c.firstFrame,
    });
  if (strangeClocks.length > 0)
    counter.add(
      'clock-apart',
      `${strangeClocks.join(', ')}: by the log blocks were received before the packets brought them, minutes after, or always as much earlier or later than by most other logs; these times are not joined with the packets'`,
      null,
      strangeClocks.length,
    );
  lists.push(counter.list());
  const merged = new Map<string, { count: number; example: string; evidence: Evidence[] }>();
  for (const o of lists.flat()) {
    const known = merged.get(o.kind);
    if (known === undefined) merged.set(o.kind, { count: o.count, example: o.example, evidence: [...o.evidence] });
    else {
      known.count += o.count;
      known.evidence.push(...o.evidence);
    }
  }
  return [...merged]
    .map(([kind, o]) => ({ kind, count: o.count, example: o.example, evidence: mergeEvidence(o.evidence).slice(0, 20) }))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

function excerptsOf(cited: readonly Evidence[], timeline: Timeline, recorded: Recorded): Analysis['excerpts'] {
  const docker = new Map(recorded.inspects.map((i) => [i.source, i.facts.excerpts] as const));
  const oddTexts = new Map(
    [
      ...recorded.logs.flatMap((l) => l.summary.oddities),
      ...[...recorded.dockerEvents, ...recorded.marks].flatMap((t) => t.read.oddities),
      ...recorded.oddities,
    ].flatMap((o) => o.evidence.slice(0, 1).map((e) => [`${e.source} ${'line' in e ? e.line : e.frame}`, o.example] as const)),
  );
  const result: { [source: string]: { [place: string]: string } } = {};
  for (const e of [...cited].sort(compareEvidence)) {
    if (!('line' in e)) continue;
    const text = timeline.texts.get(e.source)?.get(e.line) ?? docker.get(e.source)?.get(e.line) ?? oddTexts.get(`${e.source} ${e.line}`);
    if (text === undefined) continue;
    const known = result[e.source] ?? {};
    known[String(e.line)] = text;
    result[e.source] = known;
  }
  return result;
}

function framesOf(cited: readonly Evidence[]): ReadonlyMap<string, ReadonlySet<number>> {
  const frames = new Map<string, Set<number>>();
  for (const e of cited) {
    if (!('frame' in e)) continue;
    const known = frames.get(e.source) ?? new Set<number>();
    known.add(e.frame);
    frames.set(e.source, known);
  }
  return frames;
}

/** The analysis with the texts of its cited frames: source → frame → text. */
export function addFrameTexts(analysis: Analysis, texts: ReadonlyMap<string, ReadonlyMap<number, string>>): Analysis {
  const excerpts: { [source: string]: { readonly [place: string]: string } } = { ...analysis.excerpts };
  for (const [source, frames] of [...texts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    excerpts[source] = {
      ...excerpts[source],
      ...Object.fromEntries([...frames].sort(([a], [b]) => a - b).map(([frame, text]) => [String(frame), text])),
    };
  }
  return { ...analysis, excerpts };
}
