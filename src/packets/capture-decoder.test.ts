import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type PacketHeader, parse } from 'pcap-parser';
import { applicationRecord, bytesOf, cookedV2, ethernet, pcapFile, pcapngBlocks, Talk, TCP_FLAGS } from '../../test/builders/capture-builder.js';
import { decodeCapture, slimCapture } from '../../test/builders/decode-capture.js';
import { assertWithin, machineSlowness } from '../../test/machine-speed.js';
import { CaptureReader } from './capture-reader.js';
import type { CapturedFrame } from './captured-frame.js';

/** The bundled recordings, from the compiled test's place in the checkout. */
const CAPTURES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'captures');

interface BundledCapture {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Every classic capture among the bundled recordings. */
function readCaptures(): readonly BundledCapture[] {
  return readdirSync(CAPTURES, { recursive: true, encoding: 'utf8' })
    .filter((path) => /packets[\\/][^\\/]+\.pcap\.gz$/.test(path))
    .sort()
    .map((name) => ({ name, bytes: gunzipSync(readFileSync(join(CAPTURES, name))) }));
}

const captures = readCaptures();
const [smallest] = [...captures].sort((a, b) => a.bytes.length - b.bytes.length) as [BundledCapture];

type FrameRow = readonly [micros: number, captured: number, wireLength: number];

function framesByReader(bytes: Uint8Array): readonly FrameRow[] {
  const rows: FrameRow[] = [];
  const sink = {
    frame: (frame: CapturedFrame): void => void rows.push([frame.micros, frame.end - frame.start, frame.wireLength]),
    torn: (): void => assert.fail('torn'),
    passed: (): void => {},
  };
  const reader = new CaptureReader(sink, (kind) => assert.fail(kind), { sinkKeepsBytes: false });
  for (let at = 0; at < bytes.length; at += 65_536) reader.push(bytes.subarray(at, at + 65_536));
  reader.end();
  return rows;
}

function framesByPcapParser(bytes: Uint8Array): Promise<readonly FrameRow[]> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, i) => Buffer.from(bytes.subarray(65_536 * i, 65_536 * (i + 1))));
  const rows: FrameRow[] = [];
  return new Promise((resolve, reject) => {
    parse(Readable.from(chunks))
      .on('packetHeader', (header: PacketHeader) => {
        const micros = header.timestampSeconds * 1_000_000 + header.timestampMicroseconds;
        rows.push([micros, header.capturedLength, header.originalLength]);
      })
      .on('error', reject)
      .on('end', () => resolve(rows));
  });
}

describe('bundled captures', () => {
  it('are there', () => assert.ok(captures.length >= 2));

  for (const { name, bytes } of captures) {
    it(`${name}: pcap-parser sees the same frames`, async () => {
      const ours = framesByReader(bytes);
      assert.ok(ours.length > 1000);
      assert.deepEqual(ours, await framesByPcapParser(bytes));
    });
  }

  it('decode the same in chunks of any size', () => {
    const whole = decodeCapture(smallest.bytes);
    assert.ok(whole.connections.length > 10);
    for (const chunkBytes of [4093, 65_536]) assert.deepEqual(decodeCapture(smallest.bytes, { chunkBytes }), whole);
  });

  it('decode the same as pcapng, with other byte orders, clocks and links', () => {
    const whole = decodeCapture(smallest.bytes);
    const view = new DataView(smallest.bytes.buffer, smallest.bytes.byteOffset);
    const blocks = pcapngBlocks(true);
    const parts = [blocks.section(), blocks.interface(1, { resolution: 9 })];
    for (let at = 24; at < smallest.bytes.length; at += 16 + view.getUint32(at + 8, true)) {
      const nanos = (BigInt(view.getUint32(at, true)) * 1_000_000n + BigInt(view.getUint32(at + 4, true))) * 1000n + 999n;
      const data = smallest.bytes.subarray(at + 16, at + 16 + view.getUint32(at + 8, true));
      parts.push(blocks.enhanced(0, nanos, data, view.getUint32(at + 12, true)));
    }
    assert.deepEqual(decodeCapture(bytesOf(...parts), { chunkBytes: 10_000 }), { ...whole, format: 'pcapng' });
  });
});

/** A small capture with something of everything. */
function mixedTalk(): Talk {
  const talk = new Talk().open().handshake12('peer.example');
  const record = applicationRecord(3000);
  talk.send('client', record.subarray(0, 1000)).lose('client', 1000).send('client', record.subarray(2000));
  const sequence = talk.sequenceOf('server');
  talk.send('server', applicationRecord(500).subarray(300), { sequence: sequence + 300 });
  talk.send('server', applicationRecord(500).subarray(0, 300), { sequence });
  return talk.packet('client', TCP_FLAGS.FIN | TCP_FLAGS.ACK);
}

const classic = mixedTalk().file();
const blocks = pcapngBlocks(false);
const nextGeneration = bytesOf(
  blocks.section(),
  blocks.interface(1),
  blocks.interface(276, { resolution: 0xa0 }),
  ...mixedTalk().packets.flatMap(({ ip }, i) => [
    blocks.enhanced(0, BigInt(i), ethernet(ip)),
    blocks.enhanced(1, BigInt(i) << 12n, cookedV2(ip)),
    blocks.simple(ethernet(ip)),
  ]),
  blocks.statistics(1, 5n),
);

/** A capture some of whose bytes were changed, removed, doubled or cut off. */
const damaged = (whole: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .array(
      fc.record({
        at: fc.nat(whole.length - 1),
        length: fc.nat(60),
        how: fc.constantFrom('change', 'remove', 'double', 'cut'),
        value: fc.nat(255),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((damages) => {
      let bytes: Uint8Array = whole;
      for (const { at, length, how, value } of damages) {
        if (at >= bytes.length) continue;
        const end = Math.min(bytes.length, at + length);
        if (how === 'cut') bytes = value > 200 ? bytes.subarray(0, at) : bytes;
        else if (how === 'remove') bytes = bytesOf(bytes.subarray(0, at), bytes.subarray(end));
        else if (how === 'double') bytes = bytesOf(bytes.subarray(0, end), bytes.subarray(at));
        else bytes = bytesOf(bytes.subarray(0, at), [value], bytes.subarray(at + 1));
      }
      return bytes;
    });

describe('any bytes', () => {
  const heads = [classic.subarray(0, 24), nextGeneration.subarray(0, 28), bytesOf()];

  it('are decoded without an exception, the same in chunks of any size', () => {
    fc.assert(
      fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (head, bytes, chunkBytes) => {
        const file = bytesOf(head, bytes);
        assert.deepEqual(decodeCapture(file, { chunkBytes }), decodeCapture(file));
      }),
      { numRuns: 300 },
    );
  });

  for (const [name, whole] of [
    ['classic', classic],
    ['pcapng', nextGeneration],
  ] as const) {
    it(`of a damaged ${name} capture are decoded the same in chunks of any size, and slimmed too`, () => {
      fc.assert(
        fc.property(damaged(whole), fc.integer({ min: 1, max: 3000 }), (bytes, chunkBytes) => {
          const summary = decodeCapture(bytes);
          assert.deepEqual(decodeCapture(bytes, { chunkBytes }), summary);
          const slim = slimCapture(bytes, { chunkBytes });
          assert.equal(slim.length, bytes.length);
          assert.deepEqual(decodeCapture(slim), summary);
        }),
        { numRuns: 200 },
      );
    });
  }

  it('of damaged real captures are decoded in time', async (t) => {
    const slowness = await machineSlowness();
    const part = smallest.bytes.subarray(0, 200_000);
    await fc.assert(
      fc.asyncProperty(damaged(part), async (bytes) => {
        const began = performance.now();
        assert.ok(decodeCapture(bytes, { chunkBytes: 65_536 }).packets >= 0);
        await assertWithin(t, performance.now() - began, 2000, slowness);
      }),
      { numRuns: 40 },
    );
  });

  it('that look like records nearly everywhere take time in proportion to their number', async (t) => {
    const slowness = await machineSlowness();
    // Every position is a plausible record header that leads nowhere.
    const trap = new Uint8Array(3_000_000);
    const header = pcapFile([{ nanos: 0, bytes: new Uint8Array(16) }]).subarray(24, 40);
    for (let at = 0; at + 16 <= trap.length; at += 16) trap.set(header, at);
    const began = performance.now();
    decodeCapture(bytesOf(classic, [1, 2, 3], trap, [9]), { chunkBytes: 65_536 });
    await assertWithin(t, performance.now() - began, 2000, slowness);
  });
});
