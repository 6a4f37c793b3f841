import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertWithin, machineSlowness } from '../../test/machine-speed.js';
import { type FrameStream, StreamDemuxer } from './stream-demuxer.js';

const STREAMS = ['stdin', 'stdout', 'stderr', 'engine'] as const;

interface Frame {
  readonly stream: FrameStream;
  readonly bytes: Uint8Array;
}

function encode(frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.flatMap(({ stream, bytes }) => {
      const header = Buffer.alloc(8);
      header[0] = STREAMS.indexOf(stream);
      header.writeUInt32BE(bytes.length, 4);
      return [header, Buffer.from(bytes)];
    }),
  );
}

/** Pushes `bytes` in pieces that end at `cuts`, and puts the pieces of each frame together again. */
function demux(
  bytes: Uint8Array,
  cuts: readonly number[],
): {
  readonly frames: readonly { readonly stream: FrameStream; readonly bytes: Buffer }[];
  readonly end: string | null;
  readonly problem: string | null;
} {
  const demuxer = new StreamDemuxer();
  const frames: { stream: FrameStream; bytes: Buffer }[] = [];
  let from = 0;
  for (const to of [...[...cuts].sort((a, b) => a - b), bytes.length]) {
    demuxer.push(bytes.subarray(from, to), (stream, piece, begins) => {
      const last = frames.at(-1);
      if (begins || last === undefined) frames.push({ stream, bytes: Buffer.from(piece) });
      else last.bytes = Buffer.concat([last.bytes, piece]);
    });
    from = to;
  }
  return { frames, end: demuxer.end(), problem: demuxer.problem };
}

const someFrames = fc.array(fc.record({ stream: fc.constantFrom(...STREAMS), bytes: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 20 });

test('frames come out as they went in, however the stream is cut into chunks', () => {
  fc.assert(
    fc.property(someFrames, fc.array(fc.nat(1000)), (frames, somewhere) => {
      const bytes = encode(frames);
      const cuts = somewhere.map((n) => n % (bytes.length + 1));
      const got = demux(bytes, cuts);
      assert.deepEqual(
        got.frames.map((f) => [f.stream, f.bytes.toString('hex')]),
        frames.map((f) => [f.stream, Buffer.from(f.bytes).toString('hex')]),
      );
      assert.deepEqual([got.end, got.problem], [null, null]);
    }),
  );
});

test('arbitrary bytes never throw, and after an impossible header everything is handed over as it is', () => {
  fc.assert(
    fc.property(
      someFrames,
      fc.uint8Array({ minLength: 8, maxLength: 60 }),
      fc.integer({ min: 4, max: 255 }),
      fc.array(fc.nat(1000)),
      (frames, junk, type, somewhere) => {
        junk[0] = type;
        const bytes = Buffer.concat([encode(frames), junk]);
        const got = demux(
          bytes,
          somewhere.map((n) => n % (bytes.length + 1)),
        );
        assert.match(got.problem ?? '', /^impossible frame header [0-9a-f]{16}$/);
        const whole = Buffer.concat(got.frames.map((f) => f.bytes));
        assert.ok(whole.equals(Buffer.concat([...frames.map((f) => f.bytes), junk])));
      },
    ),
  );
});

test('a torn end is told', () => {
  const bytes = encode([{ stream: 'stderr', bytes: Buffer.from('hello') }]);
  assert.match(demux(bytes.subarray(0, 3), []).end ?? '', /3 of the 8 bytes/);
  assert.match(demux(bytes.subarray(0, 11), []).end ?? '', /2 bytes before the end of a frame/);
});

test('a chunk of very many short frames is no trouble', async (t) => {
  const slowness = await machineSlowness();
  const bytes = encode(Array.from({ length: 200_000 }, () => ({ stream: 'stdout' as const, bytes: Buffer.from('x\n') })));
  let frames = 0;
  const demuxer = new StreamDemuxer();
  const before = performance.now();
  demuxer.push(bytes, () => frames++);
  const millis = performance.now() - before;
  assert.equal(frames, 200_000);
  await assertWithin(t, millis, 2000, slowness, 'Slower than linear?');
});
