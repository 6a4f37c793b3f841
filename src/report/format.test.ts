import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText, countText, durationText, microsBetween, microsOf } from './format.js';

const spaced = (text: string): string => text.replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ');

test('durations read as people say them', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [850, '850 µs'],
    [1_200, '1.2 ms'],
    [9_949, '9.9 ms'],
    [9_950, '10 ms'],
    [12_000, '12 ms'],
    [999_499, '999 ms'],
    [999_500, '1 s'],
    [1_436_000, '1.44 s'],
    [39_400_000, '39.4 s'],
    [59_950_000, '1 min'],
    [125_000_000, '2 min 5 s'],
    [3_720_000_000, '1 h 2 min'],
    [-5_000, '\u22125 ms'],
  ];
  for (const [micros, text] of cases) assert.equal(spaced(durationText(micros)), text, String(micros));
});

test('bytes and counts', () => {
  assert.deepEqual(
    [842, 24_364, 999_949, 999_950, 1_234_567_890].map((b) => spaced(bytesText(b))),
    ['842 B', '24.4 kB', '999.9 kB', '1.0 MB', '1.2 GB'],
  );
  assert.deepEqual(
    [7, 1_234, 1_234_567].map((n) => spaced(countText(n))),
    ['7', '1 234', '1 234 567'],
  );
});

test('times are read to the microsecond; what is no time is not known', () => {
  assert.equal(microsOf('1970-01-01T00:00:01.000002Z'), 1_000_002);
  assert.equal(microsBetween('2030-01-01T23:59:59.999999Z', '2030-01-02T00:00:00.000000Z'), 1);
  for (const bad of [null, '', 'yesterday', '2030-13-01T00:00:00Z']) assert.equal(microsOf(bad), null);
});
