import type { Recorded, RecordedCapture, RecordedInspect, RecordedLog, UnreadableFile } from '../analysis/recorded.js';
import type { LogEvent } from '../events/event.js';
import { OddityCounter } from '../events/oddity.js';
import { LogDecoder, recognizeLog } from '../logs/log-decoder.js';
import { CaptureDecoder, recognizeCapture } from '../packets/capture-decoder.js';
import { FrameExcerpter } from '../packets/frame-text.js';
import { findInputs, type InputFile, readBytes, STANDARD_INPUT, STANDARD_INPUT_SOURCE } from '../recording/files.js';
import { OperationalError } from '../recording/operational-error.js';
import { parseInspect } from '../topology/inspect.js';
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

/** So many events of one log are kept; a log at DEBUG for days has more, and says nothing new about gossip. */
const MAX_EVENTS_PER_LOG = 2_000_000;

const HOW_TO_GET_A_LOG = 'Fabric logs to standard error: docker logs NAME > NAME.log 2>&1';

/**
 * Reads everything that `paths` name into a recording, each file recognized by its content. Bad data is an oddity beside the good.
 * Throws an {@link OperationalError} only when nothing at all can be read.
 */
export async function readRecording(options: ReadOptions): Promise<ReadResult> {
  const inputs = await findInputs(options.paths);
  const reader = new RecordingReader(options);
  const files: InputFile[] = [
    ...inputs.files,
    ...(inputs.standardInput ? [{ path: STANDARD_INPUT, source: STANDARD_INPUT_SOURCE, isNamed: true }] : []),
  ];
  for (const { path, why } of inputs.missing) reader.miss(path, why);
  for (const [i, file] of files.entries()) {
    options.progress.say(`reading ${file.source} (${i + 1} of ${files.length})`);
    await reader.read(file);
  }
  options.progress.done();
  const recorded = reader.recorded(overridesOf(options.names, files));
  if (recorded.logs.length + recorded.captures.length + recorded.inspects.length === 0) throw nothingReadable(options.paths, recorded.unreadable);
  return { recorded, root: inputs.root, files };
}

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
    return {
      logs: this.#logs,
      captures: this.#captures,
      inspects: this.#inspects,
      unreadable: this.#unreadable,
      oddities: this.#oddities.list(),
      overrides,
    };
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
    if (length === 0) {
      this.#unreadable.push({ source: file.source, why: `empty file. ${HOW_TO_GET_A_LOG}` });
      this.#oddities.add('empty-file', `${file.source} is empty. ${HOW_TO_GET_A_LOG}`, null);
    } else if (recognizeCapture(start) !== null) await this.#readCapture(file, all());
    else if (isOwnOutput(start)) await bytes.return?.(undefined);
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

  async #readInspect(file: InputFile, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of bytes) {
      if (length < MAX_INSPECT_BYTES) chunks.push(chunk);
      length += chunk.length;
    }
    const facts = length > MAX_INSPECT_BYTES ? null : parseInspect(Buffer.concat(chunks).toString('utf8'), file.source);
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
