import type { Readable } from 'node:stream';
import type { RecordedDockerEvent } from '../recording/manifest.js';
import { redactCommand } from '../recording/redaction.js';
import type { Engine, Json, JsonObject } from './engine.js';
import { EngineError } from './engine-error.js';
import { objectOf } from './engine-json.js';

/** Changes of containers that are recorded. Health checks (`health_status`, their execs) are the engine's doing, every few seconds, and are not. */
const CONTAINER_ACTIONS: ReadonlySet<string> = new Set(
  'create start restart pause unpause die kill stop oom destroy rename exec_create exec_start exec_die'.split(' '),
);
const NETWORK_ACTIONS: ReadonlySet<string> = new Set(['create', 'destroy', 'connect', 'disconnect']);

/** The engine itself keeps 256 (moby daemon/events/events.go, `eventsLimit`): more could not come twice. */
const MAX_REMEMBERED = 1024;
const MAX_CONTAINERS = 10_000;
/** A longer line is no event: moby sends attributes, and labels are among them. */
const MAX_EVENT_BYTES = 4 << 20;
/** Events are stamped before they are lined up, so that one sent later may bear an earlier stamp. */
const LOOK_BACK_SECONDS = 5;
const FIRST_RETRY_MILLIS = 100;
const MAX_RETRY_MILLIS = 5_000;

export interface EventFeedOptions {
  readonly engine: Engine;
  /** The engine's clock, `seconds.nanoseconds`: earlier events are left out. Null: from now on. */
  readonly since: string | null;
  readonly onEvent: (event: RecordedDockerEvent) => void;
  /** The stream of events broke off, or could not be read. Retried until it comes back. */
  readonly onEngineLost: (why: string) => void;
  /**
   * Events come again. What happened meanwhile was told already if the engine still knew it; a restarted engine knows nothing, so that whoever needs the
   * present state should look at it.
   */
  readonly onEngineBack: () => void;
  /** A line that is no event, in a few words. */
  readonly onOddity?: (why: string) => void;
}

const textOf = (value: Json | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);
const listOf = (value: Json | undefined): readonly string[] => (Array.isArray(value) ? value.filter((v): v is string => typeof v === 'string') : []);

/** A stamp of nanoseconds, exact: as a JSON number it is beyond what a double holds. */
const TIME_NANO = /"timeNano"\s*:\s*(\d{10,20})/g;

/** RFC 3339 with nine decimals. */
function stampOfNanos(nanos: bigint): string {
  const seconds = new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** Oldest first out, when there are more than so many. */
class RecentSet {
  readonly #items = new Set<string>();
  readonly #limit: number;
  constructor(limit: number) {
    this.#limit = limit;
  }
  has(item: string): boolean {
    return this.#items.has(item);
  }
  add(item: string): void {
    this.#items.add(item);
    if (this.#items.size > this.#limit) this.#items.delete(this.#items.values().next().value as string);
  }
}

/**
 * Follows what Docker tells of containers and networks. Each event is told once, in the engine's order; after the engine was away, from where it had got
 * to, as far as the engine still knows (the newest 256 since its start).
 */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #told = new RecentSet(MAX_REMEMBERED);
  readonly #healthExecs = new RecentSet(MAX_REMEMBERED);
  /** By container: its health check's command as events show it; null where it has none. */
  readonly #healthCommands = new Map<string, string | null>();
  readonly #names = new Map<string, string>();
  /** When the event came that came last. */
  #newestNanos: bigint | null = null;
  #stream: Readable | null = null;
  #isFinishing = false;
  #isLost = false;
  #wake: () => void = () => {};
  #done: Promise<void> = Promise.resolve();

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** Resolves when events are being listened to. Throws an `OperationalError` when the engine refuses or does not answer. */
  async begin(): Promise<void> {
    const stream = await this.#options.engine.events(this.#options.since);
    this.#done = this.#run(stream);
    // `finish` tells of it.
    this.#done.catch(() => undefined);
  }

  /** Stops. Resolves when no more will be told; rejects with what `onEvent` threw, which ended the feed. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    this.#stream?.destroy();
    this.#wake();
    await this.#done;
  }

  async #run(first: Readable): Promise<void> {
    let stream: Readable | null = first;
    let retryMillis = FIRST_RETRY_MILLIS;
    while (!this.#isFinishing) {
      try {
        stream ??= await this.#options.engine.events(this.#since());
        if (this.#isLost) this.#options.onEngineBack();
        this.#isLost = false;
        const begun = performance.now();
        await this.#read(stream);
        if (performance.now() - begun > MAX_RETRY_MILLIS) retryMillis = FIRST_RETRY_MILLIS;
        this.#lose('the stream of events ended');
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        this.#lose(error.message);
      }
      stream = null;
      await this.#sleep(retryMillis);
      retryMillis = Math.min(MAX_RETRY_MILLIS, 2 * retryMillis);
    }
    stream?.destroy();
  }

  #lose(why: string): void {
    if (!this.#isLost && !this.#isFinishing) this.#options.onEngineLost(why);
    this.#isLost = true;
  }

  async #sleep(millis: number): Promise<void> {
    if (this.#isFinishing) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, millis);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** From a little before the last event told, whose repetition is recognized. */
  #since(): string | null {
    if (this.#newestNanos === null) return this.#options.since;
    const nanos = this.#newestNanos - BigInt(LOOK_BACK_SECONDS) * 1_000_000_000n;
    return `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`;
  }

  async #read(stream: Readable): Promise<void> {
    this.#stream = stream;
    let rest: Buffer[] = [];
    let restBytes = 0;
    let isSkipping = false;
    try {
      for await (const chunk of stream) {
        let bytes = Buffer.from(chunk as Uint8Array);
        for (let lf = bytes.indexOf(0x0a); lf >= 0; lf = bytes.indexOf(0x0a)) {
          if (!isSkipping) await this.#take(Buffer.concat([...rest, bytes.subarray(0, lf)]).toString('utf8'));
          isSkipping = false;
          rest = [];
          restBytes = 0;
          bytes = bytes.subarray(lf + 1);
          if (this.#isFinishing) return;
        }
        restBytes += bytes.length;
        if (restBytes > MAX_EVENT_BYTES && !isSkipping) {
          this.#options.onOddity?.(`an event longer than ${MAX_EVENT_BYTES >> 20} MiB was passed over`);
          isSkipping = true;
          rest = [];
        }
        if (bytes.length > 0 && !isSkipping) rest.push(bytes);
      }
    } catch (error) {
      // A connection that breaks is an engine that went away; what is thrown while an event is told is not.
      if (!stream.destroyed || (stream.errored !== error && (error as { readonly code?: unknown }).code !== 'ERR_STREAM_PREMATURE_CLOSE'))
        throw error;
    } finally {
      this.#stream = null;
      stream.destroy();
    }
  }

  async #take(line: string): Promise<void> {
    if (line.trim() === '') return;
    const event = parseEvent(line);
    if (event === null) {
      this.#options.onOddity?.(`no Docker event: ${redactCommand(line.slice(0, 80))}`);
      return;
    }
    this.#newestNanos = event.nanos;
    if (event.name !== null && event.type === 'container' && event.containerId !== null) this.#remember(event.containerId, event.name);
    const isWanted = (event.type === 'container' ? CONTAINER_ACTIONS : NETWORK_ACTIONS).has(event.action);
    // The line itself: the engine prints a stored event the same way each time.
    if (!isWanted || this.#told.has(line)) return;
    this.#told.add(line);
    if (event.action.startsWith('exec_') && (await this.#isHealthCheck(event))) return;
    const { containerId } = event;
    this.#options.onEvent({
      at: stampOfNanos(event.nanos),
      type: event.type,
      action: event.action,
      containerId,
      containerName: event.type === 'container' ? event.name : containerId === null ? null : (this.#names.get(containerId) ?? null),
      network: event.type === 'network' ? event.name : null,
      command: event.command === null ? null : redactCommand(event.command),
      execId: event.execId,
      exitCode: event.exitCode,
      signal: event.signal,
    });
    if (event.action === 'destroy' && containerId !== null) this.#healthCommands.delete(containerId);
  }

  #remember(containerId: string, name: string): void {
    if (this.#names.size >= MAX_CONTAINERS && !this.#names.has(containerId)) this.#names.delete(this.#names.keys().next().value as string);
    this.#names.set(containerId, name);
  }

  /** Whether an exec is the engine's own probe: it runs the container's HEALTHCHECK, and nothing tells it from an operator's but the command. */
  async #isHealthCheck({ containerId, execId, action, command }: DockerEvent): Promise<boolean> {
    if (execId !== null && this.#healthExecs.has(execId)) return true;
    if (containerId === null || command === null || action !== 'exec_create') return false;
    const health = await this.#healthCommand(containerId);
    if (health !== command) return false;
    if (execId !== null) this.#healthExecs.add(execId);
    return true;
  }

  async #healthCommand(containerId: string): Promise<string | null> {
    const known = this.#healthCommands.get(containerId);
    if (known !== undefined) return known;
    let inspect: JsonObject | null;
    try {
      inspect = await this.#options.engine.inspectContainer(containerId);
    } catch (error) {
      if (error instanceof EngineError) return null;
      throw error;
    }
    const command = inspect === null ? null : healthCommandOf(inspect);
    if (this.#healthCommands.size >= MAX_CONTAINERS) this.#healthCommands.clear();
    this.#healthCommands.set(containerId, command);
    return command;
  }
}

/** The command of an inspected container's HEALTHCHECK, as exec events show it (moby daemon/health.go, `cmdProbe.run`); null where it has none. */
function healthCommandOf(inspect: JsonObject): string | null {
  const config = objectOf(inspect['Config']);
  const [kind, ...rest] = listOf(objectOf(config['Healthcheck'])['Test']);
  if (kind === 'CMD') return rest.join(' ').trim();
  if (kind !== 'CMD-SHELL') return null;
  const shell = listOf(config['Shell']);
  return [...(shell.length > 0 ? shell : ['/bin/sh', '-c']), ...rest].join(' ').trim();
}

interface DockerEvent {
  readonly nanos: bigint;
  readonly type: 'container' | 'network';
  readonly action: string;
  readonly command: string | null;
  readonly containerId: string | null;
  /** Of the container or network. */
  readonly name: string | null;
  readonly execId: string | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
}

/** The event in a line of the stream, or null where it is none of a container or network. */
function parseEvent(line: string): DockerEvent | null {
  let value: Json;
  try {
    value = JSON.parse(line) as Json;
  } catch {
    return null;
  }
  const record = objectOf(value);
  const actor = objectOf(record['Actor']);
  const attributes = objectOf(actor['Attributes']);
  const type = record['Type'];
  const said = textOf(record['Action']);
  // The last one: attributes, which users choose, come before it.
  const nanos = [...line.matchAll(TIME_NANO)].at(-1)?.[1];
  if ((type !== 'container' && type !== 'network') || said === null || nanos === undefined) return null;
  const colon = said.indexOf(':');
  const exitCode = Number(textOf(attributes['exitCode']) ?? Number.NaN);
  const signal = Number(textOf(attributes['signal']) ?? Number.NaN);
  return {
    nanos: BigInt(nanos),
    type,
    action: colon < 0 ? said : said.slice(0, colon),
    command: colon < 0 ? null : said.slice(colon + 1).trim(),
    containerId: textOf(type === 'container' ? actor['ID'] : attributes['container']),
    name: textOf(attributes['name']),
    execId: textOf(attributes['execID']),
    exitCode: Number.isInteger(exitCode) ? exitCode : null,
    signal: Number.isInteger(signal) ? signal : null,
  };
}
