import { type FSWatcher, watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { MARKS_FILE } from './manifest.js';

/** `gossipscope mark` is another process. Where the system does not tell of changes (network file systems), its notes are looked for this often. */
const LOOK_EVERY_MILLIS = 5000;
const MAX_READ_BYTES = 1 << 20;

/** Tells the lines that another process appends to the recording's marks, whole lines only, each once. */
export class MarkFollower {
  readonly #folder: string;
  readonly #path: string;
  readonly #onLines: (lines: string) => void;
  #timer: NodeJS.Timeout | null = null;
  #watcher: FSWatcher | null = null;
  #offset = 0;
  #looking: Promise<void> = Promise.resolve();

  constructor(folder: string, onLines: (lines: string) => void) {
    this.#folder = folder;
    this.#path = join(folder, MARKS_FILE);
    this.#onLines = onLines;
  }

  begin(): void {
    const lookSoon = (): void => {
      this.#looking = this.#looking.then(() => this.#look());
    };
    try {
      this.#watcher = watch(this.#folder, (_, name) => name === MARKS_FILE && lookSoon());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No more watches allowed: the timer finds them.
    }
    this.#timer = setInterval(lookSoon, LOOK_EVERY_MILLIS);
  }

  async #look(): Promise<void> {
    // A recording without marks is the rule: no file then.
    const handle = await open(this.#path, 'r').catch(() => null);
    if (handle === null) return;
    try {
      const buffer = Buffer.alloc(Math.min(MAX_READ_BYTES, Math.max(0, (await handle.stat()).size - this.#offset)));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#offset);
      const end = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1;
      if (end === 0) return;
      this.#offset += end;
      this.#onLines(buffer.subarray(0, end).toString('utf8'));
    } finally {
      await handle.close();
    }
  }

  /** Tells what came last, then stops. */
  async finish(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#watcher?.close();
    await this.#looking;
    await this.#look();
  }
}
