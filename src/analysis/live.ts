import { formatInstant, type Instant } from '../events/instant.js';
import { type Oddity, OddityCounter } from '../events/oddity.js';
import { CaptureDecoder } from '../packets/capture-decoder.js';
import type { CaptureLimits } from '../packets/capture-limits.js';
import { parseDockerEvents, parseOperatorMarks } from '../topology/docker-events.js';
import { parseInspect } from '../topology/inspect.js';
import { parseRecordingManifest } from '../topology/recording-manifest.js';
import { type AnalysisResult, analyze } from './analyze.js';
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
  readonly capture: Partial<CaptureLimits>;
}

export const LIVE_LIMITS: LiveLimits = {
  ...LIVE_LOG_LIMITS,
  maxLogs: 1_000,
  maxEvents: 200_000,
  maxCaptures: 16,
  maxInspects: 2_000,
  maxToldLength: 1 << 20,
  // Closed connections go first; a step of traffic gets wider, a burst beyond is counted.
  capture: { maxConnections: 2_000, maxTrafficSteps: 1_024, maxBurstsPerDirection: 5_000, maxBurstsInAll: 100_000 },
};

interface CaptureInProgress {
  readonly source: string;
  readonly decoder: CaptureDecoder;
}

/** A file of JSON lines as far as it is kept; lines let go leave their line feed, so that the others keep their numbers. */
interface ToldFile {
  text: string;
}

/**
 * Follows a recording while it is made and tells what is known so far: the same analysis that a finished recording gets, over as much of it as is
 * kept. Pure: time comes in as an argument (milliseconds of any steady clock).
 */
export class LiveAnalysis {
  readonly #toolVersion: string;
  readonly #limits: LiveLimits;
  readonly #logs = new Map<string, LiveLog>();
  readonly #quietLater = new Set<LiveLog>();
  #captures: CaptureInProgress[] = [];
  readonly #inspects = new Map<string, RecordedInspect>();
  readonly #dockerEvents = new Map<string, ToldFile>();
  readonly #marks = new Map<string, ToldFile>();
  readonly #manifests = new Map<string, RecordedManifest>();
  readonly #oddities = new OddityCounter();
  readonly #pace = new RefreshPace();
  /** Of captures that are no longer kept. */
  #earlierPackets = 0;

  constructor(toolVersion: string, limits: Partial<LiveLimits> = {}) {
    this.#toolVersion = toolVersion;
    this.#limits = { ...LIVE_LIMITS, ...limits };
  }

  /** Whole lines of a log came. */
  log(path: string, container: { readonly id: string; readonly name: string }, bytes: Uint8Array, nowMillis: number): void {
    const log = this.#logs.get(path) ?? this.#openLog(path, container.id);
    if (log === null) return;
    const { heard } = log;
    log.push(bytes, nowMillis);
    this.#quietLater.add(log);
    this.#pace.noteChange(log.heard > heard);
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
    this.#addTold(this.#dockerEvents, path, lines);
  }

  /** Lines of the operator's notes came. */
  marks(path: string, lines: string): void {
    this.#addTold(this.#marks, path, lines);
  }

  /** Bytes of a log or capture came faster than this could read them and were left out. */
  leaveOut(path: string, bytes: number): void {
    this.#oddities.add(
      'too-fast-for-the-page',
      `${path}: some of it came too fast to be shown; it is in the recording, not on this page`,
      null,
      bytes,
    );
    this.#pace.noteChange(false);
  }

  /** The manifest was rewritten; `text` is its JSON. While it is, the recording goes on and is not cut off. */
  manifest(path: string, text: string): void {
    const facts = parseRecordingManifest(text, path);
    if (facts === null) return;
    this.#manifests.set(path, { source: path, facts: { ...facts, state: 'ended' } });
    this.#pace.noteChange(false);
  }

  #addTold(files: Map<string, ToldFile>, path: string, lines: string): void {
    const known = files.get(path) ?? { text: '' };
    files.set(path, known);
    known.text += lines.endsWith('\n') ? lines : `${lines}\n`;
    if (known.text.length > this.#limits.maxToldLength) {
      const end = known.text.indexOf('\n', known.text.length - this.#limits.maxToldLength / 2) + 1;
      const gone = countOfLineFeeds(known.text.slice(0, end));
      // Empty lines hold the places of those let go, as long as they are not most of the text themselves.
      known.text = '\n'.repeat(Math.min(gone, this.#limits.maxToldLength / 4)) + known.text.slice(end);
      this.#oddities.add('older-lines-left-out', `older lines of ${path} are in the recording, not on this page`, null, gone);
    }
    this.#pace.noteChange(true);
  }

  /** Time goes on: records that waited for more lines are told. Call it several times a second. */
  tick(nowMillis: number): void {
    for (const log of this.#quietLater) {
      const { heard } = log;
      if (!log.tick(nowMillis)) this.#quietLater.delete(log);
      if (log.heard > heard) this.#pace.noteChange(true);
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

  /** Packets that came in so far; null where no capture did. */
  get packets(): number | null {
    return this.#captures.length === 0 ? null : this.#captures.reduce((sum, c) => sum + c.decoder.packets, this.#earlierPackets);
  }

  /** Events that are kept at present. */
  get keptEvents(): number {
    let sum = 0;
    for (const log of this.#logs.values()) sum += log.events;
    return sum;
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
    return analyze(this.recorded(), this.#toolVersion);
  }

  #openLog(path: string, containerId: string): LiveLog | null {
    if (this.#logs.size >= this.#limits.maxLogs) {
      this.#oddities.add('too-many-logs', `${path}: only the first ${this.#limits.maxLogs} logs are watched; all are in the recording`, null);
      return null;
    }
    const log = new LiveLog(path, containerId, this.#limits);
    this.#logs.set(path, log);
    return log;
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

const countOfLineFeeds = (text: string): number => text.split('\n').length - 1;
