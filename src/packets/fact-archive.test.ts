import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ethernet, pcapFile, Talk } from '../../test/builders/capture-builder.js';
import type { Burst, SizeRuns } from '../events/connection.js';
import { instantOfMicros } from '../events/instant.js';
import { CaptureDecoder } from './capture-decoder.js';
import { countKept, FactArchive } from './fact-archive.js';

const [plain] = (() => {
  const decoder = new CaptureDecoder({ source: 'x' });
  decoder.push(pcapFile(new Talk().open().packets.map(({ nanos, ip }) => ({ nanos, bytes: ethernet(ip) }))));
  // Not packed yet.
  return decoder.snapshot().connections;
})();

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
const instant = fc.integer({ min: 0, max: 4_294_967_295_999_999 }).map(instantOfMicros);
const bytes = fc.oneof(fc.nat(1_000), fc.maxSafeNat());
const frame = fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 2 ** 40 }));
const bursts: fc.Arbitrary<Burst[]> = fc.array(record({ firstAt: instant, lastAt: instant, firstFrame: frame, lastFrame: frame, bytes }));
const sizes: fc.Arbitrary<SizeRuns[]> = fc.array(
  record({ bytes, total: bytes, runs: fc.array(record({ from: instant, to: instant, count: bytes })) }),
);
const bothSides = <T>(side: fc.Arbitrary<T>): fc.Arbitrary<{ fromClient: T; fromServer: T }> => record({ fromClient: side, fromServer: side });

test('what was packed reads the same, in any order of asking, and copies are whole', () => {
  const archive = new FactArchive();
  fc.assert(
    fc.property(
      record({
        firstAt: instant,
        firstFrame: frame,
        traffic: fc.array(record({ second: fc.nat(2 ** 32), fromClient: bytes, fromServer: bytes })),
        bursts: bothSides(bursts),
        smallMessages: bothSides(sizes),
      }),
      (lists) => {
        assert.ok(plain !== undefined);
        const facts = { ...plain, ...lists };
        const packed = archive.pack(facts);
        assert.deepEqual(packed.smallMessages, facts.smallMessages);
        assert.deepEqual(packed.bursts, facts.bursts);
        assert.deepEqual(packed.traffic, facts.traffic);
        assert.deepEqual({ ...packed }, facts);
        assert.deepEqual(countKept(packed), countKept(facts));
      },
    ),
  );
});
