import type { LogEvent } from '../events/event.js';
import { formatInstant, type Instant } from '../events/instant.js';
import { type Oddity, OddityCounter } from '../events/oddity.js';
import { CaptureDecoder } from '../packets/capture-decoder.js';
import type { CaptureLimits } from '../packets/capture-limits.js';
import { parseDockerEvents, parseOperatorMarks } from '../topology/docker-events.js';
import { parseInspect } from '../topology/inspect.js';
import { parseRecordingManifest } from '../topology/recording-manifest.js';
import { type AnalysisResult, analyze } from './analyze.js';
import type { Sentence } from './contract.js';
import { wordsOfEvent } from './event-words.js';
import { LIVE_LOG_LIMITS, LiveLog, type LiveLogLimits } from './live-log.js';
import type { Recorded, RecordedCapture, RecordedInspect, RecordedLog, RecordedManifest, RecordedOutput } from './recorded.js';
import { RefreshPace } from './refresh-pace.js';

/** How much of a network that is watched for hours is kept; the recording on disk has everything. Reaching a limit is told as an oddity. */
export interface LiveLimits extends LiveLogLimits {
  readonly maxLogs: number;
  /** Events of all logs together; beyond, the quietest logs keep only what a picture of the present needs. */
  readonly maxEvents: number;
  /** Capture files: a ring of the newest. */
  readonly maxCaptures: number;
  readonly maxInspects: number;
  /** Characters of a file of Docker's events or notes: its newest lines. */
  readonly maxToldLength: number;
  /** Entries that wait to be taken. */
  readonly maxEntries: number;
  readonly capture: Partial<CaptureLimits>;
}

export const LIVE_LIMITS: LiveLimits = {
  ...LIVE_LOG_LIMITS,
  maxLogs: 1_000,
  maxEvents: 200_000,
  maxCaptures: 16,
  maxInspects: 2_000,
  maxToldLength: 1 << 20,
  maxEntries: 2_000,
  // Closed connections go first; a step of traffic gets wider, a burst beyond is counted.
  capture: { maxConnections: 2_000, maxTrafficSteps: 1_024, maxBurstsPerDirection: 5_000, maxBurstsInAll: 100_000 },
};

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

interface CaptureInProgress {
  readonly source: string;
  readonly decoder: CaptureDecoder;
}

/** A file of JSON lines as far as it is kept; lines let go leave their line feed, so that the others keep their numbers. */
interface ToldFile {
  text: string;
  lines: number;
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

/**
 * Follows a recording while it is made and tells what is known so far: the same analysis that a finished recording gets, over as much of it as is
 * kept, and every event at once as an entry of the feed. Pure: time comes in as an argument (milliseconds of any steady clock).
 */
export class LiveAnalysis {
  readonly #toolVersion: string;
  readonly #limits: LiveLimits;
  readonly #logs = new Map<string, LiveLog>();
  readonly #quietLater = new Set<LiveLog>();
  readonly #containerNames = new Map<string, string>();
  #captures: CaptureInProgress[] = [];
  readonly #inspects = new Map<string, RecordedInspect>();
  readonly #dockerEvents = new Map<string, ToldFile>();
  readonly #marks = new Map<string, ToldFile>();
  readonly #manifests = new Map<string, RecordedManifest>();
  readonly #oddities = new OddityCounter();
  readonly #pace = new RefreshPace();
  #nodeOfSource: ReadonlyMap<string, string> = new Map();
  #entries: FeedEntry[] = [];
  #lastEntryId = 0;
  #lines = 0;
  /** Of captures that are no longer kept. */
  #earlierPackets = 0;

  constructor(toolVersion: string, limits: Partial<LiveLimits> = {}) {
    this.#toolVersion = toolVersion;
    this.#limits = { ...LIVE_LIMITS, ...limits };
  }

  /** Whole lines of a log came. */
  log(path: string, container: { readonly id: string; readonly name: string }, bytes: Uint8Array, nowMillis: number): void {
    const log = this.#logs.get(path) ?? this.#openLog(path, container);
    if (log === null) return;
    const before = this.#lastEntryId;
    const events = log.events;
    log.push(bytes, nowMillis);
    this.#quietLater.add(log);
    this.#lines += countLineFeeds(bytes);
    this.#pace.noteChange(this.#lastEntryId > before || log.events !== events);
  }

  /** Bytes of a capture came. */
  capture(path: string, bytes: Uint8Array): void {
    let capture = this.#captures.find((c) => c.source === path);
    if (capture === undefined) {
      capture = { source: path, decoder: new CaptureDecoder({ source: path, limits: this.#limits.capture }) };
      this.#captures.push(capture);
      if (this.#captures.length > this.#limits.maxCaptures) {
        const gone = this.#captures.shift() as CaptureInProgress;
        this.#earlierPackets += gone.decoder.packets;
        this.#oddities.add('older-capture-left-out', `${gone.source} is in the recording, not on this page`, null);
      }
    }
    capture.decoder.push(bytes);
    this.#pace.noteChange(false);
  }

  /** A file of inspect output was written. */
  inspect(path: string, text: string): void {
    const facts = parseInspect(text, path);
    if (facts === null) {
      this.#oddities.add('unrecognised-file', `${path} is not the output of docker inspect`, null);
      return;
    }
    this.#inspects.delete(path);
    this.#inspects.set(path, { source: path, facts });
    if (this.#inspects.size > this.#limits.maxInspects) {
      const [oldest] = this.#inspects.keys();
      this.#inspects.delete(oldest as string);
      this.#oddities.add('older-inspect-left-out', `${oldest} is in the recording, not on this page`, null);
    }
    this.#pace.noteChange(true);
  }

  /** Lines of what Docker's event stream told came. */
  dockerEvents(path: string, lines: string): void {
    const first = this.#addTold(this.#dockerEvents, path, lines);
    for (const event of parseDockerEvents(lines, path).events) {
      if (event.action === 'exec_start' && event.command !== null)
        this.#tell({
          at: formatInstant(event.at),
          topic: 'channel',
          node: null,
          words: `Run in ${event.containerName ?? 'a container'}: ${event.command}`,
          place: { source: path, line: first + event.line - 1 },
        });
      const [topic, words] = DOCKER_WORDS[event.action] ?? [];
      if (topic === undefined || event.containerName === null) continue;
      const network = event.type === 'network' ? ` ${event.network ?? 'a network'}` : '';
      const exit = event.action === 'die' && event.exitCode !== null ? ` with exit status ${event.exitCode}` : '';
      this.#tell({
        at: formatInstant(event.at),
        topic,
        node: null,
        words: `The container ${event.containerName} ${words}${network}${exit}`,
        place: { source: path, line: first + event.line - 1 },
      });
    }
  }

  /** Lines of the operator's notes came. */
  marks(path: string, lines: string): void {
    const first = this.#addTold(this.#marks, path, lines);
    for (const mark of parseOperatorMarks(lines, path).marks)
      this.#tell({
        at: formatInstant(mark.at),
        topic: 'network',
        node: null,
        words: `Note: ${mark.text}`,
        place: { source: path, line: first + mark.line - 1 },
      });
  }

  /** The manifest was rewritten; `text` is its JSON. While it is, the recording goes on and is not cut off. */
  manifest(path: string, text: string): void {
    const facts = parseRecordingManifest(text, path);
    if (facts === null) return;
    this.#manifests.set(path, { source: path, facts: { ...facts, state: 'ended' } });
    this.#pace.noteChange(false);
  }

  #addTold(files: Map<string, ToldFile>, path: string, lines: string): number {
    const known = files.get(path) ?? { text: '', lines: 0 };
    files.set(path, known);
    const first = known.lines + 1;
    const whole = lines.endsWith('\n') ? lines : `${lines}\n`;
    known.text += whole;
    known.lines += countOfLineFeeds(whole);
    if (known.text.length > this.#limits.maxToldLength) {
      const end = known.text.indexOf('\n', known.text.length - this.#limits.maxToldLength / 2) + 1;
      const gone = countOfLineFeeds(known.text.slice(0, end));
      // Empty lines hold the places of those let go, as long as they are not most of the text themselves.
      known.text = '\n'.repeat(Math.min(gone, this.#limits.maxToldLength / 4)) + known.text.slice(end);
      this.#oddities.add('older-lines-left-out', `older lines of ${path} are in the recording, not on this page`, null, gone);
    }
    this.#pace.noteChange(true);
    return first;
  }

  /** Time goes on: records that waited for more lines are told. Call it several times a second. */
  tick(nowMillis: number): void {
    for (const log of this.#quietLater) {
      const before = log.events;
      if (!log.tick(nowMillis)) this.#quietLater.delete(log);
      if (log.events !== before) this.#pace.noteChange(true);
    }
  }

  /** When {@link analyze} is worth its time: infinity while there is nothing new. */
  get dueMillis(): number {
    return this.#pace.dueMillis;
  }

  /** How long making a picture took, from and to in the caller's clock: decides when the next one is due. */
  ran(startedMillis: number, endedMillis: number): void {
    this.#pace.ran(startedMillis, endedMillis);
  }

  /** Lines and packets that came in so far; packets null where no capture did. */
  get volume(): { readonly lines: number; readonly packets: number | null } {
    const packets = this.#captures.reduce((sum, c) => sum + c.decoder.packets, this.#earlierPackets);
    return { lines: this.#lines, packets: this.#captures.length === 0 ? null : packets };
  }

  /** Events that are kept at present. */
  get keptEvents(): number {
    let sum = 0;
    for (const log of this.#logs.values()) sum += log.events;
    return sum;
  }

  /** The entries since the last call, in order of time. */
  takeEntries(): readonly FeedEntry[] {
    const entries = this.#entries;
    this.#entries = [];
    return byTime(entries);
  }

  /** Everything kept so far, as an analysis reads it. */
  recorded(): Recorded {
    this.#makeRoom();
    const logs: RecordedLog[] = [];
    const outputs: RecordedOutput[] = [];
    for (const log of this.#logs.values()) {
      const recorded = log.recorded();
      if (recorded.summary.records > 0) logs.push(recorded);
      else outputs.push({ source: log.source, lines: recorded.summary.lines });
    }
    const captures = this.#captures.flatMap((c): RecordedCapture[] => {
      const summary = c.decoder.snapshot();
      return summary.packets === 0 ? [] : [{ source: c.source, summary }];
    });
    return {
      logs,
      captures,
      inspects: [...this.#inspects.values()],
      manifests: [...this.#manifests.values()],
      dockerEvents: [...this.#dockerEvents].map(([source, { text }]) => ({ source, read: parseDockerEvents(text, source) })),
      marks: [...this.#marks].map(([source, { text }]) => ({ source, read: parseOperatorMarks(text, source) })),
      outputs,
      unreadable: [],
      oddities: [...this.#oddities.list(), ...this.#letGo()],
      overrides: new Map(),
    };
  }

  /** The analysis of everything kept so far. */
  analyze(): AnalysisResult {
    this.#pace.began();
    const result = analyze(this.recorded(), this.#toolVersion);
    this.#nodeOfSource = new Map(result.analysis.sources.flatMap((s) => (s.node === null ? [] : [[s.path, s.node] as const])));
    return result;
  }

  #openLog(path: string, container: { readonly id: string; readonly name: string }): LiveLog | null {
    if (this.#logs.size >= this.#limits.maxLogs) {
      this.#oddities.add('too-many-logs', `${path}: only the first ${this.#limits.maxLogs} logs are watched; all are in the recording`, null);
      return null;
    }
    const log = new LiveLog(path, container.id, this.#limits, (event) => this.#hear(path, event));
    this.#logs.set(path, log);
    this.#containerNames.set(path, container.name);
    return log;
  }

  #hear(source: string, event: LogEvent): void {
    const told = wordsOfEvent(event.body);
    if (told === null) return;
    this.#tell({
      at: formatInstant(event.at),
      topic: told.topic,
      node: this.#nodeOfSource.get(source) ?? this.#containerNames.get(source) ?? null,
      words: told.words,
      place: { source, line: event.line },
    });
  }

  #tell(entry: Omit<FeedEntry, 'id'>): void {
    this.#entries.push({ id: ++this.#lastEntryId, ...entry });
    const { maxEntries } = this.#limits;
    // Nobody takes them, or the history of a long life pours in: the newest stay, by their own time.
    if (this.#entries.length >= 2 * maxEntries) this.#entries = byTime(this.#entries).slice(-maxEntries);
  }

  /** Where all logs together hold too much, those that have been quiet longest give up what comes and goes. */
  #makeRoom(): void {
    let sum = this.keptEvents;
    if (sum <= this.#limits.maxEvents) return;
    for (const log of [...this.#logs.values()].sort((a, b) => a.pushedMillis - b.pushedMillis)) {
      if (sum <= this.#limits.maxEvents) return;
      const before = log.events;
      log.trim(true);
      sum -= before - log.events;
    }
  }

  #letGo(): readonly Oddity[] {
    const counter = new OddityCounter();
    for (const log of this.#logs.values()) {
      const { letGo } = log;
      if (letGo === null) continue;
      const example = `${log.source}: lines about blocks, calls and the like, older than ${timeText(letGo.until)}, are in the recording, not on this page`;
      counter.add('older-lines-left-out', example, null, letGo.count);
    }
    return counter.list();
  }
}

const timeText = (at: Instant): string => formatInstant(at).slice(0, 19).replace('T', ' ');

const byTime = (entries: readonly FeedEntry[]): FeedEntry[] => [...entries].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id - b.id));

const countOfLineFeeds = (text: string): number => text.split('\n').length - 1;

const LINE_FEED = 10;

function countLineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
