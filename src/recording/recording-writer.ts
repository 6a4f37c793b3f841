import { type FileHandle, mkdir, open, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EVENTS_FILE, MANIFEST_FILE, MARKS_FILE, type Manifest, type RecordedDockerEvent } from './manifest.js';
import type { RecordingObserver } from './observer.js';
import { OperationalError } from './operational-error.js';

/** How large a recording and its files may grow. Bytes and milliseconds; null: without limit. */
export interface RecordingLimits {
  /** A log or capture file that has grown to this is followed by a new one. */
  readonly rotateBytes: number;
  readonly rotateMillis: number | null;
  /** Finished files beyond these, oldest first, are let go: a ring of the newest. */
  readonly ringBytes: number | null;
  readonly ringMillis: number | null;
  /** Reaching this ends the recording. */
  readonly maxBytes: number | null;
}

/** Nobody wants to open a larger file in an editor or send it. */
export const DEFAULT_ROTATE_BYTES = 1 << 30;

/** Names of files that the ring let go, in the manifest: the newest of them. */
const MAX_REMOVED_TOLD = 1000;

/** Kept free inside the folder, given back when the disk is full: enough for the last manifest and the ends of the files. */
const RESERVE_BYTES = 2 << 20;
const RESERVE_FILE = '.reserve';

/** The disk holds no more. What was written before is whole. */
export class DiskFullError extends Error {
  constructor(path: string) {
    super(`the disk is full: ${path} could not grow`);
    this.name = 'DiskFullError';
  }
}

/** Whether an error says that the disk, a quota or a limit of file sizes is exhausted. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof DiskFullError || (error instanceof Error && 'code' in error && /^(?:ENOSPC|EDQUOT|EFBIG)$/.test(String(error.code)));
}

/**
 * Once something did not fit, nothing but the manifest is written any more: what would fit after it would stand behind a hole, and would take the space
 * that is kept for the manifest.
 */
interface DiskState {
  isFull: boolean;
}

/** A file that something is appended to, block by block; a block is in it whole or not at all, unless the machine itself goes down. */
class AppendedFile {
  readonly path: string;
  readonly #disk: DiskState;
  #handle: FileHandle | null;
  #bytes = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(path: string, handle: FileHandle, disk: DiskState) {
    this.path = path;
    this.#handle = handle;
    this.#disk = disk;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws a {@link DiskFullError} when the block did not fit; the file then ends where it ended before. */
  append(bytes: Uint8Array): Promise<void> {
    const done = this.#queue.then(() => this.#append(bytes));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const handle = this.#handle;
    if (handle === null) return;
    if (this.#disk.isFull) throw new DiskFullError(this.path);
    try {
      let written = 0;
      while (written < bytes.length) written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
      this.#bytes += bytes.length;
    } catch (error) {
      if (isDiskFull(error)) this.#disk.isFull = true;
      await handle.truncate(this.#bytes).catch(() => undefined);
      throw isDiskFull(error) ? new DiskFullError(this.path) : error;
    }
  }

  async close(): Promise<void> {
    await this.#queue;
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }
}

/** A finished file of the ring. */
interface Segment {
  readonly path: string;
  readonly bytes: number;
  readonly endedMillis: number;
}

/**
 * Writes a recording folder as things come. A run killed at any instant leaves a folder that can be read: blocks are appended whole, the manifest is
 * replaced at once by renaming. Every method that writes throws a {@link DiskFullError} when nothing more fits.
 */
export class RecordingWriter {
  readonly folder: string;
  readonly limits: RecordingLimits;
  readonly #observer: RecordingObserver;
  readonly #now: () => number;
  readonly #disk: DiskState = { isFull: false };
  readonly #taken = new Set<string>();
  readonly #lines = new Map<string, AppendedFile>();
  #segments: Segment[] = [];
  readonly #removed = new Set<string>();
  /** Bytes of all files that are not logs' or captures' current ones. */
  #settledBytes = 0;
  #manifests: Promise<void> = Promise.resolve();

  private constructor(folder: string, limits: RecordingLimits, observer: RecordingObserver, now: () => number) {
    this.folder = folder;
    this.limits = limits;
    this.#observer = observer;
    this.#now = now;
  }

  /**
   * Makes the folder and its subfolders. Throws an {@link OperationalError} when it cannot be written or already holds something:
   * a recording is never mixed with another.
   */
  static async create(folder: string, limits: RecordingLimits, observer: RecordingObserver, now: () => number): Promise<RecordingWriter> {
    try {
      await mkdir(folder, { recursive: true });
      const [there] = await readdir(folder);
      if (there !== undefined)
        throw new OperationalError({
          what: `cannot record into ${folder}`,
          why: `it already holds ${there}`,
          hint: 'name another folder with --out',
        });
      for (const sub of ['logs', 'packets', 'docker']) await mkdir(join(folder, sub));
      await writeFile(join(folder, RESERVE_FILE), Buffer.alloc(RESERVE_BYTES));
    } catch (error) {
      if (error instanceof OperationalError) throw error;
      throw new OperationalError({
        what: `cannot record into ${folder}`,
        why: error instanceof Error ? error.message : String(error),
        hint: 'name another folder with --out',
      });
    }
    return new RecordingWriter(folder, limits, observer, now);
  }

  /** Bytes that the recording holds on disk now, but for open logs and captures, which their owners know. */
  get settledBytes(): number {
    return this.#settledBytes;
  }

  /** The newest of the files that the ring let go, oldest first. */
  get removed(): readonly string[] {
    return [...this.#removed].slice(-MAX_REMOVED_TOLD);
  }

  /** Whether the ring let a file go, however long ago. */
  wasRemoved(path: string): boolean {
    return this.#removed.has(path);
  }

  /** Bytes that the file system has left for this user; null where it does not say. */
  async freeBytes(): Promise<number | null> {
    try {
      const info = await statfs(this.folder);
      return info.bavail * info.bsize;
    } catch {
      return null;
    }
  }

  /** A path under the folder that nothing has yet: `stem` with `extension`, else with a number. */
  claimPath(stem: string, extension: string): string {
    const clean = stem
      .split('/')
      .map((part) => part.replaceAll(/[^\w.-]/g, '_').replace(/^\.+/, '_'))
      .join('/');
    for (let n = 1; ; n++) {
      const path = n === 1 ? `${clean}${extension}` : `${clean}.${n}${extension}`;
      if (this.#taken.has(path)) continue;
      this.#taken.add(path);
      return path;
    }
  }

  async openFile(path: string): Promise<AppendedFile> {
    try {
      if (this.#disk.isFull) throw new DiskFullError(path);
      // Appending always goes to the end: after a failed write the position would be behind it.
      return new AppendedFile(path, await open(join(this.folder, path), 'ax'), this.#disk);
    } catch (error) {
      throw this.#diskError(error, path);
    }
  }

  /** A log or capture file that will not grow any more joins the ring. */
  settle(path: string, bytes: number): void {
    this.#segments.push({ path, bytes, endedMillis: this.#now() });
    this.#settledBytes += bytes;
  }

  /** Lets go of the oldest finished files beyond the ring's limits, given the bytes in files that are still open. Returns their paths. */
  async turnRing(openBytes: number): Promise<readonly string[]> {
    const { ringBytes, ringMillis } = this.limits;
    const gone: string[] = [];
    const now = this.#now();
    for (let oldest = this.#segments[0]; oldest !== undefined; oldest = this.#segments[0]) {
      const tooMuch = ringBytes !== null && this.#settledBytes + openBytes > ringBytes;
      const tooOld = ringMillis !== null && oldest.endedMillis < now - ringMillis;
      if (!tooMuch && !tooOld) break;
      // Before it is deleted, which takes time, in which others are settled.
      this.#segments.shift();
      this.#settledBytes -= oldest.bytes;
      gone.push(oldest.path);
      await rm(join(this.folder, oldest.path), { force: true });
    }
    for (const path of gone) this.#removed.add(path);
    return gone;
  }

  /** Deletes a file that turned out to be of no use, as a capture of a network that was not Fabric's. */
  async discard(path: string): Promise<void> {
    const known = this.#segments.find((s) => s.path === path);
    this.#segments = this.#segments.filter((s) => s !== known);
    this.#settledBytes -= known?.bytes ?? 0;
    await rm(join(this.folder, path), { force: true });
  }

  async writeInspect(path: string, value: unknown): Promise<void> {
    const text = `${JSON.stringify(value, null, 2)}\n`;
    try {
      if (this.#disk.isFull) throw new DiskFullError(path);
      await mkdir(dirname(join(this.folder, path)), { recursive: true });
      await writeFile(join(this.folder, path), text);
    } catch (error) {
      await rm(join(this.folder, path), { force: true });
      throw this.#diskError(error, path);
    }
    this.#settledBytes += Buffer.byteLength(text);
    this.#observer.inspect(path, text);
  }

  async writeDockerEvent(event: RecordedDockerEvent): Promise<void> {
    const line = `${JSON.stringify(event)}\n`;
    let file = this.#lines.get(EVENTS_FILE);
    if (file === undefined) {
      file = await this.openFile(EVENTS_FILE);
      this.#lines.set(EVENTS_FILE, file);
    }
    await file.append(Buffer.from(line));
    this.#settledBytes += Buffer.byteLength(line);
    this.#observer.told(EVENTS_FILE, line);
  }

  /** Replaces the manifest at once. Calls are done one after the other, in order. */
  writeManifest(manifest: Manifest): Promise<void> {
    const done = this.#manifests.then(async () => {
      const path = join(this.folder, MANIFEST_FILE);
      try {
        await writeFile(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
        await rename(`${path}.new`, path);
      } catch (error) {
        await rm(`${path}.new`, { force: true });
        throw this.#diskError(error, MANIFEST_FILE);
      }
      this.#observer.manifest(manifest);
    });
    this.#manifests = done.catch(() => undefined);
    return done;
  }

  #diskError(error: unknown, path: string): unknown {
    if (!isDiskFull(error)) return error;
    this.#disk.isFull = true;
    return error instanceof DiskFullError ? error : new DiskFullError(path);
  }

  /** Gives back the space that was kept for the end. */
  async releaseReserve(): Promise<void> {
    await rm(join(this.folder, RESERVE_FILE), { force: true });
  }

  async close(): Promise<void> {
    for (const file of this.#lines.values()) await file.close();
    this.#lines.clear();
    await this.#manifests;
    await this.releaseReserve();
  }
}

export type { AppendedFile };

/** Adds a note of the operator to a recording in progress, by another process than the recorder. One write, so that notes never mix. */
export async function appendMark(folder: string, mark: { readonly at: string; readonly text: string }): Promise<void> {
  const handle = await open(join(folder, MARKS_FILE), 'a');
  try {
    await handle.write(`${JSON.stringify(mark)}\n`);
  } finally {
    await handle.close();
  }
}
