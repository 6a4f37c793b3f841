import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { RecordingObserver } from '../../src/recording/observer.js';

/** One thing that happened while a recording was made. */
export interface Step {
  readonly atMillis: number;
  tell(observer: RecordingObserver): void;
}

const STEPS_PER_TURN = 500;

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d*Z /;

/** Everything that a bundled recording of logs with Docker's stamps, inspect output and classic captures holds, in order of time. */
export function stepsOf(folder: string): readonly Step[] {
  const steps: Step[] = [];
  for (const name of readdirSync(join(folder, 'logs'))) {
    const container = { id: Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64), name: basename(name, '.log') };
    let atMillis = 0;
    for (const line of splitLines(readFileSync(join(folder, 'logs', name)))) {
      const stamp = STAMP.exec(line.subarray(0, 40).toString('latin1'))?.[1];
      if (stamp !== undefined) atMillis = Date.parse(`${stamp}Z`);
      steps.push({ atMillis, tell: (o) => o.log(`logs/${name}`, container, line) });
    }
  }
  const first = steps.reduce((least, s) => Math.min(least, s.atMillis), Number.POSITIVE_INFINITY);
  for (const name of existing(join(folder, 'docker')).filter((n) => n.endsWith('.json'))) {
    const text = readFileSync(join(folder, 'docker', name), 'utf8');
    steps.push({ atMillis: first, tell: (o) => o.inspect(`docker/${name}`, text) });
  }
  for (const name of existing(join(folder, 'packets')).filter((n) => n.endsWith('.pcap.gz'))) {
    const path = `packets/${name.replace(/\.gz$/, '')}`;
    for (const { atMillis, bytes } of splitPackets(gunzipSync(readFileSync(join(folder, 'packets', name)))))
      steps.push({ atMillis, tell: (o) => o.capture(path, bytes) });
  }
  return steps.sort((a, b) => a.atMillis - b.atMillis);
}

/** Tells `observer` the steps with their spacing, `speed` times as fast; resolves at the end, or when `isStopped`. */
export async function replay(
  steps: readonly Step[],
  observer: RecordingObserver,
  speed: number,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const begun = performance.now();
  const first = steps[0]?.atMillis ?? 0;
  for (const [i, step] of steps.entries()) {
    // A recorder reads in turns with everything else.
    if (i % STEPS_PER_TURN === 0) await new Promise((done) => setImmediate(done));
    const wait = (step.atMillis - first) / speed - (performance.now() - begun);
    if (wait > 1) await new Promise((done) => setTimeout(done, wait));
    if (isStopped()) return;
    step.tell(observer);
  }
}

function existing(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function splitLines(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    lines.push(bytes.subarray(start, end + 1));
    start = end + 1;
  }
  if (start < bytes.length) lines.push(bytes.subarray(start));
  return lines;
}

/** Each packet of a little-endian microsecond pcap, the first with the file's head before it. */
function splitPackets(bytes: Buffer): readonly { readonly atMillis: number; readonly bytes: Buffer }[] {
  const parts: { atMillis: number; bytes: Buffer }[] = [];
  let latest = 0;
  for (let at = 24; at + 16 <= bytes.length; ) {
    const end = at + 16 + bytes.readUInt32LE(at + 8);
    // Stamps may step back a little; the file's order is what counts.
    latest = Math.max(latest, bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / 1000);
    parts.push({ atMillis: latest, bytes: bytes.subarray(parts.length === 0 ? 0 : at, end) });
    at = end;
  }
  return parts;
}
