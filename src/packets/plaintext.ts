import { i32be, u8, u24be } from './byte-order.js';

/** How many bytes tell one protocol from another at the start of a stream; also the length of a TLS record header. */
export const OPENING_BYTES = 5;

/** First five bytes: HTTP/2's preface `PRI * HTTP/2.0` (RFC 9113 §3.4; PRI is no method of HTTP/1), and HTTP/1's methods and status line. */
const HTTP2_OPENING = 'PRI *';
const HTTP1_OPENINGS: ReadonlySet<string> = new Set(['GET /', 'POST ', 'PUT /', 'HEAD ', 'PATCH', 'DELET', 'OPTIO', 'CONNE', 'TRACE', 'HTTP/']);

export const FRAME_HEADER_BYTES = 9;
/** gRPC leaves SETTINGS_MAX_FRAME_SIZE at its default (RFC 9113 §6.5.2). */
export const MAX_FRAME_LENGTH = 16_384;
const DATA = 0;
const HEADERS = 1;
const PRIORITY = 2;
const RST_STREAM = 3;
const SETTINGS = 4;
const PUSH_PROMISE = 5;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;
/** So many frames in a row are believed even when the segment ends within the last. */
const CHAIN_FRAMES = 3;

/** Which HTTP a stream speaks whose first five bytes are at `at`, or null. */
export function recognizeHttp(data: Uint8Array, at: number): 'http2' | 'http1' | null {
  const first = u8(data, at);
  // A server may speak first: its SETTINGS frame, with at most a handful of six-byte settings.
  if (first === 0) {
    const length = u24be(data, at);
    return u8(data, at + 3) === SETTINGS && u8(data, at + 4) === 0 && length % 6 === 0 && length <= 60 ? 'http2' : null;
  }
  if (first < 0x43 || first > 0x54) return null;
  const opening = String.fromCharCode(first, u8(data, at + 1), u8(data, at + 2), u8(data, at + 3), u8(data, at + 4));
  if (opening === HTTP2_OPENING) return 'http2';
  return HTTP1_OPENINGS.has(opening) ? 'http1' : null;
}

/** Whether the nine bytes at `at` can be an HTTP/2 frame header (RFC 9113 §4.1, §6): known type, its flags, its length, its kind of stream. */
function isFrameHeader(data: Uint8Array, at: number): boolean {
  const length = u24be(data, at);
  const flags = u8(data, at + 4);
  const stream = i32be(data, at + 5);
  if (stream < 0 || length > MAX_FRAME_LENGTH) return false;
  switch (u8(data, at + 3)) {
    case DATA:
      return stream !== 0 && (flags & ~0x09) === 0;
    case HEADERS:
      return stream !== 0 && (flags & ~0x2d) === 0 && length > 0;
    case PRIORITY:
      return stream !== 0 && flags === 0 && length === 5;
    case RST_STREAM:
      return stream !== 0 && flags === 0 && length === 4;
    case SETTINGS:
      return stream === 0 && (flags & ~0x01) === 0 && length % 6 === 0 && (flags === 0 || length === 0);
    case PUSH_PROMISE:
      return stream !== 0 && (flags & ~0x0c) === 0 && length > 4;
    case PING:
      return stream === 0 && (flags & ~0x01) === 0 && length === 8;
    case GOAWAY:
      return stream === 0 && flags === 0 && length >= 8;
    case WINDOW_UPDATE:
      return flags === 0 && length === 4;
    case CONTINUATION:
      return stream !== 0 && (flags & ~0x04) === 0;
    default:
      return false;
  }
}

/**
 * How many HTTP/2 frame headers say that the segment from `start` to `end` (captured; to `wireEnd` on the wire) holds HTTP/2 frames from its
 * first byte on, 0 when it does not: a run that ends exactly where the segment does, or three frames in a row. gRPC hands whole frames to the socket, so segments of a stream that began before the
 * capture mostly begin with one.
 */
export function countFrameHeaders(data: Uint8Array, start: number, end: number, wireEnd: number): number {
  let at = start;
  for (let frames = 0; frames < CHAIN_FRAMES; frames++) {
    if (at === wireEnd) return frames;
    if (at + FRAME_HEADER_BYTES > end || !isFrameHeader(data, at)) return 0;
    at += FRAME_HEADER_BYTES + u24be(data, at);
  }
  return CHAIN_FRAMES;
}
