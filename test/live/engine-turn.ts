import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestEngine } from '../requirements.js';

/**
 * Waits for this test file's turn at the engine: files run at the same time, but an engine that one of them restarts serves one at a time.
 * Returns what gives the turn away. A file that was killed loses its turn.
 */
export async function takeTurn(engine: TestEngine): Promise<() => void> {
  const lock = `${engine.socketPath}.turn`;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (!isAlive(lock)) rmSync(lock, { force: true });
    await sleep(200);
  }
}

function isAlive(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8') || process.pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
