import { collectEventNames, collectTextNames } from '../logs/find-names.js';
import { LogDecoder } from '../logs/log-decoder.js';
import { TextRedactor } from '../logs/redact-text.js';
import { fabricVocabulary } from '../logs/vocabulary.js';
import { CaptureRedactor, type PacketPseudonyms } from '../packets/redact.js';
import { isSecretName } from '../recording/redaction.js';
import { type JsonString, rewriteJsonStrings } from '../topology/json-rewriter.js';
import { type Leak, LeakSearch } from '../topology/leak-search.js';
import { type CollectedNames, NAME_RUN, NameCollector } from '../topology/name-collector.js';
import { Pseudonyms } from '../topology/pseudonyms.js';
import type { ContentKind } from './bundle-contents.js';

type Bytes = AsyncIterable<Uint8Array>;

/** A line longer than this is redacted in pieces. */
const MAX_LINE_LENGTH = 4 << 20;
const SEARCH_BYTES = 8 << 20;

/** Fields of inspect output and of a recorder's files that name something, by the last key that is no list index. */
const NAMING_FIELD =
  /^(?:Name|Hostname|Domainname|Aliases|DNSNames|NetworkMode|Links|ExtraHosts|Env|Image|Source|Binds|User|Cmd|Args|Entrypoint|Id|NetworkID|name|host|containerName|network|command|containerId|id|projects|networks|containers|path|paths|source|removed|interface)$/;
/** Maps whose keys are names. */
const NAMED_MAP = /^(?:Networks|Containers|Labels)$/;
/** Keys that Docker writes. */
const DOCKERS_KEY = /^[A-Z][A-Za-z0-9]*$/;
/** Fields of a recorder's files that are one of a few known words or a sentence of the recorder's own. */
const OWN_WORD = /^(?:format|version|apiVersion|operatingSystem|state|endedBy|location|stream|method|moment|what|reader|type|action|schema)$/;
const SENTENCE = /^(?:why|hint)$/;
const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/;
const ID = /^(?:sha256:)?[0-9a-f]{12,64}$/;

/** Learns what names a recording, file by file. */
export class NameSurvey {
  readonly #vocabulary = fabricVocabulary();
  readonly #names = new NameCollector(this.#vocabulary);

  /** A path in the recording. */
  path(path: string): void {
    this.#names.name(path.replaceAll('/', ' '));
  }

  async read(kind: ContentKind, source: string, bytes: Bytes): Promise<void> {
    if (kind === 'log') await this.#readLog(source, bytes);
    else if (kind === 'capture') await drain(redactedCapture(bytes, new CollectingPseudonyms(this.#names)));
    else if (kind === 'inspect' || kind === 'manifest') this.#readDocument(await textOf(bytes));
    else for await (const line of linesOf(bytes)) this.#readDocument(line);
  }

  /** Whether there were more names than are kept: nothing can be redacted then. */
  get isFull(): boolean {
    return this.#names.isFull;
  }

  /** The redaction of what was surveyed, under `key`. */
  redaction(key: Uint8Array, options: { readonly keepMarks: boolean }): Redaction {
    return new Redaction(this.#names.result(), key, this.#vocabulary, options.keepMarks);
  }

  async #readLog(source: string, bytes: Bytes): Promise<void> {
    const decoder = new LogDecoder({ source, onEvent: (event) => collectEventNames(event, this.#names) });
    for await (const line of linesOf(tapped(bytes, (chunk) => decoder.push(chunk)))) collectTextNames(line, this.#names);
    for (const run of decoder.end().runs) if (run.prefix !== null) this.#names.name(run.prefix);
  }

  #readDocument(text: string): void {
    collectTextNames(text, this.#names);
    rewriteJsonStrings(text, (string) => {
      const { escaped, isKey } = string;
      const field = fieldOf(string);
      if (isKey ? NAMED_MAP.test(field) && !escaped.startsWith('com.docker.') : NAMING_FIELD.test(field) || NAMED_MAP.test(parentOf(string))) {
        if (ID.test(escaped)) this.#names.id(escaped.replace('sha256:', ''));
        else if (field === 'Env' && escaped.includes('=')) this.#readSetting(escaped);
        else if (!MOMENT.test(escaped)) this.#names.name(escaped.slice(0, 500));
      }
      if (/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(escaped))
        this.#names.mac(Uint8Array.from(escaped.split(':'), (pair) => Number.parseInt(pair, 16)));
      return escaped;
    });
  }

  #readSetting(setting: string): void {
    const [name = ''] = setting.split('=', 1);
    if (/^(?:CORE|ORDERER|FABRIC|CHANNEL|CC)_/.test(name) && !isSecretName(name)) this.#names.name(setting.slice(name.length + 1, name.length + 400));
  }
}

/** Replaces what a {@link NameSurvey} learned, in every kind of file, and looks whether anything is left. */
export class Redaction {
  readonly names: CollectedNames;
  readonly #text: TextRedactor;
  readonly #packets: PacketPseudonyms;
  readonly #keepMarks: boolean;
  readonly #searches: { readonly text: LeakSearch; readonly binary: LeakSearch };
  readonly #addresses: ReadonlySet<string>;
  #marks = 0;

  constructor(names: CollectedNames, key: Uint8Array, vocabulary: ReadonlySet<string>, keepMarks: boolean) {
    const pseudonyms = new Pseudonyms(key, names, vocabulary);
    const text = new TextRedactor(pseudonyms);
    this.names = names;
    this.#text = text;
    this.#keepMarks = keepMarks;
    this.#packets = {
      name: (name) => text.name(name),
      address: (address) => pseudonyms.addresses.address(address),
      mac: (mac) => pseudonyms.addresses.mac(mac),
    };
    this.#searches = { text: new LeakSearch(names, vocabulary, 'text'), binary: new LeakSearch(names, vocabulary, 'binary') };
    const isNeutral = (a: Uint8Array): boolean =>
      Buffer.from(pseudonyms.addresses.address(a)).equals(a) && (a.length !== 4 || [0, 127].includes(a[0] as number) || (a[0] as number) >= 224);
    this.#addresses = new Set(names.addresses.filter((a) => !isNeutral(a) && a.length === 4).map((a) => a.join('.')));
  }

  /** The replacement of a path in the recording. */
  path(path: string): string {
    return path
      .split('/')
      .map((part) => this.#text.name(part))
      .join('/');
  }

  /** The redacted bytes of a file. */
  async *redact(kind: ContentKind, bytes: Bytes): AsyncGenerator<Uint8Array> {
    if (kind === 'capture') yield* redactedCapture(bytes, this.#packets);
    else if (kind === 'inspect' || kind === 'manifest') yield Buffer.from(this.#document(await textOf(bytes)), 'latin1');
    else if (kind === 'log') for await (const line of linesOf(bytes)) yield Buffer.from(this.#text.line(line), 'latin1');
    else for await (const line of linesOf(bytes)) yield Buffer.from(kind === 'marks' ? this.#mark(line) : this.#document(line), 'latin1');
  }

  /** What of the original names is still in a redacted file, or null. */
  async findLeak(kind: ContentKind, path: string, bytes: Bytes): Promise<Leak | null> {
    const inPath = this.#searches.text.find(Buffer.from(path, 'latin1'));
    if (inPath !== null) return inPath;
    const search = kind === 'capture' ? this.#searches.binary : this.#searches.text;
    let leak: Leak | null = null;
    let carry = Buffer.alloc(0);
    const survey = new NameCollector(new Set());
    const searched = tapped(bytes, (chunk) => {
      if (leak !== null) return;
      carry = Buffer.concat([carry, chunk]);
      if (carry.length < SEARCH_BYTES) return;
      leak = search.find(carry);
      carry = Buffer.from(carry.subarray(carry.length - search.overlapBytes));
    });
    await drain(kind === 'capture' ? redactedCapture(searched, new CollectingPseudonyms(survey)) : searched);
    leak ??= search.find(carry);
    const address = survey.result().addresses.find((a) => this.#addresses.has(a.join('.')));
    return leak ?? (address === undefined ? null : { name: address.join('.'), encoding: 'bytes of a packet' });
  }

  #document(text: string): string {
    const rewritten = rewriteJsonStrings(text, (string) => this.#string(string));
    // What is no JSON, such as the torn last line of a recorder that was killed, holds names all the same.
    return rewritten ?? this.#text.name(text);
  }

  #string(string: JsonString): string {
    const { escaped, isKey } = string;
    const field = fieldOf(string);
    if (isKey)
      return DOCKERS_KEY.test(escaped) && !NAMED_MAP.test(field)
        ? escaped
        : /^[a-z]+(?:[A-Z][a-z]*)*$/.test(escaped) && !NAMED_MAP.test(field)
          ? escaped
          : this.#text.jsonText(escaped, true);
    if (MOMENT.test(escaped) || OWN_WORD.test(field)) return escaped;
    if (SENTENCE.test(field)) return this.#text.jsonText(escaped, false);
    if (field === 'Env') return this.#setting(escaped);
    return this.#text.jsonText(escaped, true);
  }

  #setting(setting: string): string {
    const equals = setting.indexOf('=');
    if (equals < 0) return this.#text.jsonText(setting, true);
    const name = setting.slice(0, equals);
    const value = setting.slice(equals + 1);
    const shown = /^(?:CORE|ORDERER|FABRIC|GOPATH|GODEBUG|PATH|HOME|CHANNEL|COMPOSE|COUCHDB)/.test(name) ? name : this.#text.jsonText(name, true);
    return `${shown}=${isSecretName(name) && !/_FILE$|KEYSTORE/.test(name) ? 'x'.repeat(value.length) : this.#text.jsonText(value, true)}`;
  }

  /** Users write what they like into marks: nobody can tell what in it names something. */
  #mark(line: string): string {
    const number = ++this.#marks;
    const rewritten = rewriteJsonStrings(line, (string) => {
      if (string.isKey || MOMENT.test(string.escaped)) return string.escaped;
      return this.#keepMarks ? this.#text.jsonText(string.escaped, false) : `mark ${number}`;
    });
    return rewritten ?? line.replaceAll(NAME_RUN, (run) => 'x'.repeat(run.length));
  }
}

/** Replaces nothing and remembers everything. */
class CollectingPseudonyms implements PacketPseudonyms {
  readonly #names: NameCollector;

  constructor(names: NameCollector) {
    this.#names = names;
  }

  name(text: string): string {
    this.#names.name(text);
    return text;
  }

  address(address: Uint8Array): Uint8Array {
    this.#names.address(address);
    return address;
  }

  mac(mac: Uint8Array): Uint8Array {
    this.#names.mac(mac);
    return mac;
  }
}

const fieldOf = ({ path }: JsonString): string => String(path.findLast((key) => typeof key === 'string') ?? '');
const parentOf = ({ path }: JsonString): string => String(path.filter((key) => typeof key === 'string').at(-2) ?? '');

async function* redactedCapture(bytes: Bytes, names: PacketPseudonyms): AsyncGenerator<Uint8Array> {
  const redactor = new CaptureRedactor(names);
  for await (const chunk of bytes) yield* redactor.push(chunk);
  yield* redactor.end();
}

async function* tapped(bytes: Bytes, look: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    look(chunk);
    yield chunk;
  }
}

async function drain(bytes: Bytes): Promise<void> {
  for await (const _ of bytes);
}

async function textOf(bytes: Bytes): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

/** Lines with their line feeds, as latin1. */
async function* linesOf(bytes: Bytes): AsyncGenerator<string> {
  let carry = '';
  for await (const chunk of bytes) {
    const text = carry + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      yield text.slice(start, end + 1);
      start = end + 1;
    }
    carry = text.slice(start);
    while (carry.length > MAX_LINE_LENGTH) {
      yield carry.slice(0, MAX_LINE_LENGTH);
      carry = carry.slice(MAX_LINE_LENGTH);
    }
  }
  if (carry !== '') yield carry;
}
