import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGoDuration } from './go-duration.js';

test('durations as Go writes them', () => {
  assert.equal(parseGoDuration('5s'), 5_000_000);
  assert.equal(parseGoDuration('1m30s'), 90_000_000);
  assert.equal(parseGoDuration('500ms'), 500_000);
  for (const text of ['', '5', 'soon', '5s!']) assert.equal(parseGoDuration(text), null, text);
});
