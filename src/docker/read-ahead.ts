/** So many bytes are held for a sink that is behind; then the source has to wait. Half a second of a fast disk's pause at the load of a burst of blocks. */
const MAX_HELD_BYTES = 32 << 20;
/** Many small pieces are joined to blocks of about this size: a write to disk costs the same for a packet and for a thousand. */
const BLOCK_BYTES = 1 << 20;

/**
 * Bytes between a source that must not wait and a sink that is sometimes slow, in order. One takes, one puts. What was put is kept by reference, so its
 * bytes may not be used again.
 */
export class ReadAhead {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #state: 'open' | 'ended' | 'abandoned' = 'open';
  #wakeTaker: (() => void) | null = null;
  #wakePutter: (() => void) | null = null;

  constructor(limit: number = MAX_HELD_BYTES) {
    this.#limit = limit;
  }

  /** Resolves when there is room for more; false when nobody takes any more. */
  async put(chunk: Uint8Array): Promise<boolean> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    this.#wakeTaker?.();
    while (this.#held >= this.#limit && this.#state === 'open') {
      await new Promise<void>((resolve) => {
        this.#wakePutter = resolve;
      });
    }
    return this.#state !== 'abandoned';
  }

  /** The next bytes, joined; null after the end. */
  async take(): Promise<Uint8Array | null> {
    while (this.#chunks.length === 0) {
      if (this.#state !== 'open') return null;
      await new Promise<void>((resolve) => {
        this.#wakeTaker = resolve;
      });
    }
    let count = 0;
    let length = 0;
    for (; count < this.#chunks.length && (count === 0 || length + (this.#chunks[count]?.length ?? 0) <= BLOCK_BYTES); count++)
      length += this.#chunks[count]?.length ?? 0;
    const taken = this.#chunks.splice(0, count);
    this.#held -= length;
    this.#wakePutter?.();
    return taken.length === 1 ? (taken[0] ?? null) : Buffer.concat(taken, length);
  }

  /** No more will be put; what is held is still taken. */
  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#wakeTaker?.();
  }

  /** Nobody will take any more. */
  abandon(): void {
    this.#state = 'abandoned';
    this.#chunks = [];
    this.#held = 0;
    this.#wakePutter?.();
  }
}
