import type { Burst, SizeRuns } from '../events/connection.js';
import { instantOfMicros } from '../events/instant.js';
import { unboxed } from './byte-order.js';

/** Without records a silence of this length ends a burst: a message's segments leave a host within microseconds, the answer to one takes longer. */
export const BURST_GAP_MICROS = 2000;
/** Smaller messages are no block: the smallest carries a signed transaction and the orderer's signed metadata. They are counted by size, not kept each. */
export const SMALLEST_BURST_BYTES = 500;

/** A record holds at most so much (RFC 8446 §5.1); a longer write goes on in the next. */
const FULL_RECORD_BYTES = 16_384;
/** Go's writer of TLS records begins with what fits a segment, 1208 bytes less what the cipher adds, then twice, three times as much (crypto/tls/conn.go, maxPayloadSizeForWrite). */
const GROWING_RECORD_BYTES: readonly number[] = [1179, 1186];
const MOST_GROWTH = 14;
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

/** Whether a record of `bytes` was as full as its writer makes them, so that the same write may go on in the next. */
function isFullRecord(bytes: number): boolean {
  if (bytes >= FULL_RECORD_BYTES) return true;
  return GROWING_RECORD_BYTES.some((unit) => bytes % unit === 0 && bytes / unit <= MOST_GROWTH);
}

/**
 * Collects the bursts of one direction of one connection: what was written in one go. With TLS the records tell where a write ends: at the first one that
 * is not full. Without, only the time does.
 */
export class BurstLog {
  readonly #budget: BurstBudget;
  readonly #most: number;
  readonly #mostSizes: number;
  /** Five numbers a burst: first and last time, first and last frame, bytes. An object each would cost three times the memory. */
  #kept: number[] | null = null;
  /** Small messages: size → how many, then first time, last time and number of each run. */
  #small: Map<number, number[]> | null = null;
  #firstAt = 0.5;
  #lastAt = 0.5;
  #firstFrame = 0;
  #lastFrame = 0;
  #bytes = 0;
  #isRecordFull = false;
  /** Bytes since the last record that was not full, with that one. */
  #written = 0;

  constructor(budget: BurstBudget, most: number, mostSizes: number) {
    this.#budget = budget;
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
    this.#isRecordFull = isFullRecord(bytes);
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
    const list: SizeRuns[] = [];
    for (const [bytes, kept] of [...(this.#small ?? [])].sort(([a], [b]) => a - b)) {
      const runs: SizeRuns['runs'][number][] = [];
      for (let i = 1; i < kept.length; i += 3)
        runs.push({
          from: instantOfMicros(kept[i] as number),
          to: instantOfMicros(kept[i + 1] as number),
          count: unboxed(kept[i + 2] as number),
        });
      list.push({ bytes: unboxed(bytes), total: unboxed(kept[0] as number), runs });
    }
    return list;
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
    this.#small ??= new Map();
    const small = this.#small;
    let key = bytes;
    let kept = small.get(key);
    if (kept === undefined && small.size >= this.#mostSizes) {
      key = 0;
      kept = small.get(key);
    }
    if (kept === undefined) {
      small.set(key, [bytes, from, to, 1]);
      return;
    }
    kept[0] = (kept[0] as number) + bytes;
    const last = kept.length - 3;
    if (from - (kept[last + 1] as number) > RUN_GAP_MICROS && kept.length < MAX_RUN_NUMBERS) {
      kept.push(from, to, 1);
      return;
    }
    if (to > (kept[last + 1] as number)) kept[last + 1] = to;
    kept[last + 2] = (kept[last + 2] as number) + 1;
  }
}

/** Sixteen runs of each size; the last goes on then, whatever the gap. */
const MAX_RUN_NUMBERS = 1 + 3 * 16;

function burstAt(kept: readonly number[], i: number): Burst {
  return {
    firstAt: instantOfMicros(kept[i] as number),
    lastAt: instantOfMicros(kept[i + 1] as number),
    firstFrame: unboxed(kept[i + 2] as number),
    lastFrame: unboxed(kept[i + 3] as number),
    bytes: unboxed(kept[i + 4] as number),
  };
}
