/** One whole line of a log. */
export interface StampedLine {
  /** Docker's stamp as the engine wrote it: RFC 3339 with nine decimals. */
  readonly stamp: string;
  /** The stamp, a blank, the line's own bytes, LF. May be a view of what was pushed. */
  readonly bytes: Uint8Array;
  /** How many messages of the log it was put together from: `tail` counts these. */
  readonly messages: number;
  /** The process ended, or another began, in the middle of this line: the LF at its end was not printed. */
  readonly isUnterminated: boolean;
  /** It was longer than {@link MAX_LINE_BYTES}: what came after is not in it. */
  readonly isCut: boolean;
}

export type OnLine = (line: StampedLine) => void;

/** No process of a Fabric network prints a longer line in earnest. */
export const MAX_LINE_BYTES = 64 << 20;
/** The engine's reader of a container's output holds so much: moby daemon/logger/copier.go, `defaultBufSize`. */
const MESSAGE_BYTES = 16 << 10;
/**
 * `2006-01-02T15:04:05.000000000Z`, or with an offset where the driver keeps local times (`local`): moby jsonmessage.RFC3339NanoFixed.
 */
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d)$/;
const INNER_STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) /g;
const UTC_STAMP_BYTES = 30;
const OFFSET_STAMP_BYTES = 35;
/** Drivers that stamp every piece of a line by itself (`journald`) do so within this. */
const PIECES_WITHIN_NANOS = 50_000_000n;
const LF = 0x0a;
const BLANK = 0x20;
/** Stands in for a stamp until the first is seen. */
const NO_STAMP = '1970-01-01T00:00:00.000000000Z';

/** Nanoseconds since the epoch of a stamp that {@link StampedLine} holds; 0 for one that names no day. */
export function nanosOfStamp(stamp: string): bigint {
  const millis = Date.parse(stamp.slice(0, 19) + stamp.slice(29));
  return Number.isNaN(millis) ? 0n : BigInt(millis) * 1_000_000n + BigInt(stamp.slice(20, 29));
}

/** The stamp that `bytes` begin with, a blank behind it, or null. */
function stampOf(bytes: Uint8Array): string | null {
  const length = bytes[UTC_STAMP_BYTES] === BLANK ? UTC_STAMP_BYTES : bytes[OFFSET_STAMP_BYTES] === BLANK ? OFFSET_STAMP_BYTES : 0;
  if (length === 0) return null;
  const text = String.fromCharCode(...bytes.subarray(0, length));
  return STAMP.test(text) ? text : null;
}

/**
 * Puts the messages of one stream, printed with `timestamps`, together to whole lines.
 *
 * The engine cuts what a process prints into messages: at each newline, every 16 KiB within a line, and where the process ends. It prints each behind a
 * stamp and adds a newline only after a line's end (moby daemon/logger/copier.go; adapter.go, loggerutils and jsonfilelog agree). So a message that
 * follows an unfinished one goes on with its line when it bears the same stamp, and begins a new line otherwise: that of the next process.
 *
 * Bytes stay bytes: nothing but the stamp is decoded.
 */
export class StampedLines {
  readonly #isFramed: boolean;
  readonly #onLine: OnLine;
  readonly #onUnstamped: () => void;
  /** Bytes of the message under way that are not in `#pieces` yet, since its stamp or its end is still to come. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The line under way. */
  #stamp: string | null = null;
  #pieces: Uint8Array[] = [];
  #lineBytes = 0;
  #lineMessages = 0;
  #lastPieceBytes = 0;
  #isCut = false;
  #lastStamp = NO_STAMP;
  #messages = 0;

  /**
   * `isFramed`: every message arrives as a frame of Docker's multiplexed stream; otherwise (a container with a terminal) all comes in one run of bytes.
   * `onUnstamped` is told of each line that came without a stamp; it is handed over under that of the line before.
   */
  constructor(isFramed: boolean, onLine: OnLine, onUnstamped: () => void) {
    this.#isFramed = isFramed;
    this.#onLine = onLine;
    this.#onUnstamped = onUnstamped;
  }

  /** Messages that have begun to arrive. */
  get messages(): number {
    return this.#messages + (this.#heldBytes > 0 ? 1 : 0);
  }

  /** Takes the next bytes; `begins`: a frame starts with them. */
  push(bytes: Uint8Array, begins: boolean): void {
    if (this.#isFramed && begins && this.#heldBytes > 0) this.#takeMessage(this.#takeHeld());
    let at = 0;
    while (at < bytes.length) {
      const lf = bytes.indexOf(LF, at);
      if (lf < 0) {
        this.#hold(at === 0 ? bytes : bytes.subarray(at));
        return;
      }
      const end = bytes.subarray(at, lf + 1);
      at = lf + 1;
      if (this.#heldBytes === 0) this.#takeMessage(end);
      else {
        this.#hold(end);
        this.#takeMessage(this.#takeHeld());
      }
    }
  }

  /** Hands over the line under way, if any, with a newline added. To be called where nothing can follow that belongs to it. */
  end(): void {
    if (this.#heldBytes > 0) this.#takeMessage(this.#takeHeld());
    this.#finishLine(true);
  }

  #hold(bytes: Uint8Array): void {
    // A copy, so that neither a chunk reused by its owner nor a large one behind a small view matters.
    const room = MAX_LINE_BYTES + OFFSET_STAMP_BYTES - this.#heldBytes;
    if (bytes.length > room) this.#isCut = true;
    const kept = bytes.length > room ? bytes.subarray(0, Math.max(0, room)) : bytes;
    if (kept.length > 0) this.#held.push(kept.slice());
    if (kept.length < bytes.length && bytes[bytes.length - 1] === LF) this.#held.push(Uint8Array.of(LF));
    this.#heldBytes += kept.length;
  }

  #takeHeld(): Uint8Array {
    const [only, ...more] = this.#held;
    const whole = only !== undefined && more.length === 0 ? only : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return whole;
  }

  /** A message of a framed stream, or all up to a newline of one that is not. */
  #takeMessage(message: Uint8Array): void {
    if (this.#isFramed) this.#takePiece(message);
    else this.#takeRun(message);
  }

  /** Takes a run of messages without a newline between them apart: where the engine's buffer was full, or a later stamp shows a later process. */
  #takeRun(run: Uint8Array): void {
    const first = stampOf(run);
    if (first === null || run.length < 2 * UTC_STAMP_BYTES) {
      this.#takePiece(run);
      return;
    }
    const text = Buffer.from(run.buffer, run.byteOffset, run.length).toString('latin1');
    let from = 0;
    let stamp = first;
    for (const match of text.matchAll(INNER_STAMP)) {
      const found = match[0].slice(0, -1);
      const isFull = match.index - from === stamp.length + 1 + MESSAGE_BYTES;
      // A stamp that the process itself printed was there before Docker's; only one that Docker put later is later.
      if (match.index === 0 || !((isFull && goesOn(stamp, found, MESSAGE_BYTES)) || nanosOfStamp(found) > nanosOfStamp(stamp))) continue;
      this.#takePiece(run.subarray(from, match.index));
      from = match.index;
      stamp = found;
    }
    this.#takePiece(run.subarray(from));
  }

  #takePiece(piece: Uint8Array): void {
    this.#messages++;
    const stamp = stampOf(piece);
    const body = stamp === null ? piece : piece.subarray(stamp.length + 1);
    const isWhole = body[body.length - 1] === LF;
    if (this.#stamp !== null && (stamp === null || goesOn(this.#stamp, stamp, this.#lastPieceBytes))) this.#append(body);
    else {
      this.#finishLine(true);
      if (stamp !== null && isWhole && !this.#isCut) {
        this.#lastStamp = stamp;
        this.#onLine({ stamp, bytes: piece, messages: 1, isUnterminated: false, isCut: false });
        return;
      }
      if (stamp === null) this.#onUnstamped();
      this.#begin(stamp ?? this.#lastStamp);
      this.#append(body);
    }
    if (isWhole) this.#finishLine(false);
  }

  #begin(stamp: string): void {
    this.#stamp = stamp;
    this.#lastStamp = stamp;
    this.#append(Buffer.from(`${stamp} `, 'latin1'));
    this.#lineMessages = 0;
  }

  #append(body: Uint8Array): void {
    this.#lineMessages++;
    this.#lastPieceBytes = body.length;
    const room = MAX_LINE_BYTES - this.#lineBytes;
    if (body.length > room) this.#isCut = true;
    const kept = body.length > room ? body.subarray(0, Math.max(0, room)) : body;
    if (kept.length > 0) this.#pieces.push(kept.slice());
    this.#lineBytes += kept.length;
  }

  #finishLine(isUnterminated: boolean): void {
    const stamp = this.#stamp;
    if (stamp === null) return;
    if (this.#pieces.at(-1)?.at(-1) !== LF) this.#pieces.push(Uint8Array.of(LF));
    const line: StampedLine = { stamp, bytes: Buffer.concat(this.#pieces), messages: this.#lineMessages, isUnterminated, isCut: this.#isCut };
    this.#stamp = null;
    this.#pieces = [];
    this.#lineBytes = 0;
    this.#isCut = false;
    this.#onLine(line);
  }
}

/** Whether a message stamped `next` goes on with a line under way whose last piece had `lastBytes` bytes. */
function goesOn(stamp: string, next: string, lastBytes: number): boolean {
  if (next === stamp) return true;
  if (lastBytes !== MESSAGE_BYTES) return false;
  const later = nanosOfStamp(next) - nanosOfStamp(stamp);
  return later >= 0n && later <= PIECES_WITHIN_NANOS;
}
