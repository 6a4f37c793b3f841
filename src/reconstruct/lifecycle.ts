import type { TimelineEvent } from '../events/event.js';
import { type Evidence, mergeEvidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import type { ContainerFacts } from '../topology/inspect.js';
import { type Incarnation, type Network, obtain, type Reconstructor } from './network.js';

/**
 * Starts and stops of every process. A peer prints its version banner first (internal/peer/node/start.go); it says goodbye only when it is
 * asked to ("Received signal", in 1.0–1.1 "Exiting.....", then "Stopping chain", "Stopping gossip"). A killed process writes nothing: it ended after
 * its last line and before its next start. Silence alone is no stop. Docker's events tell what a log does not: the end of a killed process, and the lives
 * of one whose log is missing.
 */
export type ElectionMode = 'dynamic' | 'static-leader' | 'static-follower' | 'unknown';

export interface StartFacts {
  readonly at: Instant;
  readonly incarnation: number;
  readonly fabricVersion: string | null;
  readonly leaderElection: ElectionMode;
  readonly bootstrap: readonly string[] | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly tls: boolean | null;
  readonly basis: 'log' | 'docker';
  readonly evidence: readonly Evidence[];
}

export interface StopFacts {
  readonly at: Instant;
  readonly incarnation: number;
  /** Asked to stop, died of a panic it printed, or ended without a word. */
  readonly how: 'asked' | 'crashed' | 'silent';
  readonly basis: 'log' | 'docker' | 'packets' | 'last-line';
  /** Of the process, where Docker's events tell its end. */
  readonly exitCode?: number | null;
  readonly dockerSaid?: 'signalled' | 'out-of-memory';
  readonly evidence: readonly Evidence[];
}

export interface Lifecycle {
  readonly starts: readonly StartFacts[];
  readonly stops: readonly StopFacts[];
  /** Configuration of a process whose start is not in its log. */
  readonly unstarted: StartFacts | null;
}

/** The packets' word for the end of a process: the moment its host closed all its connections and fell silent. */
export interface SilentHost {
  readonly node: string;
  readonly at: Instant;
  readonly evidence: Evidence;
}

interface Life {
  banner: { readonly at: Instant; readonly version: string | null; readonly evidence: readonly Evidence[] } | null;
  stopping: { readonly at: Instant; readonly crashed: boolean; readonly evidence: readonly Evidence[] } | null;
  settings: Readonly<Record<string, string>>;
  bootstrap: readonly string[] | null;
  tls: boolean | null;
  processId: string | null;
  elected: boolean;
  pulls: boolean;
  told: ElectionMode | null;
  evidence: Evidence[];
}

const newLife = (): Life => ({
  banner: null,
  stopping: null,
  settings: {},
  bootstrap: null,
  tls: null,
  processId: null,
  elected: false,
  pulls: false,
  told: null,
  evidence: [],
});

export function reconstructLifecycle(network: Network, silentHosts: readonly SilentHost[]): Reconstructor<ReadonlyMap<string, Lifecycle>> {
  const lives = new Map<string, Map<number, Life>>();
  const containers = new Map<string, ContainerLife>();
  return {
    step(event) {
      if (event.body.kind.startsWith('container.')) {
        follow(obtain(containers, event.node, newContainerLife), event);
        return;
      }
      if (event.body.kind.startsWith('network.') || event.body.kind.startsWith('operator.')) return;
      const life = obtain(
        obtain(lives, event.node, () => new Map<number, Life>()),
        event.incarnation,
        newLife,
      );
      learn(life, event);
    },
    finish() {
      const result = new Map<string, Lifecycle>();
      for (const [name, identity] of network.directory.nodes) {
        const incarnations = network.incarnations.get(name) ?? [];
        const known = lives.get(name) ?? new Map<number, Life>();
        const silent = silentHosts.filter((s) => s.node === name);
        const docker = containers.get(name) ?? newContainerLife();
        // A container that is no Fabric process counts its lines from 1 at any moment: at its first complaint.
        const isCountTelling = identity.kind !== 'client' || docker.starts.length === 0;
        const lived = isCountTelling ? incarnations : incarnations.map((i) => ({ ...i, startIsLogged: false }));
        result.set(name, lifecycleOf(lived, known, identity.container, silent, docker));
      }
      return result;
    },
  };
}

/** Docker's word on the lives of a node's containers. */
interface ContainerLife {
  readonly starts: { readonly at: Instant; readonly evidence: readonly Evidence[] }[];
  readonly ends: ContainerEnd[];
  /** What may explain an end that follows soon. */
  notice: { readonly at: Instant; readonly said: 'signalled' | 'out-of-memory'; readonly evidence: readonly Evidence[] } | null;
}

interface ContainerEnd {
  readonly at: Instant;
  readonly exitCode: number | null;
  readonly said: 'signalled' | 'out-of-memory' | null;
  readonly evidence: readonly Evidence[];
}

const newContainerLife = (): ContainerLife => ({ starts: [], ends: [], notice: null });

/** More lives of one node than a recording is made of. */
const MAX_CONTAINER_LIVES = 10_000;
/** `docker stop` waits ten seconds by default between its two signals. */
const NOTICE_MICROS = 15_000_000;

function follow(life: ContainerLife, { body, at, evidence }: TimelineEvent): void {
  if (body.kind === 'container.started') {
    life.notice = null;
    if (life.starts.length < MAX_CONTAINER_LIVES) life.starts.push({ at, evidence });
  } else if (body.kind === 'container.signalled') {
    if (life.notice?.said !== 'out-of-memory') life.notice = { at, said: 'signalled', evidence };
  } else if (body.kind === 'container.out-of-memory') life.notice = { at, said: 'out-of-memory', evidence };
  else if (body.kind === 'container.died') {
    const notice = life.notice !== null && at - life.notice.at <= NOTICE_MICROS ? life.notice : null;
    life.notice = null;
    if (life.ends.length < MAX_CONTAINER_LIVES)
      life.ends.push({ at, exitCode: body.exitCode, said: notice?.said ?? null, evidence: [...(notice?.evidence ?? []), ...evidence] });
  }
}

function learn(life: Life, event: TimelineEvent): void {
  const { body } = event;
  switch (body.kind) {
    case 'process.banner':
      life.banner ??= { at: event.at, version: body.fabricVersion, evidence: event.evidence };
      break;
    case 'process.stopping':
      life.stopping ??= { at: event.at, crashed: body.how === 'panic', evidence: event.evidence };
      break;
    case 'election.stopping':
      life.stopping ??= { at: event.at, crashed: false, evidence: event.evidence };
      life.elected = true;
      break;
    case 'process.config-printed':
      life.settings = { ...life.settings, ...body.settings };
      break;
    case 'gossip.initialized':
      if (body.bootstrap !== null) life.bootstrap = body.bootstrap;
      life.tls ??= false;
      break;
    case 'process.tls-enabled':
      life.tls = true;
      break;
    case 'process.identified':
      life.processId = body.id;
      break;
    case 'election.leader-became':
    case 'election.leader-elected':
    case 'election.leader-known':
    case 'election.message-heard':
      life.elected = true;
      break;
    case 'deliver.service-started':
      life.pulls = true;
      break;
    case 'election.mode-told':
      life.told = body.mode;
      break;
    default:
      break;
  }
}

function modeFromSettings(settings: Readonly<Record<string, string>>): ElectionMode | null {
  const election = settings['peer.gossip.useleaderelection'];
  const leader = settings['peer.gossip.orgleader'];
  return modeOf(election, leader);
}

/** `peer.gossip.useLeaderElection` and `orgLeader` decide (core/peer, gossip/service/gossip_service.go); only both together are certain. */
function modeOf(election: string | undefined, leader: string | undefined): ElectionMode | null {
  if (election === 'true') return 'dynamic';
  if (election === 'false' && leader === 'true') return 'static-leader';
  if (election === 'false' && leader === 'false') return 'static-follower';
  return null;
}

function settingsFromEnvironment(container: ContainerFacts | null): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const [key, value] of Object.entries(container?.environment ?? {})) {
    // An empty variable does not unset core.yaml's value (viper), so it says nothing.
    if (value !== '' && key.startsWith('CORE_PEER_')) settings[key.slice('CORE_'.length).toLowerCase().replaceAll('_', '.')] = value;
  }
  return settings;
}

/**
 * Whether printed settings are in force. 2.2.11 and later of that line print core.yaml as it is in the file, without the environment's overrides, whatever
 * the line says; 2.5 and later print what is in force. A file that the environment overrides shows by its `peer.id`.
 */
export function settingsAreInForce(settings: Readonly<Record<string, string>>, processId: string | null): boolean {
  return processId !== null && settings['peer.id'] === processId;
}

/** What was seen outranks what was configured. */
function electionOf(life: Life, settings: Readonly<Record<string, string>>): ElectionMode {
  if (life.elected) return 'dynamic';
  const configured = modeFromSettings(settings) ?? life.told;
  if (configured !== null) return configured;
  return life.pulls ? 'static-leader' : 'unknown';
}

const splitList = (text: string | undefined): readonly string[] | null => (text === undefined || text === '' ? null : text.trim().split(/\s+/));

function startOf(
  incarnation: number,
  at: Instant,
  life: Life,
  container: ContainerFacts | null,
  basis: 'log' | 'docker',
  evidence: readonly Evidence[],
): StartFacts {
  const environment = settingsFromEnvironment(container);
  // The environment outranks the file (viper's order): where it is known, a file printed without it says the rest.
  const printed = container !== null || settingsAreInForce(life.settings, life.processId) ? life.settings : {};
  const settings = { ...printed, ...environment };
  return {
    at,
    incarnation,
    fabricVersion: life.banner?.version ?? null,
    leaderElection: electionOf(life, settings),
    bootstrap: life.bootstrap ?? splitList(settings['peer.gossip.bootstrap']),
    settings,
    tls: life.tls ?? (settings['peer.tls.enabled'] === undefined ? null : settings['peer.tls.enabled'] === 'true'),
    basis,
    evidence,
  };
}

/** Docker's start and the first line of the same process are this near at most. */
const SAME_START_MICROS = 30_000_000;

function lifecycleOf(
  incarnations: readonly Incarnation[],
  lives: ReadonlyMap<number, Life>,
  container: ContainerFacts | null,
  silent: readonly SilentHost[],
  docker: ContainerLife,
): Lifecycle {
  const starts: StartFacts[] = [];
  const stops: StopFacts[] = [];
  let unstarted: StartFacts | null = null;
  for (const incarnation of incarnations) {
    const life = lives.get(incarnation.index) ?? newLife();
    const next = incarnations[incarnation.index + 1];
    const at = life.banner?.at ?? incarnation.firstAt;
    const start = startOf(incarnation.index, at, life, container, 'log', life.banner?.evidence ?? [incarnation.firstEvidence]);
    if (life.banner !== null || incarnation.startIsLogged) starts.push(start);
    else unstarted = start;
    const stop = stopOf(incarnation, life, next, container, silent, docker.ends);
    if (stop !== null) stops.push(stop);
  }
  const dockerStart = container?.startedAt ?? null;
  if (container !== null && dockerStart !== null && !starts.some((s) => Math.abs(s.at - dockerStart) < SAME_START_MICROS)) {
    const covering = incarnations.findLast((i) => i.firstAt <= dockerStart + SAME_START_MICROS && i.lastAt >= dockerStart - SAME_START_MICROS);
    if (covering === undefined || !covering.startIsLogged) {
      const life = lives.get(covering?.index ?? -1) ?? newLife();
      starts.push(startOf(covering?.index ?? incarnations.length, dockerStart, life, container, 'docker', [container.startedEvidence]));
      starts.sort((a, b) => a.at - b.at);
    }
  }
  addDockerStarts(starts, docker, incarnations, lives, container);
  return { starts, stops: withDockerEnds(stops, docker, incarnations), unstarted };
}

/** Starts that Docker tells and the log does not: of a process whose log is missing, or that never came to print a line. */
function addDockerStarts(
  starts: StartFacts[],
  docker: ContainerLife,
  incarnations: readonly Incarnation[],
  lives: ReadonlyMap<number, Life>,
  container: ContainerFacts | null,
): void {
  for (const [i, { at, evidence }] of docker.starts.entries()) {
    const until = Math.min(at + SAME_START_MICROS, docker.starts[i + 1]?.at ?? Infinity);
    if (starts.some((s) => s.at >= at - CLOCK_STEP_MICROS && s.at < until)) continue;
    const covering = incarnations.findLast((x) => x.firstAt <= until && x.lastAt >= at);
    starts.push(startOf(covering?.index ?? incarnations.length, at, lives.get(covering?.index ?? -1) ?? newLife(), container, 'docker', evidence));
  }
  starts.sort((a, b) => a.at - b.at);
}

/** An end that the log announced may take this long: Fabric closes its ledgers, Docker waits before it kills. */
const ENDING_MICROS = 60_000_000;

/** The stops with what Docker says of each, and the stops that only Docker tells. */
function withDockerEnds(stops: readonly StopFacts[], docker: ContainerLife, incarnations: readonly Incarnation[]): readonly StopFacts[] {
  const result = [...stops];
  for (const end of docker.ends) {
    const startedBetween = (from: Instant): boolean => docker.starts.some((s) => s.at > from && s.at <= end.at);
    const known = result.findIndex(
      (s) => s.at === end.at || (s.at <= end.at + CLOCK_STEP_MICROS && end.at - s.at <= ENDING_MICROS && !startedBetween(s.at)),
    );
    const stop = result[known];
    if (stop === undefined) {
      const incarnation = incarnations.findLast((i) => i.firstAt <= end.at)?.index ?? incarnations.length;
      result.push({ ...describeEnd(end), incarnation });
    } else if (stop.exitCode === undefined) {
      result[known] = { ...describeEnd(end), ...stop, evidence: mergeEvidence(stop.evidence, end.evidence) };
    }
  }
  return result.sort((a, b) => a.at - b.at);
}

function describeEnd(end: ContainerEnd): Omit<StopFacts, 'incarnation'> {
  return {
    at: end.at,
    how: 'silent',
    basis: 'docker',
    exitCode: end.exitCode,
    ...(end.said === null ? {} : { dockerSaid: end.said }),
    evidence: end.evidence,
  };
}

/** The engine's clock and a process' own may be this far apart on one host. */
const CLOCK_STEP_MICROS = 1_000_000;

function stopOf(
  incarnation: Incarnation,
  life: Life,
  next: Incarnation | undefined,
  container: ContainerFacts | null,
  silent: readonly SilentHost[],
  ends: readonly ContainerEnd[],
): StopFacts | null {
  const base = { incarnation: incarnation.index };
  if (life.stopping !== null)
    return { ...base, at: life.stopping.at, how: life.stopping.crashed ? 'crashed' : 'asked', basis: 'log', evidence: life.stopping.evidence };
  const dockerStart = container?.startedAt ?? null;
  // A container that started after the last line of its log ended before that.
  const again = next === undefined && dockerStart !== null && dockerStart > incarnation.lastAt ? dockerStart : null;
  const until = next?.startIsLogged === true ? next.firstAt : again;
  const finishedAt = container?.finishedAt ?? null;
  const fits = (at: Instant): boolean => at >= incarnation.lastAt - CLOCK_STEP_MICROS && (until === null || at <= until);
  const end = ends.find((e) => fits(e.at));
  if (end !== undefined) return { ...base, ...describeEnd(end) };
  if (container !== null && finishedAt !== null && fits(finishedAt) && (until !== null || !container.running)) {
    return { ...base, at: finishedAt, how: 'silent', basis: 'docker', evidence: [container.finishedEvidence] };
  }
  if (until === null) return null;
  const closed = silent.findLast((s) => fits(s.at));
  if (closed !== undefined) return { ...base, at: closed.at, how: 'silent', basis: 'packets', evidence: [closed.evidence] };
  return { ...base, at: incarnation.lastAt, how: 'silent', basis: 'last-line', evidence: [incarnation.lastEvidence] };
}

/** The start a moment belongs to: the last one at or before it, else the first. */
export function startAt(lifecycle: Lifecycle | undefined, at: Instant): StartFacts | null {
  if (lifecycle === undefined) return null;
  return lifecycle.starts.findLast((s) => s.at <= at) ?? lifecycle.unstarted ?? lifecycle.starts[0] ?? null;
}

/** Whether the node's process is known to have been down at `at`. */
export function isDown(lifecycle: Lifecycle | undefined, at: Instant): boolean {
  if (lifecycle === undefined) return false;
  const stop = lifecycle.stops.findLast((s) => s.at <= at);
  return stop !== undefined && !lifecycle.starts.some((s) => s.at > stop.at && s.at <= at);
}
