import { KeyedChoice } from './keyed-choice.js';

/** So many keys are tried for one under which no address becomes another's and their order as text stays. */
const ATTEMPTS = 400;
const ORDERED_ATTEMPTS = 200;

/**
 * Replaces IP and MAC addresses. Neighbours in a network stay neighbours, a private address stays private of the same kind, loopback, unspecified and
 * multicast addresses stay as they are, and the text of an address keeps its length. The last byte of an IPv4 address stays.
 */
export class AddressPseudonyms {
  readonly #key: Uint8Array;
  #attempt = 0;
  readonly #known = new Map<string, Uint8Array>();

  /** `originals`: every address that occurs, of 4 or 16 bytes, so that no replacement is one of them. */
  constructor(key: Uint8Array, originals: readonly Uint8Array[]) {
    this.#key = key;
    const texts = new Set(originals.filter((a) => this.#isReplaced(a)).map(textOf));
    const inOrder = originals.filter((a) => this.#isReplaced(a) && a.length === 4).sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
    for (this.#attempt = 0; this.#attempt < ATTEMPTS; this.#attempt++) {
      this.#known.clear();
      const clashes = originals.some((a) => this.#isReplaced(a) && texts.has(textOf(this.address(a))));
      if (clashes) continue;
      const replaced = inOrder.map((a) => textOf(this.address(a)));
      if (this.#attempt >= ORDERED_ATTEMPTS || replaced.every((text, i) => i === 0 || (replaced[i - 1] as string) <= text)) break;
    }
  }

  /** The replacement of an address of 4 or 16 bytes. */
  address(address: Uint8Array): Uint8Array {
    const name = textOf(address);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const replaced = address.length === 4 ? this.#replace4(address) : this.#replace6(address);
    if (this.#known.size < MAX_REMEMBERED) this.#known.set(name, replaced);
    return replaced;
  }

  /** The replacement of a MAC address: a locally administered one. Group addresses stay, without what they tell of an IPv6 address. */
  mac(mac: Uint8Array): Uint8Array {
    const replaced = mac.slice();
    if (((mac[0] as number) & 1) !== 0) {
      if (mac[0] === 0x33 && mac[2] === 0xff) replaced.fill(0, 3);
      return replaced;
    }
    if (mac.every((byte) => byte === 0)) return replaced;
    const choice = new KeyedChoice(this.#key, `mac ${textOf(mac)}`);
    for (let i = 1; i < 6; i++) replaced[i] = choice.byte();
    replaced[0] = 2;
    return replaced;
  }

  #isReplaced(address: Uint8Array): boolean {
    const [first, second] = address as unknown as readonly [number, number];
    if (address.length === 4) return !(first === 0 || first === 127 || first >= 224);
    return first !== 0xff && !address.subarray(0, 10).every((byte) => byte === 0) && !(first === 0 && second === 0);
  }

  #replace4(address: Uint8Array): Uint8Array {
    const replaced = address.slice();
    if (!this.#isReplaced(address)) return replaced;
    const [first, second] = address as unknown as readonly [number, number];
    let at = 0;
    if (first === 10 || (first === 172 && second >= 16 && second < 32) || (first === 100 && second >= 64 && second < 128)) at = 1;
    else if ((first === 192 && second === 168) || (first === 169 && second === 254)) at = 2;
    for (; at < 3; at++) {
      const [low, high] = at === 1 && first === 172 && second >= 16 && second < 32 ? [16, 31] : octetsLike(address[at] as number);
      const within = at === 1 && first === 100 && second >= 64 && second < 128 ? [Math.max(64, low), Math.min(127, high)] : [low, high];
      replaced[at] = this.#permuted(address[at] as number, within[0] as number, within[1] as number, `4 ${address.subarray(0, at).join('.')}`);
    }
    // A public address may not become one of a special kind.
    const isSpecial = replaced[0] === 10 || replaced[0] === 127 || (replaced[0] as number) >= 224 || replaced[0] === 0;
    if (isSpecial && first !== 10) replaced[0] = (replaced[0] as number) < 100 ? 11 : 198;
    return replaced;
  }

  #replace6(address: Uint8Array): Uint8Array {
    const replaced = address.slice();
    const first = address[0] as number;
    if (first === 0xff) {
      // A solicited-node address ends in the last bytes of the address it is for (RFC 4291 §2.7.1).
      if (address[11] === 1 && address[12] === 0xff) replaced.fill(0, 13);
      return replaced;
    }
    const isMapped = address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff && address[11] === 0xff;
    if (isMapped) replaced.set(this.#replace4(address.slice(12)), 12);
    if (!this.#isReplaced(address)) return replaced;
    for (let at = 0; at < 16; at += 2) {
      const group = (address[at] as number) * 256 + (address[at + 1] as number);
      if (group === 0 || (at === 0 && group >= 0xfe80 && group < 0xff00)) continue;
      const digits = group.toString(16).length;
      let low = 16 ** (digits - 1);
      let high = 16 ** digits - 1;
      if (at === 0 && group >= 0x2000 && group < 0x4000) [low, high] = [0x2000, 0x3fff];
      else if (at === 0 && group >= 0xfc00) [low, high] = [group & 0xff00, group | 0xff];
      const next = this.#permuted(group, low, high, `6 ${textOf(address.subarray(0, at))}`);
      replaced[at] = next >> 8;
      replaced[at + 1] = next & 255;
    }
    return replaced;
  }

  /** A permutation of the whole numbers from `low` to `high`. */
  #permuted(value: number, low: number, high: number, purpose: string): number {
    const size = high - low + 1;
    const choice = new KeyedChoice(this.#key, `${this.#attempt} ${purpose} ${low}`);
    let factor = 1 + choice.below(Math.max(1, size - 1));
    while (commonDivisor(factor, size) !== 1) factor = (factor % size) + 1;
    return low + (((value - low) * factor + choice.below(size)) % size);
  }
}

const MAX_REMEMBERED = 100_000;

const textOf = (bytes: Uint8Array): string => (bytes.length === 4 ? bytes.join('.') : Buffer.from(bytes).toString('hex'));

const octetsLike = (octet: number): readonly [number, number] => (octet < 10 ? [0, 9] : octet < 100 ? [10, 99] : [100, 255]);

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
