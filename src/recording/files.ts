import { createReadStream, type Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { createGunzip } from 'node:zlib';

/** One file to read. `source` is its path relative to the root of all inputs, with `/`. */
export interface InputFile {
  readonly path: string;
  readonly source: string;
  /** The user named this very file; it was not just found in a folder. */
  readonly isNamed: boolean;
}

export interface MissingInput {
  readonly path: string;
  readonly why: string;
}

export interface InputFiles {
  /** The deepest folder that holds every input; a single folder given is its own root. */
  readonly root: string;
  readonly files: readonly InputFile[];
  readonly missing: readonly MissingInput[];
  readonly standardInput: boolean;
}

/** The name of standard input among the arguments, and of what is read from it. */
export const STANDARD_INPUT = '-';
export const STANDARD_INPUT_SOURCE = 'stdin';

/** Folders below this depth are not walked: no recording is that deep. */
const MAX_DEPTH = 16;
const MAX_FILES = 100_000;

const whyOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') return 'no such file or folder';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it';
  return error instanceof Error ? error.message : String(error);
};

/**
 * Every file that `paths` name, folders walked, each file once however often it is named, in path order.
 * Hidden files and `node_modules` are left out. What is missing or may not be read is told, not thrown.
 */
export async function findInputs(paths: readonly string[]): Promise<InputFiles> {
  const found = new Map<string, string>();
  const missing: MissingInput[] = [];
  const named = new Set<string>();
  const roots: string[] = [];
  for (const given of paths.filter((p) => p !== STANDARD_INPUT)) {
    const path = resolve(given);
    try {
      const info = await stat(path);
      roots.push(info.isDirectory() ? path : dirname(path));
      if (info.isDirectory()) await walk(path, [], found, missing);
      else named.add(await note(path, found));
    } catch (error) {
      missing.push({ path: given, why: whyOf(error) });
    }
  }
  const root = commonFolder(roots);
  const files = [...found].map(([real, path]) => ({ path, source: relative(root, path).split(sep).join('/'), isNamed: named.has(real) }));
  files.sort((a, b) => (a.source < b.source ? -1 : 1));
  missing.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { root, files, missing, standardInput: paths.includes(STANDARD_INPUT) };
}

/** Remembers a file by its real path, which it returns. */
async function note(path: string, found: Map<string, string>): Promise<string> {
  const real = await realpath(path);
  const known = found.get(real);
  // Of several names of one file the shortest, then the first in path order, stands for it, whatever the order of arguments.
  if (known === undefined || path.length < known.length || (path.length === known.length && path < known)) found.set(real, path);
  return real;
}

/** `above`: the real folders that hold this one, so that a link back to one of them is not followed in circles. */
async function walk(folder: string, above: readonly string[], found: Map<string, string>, missing: MissingInput[]): Promise<void> {
  const real = await realpath(folder);
  if (above.includes(real)) return;
  if (above.length > MAX_DEPTH || found.size > MAX_FILES) {
    const limit = above.length > MAX_DEPTH ? `it lies more than ${MAX_DEPTH} folders deep` : `more than ${MAX_FILES} files were found before it`;
    missing.push({ path: folder, why: `not looked into: ${limit}` });
    return;
  }
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    missing.push({ path: folder, why: whyOf(error) });
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    try {
      const info = entry.isSymbolicLink() ? await stat(path) : entry;
      if (info.isDirectory()) await walk(path, [...above, real], found, missing);
      else if (info.isFile()) await note(path, found);
    } catch (error) {
      missing.push({ path, why: whyOf(error) });
    }
  }
}

function commonFolder(folders: readonly string[]): string {
  const [first, ...rest] = folders.map((f) => f.split(sep));
  if (first === undefined) return resolve('.');
  let depth = first.length;
  for (const parts of rest) {
    let same = 0;
    while (same < depth && parts[same] === first[same]) same++;
    depth = same;
  }
  return first.slice(0, depth).join(sep) || sep;
}

const GZIP_MAGIC = [0x1f, 0x8b] as const;
const CHUNK_BYTES = 1 << 20;

/** What ended a read before the end of the file. The data before it has been delivered. */
export interface ReadFailure {
  readonly kind: 'torn-gzip' | 'read-failed';
  readonly why: string;
}

/**
 * The bytes of a file, decompressed when it begins as gzip does (also several members in one file). A torn or damaged end is told through
 * `onFailure` after all bytes before it were yielded; nothing is thrown.
 */
export async function* readBytes(path: string, onFailure: (failure: ReadFailure) => void): AsyncGenerator<Uint8Array> {
  yield* decompressed(
    path === STANDARD_INPUT
      ? (process.stdin as AsyncIterable<Uint8Array>)
      : (createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>),
    onFailure,
  );
}

async function* decompressed(raw: AsyncIterable<Uint8Array>, onFailure: (failure: ReadFailure) => void): AsyncGenerator<Uint8Array> {
  const chunks = raw[Symbol.asyncIterator]();
  let first: Uint8Array | null = null;
  try {
    while (first === null || first.length < GZIP_MAGIC.length) {
      const next = await chunks.next();
      if (next.done === true) break;
      first = first === null ? next.value : Buffer.concat([first, next.value]);
    }
    if (first === null) return;
    if (!GZIP_MAGIC.every((byte, i) => first?.[i] === byte)) {
      yield first;
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
      return;
    }
  } catch (error) {
    onFailure({ kind: 'read-failed', why: whyOf(error) });
    return;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const head = first;
  let readError: unknown = null;
  const feed = async (): Promise<void> => {
    try {
      let pending: Uint8Array | null = head;
      while (pending !== null) {
        if (gunzip.destroyed) return;
        if (!gunzip.write(pending)) await new Promise<void>((done) => void gunzip.once('drain', done).once('close', done));
        const next = await chunks.next();
        pending = next.done === true ? null : next.value;
      }
    } catch (error) {
      readError = error;
    }
    gunzip.end();
  };
  const feeding = feed();
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (error) {
    onFailure({ kind: 'torn-gzip', why: whyOf(error) });
  }
  await feeding;
  if (readError !== null) onFailure({ kind: 'read-failed', why: whyOf(readError) });
}
