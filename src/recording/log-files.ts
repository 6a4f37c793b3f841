import type { ManifestLog } from './manifest.js';
import type { RecordingObserver } from './observer.js';
import type { AppendedFile, RecordingWriter } from './recording-writer.js';

/** Whole lines of one stream of a container, each with Docker's stamp in front. */
export interface LogBlock {
  readonly bytes: Uint8Array;
  readonly lines: number;
  readonly firstStamp: string;
  readonly lastStamp: string;
  /** The process did not print the end of the last line. */
  readonly unterminated: boolean;
}

const DOCKER_ID_SHOWN = 12;

/**
 * The log files of one stream of one container: `logs/NAME.log`, stdout's `logs/NAME.stdout.log`, after rotation `logs/NAME.2.log` and so on.
 * A file exists once there is a line for it. Another container of the same name, before or after, has its id in the name.
 */
export class LogFiles {
  readonly #writer: RecordingWriter;
  readonly #observer: RecordingObserver;
  readonly #container: { readonly id: string; readonly name: string };
  readonly #stream: ManifestLog['stream'];
  readonly #stem: string;
  readonly #now: () => number;
  readonly #paths: string[] = [];
  #file: AppendedFile | null = null;
  #openedMillis = 0;
  #lines = 0;
  #bytes = 0;
  #unterminated = 0;
  #from: string | null = null;
  #to: string | null = null;

  constructor(parts: {
    readonly writer: RecordingWriter;
    readonly observer: RecordingObserver;
    readonly container: { readonly id: string; readonly name: string };
    readonly stream: ManifestLog['stream'];
    /** Another container of this recording has or had the same name. */
    readonly isNameShared: boolean;
    readonly now: () => number;
  }) {
    this.#writer = parts.writer;
    this.#observer = parts.observer;
    this.#container = parts.container;
    this.#stream = parts.stream;
    this.#now = parts.now;
    const name = parts.isNameShared ? `${parts.container.name}-${parts.container.id.slice(0, DOCKER_ID_SHOWN)}` : parts.container.name;
    this.#stem = `logs/${name}${parts.stream === 'stdout' ? '.stdout' : ''}`;
  }

  /** Bytes of the file that still grows. */
  get openBytes(): number {
    return this.#file?.bytes ?? 0;
  }

  /** The path that lines go to now; before the first line, where they would go. */
  get path(): string {
    return this.#paths.at(-1) ?? `${this.#stem}.log`;
  }

  async append(block: LogBlock): Promise<void> {
    if (block.bytes.length === 0) return;
    const { rotateBytes, rotateMillis } = this.#writer.limits;
    const isFull = (this.#file?.bytes ?? 0) >= rotateBytes || (rotateMillis !== null && this.#now() - this.#openedMillis >= rotateMillis);
    if (this.#file !== null && isFull) await this.#settle();
    if (this.#file === null) {
      const path = this.#writer.claimPath(this.#stem, '.log');
      this.#file = await this.#writer.openFile(path);
      this.#openedMillis = this.#now();
      this.#paths.push(path);
    }
    await this.#file.append(block.bytes);
    this.#lines += block.lines;
    this.#bytes += block.bytes.length;
    if (block.unterminated) this.#unterminated += 1;
    this.#from ??= block.firstStamp;
    this.#to = block.lastStamp;
    this.#observer.log(this.#file.path, this.#container, block.bytes);
  }

  async #settle(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    await file.close();
    this.#writer.settle(file.path, file.bytes);
  }

  async close(): Promise<void> {
    await this.#settle();
  }

  /** As the manifest tells it; null while there is no line. */
  entry(): ManifestLog | null {
    if (this.#paths.length === 0) return null;
    return {
      paths: [...this.#paths],
      stream: this.#stream,
      container: this.#container,
      lines: this.#lines,
      bytes: this.#bytes,
      unterminated: this.#unterminated,
      from: this.#from,
      to: this.#to,
    };
  }
}
