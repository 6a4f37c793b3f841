import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layTimeAxis, placeOf, ticksOf } from './time-axis.js';

const shapes = (moments: readonly number[]) => layTimeAxis(moments, 100, 1_000).map((p) => p.after);
const burst = (start: number, step: number): readonly number[] => Array.from({ length: 12 }, (_, i) => start + i * step);

test('a steady spread is one piece; the ten milliseconds that gossip waits are not cut out', () => {
  assert.deepEqual(shapes(burst(0, 1_000)), ['nothing']);
  assert.deepEqual(shapes([...burst(0, 50), ...burst(11_000, 400)]), ['nothing']);
});

test('the wait for a straggler is left out', () => {
  const pieces = layTimeAxis([...burst(0, 400), 4_000_000, 4_002_000], 100, 1_000);
  assert.deepEqual(
    pieces.map((p) => [p.from, p.to, p.after]),
    [
      [0, 4_400, 'nothing'],
      [4_000_000, 4_002_000, 'cut'],
    ],
  );
  assert.ok((pieces[0]?.right ?? 0) - (pieces[0]?.left ?? 0) > 500, 'most of the width is where most happens');
  assert.deepEqual(shapes([...burst(0, 400), 2_000_000, 4_000_000]), ['nothing', 'cut', 'cut']);
});

test('a crowded beginning gets a scale of its own', () => {
  const pieces = layTimeAxis([...burst(0, 200), ...burst(0, 170), 40_000, 52_000, 61_000], 100, 1_000);
  assert.deepEqual(
    pieces.map((p) => p.after),
    ['nothing', 'scale'],
  );
  assert.equal(pieces[0]?.to, pieces[1]?.from);
});

test('ticks far from zero tell apart what is close together', () => {
  const texts = ticksOf(layTimeAxis([...burst(0, 400), ...burst(40_003_000, 500)], 100, 1_000), 66).map((t) => t.text);
  assert.equal(new Set(texts).size, texts.length, texts.join(' '));
  assert.equal(texts[0], '0');
  assert.ok(texts.includes('40.004\u00a0s'), texts.join(' '));
});

test('whatever the moments: later is never further left, all is within bounds, and ticks keep their distance', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2_000, max: 90_000_000 }), { maxLength: 60 }), (moments) => {
      const pieces = layTimeAxis(moments, 100, 1_000);
      assert.ok(pieces.length >= 1 && pieces.length <= 5);
      const places = [...moments].sort((a, b) => a - b).map((m) => placeOf(pieces, m));
      for (const [i, x] of places.entries()) {
        assert.ok(x >= 100 && x <= 1_000 + 1e-6, String(x));
        assert.ok(i === 0 || x >= (places[i - 1] as number) - 1e-6);
      }
      const ticks = ticksOf(pieces, 60);
      assert.ok(ticks.length >= 1 && ticks.length < 60, String(ticks.length));
      for (const t of ticks) assert.ok(Number.isFinite(t.x) && !t.text.includes('NaN'));
    }),
  );
});
