/** Payload bytes a second of both directions of one connection; when there are too many steps, each becomes twice as wide. */
export class TrafficLog {
  readonly #maxSteps: number;
  #stepSeconds = 1;
  #seconds: number[] = [];
  #first: number[] = [];
  #second: number[] = [];

  constructor(maxSteps: number) {
    this.#maxSteps = maxSteps;
  }

  /** Steps' width in seconds. */
  get stepSeconds(): number {
    return this.#stepSeconds;
  }

  add(micros: number, direction: 0 | 1, bytes: number): void {
    let second = Math.floor(micros / 1_000_000);
    if (this.#stepSeconds > 1) second -= second % this.#stepSeconds;
    let i = this.#seconds.length - 1;
    // Time nearly always goes forward; a capture of several interfaces may step back a little.
    while (i >= 0 && (this.#seconds[i] as number) > second) i--;
    if (i >= 0 && this.#seconds[i] === second) {
      const bytesOf = direction === 0 ? this.#first : this.#second;
      bytesOf[i] = (bytesOf[i] as number) + bytes;
      return;
    }
    this.#insert(i + 1, second, direction, bytes);
    if (this.#seconds.length > this.#maxSteps) this.#widen();
  }

  /** `[start of the step in seconds since the epoch, bytes of direction 0, bytes of direction 1]`, ascending; steps without bytes are absent. */
  steps(): readonly (readonly [number, number, number])[] {
    return this.#seconds.map((second, i) => [second, this.#first[i] as number, this.#second[i] as number]);
  }

  #insert(i: number, second: number, direction: 0 | 1, bytes: number): void {
    const first = direction === 0 ? bytes : 0;
    if (i === this.#seconds.length) {
      this.#seconds.push(second);
      this.#first.push(first);
      this.#second.push(bytes - first);
      return;
    }
    this.#seconds.splice(i, 0, second);
    this.#first.splice(i, 0, first);
    this.#second.splice(i, 0, bytes - first);
  }

  #widen(): void {
    const before = this.steps();
    this.#stepSeconds *= 2;
    this.#seconds = [];
    this.#first = [];
    this.#second = [];
    for (const [second, first, other] of before) {
      const start = second - (second % this.#stepSeconds);
      const last = this.#seconds.length - 1;
      if (last >= 0 && this.#seconds[last] === start) {
        this.#first[last] = (this.#first[last] as number) + first;
        this.#second[last] = (this.#second[last] as number) + other;
      } else {
        this.#seconds.push(start);
        this.#first.push(first);
        this.#second.push(other);
      }
    }
  }
}
