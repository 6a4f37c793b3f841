import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatDuration, formatUtc, millisOf, nearestRank } from './quantities.js';

test('durations have the unit a person would choose', () => {
  const written = [0, 0.25, 19, 19.25, 999.4, 999.6, 1_250, 59_940, 60_000, 125_000, 3_600_000, 3_780_000].map(formatDuration);
  assert.deepEqual(written, ['0', '250 µs', '19 ms', '19.3 ms', '999 ms', '1 s', '1.25 s', '59.9 s', '1 min', '2 min 5 s', '1 h', '1 h 3 min']);
});

test('bytes are in SI units', () => {
  assert.deepEqual([0, 999, 1_000, 34_500_000, 2e12].map(formatBytes), ['0 B', '999 B', '1 kB', '34.5 MB', '2 TB']);
});

test('a timestamp keeps its microseconds', () => {
  const millis = millisOf('2030-01-02T03:04:05.678901Z');
  assert.equal(formatUtc(millis), '2030-01-02 03:04:05.678901 UTC');
  assert.equal(formatUtc(millisOf('2030-01-02T03:04:05.678000Z')), '2030-01-02 03:04:05.678 UTC');
});

test('nearest rank is a value that occurred', () => {
  assert.equal(nearestRank([], 0.5), null);
  assert.deepEqual(
    [0.5, 0.9, 0.99, 1].map((share) => nearestRank([1, 2, 3, 4], share)),
    [2, 4, 4, 4],
  );
});
