import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const folders = new Set<string>();
let isWatching = false;

/** A new folder that only this user may look into. It is removed with all that is in it when the process ends, also by a signal. */
export function makePrivateFolder(): string {
  // mkdtemp makes it with mode 0700.
  const folder = mkdtempSync(join(tmpdir(), 'gossipscope-'));
  folders.add(folder);
  if (!isWatching) {
    isWatching = true;
    process.on('exit', removeAll);
    for (const signal of ENDING_SIGNALS) process.on(signal, endBySignal);
  }
  return folder;
}

/** Removes a folder of {@link makePrivateFolder} before the end of the process. */
export function removePrivateFolder(folder: string): void {
  if (folders.delete(folder)) rmSync(folder, { recursive: true, force: true });
}

function removeAll(): void {
  for (const folder of folders) removePrivateFolder(folder);
}

function endBySignal(signal: NodeJS.Signals): void {
  // Somebody else who handles the signal ends the process in their own time; the exit then removes the folders.
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  process.removeListener(signal, endBySignal);
  process.kill(process.pid, signal);
}
