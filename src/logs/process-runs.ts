import type { Instant } from '../events/instant.js';
import { LEVELS } from './pattern.js';
import { decodeUtf8 } from './utf8.js';

/** One process's stretch of a log, from its start (or the log's) to its end. */
export interface ProcessRun {
  readonly index: number;
  /** Compose service or container name that prefixes its lines, null without one. */
  readonly prefix: string | null;
  /** Whether record 1 is there: the log shows this process from its start. */
  readonly counterStartsAtOne: boolean;
  readonly hasBanner: boolean;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly lastText: string;
  readonly records: number;
  /** Records by four-letter level; levels without any are absent. */
  readonly levels: Readonly<Record<string, number>>;
  /**
   * Records of gossip loggers by level, counted after "Started peer", where 1.0–1.3 silence them by default; all of them where the log
   * starts in the middle of a process.
   */
  readonly gossipLevels: Readonly<Record<string, number>>;
}

/** Records may be written this far out of the order of their ids (the id is drawn before the write; at DEBUG, dozens overtake). */
const REORDER_WINDOW = 1024;
/** And so far below the first id that was seen: more is another process's. */
const FIRST_REORDER_WINDOW = 8;
/** A run that has never been seen to interleave with another is closed after so many records of others. */
const FRESH_RECORDS = 256;
/** A run is taken up again for the first time only this close above its last id. */
const FIRST_RESUME_GAP = 8;
/** And only when its ids have so far run without many holes: in a filtered log, ids cannot tell processes apart. */
const CONTIGUOUS_SHARE = 0.9;
/** An older run cannot go on before its own last record, bar the milliseconds that neighbours may step back. */
const BACKWARD_TOLERANCE_MICROS = 2_000_000;
/** Records without ids whose time jumps back this far are another dump, not the same process. */
const NEW_DUMP_MICROS = 10_000_000;
/** Runs kept per source; further restarts are counted into the last run. */
export const MAX_PROCESS_RUNS = 1000;
const MAX_TEXT_LENGTH = 4096;

/** A run while its log is being read. */
export class OpenRun {
  readonly index: number;
  readonly prefix: string | null;
  readonly hasIds: boolean;
  readonly firstLine: number;
  counterStartsAtOne = false;
  hasBanner = false;
  startedPeer: boolean;
  firstAt: Instant;
  lastAt: Instant;
  lastLine: number;
  records = 0;
  readonly levels = new Array<number>(LEVELS.length).fill(0);
  readonly gossipLevels = new Array<number>(LEVELS.length).fill(0);
  firstId = 0;
  maxId = 0;
  /** The ids seen last, each at its remainder by the window. */
  readonly #seenIds: Float64Array | null;
  steps = 0;
  singleSteps = 0;
  resumed = false;
  lastTick = 0;
  /** The last record's line as a slice of the chunk it came in; {@link settle} cuts it loose. */
  lastText = '';

  constructor(index: number, prefix: string | null, id: number | null, banner: boolean, at: Instant, line: number) {
    this.index = index;
    this.prefix = prefix;
    this.hasIds = id !== null;
    this.firstLine = line;
    this.firstAt = at;
    this.lastAt = at;
    this.lastLine = line;
    this.startedPeer = !banner && id !== 1;
    this.firstId = id ?? 0;
    this.#seenIds = id === null ? null : new Float64Array(REORDER_WINDOW);
  }

  noteId(id: number): void {
    if (id === 1) this.counterStartsAtOne = true;
    if (this.#seenIds !== null) this.#seenIds[id % REORDER_WINDOW] = id;
    if (id <= this.maxId) return;
    if (this.maxId > 0) {
      this.steps++;
      if (id === this.maxId + 1) this.singleSteps++;
    }
    this.maxId = id;
  }

  /** Whether `id` may be a record of this run that was written late. */
  isLate(id: number, at: Instant): boolean {
    const behind = this.maxId - id;
    if (behind <= 0 || behind >= REORDER_WINDOW || this.#seenIds?.[id % REORDER_WINDOW] === id) return false;
    if (this.firstId - id > FIRST_REORDER_WINDOW) return false;
    return Math.abs(at - this.lastAt) <= BACKWARD_TOLERANCE_MICROS;
  }

  settle(): void {
    this.lastText = Buffer.from(this.lastText.slice(0, MAX_TEXT_LENGTH), 'latin1').toString('latin1');
  }

  close(): ProcessRun {
    const counts = (list: readonly number[]): Record<string, number> =>
      Object.fromEntries(LEVELS.map((level, i) => [level, list[i] as number] as const).filter(([, count]) => count > 0));
    return {
      index: this.index,
      prefix: this.prefix,
      counterStartsAtOne: this.counterStartsAtOne,
      hasBanner: this.hasBanner,
      firstAt: this.firstAt,
      lastAt: this.lastAt,
      firstLine: this.firstLine,
      lastLine: this.lastLine,
      lastText: decodeUtf8(stripColours(this.lastText.slice(0, MAX_TEXT_LENGTH))),
      records: this.records,
      levels: counts(this.levels),
      gossipLevels: counts(this.gossipLevels),
    };
  }
}

/** `text` without terminal colour codes. */
export function stripColours(text: string): string {
  return text.includes('\x1b') ? text.replace(/\x1b\[[\d;]*m/g, '') : text;
}

/** Makes the next run of the source. */
export type OpenRunFactory = (prefix: string | null, id: number | null, banner: boolean, at: Instant, line: number) => OpenRun;

/**
 * Tells the processes of one service's lines apart. With record ids (console): each process counts from 1; an id goes to the run whose last
 * id is nearest below, the most recent on a tie, allowing small reorderings and holes; an id that fits none starts a run. Without ids (JSON,
 * logfmt): a start message after an earlier banner, or a jump back in time, starts a run.
 */
export class RunTracker {
  readonly #prefix: string | null;
  readonly #open: OpenRunFactory;
  readonly #onTie: (line: number) => void;
  /** Those that may still go on. */
  #runs: OpenRun[] = [];
  #current: OpenRun | null = null;
  #tick = 0;

  /** `onTie` hears of every record whose id two interleaved processes expected: its run is a guess. */
  constructor(prefix: string | null, open: OpenRunFactory, onTie: (line: number) => void) {
    this.#prefix = prefix;
    this.#open = open;
    this.#onTie = onTie;
  }

  /** The run of a record with an id. `banner`: it is a version banner, which no process prints twice. */
  runOfId(id: number, banner: boolean, at: Instant, line: number): OpenRun {
    this.#tick++;
    const current = this.#current;
    if (banner && current?.hasBanner) return this.#take(this.#start(id, true, at, line), id);
    if (current?.hasIds && (id === current.maxId + 1 || current.isLate(id, at))) {
      if (this.#runs.length > 1 && this.#isTied(current, id, at)) this.#onTie(line);
      return this.#take(current, id);
    }
    const below = current?.hasIds && id > current.maxId ? current : null;
    const other = this.#nearestOther(id, at);
    const resumes = other !== null && (below === null || id - other.maxId < id - below.maxId);
    if (resumes) other.resumed = true;
    return this.#take((resumes ? other : below) ?? this.#start(id, banner, at, line), id);
  }

  /** Whether another process that is known to write into the same log expects `id` next as well. */
  #isTied(current: OpenRun, id: number, at: Instant): boolean {
    return this.#runs.some((run) => run !== current && run.resumed && run.maxId === current.maxId && this.#canResume(run, id, at));
  }

  /** The run other than the current one that `id` continues with the smallest hole, the most recent on a tie. */
  #nearestOther(id: number, at: Instant): OpenRun | null {
    this.#runs = this.#runs.filter((run) => run === this.#current || run.resumed || this.#tick - run.lastTick <= FRESH_RECORDS);
    let best: OpenRun | null = null;
    for (const run of this.#runs) {
      if (run === this.#current || !run.hasIds || !this.#canResume(run, id, at)) continue;
      const closer = best === null || run.maxId > best.maxId || (run.maxId === best.maxId && run.lastTick > best.lastTick);
      if (closer) best = run;
    }
    return best;
  }

  /** The run of a record without an id. `startsProcess`: only printed while a process starts; `banner`: the version banner. */
  runWithoutId(startsProcess: boolean, banner: boolean, at: Instant, line: number): OpenRun {
    this.#tick++;
    const current = this.#current;
    const fits = current !== null && !current.hasIds && !((startsProcess || banner) && current.hasBanner) && at >= current.lastAt - NEW_DUMP_MICROS;
    return this.#take(fits ? current : this.#start(null, startsProcess || banner, at, line), null);
  }

  #canResume(run: OpenRun, id: number, at: Instant): boolean {
    if (at < run.lastAt - BACKWARD_TOLERANCE_MICROS) return false;
    if (id <= run.maxId) return run.resumed && run.isLate(id, at);
    if (run.resumed) return true;
    return id - run.maxId <= FIRST_RESUME_GAP && run.singleSteps >= run.steps * CONTIGUOUS_SHARE;
  }

  #start(id: number | null, banner: boolean, at: Instant, line: number): OpenRun {
    const run = this.#open(this.#prefix, id, banner, at, line);
    if (this.#runs.at(-1) !== run) this.#runs.push(run);
    return run;
  }

  #take(run: OpenRun, id: number | null): OpenRun {
    if (run !== this.#current) {
      this.#current?.settle();
      this.#current = run;
    }
    if (id !== null) run.noteId(id);
    run.lastTick = this.#tick;
    return run;
  }
}
