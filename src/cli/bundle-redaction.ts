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
import { splitRecordingPath } from './bundle-paths.js';

type Bytes = AsyncIterable<Uint8Array>;

/** A line longer than this is redacted in pieces. */
const MAX_LINE_LENGTH = 4 << 20;
const SEARCH_BYTES = 8 << 20;
/** Of a longer text, such as a command line, the begin is looked at for names. */
const MAX_NAME_LENGTH = 500;
/** Of a longer command line the begin is looked at for options; the words behind it are replaced like all others. */
const MAX_COMMAND_LENGTH = 1 << 16;
/** Keys of all documents together. */
const MAX_KEYS = 10_000;

/** Fields of inspect output and of a recorder's files that name something, by the last key that is no list index. */
const NAMING_FIELD =
  /^(?:Name|Hostname|Domainname|Aliases|DNSNames|NetworkMode|Links|ExtraHosts|Env|Image|Source|Binds|User|Cmd|Args|Entrypoint|Id|NetworkID|name|host|containerName|network|command|containerId|id|projects|networks|containers|path|paths|source|removed|interface)$/;
/** Of these the command lines of containers and of the operator. */
const COMMAND_FIELD = /^(?:Cmd|Args|Entrypoint|command)$/;
/** Options of Fabric's commands in front of a channel, a chaincode or an endpoint. */
const NAMING_OPTION =
  /(?:^|\s)(?:-[Ccno]|--(?:channelID|name|orderer|ordererTLSHostnameOverride|peerAddresses|peer\.address|label|package-id))[= ]+\\?["']?([A-Za-z0-9][\w.-]*(?::\d+)?)/g;
/** Settings that are Fabric's or of common programs: how they are called tells nothing. */
const SHOWN_SETTING = /^(?:CORE|ORDERER|FABRIC|GOPATH|GODEBUG|PATH|HOME|CHANNEL|COMPOSE|COUCHDB)/;
/** Maps whose keys are names, or words of the user's. */
const NAMED_MAP = /^(?:Networks|Containers|Labels|Annotations|DriverOpts|Options|Sysctls|Volumes)$/;
/** Keys that Docker writes, and those that a recorder does. */
const DOCKERS_KEY = /^[A-Z][A-Za-z0-9]*$/;
const RECORDERS_KEY = /^[a-z]+(?:[A-Z][a-z]*)*$/;
/** Fields of a recorder's files that are one of a few known words or a sentence of the recorder's own. */
const OWN_WORD = /^(?:format|version|apiVersion|state|endedBy|location|stream|method|moment|what|reader|type|action|schema)$/;
/** Sentences of the recorder's or of Docker's, in which known names are replaced. */
const SENTENCE = /^(?:why|hint|operatingSystem)$/;
/** Fields of a manifest that hold paths; the source of a gap may also be the name of what has no file. */
const PATH_FIELD = /^(?:path|paths|removed|source)$/;
const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/;
const STAMP = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;
const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;
const ID = /^(?:sha256:)?[0-9a-f]{12,64}$/;

/** Learns what names a recording, file by file. */
export class NameSurvey {
  readonly #vocabulary = fabricVocabulary();
  readonly #names = new NameCollector(this.#vocabulary);
  /** Keys of JSON documents, and words of settings, that stay; in lower case. */
  readonly #keys = new Set<string>();

  /** A path in the recording. */
  path(path: string): void {
    for (const { text, kind } of splitRecordingPath(path)) {
      if (kind === 'host') this.#names.name(text);
      else if (kind === 'other') this.#names.stranger(text);
    }
  }

  async read(kind: ContentKind, source: string, bytes: Bytes): Promise<void> {
    if (kind === 'log') await this.#readLog(source, bytes);
    else if (kind === 'capture') await drain(redactedCapture(bytes, new CollectingPseudonyms(this.#names)));
    else if (kind === 'inspect' || kind === 'manifest') this.#readDocument(await textOf(bytes), kind);
    else if (kind === 'output') await drain(bytes);
    else for await (const line of linesOf(bytes)) this.#readDocument(line, kind);
  }

  /** Whether there were more names than are kept: nothing can be redacted then. */
  get isFull(): boolean {
    return this.#names.isFull;
  }

  /** The redaction of what was surveyed, under `key`. */
  redaction(key: Uint8Array, options: { readonly keepMarks: boolean }): Redaction {
    return new Redaction({ names: this.#names.result(), key, vocabulary: this.#vocabulary, keys: this.#keys, keepMarks: options.keepMarks });
  }

  async #readLog(source: string, bytes: Bytes): Promise<void> {
    const decoder = new LogDecoder({ source, onEvent: (event) => collectEventNames(event, this.#names) });
    for await (const line of linesOf(tapped(bytes, (chunk) => decoder.push(chunk)))) collectTextNames(line, this.#names);
    for (const run of decoder.end().runs) if (run.prefix !== null) this.#names.name(run.prefix);
  }

  #readDocument(text: string, kind: ContentKind): void {
    collectTextNames(text, this.#names);
    rewriteJsonStrings(text, (string) => {
      const { escaped, isKey } = string;
      if (isKey && isOwnKey(string)) this.#keep(escaped);
      else if (kind === 'manifest' && isNameOfRecording(string)) this.#names.stranger(escaped);
      else if (kind === 'manifest' && !isKey && PATH_FIELD.test(fieldOf(string))) this.path(escaped);
      else if (namesSomething(string)) this.#readName(string);
      if (MAC.test(escaped)) this.#names.mac(Uint8Array.from(escaped.split(':'), (pair) => Number.parseInt(pair, 16)));
      return escaped;
    });
  }

  #keep(key: string): void {
    if (this.#keys.size < MAX_KEYS) this.#keys.add(key.toLowerCase());
  }

  #readName(string: JsonString): void {
    const { escaped } = string;
    if (ID.test(escaped)) this.#names.id(escaped.replace('sha256:', ''));
    else if (fieldOf(string) === 'Env' && escaped.includes('=')) this.#readSetting(escaped);
    else if (COMMAND_FIELD.test(fieldOf(string))) this.#readCommand(escaped);
    else if (!MOMENT.test(escaped)) this.#names.name(escaped.slice(0, MAX_NAME_LENGTH));
  }

  /** Most words of a command line are those of programs; what names something stands behind an option that says so. */
  #readCommand(command: string): void {
    this.#names.stranger(command);
    for (const [, value = ''] of command.slice(0, MAX_COMMAND_LENGTH).matchAll(NAMING_OPTION)) this.#names.endpoint(value);
  }

  #readSetting(setting: string): void {
    const [name = ''] = setting.split('=', 1);
    if (SHOWN_SETTING.test(name)) for (const word of name.toLowerCase().match(NAME_RUN) ?? []) this.#keep(word);
    if (/^(?:CORE|ORDERER|FABRIC|CHANNEL|CC)_/.test(name) && !isSecretName(name)) this.#names.name(setting.slice(name.length + 1, name.length + 400));
  }
}

/** Replaces what a {@link NameSurvey} learned, in every kind of file, and looks whether anything is left. */
export class Redaction {
  readonly names: CollectedNames;
  readonly #text: TextRedactor;
  readonly #packets: PacketPseudonyms;
  readonly #keepMarks: boolean;
  readonly #searches: Readonly<Record<'text' | 'binary' | 'document', LeakSearch>>;
  readonly #addresses: ReadonlySet<string>;
  #marks = 0;

  constructor(parts: {
    readonly names: CollectedNames;
    readonly key: Uint8Array;
    readonly vocabulary: ReadonlySet<string>;
    /** Keys of JSON documents, and words of settings, that stay; in lower case. A network may have a name that is one. */
    readonly keys: ReadonlySet<string>;
    readonly keepMarks: boolean;
  }) {
    const { names, key, vocabulary, keys, keepMarks } = parts;
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
    this.#searches = {
      text: new LeakSearch(names, vocabulary, 'text'),
      binary: new LeakSearch(names, vocabulary, 'binary'),
      document: new LeakSearch(names, new Set([...vocabulary, ...keys]), 'text'),
    };
    const isNeutral = (a: Uint8Array): boolean =>
      Buffer.from(pseudonyms.addresses.address(a)).equals(a) && (a.length !== 4 || [0, 127].includes(a[0] as number) || (a[0] as number) >= 224);
    this.#addresses = new Set(names.addresses.filter((a) => !isNeutral(a)).map((a) => a.join('.')));
  }

  /** The replacement of a path in the recording. */
  path(path: string): string {
    return splitRecordingPath(path)
      .map(({ text, kind }) => (kind === 'layout' ? text : this.#text.name(text)))
      .join('');
  }

  /** The redacted bytes of a file. */
  async *redact(kind: ContentKind, bytes: Bytes): AsyncGenerator<Uint8Array> {
    if (kind === 'capture') yield* redactedCapture(bytes, this.#packets);
    else if (kind === 'inspect' || kind === 'manifest') yield Buffer.from(this.#document(await textOf(bytes), kind), 'latin1');
    else if (kind === 'log') for await (const line of linesOf(bytes)) yield Buffer.from(this.#text.line(line), 'latin1');
    else if (kind === 'output') for await (const line of linesOf(bytes)) yield Buffer.from(filledOutput(line), 'latin1');
    else for await (const line of linesOf(bytes)) yield Buffer.from(kind === 'marks' ? this.#mark(line) : this.#document(line, kind), 'latin1');
  }

  /** What of the original names is still in a redacted file, or null. */
  async findLeak(kind: ContentKind, path: string, bytes: Bytes): Promise<Leak | null> {
    const inPath = this.#searches.text.find(Buffer.from(path, 'latin1'));
    if (inPath !== null) return inPath;
    const search = this.#searches[kind === 'capture' ? 'binary' : kind === 'log' ? 'text' : 'document'];
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

  #document(text: string, kind: ContentKind): string {
    const rewritten = rewriteJsonStrings(text, (string) => this.#string(string, kind));
    // What is no JSON, such as the torn last line of a recorder that was killed, holds names all the same.
    return rewritten ?? this.#text.name(text);
  }

  #string(string: JsonString, kind: ContentKind): string {
    const { escaped, isKey } = string;
    const field = fieldOf(string);
    if (isKey) return isOwnKey(string) ? escaped : this.#text.jsonText(escaped, true);
    if (MOMENT.test(escaped) || OWN_WORD.test(field)) return escaped;
    if (kind === 'manifest' && PATH_FIELD.test(field) && !escaped.includes('\\')) return this.path(escaped);
    if (field === 'Env') return this.#setting(escaped);
    return this.#text.jsonText(escaped, !SENTENCE.test(field));
  }

  #setting(setting: string): string {
    const equals = setting.indexOf('=');
    if (equals < 0) return this.#text.jsonText(setting, true);
    const name = setting.slice(0, equals);
    const value = setting.slice(equals + 1);
    const shown = SHOWN_SETTING.test(name) ? name : this.#text.jsonText(name, true);
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

/** A line of what a program printed that is none of Fabric's, which may hold anything: Docker's stamp and what is blank stay. */
function filledOutput(line: string): string {
  const stamp = STAMP.exec(line)?.[0] ?? '';
  return stamp + line.slice(stamp.length).replaceAll(/[^\s]/g, 'x');
}

const fieldOf = ({ path }: JsonString): string => String(path.findLast((key) => typeof key === 'string') ?? '');
const parentOf = ({ path }: JsonString): string => String(path.filter((key) => typeof key === 'string').at(-2) ?? '');

/** A key that Docker or a recorder writes, whatever the network. */
const isOwnKey = (key: JsonString): boolean => !NAMED_MAP.test(fieldOf(key)) && (DOCKERS_KEY.test(key.escaped) || RECORDERS_KEY.test(key.escaped));

/** What the recording is called: the user's word for it. */
const isNameOfRecording = ({ path, isKey }: JsonString): boolean => !isKey && path.length === 1 && path[0] === 'name';

function namesSomething(string: JsonString): boolean {
  const field = fieldOf(string);
  if (string.isKey) return NAMED_MAP.test(field) && !string.escaped.startsWith('com.docker.');
  return NAMING_FIELD.test(field) || NAMED_MAP.test(parentOf(string));
}

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
