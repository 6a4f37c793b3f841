import type { LogEvent } from '../events/event.js';
import { formatInstant } from '../events/instant.js';
import { LogDecoder } from '../logs/log-decoder.js';
import { type DockerEvent, parseDockerEvents, parseOperatorMarks } from '../topology/docker-events.js';
import { type ContainerFacts, parseInspect } from '../topology/inspect.js';
import type { Sentence } from './contract.js';
import { wordsOfEvent } from './event-words.js';
import { sayCommand } from './operator-sentences.js';

export interface LiveFeedLimits {
  /** Logs that are listened to; as many as the picture is made of. */
  readonly maxLogs: number;
  /** Entries that wait to be taken. */
  readonly maxEntries: number;
  /** Containers whose part in the network is remembered. */
  readonly maxContainers: number;
}

export const LIVE_FEED_LIMITS: LiveFeedLimits = { maxLogs: 1_000, maxEntries: 2_000, maxContainers: 5_000 };

/** A record whose further lines have not come after so long is told as it is: docker hands the lines of one write over together. */
const QUIET_MILLIS = 200;

/** Something that happened, in one line, told as soon as it was read. */
export interface FeedEntry {
  /** Counts from 1; never used twice. */
  readonly id: number;
  readonly at: string;
  readonly topic: Sentence['topic'];
  /** Who: a node's name, or until that is known its container's; null where nobody is meant. */
  readonly node: string | null;
  readonly words: string;
  /** The very line. */
  readonly place: { readonly source: string; readonly line: number } | null;
}

/** What a container is to the people who watch: a part of the network, or one that only helps (command line, builders of chaincode, checks). */
interface WatchedContainer {
  readonly kind: 'node' | 'chaincode' | 'helper';
  readonly name: string;
  isRunning: boolean;
  wasRunning: boolean;
}

/** What Docker does to containers that people want to see as it happens; the rest is in the analysis. */
const DOCKER_WORDS: Readonly<Record<string, readonly [Sentence['topic'], string]>> = {
  start: ['start', 'was started'],
  restart: ['start', 'was restarted'],
  unpause: ['recovery', 'goes on after its pause'],
  connect: ['recovery', 'was connected to'],
  die: ['stop', 'ended'],
  kill: ['stop', 'was sent a signal'],
  oom: ['fault', 'ran out of memory'],
  pause: ['fault', 'was paused'],
  disconnect: ['fault', 'was disconnected from'],
  destroy: ['stop', 'was removed'],
};

/** Peers give these to the chaincode they start; a chaincode server has the last one (core/container/dockercontroller; fabric-samples' external chaincode). */
const CHAINCODE_SETTINGS = ['CORE_CHAINCODE_ID_NAME', 'CORE_CHAINCODE_ID', 'CHAINCODE_SERVER_ADDRESS'];

function kindOf(facts: ContainerFacts): WatchedContainer['kind'] {
  if (CHAINCODE_SETTINGS.some((key) => key in facts.environment)) return 'chaincode';
  return facts.role === 'peer' || facts.role === 'orderer' ? 'node' : 'helper';
}

interface Listened {
  readonly decoder: LogDecoder;
  readonly container: string;
  pushedMillis: number;
}

/**
 * Tells every event of a recording in the making as one line, the moment it is read. It reads logs for itself, apart from the picture of the whole, so that
 * nothing that takes long stands before it. Pure: time comes in as an argument (milliseconds of any steady clock).
 */
export class LiveFeed {
  readonly #limits: LiveFeedLimits;
  readonly #logs = new Map<string, Listened>();
  readonly #quietLater = new Set<Listened>();
  /** By id. */
  readonly #containers = new Map<string, WatchedContainer>();
  /** Lines so far of files of Docker's events and of notes. */
  readonly #toldLines = new Map<string, number>();
  #nodeOfSource: ReadonlyMap<string, string> = new Map();
  #entries: FeedEntry[] = [];
  #lastEntryId = 0;
  #lines = 0;

  constructor(limits: Partial<LiveFeedLimits> = {}) {
    this.#limits = { ...LIVE_FEED_LIMITS, ...limits };
  }

  /** Whole lines of a log came. */
  log(path: string, container: { readonly id: string; readonly name: string }, bytes: Uint8Array, nowMillis: number): void {
    this.#lines += countLineFeeds(bytes);
    const log = this.#logs.get(path) ?? this.#listen(path, container.name);
    if (log === null) return;
    log.decoder.push(bytes);
    log.decoder.flushWhole();
    log.pushedMillis = nowMillis;
    this.#quietLater.add(log);
  }

  /** A file of inspect output was written: who takes part, and who only helps. */
  inspect(path: string, text: string): void {
    for (const facts of parseInspect(text, path)?.containers ?? []) {
      const wasRunning = facts.running || this.#containers.get(facts.id)?.wasRunning === true;
      this.#containers.delete(facts.id);
      this.#containers.set(facts.id, { kind: kindOf(facts), name: facts.name, isRunning: facts.running, wasRunning });
      if (this.#containers.size <= this.#limits.maxContainers) continue;
      const [oldest] = this.#containers.keys();
      this.#containers.delete(oldest as string);
    }
  }

  /** Lines of what Docker's event stream told came. */
  dockerEvents(path: string, lines: string): void {
    const first = this.#countTold(path, lines);
    for (const event of parseDockerEvents(lines, path).events) {
      const told = event.action === 'exec_start' ? commandWords(event) : this.#containerWords(event);
      if (told === null) continue;
      const [topic, words] = told;
      this.#tell({ at: formatInstant(event.at), topic, node: null, words, place: { source: path, line: first + event.line - 1 } });
    }
  }

  /** Lines of the operator's notes came. */
  marks(path: string, lines: string): void {
    const first = this.#countTold(path, lines);
    for (const mark of parseOperatorMarks(lines, path).marks)
      this.#tell({
        at: formatInstant(mark.at),
        topic: 'operator',
        node: null,
        words: `Note: ${mark.text}`,
        place: { source: path, line: first + mark.line - 1 },
      });
  }

  /** Time goes on: records that waited for more lines are told. Whether one still waits: then call it again within a tenth of a second. */
  tick(nowMillis: number): boolean {
    for (const log of this.#quietLater) {
      if (nowMillis - log.pushedMillis < QUIET_MILLIS) continue;
      this.#quietLater.delete(log);
      log.decoder.flush();
    }
    return this.#quietLater.size > 0;
  }

  /** Whose logs these are, by their path, as far as it is known by now. */
  nameSources(nodeOfSource: ReadonlyMap<string, string>): void {
    this.#nodeOfSource = nodeOfSource;
  }

  /** Log lines that came in so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Whether any container of a network is known, or any line came. */
  get hasNetwork(): boolean {
    return this.#lines > 0 || [...this.#containers.values()].some((c) => c.kind === 'node');
  }

  /** Whether the container of this id or name is known to have no part in the network itself: a helper, or one that never ran. */
  isBystander(idOrName: string): boolean {
    const known = this.#containers.get(idOrName) ?? [...this.#containers.values()].findLast((c) => c.name === idOrName);
    return known !== undefined && (known.kind === 'helper' || !known.wasRunning);
  }

  /** The entries since the last call, in order of time. */
  takeEntries(): readonly FeedEntry[] {
    const entries = this.#entries;
    this.#entries = [];
    return byTime(entries);
  }

  #listen(path: string, container: string): Listened | null {
    if (this.#logs.size >= this.#limits.maxLogs) return null;
    const log: Listened = {
      decoder: new LogDecoder({ source: path, onEvent: (event) => this.#hear(path, container, event) }),
      container,
      pushedMillis: 0,
    };
    this.#logs.set(path, log);
    return log;
  }

  #hear(source: string, container: string, event: LogEvent): void {
    const told = wordsOfEvent(event.body);
    if (told === null) return;
    const node = this.#nodeOfSource.get(source) ?? container;
    this.#tell({ at: formatInstant(event.at), topic: told.topic, node, words: told.words, place: { source, line: event.line } });
  }

  /** The words for what Docker did to a container; null where nobody wants to read them. Remembers whether it runs. */
  #containerWords(event: DockerEvent): readonly [Sentence['topic'], string] | null {
    const known = event.containerId === null ? undefined : this.#containers.get(event.containerId);
    const ranBefore = known?.isRunning !== false;
    const hadRun = known?.wasRunning !== false;
    if (known !== undefined) {
      if (event.action === 'start' || event.action === 'restart') known.isRunning = known.wasRunning = true;
      if (event.action === 'die') known.isRunning = false;
    }
    const [topic, words] = DOCKER_WORDS[event.action] ?? [];
    if (topic === undefined || event.containerName === null) return null;
    if (known?.kind === 'helper')
      return event.action === 'start' ? ['network', `The container ${known.name} was started (no peer, orderer or chaincode)`] : null;
    // Compose and Docker itself connect and disconnect containers around their start and end; only a running one is cut off.
    if (event.type === 'network' && !ranBefore) return null;
    if (event.action === 'destroy' && !hadRun) return null;
    const network = event.type === 'network' ? ` ${event.network ?? 'a network'}` : '';
    const exit = event.action === 'die' && event.exitCode !== null ? ` with exit status ${event.exitCode}` : '';
    return [topic, `The ${known?.kind === 'chaincode' ? 'chaincode ' : ''}container ${event.containerName} ${words}${network}${exit}`];
  }

  #countTold(path: string, lines: string): number {
    const before = this.#toldLines.get(path) ?? 0;
    this.#toldLines.set(path, before + lines.split('\n').length - (lines.endsWith('\n') ? 1 : 0));
    return before + 1;
  }

  #tell(entry: Omit<FeedEntry, 'id'>): void {
    this.#entries.push({ id: ++this.#lastEntryId, ...entry });
    const { maxEntries } = this.#limits;
    // Nobody takes them, or the history of a long life pours in: the newest stay, by their own time.
    if (this.#entries.length >= 2 * maxEntries) this.#entries = byTime(this.#entries).slice(-maxEntries);
  }
}

function commandWords(event: DockerEvent): readonly [Sentence['topic'], string] | null {
  if (event.command === null) return null;
  return ['operator', `Run in ${event.containerName ?? 'a container'}: ${sayCommand(event.command)}`];
}

const byTime = (entries: readonly FeedEntry[]): FeedEntry[] => [...entries].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id - b.id));

const LINE_FEED = 10;

function countLineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
