import { CaptureFollower } from './capture-decoder.js';
import type { FragmentPlace, PayloadMarks } from './payload-marks.js';

/** Bytes of the file that are finished or wait for their frames to be. */
interface OutputPiece {
  readonly data: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Rewrites a capture, classic or pcapng, so that it compresses well: every TCP payload byte becomes zero that the decoder's findings do not depend on.
 * Kept are TLS record headers, handshake messages before encryption, and (without `dropPlaintext`) what is no TLS. Everything else of the file is
 * unchanged: sizes, times, frame numbers, headers, other protocols, unreadable stretches. Decoding the result gives the same connections.
 *
 * The same streams are followed as in decoding, so headers deep inside coalesced frames are found; of bytes in streams whose position is unknown only
 * headers found by looking for them are kept. Frames that wait for missing bytes of their stream are held back, so output comes late by some megabytes.
 */
export class CaptureSlimmer {
  readonly #follower: CaptureFollower;
  readonly #marks: SlimmingMarks;

  constructor(options: { readonly dropPlaintext?: boolean } = {}) {
    this.#marks = new SlimmingMarks(options.dropPlaintext ?? false);
    this.#follower = new CaptureFollower('', undefined, {
      marks: this.#marks,
      listener: null,
      frame: null,
      passed: (data, start, end) => this.#marks.pass(data, start, end),
    });
  }

  /** Takes the next bytes of the file, and returns the next bytes of the slimmed one. */
  push(chunk: Uint8Array): Uint8Array[] {
    // A copy: it is written into, and parts of it may be needed when the caller's buffer holds something else.
    this.#follower.push(new Uint8Array(chunk));
    return this.#marks.take();
  }

  /** Returns what is left. */
  end(): Uint8Array[] {
    this.#follower.end();
    return this.#marks.take();
  }
}

/** Zeroes what is not marked as kept, and queues the file's bytes until nothing refers to them. */
export class SlimmingMarks implements PayloadMarks {
  readonly #dropPlaintext: boolean;
  /** Pairs of start and end, ascending, since the last {@link finish}. */
  #kept: number[] = [];
  readonly #holds = new Map<ArrayBufferLike, number>();
  readonly #assembled = new Map<ArrayBufferLike, { readonly whole: Uint8Array; readonly places: readonly FragmentPlace[] }>();
  #queue: OutputPiece[] = [];

  constructor(dropPlaintext: boolean) {
    this.#dropPlaintext = dropPlaintext;
  }

  keep(start: number, end: number): void {
    this.#kept.push(start, end);
  }

  keepPlaintext(start: number, end: number): void {
    if (!this.#dropPlaintext) this.#kept.push(start, end);
  }

  finish(data: Uint8Array, start: number, end: number): void {
    const kept = this.#kept;
    let at = start;
    for (let i = 0; i < kept.length; i += 2) {
      const keptStart = kept[i] as number;
      if (keptStart > at) data.fill(0, at, Math.min(keptStart, end));
      at = Math.max(at, kept[i + 1] as number);
    }
    if (at < end) data.fill(0, at, end);
    kept.length = 0;
    if (!this.#holds.has(data.buffer)) this.#writeBack(data);
  }

  hold(data: Uint8Array): void {
    this.#holds.set(data.buffer, (this.#holds.get(data.buffer) ?? 0) + 1);
  }

  release(data: Uint8Array): void {
    const left = (this.#holds.get(data.buffer) ?? 1) - 1;
    if (left > 0) {
      this.#holds.set(data.buffer, left);
      return;
    }
    this.#holds.delete(data.buffer);
    this.#writeBack(data);
  }

  handshake(): void {}

  handshakeOver(): void {}

  assembled(whole: Uint8Array, places: readonly FragmentPlace[]): void {
    this.#assembled.set(whole.buffer, { whole, places });
  }

  /** Puts a reassembled datagram, when `data` is one, back into the frames its fragments came in. */
  #writeBack(data: Uint8Array): void {
    const known = this.#assembled.get(data.buffer);
    if (known === undefined) return;
    this.#assembled.delete(data.buffer);
    for (const place of known.places) {
      place.bytes.set(known.whole.subarray(place.at, place.at + place.bytes.length));
      this.release(place.bytes);
    }
  }

  pass(data: Uint8Array, start: number, end: number): void {
    this.#queue.push({ data, start, end });
  }

  /** The queued bytes up to the first that something still refers to. */
  take(): Uint8Array[] {
    const held = this.#queue.findIndex((piece) => this.#holds.has(piece.data.buffer));
    const ready = held < 0 ? this.#queue : this.#queue.slice(0, held);
    this.#queue = held < 0 ? [] : this.#queue.slice(held);
    return ready.map((piece) => piece.data.subarray(piece.start, piece.end));
  }
}
