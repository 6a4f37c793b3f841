import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Far longer than anything takes that a test waits for: what never comes fails, what comes late on a slow machine does not. Demands on how soon something
 * comes are measured and asserted apart from the waiting (`machine-speed.ts`).
 */
export const PATIENCE_MILLIS = 180_000;

/** Waits until `holds`, looking every 20 ms; throws what was waited for when patience has run out. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MILLIS; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`waited in vain: ${what}`);
}
