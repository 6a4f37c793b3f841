import { nanosOfStamp, type StampedLine } from './stamped-lines.js';

/** A line and the stream it was printed to. */
export interface LogLine<Stream extends string> {
  readonly stream: Stream;
  readonly line: StampedLine;
}

/** So many lines in a row with the same streams and stamps of nanoseconds are the same lines. */
const COMPARED_LINES = 64;

/**
 * Where a reader stands in a log: behind which lines. Known by the newest lines themselves, in their order, so that it holds whatever the stamps do:
 * many lines may share one, and a clock may be set back.
 *
 * Lines without an end count apart: that such a line is over shows only with what follows it, so that its place among the lines of the other stream is
 * not the same when it is read again.
 */
export class LogPosition {
  #keys: string[] = [];
  #openKeys: string[] = [];
  #holdsAll = true;
  #newestStamp: string | null = null;

  /** Whether any line is known to lie before. */
  get isKnown(): boolean {
    return this.#keys.length + this.#openKeys.length > 0;
  }

  /** Docker's stamp of the line right before; null at the beginning. */
  get newestStamp(): string | null {
    return this.#newestStamp;
  }

  add({ stream, line }: LogLine<string>): void {
    this.#newestStamp = line.stamp;
    if (line.isUnterminated) {
      this.#openKeys = [...this.#openKeys.slice(1 - COMPARED_LINES), keyOf(stream, line.stamp)];
      return;
    }
    this.#keys.push(keyOf(stream, line.stamp));
    if (this.#keys.length < 2 * COMPARED_LINES) return;
    this.#keys = this.#keys.slice(-COMPARED_LINES);
    this.#holdsAll = false;
  }

  /** Begins behind lines that have others before them. */
  anchor(lines: readonly LogLine<string>[]): void {
    this.#holdsAll = false;
    for (const line of lines) this.add(line);
  }

  /** Nothing that was added can be found again. */
  forget(): void {
    this.#keys = [];
    this.#openKeys = [];
    this.#holdsAll = false;
  }

  /** A search for this position in lines read anew. */
  search(): LogSearch {
    return new LogSearch(this.#keys.slice(-COMPARED_LINES), this.#openKeys, this.#holdsAll && this.#keys.length <= COMPARED_LINES);
  }
}

const keyOf = (stream: string, stamp: string): string => `${stream} ${stamp}`;

/**
 * Looks for the end of what is known in lines that begin anywhere in the log. It is found where the lines read end as those known do, over all that can
 * be compared. Lines that share one stamp alone prove nothing: the read may have begun in the midst of them.
 */
export class LogSearch {
  readonly #known: readonly string[];
  readonly #knownOpen: readonly string[];
  readonly #knowsAll: boolean;
  #seen: string[] = [];
  #isFound: boolean;

  constructor(known: readonly string[], knownOpen: readonly string[], knowsAll: boolean) {
    this.#known = known;
    this.#knownOpen = knownOpen;
    this.#knowsAll = knowsAll;
    this.#isFound = known.length === 0;
  }

  get isFound(): boolean {
    return this.#isFound;
  }

  /** Takes the next lines read; returns those of them that lie behind the position. */
  take<Line extends LogLine<string>>(lines: readonly Line[]): readonly Line[] {
    let at = 0;
    for (; at < lines.length && !this.#isFound; at++) {
      const { stream, line } = lines[at] as Line;
      if (line.isUnterminated) continue;
      this.#seen.push(keyOf(stream, line.stamp));
      if (this.#seen.length >= 4 * COMPARED_LINES) this.#seen = this.#seen.slice(-COMPARED_LINES);
      this.#isFound = this.#endsAsKnown();
    }
    return lines.slice(at).filter(({ stream, line }) => !line.isUnterminated || !this.#knownOpen.includes(keyOf(stream, line.stamp)));
  }

  #endsAsKnown(): boolean {
    const seen = this.#seen;
    const known = this.#known;
    const last = known.at(-1);
    if (last === undefined || seen.at(-1) !== last) return false;
    const compared = Math.min(seen.length, known.length);
    let isMixed = false;
    for (let back = 1; back <= compared; back++) {
      if (seen.at(-back) !== known.at(-back)) return false;
      if (known.at(-back) !== last) isMixed = true;
    }
    return isMixed || (this.#knowsAll && compared === known.length);
  }
}

/** `seconds.nanoseconds`, as the engine's `since` takes it, so many seconds before a stamp. */
export function sinceBefore(stamp: string, seconds: number): string {
  const nanos = nanosOfStamp(stamp) - BigInt(seconds) * 1_000_000_000n;
  const at = nanos > 0n ? nanos : 0n;
  return `${at / 1_000_000_000n}.${String(at % 1_000_000_000n).padStart(9, '0')}`;
}

/** Whether a stamp lies before a `since` of `seconds.nanoseconds`. */
export function isStampedBefore(stamp: string, since: string): boolean {
  const [seconds = '0', fraction = ''] = since.split('.');
  return nanosOfStamp(stamp) < BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}
