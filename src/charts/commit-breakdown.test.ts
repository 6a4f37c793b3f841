import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAnalysis, buildBlock, buildChannel, buildCopy } from '../../test/builders/analysis-builder.js';
import type { BlockCopy } from '../analysis/contract.js';
import type { Chart } from './chart.js';
import { drawCommitBreakdown } from './commit-breakdown.js';
import { drawSlowestCommits, SLOWEST } from './slowest-commits.js';

const copy = (peer: string, validationMillis: number | null, totalMillis: number, parts: readonly [number, number, number] | null): BlockCopy =>
  buildCopy(peer, {
    validationMillis,
    commit: {
      totalMillis,
      stateValidationMillis: parts?.[0] ?? null,
      blockAndPvtdataCommitMillis: parts?.[1] ?? null,
      stateCommitMillis: parts?.[2] ?? null,
    },
  });
const stagesOf = (chart: Chart | null, row: string) =>
  Object.fromEntries((chart?.configuration.data.datasets ?? []).map((d) => [d.label, d.data.find((p) => p.y === row)?.x]));

test('the stages of a peer are means that add up to the mean of the whole, from block 1 on', () => {
  const channel = buildChannel('trade', {
    blocks: [
      buildBlock(0, [copy('a', 900, 900, [300, 300, 300])]),
      buildBlock(1, [copy('a', 2, 30, [1, 18, 9]), copy('b', 1, 5, [1, 3, 1])]),
      buildBlock(2, [copy('a', 4, 20, [1, 10, 5])]),
    ],
  });
  const chart = drawCommitBreakdown(buildAnalysis(), channel);
  assert.deepEqual(stagesOf(chart, 'a'), {
    'validation of transactions': 3,
    'state validation (MVCC)': 1,
    'block and private data commit': 14,
    'state commit': 7,
    'rest of the commit': 3,
  });
  assert.match(chart?.summary ?? '', /^A block took a 28 ms on average, the most of 2 peers; most of it was block and private data commit\.$/);
  const notes = chart?.configuration.data.datasets.at(-1)?.data.map((p) => p['note']);
  assert.deepEqual(notes, ['mean 28 ms, p50 24 ms, p99 32 ms (2 blocks)', 'mean 6 ms, p50 6 ms, p99 6 ms (1 block)']);
});

test('a version that prints the total only has it as rest', () => {
  const channel = buildChannel('trade', { blocks: [buildBlock(1, [copy('a', null, 17, null)])] });
  assert.deepEqual(stagesOf(drawCommitBreakdown(buildAnalysis(), channel), 'a'), { 'rest of the commit': 17 });
});

test('parts rounded beyond their total make no negative rest', () => {
  const channel = buildChannel('trade', { blocks: [buildBlock(1, [copy('a', 1, 10, [4, 4, 4])])] });
  assert.equal(stagesOf(drawCommitBreakdown(buildAnalysis(), channel), 'a')['rest of the commit'], undefined);
});

test('the slowest blocks stand each at its slowest peer, longest first', () => {
  const blocks = Array.from({ length: 40 }, (_, i) => buildBlock(i, [copy('a', 1, i, [0, i, 0]), copy('b', 1, i + 5, [0, i, 0])]));
  const chart = drawSlowestCommits(buildAnalysis(), buildChannel('trade', { blocks }));
  assert.equal(chart?.configuration.data.labels?.length, SLOWEST);
  assert.deepEqual(chart.configuration.data.labels.slice(0, 2), ['block 39 at b', 'block 38 at b']);
  assert.equal(chart.summary, 'The slowest was block 39 at b: 45 ms, of which 39 ms block and private data commit.');
});

test('without printed durations there is no chart', () => {
  const channel = buildChannel('trade', { blocks: [buildBlock(1, [buildCopy('a', { validationMillis: 3 })])] });
  assert.equal(drawCommitBreakdown(buildAnalysis(), channel), null);
  assert.equal(drawSlowestCommits(buildAnalysis(), channel), null);
});
