import { u16, u32, u32be } from './byte-order.js';
import { MAX_FRAME_BYTES } from './capture-limits.js';
import { type CapturedFrame, createCapturedFrame, type FrameSink, type NoteOddity, type RecordReader } from './captured-frame.js';

/** Block types (draft-ietf-opsawg-pcapng §4). */
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const NAME_RESOLUTION = 4;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const DECRYPTION_SECRETS = 10;
const CUSTOM = 0xbad;
const CUSTOM_NOT_COPIED = 0x40000bad;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const SMALLEST_BLOCK_BYTES = 12;
const SECTION_HEADER_BYTES = 28;
/** Of an Enhanced Packet Block, up to the packet's bytes. */
const PACKET_HEADER_BYTES = 28;
/** A packet of the longest frame with a generous rest for options. Longer blocks are taken for damage. */
const MAX_BLOCK_BYTES = 1024 * 1024;
const MAX_INTERFACES = 65_536;

/** Smallest whole block of each type that carries fields; others are skipped by their length. */
const SMALLEST_BYTES: ReadonlyMap<number, number> = new Map([
  [SECTION_HEADER, SECTION_HEADER_BYTES],
  [INTERFACE_DESCRIPTION, 20],
  [OBSOLETE_PACKET, 32],
  [SIMPLE_PACKET, 16],
  [NAME_RESOLUTION, 12],
  [INTERFACE_STATISTICS, 24],
  [ENHANCED_PACKET, 32],
  [DECRYPTION_SECRETS, 20],
  [CUSTOM, 16],
  [CUSTOM_NOT_COPIED, 16],
]);

const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;
const OPTION_INTERFACE_DROPS = 5;
const OPTION_SYSTEM_DROPS = 7;

const WORD = 4_294_967_296;

/** One interface of a section. */
interface CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly index: number;
  /** How the interface's ticks become microseconds. */
  readonly clock: (high: number, low: number) => number;
  drops: number | null;
}

/**
 * Microseconds since the epoch, floored, of a 64-bit count of ticks, given if_tsresol and if_tsoffset (draft-ietf-opsawg-pcapng §4.2):
 * `resolution` is a negative power of ten, or with its highest bit set of two; the offset is seconds to add.
 */
export function createClock(resolution: number, offsetSeconds: number): (high: number, low: number) => number {
  const offset = offsetSeconds * 1_000_000;
  const exponent = resolution & 0x7f;
  if (resolution < 0x80 && exponent <= 6) {
    const micros = 10 ** (6 - exponent);
    return (high, low) => (high * WORD + low) * micros + offset;
  }
  if (resolution < 0x80 && exponent <= 12) {
    // Divided word by word: the tick count itself (nanoseconds) has more bits than a double keeps.
    const divisor = 10 ** (exponent - 6);
    return (high, low) => {
      const quotient = Math.floor(high / divisor);
      return quotient * WORD + Math.floor(((high - quotient * divisor) * WORD + low) / divisor) + offset;
    };
  }
  const ticksPerSecond = resolution < 0x80 ? 10n ** BigInt(exponent) : 2n ** BigInt(exponent);
  return (high, low) => Number((((BigInt(high) << 32n) | BigInt(low)) * 1_000_000n) / ticksPerSecond) + offset;
}

/**
 * Reads pcapng (draft-ietf-opsawg-pcapng): any number of sections, each in its own byte order, and interfaces with their own link type and clock;
 * Enhanced, Simple and obsolete Packet Blocks; drop counts from Interface Statistics Blocks. Other blocks are skipped.
 *
 * A block whose two lengths disagree or are impossible is an oddity; the bytes after it are searched for a block whose lengths agree.
 */
export class PcapngReader implements RecordReader {
  wantedBytes = SMALLEST_BLOCK_BYTES;
  unreadable = 0;
  frames = 0;
  readonly #sink: FrameSink;
  readonly #note: NoteOddity;
  readonly #frame: CapturedFrame = createCapturedFrame();
  #littleEndian = true;
  #interfaces: CaptureInterface[] = [];
  #interfacesBefore = 0;
  #dropsBefore: number | null = null;
  #filePosition = 0;
  #lost = false;
  #garbageBytes = 0;

  constructor(sink: FrameSink, note: NoteOddity) {
    this.#sink = sink;
    this.#note = note;
  }

  /** What Interface Statistics Blocks told (isb_ifdrop and isb_osdrop, the last of each interface), summed; null when none did. */
  get dropped(): number | null {
    return this.#interfaces.reduce<number | null>((sum, one) => (one.drops === null ? sum : (sum ?? 0) + one.drops), this.#dropsBefore);
  }

  consume(data: Uint8Array, start: number, end: number, final: boolean): number {
    const base = this.#filePosition - start;
    const at = this.#readBlocks(data, start, end, final, base);
    this.#filePosition = base + at;
    return at;
  }

  #readBlocks(data: Uint8Array, start: number, end: number, final: boolean, base: number): number {
    let at = start;
    for (;;) {
      if (this.#lost) {
        at = this.#findBlock(data, at, end, final, base);
        if (this.#lost) return at;
      }
      const available = end - at;
      if (available < SMALLEST_BLOCK_BYTES) {
        if (final) return this.#endTorn(data, at, end, base);
        this.wantedBytes = SMALLEST_BLOCK_BYTES;
        return at;
      }
      const length = this.#blockLength(data, at);
      if (length < 0) {
        this.#loseBlock(at, base, 'an impossible length');
        continue;
      }
      if (available < length) {
        if (!final) {
          this.wantedBytes = length;
          return at;
        }
        if (this.#searchBlock(data, at + 4, end, end) < 0) return this.#endTorn(data, at, end, base);
        this.#loseBlock(at, base, 'a length beyond the end of the file');
        continue;
      }
      if (u32(data, at + length - 4, this.#orderOf(data, at)) !== length) {
        this.#loseBlock(at, base, 'two lengths that disagree');
        continue;
      }
      this.#readBlock(data, at, length);
      at += length;
    }
  }

  /** The byte order of the block at `at`: a section header brings its own. */
  #orderOf(data: Uint8Array, at: number): boolean {
    return u32be(data, at) === SECTION_HEADER ? u32be(data, at + 8) !== BYTE_ORDER_MAGIC : this.#littleEndian;
  }

  /** The length that the block at `at` claims (12 bytes of it must be there), or -1 when that is impossible. */
  #blockLength(data: Uint8Array, at: number): number {
    const littleEndian = this.#orderOf(data, at);
    if (u32be(data, at) === SECTION_HEADER && u32(data, at + 8, littleEndian) !== BYTE_ORDER_MAGIC) return -1;
    const length = u32(data, at + 4, littleEndian);
    const smallest = SMALLEST_BYTES.get(u32(data, at, littleEndian)) ?? SMALLEST_BLOCK_BYTES;
    return length % 4 === 0 && length >= smallest && length <= MAX_BLOCK_BYTES ? length : -1;
  }

  #readBlock(data: Uint8Array, at: number, length: number): void {
    const end = at + length - 4;
    switch (u32(data, at, this.#orderOf(data, at))) {
      case ENHANCED_PACKET:
        this.#readEnhancedPacket(data, at, end, u32(data, at + 8, this.#littleEndian));
        return;
      case OBSOLETE_PACKET:
        this.#readEnhancedPacket(data, at, end, u16(data, at + 8, this.#littleEndian));
        return;
      case SIMPLE_PACKET:
        this.#readSimplePacket(data, at, end);
        return;
      case INTERFACE_DESCRIPTION:
        this.#readInterface(data, at, end);
        return;
      case INTERFACE_STATISTICS:
        this.#readStatistics(data, at, end);
        return;
      case SECTION_HEADER:
        this.#startSection(data, at);
        return;
      default:
        return;
    }
  }

  #startSection(data: Uint8Array, at: number): void {
    this.#dropsBefore = this.dropped;
    this.#interfacesBefore += this.#interfaces.length;
    this.#interfaces = [];
    this.#littleEndian = this.#orderOf(data, at);
    const major = u16(data, at + 12, this.#littleEndian);
    if (major !== 1) this.#note('capture-version', `section format version ${major}, read as 1.0`, this.#frameOrNull());
  }

  #readInterface(data: Uint8Array, at: number, end: number): void {
    const littleEndian = this.#littleEndian;
    if (this.#interfaces.length >= MAX_INTERFACES) {
      this.#note('too-many-interfaces', `a section with more than ${MAX_INTERFACES} interfaces`, this.#frameOrNull());
      return;
    }
    let resolution = 6;
    let offsetSeconds = 0;
    this.#eachOption(data, at + 16, end, (code, valueAt, valueLength) => {
      if (code === OPTION_TIME_RESOLUTION && valueLength >= 1) resolution = data[valueAt] as number;
      if (code === OPTION_TIME_OFFSET && valueLength >= 8) offsetSeconds = this.#signed64(data, valueAt);
    });
    this.#interfaces.push({
      linkType: u16(data, at + 8, littleEndian),
      snapLength: u32(data, at + 12, littleEndian),
      index: this.#interfacesBefore + this.#interfaces.length,
      clock: createClock(resolution, offsetSeconds),
      drops: null,
    });
  }

  #signed64(data: Uint8Array, at: number): number {
    const first = u32(data, at, this.#littleEndian);
    const second = u32(data, at + 4, this.#littleEndian);
    const high = this.#littleEndian ? second : first;
    return (high | 0) * WORD + (this.#littleEndian ? first : second);
  }

  #readStatistics(data: Uint8Array, at: number, end: number): void {
    const one = this.#interfaces[u32(data, at + 8, this.#littleEndian)];
    if (one === undefined) return;
    let drops: number | null = null;
    this.#eachOption(data, at + 20, end, (code, valueAt, valueLength) => {
      if ((code === OPTION_INTERFACE_DROPS || code === OPTION_SYSTEM_DROPS) && valueLength >= 8) {
        drops = (drops ?? 0) + this.#signed64(data, valueAt);
      }
    });
    if (drops !== null) one.drops = drops;
  }

  #eachOption(data: Uint8Array, start: number, end: number, visit: (code: number, valueAt: number, valueLength: number) => void): void {
    let at = start;
    while (at + 4 <= end) {
      const code = u16(data, at, this.#littleEndian);
      const length = u16(data, at + 2, this.#littleEndian);
      if (code === OPTION_END || at + 4 + length > end) return;
      visit(code, at + 4, length);
      at += 4 + ((length + 3) & ~3);
    }
  }

  /** The obsolete Packet Block differs in its first word only: a 16-bit interface and a drop count. */
  #readEnhancedPacket(data: Uint8Array, at: number, end: number, interfaceId: number): void {
    const littleEndian = this.#littleEndian;
    const one = this.#interfaces[interfaceId];
    const captured = u32(data, at + 20, littleEndian);
    this.frames += 1;
    if (one === undefined) {
      this.unreadable += 1;
      this.#note('unknown-interface', `frame ${this.frames} names interface ${interfaceId}, which was not described`, this.frames);
      return;
    }
    if (captured > end - at - PACKET_HEADER_BYTES || captured > MAX_FRAME_BYTES) {
      this.unreadable += 1;
      this.#note('lying-length', `frame ${this.frames} claims ${captured} captured bytes in a block of ${end + 4 - at}`, this.frames);
      return;
    }
    this.#frame.micros = one.clock(u32(data, at + 12, littleEndian), u32(data, at + 16, littleEndian));
    this.#emit(data, at + PACKET_HEADER_BYTES, captured, u32(data, at + 24, littleEndian), one);
  }

  /** A Simple Packet Block has no time: it gets that of the frame before it, which is said once. */
  #readSimplePacket(data: Uint8Array, at: number, end: number): void {
    const one = this.#interfaces[0];
    const wireLength = u32(data, at + 8, this.#littleEndian);
    this.frames += 1;
    if (one === undefined) {
      this.unreadable += 1;
      this.#note('unknown-interface', `frame ${this.frames} has no interface`, this.frames);
      return;
    }
    this.#note('frame-without-time', `frame ${this.frames} is a Simple Packet Block and takes the time of the frame before it`, this.frames);
    if (this.frames === 1) this.#frame.micros = 0;
    const snapped = one.snapLength === 0 ? wireLength : Math.min(wireLength, one.snapLength);
    this.#emit(data, at + 12, Math.min(snapped, end - at - 12), wireLength, one);
  }

  #emit(data: Uint8Array, start: number, captured: number, wireLength: number, one: CaptureInterface): void {
    const frame = this.#frame;
    frame.data = data;
    frame.start = start;
    frame.end = start + captured;
    frame.wireLength = wireLength;
    frame.linkType = one.linkType;
    frame.interfaceIndex = one.index;
    frame.severalInterfaces = this.#interfacesBefore + this.#interfaces.length > 1;
    frame.number = this.frames;
    if (wireLength < captured) {
      this.#note('lying-length', `frame ${this.frames} claims ${wireLength} bytes on the wire, ${captured} captured`, this.frames);
      frame.wireLength = captured;
    }
    this.#sink.frame(frame);
  }

  #loseBlock(at: number, base: number, what: string): void {
    this.unreadable += 1;
    this.#lost = true;
    this.#garbageBytes = 0;
    this.#note('lying-length', `the block at byte ${base + at} has ${what}`, this.#frameOrNull());
  }

  #findBlock(data: Uint8Array, at: number, end: number, final: boolean, base: number): number {
    const from = at + (this.#garbageBytes === 0 ? 4 : 0);
    const searchEnd = final ? end : end - MAX_BLOCK_BYTES;
    const found = this.#searchBlock(data, from, searchEnd, end);
    const upTo = found >= 0 ? found : Math.max(at, final ? end : searchEnd);
    this.#garbageBytes += upTo - at;
    if (found >= 0) this.#lost = false;
    this.wantedBytes = MAX_BLOCK_BYTES + MAX_FRAME_BYTES;
    if (found >= 0 || final) {
      this.#note('unreadable-bytes', `${this.#garbageBytes} bytes up to byte ${base + upTo} are no blocks`, this.#frameOrNull());
    }
    return upTo;
  }

  /** The first position from `from` up to, not including, `searchEnd` where a block of a known type with two equal lengths lies, or -1. */
  #searchBlock(data: Uint8Array, from: number, searchEnd: number, end: number): number {
    const last = Math.min(searchEnd, end - SMALLEST_BLOCK_BYTES + 1);
    for (let at = from; at < last; at++) {
      const littleEndian = this.#orderOf(data, at);
      if (!SMALLEST_BYTES.has(u32(data, at, littleEndian))) continue;
      const length = this.#blockLength(data, at);
      if (length > 0 && at + length <= end && u32(data, at + length - 4, littleEndian) === length) return at;
    }
    return -1;
  }

  #endTorn(data: Uint8Array, at: number, end: number, base: number): number {
    if (end === at) return end;
    this.#note('torn-record', `the last block, at byte ${base + at}, is cut after ${end - at} bytes`, this.#frameOrNull());
    this.#sink.torn(data, Math.min(end, at + PACKET_HEADER_BYTES), end);
    return end;
  }

  #frameOrNull(): number | null {
    return this.frames === 0 ? null : this.frames;
  }
}
