/** Something new waits at least so long, so that a burst of lines is one refresh. */
const SHORTEST_MILLIS = 300;
/** Where only packets came, nobody waits for the picture. */
const SHORTEST_IDLE_MILLIS = 2000;
/** After a refresh the machine is left alone for this many times as long as it took: a quarter of one processor at most. */
const REST_FACTOR = 3;
const IDLE_REST_FACTOR = 10;

/** When the picture is to be made anew: as soon as something came, but never so often that making it becomes the work. Times are milliseconds of any clock. */
export class RefreshPace {
  #changed: 'no' | 'idle' | 'urgent' = 'no';
  #startedMillis = Number.NEGATIVE_INFINITY;
  #endedMillis = Number.NEGATIVE_INFINITY;

  /** Something came; `urgent` when people want to see it at once. */
  noteChange(urgent: boolean): void {
    if (urgent) this.#changed = 'urgent';
    else if (this.#changed === 'no') this.#changed = 'idle';
  }

  /** The earliest moment for the next refresh; infinity while there is nothing new. */
  get dueMillis(): number {
    if (this.#changed === 'no') return Number.POSITIVE_INFINITY;
    if (this.#endedMillis === Number.NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY;
    const took = this.#endedMillis - this.#startedMillis;
    return this.#changed === 'urgent'
      ? Math.max(this.#startedMillis + SHORTEST_MILLIS, this.#endedMillis + REST_FACTOR * took)
      : Math.max(this.#startedMillis + SHORTEST_IDLE_MILLIS, this.#endedMillis + IDLE_REST_FACTOR * took);
  }

  /** A refresh of everything that came so far begins. */
  began(): void {
    this.#changed = 'no';
  }

  /** The refresh is done. */
  ran(startedMillis: number, endedMillis: number): void {
    this.#startedMillis = startedMillis;
    this.#endedMillis = endedMillis;
  }
}
