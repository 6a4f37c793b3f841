import type { CollectedNames } from './name-collector.js';
import { isTelling } from './pseudonyms.js';

/** Where a name was found that should be gone. */
export interface Leak {
  readonly name: string;
  readonly encoding: string;
}

interface Needle {
  readonly bytes: Buffer;
  /** Compared as lower case. */
  readonly folded: boolean;
  readonly leak: Leak;
  /** What must stand around it: anything, the ends of a word, or those of an address, which this character would lead on. */
  readonly edges: 'any' | 'word' | '.' | ':';
}

/** Encodings other than the plain one are looked for from this length on: shorter ones occur by chance. */
const SHORTEST_ENCODED = 5;
/** In binary files everything shorter occurs by chance. */
const SHORTEST_IN_BINARY = 6;
const PREFIX_BYTES = 3;
/** No word of Fabric's has more letters before or behind a name in it. */
const LONGEST_REST = 64;

const lower = (bytes: Uint8Array): Buffer => Buffer.from(Buffer.from(bytes).toString('latin1').toLowerCase(), 'latin1');
const isWordByte = (b: number | undefined): boolean =>
  b !== undefined && ((b >= 48 && b <= 57) || (b >= 65 && b <= 90) || (b >= 97 && b <= 122) || b >= 128);

/**
 * Looks for names in bytes, in every encoding in which a file could hold them: plain in any case, UTF-16, base64 at each alignment, hexadecimal with and without
 * separators, decimal lists, percent and JSON and octal escapes, reversed domain names, DNS labels; addresses of IPv4 and IPv6 as text. Knows nothing of how names are replaced.
 */
export class LeakSearch {
  readonly #byPrefix = new Map<number, Needle[]>();
  readonly #flags = new Uint8Array(1 << 24);
  readonly #vocabulary: ReadonlySet<string>;
  #longest = 0;

  constructor(names: CollectedNames, vocabulary: ReadonlySet<string>, kind: 'text' | 'binary') {
    this.#vocabulary = vocabulary;
    const shortest = kind === 'binary' ? SHORTEST_IN_BINARY : PREFIX_BYTES;
    for (const label of names.labels) if (label.length >= shortest) this.#addText(label, isTelling(label) ? 'any' : 'word');
    for (const name of [...names.names, ...names.compounds]) if (name.length >= Math.max(shortest, SHORTEST_IN_BINARY)) this.#addText(name, 'word');
    for (const id of names.shortIds) this.#add(Buffer.from(id), true, { name: id, encoding: 'plain' }, 'any');
    for (const id of names.pkiIds) this.#addId(id);
    for (const address of names.addresses) this.#addAddress(address, kind);
    for (const mac of names.macs) {
      const text = [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
      if ((mac[0] as number) % 2 === 0 && mac.some((byte) => byte !== 0))
        this.#add(Buffer.from(text), true, { name: text, encoding: 'plain' }, 'any');
    }
  }

  /** Bytes by which two pieces of one file have to overlap so that nothing is missed between them. */
  get overlapBytes(): number {
    return this.#longest + 64;
  }

  /** The first name found in `bytes`, or null. */
  find(bytes: Uint8Array): Leak | null {
    const folded = foldBytes(bytes);
    for (let at = 0; at + PREFIX_BYTES <= folded.length; at++) {
      const prefix = (folded[at] as number) | ((folded[at + 1] as number) << 8) | ((folded[at + 2] as number) << 16);
      if (this.#flags[prefix] === 0) continue;
      for (const needle of this.#byPrefix.get(prefix) ?? []) if (this.#isAt(needle, bytes, folded, at)) return needle.leak;
    }
    return null;
  }

  #isAt(needle: Needle, bytes: Uint8Array, folded: Uint8Array, at: number): boolean {
    const source = needle.folded ? folded : bytes;
    const end = at + needle.bytes.length;
    if (end > source.length) return false;
    for (let i = 0; i < needle.bytes.length; i++) if (source[at + i] !== needle.bytes[i]) return false;
    const before = at > 0 ? bytes[at - 1] : undefined;
    const after = bytes[end];
    if (needle.edges === '.' || needle.edges === ':') {
      const separator = needle.edges.charCodeAt(0);
      const leadsOn = isWordByte(after) || (after === separator && isWordByte(bytes[end + 1]));
      return !leadsOn && !isWordByte(before) && before !== separator;
    }
    if (needle.edges === 'word' && (isWordByte(before) || isWordByte(after))) return false;
    return needle.leak.encoding !== 'plain' || !this.#isInVocabulary(folded, at, end);
  }

  /** Whether the word around the bytes from `start` to `end` is one of Fabric's own that happens to hold the name. */
  #isInVocabulary(folded: Uint8Array, start: number, end: number): boolean {
    let from = start;
    while (from > 0 && start - from < LONGEST_REST && isWordByte(folded[from - 1])) from--;
    let to = end;
    while (to < folded.length && to - end < LONGEST_REST && isWordByte(folded[to])) to++;
    return this.#vocabulary.has(Buffer.from(folded.subarray(from, to)).toString('latin1'));
  }

  #add(bytes: Buffer, folded: boolean, leak: Leak, edges: Needle['edges']): void {
    if (bytes.length < PREFIX_BYTES) return;
    const needle = { bytes: folded ? lower(bytes) : bytes, folded, leak, edges };
    const first = lower(bytes);
    const prefix = (first[0] as number) | ((first[1] as number) << 8) | ((first[2] as number) << 16);
    const known = this.#byPrefix.get(prefix);
    if (known === undefined) this.#byPrefix.set(prefix, [needle]);
    else known.push(needle);
    this.#flags[prefix] = 1;
    this.#longest = Math.max(this.#longest, bytes.length);
  }

  #addText(name: string, edges: Needle['edges']): void {
    const add = (text: string, encoding: string, folded = true): void => this.#add(Buffer.from(text, 'latin1'), folded, { name, encoding }, 'any');
    this.#add(Buffer.from(name, 'latin1'), true, { name, encoding: 'plain' }, edges);
    if (name.length < SHORTEST_ENCODED) return;
    for (const text of new Set([name, name.toLowerCase(), name.toUpperCase()])) {
      const bytes = Buffer.from(text, 'latin1');
      for (let shift = 0; shift < 3; shift++) {
        // Characters that depend on the neighbours' bits are left off at both ends.
        const base64 = Buffer.concat([Buffer.alloc(shift), bytes])
          .toString('base64')
          .replace(/=+$/, '');
        const core = base64.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
        if (core.length < 6) continue;
        add(core, 'base64', false);
        if (/[+/]/.test(core)) add(core.replaceAll('+', '-').replaceAll('/', '_'), 'base64url', false);
      }
      const numbers = [...bytes];
      const hex = numbers.map((b) => b.toString(16).padStart(2, '0'));
      add(hex.join(''), 'hexadecimal');
      add(hex.join(':'), 'hexadecimal');
      add(hex.join(' '), 'hexadecimal');
      add(numbers.join(' '), 'decimal bytes');
      add(numbers.join(','), 'decimal bytes');
      add(numbers.join(', '), 'decimal bytes');
      add(hex.map((h) => `%${h}`).join(''), 'percent encoding');
      add(hex.map((h) => `\\u00${h}`).join(''), 'JSON escapes');
      add(hex.map((h) => `\\x${h}`).join(''), 'hexadecimal escapes');
      add(numbers.map((b) => `\\${b.toString(8).padStart(3, '0')}`).join(''), 'octal escapes');
      this.#add(Buffer.from(text, 'utf16le'), true, { name, encoding: 'UTF-16LE' }, 'any');
      this.#add(Buffer.from(text, 'utf16le').swap16(), true, { name, encoding: 'UTF-16BE' }, 'any');
    }
    const labels = name.split('.');
    if (labels.length > 1 && labels.every((label) => label.length > 0 && label.length < 64)) {
      add([...labels].reverse().join('.'), 'reversed domain');
      add(labels.map((label) => String.fromCharCode(label.length) + label).join(''), 'DNS labels');
    }
  }

  #addId(id: string): void {
    const bytes = Buffer.from(id, 'hex');
    this.#add(Buffer.from(id), true, { name: id, encoding: 'hexadecimal' }, 'any');
    this.#add(Buffer.from([...bytes].join(' ')), true, { name: id, encoding: 'decimal bytes' }, 'any');
    this.#add(bytes, false, { name: id, encoding: 'bytes' }, 'any');
    for (let shift = 0; shift < 3; shift++) {
      const base64 = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
      this.#add(
        Buffer.from(base64.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))),
        false,
        { name: id, encoding: 'base64' },
        'any',
      );
    }
  }

  #addAddress(address: Uint8Array, kind: 'text' | 'binary'): void {
    if (isForEveryNetwork(address)) return;
    const edges = address.length === 4 ? '.' : ':';
    const add = (text: string, encoding: string): void => this.#add(Buffer.from(text), true, { name: addressText(address), encoding }, edges);
    const hex = Buffer.from(address).toString('hex');
    add(addressText(address), 'plain');
    if (address.length === 16) {
      const groups = hex.match(/.{4}/g) ?? [];
      add(groups.map((group) => group.replace(/^0{1,3}/, '')).join(':'), 'plain');
      add(groups.join(':'), 'plain, with all its zeroes');
    }
    if (kind === 'binary') return;
    add(hex, 'hexadecimal');
    if (address.length === 16) add(`${[...hex].reverse().join('.')}.ip6.arpa`, 'PTR');
    else {
      add(`${[...address].reverse().join('.')}.in-addr.arpa`, 'PTR');
      add(address.join('-'), 'plain, dashes');
    }
  }
}

/** Unspecified, loopback, multicast and reserved addresses, which tell nothing (RFC 6890, RFC 4291 §2.4). */
function isForEveryNetwork(address: Uint8Array): boolean {
  const [first, second] = address as unknown as readonly [number, number];
  return address.length === 4 ? first === 0 || first === 127 || first >= 224 : first === 0xff || (first === 0 && second === 0);
}

/** An address as it is commonly written, of IPv6 by RFC 5952 §4: no leading zeroes, the first of the longest runs of zero groups as `::`. */
function addressText(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const groups = Buffer.from(address).toString('hex').match(/.{4}/g) ?? [];
  const text = groups.map((group) => group.replace(/^0{1,3}/, '')).join(':');
  const runs = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)].map((match) => match[0]);
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = new RegExp(`(?<![^:])${longest}(?![^:])`).exec(text)?.index ?? 0;
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}

function foldBytes(bytes: Uint8Array): Uint8Array {
  const folded = new Uint8Array(bytes);
  for (let i = 0; i < folded.length; i++) {
    const b = folded[i] as number;
    if (b >= 65 && b <= 90) folded[i] = b + 32;
  }
  return folded;
}
