import { BurstLog } from './bursts.js';
import { u8, u16be, u24be } from './byte-order.js';
import type { Conversation, Side, StreamSurroundings } from './conversation.js';
import { countFrameHeaders, OPENING_BYTES, recognizeHttp } from './plaintext.js';
import { PlaintextConversation } from './plaintext-conversation.js';
import {
  CERTIFICATE,
  CERTIFICATE_REQUEST,
  CERTIFICATE_VERIFY,
  CLIENT_HELLO,
  CLIENT_KEY_EXCHANGE,
  readClientHello,
  readLeafCertificate,
  readServerHello,
  SERVER_HELLO,
  SERVER_HELLO_DONE,
  SERVER_KEY_EXCHANGE,
} from './tls-handshake.js';

/** Record content types (RFC 8446 §5.1). */
export const CHANGE_CIPHER_SPEC = 20;
export const ALERT = 21;
export const HANDSHAKE = 22;
export const APPLICATION_DATA = 23;

const RECORD_HEADER_BYTES = 5;
/** TLS 1.2 allows 2048 bytes of expansion (RFC 5246 §6.2.3), 1.3 allows 256 (RFC 8446 §5.2). */
const MAX_RECORD_BYTES = 16_384 + 2048;
/** Stricter where a header is looked for in bytes of unknown meaning. */
const MAX_RECORD_BYTES_FOUND = 16_384 + 256;
const TLS_1_2 = 0x0303;
export const TLS_1_3 = 0x0304;

/** What AEAD ciphers add: 1.2 with AES-GCM 8 bytes of nonce and 16 of tag (RFC 5288), 1.3 a content type and the tag (RFC 8446 §5.2). */
const OVERHEAD_BYTES_1_2 = 24;
const OVERHEAD_BYTES_1_3 = 17;
const TELLING_BYTES: ReadonlySet<number> = new Set([13, 17, 16_384]);

/** An encrypted Finished of TLS 1.3: header, hash of 32 or 48 bytes, content type, tag. */
const FINISHED_RECORD_BYTES: readonly number[] = [4 + 32 + 17, 4 + 48 + 17];
/** A client's encrypted handshake under 1.3: Certificate, CertificateVerify, Finished, and one to spare. */
const MAX_CLIENT_HANDSHAKE_RECORDS = 4;

/** What is in an encrypted connection's handshake can begin so; used where a stream is entered in its middle. */
const CLEAR_MESSAGES: readonly number[] = [
  CLIENT_HELLO,
  SERVER_HELLO,
  CERTIFICATE,
  SERVER_KEY_EXCHANGE,
  CERTIFICATE_REQUEST,
  SERVER_HELLO_DONE,
  CERTIFICATE_VERIFY,
  CLIENT_KEY_EXCHANGE,
];

const MESSAGE_HEADER_BYTES = 4;
const SMALLEST_HANDSHAKE_BUFFER = 1024;
/** A stream that showed nothing known in so many segments is not looked at any more. */
const MAX_UNKNOWN_SEGMENTS = 256;

/** How a stream's bytes are being read. */
const OPENING = 0; // Its first bytes are known to come and tell the protocol.
const SEEKING = 1; // Its position is unknown: records or frames are looked for.
const RECORDS = 2; // Between or in TLS records.
const PLAINTEXT = 3; // HTTP.
const OTHER = 4; // Seen from the start and none of these.
type Mode = typeof OPENING | typeof SEEKING | typeof RECORDS | typeof PLAINTEXT | typeof OTHER;

function isRecordHeader(type: number, version: number, length: number, mostBytes: number): boolean {
  return type >= CHANGE_CIPHER_SPEC && type <= APPLICATION_DATA && version >= 0x0301 && version <= TLS_1_2 && length > 0 && length <= mostBytes;
}

function isRecordHeaderAt(data: Uint8Array, at: number): boolean {
  const version = u16be(data, at + 1);
  return (version === 0x0301 || version === TLS_1_2) && isRecordHeader(u8(data, at), version, u16be(data, at + 3), MAX_RECORD_BYTES_FOUND);
}

/**
 * Where in the segment from `start` to `end` (captured; to `wireEnd` on the wire) TLS records begin, or -1. Believed are a header at the segment's
 * first byte, two in a row, and one whose record ends exactly where the segment does: a false one is met once in a billion bytes, and the next
 * header then tells.
 */
export function findRecords(data: Uint8Array, start: number, end: number, wireEnd: number): number {
  const segment = data.subarray(start, end);
  const last = segment.length - RECORD_HEADER_BYTES;
  for (let at = 0; at <= last; at++) {
    // The version's first byte is the rarest; looking for it is one fast native call.
    at = segment.indexOf(3, at + 1) - 1;
    if (at < 0 || at > last) return -1;
    if (!isRecordHeaderAt(segment, at)) continue;
    const next = at + RECORD_HEADER_BYTES + u16be(segment, at + 3);
    if (at === 0 || next === wireEnd - start) return start + at;
    if (next <= last && isRecordHeaderAt(segment, next)) return start + at;
  }
  return -1;
}

/**
 * Follows one direction of a connection through its bytes, which come in order (what is missing is told): record headers by counting, handshake
 * messages in full as long as they are not encrypted, everything else unread.
 */
export class StreamFollower {
  readonly bursts: BurstLog;
  readonly #conversation: Conversation;
  readonly #side: Side;
  readonly #around: StreamSurroundings;
  #mode: Mode = SEEKING;
  #unknownSegments = 0;
  /** Whether plaintext was read from the stream's first byte on. */
  #isFromStart = false;
  /** The first bytes of a header whose rest is in the next segment. */
  #header: Uint8Array | null = null;
  #headerBytes = 0;
  #contentType = 0;
  #bodyLeft = 0;
  /** Whether the record's body is part of the burst under way. */
  #counts = false;
  #encrypted = false;
  #handshake: Uint8Array | null = null;
  #handshakeBytes = 0;

  constructor(conversation: Conversation, side: Side, around: StreamSurroundings) {
    this.#conversation = conversation;
    this.#side = side;
    this.#around = around;
    this.bursts = new BurstLog(around.burstBudget, around.limits.maxBurstsPerDirection, around.limits.maxSmallSizes, around.runBudget);
  }

  /** The stream's first byte will be the next. */
  open(): void {
    this.#mode = OPENING;
    this.#headerBytes = 0;
  }

  /** The next bytes: captured from `start` to `end` of `data`; up to `wireEnd` they were on the wire, cut by the snap length. */
  feed(data: Uint8Array, start: number, end: number, wireEnd: number, frame: number, micros: number): void {
    const protocol = this.#conversation.protocol;
    if (this.#mode === RECORDS) this.#follow(data, start, end, wireEnd, frame, micros);
    else if (this.#mode === PLAINTEXT) this.#feedPlaintext(data, start, end, wireEnd, frame, micros);
    else if (this.#mode === OPENING) this.#feedOpening(data, start, end, wireEnd, frame, micros);
    else if (protocol !== null && protocol !== 'tls') {
      this.#mode = PLAINTEXT;
      this.#feedPlaintext(data, start, end, wireEnd, frame, micros);
    } else if (this.#mode === OTHER && protocol === null) {
      this.#around.marks?.keepPlaintext(start, end);
      this.bursts.add(micros, frame, wireEnd - start);
    } else this.#seek(data, start, end, wireEnd, frame, micros);
    if (wireEnd > end) this.#skip(wireEnd - end, frame, micros);
  }

  /** The next `bytes` of the stream are missing from the capture. */
  miss(bytes: number): void {
    this.#skip(bytes, 0, 0);
  }

  /** No more handshake is expected: the connection is over. */
  close(): void {
    this.#handshake = null;
    this.#handshakeBytes = 0;
    this.#around.marks?.handshakeOver(this);
  }

  /** `frame` is 0 when nobody knows when the bytes passed. */
  #skip(bytes: number, frame: number, micros: number): void {
    if (this.#mode === OPENING) this.#mode = SEEKING;
    if (this.#mode === PLAINTEXT) this.#conversation.plaintext?.miss(this.#side, bytes);
    if (this.#mode !== RECORDS) return;
    const inHandshake = this.#contentType === HANDSHAKE && !this.#encrypted;
    if (bytes <= this.#bodyLeft && this.#headerBytes === 0 && !inHandshake) {
      this.#bodyLeft -= bytes;
      if (frame > 0 && this.#counts) this.bursts.pass(micros, frame);
      return;
    }
    if (inHandshake && frame > 0) this.#readCutMessage(frame);
    this.#mode = SEEKING;
    this.#bodyLeft = 0;
    this.#headerBytes = 0;
    this.close();
  }

  /** Reads what the snap length left of a hello: the server's name is near its beginning. */
  #readCutMessage(frame: number): void {
    const buffer = this.#handshake;
    if (buffer === null || this.#handshakeBytes < MESSAGE_HEADER_BYTES) return;
    const type = u8(buffer, 0);
    if (type === CLIENT_HELLO && readClientHello(buffer, MESSAGE_HEADER_BYTES, this.#handshakeBytes) !== null) {
      this.#readClientHello(buffer, MESSAGE_HEADER_BYTES, this.#handshakeBytes, frame);
    } else if (type === SERVER_HELLO && readServerHello(buffer, MESSAGE_HEADER_BYTES, this.#handshakeBytes) !== null) {
      this.#readServerHello(buffer, MESSAGE_HEADER_BYTES, this.#handshakeBytes, frame);
    }
  }

  #feedPlaintext(data: Uint8Array, start: number, end: number, wireEnd: number, frame: number, micros: number): void {
    this.#around.marks?.keepPlaintext(start, end);
    this.bursts.add(micros, frame, wireEnd - start);
    this.#around.listener?.plaintext(frame, this.#conversation.protocol === 'http1' ? 'http1' : 'http2', wireEnd - start);
    this.#readPlaintext(data, start, end, wireEnd, frame, micros);
  }

  #readPlaintext(data: Uint8Array, start: number, end: number, wireEnd: number, frame: number, micros: number): void {
    const conversation = this.#conversation;
    const ledger = this.#around.plaintext;
    if (ledger === null || conversation.protocol !== 'http2' || conversation.ends === null || conversation.isPlaintextRefused) return;
    if (conversation.plaintext === null) {
      if (!ledger.enter()) {
        conversation.isPlaintextRefused = true;
        return;
      }
      conversation.plaintext = new PlaintextConversation(ledger, conversation.ends, this.#around.note);
    }
    conversation.plaintext.feed(this.#side, this.#isFromStart, data, start, end, wireEnd, frame, micros);
  }

  #feedOpening(data: Uint8Array, start: number, end: number, wireEnd: number, frame: number, micros: number): void {
    const before = this.#headerBytes;
    const header = before === 0 && end - start >= OPENING_BYTES ? data.subarray(start, start + OPENING_BYTES) : this.#collectHeader(data, start, end);
    if (header === null) {
      this.#around.marks?.keep(start, end);
      return;
    }
    const at = start + OPENING_BYTES - before;
    if (this.#beginsRecord(header)) {
      this.#around.marks?.keep(start, at);
      this.#headerBytes = 0;
      this.#conversation.protocol ??= 'tls';
      this.#mode = RECORDS;
      this.#encrypted = false;
      this.#startRecord(header, 0, frame, micros);
      this.#follow(data, at, end, wireEnd, frame, micros);
      return;
    }
    this.#headerBytes = 0;
    const http = recognizeHttp(header, 0);
    if (http !== null || before > 0) this.#around.marks?.keep(start, at);
    if (http !== null) this.#recognize(http, header);
    if (this.#conversation.protocol === 'tls') this.#seek(data, start, end, wireEnd, frame, micros);
    else if (this.#conversation.protocol === null) {
      this.#mode = OTHER;
      this.#around.marks?.keepPlaintext(start, end);
      this.bursts.add(micros, frame, wireEnd - start + before);
    } else {
      this.#mode = PLAINTEXT;
      this.#isFromStart = true;
      if (before > 0) this.#readPlaintext(header, 0, before, before, frame, micros);
      this.#feedPlaintext(data, start, end, wireEnd, frame, micros);
    }
  }

  /** Adds to the header whose first bytes were in the segment before; returns it when it is whole. */
  #collectHeader(data: Uint8Array, start: number, end: number): Uint8Array | null {
    this.#header ??= new Uint8Array(RECORD_HEADER_BYTES);
    for (let at = start; this.#headerBytes < RECORD_HEADER_BYTES && at < end; at++) this.#header[this.#headerBytes++] = u8(data, at);
    return this.#headerBytes < RECORD_HEADER_BYTES ? null : this.#header;
  }

  #beginsRecord(header: Uint8Array): boolean {
    const type = u8(header, 0);
    return (type === HANDSHAKE || type === ALERT) && isRecordHeader(type, u16be(header, 1), u16be(header, 3), MAX_RECORD_BYTES);
  }

  #recognize(http: 'http2' | 'http1', opening: Uint8Array): void {
    const conversation = this.#conversation;
    conversation.protocol ??= http;
    const first = u8(opening, 0);
    const request = first !== 0 && !(first === 0x48 && u8(opening, 1) === 0x54); // Not SETTINGS, not `HT`TP/.
    if (conversation.clientSide < 0 && (request || http === 'http1')) conversation.clientSide = request ? this.#side : this.#side === 0 ? 1 : 0;
  }

  #seek(data: Uint8Array, start: number, end: number, wireEnd: number, frame: number, micros: number): void {
    this.#mode = SEEKING;
    const conversation = this.#conversation;
    if (conversation.protocol === null) {
      if (this.#unknownSegments >= MAX_UNKNOWN_SEGMENTS) return;
      this.#unknownSegments += 1;
      if (this.#seekPlaintext(data, start, end, wireEnd)) {
        this.#mode = PLAINTEXT;
        this.#feedPlaintext(data, start, end, wireEnd, frame, micros);
        return;
      }
    }
    const found = findRecords(data, start, end, wireEnd);
    if (found < 0) return;
    conversation.protocol = 'tls';
    this.#enterRecords(data, found, end);
    this.#follow(data, found, end, wireEnd, frame, micros);
  }

  #enterRecords(data: Uint8Array, at: number, end: number): void {
    this.#mode = RECORDS;
    this.#encrypted = !this.#beginsClearMessage(data, at, end);
  }

  #seekPlaintext(data: Uint8Array, start: number, end: number, wireEnd: number): boolean {
    if (end - start < OPENING_BYTES) return false;
    const http = recognizeHttp(data, start);
    if (http !== null) {
      this.#around.marks?.keep(start, start + OPENING_BYTES);
      this.#recognize(http, data.subarray(start, start + OPENING_BYTES));
      return true;
    }
    const frameHeaders = countFrameHeaders(data, start, end, wireEnd);
    if (frameHeaders === 0) return false;
    this.#conversation.protocol = 'http2';
    for (let i = 0, at = start; i < frameHeaders; i++) {
      this.#around.marks?.keep(at, at + 9);
      at += 9 + u24be(data, at);
    }
    return true;
  }

  /** Whether the record at `at` holds a handshake message in clear: a known type and a length that fits. */
  #beginsClearMessage(data: Uint8Array, at: number, end: number): boolean {
    const body = at + RECORD_HEADER_BYTES;
    if (u8(data, at) !== HANDSHAKE || body + MESSAGE_HEADER_BYTES > end) return false;
    return CLEAR_MESSAGES.includes(u8(data, body)) && u24be(data, body + 1) + MESSAGE_HEADER_BYTES <= u16be(data, at + 3);
  }

  /** Reads records; where one is not where it should be, looks for the next in the same segment. */
  #follow(data: Uint8Array, start: number, end: number, wireEnd: number, frame: number, micros: number): void {
    let at = start;
    while (at >= 0) {
      const lostAt = this.#feedRecords(data, at, end, frame, micros);
      if (lostAt < 0) return;
      at = findRecords(data, lostAt, end, wireEnd);
      if (at >= 0) this.#enterRecords(data, at, end);
    }
  }

  /** Reads records up to `end` and returns -1, or where the position was lost. */
  #feedRecords(data: Uint8Array, start: number, end: number, frame: number, micros: number): number {
    const marks = this.#around.marks;
    let at = start;
    while (at < end) {
      if (this.#bodyLeft > 0) {
        const bytes = Math.min(this.#bodyLeft, end - at);
        if (this.#contentType === HANDSHAKE && !this.#encrypted) {
          marks?.keep(at, at + bytes);
          this.#readHandshake(data, at, at + bytes, frame);
          // After it was read: whoever looks on may change the bytes.
          marks?.handshake(this, data, at, at + bytes);
        }
        this.#bodyLeft -= bytes;
        if (this.#counts) this.bursts.pass(micros, frame);
        at += bytes;
        continue;
      }
      if (this.#headerBytes === 0 && end - at >= RECORD_HEADER_BYTES) {
        if (!this.#startRecord(data, at, frame, micros)) break;
        marks?.keep(at, at + RECORD_HEADER_BYTES);
        at += RECORD_HEADER_BYTES;
        continue;
      }
      const rest = Math.min(RECORD_HEADER_BYTES - this.#headerBytes, end - at);
      const header = this.#collectHeader(data, at, end);
      marks?.keep(at, at + rest);
      at += rest;
      if (header === null) break;
      this.#headerBytes = 0;
      if (!this.#startRecord(header, 0, frame, micros)) break;
    }
    return this.#mode === SEEKING ? at : -1;
  }

  /** Begins the record whose header is at `at`. False when there is none: the position is lost. */
  #startRecord(data: Uint8Array, at: number, frame: number, micros: number): boolean {
    const type = u8(data, at);
    const length = u16be(data, at + 3);
    if (!isRecordHeader(type, u16be(data, at + 1), length, MAX_RECORD_BYTES)) {
      this.#mode = SEEKING;
      this.close();
      this.#around.note('lost-record-position', 'bytes where a TLS record header was due', frame);
      return false;
    }
    this.#contentType = type;
    this.#bodyLeft = length;
    this.#counts = false;
    this.#around.listener?.record(frame, type, length);
    if (type === APPLICATION_DATA) {
      if (this.#handshake !== null) this.close();
      this.#counts = this.#conversation.version !== TLS_1_3 || !this.#isHiddenHandshake(length);
      const bytes = length - this.#overheadOf(length);
      this.#counts = this.#counts && bytes > 0 && this.bursts.record(micros, frame, bytes);
    } else if (type === CHANGE_CIPHER_SPEC && this.#conversation.version !== TLS_1_3) {
      // Under 1.3 it means nothing and may stand before a second hello (RFC 8446 §D.4).
      this.#encrypted = true;
      this.close();
    }
    return true;
  }

  /** What the cipher added to a record of `length`. Without a hello the records tell: full ones, and HTTP/2's WINDOW_UPDATE and PING of 13 and 17 bytes, which are frequent. */
  #overheadOf(length: number): number {
    const conversation = this.#conversation;
    if (conversation.version !== 0) return conversation.version === TLS_1_3 ? OVERHEAD_BYTES_1_3 : OVERHEAD_BYTES_1_2;
    if (TELLING_BYTES.has(length - OVERHEAD_BYTES_1_3)) conversation.versionVotes += 1;
    else if (TELLING_BYTES.has(length - OVERHEAD_BYTES_1_2)) conversation.versionVotes -= 1;
    return conversation.versionVotes > 0 ? OVERHEAD_BYTES_1_3 : OVERHEAD_BYTES_1_2;
  }

  /**
   * Whether an encrypted record under TLS 1.3 still belongs to the handshake: the server's until the client has sent any, the client's up to its
   * Finished, known by its length.
   */
  #isHiddenHandshake(length: number): boolean {
    const { hiddenHandshakeRecords: hidden, clientSide } = this.#conversation;
    const seen = hidden[this.#side];
    if (seen < 0) return false;
    if (this.#side !== clientSide) {
      const client = hidden[this.#side === 0 ? 1 : 0];
      hidden[this.#side] = client === 0 ? seen + 1 : -1;
      return client === 0;
    }
    hidden[this.#side] = FINISHED_RECORD_BYTES.includes(length) || seen + 1 >= MAX_CLIENT_HANDSHAKE_RECORDS ? -1 : seen + 1;
    return true;
  }

  #readHandshake(data: Uint8Array, start: number, end: number, frame: number): void {
    const needed = this.#handshakeBytes + end - start;
    if (needed > this.#around.limits.maxHandshakeBytes) {
      this.#around.note('handshake-too-long', `more than ${this.#around.limits.maxHandshakeBytes} bytes of handshake`, frame);
      this.#encrypted = true;
      this.close();
      return;
    }
    if (this.#handshake === null || this.#handshake.length < needed) {
      const larger = new Uint8Array(Math.max(SMALLEST_HANDSHAKE_BUFFER, 2 * needed));
      if (this.#handshake !== null) larger.set(this.#handshake.subarray(0, this.#handshakeBytes));
      this.#handshake = larger;
    }
    this.#handshake.set(data.subarray(start, end), this.#handshakeBytes);
    this.#handshakeBytes = needed;
    this.#readMessages(this.#handshake, frame);
  }

  #readMessages(buffer: Uint8Array, frame: number): void {
    let at = 0;
    while (at + MESSAGE_HEADER_BYTES <= this.#handshakeBytes) {
      const next = at + MESSAGE_HEADER_BYTES + u24be(buffer, at + 1);
      if (next > this.#handshakeBytes) break;
      this.#readMessage(buffer, at, next, frame);
      at = next;
    }
    if (at > 0) {
      buffer.copyWithin(0, at, this.#handshakeBytes);
      this.#handshakeBytes -= at;
    }
  }

  #readMessage(buffer: Uint8Array, at: number, end: number, frame: number): void {
    const body = at + MESSAGE_HEADER_BYTES;
    const conversation = this.#conversation;
    switch (u8(buffer, at)) {
      case CLIENT_HELLO:
        this.#readClientHello(buffer, body, end, frame);
        return;
      case SERVER_HELLO:
        this.#readServerHello(buffer, body, end, frame);
        return;
      case CERTIFICATE:
        this.#readCertificate(buffer, body, end, frame);
        return;
      case CERTIFICATE_REQUEST:
        conversation.certificateRequested = true;
        this.#around.listener?.handshakeMessage(frame, 'CertificateRequest');
        return;
      case SERVER_HELLO_DONE:
        conversation.certificateRequested ??= false;
        return;
      default:
        return;
    }
  }

  #readClientHello(buffer: Uint8Array, start: number, end: number, frame: number): void {
    const hello = readClientHello(buffer, start, end);
    if (hello === null) {
      this.#around.note('malformed-handshake', 'a ClientHello that contradicts itself', frame);
      return;
    }
    const conversation = this.#conversation;
    conversation.clientSide = this.#side;
    conversation.serverName ??= hello.serverName;
    conversation.alpn ??= hello.alpn[0] ?? null;
    this.#noteFrame(frame);
    this.#around.listener?.handshakeMessage(frame, hello.serverName === null ? 'ClientHello' : `ClientHello SNI ${hello.serverName}`);
  }

  #readServerHello(buffer: Uint8Array, start: number, end: number, frame: number): void {
    const hello = readServerHello(buffer, start, end);
    if (hello === null) {
      this.#around.note('malformed-handshake', 'a ServerHello that contradicts itself', frame);
      return;
    }
    const conversation = this.#conversation;
    conversation.version = hello.version;
    if (conversation.clientSide < 0) conversation.clientSide = this.#side === 0 ? 1 : 0;
    if (hello.alpn !== null) conversation.alpn = hello.alpn;
    this.#around.listener?.handshakeMessage(
      frame,
      `ServerHello ${hello.version === TLS_1_3 ? '1.3' : hello.version === TLS_1_2 ? '1.2' : 'below 1.2'}`,
    );
  }

  #readCertificate(buffer: Uint8Array, start: number, end: number, frame: number): void {
    this.#noteFrame(frame);
    const der = readLeafCertificate(buffer, start, end);
    if (der === null) {
      this.#around.listener?.handshakeMessage(frame, 'Certificate (empty)');
      return;
    }
    const names = this.#around.certificates.read(der);
    if (names === null) {
      this.#around.note('unreadable-certificate', `a certificate of ${der.length} bytes`, frame);
      return;
    }
    this.#conversation.certificates[this.#side] = names;
    this.#around.listener?.handshakeMessage(frame, `Certificate CN=${names.commonName ?? '(none)'}`);
  }

  #noteFrame(frame: number): void {
    const frames = this.#conversation.handshakeFrames;
    if (frames.length < this.#around.limits.maxHandshakeFrames && !frames.includes(frame)) frames.push(frame);
  }
}
