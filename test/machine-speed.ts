import assert from 'node:assert/strict';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/**
 * About what the yardstick takes on a machine with hardly anything else to do: medians of twenty calls of {@link slowestThread} lay between 60 and 63 with
 * Node 20 on two cores of a virtual machine (AMD EPYC), where the quietest single calls took 30.
 */
const REFERENCE_MILLIS = 60;
/** As many as a page and what serves it keep busy. */
const THREADS = 2;
/** An odd number: the median counts, so that neither the first, uncompiled one nor a single halt decides. */
const REPETITIONS = 5;
const ROLE = 'gossipscope-yardstick';

/** A fixed piece of what the product does most: lines are built, matched, sorted, written as JSON and read again. Milliseconds on the clock. */
function measureYardstick(): number {
  const begun = performance.now();
  for (let round = 0; round < 16; round++) {
    const lines: { readonly at: number; readonly words: string }[] = [];
    for (let i = 0; i < 5_000; i++) lines.push({ at: (i * 7_919) % 5_003, words: `peer${i % 7}.org${i % 3}: Received block [${i}] from buffer` });
    const found = lines.filter(({ words }) => /^peer([0-5])\.org[12]: Received block \[\d*[02468]\]/.test(words));
    found.sort((a, b) => a.at - b.at || (a.words < b.words ? -1 : 1));
    assert.equal((JSON.parse(JSON.stringify(found)) as unknown[]).length, found.length);
  }
  return performance.now() - begun;
}

if (!isMainThread && workerData === ROLE) {
  const millis = Array.from({ length: REPETITIONS }, measureYardstick).sort((a, b) => a - b);
  parentPort?.postMessage(millis[(REPETITIONS - 1) / 2]);
}

/** Milliseconds that the yardstick takes now on the slowest of as many threads as a page needs, all at once. */
export async function slowestThread(): Promise<number> {
  const medians = Array.from({ length: THREADS }, async () => {
    const [millis] = (await once(new Worker(new URL(import.meta.url), { workerData: ROLE }), 'message')) as [number];
    return millis;
  });
  return Math.max(...(await Promise.all(medians)));
}

/** How many times slower than the reference machine this one is at the moment, because it is slow or because it does much else: 1 or more. */
export async function machineSlowness(): Promise<number> {
  return Math.max(1, (await slowestThread()) / REFERENCE_MILLIS);
}

/**
 * Fails unless `millis` is below `limitMillis`, a demand on the product that is meant for the reference machine. Where it is not, the limit is multiplied by
 * the slowness of this machine, `slowness` before the work or what it is now, whichever is more, and the test's output says so.
 */
export async function assertWithin(
  t: { diagnostic(message: string): void },
  millis: number,
  limitMillis: number,
  slowness: number,
  details = '',
): Promise<void> {
  if (millis < limitMillis) return;
  const factor = Math.max(slowness, await machineSlowness());
  const told = `${Math.round(millis)} ms instead of ${limitMillis} ms, on a machine ${factor.toFixed(2)} times slower than the reference. ${details}`;
  t.diagnostic(told);
  assert.ok(millis < limitMillis * factor, told);
}
