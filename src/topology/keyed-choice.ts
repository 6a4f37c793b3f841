import { createHmac } from 'node:crypto';

/** Choices that look random, and are the same for the same key and purpose. */
export class KeyedChoice {
  readonly #key: Uint8Array;
  readonly #purpose: string;
  #block = Buffer.alloc(0);
  #at = 0;
  #count = 0;

  constructor(key: Uint8Array, purpose: string) {
    this.#key = key;
    this.#purpose = purpose;
  }

  byte(): number {
    if (this.#at >= this.#block.length) {
      this.#block = createHmac('sha256', this.#key)
        .update(`${this.#count++}\0${this.#purpose}`, 'latin1')
        .digest();
      this.#at = 0;
    }
    return this.#block[this.#at++] as number;
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  /** At least 0, less than 1. */
  fraction(): number {
    return (this.byte() * 16_777_216 + this.byte() * 65_536 + this.byte() * 256 + this.byte()) / 4_294_967_296;
  }

  /** `length` characters of `alphabet`. */
  text(length: number, alphabet: string): string {
    let text = '';
    for (let i = 0; i < length; i++) text += alphabet[this.below(alphabet.length)];
    return text;
  }
}
