import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { at, buildAnalysis, buildBlock, buildChannel, buildCopy, buildPercentiles, buildPropagation } from '../../test/builders/analysis-builder.js';
import { drawPropagationDistribution, MAX_CURVE_POINTS } from './propagation-distribution.js';

const channelOf = (lagsMicros: readonly number[]) =>
  buildChannel('trade', {
    blocks: [
      buildBlock(0, [buildCopy('a', { lagMicros: 99_000_000 })]),
      buildBlock(
        1,
        lagsMicros.map((lagMicros, i) => buildCopy(`peer${i}`, { lagMicros, committedAt: at(5_000 + 2 * (lagMicros / 1000)) })),
      ),
    ],
    propagation: buildPropagation({
      received: buildPercentiles(2_000, 9_000, 9_500, 10_000),
      committed: buildPercentiles(4_000, 18_000, 19_000, 20_000),
    }),
  });
const curveOf = (channel: ReturnType<typeof channelOf>, stage: string) =>
  drawPropagationDistribution(buildAnalysis(), channel)?.configuration.data.datasets.find((d) => d.label === stage)?.data ?? [];

test('the curve climbs to the share of copies within each lag, of both stages, without block 0', () => {
  const channel = channelOf([0, 1_000, 1_000, 4_000]);
  assert.deepEqual(
    curveOf(channel, 'received').map((p) => [p['lagMillis'], p.y]),
    [
      [0, 0],
      [0, 25],
      [1, 75],
      [4, 100],
    ],
  );
  assert.deepEqual(
    curveOf(channel, 'committed').map((p) => [p['lagMillis'], p.y]),
    [
      [0, 0],
      [0, 25],
      [2, 75],
      [8, 100],
    ],
  );
});

test("the analysis's own percentiles are marked", () => {
  const chart = drawPropagationDistribution(buildAnalysis(), channelOf([0, 1_000]));
  const marks = chart?.configuration.data.datasets.filter((d) => d['showLine'] === false).flatMap((d) => d.data.map((p) => [p.y, p['note']]));
  assert.deepEqual(marks, [
    [50, 'p50 2 ms'],
    [90, 'p90 9 ms'],
    [99, 'p99 9.5 ms'],
    [50, 'p50 4 ms'],
    [90, 'p90 18 ms'],
    [99, 'p99 19 ms'],
  ]);
  assert.match(
    chart?.summary ?? '',
    /^received: of 2 copies 50 % within 2 ms, 90 % within 9 ms, 99 % within 9\.5 ms, the slowest after 10 ms; committed: /,
  );
});

test('any lags give a bounded rising curve that ends at the slowest copy', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 100_000_000 }), { minLength: 1, maxLength: 2_000 }), (lags) => {
      const curve = curveOf(channelOf(lags), 'received');
      assert.ok(curve.length <= MAX_CURVE_POINTS + 1);
      for (const [i, point] of curve.slice(1).entries()) {
        const before = curve[i];
        assert.ok(Number(point.x) >= Number(before?.x) && Number(point.y) >= Number(before?.y));
      }
      assert.deepEqual([curve.at(-1)?.['lagMillis'], curve.at(-1)?.y], [Math.max(...lags) / 1000, 100]);
    }),
    { numRuns: 50 },
  );
});

test('without a lag there is no chart', () => {
  assert.equal(drawPropagationDistribution(buildAnalysis(), buildChannel('trade')), null);
});
