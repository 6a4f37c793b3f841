import { u32be } from './byte-order.js';
import type { FrameSink, NoteOddity, RecordReader } from './captured-frame.js';
import { isPcapMagic, PcapReader } from './pcap.js';
import { PcapngReader } from './pcapng.js';

const MAGIC_BYTES = 4;
const PCAPNG_MAGIC = 0x0a0d0d0a;

export type CaptureFormat = 'pcap' | 'pcapng';

/** The capture format that a file beginning with `head` (four bytes or more) is in, or null when it is no capture. */
export function recognizeCapture(head: Uint8Array): CaptureFormat | null {
  if (head.length < MAGIC_BYTES) return null;
  const magic = u32be(head, 0);
  if (magic === PCAPNG_MAGIC) return 'pcapng';
  return isPcapMagic(magic) ? 'pcap' : null;
}

/**
 * Cuts the chunks of a capture file into whole records, whatever the chunks' borders, and hands the frames to a {@link FrameSink}.
 * Only the incomplete end of a chunk is copied; how long that may be, the format's reader bounds.
 */
export class CaptureReader {
  readonly #sink: FrameSink;
  readonly #note: NoteOddity;
  /** Whether the sink keeps references to bytes it is shown, so that no buffer may be used twice. */
  readonly #sinkKeepsBytes: boolean;
  #records: RecordReader | null = null;
  #format: CaptureFormat | null = null;
  #refused = false;
  #refusedBytes = 0;
  #carry = new Uint8Array(0);
  #carried = 0;

  constructor(sink: FrameSink, note: NoteOddity, options: { readonly sinkKeepsBytes: boolean }) {
    this.#sink = sink;
    this.#note = note;
    this.#sinkKeepsBytes = options.sinkKeepsBytes;
  }

  /** The format, null before four bytes were seen and for what is no capture. */
  get format(): CaptureFormat | null {
    return this.#format;
  }

  get frames(): number {
    return this.#records?.frames ?? 0;
  }

  get unreadable(): number {
    return this.#records?.unreadable ?? 0;
  }

  get dropped(): number | null {
    return this.#records?.dropped ?? null;
  }

  push(chunk: Uint8Array): void {
    // A Buffer has another hidden class than a Uint8Array: seeing both makes every byte access slower.
    const data = chunk.constructor === Uint8Array ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    while (this.#carried > 0 && at < data.length) at = this.#continueCarry(data, at);
    if (at >= data.length) return;
    const done = this.#consume(data, at, data.length, false);
    this.#startCarry(data, done);
  }

  /** Tells that there is no more. */
  end(): void {
    const data = this.#carry;
    const length = this.#carried;
    this.#carried = 0;
    this.#consume(data, 0, length, true);
    if (this.#refused) this.#note('unrecognised-capture', `${this.#refusedBytes} bytes that do not begin like pcap or pcapng`, null);
  }

  /** Appends to the carried bytes what the next record wants; returns how far `data` was used. */
  #continueCarry(data: Uint8Array, at: number): number {
    const before = this.#carried;
    const wanted = Math.max(this.#records?.wantedBytes ?? MAGIC_BYTES, before + 1);
    const taken = Math.min(wanted - before, data.length - at);
    if (this.#carry.length < before + taken) {
      const larger = new Uint8Array(Math.max(before + taken, Math.min(2 * this.#carry.length, wanted)));
      larger.set(this.#carry.subarray(0, before));
      this.#carry = larger;
    }
    this.#carry.set(data.subarray(at, at + taken), before);
    this.#carried = before + taken;
    if (this.#carried < wanted) return at + taken;
    const carry = this.#carry;
    const done = this.#consume(carry, 0, this.#carried, false);
    if (done >= before) {
      this.#carried = 0;
      if (this.#sinkKeepsBytes) this.#carry = new Uint8Array(0);
      return at + done - before;
    }
    this.#carried -= done;
    if (this.#sinkKeepsBytes && done > 0) this.#carry = carry.slice(done, done + this.#carried);
    else carry.copyWithin(0, done, done + this.#carried);
    return at + taken;
  }

  #startCarry(data: Uint8Array, from: number): void {
    const length = data.length - from;
    if (length === 0) return;
    if (this.#sinkKeepsBytes || this.#carry.length < length) this.#carry = new Uint8Array(length);
    this.#carry.set(data.subarray(from));
    this.#carried = length;
  }

  #consume(data: Uint8Array, start: number, end: number, final: boolean): number {
    if (this.#records === null && !this.#refused) {
      if (end - start < MAGIC_BYTES && !final) return start;
      this.#format = recognizeCapture(data.subarray(start, end));
      if (this.#format === 'pcap') this.#records = new PcapReader(this.#sink, this.#note);
      else if (this.#format === 'pcapng') this.#records = new PcapngReader(this.#sink, this.#note);
      else this.#refused = true;
    }
    if (this.#records === null) {
      this.#refusedBytes += end - start;
      this.#sink.passed(data, start, end);
      return end;
    }
    const done = this.#records.consume(data, start, end, final);
    if (done > start) this.#sink.passed(data, start, done);
    return done;
  }
}
