import { parseRfc3339Micros } from '../events/instant.js';
import { CaptureFollower, recognizeCapture } from '../packets/capture-decoder.js';
import { BUNDLE_LIST_FILE, openBundles } from '../recording/bundle.js';
import { findInputs, type InputFile, readBytes } from '../recording/files.js';
import {
  EVENTS_FILE,
  MANIFEST_FILE,
  MARKS_FILE,
  type Manifest,
  type ManifestCapture,
  type ManifestLog,
  parseManifest,
} from '../recording/manifest.js';
import { OperationalError } from '../recording/operational-error.js';
import { differenceOf, type PcapParserReading, readWithPcapParser } from '../recording/second-reading.js';
import type { Progress } from './progress.js';

/** One capture file, read by two readers that share no code. Bytes are captured bytes of packets, without headers. */
export interface VerifiedCapture {
  readonly path: string;
  readonly packets: number;
  readonly bytes: number;
  readonly pcapParser: PcapParserReading;
  readonly problems: readonly string[];
}

export interface VerifiedLog {
  readonly path: string;
  readonly lines: number;
  readonly bytes: number;
  /** Its lines begin with Docker's stamps. */
  readonly isStamped: boolean;
  readonly problems: readonly string[];
}

/** What `gossipscope verify` found. Problems are what does not agree; notes are what a reader should know. */
export interface Verdict {
  readonly recording: string;
  readonly agrees: boolean;
  readonly manifest: Pick<Manifest, 'name' | 'state' | 'endedBy' | 'startedAt' | 'endedAt' | 'tool'> | null;
  readonly captures: readonly VerifiedCapture[];
  readonly logs: readonly VerifiedLog[];
  readonly gaps: Manifest['gaps'];
  /** Packets that tcpdump says were lost, by interface; null where it could not tell. */
  readonly drops: readonly Pick<ManifestCapture, 'interface' | 'droppedByKernel' | 'droppedByInterface'>[];
  readonly missing: Manifest['missing'];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

const HEAD_BYTES = 4096;
const NEWLINE = 0x0a;
const MAX_STAMP_BYTES = 64;
/** Oddities that say something about the file and not about the packets in it. */
const FILE_ODDITIES: ReadonlySet<string> = new Set(['torn-record', 'lying-length', 'unreadable-bytes', 'unrecognised-capture', 'unknown-interface']);
/** Of one kind so many are spelled out. */
const MAX_TOLD = 5;

/**
 * Reads a recording folder, or a bundle, as it lies there: every capture by the product's own reader and by `pcap-parser`, every log line by line, and holds
 * both against each other and against the manifest, where there is one. Changes nothing. Throws an {@link OperationalError} when there is nothing to read.
 */
export async function verifyRecording(path: string, progress: Progress): Promise<Verdict> {
  const inputs = await openBundles(await findInputs([path]));
  const [unfound] = inputs.missing;
  if (inputs.files.length === 0)
    throw new OperationalError({
      what: `nothing to verify in ${path}`,
      why: unfound?.why ?? 'there is no file in it',
      hint: 'name the folder that record wrote, such as captures/NAME',
    });
  const verification = new Verification(inputs.files, await manifestOf(inputs.files), await isRedacted(inputs.files));
  for (const [i, file] of inputs.files.entries()) {
    progress.say(`reading ${file.source} (${i + 1} of ${inputs.files.length})`);
    await verification.read(file);
  }
  progress.done();
  return verification.verdict(
    path,
    inputs.missing.map((m) => `${m.path}: ${m.why}`),
  );
}

/** A file of an opened bundle is kept compressed. */
async function readText(file: InputFile): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readBytes(file.path, () => undefined)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function textOf(files: readonly InputFile[], source: string): Promise<string | null> {
  const file = files.find((f) => f.source === source);
  return file === undefined ? null : readText(file);
}

async function manifestOf(files: readonly InputFile[]): Promise<Manifest | 'unreadable' | null> {
  const text = await textOf(files, MANIFEST_FILE);
  return text === null ? null : (parseManifest(text) ?? 'unreadable');
}

/** A redacted bundle keeps every line and packet, not every byte of text. */
async function isRedacted(files: readonly InputFile[]): Promise<boolean> {
  const text = await textOf(files, BUNDLE_LIST_FILE);
  return text !== null && /"redacted":\s*true/.test(text);
}

class Verification {
  readonly #manifest: Manifest | null;
  /** The recorder was cut off: files may hold more than the manifest tells, and end in the middle. */
  readonly #isCutOff: boolean;
  readonly #isRedacted: boolean;
  readonly #sources: ReadonlySet<string>;
  readonly #captures = new Map<string, VerifiedCapture>();
  readonly #logs = new Map<string, VerifiedLog>();
  readonly #problems: string[] = [];
  readonly #notes: string[] = [];

  constructor(files: readonly InputFile[], manifest: Manifest | 'unreadable' | null, redacted: boolean) {
    this.#manifest = manifest === 'unreadable' ? null : manifest;
    this.#isCutOff = this.#manifest?.state === 'recording';
    this.#isRedacted = redacted;
    this.#sources = new Set(files.map((f) => f.source));
    if (manifest === 'unreadable') this.#problems.push(`${MANIFEST_FILE} is no manifest of a recording`);
    if (manifest === null) this.#notes.push('there is no manifest: captures are read by two readers, nothing is promised about the rest');
    if (this.#isCutOff) this.#notes.push('the recorder was cut off or is still recording: files may hold more than its manifest tells');
    if (redacted) this.#notes.push('redacted: bytes of logs are not held against the manifest');
  }

  async read(file: InputFile): Promise<void> {
    if (file.source === MANIFEST_FILE || file.source === BUNDLE_LIST_FILE) return;
    const head = await headOf(file.path);
    if (recognizeCapture(head) !== null || /\.pcap(?:ng)?(?:\.gz)?$/.test(file.source)) await this.#readCapture(file);
    else if (file.source === EVENTS_FILE || file.source === MARKS_FILE) await this.#readJsonLines(file);
    else if (file.source.endsWith('.json')) await this.#readJson(file);
    else if (/\.log(?:\.gz)?$/.test(file.source)) await this.#readLog(file);
    else this.#notes.push(`${file.source} is neither a capture nor a log: not read`);
  }

  async #readCapture(file: InputFile): Promise<void> {
    const problems: string[] = [];
    let packets = 0;
    let bytes = 0;
    const follower = new CaptureFollower(file.source, undefined, {
      marks: null,
      listener: null,
      frame: (frame) => {
        packets += 1;
        bytes += frame.end - frame.start;
      },
      passed: null,
    });
    for await (const chunk of readBytes(file.path, (failure) => problems.push(failure.why))) follower.push(chunk);
    const damages = follower.end().oddities.filter((oddity) => FILE_ODDITIES.has(oddity.kind));
    const pcapParser = await readWithPcapParser(file.path);
    const isOnlyTorn = damages.every((damage) => damage.kind === 'torn-record') && problems.length === 0;
    if (this.#isCutOff && damages.length > 0 && isOnlyTorn)
      this.#notes.push(`${file.source}: its last record is torn, as where the recorder was cut off`);
    else {
      problems.push(...damages.map((damage) => damage.example));
      if (pcapParser.outcome === 'damaged' && pcapParser.why !== null) problems.push(`pcap-parser: ${pcapParser.why}`);
    }
    if (pcapParser.outcome === 'unsupported') this.#notes.push(`${file.source}: ${pcapParser.why}, so only one reader read it`);
    else {
      const difference = differenceOf({ packets, bytes }, pcapParser);
      if (difference !== null) problems.push(`the two readers differ: pcap-parser finds ${difference}`);
    }
    this.#captures.set(file.source, { path: file.source, packets, bytes, pcapParser, problems });
  }

  async #readLog(file: InputFile): Promise<void> {
    const problems: string[] = [];
    const reader = new StampReader();
    for await (const chunk of readBytes(file.path, (failure) => problems.push(failure.why))) reader.push(chunk);
    const { lines, bytes, openBytes, isStamped, descents, unstamped } = reader;
    if (isStamped) {
      const strange = [
        ...listed(descents, (n) => `line ${n} is stamped before the line above it`),
        ...listed(unstamped, (n) => `line ${n} has no stamp`),
      ];
      // `docker logs -t 2>&1` of somebody else mixes two streams; this program's own logs hold one.
      if (this.#manifest === null) this.#notes.push(...strange.map((text) => `${file.source}: ${text}`));
      else problems.push(...strange);
    }
    if (openBytes > 0 && this.#isCutOff) this.#notes.push(`${file.source}: its last line is cut, as where the recorder was cut off`);
    else if (openBytes > 0 && this.#manifest !== null) problems.push('its last line has no end');
    this.#logs.set(file.source, { path: file.source, lines, bytes, isStamped, problems });
  }

  async #readJson(file: InputFile): Promise<void> {
    try {
      JSON.parse(await readText(file));
    } catch (error) {
      this.#problems.push(`${file.source} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #readJsonLines(file: InputFile): Promise<void> {
    const lines = (await readText(file)).split('\n');
    const isTorn = lines.pop() !== '';
    const bad = { count: 0, first: 0 };
    for (const [i, line] of lines.entries()) {
      try {
        JSON.parse(line);
      } catch {
        if (bad.count++ === 0) bad.first = i + 1;
      }
    }
    if (bad.count > 0) this.#problems.push(`${file.source}: line ${bad.first} is no JSON${bad.count > 1 ? ` (and ${bad.count - 1} more)` : ''}`);
    if (isTorn && this.#isCutOff) this.#notes.push(`${file.source}: its last line is cut, as where the recorder was cut off`);
    else if (isTorn) this.#problems.push(`${file.source}: its last line has no end`);
  }

  verdict(recording: string, unread: readonly string[]): Verdict {
    const manifest = this.#manifest;
    this.#problems.push(...unread);
    if (manifest !== null) this.#compare(manifest);
    const captures = [...this.#captures.values()];
    const logs = [...this.#logs.values()];
    const isEmpty = captures.length + logs.length === 0;
    if (isEmpty) this.#notes.push('no capture and no log is in it');
    return {
      recording,
      agrees: this.#problems.length === 0 && [...captures, ...logs].every((file) => file.problems.length === 0),
      manifest:
        manifest === null
          ? null
          : {
              name: manifest.name,
              state: manifest.state,
              endedBy: manifest.endedBy,
              startedAt: manifest.startedAt,
              endedAt: manifest.endedAt,
              tool: manifest.tool,
            },
      captures,
      logs,
      gaps: manifest?.gaps ?? [],
      drops: (manifest?.captures ?? []).map((c) => ({
        interface: c.interface,
        droppedByKernel: c.droppedByKernel,
        droppedByInterface: c.droppedByInterface,
      })),
      missing: manifest?.missing ?? [],
      problems: this.#problems,
      notes: this.#notes,
    };
  }

  #compare(manifest: Manifest): void {
    const told = new Set<string>();
    for (const capture of manifest.captures) this.#compareCapture(capture, manifest, told);
    for (const log of manifest.logs) this.#compareLog(log, manifest, told);
    for (const { path } of manifest.inspects) this.#locate(path, manifest, told);
    const untold = [...this.#captures.keys(), ...this.#logs.keys()].filter((source) => !told.has(source));
    if (untold.length === 0) return;
    const text = `${untold.slice(0, MAX_TOLD).join(', ')}${untold.length > MAX_TOLD ? ` and ${untold.length - MAX_TOLD} more` : ''} ${untold.length === 1 ? 'is' : 'are'} not in the manifest`;
    this.#notes.push(text);
  }

  /** Where a file of the manifest lies: a bundle keeps captures gzipped. Null when it is not there; that is a problem unless the ring let it go. */
  #locate(path: string, manifest: Manifest, told: Set<string>): string | null {
    const source = [path, `${path}.gz`].find((candidate) => this.#sources.has(candidate));
    if (source !== undefined) {
      told.add(source);
      return source;
    }
    if (!manifest.removed.includes(path)) this.#problems.push(`${path} is in the manifest and not in the folder`);
    return null;
  }

  /** The manifest counts what was recorded, also what the ring let go, and in a recording cut off what was there when it was written. */
  #differs(found: number, expected: number, isComplete: boolean): boolean {
    if (this.#isCutOff && isComplete) return found < expected;
    return isComplete ? found !== expected : !this.#isCutOff && found > expected;
  }

  #compareCapture(capture: ManifestCapture, manifest: Manifest, told: Set<string>): void {
    const sources = capture.paths.map((path) => this.#locate(path, manifest, told));
    const found = sources.flatMap((source) => this.#captures.get(source ?? '') ?? []);
    const packets = found.reduce((sum, file) => sum + file.packets, 0);
    if (this.#differs(packets, capture.packets, !sources.includes(null)))
      this.#problems.push(`${capture.paths.join(', ')}: ${packets} packets, the manifest tells ${capture.packets}`);
    const second = capture.secondReading;
    if (second !== null && !second.agrees)
      this.#problems.push(`${capture.paths.join(', ')}: at the end of the recording pcap-parser did not agree: ${second.why}`);
  }

  #compareLog(log: ManifestLog, manifest: Manifest, told: Set<string>): void {
    const sources = log.paths.map((path) => this.#locate(path, manifest, told));
    const found = sources.flatMap((source) => this.#logs.get(source ?? '') ?? []);
    const isComplete = !sources.includes(null);
    const lines = found.reduce((sum, file) => sum + file.lines, 0);
    const bytes = found.reduce((sum, file) => sum + file.bytes, 0);
    const name = log.paths.join(', ');
    if (this.#differs(lines, log.lines, isComplete)) this.#problems.push(`${name}: ${lines} lines, the manifest tells ${log.lines}`);
    else if (!this.#isRedacted && this.#differs(bytes, log.bytes, isComplete))
      this.#problems.push(`${name}: ${bytes} bytes, the manifest tells ${log.bytes}`);
  }
}

function listed(places: { readonly count: number; readonly first: readonly number[] }, tell: (line: number) => string): readonly string[] {
  const more = places.count - places.first.length;
  return [...places.first.map(tell), ...(more > 0 ? [`and ${more} more of these`] : [])];
}

async function headOf(path: string): Promise<Uint8Array> {
  const bytes = readBytes(path, () => undefined);
  const first = await bytes.next();
  await bytes.return(undefined);
  return first.done === true ? new Uint8Array(0) : first.value.subarray(0, HEAD_BYTES);
}

interface Places {
  count: number;
  readonly first: number[];
}

/** Counts the lines of a log and holds each one's stamp against the one above. */
class StampReader {
  lines = 0;
  bytes = 0;
  /** Bytes after the last end of line. */
  openBytes = 0;
  /** Decided by the first line. */
  isStamped = false;
  readonly descents: Places = { count: 0, first: [] };
  readonly unstamped: Places = { count: 0, first: [] };
  #begin = '';
  #last = '';

  push(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    let at = 0;
    while (at < chunk.length) {
      const end = chunk.indexOf(NEWLINE, at);
      const upTo = end < 0 ? chunk.length : end;
      if (this.#begin.length < MAX_STAMP_BYTES)
        this.#begin += Buffer.from(chunk.subarray(at, Math.min(upTo, at + MAX_STAMP_BYTES - this.#begin.length))).toString('latin1');
      this.openBytes += upTo - at;
      if (end < 0) return;
      this.lines += 1;
      this.#takeLine();
      this.openBytes = 0;
      this.#begin = '';
      at = end + 1;
    }
  }

  #takeLine(): void {
    const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)(?: |\r?$)/.exec(this.#begin);
    if (this.lines === 1) this.isStamped = stamp !== null;
    if (!this.isStamped) return;
    if (stamp === null) {
      note(this.unstamped, this.lines);
      return;
    }
    const [, seconds = '', fraction = '', zone = 'Z'] = stamp;
    // Nanoseconds do not fit into a number: seconds in UTC and nine digits are compared as text.
    const micros = parseRfc3339Micros(`${seconds}${zone}`) ?? 0;
    const key = `${String(micros / 1_000_000).padStart(12, '0')}.${fraction.padEnd(9, '0')}`;
    if (key < this.#last) note(this.descents, this.lines);
    this.#last = key;
  }
}

function note(places: Places, line: number): void {
  places.count += 1;
  if (places.first.length < MAX_TOLD) places.first.push(line);
}
