import { type Instant, instantOfMicros } from '../events/instant.js';
import type { RecordingObserver } from './observer.js';
import type { AppendedFile, RecordingWriter } from './recording-writer.js';

/** What one file of a capture holds. */
export interface CaptureFileFacts {
  /** Relative to the recording. */
  readonly path: string;
  readonly packets: number;
  /** Captured bytes of the packets, without headers. */
  readonly packetBytes: number;
  /** Of the file. */
  readonly bytes: number;
  /** Times of the first and last packet. */
  readonly from: Instant | null;
  readonly to: Instant | null;
}

/** The bytes are no classic pcap, or a record's header cannot be one. What came before is stored. */
export class CaptureStreamError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CaptureStreamError';
  }
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** libpcap's MAXIMUM_SNAPLEN: `tcpdump -s 0` captures no more of a packet. */
const MAX_PACKET_BYTES = 262_144;
const MICROS_MAGIC = 0xa1b2c3d4;
const NANOS_MAGIC = 0xa1b23c4d;

interface StreamHeader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly nanos: boolean;
}

type GrowingFile = Pick<AppendedFile, 'path' | 'bytes' | 'append' | 'close'>;

/** What is needed of the recording: a {@link RecordingWriter} is one. */
export interface CaptureDestination extends Pick<RecordingWriter, 'limits' | 'claimPath' | 'settle'> {
  openFile(path: string): Promise<GrowingFile>;
}

/** A file that is being written. */
interface OpenCapture {
  readonly file: GrowingFile;
  readonly openedMillis: number;
  packets: number;
  packetBytes: number;
  from: number | null;
  to: number | null;
}

/**
 * The capture files of one interface: `packets/NAME.pcap`, after rotation or a new start of tcpdump `packets/NAME.2.pcap` and so on, each of them a
 * whole capture. Takes the bytes of tcpdump's output (classic pcap) in pieces of any size and writes whole records only, so that a file ends at the end
 * of a record whatever ends the recorder; at worst a write cut by the machine's own end tears the last one.
 */
export class CaptureFileWriter {
  readonly #writer: CaptureDestination;
  readonly #observer: Pick<RecordingObserver, 'capture'>;
  readonly #stem: string;
  readonly #now: () => number;
  readonly #settled: CaptureFileFacts[] = [];
  #header: StreamHeader | null = null;
  /** The beginning of a record, or of the header, that has not come whole. At most a packet of the largest size. */
  #rest: Uint8Array = new Uint8Array(0);
  #open: OpenCapture | null = null;
  #wantsRotation = false;
  #tornBytes = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(parts: {
    readonly writer: CaptureDestination;
    readonly observer: Pick<RecordingObserver, 'capture'>;
    /** Without folder and extension, such as the interface's name. */
    readonly name: string;
    /** Milliseconds, for rotation by time. */
    readonly now: () => number;
  }) {
    this.#writer = parts.writer;
    this.#observer = parts.observer;
    this.#stem = `packets/${parts.name}`;
    this.#now = parts.now;
  }

  /** The files so far in order; the last may still grow. A file exists once tcpdump's header has come. */
  get files(): readonly CaptureFileFacts[] {
    return this.#open === null ? [...this.#settled] : [...this.#settled, factsOf(this.#open)];
  }

  /** Bytes of the file that still grows. */
  get openBytes(): number {
    return this.#open?.file.bytes ?? 0;
  }

  get packets(): number {
    return this.files.reduce((sum, file) => sum + file.packets, 0);
  }

  get packetBytes(): number {
    return this.files.reduce((sum, file) => sum + file.packetBytes, 0);
  }

  /** Bytes of records that tcpdump did not finish, as when it was killed: they are not stored. */
  get tornBytes(): number {
    return this.#tornBytes;
  }

  /**
   * Stores what is whole of tcpdump's next bytes. They may be used for something else once it has resolved.
   * Throws a `DiskFullError` when they did not fit, and a {@link CaptureStreamError} when they are no capture.
   */
  bytes(chunk: Uint8Array): Promise<void> {
    return this.#inTurn(() => this.#take(chunk));
  }

  /** A new tcpdump begins, whose output has a header of its own: it goes to a new file. What the one before did not finish is dropped. */
  beginStream(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#settle();
      this.#tornBytes += this.#rest.length;
      this.#rest = new Uint8Array(0);
      this.#header = null;
    });
  }

  /** The next record goes to a new file. */
  rotate(): void {
    this.#wantsRotation = true;
  }

  /** Closes the file that still grows. */
  close(): Promise<void> {
    return this.beginStream();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #take(chunk: Uint8Array): Promise<void> {
    let data = chunk;
    if (this.#rest.length > 0) {
      data = new Uint8Array(this.#rest.length + chunk.length);
      data.set(this.#rest);
      data.set(chunk, this.#rest.length);
    }
    let at = 0;
    if (this.#header === null) {
      if (data.length < FILE_HEADER_BYTES) return this.#keep(data, 0);
      this.#header = readHeader(Uint8Array.from(data.subarray(0, FILE_HEADER_BYTES)));
      await this.#openNext(this.#header);
      at = FILE_HEADER_BYTES;
    }
    await this.#storeRecords(this.#header, data, at);
  }

  async #storeRecords(header: StreamHeader, data: Uint8Array, start: number): Promise<void> {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let from = start;
    let at = start;
    const gathered = { packets: 0, packetBytes: 0, first: null as number | null, last: null as number | null };
    const flush = async (): Promise<void> => {
      if (at > from) await this.#append(data.subarray(from, at), gathered);
      from = at;
      Object.assign(gathered, { packets: 0, packetBytes: 0, first: null, last: null });
    };
    while (at + RECORD_HEADER_BYTES <= data.length) {
      const captured = view.getUint32(at + 8, header.littleEndian);
      if (captured > MAX_PACKET_BYTES) {
        await flush();
        throw new CaptureStreamError(`a record of the capture claims ${captured} bytes`);
      }
      const next = at + RECORD_HEADER_BYTES + captured;
      if (next > data.length) break;
      if (this.#mustRotate(at - from)) {
        await flush();
        await this.#openNext(header);
      }
      const fraction = view.getUint32(at + 4, header.littleEndian);
      const micros = view.getUint32(at, header.littleEndian) * 1_000_000 + (header.nanos ? Math.floor(fraction / 1000) : fraction);
      gathered.packets += 1;
      gathered.packetBytes += captured;
      gathered.first ??= micros;
      gathered.last = micros;
      at = next;
    }
    await flush();
    this.#keep(data, at);
  }

  #keep(data: Uint8Array, from: number): void {
    // Not `slice`: of a Buffer that is a view, and the caller may use the bytes again.
    this.#rest = Uint8Array.from(data.subarray(from));
  }

  /** Whether the next record belongs into a new file; `gatheredBytes` are not in the present one yet. */
  #mustRotate(gatheredBytes: number): boolean {
    const open = this.#open;
    if (open === null) return true;
    if (open.file.bytes + gatheredBytes <= FILE_HEADER_BYTES) return false;
    const { rotateBytes, rotateMillis } = this.#writer.limits;
    return (
      this.#wantsRotation ||
      open.file.bytes + gatheredBytes >= rotateBytes ||
      (rotateMillis !== null && this.#now() - open.openedMillis >= rotateMillis)
    );
  }

  async #openNext(header: StreamHeader): Promise<void> {
    await this.#settle();
    const file = await this.#writer.openFile(this.#writer.claimPath(this.#stem, '.pcap'));
    this.#open = { file, openedMillis: this.#now(), packets: 0, packetBytes: 0, from: null, to: null };
    this.#wantsRotation = false;
    await file.append(header.bytes);
    this.#observer.capture(file.path, header.bytes);
  }

  async #append(bytes: Uint8Array, gathered: { packets: number; packetBytes: number; first: number | null; last: number | null }): Promise<void> {
    const open = this.#open;
    if (open === null) return;
    await open.file.append(bytes);
    open.packets += gathered.packets;
    open.packetBytes += gathered.packetBytes;
    open.from ??= gathered.first;
    open.to = gathered.last ?? open.to;
    this.#observer.capture(open.file.path, bytes);
  }

  async #settle(): Promise<void> {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    this.#settled.push(factsOf(open));
    await open.file.close();
    this.#writer.settle(open.file.path, open.file.bytes);
  }
}

function factsOf({ file, packets, packetBytes, from, to }: OpenCapture): CaptureFileFacts {
  const instant = (micros: number | null): Instant | null => (micros === null ? null : instantOfMicros(micros));
  return { path: file.path, packets, packetBytes, bytes: file.bytes, from: instant(from), to: instant(to) };
}

function readHeader(bytes: Uint8Array): StreamHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian);
    if (magic === MICROS_MAGIC || magic === NANOS_MAGIC) return { bytes, littleEndian, nanos: magic === NANOS_MAGIC };
  }
  throw new CaptureStreamError(`what came is no packet capture: it begins with ${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`);
}
