import type { Evidence } from './evidence.js';

/** Something strange in the input, counted with its first places: never a crash, never silence. */
export interface Oddity {
  /** A stable kebab-case name, such as `torn-record`, `unrecognised-line`, `packet-truncated`. */
  readonly kind: string;
  readonly count: number;
  /** A readable instance, cut to 300 characters. */
  readonly example: string;
  /** The first few places, at most {@link MAX_ODDITY_PLACES}. */
  readonly evidence: readonly Evidence[];
}

export const MAX_ODDITY_PLACES = 5;
const MAX_EXAMPLE_LENGTH = 300;

/** Counts oddities by kind and remembers the first places of each. */
export class OddityCounter {
  readonly #byKind = new Map<string, { count: number; example: string; evidence: Evidence[] }>();

  add(kind: string, example: string, evidence: Evidence | null, count = 1): void {
    const known = this.#byKind.get(kind);
    if (known === undefined) {
      this.#byKind.set(kind, { count, example: example.slice(0, MAX_EXAMPLE_LENGTH), evidence: evidence === null ? [] : [evidence] });
      return;
    }
    known.count += count;
    if (evidence !== null && known.evidence.length < MAX_ODDITY_PLACES) known.evidence.push(evidence);
  }

  /** All oddities so far, in the order their kinds were first seen. */
  list(): readonly Oddity[] {
    return [...this.#byKind].map(([kind, o]) => ({ kind, count: o.count, example: o.example, evidence: [...o.evidence] }));
  }
}
