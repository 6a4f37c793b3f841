import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ODDITY_PLACES, OddityCounter } from './oddity.js';

test('oddities are counted by kind, in the order their kinds came, with the first example and the first places', () => {
  const counter = new OddityCounter();
  counter.add('torn', 'first', { source: 'a.log', line: 1 });
  counter.add('other', 'x', null, 3);
  for (let line = 2; line <= 20; line++) counter.add('torn', 'later', { source: 'a.log', line });
  const [torn, other] = counter.list();
  assert.deepEqual([torn?.kind, torn?.count, torn?.example, torn?.evidence.length], ['torn', 20, 'first', MAX_ODDITY_PLACES]);
  assert.deepEqual(torn?.evidence[0], { source: 'a.log', line: 1 });
  assert.deepEqual([other?.count, other?.evidence], [3, []]);
});

test('a long example is cut, and a list that was handed out stays as it was', () => {
  const counter = new OddityCounter();
  counter.add('torn', 'x'.repeat(1000), null);
  const before = counter.list();
  counter.add('torn', 'y', { source: 'a.log', line: 1 });
  assert.equal(before[0]?.example.length, 300);
  assert.deepEqual([before[0]?.count, before[0]?.evidence.length], [1, 0]);
});
