import { unboxed } from './byte-order.js';

/** Numbers a step takes in the list: its start in seconds, bytes of direction 0, bytes of direction 1. */
const STRIDE = 3;

/** How many steps one connection may have; gets less as connections get more. */
export interface TrafficShare {
  mostSteps: number;
}

/** A connection keeps so many steps however many there are. */
const FEWEST_STEPS = 64;

/** The share of one of `connections`. */
export function stepsPerConnection(connections: number, maxSteps: number, maxStepsInAll: number): number {
  return Math.min(maxSteps, Math.max(FEWEST_STEPS, Math.floor(maxStepsInAll / Math.max(1, connections))));
}

/** Payload bytes a second of both directions of one connection; when there are too many steps, each becomes twice as wide. */
export class TrafficLog {
  readonly #share: TrafficShare;
  #stepSeconds = 1;
  /** One list of numbers: a capture has many short connections, and an object a step would be most of the memory. */
  #steps: number[] | null = null;

  constructor(share: TrafficShare) {
    this.#share = share;
  }

  /** `bytes` of `direction` passed at `micros`. */
  add(micros: number, direction: 0 | 1, bytes: number): void {
    let second = Math.floor(micros / 1_000_000);
    if (this.#stepSeconds > 1) second -= second % this.#stepSeconds;
    const steps = this.#steps;
    if (steps === null) {
      this.#steps = direction === 0 ? [second, bytes, 0] : [second, 0, bytes];
      return;
    }
    let at = steps.length - STRIDE;
    // Time nearly always goes forward; a capture of several interfaces may step back a little.
    while (at >= 0 && (steps[at] as number) > second) at -= STRIDE;
    if (at >= 0 && steps[at] === second) {
      steps[at + 1 + direction] = (steps[at + 1 + direction] as number) + bytes;
      return;
    }
    const sent = direction === 0 ? bytes : 0;
    if (at + STRIDE === steps.length) steps.push(second, sent, bytes - sent);
    else steps.splice(at + STRIDE, 0, second, sent, bytes - sent);
    if (steps.length > STRIDE * this.#share.mostSteps) this.#widen(steps);
  }

  /** `[start of the step in seconds since the epoch, bytes of direction 0, bytes of direction 1]`, ascending; steps without bytes are absent. */
  steps(): readonly (readonly [number, number, number])[] {
    const steps = this.#steps ?? [];
    const triples: (readonly [number, number, number])[] = [];
    for (let at = 0; at < steps.length; at += STRIDE) {
      triples.push([unboxed(steps[at] as number), unboxed(steps[at + 1] as number), unboxed(steps[at + 2] as number)]);
    }
    return triples;
  }

  #widen(steps: number[]): void {
    this.#stepSeconds *= 2;
    let last = -STRIDE;
    for (let at = 0; at < steps.length; at += STRIDE) {
      const second = steps[at] as number;
      const start = second - (second % this.#stepSeconds);
      if (last >= 0 && steps[last] === start) {
        steps[last + 1] = (steps[last + 1] as number) + (steps[at + 1] as number);
        steps[last + 2] = (steps[last + 2] as number) + (steps[at + 2] as number);
        continue;
      }
      last += STRIDE;
      steps[last] = start;
      steps[last + 1] = steps[at + 1] as number;
      steps[last + 2] = steps[at + 2] as number;
    }
    steps.length = last + STRIDE;
  }
}
