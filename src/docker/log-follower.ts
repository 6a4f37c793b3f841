import type { Readable } from 'node:stream';
import type { Engine, JsonObject, LogQuery } from './engine.js';
import { EngineError } from './engine-error.js';
import { objectOf } from './engine-json.js';
import { isStampedBefore, type LogLine, LogPosition, sinceBefore } from './log-position.js';
import { MAX_LINE_BYTES, StampedLines } from './stamped-lines.js';
import { StreamDemuxer } from './stream-demuxer.js';

export type LogStream = 'stdout' | 'stderr' | 'terminal';

/** Whole lines of one stream, in the order printed. */
export interface LogBlock {
  readonly stream: LogStream;
  /** Lines as `docker logs -t` prints them: Docker's stamp, a blank, the line's bytes, LF. The receiver may keep them. */
  readonly bytes: Uint8Array;
  readonly lines: number;
  readonly firstStamp: string;
  readonly lastStamp: string;
  /** The process did not print the LF at the end of the last line. */
  readonly unterminated: boolean;
}

/** A stretch of a container's log that was not, or not wholly, delivered. Docker's stamps; null: from its beginning, to its end. */
export interface LogGap {
  readonly from: string | null;
  readonly to: string | null;
  readonly why: string;
}

/** Where a container's log goes. While a promise it returned is pending, nothing more is read. What it throws ends the following. */
export interface LogSink {
  lines(block: LogBlock): Promise<void> | void;
  gap(gap: LogGap): void;
}

/** How the engine lets go of old lines. */
export interface LogRotation {
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  /** Old files are compressed, so that reading them costs the engine much. */
  readonly isCompressed?: boolean;
}

/** `waiting`: the container does not run. `engine-away`: retried by itself. `ended`: nothing more will come. */
export type LogFollowerState = 'reading' | 'following' | 'waiting' | 'engine-away' | 'ended';

export interface LogFollowerOptions {
  readonly engine: Engine;
  readonly containerId: string;
  readonly hasTerminal: boolean;
  readonly rotation: LogRotation | null;
  readonly engineApiVersion: string;
  readonly sink: LogSink;
  /** Lines stamped before are left out: `seconds.nanoseconds`, the engine's clock; null from the first line that the engine still has. */
  readonly since: string | null;
  /** Somebody waits for each line. */
  readonly isPrompt: boolean;
  readonly onState?: (state: LogFollowerState) => void;
}

/** The first API whose engine (23.0) follows rotated logs without losing or repeating any: moby #43294 rewrote it; #37646, #39235 were its faults. */
const RELIABLE_FOLLOW_API = [1, 42] as const;
/** What json-file stores with a line beyond what it sends of it: names of fields, quotes (moby daemon/logger/jsonfilelog/jsonlog). */
const JSON_FILE_OVERHEAD_BYTES = 40;
const NEARLY = 0.9;
const FIRST_TAIL = 64;
/** `tail` grows by this factor until it reaches back to what was delivered. */
const TAIL_GROWTH = 4;
/** Beyond this, all is fetched: the engine searches for a tail of such length as long as it reads everything. */
const MAX_TAIL = 1 << 22;
const POLL_MILLIS = 300;
/** The longest pause between polls of a quiet log that nobody waits for. It grows with what may be written before anything is rotated away. */
const MAX_POLL_MILLIS = 10_000;
/** Faster than a Fabric process writes at DEBUG: half of the rotated size at this pace is looked at in time. */
const BYTES_PER_MILLI = 2_500;
/** A poll that brought this part of a log file, and the next follows at once: the engine may let go of lines during a pause. */
const BUSY_SHARE = 0.1;
/** While a container is polled, its state is asked for with every so many polls: Docker's events tell sooner. */
/** So much of the rotated size between two polls, and the next may come later. */
const TRICKLE_SHARE = 0.01;
const POLLS_PER_INSPECTION = 30;
/** How often a container that does not run is looked at, should Docker's event have been missed. */
const STOPPED_CHECK_MILLIS = 10_000;
const RESTARTING_CHECK_MILLIS = 1_000;
/** A stream that ends sooner, though the container runs, is not attached to again at once. */
const SHORT_STREAM_MILLIS = 1_000;
/** How long a followed stream may take to show that it begins within what was delivered. */
const ALIGN_LIMIT_MILLIS = 2_000;
/** How long a stream of a container that has ended may take to end too, when following is finished. */
const STREAM_END_LIMIT_MILLIS = 2_000;
const FIRST_RETRY_MILLIS = 100;
const MAX_RETRY_MILLIS = 5_000;
/** Kinds of trouble that are told, each once. */
const MAX_TROUBLES = 32;
/** Compressed files are not looked into if older than the newest line by this: lines after a clock was set back further are found at the end only. */
const COMPRESSED_LOOK_BACK_SECONDS = 60;

/** Moby daemon/logger/errors: drivers that only send lines away. */
const NOT_READABLE = /does not support reading/i;
/** Docker's time for "never". */
const NEVER_STARTED = '0001-';
/** Moby daemon/logger/local/config.go: what `local` does without options. */
const LOCAL_DEFAULTS: LogRotation = { maxSizeBytes: 20e6, maxFiles: 5, isCompressed: true };
/** go-units `RAMInBytes`, which reads `max-size`: units of 1024. */
const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i;

/**
 * How the log of an inspected container rotates (`HostConfig.LogConfig`), or null where it never does. `json-file` rotates only with `max-size`, `local`
 * always; `journald` lets go as a whole, which is not told here.
 */
export function logRotationOf(inspect: JsonObject): LogRotation | null {
  const logConfig = objectOf(objectOf(inspect['HostConfig'])['LogConfig']);
  const options = objectOf(logConfig['Config']);
  const type = logConfig['Type'];
  if (type !== 'json-file' && type !== 'local') return null;
  const defaults: LogRotation | null = type === 'local' ? LOCAL_DEFAULTS : null;
  const size = SIZE.exec(typeof options['max-size'] === 'string' ? options['max-size'].trim() : '');
  const maxSizeBytes = size === null ? defaults?.maxSizeBytes : Number(size[1]) * 1024 ** ' kmgt'.indexOf((size[2] ?? '').toLowerCase() || ' ');
  if (maxSizeBytes === undefined || maxSizeBytes <= 0) return null;
  const files = Number(options['max-file']);
  const compress = options['compress'];
  return {
    maxSizeBytes,
    maxFiles: Number.isInteger(files) && files > 0 ? files : (defaults?.maxFiles ?? 1),
    isCompressed: typeof compress === 'string' ? compress === 'true' : (defaults?.isCompressed ?? false),
  };
}

/** Whether an engine of this API version follows rotated logs without losing or repeating any. */
export function followsReliably(apiVersion: string): boolean {
  const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
  return major > RELIABLE_FOLLOW_API[0] || (major === RELIABLE_FOLLOW_API[0] && minor >= RELIABLE_FOLLOW_API[1]);
}

type Line = LogLine<LogStream>;

/** What reading one stream of a log came to. */
interface Received {
  /** The engine ended the stream in good order. */
  readonly isWhole: boolean;
  readonly messages: number;
  /** Lines whose end had not come. */
  readonly open: readonly Line[];
}

interface ContainerState {
  readonly isRunning: boolean;
  readonly isRestarting: boolean;
  readonly startedAt: string;
}

/** A stream broke off before it showed where it stands. */
class BrokenStream extends Error {}

/**
 * Follows the log of one container through stops, restarts, pauses and absences of the engine, until it is finished or the container is gone. Every line
 * reaches the sink once, in order; what could not is told as a gap.
 *
 * Where it stands in a log it knows by position, not by time: each read asks for a tail long enough to begin within what was delivered, finds there the
 * newest lines delivered, and goes on behind them (`LogPosition`). So lines of the same nanosecond, and an engine's clock that is set back, lose and
 * repeat nothing; and that nothing is missing between two reads is proven, or else a gap.
 *
 * Between reads it follows the stream. Not so where logs rotate on engines before 23.0, whose followed streams lose and repeat lines at rotation: there
 * it reads the tail again and again. Later engines follow rotation correctly, and following costs them less and is faster.
 */
export class LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #polls: boolean;
  readonly #position = new LogPosition();
  #state: LogFollowerState | null = null;
  #done: Promise<void> | null = null;
  #stream: Readable | null = null;
  #isFinishing = false;
  #hasDelivered = false;
  #firstStamp: string | null = null;
  /** A container that was created and removed printed nothing. */
  #hasRun = false;
  /** The run of the container, by its start, whose log was read to the end. */
  #readToEndOf: string | null = null;
  /** What a followed stream that ended held beyond its last newline; null once anything else was read. */
  #openAtEnd: readonly Line[] | null = null;
  #gapBefore: { readonly from: string | null; readonly why: string } | null = null;
  #wakes = 0;
  #wake: () => void = () => {};
  #tail = FIRST_TAIL;
  #newLines = 0;
  #newBytes = 0;
  #retryMillis = FIRST_RETRY_MILLIS;
  readonly #troubles = new Set<string>();

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.#polls = options.rotation !== null && !followsReliably(options.engineApiVersion);
  }

  /** Starts following, which ends with `finish`, with the container, where its log cannot be read, and with what the sink throws. */
  begin(): void {
    this.#done ??= this.#run().finally(() => this.#setState('ended'));
    // `finish` tells of it.
    this.#done.catch(() => undefined);
  }

  /** Docker told that the container has started. */
  containerStarted(): void {
    this.#hasRun = true;
    this.#readToEndOf = null;
    this.#rouse();
  }

  /** Docker told that the container has stopped. */
  containerStopped(): void {
    this.#rouse();
  }

  /** The engine answers again after an absence, so that a stream from before may be dead without having ended: it is attached to anew. */
  engineBack(): void {
    this.#retryMillis = FIRST_RETRY_MILLIS;
    this.#stream?.destroy();
    this.#rouse();
  }

  /** Catches up with all that was printed before the call, then stops. Resolves when all of it has reached the sink; rejects with what the sink threw. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    this.#rouse();
    const stream = this.#stream;
    if (stream !== null) {
      // The stream of a container that has ended ends by itself, and may hold what nothing else does: lines of a container that was removed.
      const hasEnded = await this.#inspect().then(
        (state) => state?.isRunning !== true,
        () => false,
      );
      const timer = setTimeout(() => stream.destroy(), hasEnded ? STREAM_END_LIMIT_MILLIS : 0);
      await new Promise<void>((resolve) => (stream.closed ? resolve() : stream.once('close', resolve)));
      clearTimeout(timer);
    }
    await this.#done;
  }

  async #run(): Promise<void> {
    for (;;) {
      const isLast = this.#isFinishing;
      try {
        if ((await this.#turn(isLast)) === 'end') return;
      } catch (error) {
        if (!(error instanceof EngineError || error instanceof BrokenStream)) throw error;
        if (error instanceof EngineError && (await this.#endsWith(error, isLast))) return;
        if (isLast) {
          this.#tellUnread(error.message);
          return;
        }
        await this.#backOff();
      }
    }
  }

  /** Reads all there is, then waits for more in the way that fits. */
  async #turn(isLast: boolean): Promise<'on' | 'end'> {
    const wakes = this.#wakes;
    // Asked before reading: what a container that has stopped had printed is all there then (moby closes its log before it tells that it stopped).
    const state = await this.#inspect();
    if (state === null) {
      await this.#endGone();
      return 'end';
    }
    this.#hasRun ||= !state.startedAt.startsWith(NEVER_STARTED);
    const mayGrow = state.isRunning;
    if (mayGrow || this.#readToEndOf !== state.startedAt) {
      this.#setState('reading');
      await this.#catchUp(isLast || !mayGrow, isLast);
      this.#readToEndOf = mayGrow ? null : state.startedAt;
    }
    if (isLast) return 'end';
    if (!mayGrow) {
      this.#setState('waiting');
      await this.#sleep(state.isRestarting ? RESTARTING_CHECK_MILLIS : STOPPED_CHECK_MILLIS, wakes);
    } else if (this.#polls) await this.#poll(wakes);
    else await this.#follow(wakes);
    return 'on';
  }

  /** The container's state; null when it is gone. */
  async #inspect(): Promise<ContainerState | null> {
    const inspect = await this.#options.engine.inspectContainer(this.#options.containerId);
    if (inspect === null) return null;
    const state = objectOf(inspect['State']);
    const isRestarting = state['Restarting'] === true;
    // Docker calls a container that waits to be restarted running: moby container/state.go, SetRestarting.
    return { isRunning: state['Running'] === true && !isRestarting, isRestarting, startedAt: String(state['StartedAt']) };
  }

  /** Reads from behind what was delivered to the log's present end. With `takesOpen` a line without its end is taken as it is. */
  async #catchUp(takesOpen: boolean, isLast: boolean): Promise<void> {
    this.#newLines = 0;
    this.#newBytes = 0;
    if (!this.#position.isKnown) {
      await this.#readAll(this.#options.since, takesOpen);
      if (!this.#position.isKnown) await this.#anchor();
      else this.#tellRotatedBefore();
      return;
    }
    const { newestStamp } = this.#position;
    const looksBack = this.#options.rotation?.isCompressed === true && this.#polls && !isLast && newestStamp !== null;
    const since = looksBack ? sinceBefore(newestStamp, COMPRESSED_LOOK_BACK_SECONDS) : null;
    for (let tail: number | null = this.#tail; ; tail = tail * TAIL_GROWTH > MAX_TAIL ? null : tail * TAIL_GROWTH) {
      const search = this.#position.search();
      const query: LogQuery = { follow: false, since, tail };
      const received = await this.#receive(query, takesOpen, (lines) => this.#deliver(search.take(lines)));
      if (search.isFound) break;
      if (!received.isWhole) throw new BrokenStream('the stream of the log broke off');
      if (tail !== null && received.messages >= tail) continue;
      // All that the engine has is newer than all that was delivered.
      this.#gapBefore = {
        from: newestStamp,
        why: 'the engine no longer had the lines between: its log was rotated or emptied before they could be read',
      };
      await this.#readAll(this.#hasDelivered ? since : this.#options.since, takesOpen);
      this.#gapBefore = null;
      break;
    }
    // Twice what came since the last read, so that the next one reaches back far enough at the first try.
    this.#tail = Math.min(MAX_TAIL, Math.max(FIRST_TAIL, 2 * this.#newLines));
  }

  /**
   * At the first read nothing proves that the log begins where it began. It is as long as rotation lets it become once only the newest files are kept:
   * json-file removes the oldest when all are full, so that between all but one and all of them remain.
   */
  #tellRotatedBefore(): void {
    const { rotation, since, sink } = this.#options;
    if (rotation === null || since !== null || this.#firstStamp === null) return;
    const stored = this.#newBytes + this.#newLines * JSON_FILE_OVERHEAD_BYTES;
    if (rotation.maxFiles < 2 ? stored < rotation.maxSizeBytes / 2 : stored < NEARLY * (rotation.maxFiles - 1) * rotation.maxSizeBytes) return;
    sink.gap({
      from: null,
      to: this.#firstStamp,
      why: 'older lines may be gone: the log was as long as its rotation lets it become when it was first read',
    });
  }

  async #readAll(since: string | null, takesOpen: boolean): Promise<void> {
    const received = await this.#receive({ follow: false, since, tail: null }, takesOpen, (lines) => this.#deliver(lines));
    if (!received.isWhole && !this.#position.isKnown) throw new BrokenStream('the stream of the log broke off');
  }

  /** With nothing delivered yet, remembers the newest of the lines left out: with `since` alone the engine would search its whole log at each read. */
  async #anchor(): Promise<void> {
    const { since } = this.#options;
    if (since === null) return;
    const older: Line[] = [];
    await this.#receive({ follow: false, since: null, tail: FIRST_TAIL }, true, async (lines) => void older.push(...lines));
    if (older.every(({ line }) => isStampedBefore(line.stamp, since))) this.#position.anchor(older);
  }

  /** Reads the tail from time to time, until roused or the container's state is to be looked at. */
  async #poll(wakes: number): Promise<void> {
    this.#setState('following');
    const { maxSizeBytes = 0 } = this.#options.rotation ?? {};
    const longest = this.#options.isPrompt ? POLL_MILLIS : Math.min(MAX_POLL_MILLIS, Math.max(POLL_MILLIS, maxSizeBytes / 2 / BYTES_PER_MILLI));
    let pause = POLL_MILLIS;
    for (let polls = 0; polls < POLLS_PER_INSPECTION; polls++) {
      const isBusy = this.#newBytes > BUSY_SHARE * (this.#options.rotation?.maxSizeBytes ?? 0);
      if (!isBusy) await this.#sleep(pause, wakes);
      if (this.#wakes !== wakes) return;
      await this.#catchUp(false, false);
      this.#retryMillis = FIRST_RETRY_MILLIS;
      // A trickle does not rotate anything away.
      const isTrickle = this.#newBytes < TRICKLE_SHARE * maxSizeBytes;
      pause = isTrickle ? Math.min(2 * pause, longest) : POLL_MILLIS;
    }
  }

  /** Follows the stream until it ends. */
  async #follow(wakes: number): Promise<void> {
    if (this.#wakes !== wakes) return;
    this.#setState('following');
    const begun = performance.now();
    // By position where there is one: following by `since` would pass over lines printed after the engine's clock was set back.
    const search = this.#position.isKnown ? this.#position.search() : null;
    const tail = search === null ? null : this.#tail;
    const query: LogQuery = { follow: true, since: search === null ? this.#options.since : null, tail };
    const detach = (): void => void (search?.isFound === false && this.#stream?.destroy());
    const timer = setTimeout(detach, ALIGN_LIMIT_MILLIS);
    const received = await this.#receive(query, false, async (lines, messages) => {
      await this.#deliver(search === null ? lines : search.take(lines));
      // More was printed meanwhile than the tail holds.
      if (tail !== null && messages >= tail) detach();
    });
    clearTimeout(timer);
    this.#openAtEnd = received.isWhole && search?.isFound !== false ? received.open : null;
    if (performance.now() - begun >= SHORT_STREAM_MILLIS || search?.isFound === false) this.#retryMillis = FIRST_RETRY_MILLIS;
    else if (this.#wakes === wakes) await this.#backOff();
  }

  /** Reads one stream of the log to its end; hands on whole lines as they come. */
  async #receive(query: LogQuery, takesOpen: boolean, onLines: (lines: readonly Line[], messages: number) => Promise<void>): Promise<Received> {
    const stream = await this.#options.engine.logs(this.#options.containerId, query);
    // Not before: a container that is being removed refuses, and what the stream before it held is then all there is.
    this.#openAtEnd = null;
    let lines: Line[] = [];
    const intake = new LogIntake(
      this.#options.hasTerminal,
      (line) => void lines.push(line),
      (trouble) => this.#tellTrouble(trouble),
    );
    let sinkFailure: { readonly error: unknown } | null = null;
    let isWhole = false;
    const hand = async (): Promise<void> => {
      const batch = lines;
      lines = [];
      await onLines(batch, intake.messages).catch((error: unknown) => {
        sinkFailure = { error };
        throw error;
      });
    };
    this.#stream = stream;
    if (query.follow && this.#isFinishing) stream.destroy();
    try {
      for await (const chunk of stream) {
        intake.push(chunk as Uint8Array);
        if (intake.isBroken) break;
        await hand();
      }
      isWhole = !intake.isBroken && stream.readableEnded && !intake.isTorn();
      if (isWhole) {
        intake.end();
        if (takesOpen) await hand();
      }
    } catch (error) {
      if (sinkFailure !== null) throw error;
    } finally {
      this.#stream = null;
      stream.destroy();
    }
    return { isWhole, messages: intake.messages, open: lines };
  }

  async #deliver(lines: readonly Line[]): Promise<void> {
    const [first] = lines;
    if (first === undefined) return;
    const { sink } = this.#options;
    if (this.#gapBefore !== null) {
      sink.gap({ ...this.#gapBefore, to: first.line.stamp });
      this.#gapBefore = null;
      this.#position.forget();
    }
    for (const block of blocksOf(lines)) {
      await sink.lines(block);
      this.#newBytes += block.bytes.length;
    }
    this.#hasDelivered = true;
    this.#firstStamp ??= first.line.stamp;
    for (const line of lines) this.#position.add(line);
    this.#newLines += lines.length;
    for (const { line } of lines)
      if (line.isCut) sink.gap({ from: line.stamp, to: line.stamp, why: `a line longer than ${MAX_LINE_BYTES >> 20} MiB was cut` });
  }

  /** Tells what is not known of a container that is gone; what a stream that ended in good order held is all there was. */
  async #endGone(): Promise<void> {
    if (!this.#hasRun) return;
    if (this.#openAtEnd !== null) await this.#deliver(this.#openAtEnd);
    else if (this.#readToEndOf === null) this.#tellUnread('the container was removed before its log had been read to the end');
  }

  /** Takes a request's failure; true when nothing more can come. */
  async #endsWith(error: EngineError, isLast: boolean): Promise<boolean> {
    if (error.failure === 'gone') {
      await this.#endGone();
      return true;
    }
    if (error.failure === 'refused' && NOT_READABLE.test(error.why)) {
      this.#tellUnread(`${error.why}; ${error.hint}`);
      return true;
    }
    if (error.failure === 'unreachable') {
      this.#openAtEnd = null;
      if (!isLast) this.#setState('engine-away');
    }
    return false;
  }

  #tellUnread(why: string): void {
    this.#options.sink.gap({ from: this.#position.newestStamp, to: null, why });
  }

  #tellTrouble(why: string): void {
    if (this.#troubles.has(why) || this.#troubles.size >= MAX_TROUBLES) return;
    this.#troubles.add(why);
    const at = this.#position.newestStamp;
    this.#options.sink.gap({ from: at, to: at, why });
  }

  #setState(state: LogFollowerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  #rouse(): void {
    this.#wakes++;
    this.#wake();
  }

  /** Waits, unless roused since `wakes`, or until roused. */
  async #sleep(millis: number, wakes: number): Promise<void> {
    if (this.#wakes !== wakes) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, millis);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }

  async #backOff(): Promise<void> {
    const millis = this.#retryMillis;
    this.#retryMillis = Math.min(MAX_RETRY_MILLIS, 2 * millis);
    await this.#sleep(millis, this.#wakes);
  }
}

/** Turns the bytes of a log's stream into lines of its streams. */
class LogIntake {
  readonly #demuxer: StreamDemuxer | null;
  readonly #streams: Readonly<Record<'stdout' | 'stderr' | 'terminal', StampedLines>>;
  readonly #onTrouble: (why: string) => void;
  #isBroken = false;

  constructor(hasTerminal: boolean, onLine: (line: Line) => void, onTrouble: (why: string) => void) {
    this.#demuxer = hasTerminal ? null : new StreamDemuxer();
    this.#onTrouble = onTrouble;
    const lines = (stream: LogStream): StampedLines =>
      new StampedLines(
        !hasTerminal,
        (line) => onLine({ stream, line }),
        () => onTrouble('the engine sent a line without its stamp; it stands under the stamp of the line before'),
      );
    this.#streams = { stdout: lines('stdout'), stderr: lines('stderr'), terminal: lines('terminal') };
  }

  get messages(): number {
    return this.#streams.stdout.messages + this.#streams.stderr.messages + this.#streams.terminal.messages;
  }

  /** Nothing sensible follows. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether the stream ended within a frame. */
  isTorn(): boolean {
    return this.#demuxer !== null && this.#demuxer.end() !== null;
  }

  push(chunk: Uint8Array): void {
    if (this.#demuxer === null) {
      this.#streams.terminal.push(chunk, false);
      return;
    }
    this.#demuxer.push(chunk, (stream, bytes, begins) => {
      if (stream === 'engine') {
        this.#isBroken = true;
        this.#onTrouble(`the engine says: ${Buffer.from(bytes).toString('utf8').trim()}`);
      } else if (this.#demuxer?.problem === null) this.#streams[stream === 'stderr' ? 'stderr' : 'stdout'].push(bytes, begins);
    });
    if (this.#demuxer.problem !== null) {
      this.#isBroken = true;
      this.#onTrouble(`the stream of the log was damaged: ${this.#demuxer.problem}`);
    }
  }

  end(): void {
    for (const stream of Object.values(this.#streams)) stream.end();
  }
}

/** `lines` by stream, each block ending at a line that was not terminated, if any. */
function blocksOf(lines: readonly Line[]): readonly LogBlock[] {
  const blocks: LogBlock[] = [];
  for (const stream of ['stdout', 'stderr', 'terminal'] as const) {
    const own = lines.filter((l) => l.stream === stream).map((l) => l.line);
    for (let from = 0; from < own.length; ) {
      const open = own.findIndex((line, i) => i >= from && line.isUnterminated);
      const to = open < 0 ? own.length : open + 1;
      const part = own.slice(from, to);
      blocks.push({
        stream,
        bytes: Buffer.concat(part.map((line) => line.bytes)),
        lines: part.length,
        firstStamp: part[0]?.stamp ?? '',
        lastStamp: part.at(-1)?.stamp ?? '',
        unterminated: open >= 0,
      });
      from = to;
    }
  }
  return blocks;
}
