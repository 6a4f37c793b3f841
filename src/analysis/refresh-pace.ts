/** Between two refreshes at least: a burst of lines is one. */
const SHORTEST_MILLIS = 500;
/** Where only packets came, nobody waits for the picture. */
const SHORTEST_IDLE_MILLIS = 10_000;
/** The share of one processor that refreshes may take in the long run, and where only packets come. */
const SHARE = 0.08;
const IDLE_SHARE = 0.02;
/** Work that may be done ahead of that share, so that a network that starts, or wakes after an hour, is seen at once. */
const CREDIT_MILLIS = 1_000;

/**
 * When the picture is to be made anew: as soon as something came, but never so often that making it becomes the work. Refreshes draw on a credit of time
 * that grows with time. Times are milliseconds of any clock.
 */
export class RefreshPace {
  #changed: 'no' | 'idle' | 'urgent' = 'no';
  #startedMillis = Number.NEGATIVE_INFINITY;
  #endedMillis = Number.NEGATIVE_INFINITY;
  /** As it stood when the last refresh ended. */
  #creditMillis = CREDIT_MILLIS;

  /** Something came; `urgent` when people want to see it at once. */
  noteChange(urgent: boolean): void {
    if (urgent) this.#changed = 'urgent';
    else if (this.#changed === 'no') this.#changed = 'idle';
  }

  /** The earliest moment for the next refresh; infinity while there is nothing new. */
  get dueMillis(): number {
    if (this.#changed === 'no') return Number.POSITIVE_INFINITY;
    if (this.#endedMillis === Number.NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY;
    const [shortest, rest] =
      this.#changed === 'urgent'
        ? [SHORTEST_MILLIS, Math.max(0, -this.#creditMillis) / SHARE]
        : [SHORTEST_IDLE_MILLIS, (this.#endedMillis - this.#startedMillis) / IDLE_SHARE];
    return Math.max(this.#startedMillis + shortest, this.#endedMillis + rest);
  }

  /** A refresh of everything that came so far begins. */
  began(): void {
    this.#changed = 'no';
  }

  /** The refresh is done. */
  ran(startedMillis: number, endedMillis: number): void {
    const earned = this.#endedMillis === Number.NEGATIVE_INFINITY ? CREDIT_MILLIS : SHARE * Math.max(0, startedMillis - this.#endedMillis);
    this.#creditMillis = Math.min(CREDIT_MILLIS, this.#creditMillis + earned) - (endedMillis - startedMillis);
    this.#startedMillis = startedMillis;
    this.#endedMillis = endedMillis;
  }
}
