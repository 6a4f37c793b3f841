import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LogFiles } from './log-files.js';
import { type Manifest, parseManifest } from './manifest.js';
import type { RecordingObserver } from './observer.js';
import { OperationalError } from './operational-error.js';
import { appendMark, type RecordingLimits, RecordingWriter } from './recording-writer.js';

const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'recording-test-'));
  made.push(folder);
  return folder;
}

const NO_LIMITS: RecordingLimits = { rotateBytes: 1 << 20, rotateMillis: null, ringBytes: null, ringMillis: null, maxBytes: null };

function seeing(): { readonly observer: RecordingObserver; readonly seen: string[] } {
  const seen: string[] = [];
  const observer: RecordingObserver = {
    log: (path, container, bytes) => void seen.push(`${path} ${container.name} ${Buffer.from(bytes).toString()}`),
    capture: () => undefined,
    inspect: (path) => void seen.push(`inspect ${path}`),
    told: (path, lines) => void seen.push(`${path} ${lines}`),
    manifest: (m) => void seen.push(`manifest ${m.state}`),
  };
  return { observer, seen };
}

const block = (text: string, stamp = '2026-01-01T00:00:00.000000001Z') => ({
  bytes: Buffer.from(`${stamp} ${text}\n`),
  lines: 1,
  firstStamp: stamp,
  lastStamp: stamp,
  unterminated: false,
});

test('a folder that holds something is refused, a new one is made', async () => {
  const root = newFolder();
  writeFileSync(join(root, 'x'), '');
  await assert.rejects(
    RecordingWriter.create(root, NO_LIMITS, seeing().observer, () => 0),
    OperationalError,
  );
  const writer = await RecordingWriter.create(join(root, 'a', 'b'), NO_LIMITS, seeing().observer, () => 0);
  assert.ok(existsSync(join(root, 'a', 'b', 'logs')));
  await writer.close();
  assert.ok(!existsSync(join(root, 'a', 'b', '.reserve')));
});

test('lines go to one file, observed after they are written; the entry counts them', async () => {
  const folder = join(newFolder(), 'r');
  const { observer, seen } = seeing();
  const writer = await RecordingWriter.create(folder, NO_LIMITS, observer, () => 0);
  const files = new LogFiles({ writer, observer, container: { id: 'abc', name: 'peer0' }, stream: 'stderr', isNameShared: false, now: () => 0 });
  assert.equal(files.entry(), null);
  await files.append(block('one'));
  await files.append(block('two', '2026-01-01T00:00:01Z'));
  assert.match(readFileSync(join(folder, 'logs/peer0.log'), 'utf8'), /^\S+ one\n\S+ two\n$/);
  assert.equal(seen.length, 2);
  await files.close();
  assert.deepEqual([files.entry()?.lines, files.entry()?.from, files.entry()?.to], [2, '2026-01-01T00:00:00.000000001Z', '2026-01-01T00:00:01Z']);
  await writer.close();
});

test('streams and containers that share a name keep apart', async () => {
  const folder = join(newFolder(), 'r');
  const { observer } = seeing();
  const writer = await RecordingWriter.create(folder, NO_LIMITS, observer, () => 0);
  const pathOf = async (stream: 'stderr' | 'stdout', id: string, isNameShared: boolean): Promise<string> => {
    const files = new LogFiles({ writer, observer, container: { id, name: 'peer0' }, stream, isNameShared, now: () => 0 });
    await files.append(block('x'));
    await files.close();
    return files.path;
  };
  assert.deepEqual(
    [await pathOf('stderr', 'a'.repeat(64), false), await pathOf('stdout', 'a'.repeat(64), false), await pathOf('stderr', 'b'.repeat(64), true)],
    ['logs/peer0.log', 'logs/peer0.stdout.log', `logs/peer0-${'b'.repeat(12)}.log`],
  );
  assert.equal(writer.claimPath('logs/../../etc/x y', '.log'), 'logs/_/_/etc/x_y.log');
  await writer.close();
});

test('a full file is followed by the next, and the ring lets the oldest go', async () => {
  const folder = join(newFolder(), 'r');
  const { observer } = seeing();
  let now = 0;
  const writer = await RecordingWriter.create(folder, { ...NO_LIMITS, rotateBytes: 100, ringBytes: 250, ringMillis: 10_000 }, observer, () => now);
  const files = new LogFiles({ writer, observer, container: { id: 'abc', name: 'p' }, stream: 'stderr', isNameShared: false, now: () => now });
  for (let i = 0; i < 9; i++) await files.append(block('x'.repeat(40)));
  assert.deepEqual(files.entry()?.paths, ['logs/p.log', 'logs/p.2.log', 'logs/p.3.log', 'logs/p.4.log', 'logs/p.5.log']);
  // Two lines of 72 bytes fill a file: four full ones and an open one are 648 bytes, of which 250 may stay.
  assert.deepEqual(await writer.turnRing(files.openBytes), ['logs/p.log', 'logs/p.2.log', 'logs/p.3.log']);
  assert.deepEqual(
    ['logs/p.3.log', 'logs/p.4.log', 'logs/p.5.log'].map((path) => existsSync(join(folder, path))),
    [false, true, true],
  );
  now = 20_000;
  await files.close();
  await writer.turnRing(0);
  assert.deepEqual(writer.removed.slice(3), ['logs/p.4.log']);
  assert.ok(existsSync(join(folder, 'logs/p.5.log')), 'the newest is not older than the ring allows');
  await writer.close();
});

test('files that are settled while the ring turns are in it too', async () => {
  const folder = join(newFolder(), 'r');
  const writer = await RecordingWriter.create(folder, { ...NO_LIMITS, ringBytes: 10_000 }, seeing().observer, () => 0);
  const turns: Promise<unknown>[] = [];
  for (let i = 0; i < 200; i++) {
    const path = writer.claimPath(`logs/f${i}`, '.log');
    const file = await writer.openFile(path);
    await file.append(Buffer.alloc(1000));
    await file.close();
    writer.settle(path, 1000);
    if (i % 3 === 0) turns.push(writer.turnRing(0));
  }
  await Promise.all(turns);
  await writer.turnRing(0);
  assert.equal(readdirSync(join(folder, 'logs')).length, 10);
  assert.equal(writer.settledBytes, 10_000);
  await writer.close();
});

test('a file that the ring let go is known as gone, also when the list has no room for it', async () => {
  const writer = await RecordingWriter.create(join(newFolder(), 'r'), { ...NO_LIMITS, ringBytes: 0 }, seeing().observer, () => 0);
  for (let i = 0; i < 1100; i++) writer.settle(`logs/${i}.log`, 1);
  await writer.turnRing(0);
  assert.deepEqual(
    [writer.removed.length, writer.removed[0], writer.wasRemoved('logs/0.log'), writer.wasRemoved('logs/x.log')],
    [1000, 'logs/100.log', true, false],
  );
  await writer.close();
});

test('the manifest is replaced whole, and a mark of another process is a line', async () => {
  const folder = join(newFolder(), 'r');
  const { observer, seen } = seeing();
  const writer = await RecordingWriter.create(folder, NO_LIMITS, observer, () => 0);
  const manifest = { format: 'gossipscope-recording', formatVersion: 1, startedAt: 'x', state: 'recording' } as unknown as Manifest;
  await Promise.all([writer.writeManifest(manifest), writer.writeManifest({ ...manifest, state: 'ended' })]);
  assert.equal(parseManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'))?.state, 'ended');
  assert.deepEqual(seen, ['manifest recording', 'manifest ended']);
  await appendMark(folder, { at: 'now', text: 'a "b"\nc' });
  await appendMark(folder, { at: 'then', text: 'd' });
  assert.deepEqual(
    readFileSync(join(folder, 'marks.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l).text),
    ['a "b"\nc', 'd'],
  );
  await writer.close();
});

test('what is no manifest is none', () => {
  for (const text of ['', '{', '[]', 'null', '{}', '{"format":"gossipscope-recording"}']) assert.equal(parseManifest(text), null);
  assert.deepEqual(parseManifest('{"format":"gossipscope-recording","startedAt":"x","gaps":5}')?.gaps, []);
});
