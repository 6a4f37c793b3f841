import type { LogEvent, MemberRef, TimelineEvent } from '../events/event.js';
import { compareEvidence, type Evidence } from '../events/evidence.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import type { ProcessRun } from '../logs/log-decoder.js';
import { settingsAreInForce } from '../reconstruct/lifecycle.js';
import type { Incarnation } from '../reconstruct/network.js';
import { buildDirectory, type Directory, type Mention, type NodeKind, type RunFacts } from '../topology/directory.js';
import { type BoundLog, bindLogs } from '../topology/recording-manifest.js';
import type { Recorded, RecordedLog } from './recorded.js';
import { placeDockerEvents, placeMarks } from './told-events.js';

/** Events of logs, of Docker and of the operator, placed on one ordered timeline, with the nodes they belong to. */
export interface Timeline {
  readonly directory: Directory;
  readonly events: readonly TimelineEvent[];
  readonly incarnations: ReadonlyMap<string, readonly Incarnation[]>;
  /** The log text of every event's place. */
  readonly texts: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

const byPath = (a: { readonly source: string }, b: { readonly source: string }): number => (a.source < b.source ? -1 : a.source > b.source ? 1 : 0);

/** Names every process, drops what several sources repeat, and orders what is left: stamp, Docker's stamp, node, position. */
export function buildTimeline(recorded: Recorded): Timeline {
  const logs = [...recorded.logs].sort(byPath);
  const bound = bindLogs(recorded.manifests);
  const runs = logs.flatMap((log) => runFactsOf(log, bound.get(log.source)));
  const containers = recorded.inspects.flatMap((i) => i.facts.containers);
  const mentions = mentionsOf(logs);
  const directory = buildDirectory(runs, containers, mentions, recorded.overrides);
  const incarnations = incarnationsOf(logs, directory);
  const told = [...placeDockerEvents(recorded, directory), ...placeMarks(recorded)].map(({ order, ...event }) => ({
    order,
    event: { ...event, incarnation: incarnationAt(incarnations.get(event.node) ?? [], event.at) },
  }));
  const events = merge(placeEvents(logs, directory, incarnations), told);
  return { directory, events, incarnations, texts: textsOf(recorded, logs) };
}

/** What somebody did and what Docker did come before what a process printed in the same microsecond. */
function merge(
  logged: readonly TimelineEvent[],
  told: readonly { readonly order: number; readonly event: TimelineEvent }[],
): readonly TimelineEvent[] {
  if (told.length === 0) return logged;
  const sorted = [...told].sort((a, b) => a.order - b.order || compareEvidence(a.event.evidence[0] as Evidence, b.event.evidence[0] as Evidence));
  const merged: TimelineEvent[] = [];
  let next = 0;
  for (const event of logged) {
    for (let t = sorted[next]; t !== undefined && t.event.at <= event.at; t = sorted[++next]) merged.push(t.event);
    merged.push(event);
  }
  return [...merged, ...sorted.slice(next).map((t) => t.event)];
}

/** Kinds that only a peer's log prints, and those that only an orderer's does. */
const PEER_PREFIXES = ['gossip.', 'channel.', 'election.', 'deliver.', 'ledger.', 'block.', 'state.'];
const ORDERER_PREFIXES = ['orderer.', 'raft.'];

function kindOfEvents(events: readonly LogEvent[]): NodeKind {
  let peer = 0;
  let orderer = 0;
  for (const { body } of events) {
    if ('role' in body) return body.role;
    if (body.kind === 'rpc.completed') {
      if (body.service.startsWith('orderer.')) orderer++;
      else if (body.service.startsWith('gossip.') || body.service.startsWith('protos.')) peer++;
    } else if (PEER_PREFIXES.some((p) => body.kind.startsWith(p))) peer++;
    else if (ORDERER_PREFIXES.some((p) => body.kind.startsWith(p))) orderer++;
  }
  if (peer + orderer === 0) return 'client';
  return peer >= orderer ? 'peer' : 'orderer';
}

const endpointsOfMember = (m: MemberRef): readonly string[] => [m.endpoint, m.internalEndpoint].filter((e): e is string => e !== null && e !== '');

/** More would say nothing new about which process a piece belongs to. */
const MAX_FINGERPRINTS = 20_000;

/** The events of each run of a log, by the run's index. */
function eventsByRun(log: RecordedLog): ReadonlyMap<number, readonly LogEvent[]> {
  const byRun = new Map<number, LogEvent[]>();
  for (const event of log.events) {
    const known = byRun.get(event.run);
    if (known === undefined) byRun.set(event.run, [event]);
    else known.push(event);
  }
  return byRun;
}

function runFactsOf(log: RecordedLog, bound: BoundLog | undefined): readonly RunFacts[] {
  const byRun = eventsByRun(log);
  return log.summary.runs.map((run) => {
    const events = byRun.get(run.index) ?? [];
    const named: string[] = [];
    const served: string[] = [];
    const pkiIds = new Set<string>();
    let processId: string | null = null;
    let listenPort: number | null = null;
    let printed: Readonly<Record<string, string>> = {};
    for (const { body } of events) {
      if (body.kind === 'gossip.self-named') {
        named.unshift(...endpointsOfMember(body.self));
        if (body.self.pkiId !== null) pkiIds.add(body.self.pkiId);
      } else if (body.kind === 'gossip.initialized' || body.kind === 'gossip.instance-started') named.push(body.endpoint);
      else if (body.kind === 'process.identified') {
        served.push(body.endpoint);
        processId = body.id;
      } else if (body.kind === 'process.address-used') served.push(body.endpoint);
      else if (
        (body.kind === 'election.leader-became' || body.kind === 'election.leader-stopped' || body.kind === 'election.leader-known') &&
        body.pkiId !== null
      )
        pkiIds.add(body.pkiId);
      else if (body.kind === 'process.config-printed') {
        const port = body.settings['general.listenport'];
        if (port !== undefined) listenPort = Number(port);
        printed = body.settings;
      }
    }
    return {
      source: log.source,
      index: run.index,
      prefix: run.prefix,
      containerId: bound?.containerId ?? log.summary.containerId,
      containerName: bound === undefined || bound.containerName === '' ? null : bound.containerName,
      firstAt: run.firstAt,
      lastAt: run.lastAt,
      kind: kindOfEvents(events),
      endpoints: [...new Set([...named, ...served])],
      pkiIds: [...pkiIds],
      processId,
      listenPort,
      mspId: printed['general.localmspid'] ?? (settingsAreInForce(printed, processId) ? printed['peer.localmspid'] : undefined) ?? null,
      fingerprints: new Set(events.slice(0, MAX_FINGERPRINTS).map(fingerprintOf)),
    };
  });
}

const fingerprintOf = (e: LogEvent): string => `${e.at} ${e.id ?? ''} ${e.text}`;

function mentionsOf(logs: readonly RecordedLog[]): readonly Mention[] {
  const mentions = new Map<string, Mention>();
  const add = (m: Mention): void => {
    const key = `${m.role} ${m.endpoint} ${m.pkiId}`;
    const known = mentions.get(key);
    if (known === undefined || (m.alive && !known.alive)) mentions.set(key, m);
  };
  const member = (m: MemberRef, alive: boolean): void => add({ role: 'peer', endpoint: m.endpoint ?? m.internalEndpoint, pkiId: m.pkiId, alive });
  for (const log of logs) {
    for (const { body } of log.events) {
      switch (body.kind) {
        case 'channel.view-changed':
          for (const m of [...body.members, ...body.offline]) add({ role: 'peer', endpoint: m.endpoint, pkiId: null, alive: true });
          break;
        case 'gossip.peer-unresponsive':
        case 'gossip.connection-failed':
        case 'gossip.connection-created':
          member(body.remote, false);
          break;
        case 'gossip.expired-member-named':
        case 'gossip.member-removed':
          member(body.member, false);
          break;
        case 'gossip.member-learned':
          member(body.member, body.alive);
          break;
        case 'gossip.message-rejected':
          member(body.sender, false);
          break;
        case 'deliver.stream-opened':
        case 'deliver.stream-failed':
        case 'deliver.orderer-unreachable':
          if (body.orderer !== null) add({ role: 'orderer', endpoint: body.orderer, pkiId: null, alive: false });
          break;
        default:
          break;
      }
    }
  }
  return [...mentions.values()];
}

interface RunSpan {
  readonly source: string;
  readonly run: ProcessRun;
  readonly bannerAt: Instant | null;
}

/** A process may print a line or two before its banner. */
const BANNER_DELAY_MICROS = 10_000_000;

/**
 * The lives of each node's process. A run begins a new life when its beginning is in the log and no run of another source covers it; a piece that goes
 * on where another ended, or overlaps it, is the same life.
 */
function incarnationsOf(logs: readonly RecordedLog[], directory: Directory): ReadonlyMap<string, readonly Incarnation[]> {
  const spans = new Map<string, RunSpan[]>();
  for (const log of logs) {
    const byRun = eventsByRun(log);
    for (const run of log.summary.runs) {
      const node = directory.nodeOfRun(log.source, run.index);
      const banner = byRun.get(run.index)?.find((e) => e.body.kind === 'process.banner');
      const list = spans.get(node) ?? [];
      list.push({ source: log.source, run, bannerAt: banner?.at ?? null });
      spans.set(node, list);
    }
  }
  const result = new Map<string, readonly Incarnation[]>();
  for (const [node, list] of spans) {
    list.sort((a, b) => a.run.firstAt - b.run.firstAt || a.run.lastAt - b.run.lastAt || byPath(a, b) || a.run.index - b.run.index);
    const lives: Incarnation[] = [];
    let lastHasBanner = false;
    for (const { source, run, bannerAt } of list) {
      const last = lives.at(-1);
      // An orderer prints its first line before it has read which format to log in: console, then JSON.
      const completesStart: boolean =
        last !== undefined && !lastHasBanner && !run.counterStartsAtOne && bannerAt !== null && bannerAt - last.firstAt < BANNER_DELAY_MICROS;
      const begins: boolean = !completesStart && (run.counterStartsAtOne || (bannerAt !== null && bannerAt - run.firstAt < BANNER_DELAY_MICROS));
      const startsAnew: boolean =
        last === undefined ||
        (begins && run.firstAt > last.lastAt) ||
        (begins && last.startIsLogged && run.firstAt > last.firstAt && !coveredBySame(list, source, run));
      lastHasBanner = bannerAt !== null || (lastHasBanner && !startsAnew);
      if (last === undefined || startsAnew) {
        lives.push({
          node,
          index: lives.length,
          firstAt: run.firstAt,
          lastAt: run.lastAt,
          firstEvidence: { source, line: run.firstLine },
          lastEvidence: { source, line: run.lastLine },
          startIsLogged: begins,
        });
        continue;
      }
      const later = run.lastAt > last.lastAt;
      lives[lives.length - 1] = {
        ...last,
        lastAt: later ? run.lastAt : last.lastAt,
        lastEvidence: later ? { source, line: run.lastLine } : last.lastEvidence,
        startIsLogged: last.startIsLogged || (begins && run.firstAt === last.firstAt),
      };
    }
    result.set(node, lives);
  }
  return result;
}

/** Whether another source holds the same beginning: the same log given twice. */
function coveredBySame(list: readonly RunSpan[], source: string, run: ProcessRun): boolean {
  return list.some((o) => o.source !== source && o.run.firstAt === run.firstAt);
}

function placeEvents(
  logs: readonly RecordedLog[],
  directory: Directory,
  incarnations: ReadonlyMap<string, readonly Incarnation[]>,
): readonly TimelineEvent[] {
  interface Placed {
    readonly event: LogEvent;
    readonly node: string;
    readonly source: string;
    stampMicros: number | null;
  }
  const placed: Placed[] = [];
  const byRecord = new Map<string, Placed>();
  for (const log of logs) {
    const repeats = new Map<string, number>();
    for (const event of log.events) {
      const node = directory.nodeOfRun(log.source, event.run);
      const record = `${node}\n${event.body.kind}\n${fingerprintOf(event)}`;
      const nth = (repeats.get(record) ?? 0) + 1;
      repeats.set(record, nth);
      const key = `${record}\n${nth}`;
      const known = byRecord.get(key);
      if (known !== undefined && known.source !== log.source) {
        known.stampMicros ??= event.stampMicros;
        continue;
      }
      const made = { event, node, source: log.source, stampMicros: event.stampMicros };
      byRecord.set(key, made);
      placed.push(made);
    }
  }
  placed.sort(
    (a, b) =>
      a.event.at - b.event.at ||
      (a.stampMicros ?? a.event.at) - (b.stampMicros ?? b.event.at) ||
      (a.node < b.node ? -1 : a.node > b.node ? 1 : 0) ||
      (a.event.id ?? 0) - (b.event.id ?? 0) ||
      byPath(a, b) ||
      a.event.line - b.event.line,
  );
  return placed.map(({ event, node, source, stampMicros }) => ({
    body: event.body,
    at: event.at,
    stampMicros,
    node,
    incarnation: incarnationAt(incarnations.get(node) ?? [], event.at),
    evidence: [{ source, line: event.line }],
  }));
}

function incarnationAt(lives: readonly Incarnation[], at: Instant): number {
  return (lives.findLast((l) => l.firstAt <= at) ?? lives[0])?.index ?? 0;
}

function textsOf(recorded: Recorded, logs: readonly RecordedLog[]): ReadonlyMap<string, ReadonlyMap<number, string>> {
  return new Map<string, ReadonlyMap<number, string>>([
    ...[...recorded.dockerEvents, ...recorded.marks].map((told) => [told.source, told.read.excerpts] as const),
    ...recorded.manifests.map((m) => [m.source, m.facts.excerpts] as const),
    ...logs.map((log) => {
      const texts = new Map(log.events.map((e) => [e.line, e.text] as const));
      for (const run of log.summary.runs) {
        if (!texts.has(run.lastLine)) texts.set(run.lastLine, run.lastText);
      }
      return [log.source, texts] as const;
    }),
  ]);
}

/** First and last dated record of the logs and captures; null where nothing is dated. */
export function windowOf(recorded: Recorded): { readonly from: Instant; readonly to: Instant } | null {
  const moments = [...recorded.logs, ...recorded.captures]
    .flatMap((s) => [s.summary.from, s.summary.to])
    .filter((m) => m !== null) as readonly number[];
  if (moments.length === 0) return null;
  return { from: instantOfMicros(moments.reduce((a, b) => Math.min(a, b))), to: instantOfMicros(moments.reduce((a, b) => Math.max(a, b))) };
}

/** All places cited anywhere in `value`, in order, each once. */
export function citedIn(value: unknown): readonly Evidence[] {
  const found = new Map<string, Evidence>();
  const walk = (v: unknown): void => {
    if (Array.isArray(v)) for (const item of v) walk(item);
    else if (v !== null && typeof v === 'object') {
      const record = v as Readonly<Record<string, unknown>>;
      if (typeof record['source'] === 'string' && (typeof record['line'] === 'number' || typeof record['frame'] === 'number')) {
        const e = record as unknown as Evidence;
        found.set(`${e.source}\n${'line' in e ? `l${e.line}` : `f${e.frame}`}`, e);
      } else for (const item of Object.values(record)) walk(item);
    }
  };
  walk(value);
  return [...found.values()].sort(compareEvidence);
}
