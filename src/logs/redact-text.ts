import { NAME_RUN, parseAddress } from '../topology/name-collector.js';
import type { Pseudonyms } from '../topology/pseudonyms.js';

/** What is put in place of a stretch of text. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** How the words of a text are replaced. */
type WordRule = (run: string) => string;

const TOKEN = /"|\[(?=\d{1,3}(?: \d{1,3}){7})|[A-Za-z0-9+/_=.:@%~\x80-\xff-]+/g;
const DECIMAL_LIST = /\[(\d{1,3}(?: \d{1,3})*)/y;
const OCTAL = /\\[0-3][0-7]{2}/;
/** Time, zone and, in both console layouts, what stands between them and the message; the logger is in the first or second group. */
const HEADER =
  /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[A-Za-z+-][\w:+-]{0,7} )?(?:\[([^\]\n]{0,300})\] \S{1,300} -> [A-Z]{4} [0-9a-f]+|[0-9a-f]+ [A-Z]{4}(?:\x1b\[0m)? \[([^\]\n]{0,300})\])/;
const PARTS = new RegExp(
  [
    '(?<uuid>(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z]))',
    '(?<pairs>(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}:){5,}[0-9A-Fa-f]{2}(?![0-9A-Za-z:]))',
    '(?<six>(?<![0-9A-Za-z.:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?::?\\d{1,3}(?:\\.\\d{1,3}){3})?(?![0-9A-Za-z]))',
    '(?<four>(?<![0-9A-Za-z.])\\d{1,3}(?:\\.\\d{1,3}){3}(?![0-9A-Za-z]|\\.\\d))',
    '(?<blob>[A-Za-z0-9+/_-]{24,}={0,2})',
    '(?<run>[A-Za-z0-9\\x80-\\xff]+)',
  ].join('|'),
  'g',
);
const HEX_DUMP = /(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2} ){15,}[0-9A-Fa-f]{2}(?![0-9A-Za-z])/g;
const JSON_START = /^[^{"\n]{0,300}\{\s*"/;

const MAC_LENGTH = 17;
const PKI_ID_BYTES = 32;
const SHORTEST_ID = 12;
const SHORTEST_BLOB_ID = 32;
const SHORTEST_SERIAL = 24;
const SHORTEST_BINARY = 8;
/** Shorter words occur in base64 by chance. */
const SHORTEST_SURE_LABEL = 5;
/** Docker's wrapper, Fabric's JSON, and text in it. */
const MAX_NESTING = 3;
const NAMED_ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '"': 34, "'": 39, '\\': 92 };

/**
 * Replaces in text whatever names a network, and fills what could hide a name: long blobs of base64, hexadecimal, byte lists, escaped bytes. Ids and PKI-IDs
 * keep their identity across notations. Text is latin1, one character a byte; but for PKI-IDs in escaped notation within JSON every text keeps its length.
 * Nothing in the text makes it throw.
 */
export class TextRedactor {
  readonly #names: Pseudonyms;
  readonly #whole: RegExp | null;
  readonly #known: WordRule;
  readonly #unknown: WordRule;

  constructor(names: Pseudonyms) {
    this.#names = names;
    this.#whole = wholeNames(names);
    this.#known = (run) => names.word(run);
    this.#unknown = (run) => names.nameWord(run);
  }

  /** A line of a log, JSON or not, with its line feed or without. */
  line(text: string): string {
    return apply(text, this.#lineEdits(text, this.#known, 0));
  }

  /** Text in a place that holds names, such as a path: words that are not known as Fabric's are replaced too. */
  name(text: string): string {
    return apply(text, this.#freeEdits(text, this.#unknown));
  }

  /** What a JSON string literal holds between its quotes, still escaped; `holdsNames` as in {@link name}. */
  jsonText(escaped: string, holdsNames: boolean): string {
    return apply(escaped, this.#jsonEdits(escaped, 0, holdsNames ? this.#unknown : this.#known, 0));
  }

  #lineEdits(text: string, words: WordRule, depth: number): readonly Edit[] {
    if (depth >= MAX_NESTING || !JSON_START.test(text)) return this.#freeEdits(text, words);
    const edits: Edit[] = [];
    let from = 0;
    for (let quote = text.indexOf('"'); quote >= 0; quote = text.indexOf('"', from)) {
      const end = endOfString(text, quote);
      if (end < 0) break;
      edits.push(...moved(this.#freeEdits(text.slice(from, quote), words), from));
      edits.push(...this.#jsonEdits(text.slice(quote + 1, end), quote + 1, words, depth + 1));
      from = end + 1;
    }
    edits.push(...moved(this.#freeEdits(text.slice(from), words), from));
    return edits;
  }

  /** Edits of a JSON string's escaped content, which begins at `offset`. */
  #jsonEdits(escaped: string, offset: number, words: WordRule, depth: number): readonly Edit[] {
    if (!escaped.includes('\\')) return moved(this.#lineEdits(escaped, words, depth), offset);
    const { text, places } = unescapeJson(escaped);
    return this.#lineEdits(text, words, depth).map((edit) => ({
      start: offset + (places[edit.start] as number),
      end: offset + (places[edit.end] as number),
      text: escapeJson(edit.text),
    }));
  }

  #freeEdits(text: string, words: WordRule): readonly Edit[] {
    if (text.includes('\n')) {
      // A record of several lines: each has its own header, or none.
      let at = 0;
      return text.split('\n').flatMap((line) => {
        const edits = moved(this.#freeEdits(line, words), at);
        at += line.length + 1;
        return edits;
      });
    }
    const first: Edit[] = [];
    if (this.#whole !== null) {
      for (const match of text.matchAll(this.#whole)) {
        first.push({ start: match.index, end: match.index + match[0].length, text: this.#names.compound(match[0]) });
      }
    }
    for (const match of text.matchAll(HEX_DUMP))
      first.push({ start: match.index, end: match.index + match[0].length, text: this.#pairs(match[0], ' ') });
    const header = HEADER.exec(text);
    const edits: Edit[] = [];
    const read = (start: number, end: number): void => this.#readTokens(text, start, end, words, edits);
    if (header === null) read(0, text.length);
    else {
      // The time, the zone and the record's number are no names, whatever they spell.
      const logger = header[1] ?? header[2] ?? '';
      const loggerAt = text.indexOf(`[${logger}]`, header.index) + 1;
      read(0, header.index);
      read(loggerAt, loggerAt + logger.length);
      read(header.index + header[0].length, text.length);
    }
    if (first.length === 0) return edits;
    // Of two that overlap the one around the other counts: byte lists and escaped bytes hold names.
    const outer = first.filter((f) => !edits.some((e) => e.start <= f.start && f.end <= e.end));
    return [...outer, ...edits.filter((e) => !outer.some((f) => e.start < f.end && f.start < e.end))].sort((a, b) => a.start - b.start);
  }

  #readTokens(text: string, start: number, end: number, words: WordRule, edits: Edit[]): void {
    TOKEN.lastIndex = start;
    for (let match = TOKEN.exec(text); match !== null && match.index < end; match = TOKEN.exec(text)) {
      const at = match.index;
      let next = TOKEN.lastIndex;
      if (match[0] === '"') {
        const close = endOfString(text, at);
        const stop = close < 0 ? text.length : close;
        const content = text.slice(at + 1, stop);
        if (OCTAL.test(content)) {
          edits.push({ start: at + 1, end: stop, text: this.#escapedBytes(content) });
          next = Math.min(text.length, stop + 1);
        }
      } else if (match[0] === '[') {
        DECIMAL_LIST.lastIndex = at;
        const list = DECIMAL_LIST.exec(text)?.[1] ?? '';
        const replaced = this.#decimalList(list);
        if (replaced !== list) edits.push({ start: at + 1, end: at + 1 + list.length, text: replaced });
        next = at + 1 + list.length;
      } else this.#readChunk(text.slice(at, Math.min(next, end)), at, words, edits);
      TOKEN.lastIndex = next;
    }
  }

  #readChunk(chunk: string, offset: number, words: WordRule, edits: Edit[]): void {
    if (/^[\d.:TZ+-]*$/.test(chunk) && !/\d\.\d+\.\d+\.\d/.test(chunk) && chunk.length < SHORTEST_SERIAL && !chunk.includes('::')) return;
    for (const match of chunk.matchAll(PARTS)) {
      const [part] = match;
      const at = offset + match.index;
      const replaced = this.#part(part, match.groups ?? {}, words);
      if (replaced === null) this.#readRuns(part, at, words, edits);
      else if (replaced !== part) edits.push({ start: at, end: at + part.length, text: replaced });
    }
  }

  /** The replacement of a part that {@link PARTS} found, null where it is to be read word by word. */
  #part(part: string, groups: Readonly<Record<string, string | undefined>>, words: WordRule): string | null {
    if (groups['uuid'] !== undefined) return this.#id(part.replaceAll('-', '')).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    if (groups['pairs'] !== undefined) return part.length === MAC_LENGTH ? this.#mac(part) : this.#pairs(part, ':');
    if (groups['six'] !== undefined || groups['four'] !== undefined) {
      const address = parseAddress(part);
      return address === null ? null : this.#address(part, address);
    }
    if (groups['blob'] === undefined || /^[0-9A-Fa-f]+$/.test(part)) return this.#word(part, words);
    return isOpaque(part) && !this.#holdsLabel(part) ? this.#names.filler(part) : null;
  }

  #readRuns(text: string, offset: number, words: WordRule, edits: Edit[]): void {
    for (const match of text.matchAll(NAME_RUN)) {
      const replaced = this.#word(match[0], words);
      if (replaced !== match[0]) edits.push({ start: offset + match.index, end: offset + match.index + match[0].length, text: replaced });
    }
  }

  #holdsLabel(text: string): boolean {
    return (text.match(NAME_RUN) ?? []).some((run) => run.length >= SHORTEST_SURE_LABEL && this.#names.names.labels.has(run.toLowerCase()));
  }

  #word(run: string, words: WordRule): string {
    if (run.length >= SHORTEST_ID && /^[0-9A-Fa-f]+$/.test(run)) {
      if (/^[0-9]+$/.test(run)) return run.length >= SHORTEST_SERIAL ? this.#names.filler(run) : run;
      if (run.length >= SHORTEST_BLOB_ID || this.#names.names.shortIds.has(run.slice(0, SHORTEST_ID).toLowerCase())) return this.#id(run);
    }
    return words(run);
  }

  #id(hex: string): string {
    const replaced = this.#names.id(hex.toLowerCase());
    return /[A-F]/.test(hex) ? replaced.toUpperCase() : replaced;
  }

  #pairs(text: string, separator: string): string {
    const hex = this.#id(text.replaceAll(separator, ''));
    return (hex.match(/../g) ?? []).join(separator);
  }

  #mac(text: string): string {
    const bytes = Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16));
    const replaced = [...this.#names.addresses.mac(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    return /[A-F]/.test(text) ? replaced.toUpperCase() : replaced;
  }

  #address(text: string, address: Uint8Array): string {
    const replaced = this.#names.addresses.address(address);
    if (address.length === 4) return replaced.join('.');
    if (text.includes('.')) return `${text.slice(0, text.lastIndexOf(':') + 1)}${replaced.subarray(12).join('.')}`;
    // Group by group, so that zeroes stay written as they were.
    const groups = text.split(':');
    const filled = groups.filter((group) => group !== '').length;
    const gapAt =
      text.indexOf('::') < 0
        ? groups.length
        : text
            .slice(0, text.indexOf('::'))
            .split(':')
            .filter((group) => group !== '').length;
    let index = 0;
    return groups
      .map((group) => {
        if (group === '') return '';
        const at = index < gapAt ? index : 8 - filled + index;
        index++;
        const value = (replaced[2 * at] as number) * 256 + (replaced[2 * at + 1] as number);
        const hex = value.toString(16).padStart(group.length, '0');
        return /[A-F]/.test(group) ? hex.toUpperCase() : hex;
      })
      .join(':');
  }

  /** The bytes of a decimal list; a list of other numbers, such as those of blocks, is left alone. */
  #decimalList(list: string): string {
    const numbers = list.split(' ').map(Number);
    if (numbers.some((n) => n > 255)) return list;
    if (numbers.length === PKI_ID_BYTES) return [...Buffer.from(this.#names.id(Buffer.from(numbers).toString('hex')), 'hex')].join(' ');
    const isCount =
      new Set(numbers).size === numbers.length && Math.max(...numbers.slice(0, 1000)) - Math.min(...numbers.slice(0, 1000)) < 2 * numbers.length;
    if (numbers.length < SHORTEST_BINARY || isCount) return list;
    const choice = this.#names.choice(`list ${list}`);
    // The lengths of the numbers would tell letters; only how many there are of each is kept.
    const lengths = numbers.map((n) => String(n).length);
    for (let i = lengths.length - 1; i > 0; i--) {
      const other = choice.below(i + 1);
      [lengths[i], lengths[other]] = [lengths[other] as number, lengths[i] as number];
    }
    return lengths.map((digits) => (digits === 1 ? choice.below(10) : digits === 2 ? 10 + choice.below(90) : 100 + choice.below(156))).join(' ');
  }

  /** A string of protobuf text format with escaped bytes: an id of 32 bytes stays one, anything else is filled. */
  #escapedBytes(content: string): string {
    const bytes = bytesOfEscapes(content);
    if (bytes !== null && bytes.length === PKI_ID_BYTES) {
      return [...Buffer.from(this.#names.id(Buffer.from(bytes).toString('hex')), 'hex')].map(escapedByte).join('');
    }
    const choice = this.#names.choice(`bytes ${content}`);
    return content.replaceAll(/\\[0-3][0-7]{2}|\\.|[^\\]/g, (unit) => {
      if (unit.length === 4) return `\\${choice.below(2) + 2}${choice.below(8)}${choice.below(8)}`;
      return unit.length === 1 && /[A-Za-z0-9]/.test(unit) ? choice.text(1, 'abcdefghijklmnopqrstuvwxyz') : unit;
    });
  }
}

/** Names that are replaced as a whole, and names too short to be replaced but where a channel or a host is named. */
function wholeNames(names: Pseudonyms): RegExp | null {
  const quoted = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  const compounds = [...names.names.compounds].sort((a, b) => b.length - a.length).map((name) => `(?<![A-Za-z0-9])${quoted(name)}(?![A-Za-z0-9])`);
  const short = [...names.names.kept].filter((name) => /^[A-Za-z][A-Za-z0-9]?$/.test(name)).map(quoted);
  const inPlaces =
    short.length === 0
      ? []
      : [`(?<=\\[|[Cc]hannel[ :=]{0,2}["'\\[]?)(?:${short.join('|')})(?=["'\\],. ]|$)`, `(?<![\\w.:/-])(?:${short.join('|')})(?=:\\d{2,5}\\b)`];
  const all = [...compounds, ...inPlaces];
  return all.length === 0 ? null : new RegExp(all.join('|'), 'g');
}

function apply(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of edits) {
    if (edit.start < at) continue;
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return at === 0 ? text : result + text.slice(at);
}

const moved = (edits: readonly Edit[], by: number): readonly Edit[] =>
  by === 0 ? edits : edits.map((e) => ({ start: e.start + by, end: e.end + by, text: e.text }));

/** The place of the quote that ends the string whose opening quote is at `quote`, or -1. */
function endOfString(text: string, quote: number): number {
  for (let at = quote + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 92) at++;
    else if (code === 34) return at;
  }
  return -1;
}

/** The text of a JSON string, UTF-8 as latin1, and where in the escaped text each character came from; one place more for the end. */
function unescapeJson(escaped: string): { readonly text: string; readonly places: readonly number[] } {
  let text = '';
  const places: number[] = [];
  const simple: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
  for (let at = 0; at < escaped.length; ) {
    let add = escaped[at] as string;
    let next = at + 1;
    if (add === '\\' && next < escaped.length) {
      const letter = escaped[next] as string;
      const code = letter === 'u' ? /^[0-9a-fA-F]{4}/.exec(escaped.slice(next + 1, next + 5))?.[0] : undefined;
      next += code === undefined ? 1 : 5;
      add = code === undefined ? (simple[letter] ?? letter) : Buffer.from(String.fromCharCode(Number.parseInt(code, 16)), 'utf8').toString('latin1');
    }
    for (let i = 0; i < add.length; i++) places.push(at);
    text += add;
    at = next;
  }
  places.push(escaped.length);
  return { text, places };
}

function escapeJson(text: string): string {
  return text.replaceAll(/["\\\0-\x1f]/g, (c) => (c === '"' || c === '\\' ? `\\${c}` : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`));
}

/** Base64 has digits and both cases among one another; words and paths have no such mixture, names run together (`newBlockStore`) no digits. */
function isOpaque(text: string): boolean {
  const count = (pattern: RegExp): number => (text.match(pattern) ?? []).length;
  if (count(/[A-Z]/g) < 2 || count(/[a-z]/g) < 2) return false;
  return count(/[0-9]/g) >= 2 || count(/[a-z][A-Z]|[A-Z][a-z]|[+/]/g) / text.length >= 0.5;
}

function bytesOfEscapes(content: string): readonly number[] | null {
  const bytes: number[] = [];
  for (const [unit] of content.matchAll(/\\[0-3][0-7]{2}|\\.|[^\\]/g)) {
    if (unit.length === 4) bytes.push(Number.parseInt(unit.slice(1), 8));
    else if (unit.length === 1) bytes.push(unit.charCodeAt(0));
    else {
      const named = NAMED_ESCAPES[unit[1] as string];
      if (named === undefined) return null;
      bytes.push(named);
    }
  }
  return bytes;
}

function escapedByte(byte: number): string {
  for (const [letter, code] of Object.entries(NAMED_ESCAPES)) if (code === byte && byte !== 39) return `\\${letter}`;
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
}
