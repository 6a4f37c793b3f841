import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageRing, writeMessage } from './message-ring.js';

test('a message is one line of data, with its id', () => {
  assert.equal(writeMessage('update', { text: 'a\nb' }, 'e-1'), 'id: e-1\nevent: update\ndata: {"text":"a\\nb"}\n\n');
  assert.equal(writeMessage('beat', 1, null), 'event: beat\ndata: 1\n\n');
});

test('whoever has the last message gets nothing, whoever missed some gets exactly those', () => {
  const ring = new MessageRing('e');
  assert.deepEqual(ring.after('e-0'), []);
  for (const n of [1, 2, 3]) ring.add('update', n);
  assert.equal(ring.lastId, 'e-3');
  assert.deepEqual(ring.after('e-3'), []);
  assert.deepEqual(
    ring.after('e-1')?.map((m) => m.sequence),
    [2, 3],
  );
});

test('of another run, of the future, too old, or no id at all: not known', () => {
  const ring = new MessageRing('e', { messages: 2 });
  for (const n of [1, 2, 3, 4]) ring.add('update', n);
  for (const id of ['f-3', 'e-5', 'e-1', 'e-', '', 'e', 'e--1', 'e-1e1', 'e-3 ', 'x-e-3']) assert.equal(ring.after(id), null, id);
  assert.deepEqual(
    ring.after('e-2')?.map((m) => m.sequence),
    [3, 4],
  );
});

test('the ring is bounded by number and by length, and what it hands out is complete', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 50 }), { maxLength: 40 }), fc.integer({ min: 0, max: 40 }), (texts, from) => {
      const ring = new MessageRing('e', { messages: 10, length: 400 });
      for (const text of texts) ring.add('update', text);
      const missed = ring.after(`e-${from}`);
      if (missed === null) {
        assert.ok(from > texts.length || texts.length - from > 0);
        return;
      }
      assert.ok(missed.length <= 10);
      assert.ok(missed.length <= 1 || missed.reduce((sum, m) => sum + m.text.length, 0) <= 400);
      assert.deepEqual(
        missed.map((m) => m.sequence),
        Array.from({ length: texts.length - from }, (_, i) => from + i + 1),
      );
    }),
  );
});
