import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatInstant, instantOfMicros } from '../events/instant.js';
import { clockOf, countOf, durationOf, listOf, microsOf, rangesOf } from './phrases.js';

test('a timestamp read back is the moment it was written from', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (micros) => {
      assert.equal(microsOf(formatInstant(instantOfMicros(micros))), micros);
    }),
  );
  assert.equal(clockOf('2030-01-02T10:33:28.485123Z'), '10:33:28.485');
});

test('durations as people say them', () => {
  const said = [0, 999, 1000, 19_400, 999_400, 6_240_000, 12_400_000, 65_000_000].map(durationOf);
  assert.deepEqual(said, ['less than 1 ms', 'less than 1 ms', '1 ms', '19 ms', '999 ms', '6.2 s', '12 s', '1 min 5 s']);
});

test('a duration that rounds up to the next unit is told in it', () => {
  assert.equal(durationOf(999_600), '1.0 s');
  assert.equal(durationOf(9_960_000), '10 s');
  assert.equal(durationOf(59_600_000), '1 min 0 s');
});

test('lists, counts and ranges', () => {
  assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listOf), ['', 'a', 'a and b', 'a, b and c']);
  assert.deepEqual([countOf(1, 'block'), countOf(2, 'block'), countOf(0, 'copy', 'copies')], ['1 block', '2 blocks', '0 copies']);
  assert.deepEqual([[], [4], [1, 2], [3, 1, 2, 7], [5, 5]].map(rangesOf), ['', '4', '1 and 2', '1–3 and 7', '5']);
});
