import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesOf, CAPTURE_START_SECONDS, cookedV2, ethernet, pcapngBlocks, Talk } from '../../test/builders/capture-builder.js';
import { decodeCapture, oddityCounts, onlyConnection } from '../../test/builders/decode-capture.js';
import { recognizeCapture } from './capture-reader.js';
import { createClock } from './pcapng.js';

const START = BigInt(CAPTURE_START_SECONDS);
const PAYLOAD = new Uint8Array(100).fill(0x41);

describe('clocks of pcapng interfaces', () => {
  const ticks = (count: bigint): [number, number] => [Number(count >> 32n), Number(count & 0xffffffffn)];
  for (const [name, resolution, ticksPerSecond] of [
    ['seconds', 0, 1n],
    ['milliseconds', 3, 1000n],
    ['microseconds', 6, 10n ** 6n],
    ['nanoseconds', 9, 10n ** 9n],
    ['picoseconds', 12, 10n ** 12n],
    ['units of 10^-8 s', 8, 10n ** 8n],
    ['units of 2^-10 s', 0x8a, 1024n],
    ['units of 2^-32 s', 0xa0, 2n ** 32n],
  ] as const) {
    it(`reads ${name}`, () => {
      const clock = createClock(resolution, 0);
      // Picoseconds since 1970 overflow 64 bits after half a year.
      const seconds = resolution === 12 ? 12_345_678n : START;
      for (const part of [0n, 1n, ticksPerSecond / 3n, ticksPerSecond - 1n]) {
        const count = seconds * ticksPerSecond + part;
        assert.equal(clock(...ticks(count)), Number((count * 1_000_000n) / ticksPerSecond));
      }
    });
  }

  it('adds the offset', () => {
    assert.equal(createClock(9, -3600)(...ticks(START * 1_000_000_000n)), (CAPTURE_START_SECONDS - 3600) * 1_000_000);
  });
});

describe('pcapng', () => {
  for (const bigEndian of [false, true]) {
    it(`reads ${bigEndian ? 'big' : 'little'}-endian enhanced, obsolete and simple packets`, () => {
      const blocks = pcapngBlocks(bigEndian);
      const frames = new Talk().open().send('client', PAYLOAD).send('server', PAYLOAD).frames();
      const micros = (nanos: number): bigint => START * 1_000_000n + BigInt(Math.floor(nanos / 1000));
      const file = bytesOf(
        blocks.section(),
        blocks.interface(1),
        blocks.block(0x0bad, bytesOf([1, 2, 3, 4])),
        ...frames.map((frame, i) =>
          i === 3
            ? blocks.obsolete(0, micros(frame.nanos), frame.bytes)
            : i === 4
              ? blocks.simple(frame.bytes)
              : blocks.enhanced(0, micros(frame.nanos), frame.bytes),
        ),
        blocks.statistics(0, 17n, 3n),
      );
      assert.equal(recognizeCapture(file), 'pcapng');
      for (const chunkBytes of [file.length, 5]) {
        const summary = decodeCapture(file, { chunkBytes });
        assert.equal(summary.format, 'pcapng');
        assert.equal(summary.packets, 5);
        assert.equal(summary.dropped, 20);
        assert.deepEqual(oddityCounts(summary), { 'frame-without-time': 1 });
        const connection = onlyConnection(summary);
        assert.deepEqual(connection.payloadBytes, { fromClient: 100, fromServer: 100 });
        assert.equal(connection.firstAt, Number(START) * 1_000_000);
        assert.equal(connection.lastAt, Number(START) * 1_000_000 + 300);
      }
    });
  }

  it('reads sections of different byte order with interfaces of different link types and clocks', () => {
    const frames = new Talk()
      .open()
      .send('client', PAYLOAD)
      .frames((ip) => ip);
    const [syn, synAck, ack, data] = frames.map((frame) => frame.bytes) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const [little, big] = [pcapngBlocks(false), pcapngBlocks(true)];
    const file = bytesOf(
      little.section(),
      little.interface(1, { resolution: 9 }),
      little.interface(276, { resolution: 0x94, offsetSeconds: 1000n }),
      little.enhanced(0, START * 1_000_000_000n + 999n, ethernet(syn)),
      little.enhanced(1, (START - 1000n) * 2n ** 20n + 2n ** 19n, cookedV2(synAck)),
      big.section(),
      big.interface(101, { resolution: 3 }),
      big.enhanced(0, START * 1000n + 700n, ack),
      big.statistics(0, 1n),
      big.section(),
      big.interface(1),
      big.enhanced(0, START * 1_000_000n + 800_000n, ethernet(data)),
    );
    const summary = decodeCapture(file, { chunkBytes: 50 });
    const connection = onlyConnection(summary);
    assert.equal(summary.dropped, 1);
    assert.deepEqual(summary.linkTypes, [1, 101, 276]);
    assert.equal(connection.firstAt, Number(START) * 1_000_000);
    assert.equal(connection.lastAt, Number(START) * 1_000_000 + 800_000);
    assert.equal(connection.frames, 4);
    assert.equal(connection.lastFrame, 4);
    assert.deepEqual(summary.oddities, []);
  });

  it('goes on after a block whose lengths lie, and reports a torn end', () => {
    const blocks = pcapngBlocks(false);
    const frames = new Talk().open().send('client', PAYLOAD).send('client', PAYLOAD).frames();
    const packets = frames.map((frame) => blocks.enhanced(0, START * 1_000_000n + BigInt(Math.floor(frame.nanos / 1000)), frame.bytes));
    const head = bytesOf(blocks.section(), blocks.interface(1));
    for (const length of [0xfffffff0, 0, 400, 13]) {
      const lying = Uint8Array.from(packets[1] as Uint8Array);
      new DataView(lying.buffer).setUint32(4, length, true);
      const file = bytesOf(head, packets[0] as Uint8Array, lying, ...packets.slice(2));
      const summary = decodeCapture(file.subarray(0, file.length - 3), { chunkBytes: 64 });
      assert.equal(summary.packets, 3);
      assert.equal(onlyConnection(summary).payloadBytes.fromClient, 100);
      assert.equal(oddityCounts(summary)['lying-length'], 1);
      assert.equal(oddityCounts(summary)['torn-record'], 1);
    }
  });

  it('counts a packet of an interface nobody described', () => {
    const blocks = pcapngBlocks(false);
    const summary = decodeCapture(bytesOf(blocks.section(), blocks.interface(1), blocks.enhanced(3, START, PAYLOAD)));
    assert.equal(summary.packets, 1);
    assert.equal(summary.unreadable, 1);
    assert.deepEqual(oddityCounts(summary), { 'unknown-interface': 1 });
  });
});
