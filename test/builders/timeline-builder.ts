import type { Recorded, RecordedLog } from '../../src/analysis/recorded.js';
import type { ObservedConnection } from '../../src/events/connection.js';
import type { EventBody, LogEvent, TimelineEvent, ViewMember } from '../../src/events/event.js';
import { type Instant, instantOfMicros } from '../../src/events/instant.js';
import { type Lifecycle, reconstructLifecycle, type SilentHost } from '../../src/reconstruct/lifecycle.js';
import type { Incarnation, Network, Reconstructor } from '../../src/reconstruct/network.js';
import { buildDirectory, type Mention, type RunFacts } from '../../src/topology/directory.js';
import type { ContainerFacts } from '../../src/topology/inspect.js';

const EPOCH_MICROS = Date.parse('2030-01-02T03:04:05.000Z') * 1000;

/** `seconds` after the moment that tests count from. */
export const at = (seconds: number): Instant => instantOfMicros(EPOCH_MICROS + Math.round(seconds * 1_000_000));

/** Seconds after the moment that tests count from; null stays null. */
export const secondsOf = (instant: Instant | null): number | null => (instant === null ? null : (instant - EPOCH_MICROS) / 1_000_000);

/** One line: when, whose, what it says, in which life of the process. */
export type Said = readonly [seconds: number, node: string, body: EventBody, incarnation?: number];

/** What was said as a timeline: in order of time, each line with a number of its own in its node's log. */
export function buildEvents(...said: readonly Said[]): readonly TimelineEvent[] {
  const lines = new Map<string, number>();
  return [...said]
    .sort((a, b) => a[0] - b[0])
    .map(([seconds, node, body, incarnation = 0]) => {
      const line = (lines.get(node) ?? 0) + 1;
      lines.set(node, line);
      return { body, at: at(seconds), stampMicros: null, node, incarnation, evidence: [{ source: `logs/${node}.log`, line }] };
    });
}

/** A run of the peer `host`, listening on 7051, from second 0 to 100, with `parts` in place. */
export function buildRun(host: string, parts: Partial<RunFacts> = {}): RunFacts {
  return {
    source: `logs/${host}.log`,
    index: 0,
    prefix: null,
    containerId: null,
    containerName: null,
    firstAt: at(0),
    lastAt: at(100),
    kind: 'peer',
    endpoints: [`${host}:7051`],
    pkiIds: [],
    processId: null,
    listenPort: null,
    mspId: null,
    fingerprints: new Set(),
    ...parts,
  };
}

/** A peer's container that runs since second 0 and has never ended, with `parts` in place. */
export function buildContainer(name: string, parts: Partial<ContainerFacts> = {}): ContainerFacts {
  const place = (line: number) => ({ source: 'docker/inspect.json', line });
  return {
    source: 'docker/inspect.json',
    inspectedAt: null,
    id: [...name]
      .map((c) => (c.charCodeAt(0) % 256).toString(16).padStart(2, '0'))
      .join('')
      .padEnd(64, '0')
      .slice(0, 64),
    name,
    role: 'peer',
    purpose: null,
    aliases: [name],
    addresses: [],
    environment: {},
    environmentEvidence: place(1),
    startedAt: at(0),
    startedEvidence: place(2),
    finishedAt: null,
    finishedEvidence: place(3),
    running: true,
    ...parts,
  };
}

/** One life of a process: first and last second in its log; `logged` false when its beginning is not there. */
export interface Life {
  readonly from: number;
  readonly to: number;
  readonly logged?: boolean;
}

export interface NetworkParts {
  readonly peers?: readonly string[];
  readonly orderers?: readonly string[];
  /** Lives of the nodes that did not simply run from second 0 to the end. */
  readonly lives?: Readonly<Record<string, readonly Life[]>>;
  /** Runs beside those of `peers` and `orderers`, or in their place where the source is the same. */
  readonly runs?: readonly RunFacts[];
  readonly containers?: readonly ContainerFacts[];
  readonly mentions?: readonly Mention[];
  /** The last second of the recording: 100 when it is not said. */
  readonly until?: number;
}

/** A network of nodes that each wrote one log. */
export function buildNetwork(parts: NetworkParts): Network {
  const until = parts.until ?? 100;
  const given = parts.runs ?? [];
  const own = [
    ...(parts.peers ?? []).map((host) => buildRun(host)),
    ...(parts.orderers ?? []).map((host) => buildRun(host, { kind: 'orderer', endpoints: [] })),
  ].filter((run) => !given.some((r) => r.source === run.source));
  const directory = buildDirectory([...own, ...given], parts.containers ?? [], parts.mentions ?? [], new Map());
  const incarnations = new Map<string, readonly Incarnation[]>();
  const logged = new Set([...own, ...given].map((r) => directory.nodeOfRun(r.source, r.index)));
  for (const node of logged) {
    const lives = parts.lives?.[node] ?? [{ from: 0, to: until }];
    const source = `logs/${node}.log`;
    incarnations.set(
      node,
      lives.map((life, index) => ({
        node,
        index,
        firstAt: at(life.from),
        lastAt: at(life.to),
        firstEvidence: { source, line: index * 1000 + 1 },
        lastEvidence: { source, line: index * 1000 + 1000 },
        startIsLogged: life.logged ?? true,
      })),
    );
  }
  return { directory, incarnations, window: { from: at(0), to: at(until) } };
}

/** What `reconstructor` makes of `events`. */
export function reconstruct<Result>(reconstructor: Reconstructor<Result>, events: readonly TimelineEvent[]): Result {
  for (const event of events) reconstructor.step(event);
  return reconstructor.finish();
}

/** The lives of all processes of `network` as `events` show them. */
export function lifecyclesOf(network: Network, events: readonly TimelineEvent[], silent: readonly SilentHost[] = []): ReadonlyMap<string, Lifecycle> {
  return reconstruct(reconstructLifecycle(network, silent), events);
}

/** A channel view line: the members are `host` of the own organization, or `host!` of another one. */
export function viewOf(
  channel: string | null,
  members: readonly string[],
  online: readonly string[] = [],
  offline: readonly string[] = [],
): EventBody {
  const member = (text: string): ViewMember => ({
    endpoint: `${text.replace('!', '')}:7051`,
    organization: text.endsWith('!') ? 'foreign' : 'own',
  });
  return { kind: 'channel.view-changed', channel, online: online.map(member), offline: offline.map(member), members: members.map(member) };
}

/** A connection that lived from one second to another; addresses as `ip:port`, the server's port 7051 when none is given. */
export function buildConnection(
  client: string,
  server: string,
  from: number,
  to: number,
  parts: Partial<ObservedConnection> = {},
): ObservedConnection {
  const end = (text: string, port: number) => ({ address: text.split(':')[0] as string, port: Number(text.split(':')[1] ?? port) });
  return {
    source: 'packets/a.pcap',
    client: end(client, 40_000),
    server: end(server, 7051),
    firstAt: at(from),
    firstFrame: Math.round(from * 10) + 1,
    lastAt: at(to),
    lastFrame: Math.round(to * 10) + 5,
    synAt: at(from),
    closedAt: null,
    closedFrame: null,
    closedBy: null,
    outcome: 'established',
    tls: '1.2',
    protocol: 'tls',
    serverName: null,
    serverCertificate: null,
    clientCertificate: null,
    certificateRequested: null,
    handshakeFrames: [],
    payloadBytes: { fromClient: 5000, fromServer: 5000 },
    bytesMissing: 0,
    traffic: [],
    bursts: { fromClient: [], fromServer: [] },
    plaintext: null,
    smallMessages: { fromClient: [], fromServer: [] },
    ...parts,
  };
}

/** One record of a log: when, what it says, and what is not as usual about it. */
export type LogRecord = readonly [seconds: number, body: EventBody, parts?: Partial<LogEvent>];

export interface LogParts {
  readonly format?: RecordedLog['summary']['format'];
  readonly containerId?: string;
  /** Runs whose record 1 is not in the log. */
  readonly torn?: readonly number[];
  readonly prefixes?: readonly (string | null)[];
  /** The last second of each run, where it is later than its last event. */
  readonly lasts?: readonly number[];
  /** The text of each record is its kind and second, so that copies of a record are equal. */
  readonly withIds?: boolean;
}

/** A decoded log with one process run for every run number its records name. */
export function buildLog(source: string, records: readonly LogRecord[], parts: LogParts = {}): RecordedLog {
  const events = records.map(
    ([seconds, body, more], i): LogEvent => ({
      body,
      at: at(seconds),
      stampMicros: null,
      run: 0,
      id: parts.withIds === false ? null : Math.round(seconds * 1000) + 1,
      line: i + 1,
      text: `${body.kind} ${seconds}`,
      ...more,
    }),
  );
  const runs = [...new Set(events.map((e) => e.run))]
    .sort((a, b) => a - b)
    .map((index) => {
      const own = events.filter((e) => e.run === index);
      const [first] = own as [LogEvent];
      const last = own.at(-1) as LogEvent;
      const until = parts.lasts?.[index];
      return {
        index,
        prefix: parts.prefixes?.[index] ?? null,
        counterStartsAtOne: !(parts.torn ?? []).includes(index),
        hasBanner: own.some((e) => e.body.kind === 'process.banner'),
        firstAt: first.at,
        lastAt: until === undefined ? last.at : at(until),
        firstLine: first.line,
        lastLine: last.line,
        lastText: last.text,
        records: own.length,
        levels: { INFO: own.length },
        gossipLevels: {},
      };
    });
  const moments = events.map((e) => e.at);
  return {
    source,
    events,
    summary: {
      format: parts.format ?? 'fabric-console',
      inner: 'fabric-console',
      wrapper: 'none',
      lines: events.length,
      records: events.length,
      unreadable: 0,
      from: moments.reduce<Instant | null>((a, b) => (a === null || b < a ? b : a), null),
      to: moments.reduce<Instant | null>((a, b) => (a === null || b > a ? b : a), null),
      runs,
      oddities: [],
      containerId: parts.containerId ?? null,
    },
  };
}

/** A recording of nothing, with `parts` in place. */
export function buildRecorded(parts: Partial<Recorded>): Recorded {
  return {
    logs: [],
    captures: [],
    inspects: [],
    manifests: [],
    dockerEvents: [],
    marks: [],
    outputs: [],
    unreadable: [],
    oddities: [],
    overrides: new Map(),
    ...parts,
  };
}
