import type { Burst } from '../events/connection.js';
import { instantOfMicros } from '../events/instant.js';
import { unboxed } from './byte-order.js';

/** A silence of this length ends a burst: a message's records leave a host within microseconds, the answer to one takes longer. */
export const BURST_GAP_MICROS = 2000;
/** Smaller bursts are not kept. */
export const SMALLEST_BURST_BYTES = 400;

/** How many more bursts all connections together may keep, and how many were not kept. */
export interface BurstBudget {
  left: number;
  refused: number;
}

/** Collects the bursts of one direction of one connection. */
export class BurstLog {
  readonly #budget: BurstBudget;
  readonly #most: number;
  /** Five numbers a burst: first and last time, first and last frame, bytes. An object each would cost three times the memory. */
  #kept: number[] | null = null;
  #firstAt = 0.5;
  #lastAt = 0.5;
  #firstFrame = 0;
  #lastFrame = 0;
  #bytes = 0;

  constructor(budget: BurstBudget, most: number) {
    this.#budget = budget;
    this.#most = most;
    this.#firstAt = 0;
    this.#lastAt = 0;
  }

  /** `bytes` of data were seen in `frame` at `micros`. Late segments may be told after younger ones. */
  add(micros: number, frame: number, bytes: number): void {
    if (this.#bytes > 0 && micros - this.#lastAt < BURST_GAP_MICROS) {
      if (micros > this.#lastAt) this.#lastAt = micros;
      if (frame > this.#lastFrame) this.#lastFrame = frame;
      this.#bytes += bytes;
      return;
    }
    this.#close();
    this.#firstAt = micros;
    this.#lastAt = micros;
    this.#firstFrame = frame;
    this.#lastFrame = frame;
    this.#bytes = bytes;
  }

  /** The bursts in the order of their first bytes in the stream. No more may be added. */
  finish(): readonly Burst[] {
    this.#close();
    const bursts = this.#list();
    this.#kept = null;
    return bursts;
  }

  /** The bursts so far, with the one under way as far as it goes, where there is room for it. More may be added. */
  snapshot(): readonly Burst[] {
    const bursts = this.#list();
    if (this.#bytes < SMALLEST_BURST_BYTES || !this.#hasRoom()) return bursts;
    const underWay = [this.#firstAt, this.#lastAt, this.#firstFrame, this.#lastFrame, this.#bytes];
    return [...bursts, burstAt(underWay, 0)];
  }

  #hasRoom(): boolean {
    return this.#budget.left > 0 && (this.#kept?.length ?? 0) < 5 * this.#most;
  }

  #list(): Burst[] {
    const kept = this.#kept ?? [];
    const bursts: Burst[] = [];
    for (let i = 0; i < kept.length; i += 5) bursts.push(burstAt(kept, i));
    return bursts;
  }

  #close(): void {
    if (this.#bytes >= SMALLEST_BURST_BYTES) {
      if (this.#hasRoom()) {
        this.#budget.left -= 1;
        if (this.#kept === null) this.#kept = [this.#firstAt, this.#lastAt, this.#firstFrame, this.#lastFrame, this.#bytes];
        else this.#kept.push(this.#firstAt, this.#lastAt, this.#firstFrame, this.#lastFrame, this.#bytes);
      } else {
        this.#budget.refused += 1;
      }
    }
    this.#bytes = 0;
  }
}

function burstAt(kept: readonly number[], i: number): Burst {
  return {
    firstAt: instantOfMicros(kept[i] as number),
    lastAt: instantOfMicros(kept[i + 1] as number),
    firstFrame: unboxed(kept[i + 2] as number),
    lastFrame: unboxed(kept[i + 3] as number),
    bytes: unboxed(kept[i + 4] as number),
  };
}
