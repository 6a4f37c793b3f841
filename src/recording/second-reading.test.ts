import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pcapFile } from '../../test/builders/capture-builder.js';
import { assertWithin, machineSlowness } from '../../test/machine-speed.js';
import { readSecondTime, readWithPcapParser } from './second-reading.js';

const folder = mkdtempSync(join(tmpdir(), 'second-reading-test-'));
after(() => rmSync(folder, { recursive: true }));
const PATH = join(folder, 'x.pcap');
const write = (bytes: Uint8Array): void => writeFileSync(PATH, bytes);

const FRAMES = [60, 1500, 42].map((length, i) => ({ nanos: i * 1_000_000, bytes: new Uint8Array(length) }));
const EXPECTED = { packets: 3, bytes: 1602 };

test('a whole capture agrees, gzipped and big-endian too', async () => {
  for (const bytes of [pcapFile(FRAMES), gzipSync(pcapFile(FRAMES)), pcapFile(FRAMES, { bigEndian: true })]) {
    write(bytes);
    assert.deepEqual(await readSecondTime(PATH, EXPECTED), { reader: 'pcap-parser', ...EXPECTED, agrees: true, why: null });
  }
});

test('other counts do not agree, and it says which', async () => {
  write(pcapFile(FRAMES));
  const packets = await readSecondTime(PATH, { packets: 4, bytes: 1602 });
  assert.deepEqual([packets.agrees, packets.why], [false, '3 packets instead of 4']);
  const bytes = await readSecondTime(PATH, { packets: 3, bytes: 1600 });
  assert.deepEqual([bytes.agrees, bytes.why], [false, '1602 captured bytes instead of 1600']);
});

test('formats that pcap-parser does not know are told as such', async () => {
  write(pcapFile(FRAMES, { nanos: true }));
  const nanos = await readWithPcapParser(PATH);
  assert.deepEqual([nanos.outcome, nanos.why], ['unsupported', 'pcap-parser does not read captures with nanoseconds']);
  write(Buffer.from('0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000', 'hex'));
  assert.equal((await readWithPcapParser(PATH)).outcome, 'unsupported');
});

test('a torn end, which pcap-parser drops without a word, is told', async () => {
  const whole = pcapFile(FRAMES);
  write(whole.subarray(0, whole.length - 1));
  assert.deepEqual(await readWithPcapParser(PATH), { packets: 2, bytes: 1560, outcome: 'damaged', why: 'its last 57 bytes are no whole record' });
  for (const [length, why] of [
    [0, 'the file is empty'],
    [12, 'the file header is cut after 12 bytes'],
  ] as const) {
    write(whole.subarray(0, length));
    assert.equal((await readWithPcapParser(PATH)).why, why);
  }
});

test('a length that lies ends the reading at once, in a large file too', async (t) => {
  const slowness = await machineSlowness();
  const frames = Array.from({ length: 8000 }, (_, i) => ({ nanos: i * 1000, bytes: new Uint8Array(4000) }));
  const bytes = Buffer.from(pcapFile(frames));
  bytes.writeUInt32LE(0xffffffff, 24 + 100 * 4016 + 8);
  write(bytes);
  const begin = performance.now();
  const reading = await readWithPcapParser(PATH);
  // Unguarded, 32 MB take pcap-parser five seconds and more.
  await assertWithin(t, performance.now() - begin, 1500, slowness);
  assert.deepEqual([reading.packets, reading.outcome, reading.why], [100, 'damaged', 'record 101 claims 4294967295 captured bytes']);
});

test('a torn gzip, a missing file and what is no capture are told, not thrown', async () => {
  const zipped = gzipSync(pcapFile(FRAMES));
  write(zipped.subarray(0, zipped.length - 12));
  assert.match((await readWithPcapParser(PATH)).why ?? '', /gzip is damaged/);
  assert.equal((await readSecondTime(join(folder, 'gone'), EXPECTED)).agrees, false);
  write(Buffer.from('this is a text, no capture'));
  assert.match((await readWithPcapParser(PATH)).why ?? '', /unknown magic number/);
});

test('no bytes make it throw or hang', async () => {
  const valid = pcapFile(FRAMES);
  await fc.assert(
    fc.asyncProperty(fc.nat(valid.length - 1), fc.uint8Array({ minLength: 1, maxLength: 64 }), async (at, noise) => {
      const damaged = Uint8Array.from(valid);
      damaged.set(noise.subarray(0, valid.length - at), at);
      write(damaged);
      const { packets, outcome, why } = await readWithPcapParser(PATH);
      assert.ok(packets >= 0 && (outcome === 'whole') === (why === null));
    }),
    { numRuns: 150 },
  );
});
