import { i32be, u8, u24be } from './byte-order.js';
import { countFrameHeaders, FRAME_HEADER_BYTES, MAX_FRAME_LENGTH } from './plaintext.js';

/** Frame types that matter here (RFC 9113 §6). All others are passed over. */
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const PUSH_PROMISE = 5;
const CONTINUATION = 9;

const END_STREAM = 0x01;
const END_HEADERS = 0x04;
const PADDED = 0x08;
const PRIORITY_FLAG = 0x20;
const PRIORITY_BYTES = 5;

/** `PRI * HTTP/2.0`, two line ends, `SM`, two line ends (RFC 9113 §3.4). */
const PREFACE_BYTES = 24;
/** Its first three bytes, read as a frame's length. */
const PREFACE_AS_LENGTH = 0x505249;

/** Told of what the frames of one direction hold. */
export interface FrameHandler {
  /** Bytes of a DATA frame, padding left out. `isFirst`: they begin the frame, which holds `left` bytes from there on. */
  data(stream: number, data: Uint8Array, start: number, end: number, isFirst: boolean, left: number): void;
  /** So many bytes of a DATA frame are not in the capture. */
  dataMissing(stream: number, bytes: number): void;
  /** A whole header block; null when part of it is missing or it is longer than is kept. */
  headers(stream: number, block: Uint8Array | null): void;
  /** The sender will send no more on the stream. */
  ended(stream: number): void;
  /** The stream is over for both. */
  reset(stream: number): void;
  /** So many bytes were HTTP/2's own. */
  overhead(bytes: number): void;
  /** Where the stream of bytes stands is not known any more; frames of any kind may be missing. */
  positionLost(reason: 'missing' | 'malformed'): void;
}

/** Takes the bytes of one direction of an HTTP/2 connection apart into frames (RFC 9113 §4). Handed in order; what is missing is told. */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #maxHeaderBlockBytes: number;
  #isSeeking = false;
  /** The first bytes of a frame header whose rest is in the next segment. */
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #prefaceLeft = 0;
  #type = 0;
  #flags = 0;
  #stream = 0;
  /** Bytes of the frame that are still to come, padding included. */
  #left = 0;
  /** Of which padding, once known. */
  #padding = 0;
  #awaitsPadLength = false;
  #isFirstOfData = false;
  #block: Uint8Array | null = null;
  #blockBytes = 0;
  /** Where the fragment of the frame under way begins in the block. */
  #fragmentStart = 0;
  #isBlockBroken = false;
  #blockEndsStream = false;

  constructor(handler: FrameHandler, maxHeaderBlockBytes: number) {
    this.#handler = handler;
    this.#maxHeaderBlockBytes = maxHeaderBlockBytes;
  }

  /** The stream is entered somewhere in its middle: frames are looked for. */
  seek(): void {
    this.#isSeeking = true;
    this.#headerBytes = 0;
    this.#prefaceLeft = 0;
    this.#left = 0;
    this.#padding = 0;
    this.#awaitsPadLength = false;
    this.#dropBlock();
  }

  /** The next bytes, captured from `start` to `end`; the segment went on to `wireEnd` on the wire. */
  feed(data: Uint8Array, start: number, end: number, wireEnd: number): void {
    let at = start;
    for (;;) {
      if (this.#isSeeking) {
        const found = findFrames(data, at, end, wireEnd);
        this.#handler.overhead((found < 0 ? end : found) - at);
        if (found < 0) return;
        this.#isSeeking = false;
        at = found;
      }
      at = this.#read(data, at, end);
      if (at < 0) return;
    }
  }

  /** The next `bytes` are not in the capture. */
  miss(bytes: number): void {
    if (this.#isSeeking || bytes === 0) return;
    if (this.#headerBytes === 0 && this.#prefaceLeft === 0 && this.#left > 0 && bytes <= this.#left) {
      this.#missInFrame(bytes);
      return;
    }
    this.#lose('missing');
  }

  #missInFrame(bytes: number): void {
    if (this.#type === DATA) {
      this.#awaitsPadLength = false;
      const ofData = Math.min(bytes, this.#left - this.#padding);
      if (ofData > 0) this.#handler.dataMissing(this.#stream, ofData);
      this.#isFirstOfData = false;
    } else if (this.#type === HEADERS || this.#type === CONTINUATION || this.#type === PUSH_PROMISE) this.#isBlockBroken = true;
    this.#left -= bytes;
    if (this.#left === 0) this.#endFrame();
  }

  #lose(reason: 'missing' | 'malformed'): void {
    this.seek();
    this.#handler.positionLost(reason);
  }

  /** Reads up to `end` and returns -1, or where the position was lost. */
  #read(data: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.#left > 0) {
        at += this.#takeBody(data, at, end);
      } else if (this.#prefaceLeft > 0) {
        const bytes = Math.min(this.#prefaceLeft, end - at);
        this.#prefaceLeft -= bytes;
        this.#handler.overhead(bytes);
        at += bytes;
      } else if (this.#headerBytes === 0 && end - at >= FRAME_HEADER_BYTES) {
        this.#handler.overhead(FRAME_HEADER_BYTES);
        if (!this.#startFrame(data, at)) return at + FRAME_HEADER_BYTES;
        at += FRAME_HEADER_BYTES;
      } else {
        const bytes = Math.min(FRAME_HEADER_BYTES - this.#headerBytes, end - at);
        for (let i = 0; i < bytes; i++) this.#header[this.#headerBytes + i] = u8(data, at + i);
        this.#headerBytes += bytes;
        at += bytes;
        this.#handler.overhead(bytes);
        if (this.#headerBytes < FRAME_HEADER_BYTES) break;
        this.#headerBytes = 0;
        if (!this.#startFrame(this.#header, 0)) return at;
      }
    }
    return -1;
  }

  #startFrame(data: Uint8Array, at: number): boolean {
    const length = u24be(data, at);
    if (length === PREFACE_AS_LENGTH) {
      this.#prefaceLeft = PREFACE_BYTES - FRAME_HEADER_BYTES;
      return true;
    }
    const type = u8(data, at + 3);
    // The reserved bit and flags without a meaning are to be ignored, as are types nobody knows (RFC 9113 §4.1).
    const stream = i32be(data, at + 5) & 0x7fffffff;
    const needsStream = type === DATA || type === HEADERS || type === CONTINUATION || type === RST_STREAM;
    if (length > MAX_FRAME_LENGTH || (needsStream && stream === 0)) {
      this.#lose('malformed');
      return false;
    }
    if (this.#block !== null && type !== CONTINUATION) this.#dropBlock();
    this.#type = type;
    this.#flags = u8(data, at + 4);
    this.#stream = stream;
    this.#left = length;
    this.#padding = 0;
    this.#isFirstOfData = true;
    this.#awaitsPadLength = type === DATA && (this.#flags & PADDED) !== 0;
    if (type === HEADERS || type === PUSH_PROMISE) {
      this.#dropBlock();
      this.#block = EMPTY;
      this.#blockEndsStream = type === HEADERS && (this.#flags & END_STREAM) !== 0;
    }
    this.#fragmentStart = this.#blockBytes;
    if (length === 0) this.#endFrame();
    return true;
  }

  #takeBody(data: Uint8Array, at: number, end: number): number {
    const bytes = Math.min(this.#left, end - at);
    if (this.#type === DATA) {
      this.#takeData(data, at, bytes);
    } else {
      this.#handler.overhead(bytes);
      if (this.#type === HEADERS || this.#type === CONTINUATION || this.#type === PUSH_PROMISE) this.#keepFragment(data, at, bytes);
      this.#left -= bytes;
    }
    if (this.#left === 0) this.#endFrame();
    return bytes;
  }

  #takeData(data: Uint8Array, start: number, bytes: number): void {
    let at = start;
    const end = start + bytes;
    if (this.#awaitsPadLength) {
      this.#awaitsPadLength = false;
      // Padding that fills more than the frame is an error of the sender's (RFC 9113 §6.1).
      this.#padding = Math.min(u8(data, at), this.#left - 1);
      this.#handler.overhead(1);
      this.#left -= 1;
      at += 1;
    }
    const ofData = Math.min(end - at, this.#left - this.#padding);
    if (ofData > 0) {
      this.#handler.data(this.#stream, data, at, at + ofData, this.#isFirstOfData, this.#left - this.#padding);
      this.#isFirstOfData = false;
    }
    this.#left -= end - at;
    if (end - at > Math.max(0, ofData)) this.#handler.overhead(end - at - Math.max(0, ofData));
  }

  #keepFragment(data: Uint8Array, at: number, bytes: number): void {
    if (this.#block === null || this.#isBlockBroken) return;
    const needed = this.#blockBytes + bytes;
    if (needed > this.#maxHeaderBlockBytes) {
      this.#isBlockBroken = true;
      return;
    }
    if (this.#block.length < needed) {
      const larger = new Uint8Array(Math.max(512, 2 * needed));
      larger.set(this.#block.subarray(0, this.#blockBytes));
      this.#block = larger;
    }
    this.#block.set(data.subarray(at, at + bytes), this.#blockBytes);
    this.#blockBytes = needed;
  }

  #endFrame(): void {
    switch (this.#type) {
      case DATA:
        if ((this.#flags & END_STREAM) !== 0) this.#handler.ended(this.#stream);
        return;
      case RST_STREAM:
        this.#handler.reset(this.#stream);
        return;
      case HEADERS:
      case PUSH_PROMISE:
        this.#trimFragment();
        if ((this.#flags & END_HEADERS) !== 0) this.#endBlock();
        return;
      case CONTINUATION:
        if ((this.#flags & END_HEADERS) !== 0) this.#endBlock();
        return;
      default:
        return;
    }
  }

  /** Takes padding, priority and the promised stream's number away from the fragment just read. */
  #trimFragment(): void {
    const block = this.#block;
    if (block === null || this.#isBlockBroken) return;
    let start = this.#fragmentStart;
    let end = this.#blockBytes;
    if ((this.#flags & PADDED) !== 0 && start < end) {
      end -= u8(block, start);
      start += 1;
    }
    if (this.#type === PUSH_PROMISE) start += 4;
    else if ((this.#flags & PRIORITY_FLAG) !== 0) start += PRIORITY_BYTES;
    if (start > end) {
      this.#isBlockBroken = true;
      return;
    }
    block.copyWithin(this.#fragmentStart, start, end);
    this.#blockBytes = this.#fragmentStart + end - start;
  }

  #endBlock(): void {
    const stream = this.#stream;
    const endsStream = this.#blockEndsStream;
    const block = this.#block === null || this.#isBlockBroken ? null : this.#block.subarray(0, this.#blockBytes);
    this.#dropBlock();
    this.#handler.headers(stream, block);
    if (endsStream) this.#handler.ended(stream);
  }

  #dropBlock(): void {
    this.#block = null;
    this.#blockBytes = 0;
    this.#isBlockBroken = false;
    this.#blockEndsStream = false;
  }
}

const EMPTY = new Uint8Array(0);

/**
 * Where in the segment from `start` to `end` (captured; to `wireEnd` on the wire) HTTP/2 frames begin, or -1. A run of headers is believed that ends exactly
 * where the segment does or is three frames long, as at a segment's first byte.
 */
export function findFrames(data: Uint8Array, start: number, end: number, wireEnd: number): number {
  for (let at = start; at + FRAME_HEADER_BYTES <= end; at++) {
    // The length's first byte is 0: no frame is longer than 2^14 bytes.
    if (u8(data, at) === 0 && countFrameHeaders(data, at, end, wireEnd) > 0) return at;
  }
  return -1;
}
