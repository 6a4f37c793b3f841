import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import tar from 'tar-stream';
import { type InputFile, type InputFiles, type MissingInput, readBytes } from './files.js';
import { makePrivateFolder } from './private-folder.js';

/** What a bundle's name ends in. Readers go by the content, not by this. */
export const BUNDLE_ENDING = '.gossipscope.tar.gz';
/** The list in a bundle of what is in it. */
export const BUNDLE_LIST_FILE = 'BUNDLE.json';

/**
 * What a bundle says about itself, its first entry. `schemaVersion` and `tool` come first: by them an analysis of an unpacked bundle
 * knows the file as one of this program's own, not of the recording.
 */
export interface BundleList {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: 'gossipscope'; readonly version: string };
  readonly kind: 'bundle';
  readonly redacted: boolean;
  /** In the order of the entries. `sha256` and `bytes` are of the entry as it lies in the archive. */
  readonly files: readonly BundledFile[];
}

export interface BundledFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** An archive with more entries is no recording. */
const MAX_ENTRIES = 20_000;
/** Contents of a file and of all together, unpacked: a bomb of zeroes ends here. */
const MAX_UNPACKED_BYTES = 64 * 2 ** 30;
const MAX_PATH_BYTES = 1024;
const MAX_PATH_DEPTH = 16;
const BLOCK_BYTES = 512;
/** Folders of a recording: a recording that consists of one of them alone is not inside a folder of that name. */
const RECORDING_FOLDERS = new Set(['logs', 'packets', 'docker']);

/** Whether `head`, the first bytes of a file after decompression, begin a tar archive: a header block whose checksum holds (POSIX.1-2017, pax, "ustar Interchange Format"). */
export function recognizeTar(head: Uint8Array): boolean {
  if (head.length < BLOCK_BYTES) return false;
  let sum = 0;
  for (let at = 0; at < BLOCK_BYTES; at++) sum += at >= 148 && at < 156 ? 32 : (head[at] as number);
  const text = Buffer.from(head.buffer, head.byteOffset + 148, 8).toString('latin1');
  const written = /^ *([0-7]{1,7})[ \0]/.exec(text)?.[1];
  return written !== undefined && Number.parseInt(written, 8) === sum && head[0] !== 0;
}

/**
 * The path within its archive that an entry's `name` means, or why it is not unpacked. A path is relative, without `..`, of printable names;
 * files that a folder's walk would leave out (hidden ones, `node_modules`) are left out here too, as `hidden`.
 */
export function safeEntryPath(name: string): { readonly path: string } | { readonly why: 'hidden' | 'unsafe' } {
  if (name.startsWith('/') || /[\\\0-\x1f\x7f]/.test(name) || /^[A-Za-z]:/.test(name)) return { why: 'unsafe' };
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.length > MAX_PATH_DEPTH || parts.includes('..') || Buffer.byteLength(name) > MAX_PATH_BYTES)
    return { why: 'unsafe' };
  if (parts.some((part) => part.startsWith('.') || part === 'node_modules')) return { why: 'hidden' };
  return { path: parts.join('/') };
}

async function headOf(path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of readBytes(path, () => undefined)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= BLOCK_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, BLOCK_BYTES);
}

/**
 * `inputs` with every archive that the user named opened: its files stand for it. They are unpacked into a private folder that lives as long as the
 * process. The source of a file is its path inside the archive where that is the only input, else behind the archive's own.
 * An entry that is not unpacked, and a torn archive, are told among the missing.
 */
export async function openBundles(inputs: InputFiles): Promise<InputFiles> {
  const files: InputFile[] = [];
  const missing: MissingInput[] = [...inputs.missing];
  let root = inputs.root;
  const isAlone = inputs.files.length === 1 && !inputs.standardInput;
  for (const file of inputs.files) {
    if (!file.isNamed || !recognizeTar(await headOf(file.path))) {
      files.push(file);
      continue;
    }
    const unpacked = await unpack(file.path);
    for (const why of unpacked.refused) missing.push({ path: file.source, why });
    files.push(...unpacked.files.map((one) => ({ ...one, source: isAlone ? one.source : `${file.source}/${one.source}` })));
    if (isAlone) root = join(dirname(file.path), basename(file.path).replace(/(?:\.gossipscope)?(?:\.tar\.gz|\.tgz|\.tar)$/i, ''));
  }
  files.sort((a, b) => (a.source < b.source ? -1 : 1));
  return { root, files, missing, standardInput: inputs.standardInput };
}

interface Unpacked {
  readonly files: readonly InputFile[];
  readonly refused: readonly string[];
}

/** Unpacks an archive, compressed or not. Each entry gets a folder of its own whose name is a number, so that no name in the archive decides where anything goes. */
async function unpack(archive: string): Promise<Unpacked> {
  const folder = makePrivateFolder();
  const found = new Map<string, string>();
  const refused = new Map<string, { readonly example: string; count: number }>();
  const refuse = (why: string, example: string): void => {
    const known = refused.get(why);
    if (known === undefined) refused.set(why, { example, count: 1 });
    else known.count++;
  };
  const extract = tar.extract();
  const bytes = readBytes(archive, (failure) => refuse(`the archive is torn or damaged (${failure.why})`, ''));
  const feeding = pipeline(Readable.from(bytes), extract).catch(() => undefined);
  let entries = 0;
  let left = MAX_UNPACKED_BYTES;
  let isOwn = false;
  try {
    for await (const entry of extract) {
      const { name, size } = entry.header;
      entries++;
      const verdict = judgeEntry(entry.header, entries, left);
      if ('path' in verdict && verdict.path !== BUNDLE_LIST_FILE) {
        left -= size ?? 0;
        // The path tells readers what a file may be; a number in front of it keeps any two apart.
        const path = join(folder, String(entries), ...verdict.path.split('/').map((part) => part.replaceAll(/[^\w.-]/g, '_').slice(-200)));
        mkdirSync(dirname(path), { recursive: true });
        found.set(verdict.path, path);
        await store(entry as AsyncIterable<Uint8Array>, path);
        continue;
      }
      if ('path' in verdict) isOwn = true;
      else if (verdict.why !== null) refuse(verdict.why, name);
      if ('ends' in verdict && verdict.ends) break;
      entry.resume();
    }
  } catch (error) {
    refuse(`the archive is torn or damaged (${error instanceof Error ? error.message : String(error)})`, '');
  }
  extract.destroy();
  await feeding;
  const top = isOwn ? '' : commonTop([...found.keys()]);
  return {
    files: [...found].map(([source, path]) => ({ path, source: source.slice(top.length), isNamed: false })),
    refused: [...refused].map(
      ([why, { example, count }]) => `${why}${example === '' ? '' : `: ${JSON.stringify(example)}${count > 1 ? ` and ${count - 1} more` : ''}`}`,
    ),
  };
}

/** The path that an entry is unpacked to, or why it is not: null where nobody misses it. `ends`: nothing behind it is unpacked either. */
function judgeEntry(
  { name, type, size }: tar.Header,
  entries: number,
  leftBytes: number,
): { readonly path: string } | { readonly why: string | null; readonly ends: boolean } {
  if (entries > MAX_ENTRIES) return { why: `more than ${MAX_ENTRIES} entries`, ends: true };
  const safe = safeEntryPath(name);
  if (type === 'directory' || ('why' in safe && safe.why === 'hidden')) return { why: null, ends: false };
  if (type !== 'file' && type !== 'contiguous-file') return { why: `entries that are no files are left out (${String(type)})`, ends: false };
  if ('why' in safe) return { why: 'entries whose path leads out of the archive are left out', ends: false };
  if (leftBytes <= 0 || (size ?? 0) > leftBytes) return { why: `more than ${MAX_UNPACKED_BYTES} bytes`, ends: true };
  return safe;
}

/** Slimmed captures are mostly zeroes: compressed again they need no more room than in the archive. What is gzip already stays as it is. */
async function store(entry: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const chunks = entry[Symbol.asyncIterator]();
  const first = await chunks.next();
  const all = async function* (): AsyncGenerator<Uint8Array> {
    for (let next = first; next.done !== true; next = await chunks.next()) yield next.value;
  };
  const isGzip = first.done !== true && first.value[0] === 0x1f && (first.value.length < 2 || first.value[1] === 0x8b);
  const file = createWriteStream(path, { mode: 0o600 });
  if (isGzip) await pipeline(Readable.from(all()), file);
  else await pipeline(Readable.from(all()), createGzip({ level: 1 }), file);
}

/** The one folder that an archive made by hand has around the recording, with its slash, or nothing. */
function commonTop(paths: readonly string[]): string {
  const first = paths[0]?.split('/')[0] ?? '';
  return paths.length > 0 && !RECORDING_FOLDERS.has(first) && paths.every((path) => path.startsWith(`${first}/`)) ? `${first}/` : '';
}

/** One file of a bundle to be written: its path inside, and where its bytes are now. */
export interface StagedFile {
  readonly path: string;
  readonly stagedAt: string;
}

/** Size and SHA-256 of a file. Errors of the file system are thrown. */
export async function measureFile(file: StagedFile): Promise<BundledFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file.stagedAt) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { path: file.path, bytes, sha256: hash.digest('hex') };
}

const ENTRY = { mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '', type: 'file' } as const;

/**
 * Writes a bundle: the list, then the files in the order given. The same files give the same bytes: no times, owners or modes of theirs get in.
 * Returns the list. Errors of the file system are thrown.
 */
export async function writeBundle(
  out: string,
  files: readonly StagedFile[],
  about: { readonly version: string; readonly redacted: boolean },
): Promise<BundleList> {
  const measured: BundledFile[] = [];
  for (const file of files) measured.push(await measureFile(file));
  const list: BundleList = {
    schemaVersion: 1,
    tool: { name: 'gossipscope', version: about.version },
    kind: 'bundle',
    redacted: about.redacted,
    files: measured,
  };
  const pack = tar.pack();
  const writing = pipeline(pack, createGzip({ level: 9 }), createWriteStream(out));
  const adding = (async (): Promise<void> => {
    pack.entry({ ...ENTRY, name: BUNDLE_LIST_FILE }, `${JSON.stringify(list, null, 1)}\n`);
    for (const [i, file] of files.entries()) {
      await pipeline(createReadStream(file.stagedAt), pack.entry({ ...ENTRY, name: file.path, size: (measured[i] as BundledFile).bytes }));
    }
    pack.finalize();
  })();
  await Promise.all([writing, adding]);
  return list;
}

/**
 * Reads a bundle back and compares it with the list in it and with `list`. Null where all agrees, else what differs, in a sentence.
 */
export async function compareBundle(path: string, list: BundleList): Promise<string | null> {
  const extract = tar.extract();
  let why: string | null = null;
  const bytes = readBytes(path, (failure) => {
    why ??= failure.why;
  });
  const feeding = pipeline(Readable.from(bytes), extract).catch(() => undefined);
  const expected = new Map(list.files.map((file) => [file.path, file]));
  try {
    for await (const entry of extract) {
      const hash = createHash('sha256');
      const kept: Buffer[] = [];
      let length = 0;
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        hash.update(chunk);
        length += chunk.length;
        if (entry.header.name === BUNDLE_LIST_FILE) kept.push(chunk);
      }
      const { name } = entry.header;
      if (name === BUNDLE_LIST_FILE) {
        if (Buffer.concat(kept).toString('utf8') !== `${JSON.stringify(list, null, 1)}\n`) why ??= 'its list is not what was written';
        continue;
      }
      const file = expected.get(name);
      if (file === undefined) why ??= `${name} is in it and not in the list`;
      else if (file.bytes !== length || file.sha256 !== hash.digest('hex')) why ??= `${name} is not what was written`;
      expected.delete(name);
    }
  } catch (error) {
    why ??= error instanceof Error ? error.message : String(error);
  }
  await feeding;
  const [absent] = expected.keys();
  return why ?? (absent === undefined ? null : `${absent} is missing`);
}
