import { AddressPseudonyms } from './address-pseudonyms.js';
import { KeyedChoice } from './keyed-choice.js';
import { type CollectedNames, NAME_RUN, SHORTEST_NAME } from './name-collector.js';

const DIGITS = '0123456789';
const HEX_DIGITS = '0123456789abcdef';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** So many drawings for one under which the names keep their order, then for one under which they differ. */
const ORDERED_ATTEMPTS = 60;
const ATTEMPTS = 200;
const LANDMARK_LETTERS = 3;
const MAX_REMEMBERED = 200_000;
/** Drawings for an id whose decimal and escaped notations are as long as the original's. */
const ID_ATTEMPTS = 3000;
/** Durations, sizes and versions: `5s`, `1m30s`, `512mb`, `v2`. */
const QUANTITY = /^(?:v\d+|(?:\d+(?:ns|us|ms|s|m|h|b|k|kb|mb|gb|g))+)$/i;
const SHORT_ID_DIGITS = 12;
const SHORTER_ID_DIGITS = 8;
const PKI_ID_BYTES = 32;

/**
 * What every name of a network is called instead. The same name has the same replacement wherever it stands and however it is written, of the same
 * length and with digits where the original has them; without the key nobody can tell or try out which it was. As far as they can the replacements
 * sort as the originals did, so that whatever is listed by name keeps its order.
 */
export class Pseudonyms {
  readonly #key: Uint8Array;
  readonly #vocabulary: ReadonlySet<string>;
  readonly #labels: ReadonlyMap<string, string>;
  /** For words outside names, drawn when they occur; strangers beforehand, so that files keep their order. */
  readonly #others = new Map<string, string>();
  readonly #ids = new Map<string, string>();
  /** How the replacements of PKI-IDs begin. */
  readonly #heads: ReadonlyMap<string, string>;
  readonly names: CollectedNames;
  readonly addresses: AddressPseudonyms;
  readonly #embedded: RegExp | null;
  readonly #runs = new Map<string, string>();

  constructor(key: Uint8Array, names: CollectedNames, vocabulary: ReadonlySet<string>) {
    this.#key = key;
    this.names = names;
    this.#vocabulary = vocabulary;
    this.addresses = new AddressPseudonyms(key, names.addresses);
    this.#labels = this.#drawLabels();
    this.#heads = this.#drawHeads();
    const strong = [...names.labels].filter(isTelling).sort((a, b) => b.length - a.length);
    this.#embedded = strong.length === 0 ? null : new RegExp(strong.join('|'), 'gi');
  }

  /** The replacement of a run of letters and digits in free text; itself where it names nothing. */
  word(run: string): string {
    const known = this.#runs.get(run);
    if (known !== undefined) return known;
    const replaced = this.#replaceWord(run);
    if (this.#runs.size < MAX_REMEMBERED) this.#runs.set(Buffer.from(run, 'latin1').toString('latin1'), replaced);
    return replaced;
  }

  /** As {@link word}, in a place that holds names: what is not known as a word of Fabric's own is replaced too. */
  nameWord(run: string): string {
    const replaced = this.word(run);
    if (
      replaced !== run ||
      !/[A-Za-z\x80-\xff]/.test(run) ||
      run.length < SHORTEST_NAME ||
      QUANTITY.test(run) ||
      this.#vocabulary.has(run.toLowerCase())
    )
      return replaced;
    return cased(this.#other(run.toLowerCase()), run);
  }

  /** The replacement of a name that is replaced as a whole only: each of its words but the last, even Fabric's own. */
  compound(name: string): string {
    const last = name.lastIndexOf((name.match(NAME_RUN) ?? []).at(-1) ?? name);
    return name.replaceAll(NAME_RUN, (run, at: number) =>
      at === last && run !== name ? this.word(run) : cased(this.#other(run.toLowerCase()), run),
    );
  }

  /** The replacement of a hexadecimal id, in lower case. Ids that begin with the same 8 or 12 digits have replacements that do. */
  id(hex: string): string {
    const known = this.#ids.get(hex);
    if (known !== undefined) return known;
    const part = (digits: number): string => new KeyedChoice(this.#key, `id ${hex.slice(0, digits)}`).text(digits, HEX_DIGITS);
    const drawn = this.#heads.get(hex);
    let replaced = drawn ?? part(SHORTER_ID_DIGITS).slice(0, hex.length);
    if (drawn === undefined && hex.length >= SHORT_ID_DIGITS) replaced += part(SHORT_ID_DIGITS).slice(SHORTER_ID_DIGITS);
    if (hex.length > SHORT_ID_DIGITS) {
      const choice = new KeyedChoice(this.#key, `id ${hex}`);
      const head = replaced;
      const wanted = hex.length === 2 * PKI_ID_BYTES ? lengthsOf(hex) : null;
      for (let i = 0; i < ID_ATTEMPTS; i++) {
        replaced = head + choice.text(hex.length - SHORT_ID_DIGITS, HEX_DIGITS);
        if (wanted === null || lengthsOf(replaced) === wanted) break;
      }
    } else if (replaced.length < hex.length) replaced += new KeyedChoice(this.#key, `id ${hex}`).text(hex.length - replaced.length, HEX_DIGITS);
    if (this.#ids.size < MAX_REMEMBERED) this.#ids.set(hex, replaced);
    return replaced;
  }

  /** Text that stands for `blob`, equally long, what separates its letters and digits as it was; a number stays one. */
  filler(blob: string): string {
    const choice = new KeyedChoice(this.#key, `filler ${blob}`);
    const alphabet = /[A-Za-z]/.test(blob) ? LETTERS + LETTERS.toUpperCase() + DIGITS : DIGITS;
    return blob.replaceAll(/[A-Za-z0-9]/g, () => choice.text(1, alphabet));
  }

  /** Choices for a blob of another kind. */
  choice(purpose: string): KeyedChoice {
    return new KeyedChoice(this.#key, purpose);
  }

  #replaceWord(run: string): string {
    const label = run.toLowerCase();
    const whole = this.#labels.get(label);
    if (whole !== undefined) return cased(whole, run);
    if (this.#vocabulary.has(label)) return run;
    const embedded =
      this.#embedded === null ? run : run.replaceAll(this.#embedded, (part) => cased(this.#labels.get(part.toLowerCase()) ?? part, part));
    if (embedded !== run) return embedded;
    // `NorthMSP`, `deployNorth`: words run together by their case.
    return run.replaceAll(/[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*/g, (part) => {
      const replaced = part.length >= 4 ? this.#labels.get(part.toLowerCase()) : undefined;
      return replaced === undefined ? part : cased(replaced, part);
    });
  }

  #other(label: string): string {
    const known = this.#others.get(label);
    if (known !== undefined) return known;
    const choice = new KeyedChoice(this.#key, `word ${label}`);
    let drawn = label;
    for (let i = 0; i < ATTEMPTS; i++) {
      drawn = [...label].map((c) => choice.text(1, /[0-9]/.test(c) ? DIGITS : LETTERS)).join('');
      if (drawn !== label && !this.names.labels.has(drawn) && !this.#vocabulary.has(drawn)) break;
    }
    if (this.#others.size < MAX_REMEMBERED) this.#others.set(label, drawn);
    return drawn;
  }

  #drawLabels(): ReadonlyMap<string, string> {
    const stems = [...this.names.labels, ...this.names.strangers].filter((label) => this.#stemOf(label) === null);
    // A word that stays is a landmark for the order of those beside it, unless it would pin one down: `peer` and `peers` leave no room but for `peer0`.
    const beginnings = new Set(stems.map((stem) => stem.slice(0, LANDMARK_LETTERS)));
    const kept = [...this.names.names, ...this.names.kept]
      .filter((name) => /^[A-Za-z0-9.-]+$/.test(name))
      .flatMap((name) => name.toLowerCase().match(/[a-z0-9]+/g) ?? []);
    const fixed = new Set(kept.filter((run) => this.#vocabulary.has(run) && !beginnings.has(run.slice(0, LANDMARK_LETTERS))));
    const sorted = [...new Set([...stems, ...fixed])].sort();
    let drawn = new Map<string, string>();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const choice = new KeyedChoice(this.#key, `labels ${attempt}`);
      drawn = drawInOrder(sorted, fixed, choice);
      const images = [...drawn.values()];
      const inOrder = sorted.map((label) => drawn.get(label) ?? label);
      const isOrdered = inOrder.every((image, i) => i === 0 || (inOrder[i - 1] as string) < image);
      const isFresh = new Set(images).size === images.length && !images.some((image) => this.#isTaken(image));
      if (isFresh && (isOrdered || attempt >= ORDERED_ATTEMPTS)) break;
    }
    for (const stranger of this.names.strangers) {
      const image = drawn.get(stranger);
      if (image !== undefined) this.#others.set(stranger, image);
      drawn.delete(stranger);
    }
    for (const label of this.names.labels) {
      const stem = this.#stemOf(label);
      if (stem !== null) drawn.set(label, `${drawn.get(stem) ?? new KeyedChoice(this.#key, `stem ${stem}`).text(stem.length, LETTERS)}msp`);
    }
    return drawn;
  }

  /** Beginnings that sort as the PKI-IDs do: of two that both lead, the one with the lower id stays leader. */
  #drawHeads(): ReadonlyMap<string, string> {
    const ids = [...this.names.pkiIds].sort();
    const choice = new KeyedChoice(this.#key, 'heads');
    const heads = new Set<string>();
    while (heads.size < ids.length) heads.add(choice.text(SHORT_ID_DIGITS, HEX_DIGITS));
    const sorted = [...heads].sort();
    return new Map(ids.map((id, i) => [id, sorted[i] as string]));
  }

  /** What is in front of Fabric's `MSP`, null where nothing or no such ending is. */
  #stemOf(label: string): string | null {
    return /^(.+)msp$/.exec(label)?.[1] ?? null;
  }

  #isTaken(image: string): boolean {
    return this.names.labels.has(image) || this.names.strangers.has(image) || this.#vocabulary.has(image);
  }
}

/** Long or mixed enough that it is no coincidence when it stands within a longer word. */
export function isTelling(label: string): boolean {
  return label.length >= 6 || (label.length >= 4 && /[0-9]/.test(label) && /[a-z]/.test(label));
}

/** `image` in lower case with upper case where `original` has it. */
function cased(image: string, original: string): string {
  if (!/[A-Z]/.test(original)) return image;
  return [...image].map((c, i) => (/[A-Z]/.test(original[i] ?? '') ? c.toUpperCase() : c)).join('');
}

/** Lengths of the notations of an id of 32 bytes as Fabric prints it: decimal list, and the escapes of protobuf text. */
function lengthsOf(hex: string): string {
  let decimal = 0;
  let escaped = 0;
  for (const byte of Buffer.from(hex, 'hex')) {
    decimal += byte < 10 ? 1 : byte < 100 ? 2 : 3;
    escaped += byte === 9 || byte === 10 || byte === 13 || byte === 34 || byte === 92 ? 2 : byte >= 32 && byte < 127 ? 1 : 4;
  }
  return `${decimal} ${escaped}`;
}

const isDigit = (c: string): boolean => c >= '0' && c <= '9';
/** Where letters begin on a scale on which digits come first, as they do in a sorted list. */
const LETTERS_FROM = 10 / 36;

/** How far into the alphabet a label stands, from 0 to 1. */
function placeOf(label: string): number {
  let place = 0;
  let unit = 1;
  for (const [i, c] of [...label].slice(0, 8).entries()) {
    const size = isDigit(c) ? 10 : 26;
    const index = isDigit(c) ? c.charCodeAt(0) - 48 : Math.min(25, Math.max(0, c.charCodeAt(0) - 97));
    if (i === 0) {
      place = isDigit(c) ? index / 36 : LETTERS_FROM + index / 36;
      unit = 1 / 36;
    } else {
      unit /= size;
      place += index * unit;
    }
  }
  return place;
}

/** A label with digits and letters where `like` has them, standing at `place`. */
function labelAt(place: number, like: string, choice: KeyedChoice): string {
  let rest = Math.min(0.999_999_9, Math.max(0, isDigit(like[0] ?? '') ? place / LETTERS_FROM : (place - LETTERS_FROM) / (1 - LETTERS_FROM)));
  return [...like]
    .map((c, i) => {
      const alphabet = isDigit(c) ? DIGITS : LETTERS;
      if (i > 6) return choice.text(1, alphabet);
      const index = Math.min(alphabet.length - 1, Math.floor(rest * alphabet.length));
      rest = rest * alphabet.length - index;
      return alphabet[index] as string;
    })
    .join('');
}

/** New labels for those of `sorted` that are not `fixed`, between the same fixed neighbours. */
function drawInOrder(sorted: readonly string[], fixed: ReadonlySet<string>, choice: KeyedChoice): Map<string, string> {
  const drawn = new Map<string, string>();
  for (let i = 0; i < sorted.length; ) {
    if (fixed.has(sorted[i] as string)) {
      i++;
      continue;
    }
    const startsWithDigit = isDigit((sorted[i] as string)[0] as string);
    let end = i;
    while (end < sorted.length && !fixed.has(sorted[end] as string) && isDigit((sorted[end] as string)[0] as string) === startsWithDigit) end++;
    const before = sorted[i - 1];
    const after = sorted[end];
    const low = Math.max(before !== undefined && fixed.has(before) ? placeOf(before) : 0, startsWithDigit ? 0 : LETTERS_FROM);
    const high = Math.min(after !== undefined && fixed.has(after) ? placeOf(after) : 1, startsWithDigit ? LETTERS_FROM : 1);
    const places = Array.from({ length: end - i }, () => low + (high - low) * choice.fraction()).sort((a, b) => a - b);
    for (const [k, place] of places.entries()) drawn.set(sorted[i + k] as string, labelAt(place, sorted[i + k] as string, choice));
    i = end;
  }
  return drawn;
}
