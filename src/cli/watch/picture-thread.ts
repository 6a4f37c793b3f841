import { Worker } from 'node:worker_threads';
import type { FromPicture, Picture, PictureBatch, PictureQuestion, PictureSettings, ToPicture } from './picture-messages.js';

/** What comes within so long is handed over together. */
const GATHER_MILLIS = 250;
/** What may wait to be read; beyond, it is left out of the picture (never of the recording). */
const MAX_BACKLOG_BYTES = 64 << 20;
const MAX_QUESTIONS = 200;

export interface PictureThreadOptions extends PictureSettings {
  readonly onPicture: (picture: Picture) => void;
  /** Packets that were read so far. */
  readonly onPackets: (packets: number) => void;
  /** No picture could be made; null: one was made again. */
  readonly onFailure: (why: string | null) => void;
  readonly maxBacklogBytes?: number;
}

interface Gathered {
  readonly logs: Map<string, { readonly container: { readonly id: string; readonly name: string }; readonly chunks: Uint8Array[] }>;
  readonly captures: Map<string, Uint8Array[]>;
  readonly inspects: Map<string, string>;
  readonly told: Map<string, string>;
  manifest: string | null;
  readonly leftOut: Map<string, number>;
}

const nothing = (): Gathered => ({
  logs: new Map(),
  captures: new Map(),
  inspects: new Map(),
  told: new Map(),
  manifest: null,
  leftOut: new Map(),
});

/**
 * Has pictures made in a thread of its own, so that neither recording nor the telling of events waits for one. What the recorder tells is copied and handed
 * over a few times a second.
 */
export class PictureThread {
  readonly #options: PictureThreadOptions;
  readonly #worker: Worker;
  readonly #questions = new Map<number, (text: string | null) => void>();
  #gathered = nothing();
  #gatheredBytes = 0;
  /** Handed over and not read yet. */
  #unreadBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #lastQuestion = 0;
  #isGone = false;

  constructor(options: PictureThreadOptions) {
    this.#options = options;
    const { toolVersion, limits } = options;
    this.#worker = new Worker(new URL('./picture-worker.js', import.meta.url), { workerData: { toolVersion, limits } satisfies PictureSettings });
    this.#worker.on('message', (message: FromPicture) => this.#hear(message));
    this.#worker.on('error', (error) => options.onFailure(error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', () => this.#leave());
  }

  log(path: string, container: { readonly id: string; readonly name: string }, bytes: Uint8Array): void {
    if (!this.#admits(path, bytes.length)) return;
    const known = this.#gathered.logs.get(path);
    // The bytes are used for something else afterwards.
    if (known === undefined) this.#gathered.logs.set(path, { container, chunks: [new Uint8Array(bytes)] });
    else known.chunks.push(new Uint8Array(bytes));
    this.#handOverLater();
  }

  capture(path: string, bytes: Uint8Array): void {
    if (!this.#admits(path, bytes.length)) return;
    const known = this.#gathered.captures.get(path);
    if (known === undefined) this.#gathered.captures.set(path, [new Uint8Array(bytes)]);
    else known.push(new Uint8Array(bytes));
    this.#handOverLater();
  }

  inspect(path: string, text: string): void {
    this.#gathered.inspects.set(path, text);
    this.#handOverLater();
  }

  /** Lines of Docker's events or of notes. */
  told(path: string, lines: string): void {
    const whole = lines.endsWith('\n') ? lines : `${lines}\n`;
    this.#gathered.told.set(path, `${this.#gathered.told.get(path) ?? ''}${whole}`);
    this.#handOverLater();
  }

  manifest(text: string): void {
    this.#gathered.manifest = text;
    this.#handOverLater();
  }

  /** Resolves with the answer; null where there is none, or nobody to answer any more. */
  ask(question: PictureQuestion): Promise<string | null> {
    if (this.#isGone || this.#questions.size >= MAX_QUESTIONS) return Promise.resolve(null);
    this.#handOver();
    return new Promise((resolve) => {
      this.#lastQuestion += 1;
      this.#questions.set(this.#lastQuestion, resolve);
      this.#post({ kind: 'question', id: this.#lastQuestion, question });
    });
  }

  /** Ends the thread, whatever it is at. */
  async close(): Promise<void> {
    this.#leave();
    await this.#worker.terminate();
  }

  #leave(): void {
    this.#isGone = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#gathered = nothing();
    for (const resolve of this.#questions.values()) resolve(null);
    this.#questions.clear();
  }

  #admits(path: string, bytes: number): boolean {
    if (this.#isGone) return false;
    const { maxBacklogBytes = MAX_BACKLOG_BYTES } = this.#options;
    if (this.#unreadBytes + this.#gatheredBytes + bytes > maxBacklogBytes) {
      this.#gathered.leftOut.set(path, (this.#gathered.leftOut.get(path) ?? 0) + bytes);
      this.#handOverLater();
      return false;
    }
    this.#gatheredBytes += bytes;
    return true;
  }

  #handOverLater(): void {
    if (this.#isGone) return;
    this.#timer ??= setTimeout(() => this.#handOver(), GATHER_MILLIS);
  }

  #handOver(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const { logs, captures, inspects, told, manifest, leftOut } = this.#gathered;
    const batch: PictureBatch = {
      logs: [...logs].map(([path, { container, chunks }]) => ({ path, container, bytes: joined(chunks) })),
      captures: [...captures].map(([path, chunks]) => ({ path, bytes: joined(chunks) })),
      inspects: [...inspects].map(([path, text]) => ({ path, text })),
      told: [...told].map(([path, text]) => ({ path, text })),
      manifest,
      leftOut: [...leftOut].map(([path, bytes]) => ({ path, bytes })),
    };
    const bytes = this.#gatheredBytes;
    this.#gathered = nothing();
    this.#gatheredBytes = 0;
    this.#unreadBytes += bytes;
    this.#post(
      { kind: 'batch', batch, bytes },
      [...batch.logs, ...batch.captures].map((b) => b.bytes.buffer as ArrayBuffer),
    );
  }

  #post(message: ToPicture, transferred: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transferred);
  }

  #hear(message: FromPicture): void {
    switch (message.kind) {
      case 'picture':
        this.#options.onFailure(null);
        this.#options.onPicture(message.picture);
        break;
      case 'failure':
        this.#options.onFailure(message.why);
        break;
      case 'read':
        this.#unreadBytes -= message.bytes;
        if (message.packets !== null) this.#options.onPackets(message.packets);
        break;
      case 'answer':
        this.#questions.get(message.id)?.(message.text);
        this.#questions.delete(message.id);
    }
  }
}

/** One array with a buffer of its own, which can change its owner. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const all = new Uint8Array(chunks.reduce((sum, c) => sum + c.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
