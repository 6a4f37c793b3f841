import { u16be } from './byte-order.js';
import { CaptureFollower, type FrameDepth } from './capture-decoder.js';
import { type CaptureFormat, recognizeCapture } from './capture-reader.js';
import type { CapturedFrame } from './captured-frame.js';
import { createDissection, type Dissection } from './dissection.js';
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from './ip.js';
import { dissectLink, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 } from './link.js';
import type { PayloadMarks } from './payload-marks.js';
import { PcapngScrubber } from './pcapng-scrubber.js';
import type { PacketPseudonyms } from './redact-certificate.js';
import { redactHandshakeMessage } from './redact-handshake.js';
import { SlimmingMarks } from './slim.js';

export type { PacketPseudonyms } from './redact-certificate.js';

const LINKTYPE_ETHERNET = 1;
const ARP_BYTES = 28;
const FRAGMENT_HEADER = 44;
/** A handshake that is not finished after so many bytes of the file is given up: everything after it waits for it. */
const MAX_WAIT_BYTES = 64 << 20;
const RECORD_HEADER_BYTES = 16;
const FILE_HEADER_BYTES = 24;

/**
 * Rewrites a capture, classic or pcapng, so that it tells nothing of who spoke and what was said: addresses (link, ARP, IP) and the names in TLS handshakes are
 * replaced, everything that is slimmed away by {@link CaptureSlimmer} is zero, and so are keys, signatures, randoms, unencrypted payload, datagrams of other
 * protocols than TCP, padding, and what the file says beside the packets. Sizes, times, frame numbers, ports, TCP sequence numbers and options stay: decoding
 * the result gives the same connections under other names. IPv4 header checksums are computed anew, those of TCP and UDP are zero.
 * Of a TCP segment that came in IP fragments only the header stays.
 */
export class CaptureRedactor {
  readonly #marks: RedactingMarks;
  readonly #follower: CaptureFollower;
  #scrubber: PcapngScrubber | null = null;
  #format: CaptureFormat | null = null;
  #hasBegun = false;

  constructor(names: PacketPseudonyms) {
    this.#marks = new RedactingMarks(names);
    this.#follower = new CaptureFollower('', undefined, {
      marks: this.#marks,
      listener: null,
      frame: (frame, view, depth) => this.#marks.frame(frame, view, depth),
      passed: (data, start, end) => this.#marks.pass(data, start, end),
    });
  }

  /** Takes the next bytes of the file, and returns the next bytes of the redacted one. The first chunk holds four bytes or more. */
  push(chunk: Uint8Array): Uint8Array[] {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#format = recognizeCapture(chunk);
      if (this.#format === 'pcapng') this.#scrubber = new PcapngScrubber();
      this.#marks.keepsGaps = this.#format === 'pcapng';
    }
    this.#follower.push(new Uint8Array(chunk));
    this.#marks.giveUpOld(chunk.length);
    return this.#scrubbed(this.#marks.take());
  }

  /** Returns what is left. */
  end(): Uint8Array[] {
    this.#follower.end();
    this.#marks.giveUpAll();
    const rest = this.#scrubbed(this.#marks.take());
    return this.#scrubber === null ? rest : [...rest, this.#scrubber.end()];
  }

  #scrubbed(pieces: Uint8Array[]): Uint8Array[] {
    const scrubber = this.#scrubber;
    return scrubber === null ? pieces : pieces.map((piece) => scrubber.push(piece));
  }
}

interface HandshakePiece {
  readonly data: Uint8Array;
  start: number;
  readonly end: number;
}

interface OpenHandshake {
  readonly pieces: HandshakePiece[];
  /** How many bytes of the file had been taken when the first piece came. */
  since: number;
  isLost: boolean;
}

/** Zeroes what slimming zeroes and more, and replaces names where they are. */
class RedactingMarks implements PayloadMarks {
  /** Whether what lies between frames is somebody else's to clean. */
  keepsGaps = false;
  readonly #names: PacketPseudonyms;
  readonly #slimming = new SlimmingMarks(true);
  readonly #view: Dissection = createDissection();
  readonly #open = new Map<object, OpenHandshake>();
  #frames: { readonly start: number; readonly end: number }[] = [];
  #taken = 0;
  #passed = 0;

  constructor(names: PacketPseudonyms) {
    this.#names = names;
  }

  keep(start: number, end: number): void {
    this.#slimming.keep(start, end);
  }

  keepPlaintext(): void {}

  finish(data: Uint8Array, start: number, end: number): void {
    this.#slimming.finish(data, start, end);
  }

  hold(data: Uint8Array): void {
    this.#slimming.hold(data);
  }

  release(data: Uint8Array): void {
    this.#slimming.release(data);
  }

  assembled(...args: Parameters<PayloadMarks['assembled']>): void {
    this.#slimming.assembled(...args);
  }

  take(): Uint8Array[] {
    return this.#slimming.take();
  }

  // ── handshakes

  handshake(stream: object, data: Uint8Array, start: number, end: number): void {
    let open = this.#open.get(stream);
    if (open === undefined) {
      open = { pieces: [], since: this.#taken, isLost: false };
      this.#open.set(stream, open);
    }
    if (open.isLost) {
      data.fill(0, start, end);
      return;
    }
    if (open.pieces.length === 0) open.since = this.#taken;
    this.hold(data);
    open.pieces.push({ data, start, end });
    for (let bytes = lengthOf(open.pieces); bytes >= 4; bytes = lengthOf(open.pieces)) {
      const header = gather(open.pieces, 4);
      const length = 4 + (header[1] as number) * 65_536 + (header[2] as number) * 256 + (header[3] as number);
      if (length > bytes) return;
      this.#redact(open.pieces, length);
    }
  }

  handshakeOver(stream: object): void {
    const open = this.#open.get(stream);
    if (open === undefined) return;
    this.#open.delete(stream);
    this.#redact(open.pieces, lengthOf(open.pieces));
  }

  /** Rewrites the first `length` bytes of the pieces, one message or the beginning of one, and lets go of them. */
  #redact(pieces: HandshakePiece[], length: number): void {
    const message = gather(pieces, length);
    redactHandshakeMessage(message, this.#names);
    let at = 0;
    while (at < length) {
      const piece = pieces[0] as HandshakePiece;
      const bytes = Math.min(length - at, piece.end - piece.start);
      piece.data.set(message.subarray(at, at + bytes), piece.start);
      piece.start += bytes;
      at += bytes;
      if (piece.start < piece.end) break;
      pieces.shift();
      this.release(piece.data);
    }
  }

  giveUpOld(moreBytes: number): void {
    this.#taken += moreBytes;
    for (const open of this.#open.values()) if (open.pieces.length > 0 && this.#taken - open.since > MAX_WAIT_BYTES) this.#giveUp(open);
  }

  giveUpAll(): void {
    for (const open of this.#open.values()) this.#giveUp(open);
    this.#open.clear();
  }

  #giveUp(open: OpenHandshake): void {
    open.isLost = true;
    this.#redact(open.pieces, lengthOf(open.pieces));
  }

  // ── headers

  frame(frame: CapturedFrame, view: Dissection, depth: FrameDepth): void {
    this.#frames.push({ start: frame.start, end: frame.end });
    const { data, end } = frame;
    const link = this.#view;
    if (!dissectLink(frame, link)) {
      data.fill(0, frame.start, end);
      return;
    }
    const network = link.networkStart;
    this.#redactLink(frame);
    if (depth === 'unreadable') data.fill(0, network, end);
    else if (link.etherType === ETHERTYPE_ARP) this.#redactArp(data, network, end);
    else if (link.etherType === ETHERTYPE_IPV4) this.#redactIpv4(data, network, end, view, depth);
    else if (link.etherType === ETHERTYPE_IPV6) this.#redactIpv6(data, network, end, view, depth);
    else data.fill(0, network, end);
  }

  #redactLink(frame: CapturedFrame): void {
    const { data, start } = frame;
    if (frame.linkType === LINKTYPE_ETHERNET) {
      this.#replaceMac(data, start);
      this.#replaceMac(data, start + 6);
    } else if (frame.linkType === LINKTYPE_LINUX_SLL) this.#replaceCooked(data, u16be(data, start + 4), start + 6);
    else if (frame.linkType === LINKTYPE_LINUX_SLL2) this.#replaceCooked(data, data[start + 11] as number, start + 12);
  }

  /** Eight bytes for an address of which the first `length` are in use; only those of six are known to be MAC addresses. */
  #replaceCooked(data: Uint8Array, length: number, at: number): void {
    if (length === 6) {
      this.#replaceMac(data, at);
      data.fill(0, at + 6, at + 8);
    } else data.fill(0, at, at + 8);
  }

  #replaceMac(data: Uint8Array, at: number): void {
    data.set(this.#names.mac(data.slice(at, at + 6)), at);
  }

  #replaceAddress(data: Uint8Array, at: number, bytes: number): void {
    data.set(this.#names.address(data.slice(at, at + bytes)), at);
  }

  /** RFC 826, for Ethernet and IPv4; anything else is zeroed. */
  #redactArp(data: Uint8Array, at: number, end: number): void {
    const isCommon = at + ARP_BYTES <= end && u16be(data, at) === 1 && u16be(data, at + 2) === ETHERTYPE_IPV4 && u16be(data, at + 4) === 0x0604;
    if (!isCommon) {
      data.fill(0, at, end);
      return;
    }
    this.#replaceMac(data, at + 8);
    this.#replaceAddress(data, at + 14, 4);
    this.#replaceMac(data, at + 18);
    this.#replaceAddress(data, at + 24, 4);
    data.fill(0, at + ARP_BYTES, end);
  }

  #redactIpv4(data: Uint8Array, at: number, end: number, view: Dissection, depth: FrameDepth): void {
    const headerBytes = ((data[at] as number) & 0x0f) * 4;
    this.#replaceAddress(data, at + 12, 4);
    this.#replaceAddress(data, at + 16, 4);
    // Options may list the addresses of a route; 1 is "no operation".
    data.fill(1, at + 20, Math.min(end, at + headerBytes));
    if (u16be(data, at + 10) !== 0 && at + headerBytes <= end) {
      data[at + 10] = 0;
      data[at + 11] = 0;
      const sum = headerChecksum(data, at, headerBytes);
      data[at + 10] = sum >> 8;
      data[at + 11] = sum & 255;
    }
    const offset = (u16be(data, at + 6) & 0x1fff) * 8;
    const isFragment = (u16be(data, at + 6) & 0x3fff) !== 0;
    this.#redactTransport(data, at + headerBytes, end, data[at + 9] as number, isFragment ? offset : -1, view, depth);
  }

  #redactIpv6(data: Uint8Array, at: number, end: number, view: Dissection, depth: FrameDepth): void {
    this.#replaceAddress(data, at + 8, 16);
    this.#replaceAddress(data, at + 24, 16);
    // Extension headers may hold addresses. One of the smallest size has room for none; a frame with more keeps its IP header only.
    const next = data[at + 6] as number;
    const isFragment = next === FRAGMENT_HEADER && at + 48 <= end;
    if (isFragment) this.#redactTransport(data, at + 48, end, data[at + 40] as number, u16be(data, at + 42) & 0xfff8, view, depth);
    else if (depth === 'fragment' || (view.data === data && view.transportStart > at + 48)) data.fill(0, at + 40, end);
    else this.#redactTransport(data, view.data === data ? view.transportStart : at + 40, end, view.protocol, -1, view, depth);
  }

  /** `fragmentOffset` is -1 for a whole datagram. */
  #redactTransport(
    data: Uint8Array,
    start: number,
    end: number,
    protocol: number,
    fragmentOffset: number,
    view: Dissection,
    depth: FrameDepth,
  ): void {
    const isFirst = fragmentOffset <= 0;
    if (protocol === PROTOCOL_TCP && isFirst && start + 20 <= end) {
      data[start + 16] = 0;
      data[start + 17] = 0;
      if (depth === 'tcp' && fragmentOffset < 0) data.fill(0, Math.min(end, Math.max(start, view.end)), end);
      else data.fill(0, Math.min(end, start + Math.max(20, ((data[start + 12] as number) >> 4) * 4)), end);
    } else if (protocol === PROTOCOL_UDP && isFirst) data.fill(0, Math.min(end, start + 6), end);
    else if ((protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6) && isFirst) data.fill(0, Math.min(end, start + 2), end);
    else data.fill(0, Math.min(end, start), end);
  }

  // ── the file around the frames

  /** Bytes outside of frames are record headers, or were not understood: of a stretch of those only its first and last header are left. */
  pass(data: Uint8Array, start: number, end: number): void {
    let at = start;
    for (const frame of this.#frames) {
      this.#emptyGap(data, at, frame.start, RECORD_HEADER_BYTES);
      at = frame.end;
    }
    this.#emptyGap(data, at, end, 0);
    this.#frames = [];
    this.#passed += end - start;
    this.#slimming.pass(data, start, end);
  }

  #emptyGap(data: Uint8Array, start: number, end: number, kept: number): void {
    if (this.keepsGaps) return;
    const isFileHead = this.#passed === 0 && start === 0;
    const from = start + RECORD_HEADER_BYTES + (isFileHead ? FILE_HEADER_BYTES - RECORD_HEADER_BYTES : 0);
    if (from < end - kept) data.fill(0, from, end - kept);
  }
}

const lengthOf = (pieces: readonly HandshakePiece[]): number => pieces.reduce((sum, piece) => sum + piece.end - piece.start, 0);

function gather(pieces: readonly HandshakePiece[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    const some = piece.data.subarray(piece.start, Math.min(piece.end, piece.start + length - at));
    bytes.set(some, at);
    at += some.length;
    if (at === length) break;
  }
  return bytes;
}

/** RFC 1071, over an IPv4 header whose checksum field is zero. */
function headerChecksum(data: Uint8Array, at: number, bytes: number): number {
  let sum = 0;
  for (let i = at; i < at + bytes; i += 2) sum += u16be(data, i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
