import { u8, u32be } from './byte-order.js';

/** Compression flag and length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const PREFIX_BYTES = 5;
/** Fabric's own limit (comm/config.go, MaxRecvMsgSize: 100 MB); a longer message is none. */
export const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

/** When the bytes at hand passed. One object for both directions of a connection, rewritten for every segment. */
export interface SegmentTime {
  micros: number;
  frame: number;
}

/** Told of the messages of one direction of one call. */
export interface MessageHandler {
  /** A message of `length` bytes begins; returns whether its bytes are to be kept together for {@link whole}. Otherwise they are handed on piece by piece. */
  begin(length: number, isCompressed: boolean): boolean;
  piece(data: Uint8Array, start: number, end: number): void;
  hole(bytes: number): void;
  /** The message in one piece: all of it, and nothing missing. */
  whole(data: Uint8Array, start: number, end: number): void;
  /** The message is over, whether it came whole or in pieces. */
  end(): void;
  /** The message under way will not come to its end, of which `bytes` passed: its call is over, or nobody knows where its bytes are. */
  abandon(bytes: number): void;
  /** So many bytes are no message's. */
  overhead(bytes: number): void;
  /** What begins here is no message. */
  malformed(): void;
  /** Kept bytes came to be (`bytes` positive) or were let go. */
  buffered(bytes: number): void;
}

/** Puts the messages of one direction of a call together from its DATA frames. */
export class MessageAssembler {
  readonly #handler: MessageHandler;
  readonly #time: SegmentTime;
  #isSynchronized: boolean;
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #prefixBytes = 0;
  #isUnderWay = false;
  #left = 0;
  #length = 0;
  #keeps = false;
  #buffer: Uint8Array | null = null;
  #bufferBytes = 0;
  /** Of the message under way, its prefix included. */
  firstMicros = 0.5;
  firstFrame = 0;
  lastMicros = 0.5;
  lastFrame = 0;

  constructor(handler: MessageHandler, time: SegmentTime, isSynchronized: boolean) {
    this.#handler = handler;
    this.#time = time;
    this.#isSynchronized = isSynchronized;
  }

  /** Length of the message under way. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of the call, captured from `start` to `end`; where `isFirst`, a DATA frame begins with them that holds `left` bytes. */
  feed(data: Uint8Array, start: number, end: number, isFirst: boolean, left: number): void {
    if (!this.#isSynchronized) {
      // gRPC begins every message in a frame of its own (grpc-go internal/transport, one item of the loopy writer each).
      if (!isFirst || !beginsMessage(data, start, end, left)) {
        this.#handler.overhead(end - start);
        return;
      }
      this.#isSynchronized = true;
    }
    let at = start;
    while (at < end) {
      if (this.#isUnderWay) {
        this.#touch();
        at += this.#takeBody(data, at, Math.min(end, at + this.#left));
        continue;
      }
      if (this.#prefixBytes === 0) {
        this.firstMicros = this.#time.micros;
        this.firstFrame = this.#time.frame;
        this.lastMicros = this.#time.micros;
        this.lastFrame = this.#time.frame;
      } else this.#touch();
      const bytes = Math.min(PREFIX_BYTES - this.#prefixBytes, end - at);
      for (let i = 0; i < bytes; i++) this.#prefix[this.#prefixBytes + i] = u8(data, at + i);
      this.#prefixBytes += bytes;
      this.#handler.overhead(bytes);
      at += bytes;
      if (this.#prefixBytes < PREFIX_BYTES) return;
      this.#prefixBytes = 0;
      if (!this.#begin()) {
        this.#handler.overhead(end - at);
        return;
      }
    }
  }

  /** So many bytes of the call are not in the capture. */
  miss(bytes: number): void {
    let missing = bytes;
    if (this.#isUnderWay) {
      this.#spill();
      const ofMessage = Math.min(missing, this.#left);
      this.#handler.hole(ofMessage);
      this.#left -= ofMessage;
      missing -= ofMessage;
      if (this.#left === 0) this.#end();
      if (missing === 0) return;
    }
    if (this.#isSynchronized) this.lose();
  }

  /** Nobody knows where in the call the next byte stands. */
  lose(): void {
    this.#isSynchronized = false;
    this.#prefixBytes = 0;
    this.#abandon();
  }

  /** No more bytes come. */
  finish(): void {
    this.#abandon();
    this.#isSynchronized = false;
  }

  /** Segments that came late are handed on with their own times: the message's end is its last byte to come. */
  #touch(): void {
    if (this.#time.micros > this.lastMicros) this.lastMicros = this.#time.micros;
    if (this.#time.frame > this.lastFrame) this.lastFrame = this.#time.frame;
  }

  #begin(): boolean {
    const flag = u8(this.#prefix, 0);
    const length = u32be(this.#prefix, 1);
    if (flag > 1 || length > MAX_MESSAGE_BYTES) {
      this.#handler.malformed();
      this.lose();
      return false;
    }
    this.#length = length;
    this.#left = length;
    this.#keeps = this.#handler.begin(length, flag === 1);
    this.#isUnderWay = true;
    if (length === 0) {
      if (this.#keeps) this.#handler.whole(this.#prefix, 0, 0);
      this.#end();
    }
    return true;
  }

  #takeBody(data: Uint8Array, start: number, end: number): number {
    const bytes = end - start;
    if (!this.#keeps) {
      this.#handler.piece(data, start, end);
    } else if (bytes === this.#length) {
      this.#handler.whole(data, start, end);
    } else {
      if (this.#buffer === null) {
        this.#buffer = new Uint8Array(this.#length);
        this.#handler.buffered(this.#length);
      }
      this.#buffer.set(data.subarray(start, end), this.#bufferBytes);
      this.#bufferBytes += bytes;
      if (bytes === this.#left) this.#handler.whole(this.#buffer, 0, this.#length);
    }
    this.#left -= bytes;
    if (this.#left === 0) this.#end();
    return bytes;
  }

  /** From here on the message is handed on in pieces. */
  #spill(): void {
    if (!this.#keeps) return;
    this.#keeps = false;
    if (this.#buffer === null) return;
    this.#handler.piece(this.#buffer, 0, this.#bufferBytes);
    this.#release();
  }

  #end(): void {
    this.#isUnderWay = false;
    this.#release();
    this.#handler.end();
  }

  #abandon(): void {
    if (!this.#isUnderWay) return;
    this.#spill();
    this.#isUnderWay = false;
    const missing = this.#left;
    this.#left = 0;
    this.#handler.abandon(this.#length - missing);
  }

  #release(): void {
    if (this.#buffer === null) return;
    this.#handler.buffered(-this.#buffer.length);
    this.#buffer = null;
    this.#bufferBytes = 0;
  }
}

/**
 * Whether a DATA frame of `length` bytes that begins at `start` begins a message, for who does not know where the messages stand: the frame is exactly one message,
 * or the first part of one whose first field (length-delimited, number 1 or 2: an Envelope's payload or a DeliverResponse's block) fits into it.
 */
export function beginsMessage(data: Uint8Array, start: number, end: number, length: number): boolean {
  if (end - start < PREFIX_BYTES || u8(data, start) !== 0) return false;
  const message = u32be(data, start + 1);
  if (message === length - PREFIX_BYTES) return true;
  if (message < length || message > MAX_MESSAGE_BYTES) return false;
  let at = start + PREFIX_BYTES;
  const tag = at < end ? u8(data, at) : 0;
  if (tag !== 0x0a && tag !== 0x12) return false;
  let field = 0;
  let shift = 1;
  for (let i = 0; i < 4; i++) {
    at += 1;
    if (at >= end) return false;
    const byte = u8(data, at);
    field += (byte & 0x7f) * shift;
    shift *= 128;
    if (byte < 0x80) return field > 0 && field + (at + 1 - start - PREFIX_BYTES) <= message;
  }
  return false;
}
