import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildAnalysis, buildChannel, buildChannelPeer, buildMatrixCell, buildNode, EPOCH_MILLIS } from '../../test/builders/analysis-builder.js';
import type { Membership } from '../analysis/contract.js';
import { drawMembershipOverTime, MAX_STEPS } from './membership-over-time.js';

const none: Membership = { basis: 'log', changes: [], matrix: [], fullViewAt: {}, convergedAt: null };
const nodes = ['a', 'b', 'c'].map((name) => buildNode(name));
const peers = [buildChannelPeer('a', 1_000), buildChannelPeer('b', 2_000), buildChannelPeer('c', null)];

test('each observer has a step at every change of its view, from its join to the end', () => {
  const matrix = [
    buildMatrixCell('a', 'b', [
      [5_000, 20_000],
      [30_000, null],
    ]),
    buildMatrixCell('a', 'c', [[5_000, null]]),
    buildMatrixCell('b', 'a', [[6_000, null]]),
  ];
  const channel = buildChannel('trade', { peers, membership: { ...none, matrix } });
  const chart = drawMembershipOverTime(buildAnalysis({ nodes, channels: [channel] }), channel);
  const steps = chart?.configuration.data.datasets.find((d) => d.label === 'a')?.data.map((p) => [Number(p.x) - EPOCH_MILLIS, p['members']]);
  assert.deepEqual(steps, [
    [1_000, 0],
    [5_000, 2],
    [20_000, 1],
    [30_000, 2],
    [60_000, 2],
  ]);
});

test('the full view grows with each join, unknown joins counting from the beginning', () => {
  const channel = buildChannel('trade', { peers, membership: { ...none, matrix: [buildMatrixCell('a', 'b', [[5_000, null]])] } });
  const chart = drawMembershipOverTime(buildAnalysis({ nodes, channels: [channel] }), channel);
  const reference = chart?.configuration.data.datasets.at(-1);
  assert.deepEqual(
    reference?.data.map((p) => [Number(p.x) - EPOCH_MILLIS, p.y]),
    [
      [0, 0],
      [1_000, 1],
      [2_000, 2],
      [60_000, 2],
    ],
  );
});

test('the lines of a channel that another of its name followed end with it', () => {
  const matrix = [buildMatrixCell('a', 'b', [[5_000, 20_000]])];
  const channel = buildChannel('trade', { endedAt: at(30_000), peers, membership: { ...none, matrix } });
  const chart = drawMembershipOverTime(buildAnalysis({ nodes, channels: [channel] }), channel);
  assert.deepEqual(
    chart?.configuration.data.datasets.map((d) => Number(d.data.at(-1)?.x) - EPOCH_MILLIS),
    [30_000, 30_000],
  );
});

test('convergence is marked, and the summary says when and how long after the last join', () => {
  const matrix = [buildMatrixCell('a', 'b', [[5_000, null]])];
  const channel = buildChannel('trade', { peers, membership: { ...none, matrix, convergedAt: at(12_500) } });
  const chart = drawMembershipOverTime(buildAnalysis({ nodes, channels: [channel] }), channel);
  assert.deepEqual(
    chart?.configuration.hooks.marks.map((m) => m.at - EPOCH_MILLIS),
    [12_500],
  );
  assert.match(chart?.summary ?? '', /at 03:04:17\.500 UTC, 10\.5 s after the last join/);
});

test('who never had a full view is named', () => {
  const matrix = [buildMatrixCell('a', 'b', [[5_000, null]]), buildMatrixCell('b', 'a', [[5_000, null]])];
  const channel = buildChannel('trade', { peers, membership: { ...none, matrix, fullViewAt: { a: at(9_000), b: null } } });
  const chart = drawMembershipOverTime(buildAnalysis({ nodes, channels: [channel] }), channel);
  assert.match(chart?.summary ?? '', /^1 of 2 observers never saw every other peer of 3 peers: b\.$/);
});

test('without a view there is no chart', () => {
  const channel = buildChannel('trade', { peers, membership: { ...none, matrix: [buildMatrixCell('a', 'b', [])] } });
  assert.equal(drawMembershipOverTime(buildAnalysis({ nodes, channels: [channel] }), channel), null);
});

test('a flapping view is thinned and keeps its lowest and its last size', () => {
  const flaps = Array.from({ length: 3_000 }, (_, i): readonly [number, number] => [i * 20, i * 20 + 7]);
  const channel = buildChannel('trade', { peers, membership: { ...none, matrix: [buildMatrixCell('a', 'b', flaps)] } });
  const chart = drawMembershipOverTime(buildAnalysis({ nodes, channels: [channel] }), channel);
  const data = chart?.configuration.data.datasets[0]?.data ?? [];
  assert.ok(data.length <= MAX_STEPS + 1, `${data.length} steps`);
  assert.ok(data.some((p) => p['members'] === 0));
  assert.equal(data.at(-1)?.['members'], 0);
});
