import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildAnalysis, buildBlock, buildChannel, buildCopy, buildNode } from '../../test/builders/analysis-builder.js';
import { drawBlockPropagation, MAX_COPIES } from './block-propagation.js';

const nodes = ['a', 'b'].map((name) => buildNode(name));
const draw = (lags: readonly (readonly [block: number, peer: string, lagMicros: number])[]) => {
  const blocks = lags.map(([block, peer, lagMicros]) =>
    buildBlock(block, [buildCopy(peer, { lagMicros, receivedAt: at(1_000 * block + lagMicros / 1000), via: 'gossip' })]),
  );
  const channel = buildChannel('trade', { blocks });
  return drawBlockPropagation(buildAnalysis({ nodes, channels: [channel] }), channel);
};

test('every copy from block 1 on is a point at its block and lag; block 0 is none', () => {
  const chart = draw([
    [0, 'a', 7_000],
    [1, 'a', 0],
    [1, 'b', 12_500],
    [2, 'b', 10_000],
  ]);
  const points = chart?.configuration.data.datasets.flatMap((d) => d.data.map((p) => [d.label, p['block'], p['lagMillis'], p.y]));
  assert.deepEqual(points, [
    ['a', 1, 0, 0],
    ['b', 1, 12.5, 12.5],
    ['b', 2, 10, 10],
  ]);
  assert.match(chart?.summary ?? '', /Of 2 blocks at 2 peers the largest lag was 12\.5 ms: block 1 at b\./);
});

test('the caption says that the lag is taken when a block leaves the payload buffer', () => {
  assert.match(JSON.stringify(draw([[1, 'a', 0]])?.configuration.options), /leaves the payload buffer in order, which is not its arrival/);
});

test('lags of different sizes are drawn on a logarithmic axis, zero on a line of its own below the smallest', () => {
  const chart = draw([
    [1, 'a', 0],
    [1, 'b', 1_000],
    [2, 'b', 3_000],
    [3, 'b', 2_000_000],
  ]);
  const scales = chart?.configuration.options['scales'] as { y: { type: string; min: number } } | undefined;
  assert.deepEqual([scales?.y.type, scales?.y.min], ['logarithmic', 0.5]);
  const zero = chart?.configuration.data.datasets[0]?.data[0];
  assert.deepEqual([zero?.y, zero?.['lagMillis']], [0.5, 0]);
});

test('beyond the limit each peer has a median for a run of blocks, and the slowest copy is still there', () => {
  const lags = Array.from({ length: 2 * MAX_COPIES }, (_, i): [number, string, number] => [
    1 + (i >> 1),
    i % 2 === 0 ? 'a' : 'b',
    i === 777 ? 9_000_000 : 1_000,
  ]);
  const chart = draw(lags);
  const datasets = chart?.configuration.data.datasets ?? [];
  assert.ok(datasets.reduce((sum, d) => sum + d.data.length, 0) < 500);
  const slowest = datasets.flatMap((d) => d.data.filter((p) => p['lagMillis'] === 9_000).map((p) => [d.label, p['block']]));
  assert.deepEqual(slowest, [['b', 389]]);
  assert.ok(datasets[0]?.data.some((p) => p['lagMillis'] === 1 && typeof p['blocks'] === 'string'));
});

test('without a lag there is no chart', () => {
  const channel = buildChannel('trade', { blocks: [buildBlock(3, [buildCopy('a')])] });
  assert.equal(drawBlockPropagation(buildAnalysis({ nodes, channels: [channel] }), channel), null);
});
