import { u16, u32, u32be } from './byte-order.js';
import { MAX_FRAME_BYTES } from './capture-limits.js';
import { type CapturedFrame, createCapturedFrame, type FrameSink, type NoteOddity, type RecordReader } from './captured-frame.js';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/** Magic numbers as read in network order (draft-ietf-opsawg-pcap §4). */
const MICROS_BIG_ENDIAN = 0xa1b2c3d4;
const MICROS_LITTLE_ENDIAN = 0xd4c3b2a1;
const NANOS_BIG_ENDIAN = 0xa1b23c4d;
const NANOS_LITTLE_ENDIAN = 0x4d3cb2a1;

/** How many records in a row must look right before a position is believed to be one after something unreadable. */
const CHAIN_RECORDS = 3;
/** How far from its first byte such a row is looked for: three full segmentation-offload frames fit. */
const CHAIN_REACH_BYTES = 262_144;
/** Frames of one capture lie this near each other in time; only asked when looking for records in bytes of unknown meaning. */
const MAX_CHAIN_STEP_SECONDS = 7 * 86_400;

/** Whether the first four bytes are those of a classic capture file. */
export function isPcapMagic(magicBigEndian: number): boolean {
  return (
    magicBigEndian === MICROS_BIG_ENDIAN ||
    magicBigEndian === MICROS_LITTLE_ENDIAN ||
    magicBigEndian === NANOS_BIG_ENDIAN ||
    magicBigEndian === NANOS_LITTLE_ENDIAN
  );
}

/**
 * Reads the classic capture format: both byte orders, microseconds and nanoseconds (draft-ietf-opsawg-pcap).
 *
 * A record is believed when its captured length is possible and what follows looks like a record header. Otherwise the bytes after it are searched
 * for a run of records; what lies between is counted, and at most a few hundred kilobytes are held meanwhile. A record whose length lied keeps its
 * frame number.
 */
export class PcapReader implements RecordReader {
  wantedBytes = FILE_HEADER_BYTES;
  unreadable = 0;
  frames = 0;
  readonly dropped = null;
  readonly #sink: FrameSink;
  readonly #note: NoteOddity;
  readonly #frame: CapturedFrame = createCapturedFrame();
  #headerRead = false;
  #littleEndian = false;
  #nanos = false;
  /** Fractions in a second. */
  #fractions = 1_000_000;
  /** Position in the file of the byte at `data[0]`, for messages. */
  #filePosition = 0;
  #lastSeconds = -1;
  /** Whether the position is known to be no record header, so that a run of records is being looked for. */
  #lost = false;
  #garbageBytes = 0;

  constructor(sink: FrameSink, note: NoteOddity) {
    this.#sink = sink;
    this.#note = note;
  }

  consume(data: Uint8Array, start: number, end: number, final: boolean): number {
    const base = this.#filePosition - start;
    let at = start;
    if (!this.#headerRead) {
      if (end - at < FILE_HEADER_BYTES) {
        if (!final) return at;
        if (end > at) this.#note('torn-record', `the file header is cut after ${end - at} bytes`, null);
        return end;
      }
      this.#readFileHeader(data, at);
      at += FILE_HEADER_BYTES;
    }
    at = this.#readRecords(data, at, end, final, base);
    this.#filePosition = base + at;
    return at;
  }

  #readFileHeader(data: Uint8Array, at: number): void {
    const magic = u32be(data, at);
    this.#littleEndian = magic === MICROS_LITTLE_ENDIAN || magic === NANOS_LITTLE_ENDIAN;
    this.#nanos = magic === NANOS_BIG_ENDIAN || magic === NANOS_LITTLE_ENDIAN;
    this.#fractions = this.#nanos ? 1_000_000_000 : 1_000_000;
    const major = u16(data, at + 4, this.#littleEndian);
    if (major !== 2) this.#note('capture-version', `file format version ${major}, read as 2.4`, null);
    // The upper bits of the link type tell the length of a frame check sequence.
    this.#frame.linkType = u32(data, at + 20, this.#littleEndian) & 0xffff;
    this.#headerRead = true;
  }

  #readRecords(data: Uint8Array, start: number, end: number, final: boolean, base: number): number {
    let at = start;
    while (at < end) {
      if (this.#lost) {
        at = this.#findRecords(data, at, end, final, base);
        if (this.#lost) return at;
      }
      const next = this.#readRecord(data, at, end, final, base);
      if (next < 0) return at;
      at = next;
    }
    this.wantedBytes = RECORD_HEADER_BYTES;
    return at;
  }

  /** Reads the record at `at` and returns where the next one begins, or -1 when more bytes are needed. */
  #readRecord(data: Uint8Array, at: number, end: number, final: boolean, base: number): number {
    if (end - at < RECORD_HEADER_BYTES) return final ? this.#endTorn(data, at, end, base) : this.#want(RECORD_HEADER_BYTES);
    if (!this.#plausible(data, at)) {
      this.#loseRecord(data, at, base);
      return at;
    }
    const next = at + RECORD_HEADER_BYTES + u32(data, at + 8, this.#littleEndian);
    if (next + RECORD_HEADER_BYTES > end && !final) return this.#want(next + RECORD_HEADER_BYTES - at);
    const isCut = next > end;
    if (isCut || (next + RECORD_HEADER_BYTES <= end && !this.#mayFollow(data, at, next))) {
      // This record's length lies, or what follows it is damaged, or the file ends here: a run of records within it tells.
      if (next + CHAIN_REACH_BYTES > end && !final) return this.#want(next + CHAIN_REACH_BYTES - at);
      const found = this.#findChain(data, at + RECORD_HEADER_BYTES, Math.min(next, end), end, final);
      if (found >= 0) return this.#skipLyingRecord(data, at, found, base);
      if (isCut) return this.#endTorn(data, at, end, base);
    }
    this.#emit(data, at, next);
    return next;
  }

  #want(bytes: number): -1 {
    this.wantedBytes = bytes;
    return -1;
  }

  /** Whether the four numbers at `at` can be a record header; zeros (a slimmed payload) cannot. */
  #plausible(data: Uint8Array, at: number): boolean {
    const captured = u32(data, at + 8, this.#littleEndian);
    return captured > 0 && captured <= MAX_FRAME_BYTES && u32(data, at + 4, this.#littleEndian) < this.#fractions;
  }

  /**
   * Whether a record at `next` can follow the one at `at`. Their times count too: where a length lies, `next` is somewhere in a payload, and zeroing a part
   * of it (`slim`) can make a possible header of it by chance, but hardly one of the same week.
   */
  #mayFollow(data: Uint8Array, at: number, next: number): boolean {
    const step = u32(data, next, this.#littleEndian) - u32(data, at, this.#littleEndian);
    return this.#plausible(data, next) && Math.abs(step) <= MAX_CHAIN_STEP_SECONDS;
  }

  #emit(data: Uint8Array, at: number, next: number): void {
    const frame = this.#frame;
    const littleEndian = this.#littleEndian;
    const seconds = u32(data, at, littleEndian);
    const fraction = u32(data, at + 4, littleEndian);
    const captured = next - at - RECORD_HEADER_BYTES;
    const wireLength = u32(data, at + 12, littleEndian);
    this.#lastSeconds = seconds;
    frame.number = ++this.frames;
    frame.data = data;
    frame.start = at + RECORD_HEADER_BYTES;
    frame.end = next;
    frame.micros = seconds * 1_000_000 + (this.#nanos ? Math.floor(fraction / 1000) : fraction);
    frame.wireLength = wireLength;
    if (wireLength < captured) {
      this.#note('lying-length', `frame ${this.frames} claims ${wireLength} bytes on the wire, ${captured} captured`, this.frames);
      frame.wireLength = captured;
    }
    this.#sink.frame(frame);
  }

  /** What is at `at` is no record header: either one whose length lies, its time being right, or no header at all. */
  #loseRecord(data: Uint8Array, at: number, base: number): void {
    this.unreadable += 1;
    this.#lost = true;
    this.#garbageBytes = 0;
    const steps = Math.abs(u32(data, at, this.#littleEndian) - this.#lastSeconds);
    const isInTime = this.#lastSeconds < 0 || steps <= MAX_CHAIN_STEP_SECONDS;
    if (!isInTime || u32(data, at + 4, this.#littleEndian) >= this.#fractions) return;
    this.frames += 1;
    const captured = u32(data, at + 8, this.#littleEndian);
    this.#note('lying-length', `record ${this.frames} at byte ${base + at} claims ${captured} captured bytes`, this.frames);
  }

  #skipLyingRecord(data: Uint8Array, at: number, found: number, base: number): number {
    this.frames += 1;
    this.unreadable += 1;
    const captured = u32(data, at + 8, this.#littleEndian);
    this.#note(
      'lying-length',
      `record ${this.frames} at byte ${base + at} claims ${captured} captured bytes, the next record follows after ${found - at - RECORD_HEADER_BYTES}`,
      this.frames,
    );
    return found;
  }

  /** Looks for a run of records from `at` on; returns where it begins, or how far the search came. */
  #findRecords(data: Uint8Array, at: number, end: number, final: boolean, base: number): number {
    const from = at + (this.#garbageBytes === 0 ? 1 : 0);
    const searchEnd = final ? end : end - CHAIN_REACH_BYTES;
    const found = this.#findChain(data, from, searchEnd, end, final);
    const upTo = found >= 0 ? found : Math.max(at, final ? end : searchEnd);
    this.#garbageBytes += upTo - at;
    if (found >= 0) this.#lost = false;
    this.wantedBytes = 2 * CHAIN_REACH_BYTES;
    if (found >= 0 || final) {
      this.#note('unreadable-bytes', `${this.#garbageBytes} bytes up to byte ${base + upTo} are no records`, this.frames === 0 ? null : this.frames);
    }
    return upTo;
  }

  /** The first position from `from` up to, not including, `searchEnd` where a run of records begins, or -1. */
  #findChain(data: Uint8Array, from: number, searchEnd: number, end: number, final: boolean): number {
    for (let at = from; at < searchEnd; at++) {
      if (this.#chainAt(data, at, end, final)) return at;
    }
    return -1;
  }

  #chainAt(data: Uint8Array, start: number, end: number, final: boolean): boolean {
    const reach = Math.min(end, start + CHAIN_REACH_BYTES);
    const reachesFileEnd = final && reach === end;
    let at = start;
    let lastSeconds = this.#lastSeconds;
    for (let records = 0; records < CHAIN_RECORDS; records++) {
      if (reachesFileEnd && at === end) return records >= 1;
      if (at + RECORD_HEADER_BYTES > reach) return records >= 2;
      if (!this.#plausible(data, at)) return false;
      const seconds = u32(data, at, this.#littleEndian);
      const captured = u32(data, at + 8, this.#littleEndian);
      const wireLength = u32(data, at + 12, this.#littleEndian);
      if (wireLength < captured || wireLength > 4 * MAX_FRAME_BYTES) return false;
      if (lastSeconds >= 0 && Math.abs(seconds - lastSeconds) > MAX_CHAIN_STEP_SECONDS) return false;
      lastSeconds = seconds;
      at += RECORD_HEADER_BYTES + captured;
    }
    return true;
  }

  #endTorn(data: Uint8Array, at: number, end: number, base: number): number {
    this.#note('torn-record', `the last record, at byte ${base + at}, is cut after ${end - at} bytes`, this.frames === 0 ? null : this.frames);
    this.#sink.torn(data, Math.min(end, at + RECORD_HEADER_BYTES), end);
    return end;
  }
}
