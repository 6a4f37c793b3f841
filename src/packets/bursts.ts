import type { Burst, SizeRuns } from '../events/connection.js';
import { instantOfMicros } from '../events/instant.js';
import { unboxed } from './byte-order.js';

/** Without records a silence of this length ends a burst: a message's segments leave a host within microseconds, the answer to one takes longer. */
export const BURST_GAP_MICROS = 2000;
/** Smaller messages are no block: the smallest carries a signed transaction and the orderer's signed metadata. They are counted by size, not kept each. */
export const SMALLEST_BURST_BYTES = 500;

/** A record holds at most so much (RFC 8446 §5.1); a longer write goes on in the next. */
const FULL_RECORD_BYTES = 16_384;
/**
 * Go's writer of TLS records begins with what fits a segment, 1208 bytes less what the cipher adds; a connection's n-th record of application data holds n times as much at most,
 * full or not the ones before (crypto/tls/conn.go, maxPayloadSizeForWrite).
 */
const GROWING_RECORD_BYTES: readonly number[] = [1179, 1186];
const LEAST_GROWING_BYTES = Math.min(...GROWING_RECORD_BYTES);
/** The server's session tickets look like application data under TLS 1.3 (RFC 8446 §4.6.1), and are not counted by Go. */
const MOST_TICKETS = 2;
/**
 * gRPC collects frames and hands them to the socket when it has nothing more to send or 32 KB (grpc-go, defaultWriteBufSize), and stops where the other side's window ends:
 * a shorter write is the last of its message; after so much there is more to come, at once or after a window update.
 */
const WRITE_BUFFER_BYTES = 32_768;
/** A writer in the middle of a record's series waits for TCP, a round trip at most. */
const FULL_PATIENCE_MICROS = 300_000;
/** After a write that filled the buffer, and after a shorter one of a message that had such writes. */
const FILLED_PATIENCE_MICROS = 60_000;
const WRITE_PATIENCE_MICROS = 5_000;

/** HTTP/2's own frames (PING 17 bytes, WINDOW_UPDATE 13, RFC 9113 §6) pass between a long message's writes and are no part of it. */
const MOST_CONTROL_BYTES = 64;

/** Messages of one size that follow one another within this time are one run. */
const RUN_GAP_MICROS = 30_000_000;

/** How many more bursts all connections together may keep, and how many were not kept. */
export interface BurstBudget {
  left: number;
  refused: number;
}

/** How many more runs of small messages all connections together may keep, and how often one was made longer or a size not told apart for want of them. */
export interface RunBudget {
  left: number;
  refused: number;
}

/** Numbers a run takes in the list: size, bytes of all its messages, first time, last time, messages, which run of its size it is. */
const RUN = 6;
/** Runs of each size; the last goes on then, whatever the gap. */
const MOST_RUNS = 16;
/** So few runs are searched as fast as a map answers, and the map would be most of a short connection's memory. */
const FEW_RUNS = 12;

/** So many times the first length the record grows to a full one. */
const MOST_GROWTH = 14;

/** Whether the `nth` record, of `bytes`, was as full as its writer makes it, so that the same write may go on in the next. */
function isFullRecord(bytes: number, nth: number): boolean {
  if (bytes >= FULL_RECORD_BYTES) return true;
  if (bytes < (nth - MOST_TICKETS) * LEAST_GROWING_BYTES) return false;
  // No closure: this is asked for every record of a capture.
  // Where the capture lacks the stream's beginning the record is a later one than it seems, never an earlier one.
  for (const unit of GROWING_RECORD_BYTES) if (bytes % unit === 0 && bytes <= MOST_GROWTH * unit && bytes >= (nth - MOST_TICKETS) * unit) return true;
  return false;
}

/**
 * Collects the bursts of one direction of one connection: what was written in one go. With TLS the records tell where a write ends: at the first one that
 * is not full. Without, only the time does.
 */
export class BurstLog {
  readonly #budget: BurstBudget;
  readonly #runBudget: RunBudget;
  readonly #most: number;
  readonly #mostSizes: number;
  /** Five numbers a burst: first and last time, first and last frame, bytes. An object each would cost three times the memory. */
  #kept: number[] | null = null;
  /** Small messages in runs, {@link RUN} numbers each. */
  #runs: number[] | null = null;
  /** Size → where its last run is; null while there are few. */
  #lastRuns: Map<number, number> | null = null;
  #sizes = 0;
  #firstAt = 0.5;
  #lastAt = 0.5;
  #firstFrame = 0;
  #lastFrame = 0;
  #bytes = 0;
  #isRecordFull = false;
  /** How many records were told. */
  #records = 0;
  /** Bytes since the last record that was not full, with that one. */
  #written = 0;

  constructor(budget: BurstBudget, most: number, mostSizes: number, runBudget: RunBudget = { left: Number.POSITIVE_INFINITY, refused: 0 }) {
    this.#budget = budget;
    this.#runBudget = runBudget;
    this.#most = most;
    this.#mostSizes = mostSizes;
    this.#firstAt = 0;
    this.#lastAt = 0;
  }

  /** `bytes` of data without records were seen in `frame` at `micros`. Late segments may be told after younger ones. */
  add(micros: number, frame: number, bytes: number): void {
    if (this.#bytes > 0 && micros - this.#lastAt < BURST_GAP_MICROS) {
      this.pass(micros, frame);
      this.#bytes += bytes;
      return;
    }
    this.#begin(micros, frame, bytes);
  }

  /** A record begins in `frame` at `micros` that holds `bytes` of application data. False when it is not part of what is under way: its body is not to be told to {@link pass}. */
  record(micros: number, frame: number, bytes: number): boolean {
    this.#records += 1;
    if (bytes <= MOST_CONTROL_BYTES && this.#bytes > MOST_CONTROL_BYTES && !this.#isRecordFull) {
      this.#count(micros, micros, bytes);
      return false;
    }
    if (this.#bytes > 0 && this.#goesOn(micros)) {
      this.pass(micros, frame);
      this.#bytes += bytes;
    } else {
      this.#begin(micros, frame, bytes);
      this.#written = 0;
    }
    this.#written = this.#isRecordFull ? this.#written + bytes : bytes;
    this.#isRecordFull = isFullRecord(bytes, this.#records);
    return true;
  }

  /** More of what is under way was seen in `frame` at `micros`. */
  pass(micros: number, frame: number): void {
    if (micros > this.#lastAt) this.#lastAt = micros;
    if (frame > this.#lastFrame) this.#lastFrame = frame;
  }

  #goesOn(micros: number): boolean {
    const silence = micros - this.#lastAt;
    if (this.#isRecordFull) return silence < FULL_PATIENCE_MICROS;
    if (this.#bytes < WRITE_BUFFER_BYTES) return false;
    return silence < (this.#written >= WRITE_BUFFER_BYTES ? FILLED_PATIENCE_MICROS : WRITE_PATIENCE_MICROS);
  }

  #begin(micros: number, frame: number, bytes: number): void {
    this.#close();
    this.#firstAt = micros;
    this.#lastAt = micros;
    this.#firstFrame = frame;
    this.#lastFrame = frame;
    this.#bytes = bytes;
  }

  /** The bursts in the order of their first bytes in the stream. No more may be added. */
  finish(): readonly Burst[] {
    this.#close();
    const bursts = this.#list();
    this.#kept = null;
    return bursts;
  }

  /** The bursts so far, with the one under way as far as it goes, where there is room for it. More may be added. */
  snapshot(): readonly Burst[] {
    const bursts = this.#list();
    if (this.#bytes < SMALLEST_BURST_BYTES || !this.#hasRoom()) return bursts;
    const underWay = [this.#firstAt, this.#lastAt, this.#firstFrame, this.#lastFrame, this.#bytes];
    return [...bursts, burstAt(underWay, 0)];
  }

  /** The small messages by their size, ascending; what was of more sizes than are kept has size 0 and the bytes of all. */
  sizes(): readonly SizeRuns[] {
    const kept = this.#runs ?? [];
    const bySize = new Map<number, { bytes: number; total: number; runs: SizeRuns['runs'][number][] }>();
    for (let i = 0; i < kept.length; i += RUN) {
      const bytes = unboxed(kept[i] as number);
      const size = bySize.get(bytes) ?? { bytes, total: 0, runs: [] };
      if (size.runs.length === 0) bySize.set(bytes, size);
      size.total = unboxed(size.total + (kept[i + 1] as number));
      size.runs.push({
        from: instantOfMicros(kept[i + 2] as number),
        to: instantOfMicros(kept[i + 3] as number),
        count: unboxed(kept[i + 4] as number),
      });
    }
    return [...bySize.values()].sort((a, b) => a.bytes - b.bytes);
  }

  #hasRoom(): boolean {
    return this.#budget.left > 0 && (this.#kept?.length ?? 0) < 5 * this.#most;
  }

  #list(): Burst[] {
    const kept = this.#kept ?? [];
    const bursts: Burst[] = [];
    for (let i = 0; i < kept.length; i += 5) bursts.push(burstAt(kept, i));
    return bursts;
  }

  #close(): void {
    if (this.#bytes >= SMALLEST_BURST_BYTES) {
      if (this.#hasRoom()) {
        this.#budget.left -= 1;
        if (this.#kept === null) this.#kept = [this.#firstAt, this.#lastAt, this.#firstFrame, this.#lastFrame, this.#bytes];
        else this.#kept.push(this.#firstAt, this.#lastAt, this.#firstFrame, this.#lastFrame, this.#bytes);
      } else {
        this.#budget.refused += 1;
      }
    } else if (this.#bytes > 0) this.#count(this.#firstAt, this.#lastAt, this.#bytes);
    this.#bytes = 0;
  }

  #count(from: number, to: number, bytes: number): void {
    let size = bytes;
    let at = this.#lastRun(size);
    if (at < 0 && (this.#sizes >= this.#mostSizes || this.#runBudget.left <= 0)) {
      if (this.#runBudget.left <= 0) this.#runBudget.refused += 1;
      size = 0;
      at = this.#lastRun(size);
    }
    if (at < 0) {
      this.#sizes += 1;
      this.#addRun(size, bytes, from, to, 1);
      return;
    }
    const runs = this.#runs as number[];
    if (from - (runs[at + 3] as number) > RUN_GAP_MICROS && (runs[at + 5] as number) < MOST_RUNS) {
      if (this.#runBudget.left > 0) {
        this.#addRun(size, bytes, from, to, (runs[at + 5] as number) + 1);
        return;
      }
      this.#runBudget.refused += 1;
    }
    runs[at + 1] = (runs[at + 1] as number) + bytes;
    if (to > (runs[at + 3] as number)) runs[at + 3] = to;
    runs[at + 4] = (runs[at + 4] as number) + 1;
  }

  /** Where the last run of `size` is, or -1. */
  #lastRun(size: number): number {
    if (this.#lastRuns !== null) return this.#lastRuns.get(size) ?? -1;
    const runs = this.#runs;
    if (runs === null) return -1;
    for (let at = runs.length - RUN; at >= 0; at -= RUN) if (runs[at] === size) return at;
    return -1;
  }

  #addRun(size: number, bytes: number, from: number, to: number, ordinal: number): void {
    this.#runBudget.left -= 1;
    if (this.#runs === null) {
      this.#runs = [size, bytes, from, to, 1, ordinal];
      return;
    }
    const runs = this.#runs;
    this.#lastRuns?.set(size, runs.length);
    runs.push(size, bytes, from, to, 1, ordinal);
    if (this.#lastRuns !== null || runs.length <= FEW_RUNS * RUN) return;
    this.#lastRuns = new Map();
    for (let at = 0; at < runs.length; at += RUN) this.#lastRuns.set(runs[at] as number, at);
  }
}

function burstAt(kept: readonly number[], i: number): Burst {
  return {
    firstAt: instantOfMicros(kept[i] as number),
    lastAt: instantOfMicros(kept[i + 1] as number),
    firstFrame: unboxed(kept[i + 2] as number),
    lastFrame: unboxed(kept[i + 3] as number),
    bytes: unboxed(kept[i + 4] as number),
  };
}
