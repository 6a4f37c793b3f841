import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A recording that a process of this user makes now. */
export interface RecordingInProgress {
  readonly pid: number;
  /** Absolute. */
  readonly folder: string;
}

/** Where the recordings in progress of this user are noted, so that another terminal in another folder finds them. */
export function registryFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const runtime = environment['XDG_RUNTIME_DIR'];
  return runtime !== undefined && runtime !== '' ? join(runtime, 'gossipscope') : join(tmpdir(), `gossipscope-${userInfo().username}`);
}

/** Notes that this process records into `folder` (absolute); returns what takes the note back. Not being able to note it is no error. */
export async function noteRecording(folder: string, registry: string = registryFolder()): Promise<() => Promise<void>> {
  const path = join(registry, `${process.pid}.json`);
  const noted = await mkdir(registry, { recursive: true, mode: 0o700 })
    .then(() => mustBeOurs(registry))
    .then(() => writeFile(path, JSON.stringify({ pid: process.pid, folder }), { mode: 0o600 }))
    .then(
      () => true,
      () => false,
    );
  return async () => {
    if (noted) await rm(path, { force: true }).catch(() => undefined);
  };
}

/** The recordings in progress of this user; notes of processes that are gone are removed. */
export async function recordingsInProgress(
  isAlive: (pid: number) => boolean,
  registry: string = registryFolder(),
): Promise<readonly RecordingInProgress[]> {
  const names = await mustBeOurs(registry)
    .then(() => readdir(registry))
    .catch(() => [] as readonly string[]);
  const found: RecordingInProgress[] = [];
  for (const name of names.filter((n) => n.endsWith('.json')).sort()) {
    const path = join(registry, name);
    const noted = parseNote(await readFile(path, 'utf8').catch(() => ''));
    if (noted !== null && isAlive(noted.pid)) found.push(noted);
    else await rm(path, { force: true }).catch(() => undefined);
  }
  return found;
}

/** In a folder that all may write to, another user could have made it first, and lead notes into folders of his. */
async function mustBeOurs(registry: string): Promise<void> {
  const { uid, mode } = await stat(registry);
  const own = process.getuid?.();
  if (own !== undefined && (uid !== own || (mode & 0o022) !== 0)) throw new Error(`${registry} is another user's, or open to others`);
}

function parseNote(text: string): RecordingInProgress | null {
  try {
    const value = JSON.parse(text) as Partial<RecordingInProgress> | null;
    return typeof value?.pid === 'number' && value.pid > 0 && typeof value.folder === 'string' ? { pid: value.pid, folder: value.folder } : null;
  } catch {
    return null;
  }
}
