import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAnalysis, buildNode } from '../../test/builders/analysis-builder.js';
import type { PurposeTraffic } from '../analysis/contract.js';
import { bringToLife } from './hooks.js';
import { drawTrafficByPurpose, purposesOf } from './traffic-by-purpose.js';

const sent = (from: string, to: string, purpose: PurposeTraffic['purpose'], bytes: number, messages = 1): PurposeTraffic => ({
  from,
  to,
  purpose,
  bytes,
  messages,
  basis: 'packets',
});
const nodes = [buildNode('a', { mspId: 'X' }), buildNode('b', { mspId: 'X' }), buildNode('c', { mspId: 'Y' }), buildNode('o', { kind: 'orderer' })];
const traffic = [
  sent('o', 'a', 'deliver', 300, 3),
  sent('a', 'b', 'duplicate', 500, 2),
  sent('b', 'a', 'duplicate', 100, 1),
  sent('a', 'c', 'alive', 95, 9),
  sent('c', 'a', 'alive', 5, 1),
  sent('a', 'b', 'probe', 0, 0),
];
const analysis = buildAnalysis({ nodes, gossip: { ...buildAnalysis().gossip, traffic } });

test('each purpose is a bar of its bytes, most first, stacked by who sent them to whom', () => {
  const chart = drawTrafficByPurpose(analysis);
  const labels = ['blocks sent again (duplicates)', 'deliver (blocks from the ordering service)', 'alive messages'];
  assert.deepEqual(chart?.configuration.data.labels, labels);
  assert.deepEqual(
    chart.configuration.data.datasets.map((d) => [d.label, ...d.data.map((p) => p.x)]),
    [
      ['orderer to peer', 0, 300, 0],
      ['peers of one organization', 600, 0, 0],
      ['peers of different organizations', 0, 0, 100],
    ],
  );
  assert.deepEqual(
    chart.configuration.data.datasets.at(-1)?.data.map((p) => p['note']),
    ['600 B (60 %), 3 messages', '300 B (30 %), 3 messages', '100 B (10 %), 10 messages'],
  );
  assert.equal(chart.summary, 'Of 1 kB: blocks sent again (duplicates) 60 %, deliver (blocks from the ordering service) 30 %, alive messages 10 %.');
});

test('the tooltip tells bytes of the pair and of the whole', () => {
  const chart = drawTrafficByPurpose(analysis);
  assert.ok(chart !== null);
  const { callbacks } = (bringToLife(chart.configuration).options?.plugins?.tooltip ?? {}) as unknown as {
    readonly callbacks: { readonly label: (item: object) => unknown };
  };
  const dataset = chart.configuration.data.datasets[1];
  assert.deepEqual(callbacks.label({ dataset, raw: dataset?.data[0] }), ['peers of one organization: 600 B', 'in all 600 B (60 %), 3 messages']);
});

test('without captures there is no chart', () => {
  assert.equal(drawTrafficByPurpose(buildAnalysis()), null);
  assert.deepEqual(purposesOf(buildAnalysis({ gossip: { ...buildAnalysis().gossip, traffic: [sent('a', 'b', 'probe', 0, 0)] } })), []);
});
