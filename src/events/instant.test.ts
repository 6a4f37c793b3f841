import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatInstant, instantOfMicros, parseInstant, parseRfc3339Micros } from './instant.js';

test('an instant written and read back is the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (micros) => {
      assert.equal(parseInstant(formatInstant(instantOfMicros(micros))), micros);
    }),
  );
});

test('fractions are floored, so that a stamp never moves into the future', () => {
  assert.equal(instantOfMicros(1.999), 1);
  assert.equal(instantOfMicros(-0.5), -1);
  assert.equal(formatInstant(instantOfMicros(-1)), '1969-12-31T23:59:59.999999Z');
});

test('nanoseconds stay as a fraction, zones are applied', () => {
  assert.equal(parseRfc3339Micros('1970-01-01T00:00:01.000000500Z'), 1_000_000.5);
  assert.equal(parseRfc3339Micros('1970-01-01T02:00:00+02:00'), 0);
  assert.equal(parseRfc3339Micros('1970-01-01 00:00:00z'), 0);
});

test('what is no RFC 3339 time is null', () => {
  for (const text of ['', '1970-01-01', '1970-01-01T00:00:00', '1970-13-01T00:00:00Z', '1970-01-01T00:00:00.Z', 'soon'])
    assert.equal(parseInstant(text), null, text);
});
