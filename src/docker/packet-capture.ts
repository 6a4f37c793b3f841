import { OperationalError } from '../recording/operational-error.js';
import { ReadAhead } from './read-ahead.js';
import type { StartTcpdump, TcpdumpExit, TcpdumpRun } from './tcpdump-run.js';

/** Who takes a capture's bytes: classic pcap, from the file header on. It is waited for, so that a slow disk holds tcpdump up once {@link ReadAhead} is full. */
export interface CaptureSink {
  bytes(chunk: Uint8Array): Promise<void> | void;
}

/** What tcpdump said at its end; null where it could not tell, as when it was killed. */
export interface CaptureStatistics {
  readonly captured: number | null;
  /** More than captured: what was still in the ring at the end. */
  readonly receivedByFilter: number | null;
  readonly droppedByKernel: number | null;
  readonly droppedByInterface: number | null;
}

/** Why a capture ended that nobody had stopped. */
export interface CaptureEnd {
  /**
   * `interface-gone`: the network was removed or the container whose network was looked into ended; `killed`: by a signal; `sink-failed`: the bytes could
   * not be stored, `error` tells why; `engine-gone`: the connection to the sidecar broke; `failed`: anything else tcpdump says.
   */
  readonly kind: 'interface-gone' | 'no-permission' | 'killed' | 'sink-failed' | 'engine-gone' | 'failed';
  /** A sentence's part, for a gap of the manifest. */
  readonly why: string;
  readonly statistics: CaptureStatistics;
  /** What the sink or the stream threw. */
  readonly error: unknown;
}

export interface PacketCaptureParts {
  /** For messages: the interface, and whose. */
  readonly name: string;
  readonly startTcpdump: StartTcpdump;
  readonly sink: CaptureSink;
  /** Called once, after a successful start, when the capture ends without `stop()`. Everything is cleaned up by then. */
  readonly onEnd: (end: CaptureEnd) => void;
  /** So long `start()` waits for an interface that is not there yet. */
  readonly patienceMillis?: number;
  /** So long small pieces are gathered before the sink gets them. */
  readonly gatherMillis?: number;
  /** So long a stopped capture goes on before it is ended. */
  readonly drainMillis?: number;
  /** So long it may take to end when asked, before it is killed. */
  readonly endMillis?: number;
}

/** A network's bridge appears within some hundred milliseconds of the engine's telling of the network. */
const PATIENCE_MILLIS = 5000;
const RETRY_MILLIS = 150;
/** The kernel hands over a block of packets when it is full or after tcpdump's read timeout of 1 s; what is in the ring at SIGINT is lost. */
const DRAIN_MILLIS = 1100;
const SMALL_BLOCK_BYTES = 64 << 10;
const LISTENING_MILLIS = 15_000;
const END_MILLIS = 5000;
/** tcpdump says a handful of lines in its life. */
const MAX_LINES = 40;

const NO_STATISTICS: CaptureStatistics = { captured: null, receivedByFilter: null, droppedByKernel: null, droppedByInterface: null };

/**
 * The statistics among the lines that tcpdump writes to standard error at its end (tcpdump.c, `info`): packets captured, received by filter, dropped by
 * kernel and, only when there are any, dropped by interface. A count that is not there is null.
 */
export function parseStatistics(lines: readonly string[]): CaptureStatistics {
  const count = (what: string): number | null => {
    for (const line of lines) {
      const match = new RegExp(`^(\\d+) packets? ${what}$`).exec(line.trim());
      if (match !== null) return Number(match[1]);
    }
    return null;
  };
  const droppedByKernel = count('dropped by kernel');
  return {
    captured: count('captured'),
    receivedByFilter: count('received by filter'),
    droppedByKernel,
    droppedByInterface: count('dropped by interface') ?? (droppedByKernel === null ? null : 0),
  };
}

const INTERFACE_MISSING = /No such device exists|SIOCGIFHWADDR: No such device|device is not up|Network is down/i;
const INTERFACE_GONE = /interface disappeared|interface went down|interface is down|Network is down|No such device/i;
const NO_PERMISSION =
  /don't have permission|Operation not permitted|Permission denied|Couldn't (?:change|find user)|a password is required|not allowed to execute/i;

interface Outcome {
  readonly exit: TcpdumpExit;
  readonly lines: readonly string[];
  readonly sinkFailure: { readonly error: unknown } | null;
  readonly streamFailure: { readonly error: unknown } | null;
}

const pause = (millis: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, millis));
/** Resolves to null after the limit. */
function within<T>(promise: Promise<T>, millis: number): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), millis);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** One tcpdump from its start to its end. Used once; to go on after an end make another. */
export class PacketCapture {
  readonly #parts: PacketCaptureParts;
  #run: TcpdumpRun | null = null;
  #outcome: Promise<Outcome> | null = null;
  #stopping: Promise<CaptureStatistics> | null = null;
  #starting: Promise<void> | null = null;
  #started = false;

  constructor(parts: PacketCaptureParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when tcpdump listens: from then on no packet is missed. An interface that is not there yet is waited for. Throws an
   * {@link OperationalError} when tcpdump cannot capture, or what the sink threw; nothing is left running then. Returns early when stopped meanwhile.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const until = performance.now() + (this.#parts.patienceMillis ?? PATIENCE_MILLIS);
    while (this.#stopping === null) {
      const failed = await this.#attempt();
      if (failed === null || this.#stopping !== null) return;
      if (!failed.lines.some((line) => INTERFACE_MISSING.test(line)) || performance.now() >= until) throw this.#startError(failed);
      await pause(RETRY_MILLIS);
    }
  }

  /**
   * Ends the capture and returns its statistics; all bytes were given to the sink by then. First it goes on for a second, so that what had passed the
   * interface when it was called is in the capture; `hurry` does without. Also after the capture has ended by itself. Never throws.
   */
  stop(options: { readonly hurry: boolean } = { hurry: false }): Promise<CaptureStatistics> {
    this.#stopping ??= this.#stop(options.hurry);
    return this.#stopping;
  }

  async #stop(hurry: boolean): Promise<CaptureStatistics> {
    const outcome = this.#outcome;
    const run = this.#run;
    if (outcome === null || run === null) {
      // A container may be coming up just now; whoever stops wants it gone.
      await this.#starting?.catch(() => undefined);
      return NO_STATISTICS;
    }
    if (!hurry && this.#started) await within(outcome, this.#parts.drainMillis ?? DRAIN_MILLIS);
    const asked = await run.interrupt().catch(() => false);
    let ended = asked ? await within(outcome, this.#parts.endMillis ?? END_MILLIS) : null;
    if (ended === null) {
      await run.kill().catch(() => undefined);
      ended = await within(outcome, END_MILLIS);
    }
    return ended === null ? NO_STATISTICS : parseStatistics(ended.lines);
  }

  /** Starts tcpdump once. Null when it listens, else how it ended. */
  async #attempt(): Promise<Outcome | null> {
    const lines: string[] = [];
    let heard = (): void => undefined;
    const listening = new Promise<'listening'>((resolve) => {
      heard = () => resolve('listening');
    });
    const run = await this.#parts.startTcpdump((line) => {
      lines.push(line);
      if (lines.length > MAX_LINES) lines.shift();
      if (/\blistening on /.test(line)) heard();
    });
    if (this.#stopping !== null) {
      await run.kill().catch(() => undefined);
      await run.dispose().catch(() => undefined);
      return null;
    }
    this.#run = run;
    const outcome = this.#follow(run, lines);
    this.#outcome = outcome;
    const first = await within(Promise.race([listening, outcome]), LISTENING_MILLIS);
    if (first === 'listening') {
      this.#started = true;
      void outcome.then((end) => {
        if (this.#stopping === null) this.#parts.onEnd(describeEnd(end));
      });
      return null;
    }
    if (first !== null) return first;
    await run.kill().catch(() => undefined);
    const silent = await within(outcome, END_MILLIS);
    return (
      silent ?? {
        exit: { code: null, signal: null },
        lines: [...lines, `it said nothing for ${LISTENING_MILLIS / 1000} s`],
        sinkFailure: null,
        streamFailure: null,
      }
    );
  }

  /** Hands tcpdump's output on until it ends, then cleans up. Never throws. */
  async #follow(run: TcpdumpRun, lines: readonly string[]): Promise<Outcome> {
    let sinkFailure: Outcome['sinkFailure'] = null;
    let streamFailure: Outcome['streamFailure'] = null;
    const ahead = new ReadAhead();
    const reading = (async (): Promise<void> => {
      try {
        for await (const chunk of run.output) if (!(await ahead.put(chunk))) break;
      } catch (error) {
        streamFailure = { error };
      }
      ahead.end();
    })();
    try {
      for (let block = await ahead.take(); block !== null; block = await ahead.take()) {
        await this.#parts.sink.bytes(block);
        // At a few packets a second each of them would be a write of its own.
        if (block.length < SMALL_BLOCK_BYTES) await pause(this.#parts.gatherMillis ?? 0);
      }
    } catch (error) {
      sinkFailure = { error };
      ahead.abandon();
      // The source may be silent: it is ended, not waited for.
      await run.kill().catch(() => undefined);
    }
    await reading;
    if (streamFailure !== null) await run.kill().catch(() => undefined);
    const exit = (await within(run.exit, END_MILLIS)) ?? { code: null, signal: null };
    await run.dispose().catch(() => undefined);
    return { exit, lines, sinkFailure, streamFailure };
  }

  /** What the sink threw is the caller's own and goes back as it is. */
  #startError(failed: Outcome): unknown {
    if (failed.sinkFailure !== null) return failed.sinkFailure.error;
    const { lines } = failed;
    const forbidden = lines.find((line) => NO_PERMISSION.test(line));
    const said =
      forbidden ?? lines.find((line) => line.startsWith('tcpdump: ') && !/data link type|verbose output|listening on/.test(line)) ?? lines.at(-1);
    return new OperationalError({
      what: `no packets can be captured on ${this.#parts.name}`,
      why: said?.replace(/^tcpdump: /, '') ?? exitText(failed.exit),
      hint: lines.some((line) => INTERFACE_MISSING.test(line))
        ? 'the network may be gone; if it is there, its interface is not on this host: name an image with --capture-image'
        : forbidden === undefined
          ? 'gossipscope doctor'
          : 'gossipscope doctor says who may run tcpdump here',
    });
  }
}

const exitText = ({ code, signal }: TcpdumpExit): string =>
  signal === null ? (code === null ? 'tcpdump ended' : `tcpdump ended with status ${code}`) : `tcpdump was ended by ${signal}`;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function describeEnd({ exit, lines, sinkFailure, streamFailure }: Outcome): CaptureEnd {
  const statistics = parseStatistics(lines);
  if (sinkFailure !== null) {
    const why = `its packets could not be stored: ${messageOf(sinkFailure.error)}`;
    return { kind: 'sink-failed', why, statistics, error: sinkFailure.error };
  }
  const gone = lines.find((line) => INTERFACE_GONE.test(line));
  if (gone !== undefined) return { kind: 'interface-gone', why: 'its network interface disappeared', statistics, error: null };
  const forbidden = lines.find((line) => NO_PERMISSION.test(line));
  if (forbidden !== undefined) return { kind: 'no-permission', why: forbidden, statistics, error: null };
  if (streamFailure !== null) {
    const why = `the connection to the capturing container broke: ${messageOf(streamFailure.error)}`;
    return { kind: 'engine-gone', why, statistics, error: streamFailure.error };
  }
  if (exit.signal !== null) return { kind: 'killed', why: exitText(exit), statistics, error: null };
  const said = lines.findLast((line) => !/^\d+ packets? /.test(line.trim()) && !/listening on/.test(line));
  return { kind: 'failed', why: said === undefined ? exitText(exit) : `${exitText(exit)}: ${said}`, statistics, error: null };
}
