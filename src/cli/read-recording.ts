import type {
  Recorded,
  RecordedCapture,
  RecordedDockerEvents,
  RecordedInspect,
  RecordedLog,
  RecordedManifest,
  RecordedMarks,
  RecordedOutput,
  UnreadableFile,
} from '../analysis/recorded.js';
import type { LogEvent } from '../events/event.js';
import type { Instant } from '../events/instant.js';
import { OddityCounter } from '../events/oddity.js';
import { LogDecoder, recognizeLog } from '../logs/log-decoder.js';
import { CaptureDecoder, recognizeCapture } from '../packets/capture-decoder.js';
import { FrameExcerpter } from '../packets/frame-text.js';
import { openBundles } from '../recording/bundle.js';
import { findInputs, type InputFile, readBytes, STANDARD_INPUT, STANDARD_INPUT_SOURCE } from '../recording/files.js';
import { EVENTS_FILE, MANIFEST_FILE, MARKS_FILE } from '../recording/manifest.js';
import { OperationalError } from '../recording/operational-error.js';
import { parseDockerEvents, parseOperatorMarks } from '../topology/docker-events.js';
import { parseInspect } from '../topology/inspect.js';
import { type BoundLog, bindLogs, momentsOfInspects, parseRecordingManifest } from '../topology/recording-manifest.js';
import type { Progress } from './progress.js';

export interface ReadOptions {
  readonly paths: readonly string[];
  /** Source path (or its end) → node name. */
  readonly names: ReadonlyMap<string, string>;
  readonly zoneOffsetMinutes: number | null;
  readonly progress: Progress;
}

export interface ReadResult {
  readonly recorded: Recorded;
  readonly root: string;
  readonly files: readonly InputFile[];
}

const HEAD_BYTES = 1 << 16;

/** Larger than any inspect output of a network one can draw. */
const MAX_INSPECT_BYTES = 64 << 20;

/** Larger than any manifest; what Docker tells of a network in days, and the notes on it. */
const MAX_MANIFEST_BYTES = 16 << 20;
const MAX_TOLD_BYTES = 64 << 20;

/** So many events of one log are kept; a log at DEBUG for days has more, and says nothing new about gossip. */
const MAX_EVENTS_PER_LOG = 2_000_000;

const HOW_TO_GET_A_LOG = 'Fabric logs to standard error: docker logs NAME > NAME.log 2>&1';

/**
 * Reads everything that `paths` name into a recording, each file recognized by its content. Bad data is an oddity beside the good.
 * Throws an {@link OperationalError} only when nothing at all can be read.
 */
export async function readRecording(options: ReadOptions): Promise<ReadResult> {
  const inputs = await openBundles(await findInputs(options.paths));
  const reader = new RecordingReader(options);
  const files: InputFile[] = [
    ...inputs.files,
    ...(inputs.standardInput ? [{ path: STANDARD_INPUT, source: STANDARD_INPUT_SOURCE, isNamed: true }] : []),
  ];
  for (const { path, why } of inputs.missing) reader.miss(path, why);
  // What a manifest says of the other files is needed when they are read.
  const inOrder = [...files.filter(isManifest), ...files.filter((f) => !isManifest(f))];
  for (const [i, file] of inOrder.entries()) {
    options.progress.say(`reading ${file.source} (${i + 1} of ${files.length})`);
    await reader.read(file);
  }
  options.progress.done();
  const recorded = reader.recorded(overridesOf(options.names, files));
  if (recorded.logs.length + recorded.captures.length + recorded.inspects.length + recorded.dockerEvents.length === 0)
    throw nothingReadable(options.paths, recorded.unreadable);
  return { recorded, root: inputs.root, files };
}

const isNamed = (file: InputFile, name: string): boolean => file.path.endsWith(`/${name}`);
const isManifest = (file: InputFile): boolean => isNamed(file, MANIFEST_FILE);

function nothingReadable(paths: readonly string[], unreadable: readonly UnreadableFile[]): OperationalError {
  const first = unreadable[0];
  return new OperationalError({
    what: `nothing to analyze in ${paths.join(' ')}`,
    why:
      first === undefined
        ? 'no file in it is a Fabric log, a packet capture or output of docker inspect'
        : `${first.source}: ${first.why}${unreadable.length > 1 ? ` (and ${unreadable.length - 1} more)` : ''}`,
    hint: `give a folder or files: logs (${HOW_TO_GET_A_LOG}), captures (tcpdump -w), docker inspect output`,
  });
}

function overridesOf(names: ReadonlyMap<string, string>, files: readonly InputFile[]): ReadonlyMap<string, string> {
  const overrides = new Map<string, string>();
  for (const [given, name] of names) {
    const matching = files.filter((f) => f.source === given || f.path === given || f.path.endsWith(`/${given.replace(/^\.\//, '')}`));
    if (matching.length === 0)
      throw new OperationalError({
        what: `--node ${given}=${name} fits no input`,
        why: `no file of that name was read`,
        hint: `name one of: ${files
          .map((f) => f.source)
          .slice(0, 5)
          .join(', ')}`,
      });
    for (const file of matching) overrides.set(file.source, name);
  }
  return overrides;
}

class RecordingReader {
  readonly #options: ReadOptions;
  readonly #logs: RecordedLog[] = [];
  readonly #captures: RecordedCapture[] = [];
  readonly #inspects: RecordedInspect[] = [];
  readonly #manifests: RecordedManifest[] = [];
  readonly #dockerEvents: RecordedDockerEvents[] = [];
  readonly #marks: RecordedMarks[] = [];
  readonly #outputs: RecordedOutput[] = [];
  /** Files whose container a manifest tells, and when each inspect output was written. */
  #bound: ReadonlyMap<string, BoundLog> = new Map();
  #inspectedAt: ReadonlyMap<string, Instant> = new Map();
  readonly #unreadable: UnreadableFile[] = [];
  readonly #oddities = new OddityCounter();

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  miss(source: string, why: string): void {
    this.#unreadable.push({ source, why });
    this.#oddities.add('missing-input', `${source}: ${why}`, null);
  }

  recorded(overrides: ReadonlyMap<string, string>): Recorded {
    this.#judgeOutputs();
    return {
      manifests: this.#manifests,
      dockerEvents: this.#dockerEvents,
      marks: this.#marks,
      outputs: this.#outputs,
      logs: this.#logs,
      captures: this.#captures,
      inspects: this.#inspects,
      unreadable: this.#unreadable,
      oddities: this.#oddities.list(),
      overrides,
    };
  }

  /** A peer or orderer whose log holds no record of one is worth a word; of any other container that is how it should be. */
  #judgeOutputs(): void {
    const fabric = new Set(
      this.#inspects.flatMap((i) => i.facts.containers.filter((c) => c.role === 'peer' || c.role === 'orderer').map((c) => c.id)),
    );
    for (const { source, lines } of this.#outputs) {
      const bound = this.#bound.get(source);
      if (bound === undefined || bound.stream === 'stdout' || lines === 0 || !fabric.has(bound.containerId)) continue;
      this.#oddities.add('not-fabric-file', `${source}: no line in it is a record of a Fabric peer or orderer`, { source, line: 1 });
    }
  }

  /** A file that the user named is worth a try as a log whatever it looks like, and a word when it is nothing. */
  async read(file: InputFile): Promise<void> {
    const bytes = readBytes(file.path, (failure) => this.#oddities.add(failure.kind, `${file.source}: ${failure.why}`, null))[Symbol.asyncIterator]();
    const head: Uint8Array[] = [];
    let length = 0;
    while (length < HEAD_BYTES) {
      const next = await bytes.next();
      if (next.done === true) break;
      head.push(next.value);
      length += next.value.length;
    }
    const all = async function* (): AsyncGenerator<Uint8Array> {
      yield* head;
      for (let next = await bytes.next(); next.done !== true; next = await bytes.next()) yield next.value;
    };
    const start = Buffer.concat(head.map((c) => Buffer.from(c.buffer, c.byteOffset, c.byteLength))).subarray(0, HEAD_BYTES);
    if (isManifest(file) && length > 0) await this.#readManifest(file, all());
    else if (length === 0 && (this.#bound.has(file.source) || isNamed(file, EVENTS_FILE) || isNamed(file, MARKS_FILE))) {
      if (this.#bound.has(file.source)) this.#outputs.push({ source: file.source, lines: 0 });
      else await this.#readTold(file, all());
    } else if (length === 0) {
      this.#unreadable.push({ source: file.source, why: `empty file. ${HOW_TO_GET_A_LOG}` });
      this.#oddities.add('empty-file', `${file.source} is empty. ${HOW_TO_GET_A_LOG}`, null);
    } else if (recognizeCapture(start) !== null) await this.#readCapture(file, all());
    else if (isOwnOutput(start)) await bytes.return?.(undefined);
    else if (isNamed(file, EVENTS_FILE) || isNamed(file, MARKS_FILE)) await this.#readTold(file, all());
    else if (this.#bound.has(file.source)) await this.#readLog(file, all());
    else if (/^\s*[[{]/.test(start.toString('latin1')) && !looksLikeLines(start)) await this.#readInspect(file, all());
    else if (
      recognizeLog(start) !== 'not-fabric' ||
      file.isNamed ||
      /\.(?:log|txt|out|err)(?:\.gz)?$|\/[^.]+$/.test(file.path) ||
      file.path === STANDARD_INPUT
    )
      await this.#readLog(file, all());
    else {
      await bytes.return?.(undefined);
      this.#oddities.add('unrecognised-file', `${file.source} is no Fabric log, capture or inspect output`, null);
    }
  }

  async #readCapture(file: InputFile, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new CaptureDecoder({ source: file.source });
    for await (const chunk of bytes) decoder.push(chunk);
    this.#captures.push({ source: file.source, summary: decoder.end() });
  }

  /** Other programs write files of this name too; one that is torn may have been ours. */
  async #readManifest(file: InputFile, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { text, isWhole } = await this.#textOf(bytes, MAX_MANIFEST_BYTES);
    const facts = isWhole ? parseRecordingManifest(text, file.source) : null;
    if (facts !== null) {
      this.#manifests.push({ source: file.source, facts });
      this.#bound = bindLogs(this.#manifests);
      this.#inspectedAt = momentsOfInspects(this.#manifests);
      return;
    }
    const isOurs = text.includes('gossipscope-recording');
    if (isOurs || file.isNamed) this.#unreadable.push({ source: file.source, why: 'not a whole manifest of a recording' });
    if (isOurs) this.#oddities.add('unreadable-manifest', `${file.source} is damaged: what it says of the other files is not known`, null);
    else this.#oddities.add('unrecognised-file', `${file.source} is not the manifest of a recording`, null);
  }

  /** Docker's events, or the operator's notes. */
  async #readTold(file: InputFile, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { text, isWhole } = await this.#textOf(bytes, MAX_TOLD_BYTES);
    if (!isWhole) this.#oddities.add('too-many-events', `${file.source}: only its first ${MAX_TOLD_BYTES} bytes are read`, null);
    if (isNamed(file, MARKS_FILE)) this.#marks.push({ source: file.source, read: parseOperatorMarks(text, file.source) });
    else this.#dockerEvents.push({ source: file.source, read: parseDockerEvents(text, file.source) });
  }

  /** The text of a file, no more than `most` bytes of it. */
  async #textOf(bytes: AsyncIterable<Uint8Array>, most: number): Promise<{ readonly text: string; readonly isWhole: boolean }> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of bytes) {
      chunks.push(chunk.subarray(0, Math.max(0, most - length)));
      length += chunk.length;
      if (length > most) break;
    }
    return { text: Buffer.concat(chunks).toString('utf8'), isWhole: length <= most };
  }

  async #readInspect(file: InputFile, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of bytes) {
      if (length < MAX_INSPECT_BYTES) chunks.push(chunk);
      length += chunk.length;
    }
    const facts =
      length > MAX_INSPECT_BYTES
        ? null
        : parseInspect(Buffer.concat(chunks).toString('utf8'), file.source, this.#inspectedAt.get(file.source) ?? null);
    if (facts !== null) this.#inspects.push({ source: file.source, facts });
    else {
      if (file.isNamed) this.#unreadable.push({ source: file.source, why: 'JSON, but not the output of docker inspect' });
      this.#oddities.add('unrecognised-file', `${file.source} is JSON, but not the output of docker inspect`, null);
    }
  }

  async #readLog(file: InputFile, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const events: LogEvent[] = [];
    const decoder = new LogDecoder({
      source: file.source,
      onEvent: (event) => {
        if (events.length < MAX_EVENTS_PER_LOG) events.push(event);
        else
          this.#oddities.add('too-many-events', `${file.source}: only its first ${MAX_EVENTS_PER_LOG} events are told`, {
            source: file.source,
            line: event.line,
          });
      },
      ...(this.#options.zoneOffsetMinutes === null ? {} : { zoneOffsetMinutes: this.#options.zoneOffsetMinutes }),
    });
    for await (const chunk of bytes) decoder.push(chunk);
    const summary = decoder.end();
    if (summary.records > 0) {
      this.#logs.push({ source: file.source, summary, events });
      return;
    }
    if (this.#bound.has(file.source)) {
      this.#outputs.push({ source: file.source, lines: summary.lines });
      return;
    }
    this.#unreadable.push({ source: file.source, why: 'no line in it is a record of a Fabric peer or orderer' });
    this.#oddities.add('not-fabric-file', `${file.source}: no line in it is a record of a Fabric peer or orderer`, { source: file.source, line: 1 });
  }
}

/** A file of an earlier analysis that lies in the folder. */
function isOwnOutput(head: Buffer): boolean {
  const text = head.subarray(0, 200).toString('latin1');
  return (
    /^\s*\{\s*"schemaVersion":\s*\d+,\s*"tool":\s*\{\s*"name":\s*"gossipscope"/.test(text) ||
    /^\{"at":"[^"]+","node":/.test(text) ||
    text.startsWith('\x89PNG') ||
    /^<!doctype html>/i.test(text)
  );
}

/** One JSON object a line, as Docker's json-file driver and Fabric's JSON format write: not one document. */
function looksLikeLines(head: Buffer): boolean {
  const text = head.toString('latin1');
  const first = text.slice(0, text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'));
  return recognizeLog(head) !== 'not-fabric' || /^\{"(?:log|level|ts|msg|stream|time)":/.test(first);
}

/** One-line texts of the wanted frames: source → frame → text. A second look at the captures. */
export async function readFrameTexts(
  files: readonly InputFile[],
  wanted: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<ReadonlyMap<string, ReadonlyMap<number, string>>> {
  const texts = new Map<string, ReadonlyMap<number, string>>();
  for (const [source, frames] of wanted) {
    const file = files.find((f) => f.source === source);
    // Standard input cannot be read twice; its frames keep their numbers without a text.
    if (file === undefined || file.path === STANDARD_INPUT) continue;
    const excerpter = new FrameExcerpter({ frames });
    for await (const chunk of readBytes(file.path, () => undefined)) excerpter.push(chunk);
    texts.set(source, excerpter.end());
  }
  return texts;
}
