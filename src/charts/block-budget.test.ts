import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildAnalysis, buildBlock, buildChannel, buildChannelPeer, buildCopy } from '../../test/builders/analysis-builder.js';
import type { BlockBudget, BlockCopy } from '../analysis/contract.js';
import { drawBlockBudget, MAX_PEERS } from './block-budget.js';
import type { Chart } from './chart.js';
import { drawMedianBudget, medianBudgetsOf } from './median-budget.js';

const budget = (hops: readonly number[], buffer: number, commit: number): BlockBudget => {
  const stages: BlockBudget['stages'] = [
    { stage: 'deliver', node: 'lead', micros: 500 },
    ...hops.map((micros) => ({ stage: 'hop' as const, node: 'x', micros })),
    { stage: 'buffer', node: 'x', micros: buffer },
    { stage: 'validation', node: 'x', micros: 1_000 },
    { stage: 'commit', node: 'x', micros: commit },
  ];
  return { from: at(0), basis: 'first-delivered-byte', stages, totalMicros: stages.reduce((sum, s) => sum + s.micros, 0) };
};
const copy = (peer: string, own?: BlockBudget): BlockCopy =>
  buildCopy(peer, {
    from: { node: 'lead', basis: 'packets', confidence: 0.9 },
    transfers: [{ from: 'lead', kind: 'push', basis: 'packets', confidence: 0.9, firstByteAt: at(0), lastByteAt: at(1), bytes: 9, evidence: [] }],
    ...(own === undefined ? {} : { budget: own }),
  });
const rowOf = (chart: Chart | null, row: string) =>
  Object.fromEntries((chart?.configuration.data.datasets ?? []).map((d) => [d.label.split(' (')[0], d.data.find((p) => p.y === row)?.x]));
const notesOf = (chart: Chart | null) => chart?.configuration.data.datasets.at(-1)?.data.map((p) => p['note']);

const channel = buildChannel('trade', {
  peers: ['a', 'b'].map((p) => buildChannelPeer(p, 0)),
  blocks: [
    buildBlock(1, [copy('a', budget([2_000], 300, 20_000)), copy('b', budget([2_000, 4_000, 5_000], 100, 30_000))]),
    buildBlock(2, [copy('a', budget([1_000], 500, 90_000)), copy('b')]),
    buildBlock(3, [copy('a', budget([9_000], 400, 10_000)), copy('b')]),
  ],
});

test('the parts of one block at each peer add up to its total', () => {
  const chart = drawBlockBudget(buildAnalysis(), channel);
  assert.equal(chart?.name, 'block-budget-trade');
  assert.deepEqual(rowOf(chart, 'a'), { deliver: 0.5, 'first hop': 2, 'further hops': 0, 'payload buffer': 0.3, validation: 1, commit: 20 });
  assert.deepEqual(rowOf(chart, 'b'), { deliver: 0.5, 'first hop': 2, 'further hops': 9, 'payload buffer': 0.1, validation: 1, commit: 30 });
  assert.deepEqual(notesOf(chart), ['23.8 ms', '42.6 ms']);
  assert.equal(chart.summary, 'Block 1 took longest to the ledger of b: 42.6 ms, of which 30 ms commit.');
  assert.match(JSON.stringify(chart.configuration.options), /the first byte that a capture saw leave an orderer/);
});

test('medians are of each part on its own, by nearest rank, with that of the whole beside', () => {
  const [a] = medianBudgetsOf(channel);
  assert.deepEqual(a, {
    peer: 'a',
    blocks: 3,
    parts: { deliver: 500, firstHop: 2_000, laterHops: 0, buffer: 400, validation: 1_000, commit: 20_000 },
    totalMicros: 23_800,
    p90TotalMicros: 93_000,
  });
  const chart = drawMedianBudget(buildAnalysis(), channel);
  assert.deepEqual(notesOf(chart), ['median in all 23.8 ms (3 blocks)', 'median in all 42.6 ms (1 block)']);
});

test('without a budget there is no chart, and of one block no median', () => {
  const bare = buildChannel('trade', { blocks: [buildBlock(1, [copy('a')])] });
  assert.equal(drawBlockBudget(buildAnalysis(), bare), null);
  assert.equal(drawMedianBudget(buildAnalysis(), bare), null);
  const single = { ...channel, blocks: channel.blocks.slice(0, 1) };
  assert.equal(drawMedianBudget(buildAnalysis(), single), null);
});

test('peers beyond the limit are left out, the quickest first, and the caption says so', () => {
  const copies = Array.from({ length: MAX_PEERS + 3 }, (_, i) => copy(`p${i}`, budget([i], 0, 0)));
  const chart = drawBlockBudget(buildAnalysis(), buildChannel('trade', { blocks: [buildBlock(1, copies)] }));
  assert.equal(chart?.configuration.data.labels?.length, MAX_PEERS);
  assert.ok(!chart.configuration.data.labels.includes('p0'));
  assert.match(JSON.stringify(chart.configuration.options), /Only the 60 slowest of 63 peers are drawn/);
});
