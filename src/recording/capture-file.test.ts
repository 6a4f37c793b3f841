import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { pcapFile } from '../../test/builders/capture-builder.js';
import { CaptureFileWriter, CaptureStreamError } from './capture-file.js';
import type { RecordingObserver } from './observer.js';
import { DiskFullError, isDiskFull, type RecordingLimits, RecordingWriter } from './recording-writer.js';

const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

const NO_LIMITS: RecordingLimits = { rotateBytes: 2 ** 40, rotateMillis: null, ringBytes: null, ringMillis: null, maxBytes: null };
const FILE_HEADER_BYTES = 24;

async function makeWriter(limits: Partial<RecordingLimits> = {}): Promise<{
  readonly files: CaptureFileWriter;
  readonly recording: RecordingWriter;
  readonly seen: Map<string, Buffer>;
  readonly clock: { millis: number };
  read(path: string): Buffer;
}> {
  const root = mkdtempSync(join(tmpdir(), 'capture-file-test-'));
  made.push(root);
  const seen = new Map<string, Buffer>();
  const ignore = (): void => undefined;
  const observer: RecordingObserver = {
    log: ignore,
    inspect: ignore,
    told: ignore,
    manifest: ignore,
    capture: (path, bytes) => void seen.set(path, Buffer.concat([seen.get(path) ?? Buffer.alloc(0), bytes])),
  };
  const clock = { millis: 0 };
  const recording = await RecordingWriter.create(join(root, 'r'), { ...NO_LIMITS, ...limits }, observer, () => clock.millis);
  const files = new CaptureFileWriter({ writer: recording, observer, name: 'br-0', now: () => clock.millis });
  return { files, recording, seen, clock, read: (path) => readFileSync(join(root, 'r', path)) };
}

const frame = (i: number, length: number): { readonly nanos: number; readonly bytes: Uint8Array } => ({
  nanos: i * 1_000_000,
  bytes: new Uint8Array(length).fill(i + 1),
});
const capture = (...lengths: readonly number[]): Uint8Array => pcapFile(lengths.map((length, i) => frame(i, length)));
const recordBytes = (bytes: Uint8Array): Buffer => Buffer.from(bytes).subarray(FILE_HEADER_BYTES);

test('what tcpdump writes is what the file holds, and the file says how much', async () => {
  const { files, read, seen } = await makeWriter();
  const bytes = capture(60, 1500, 0, 42);
  await files.bytes(bytes);
  await files.close();
  assert.deepEqual(read('packets/br-0.pcap'), Buffer.from(bytes));
  assert.deepEqual(seen.get('packets/br-0.pcap'), Buffer.from(bytes));
  const [file] = files.files;
  assert.deepEqual([file?.path, file?.packets, file?.packetBytes, file?.bytes], ['packets/br-0.pcap', 4, 1602, bytes.length]);
  assert.equal((file?.to ?? 0) - (file?.from ?? 0), 3000);
});

test('whatever the pieces and the rotation: every file is a capture, and together they are what came', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(300), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 900 }),
      async (lengths, pieces, rotateBytes) => {
        const { files, read, seen } = await makeWriter({ rotateBytes });
        const bytes = capture(...lengths);
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const length = pieces[i % pieces.length] ?? 1;
          const piece = Uint8Array.from(bytes.subarray(at, at + length));
          await files.bytes(i % 2 === 0 ? piece : Buffer.from(piece.buffer));
          piece.fill(0xee);
          at += length;
        }
        await files.close();
        const stored = files.files.map((file) => read(file.path));
        assert.deepEqual(Buffer.concat(stored.map(recordBytes)), recordBytes(bytes));
        for (const [i, content] of stored.entries()) {
          const facts = files.files[i];
          assert.deepEqual(content.subarray(0, FILE_HEADER_BYTES), Buffer.from(bytes.subarray(0, FILE_HEADER_BYTES)));
          assert.equal(content.length, FILE_HEADER_BYTES + 16 * (facts?.packets ?? 0) + (facts?.packetBytes ?? 0));
          assert.deepEqual(content, seen.get(facts?.path ?? ''));
          assert.ok(i === 0 || (facts?.packets ?? 0) > 0, 'no file is made for nothing');
        }
        assert.equal(files.packets, lengths.length);
        assert.equal(files.tornBytes, 0);
      },
    ),
    { numRuns: 40 },
  );
});

test('rotation is by size, by time, and when asked for; the files are a series', async () => {
  const { files, clock, recording } = await makeWriter({ rotateBytes: 200, rotateMillis: 1000 });
  const bytes = capture(100, 100, 100, 100);
  await files.bytes(bytes.subarray(0, FILE_HEADER_BYTES + 116));
  files.rotate();
  await files.bytes(bytes.subarray(FILE_HEADER_BYTES + 116, FILE_HEADER_BYTES + 2 * 116));
  clock.millis = 1000;
  await files.bytes(bytes.subarray(FILE_HEADER_BYTES + 2 * 116));
  await files.close();
  assert.deepEqual(
    files.files.map((f) => [f.path, f.packets]),
    [
      ['packets/br-0.pcap', 1],
      ['packets/br-0.2.pcap', 1],
      ['packets/br-0.3.pcap', 2],
    ],
  );
  assert.equal(recording.settledBytes, 3 * FILE_HEADER_BYTES + 4 * 116);
});

test('before a record is whole nothing of it is in the file; what a killed tcpdump left is counted, not stored', async () => {
  const { files, read } = await makeWriter();
  const bytes = capture(60, 60);
  await files.bytes(bytes.subarray(0, bytes.length - 1));
  assert.equal(read('packets/br-0.pcap').length, FILE_HEADER_BYTES + 76);
  await files.beginStream();
  assert.equal(files.tornBytes, 75);
  await files.bytes(bytes);
  await files.close();
  assert.deepEqual(read('packets/br-0.2.pcap'), Buffer.from(bytes));
  assert.deepEqual([files.packets, files.packetBytes], [3, 180]);
});

test('big-endian and nanosecond streams are stored as they are', async () => {
  for (const options of [{ bigEndian: true }, { nanos: true }, { bigEndian: true, nanos: true }] as const) {
    const { files, read } = await makeWriter();
    const bytes = pcapFile([frame(1, 50), frame(3, 50)], options);
    await files.bytes(bytes);
    await files.close();
    const [file] = files.files;
    assert.deepEqual(read('packets/br-0.pcap'), Buffer.from(bytes));
    assert.equal((file?.to ?? 0) - (file?.from ?? 0), 2000);
  }
});

test('what is no capture is refused, and a length that lies ends it after the last good record', async () => {
  const refused = await makeWriter();
  await assert.rejects(refused.files.bytes(Buffer.from('tcpdump: not a capture at all')), CaptureStreamError);
  assert.deepEqual(refused.files.files, []);
  const { files, read } = await makeWriter();
  const bytes = Buffer.from(capture(60, 60));
  bytes.writeUInt32LE(0x7fffffff, FILE_HEADER_BYTES + 76 + 8);
  await assert.rejects(files.bytes(bytes), /2147483647 bytes/);
  await files.close();
  assert.equal(read('packets/br-0.pcap').length, FILE_HEADER_BYTES + 76);
});

test('a full disk is told apart, and what was written before stays whole', async () => {
  const { recording } = await makeWriter();
  let room = 200;
  const destination = {
    limits: recording.limits,
    claimPath: (stem: string, extension: string) => recording.claimPath(stem, extension),
    settle: () => undefined,
    openFile: async (path: string) => {
      const file = await recording.openFile(path);
      return {
        path,
        get bytes(): number {
          return file.bytes;
        },
        append: async (bytes: Uint8Array): Promise<void> => {
          room -= bytes.length;
          if (room < 0) throw new DiskFullError(path);
          await file.append(bytes);
        },
        close: () => file.close(),
      };
    },
  };
  const files = new CaptureFileWriter({ writer: destination, observer: { capture: () => undefined }, name: 'full', now: () => 0 });
  const bytes = capture(100, 100);
  await files.bytes(bytes.subarray(0, FILE_HEADER_BYTES + 116));
  await assert.rejects(files.bytes(bytes.subarray(FILE_HEADER_BYTES + 116)), isDiskFull);
  await files.close();
  assert.deepEqual(
    files.files.map((f) => [f.packets, f.bytes]),
    [[1, FILE_HEADER_BYTES + 116]],
  );
});
