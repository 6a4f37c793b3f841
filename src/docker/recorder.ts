import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EndReason,
  EVENTS_FILE,
  MARKS_FILE,
  type Manifest,
  type ManifestEngine,
  type ManifestGap,
  type RecordedDockerEvent,
} from '../recording/manifest.js';
import { MarkFollower } from '../recording/mark-follower.js';
import type { RecordingObserver } from '../recording/observer.js';
import { isDiskFull, type RecordingWriter } from '../recording/recording-writer.js';
import { redactInspect, redactNetwork } from '../recording/redaction.js';
import { readSecondTime } from '../recording/second-reading.js';
import type { CaptureNetwork, CapturePlan } from './capture-plan.js';
import { ContainerRecorder, traitsOf } from './container-recorder.js';
import type { Engine, EngineFacts, JsonObject } from './engine.js';
import { EngineError } from './engine-error.js';
import { objectOf, textOf } from './engine-json.js';
import { EventFeed } from './event-feed.js';
import type { HostTcpdump } from './host-tcpdump.js';
import { NetworkRecorder } from './network-recorder.js';

/** What of the engine is recorded. Both are asked with inspect output, again whenever something new appears. */
export interface RecorderChoice {
  isChosen(container: JsonObject): boolean;
  /** Whether a chosen container is a peer or orderer, whose networks carry what is to be captured. */
  isPeerOrOrderer(container: JsonObject): boolean;
  /** Whether packets of a network are wanted before anybody knows who will be on it. */
  mayBeChosen(network: JsonObject): boolean;
  readonly selection: Manifest['selection'];
}

export interface RecorderOptions {
  readonly engine: Engine;
  readonly facts: EngineFacts;
  readonly location: ManifestEngine['location'];
  readonly choice: RecorderChoice;
  readonly writer: RecordingWriter;
  readonly observer: RecordingObserver;
  /** How packets of these networks are captured. */
  readonly plan: (networks: readonly CaptureNetwork[]) => Promise<CapturePlan>;
  readonly hostTcpdump: HostTcpdump;
  /** Docker's stamp to read logs from, `seconds.nanoseconds`; null from each container's beginning. */
  readonly since: string | null;
  /** Somebody looks on, and packets are wanted as they come. */
  readonly isWatched: boolean;
  readonly name: string;
  readonly toolVersion: string;
  /** For the person who watches: one line of what happened. */
  readonly say: (text: string) => void;
}

/** How often files are looked at for limits, where there are any. */
const HOUSEKEEPING_MILLIS = 1000;
/** How often the manifest's counts are brought up to date. */
const MANIFEST_EVERY_MILLIS = 10_000;
/** A burst of changes is one rewriting. */
const MANIFEST_DELAY_MILLIS = 200;
/** Containers recorded at once, and in all: a hundred peers and as many that were recreated. */
const MAX_CONTAINERS = 2000;
/** Files of inspect output between the first and the last; each is written at a start or a new address. */
const MAX_LATER_INSPECTS = 5000;
const MAX_GAPS = 10_000;
const RETRY_MILLIS = 250;
/** Containers that are not Fabric's are remembered to be asked once; on an engine with more they are asked again. */
const MAX_FOREIGN = 10_000;

const ENGINE_AWAY = { source: EVENTS_FILE, why: 'the engine did not answer; what was done meanwhile is not known' } as const;

const nameOf = (inspected: JsonObject): string => textOf(inspected['Name']).replace(/^\//, '');

/** Ids of the networks that a container is on. */
function networkIdsOf(container: JsonObject): readonly string[] {
  return Object.values(objectOf(objectOf(container['NetworkSettings'])['Networks']))
    .map((n) => textOf(objectOf(n)['NetworkID']))
    .filter((id) => id !== '');
}

/** What of an inspect output an analysis could find changed: who it is, where, since when. */
function changeMarkOf(container: JsonObject): string {
  const state = objectOf(container['State']);
  const networks = Object.entries(objectOf(objectOf(container['NetworkSettings'])['Networks'])).map(
    ([name, n]) => `${name}=${textOf(objectOf(n)['IPAddress'])}`,
  );
  return [nameOf(container), state['StartedAt'], ...networks.sort()].join('\n');
}

/**
 * Makes a recording of an engine's Fabric containers: logs, packets, what Docker and the operator did. Follows Docker's event stream, so that containers
 * that come, go, restart, move or are recreated are recorded from their first line on. Changes nothing in any of them.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #engine: Engine;
  readonly #writer: RecordingWriter;
  readonly #startedAt = new Date();
  readonly #containers = new Map<string, ContainerRecorder>();
  readonly #finished: ContainerRecorder[] = [];
  /** Of every chosen container that was ever seen: its name and the state that was last written down. */
  readonly #known = new Map<string, { name: string; changeMark: string }>();
  /** Containers that are not Fabric's, so that they are asked once. */
  readonly #foreign = new Set<string>();
  readonly #networks = new Map<string, NetworkRecorder>();
  readonly #goneNetworks: NetworkRecorder[] = [];
  readonly #inspects: { path: string; at: string; moment: 'before' | 'later' | 'after' }[] = [];
  readonly #gaps: ManifestGap[] = [];
  readonly #missing = new Map<string, Manifest['missing'][number]>();
  readonly #marks: MarkFollower;
  readonly #feed: EventFeed;
  #feedEngineLostAt: string | null = null;
  /** Events are worked through one after the other, in Docker's order. */
  #queue: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #manifestTimer: NodeJS.Timeout | null = null;
  #manifestAt = 0;
  #ending: Promise<Manifest> | null = null;
  #isFailed = false;
  #isEnding = false;
  #isKeepingHouse = false;
  readonly #written = new WeakSet<RecordedDockerEvent>();
  readonly ended: Promise<EndReason>;
  #resolveEnded: (reason: EndReason) => void = () => undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.#writer = options.writer;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#marks = new MarkFollower(options.writer.folder, (lines) => options.observer.told(MARKS_FILE, lines));
    this.#feed = new EventFeed({
      engine: options.engine,
      since: null,
      onEvent: (event) => this.#enqueue(() => this.#take(event)),
      onEngineLost: () => this.#enqueue(() => this.#engineLost()),
      onEngineBack: () => this.#enqueue(() => this.#engineBack()),
    });
  }

  /** How many containers have been attached to so far. */
  get containerCount(): number {
    return this.#known.size;
  }

  /**
   * Attaches to every chosen container and network that is there, and to those that come. Resolves when the present ones are attached to.
   * Throws an `OperationalError` when the engine refuses, or the disk is full already.
   */
  async begin(): Promise<void> {
    await this.#rewriteManifest();
    // Listening begins before looking: what happens in between is in both, and told once.
    await this.#feed.begin();
    this.#enqueue(() => this.#lookAround('before'));
    await this.#queue;
    this.#marks.begin();
    const { ringBytes, ringMillis, maxBytes } = this.#writer.limits;
    const isLimited = ringBytes !== null || ringMillis !== null || maxBytes !== null;
    this.#timer = setInterval(() => void this.#keepHouse(), isLimited ? HOUSEKEEPING_MILLIS : MANIFEST_EVERY_MILLIS);
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(() => this.#persist(work)).catch((error: unknown) => this.#fail(error));
  }

  /** Does `work`, again and again while the engine does not answer: what it told before it went away is not forgotten. */
  async #persist(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        if (!(error instanceof EngineError && error.failure === 'unreachable') || this.#isEnding) throw error;
        await sleep(RETRY_MILLIS);
      }
    }
  }

  /** An error of writing ends the recording. That the engine does not answer is told by its event stream, as one gap. */
  #fail(error: unknown): void {
    if (this.#isFailed || (error instanceof EngineError && error.failure === 'unreachable')) return;
    if (isDiskFull(error)) {
      this.#isFailed = true;
      this.#resolveEnded('disk-full');
      return;
    }
    const why = error instanceof Error ? error.message : String(error);
    const now = new Date().toISOString();
    this.#addGap({ source: 'engine', from: now, to: now, why });
    this.#options.say(why);
  }

  #addGap(gap: ManifestGap): void {
    if (this.#gaps.length < MAX_GAPS) this.#gaps.push(gap);
    this.#touchManifest();
  }

  /** Finds what is there, attaches to what is new, and writes down how it is. */
  async #lookAround(moment: 'before' | 'later' | 'after'): Promise<void> {
    const chosen: JsonObject[] = [];
    for (const { id } of await this.#engine.containers()) {
      const inspected = await this.#chosen(id);
      if (inspected !== null) chosen.push(inspected);
    }
    if (chosen.length > 0) await this.#writeInspect(moment, chosen);
    for (const inspected of chosen) await this.#attach(inspected);
    await this.#captureNetworks(
      chosen.flatMap((c) => this.#gossipNetworksOf(c)),
      true,
    );
    const networks: JsonObject[] = [];
    for (const id of this.#networks.keys()) {
      const inspected = await this.#engine.inspectNetwork(id);
      if (inspected !== null) networks.push(redactNetwork(inspected));
    }
    if (networks.length > 0 && moment !== 'later') await this.#writer.writeInspect(`docker/networks-${moment}.json`, networks);
    this.#touchManifest();
  }

  async #chosen(id: string): Promise<JsonObject | null> {
    if (this.#foreign.has(id)) return null;
    const inspected = await this.#engine.inspectContainer(id);
    if (inspected === null) return null;
    if (this.#known.has(id) || this.#options.choice.isChosen(inspected)) return inspected;
    if (this.#foreign.size >= MAX_FOREIGN) this.#foreign.clear();
    this.#foreign.add(id);
    return null;
  }

  async #writeInspect(moment: 'before' | 'later' | 'after', containers: readonly JsonObject[]): Promise<void> {
    const changed = moment === 'after' ? containers : containers.filter((c) => this.#known.get(textOf(c['Id']))?.changeMark !== changeMarkOf(c));
    const later = this.#inspects.filter((i) => i.moment === 'later').length;
    if (changed.length === 0 || later >= MAX_LATER_INSPECTS) return;
    const isFirst = moment === 'before' && !this.#inspects.some((i) => i.moment === 'before');
    const path = isFirst || moment === 'after' ? `docker/inspect-${moment}.json` : `docker/inspect-later-${later + 1}.json`;
    this.#inspects.push({ path, at: new Date().toISOString(), moment: isFirst || moment === 'after' ? moment : 'later' });
    await this.#writer.writeInspect(path, changed.map(redactInspect));
    for (const c of changed) {
      const known = this.#known.get(textOf(c['Id']));
      if (known !== undefined) known.changeMark = changeMarkOf(c);
      else this.#known.set(textOf(c['Id']), { name: nameOf(c), changeMark: changeMarkOf(c) });
    }
  }

  async #attach(inspected: JsonObject): Promise<void> {
    const traits = traitsOf(inspected);
    const there = this.#containers.get(traits.id);
    if (there !== undefined) {
      if (traits.isRunning) there.started();
      return;
    }
    if (this.#containers.size >= MAX_CONTAINERS) {
      this.#addGap({
        source: traits.name,
        from: new Date().toISOString(),
        to: null,
        why: `more than ${MAX_CONTAINERS} containers: its log is not recorded`,
      });
      return;
    }
    const isNameShared = [...this.#known].some(([id, k]) => id !== traits.id && k.name === traits.name);
    if (!this.#known.has(traits.id)) this.#known.set(traits.id, { name: traits.name, changeMark: '' });
    const recorder = new ContainerRecorder({
      engine: this.#engine,
      engineApiVersion: this.#options.facts.apiVersion,
      traits,
      isNameShared,
      since: this.#options.since,
      isPrompt: this.#options.isWatched && this.#options.choice.isPeerOrOrderer(inspected),
      writer: this.#writer,
      observer: this.#options.observer,
      now: Date.now,
      onFailure: (error) => this.#fail(error),
      onGap: () => this.#touchManifest(),
    });
    this.#containers.set(traits.id, recorder);
    // A database that was made before its peer is Fabric's only beside it.
    if (this.#foreign.size > 0 && this.#options.choice.isPeerOrOrderer(inspected)) {
      this.#foreign.clear();
      this.#enqueue(() => this.#lookAround('later'));
    }
    recorder.begin();
    this.#options.say(`attached to ${traits.name}`);
    this.#touchManifest();
  }

  #gossipNetworksOf(container: JsonObject): readonly string[] {
    return this.#options.choice.isPeerOrOrderer(container) ? networkIdsOf(container) : [];
  }

  /** Captures what is not captured yet. `isFabrics`: a Fabric container is on these networks. */
  async #captureNetworks(ids: readonly string[], isFabrics: boolean): Promise<void> {
    for (const id of new Set(ids)) {
      const known = this.#networks.get(id);
      if (known !== undefined) {
        if (isFabrics) known.confirm();
        await known.revive();
        if (known.isPerContainer) await this.#extendNetwork(id, known);
        continue;
      }
      const inspected = await this.#engine.inspectNetwork(id);
      if (inspected === null) continue;
      const network = await this.#captureNetworkOf(inspected);
      const plan = await this.#options.plan([network]);
      for (const missing of plan.missing) {
        const key = `${missing.why}\n${missing.hint}`;
        if (isFabrics && !this.#missing.has(key)) this.#missing.set(key, { what: 'packets', why: missing.why, hint: missing.hint });
      }
      const recorder = new NetworkRecorder({
        engine: this.#engine,
        network,
        plan,
        hostTcpdump: this.#options.hostTcpdump,
        isConfirmed: isFabrics,
        writer: this.#writer,
        observer: this.#options.observer,
        isWatched: this.#options.isWatched,
        recording: this.#options.name,
        onFailure: (error) => this.#fail(error),
        onGap: (gap) => this.#addGap(gap),
        onImpossible: (why, hint) => {
          this.#missing.set(`${why}\n${hint}`, { what: 'packets', why, hint });
          this.#touchManifest();
        },
        onChange: () => this.#touchManifest(),
        say: this.#options.say,
      });
      this.#networks.set(id, recorder);
      await recorder.begin();
    }
  }

  async #extendNetwork(id: string, known: NetworkRecorder): Promise<void> {
    const inspected = await this.#engine.inspectNetwork(id);
    if (inspected !== null) await known.extend(await this.#options.plan([await this.#captureNetworkOf(inspected)]));
  }

  async #captureNetworkOf(inspected: JsonObject): Promise<CaptureNetwork> {
    const members = await Promise.all(
      Object.entries(objectOf(inspected['Containers']))
        .filter(([id]) => this.#known.has(id))
        .map(async ([id, member]) => {
          const container = await this.#engine.inspectContainer(id);
          return { id, name: textOf(objectOf(member)['Name']), networkCount: container === null ? 1 : networkIdsOf(container).length };
        }),
    );
    const options = Object.fromEntries(Object.entries(objectOf(inspected['Options'])).map(([k, v]) => [k, textOf(v)]));
    return { id: textOf(inspected['Id']), name: nameOf(inspected), driver: textOf(inspected['Driver']), options, members };
  }

  /** Writes an event once, however often its consequences have to be tried. */
  async #writeEvent(event: RecordedDockerEvent): Promise<void> {
    if (this.#written.has(event)) return;
    this.#written.add(event);
    const name = event.containerName ?? (event.containerId === null ? null : (this.#known.get(event.containerId)?.name ?? null));
    await this.#writer.writeDockerEvent({ ...event, containerName: name });
  }

  async #take(event: RecordedDockerEvent): Promise<void> {
    if (event.type === 'network') await this.#takeNetworkEvent(event);
    else await this.#takeContainerEvent(event);
  }

  async #takeNetworkEvent(event: RecordedDockerEvent): Promise<void> {
    if (event.action === 'create' && event.network !== null) {
      const made = (await this.#engine.networks()).find((n) => n.name === event.network);
      const inspected = made === undefined ? null : await this.#engine.inspectNetwork(made.id);
      // Before anybody is on it: what the first container sends is then in the capture.
      if (inspected !== null && this.#options.choice.mayBeChosen(inspected)) await this.#captureNetworks([textOf(inspected['Id'])], false);
      return;
    }
    if (event.action === 'destroy') {
      const [id, gone] = [...this.#networks].find(([, n]) => n.name === event.network) ?? [];
      if (id === undefined || gone === undefined) return;
      await this.#writeEvent(event);
      this.#networks.delete(id);
      this.#goneNetworks.push(gone);
      await gone.finish(true);
      this.#touchManifest();
      return;
    }
    if (event.containerId === null) return;
    const inspected = await this.#chosen(event.containerId);
    if (inspected === null && !this.#known.has(event.containerId)) return;
    await this.#writeEvent(event);
    if (inspected === null || event.action !== 'connect') return;
    await this.#writeInspect('later', [inspected]);
    await this.#attach(inspected);
    await this.#captureNetworks(this.#gossipNetworksOf(inspected), true);
  }

  async #takeContainerEvent(event: RecordedDockerEvent): Promise<void> {
    const id = event.containerId;
    if (id === null || this.#foreign.has(id)) return;
    // At once: what a container prints that is gone in a moment can be read only now.
    if (event.action === 'start' || event.action === 'restart') this.#containers.get(id)?.started();
    const isBirth = event.action === 'create' || event.action === 'start' || event.action === 'restart' || event.action === 'rename';
    const inspected = isBirth ? await this.#chosen(id) : null;
    if (inspected === null && !this.#known.has(id)) {
      // It came and went before it could be asked who it is.
      return;
    }
    await this.#writeEvent(event);
    const recorder = this.#containers.get(id);
    if (inspected !== null) {
      await this.#attach(inspected);
      await this.#writeInspect('later', [inspected]);
      await this.#captureNetworks(this.#gossipNetworksOf(inspected), true);
    }
    if (event.action === 'die') recorder?.stopped();
    if (event.action === 'destroy' && recorder !== undefined) {
      this.#containers.delete(id);
      this.#finished.push(recorder);
      // Not waited for: its last lines may take a while, and other containers' events must not.
      void recorder.finish().then(
        () => this.#touchManifest(),
        (error: unknown) => this.#fail(error),
      );
    }
    if (event.action === 'die' || event.action === 'start') this.#touchManifest();
  }

  async #engineLost(): Promise<void> {
    this.#feedEngineLostAt ??= new Date().toISOString();
    this.#options.say('the engine does not answer; waiting for it');
  }

  /** What happened meanwhile was told to nobody: a gap in the events. Logs go on where they were. */
  async #engineBack(): Promise<void> {
    const from = this.#feedEngineLostAt;
    this.#feedEngineLostAt = null;
    if (from !== null) {
      this.#addGap({ ...ENGINE_AWAY, from, to: new Date().toISOString() });
      this.#options.say('the engine answers again');
    }
    for (const c of this.#containers.values()) c.engineBack();
    await this.#lookAround('later');
  }

  #touchManifest(): void {
    this.#manifestTimer ??= setTimeout(() => {
      this.#manifestTimer = null;
      void this.#rewriteManifest().catch((error: unknown) => this.#fail(error));
    }, MANIFEST_DELAY_MILLIS);
  }

  async #rewriteManifest(): Promise<void> {
    this.#manifestAt = Date.now();
    await this.#writer.writeManifest(this.#manifest(null, null));
  }

  get #openBytes(): number {
    return (
      [...this.#containers.values(), ...this.#finished].reduce((sum, c) => sum + c.openBytes, 0) +
      [...this.#networks.values(), ...this.#goneNetworks].reduce((sum, n) => sum + n.openBytes, 0)
    );
  }

  async #keepHouse(): Promise<void> {
    if (this.#isKeepingHouse) return;
    this.#isKeepingHouse = true;
    try {
      const { maxBytes } = this.#writer.limits;
      const gone = await this.#writer.turnRing(this.#openBytes);
      if (gone.length > 0) this.#touchManifest();
      if (maxBytes !== null && this.#writer.settledBytes + this.#openBytes >= maxBytes) this.#resolveEnded('size');
      // Timers come a little early or late.
      if (Date.now() - this.#manifestAt >= MANIFEST_EVERY_MILLIS - HOUSEKEEPING_MILLIS / 2) this.#touchManifest();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isKeepingHouse = false;
    }
  }

  #manifest(endedBy: EndReason | null, endedAt: Date | null): Manifest {
    const { facts, location, choice, name, toolVersion } = this.#options;
    const containers = [...this.#finished, ...this.#containers.values()];
    const networks = [...this.#goneNetworks, ...this.#networks.values()];
    const kept = <T extends { readonly paths: readonly string[] }>(entry: T): T => ({
      ...entry,
      paths: entry.paths.filter((p) => !this.#writer.wasRemoved(p)),
    });
    return {
      format: 'gossipscope-recording',
      formatVersion: 1,
      tool: { name: 'gossipscope', version: toolVersion },
      name,
      state: endedBy === null ? 'recording' : 'ended',
      endedBy,
      startedAt: this.#startedAt.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
      recorder: { pid: process.pid, host: hostname() },
      engine: { version: facts.version, apiVersion: facts.apiVersion, operatingSystem: facts.operatingSystem, location },
      selection: choice.selection,
      logs: containers.flatMap((c) => c.logs).map(kept),
      captures: networks.flatMap((n) => n.captures).map(kept),
      inspects: [...this.#inspects],
      gaps: [...this.#gaps, ...containers.flatMap((c) => c.gaps)],
      missing: [...this.#missing.values()],
      removed: [...this.#writer.removed],
    };
  }

  /** Ends the recording: what was printed until now is read to its end, captures are read back, the manifest is completed. Calls after the first wait for it. */
  finish(reason: EndReason): Promise<Manifest> {
    this.#ending ??= this.#finish(reason);
    return this.#ending;
  }

  async #finish(reason: EndReason): Promise<Manifest> {
    const endedAt = new Date();
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#feed.finish();
    // What was made while the engine was away, and nobody told of.
    if (reason !== 'disk-full') this.#enqueue(() => this.#lookAround('later'));
    this.#isEnding = true;
    await this.#queue;
    if (this.#feedEngineLostAt !== null) this.#addGap({ ...ENGINE_AWAY, from: this.#feedEngineLostAt, to: null });
    await this.#marks.finish();
    // Disk full: what was kept free for this makes room for the ends of the files.
    await this.#writer.releaseReserve();
    await Promise.all([
      ...[...this.#containers.values(), ...this.#finished].map((c) => c.finish()),
      ...[...this.#networks.values()].map((n) => n.finish(false)),
    ]).catch((error: unknown) => this.#fail(error));
    await this.#writer.turnRing(0);
    if (reason !== 'disk-full') await this.#lastLook();
    const networks = [...this.#goneNetworks, ...this.#networks.values()];
    for (const n of networks) await n.discardUnlessConfirmed();
    for (const n of networks)
      await n.verify((file) => readSecondTime(join(this.#writer.folder, file.path), { packets: file.packets, bytes: file.packetBytes }));
    if (this.#manifestTimer !== null) clearTimeout(this.#manifestTimer);
    const manifest = this.#manifest(reason, endedAt);
    await this.#writer.writeManifest(manifest).catch((error: unknown) => this.#fail(error));
    await this.#writer.close();
    return manifest;
  }

  async #lastLook(): Promise<void> {
    try {
      const containers = (await Promise.all([...this.#known.keys()].map((id) => this.#engine.inspectContainer(id)))).filter((c) => c !== null);
      if (containers.length > 0) await this.#writeInspect('after', containers);
      const networks = (await Promise.all([...this.#networks.keys()].map((id) => this.#engine.inspectNetwork(id)))).filter((n) => n !== null);
      if (networks.length > 0) await this.#writer.writeInspect('docker/networks-after.json', networks.map(redactNetwork));
    } catch (error) {
      this.#fail(error);
    }
  }
}
