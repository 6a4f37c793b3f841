import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAnalysis, buildConnection, buildNode, EPOCH_MILLIS } from '../../test/builders/analysis-builder.js';
import type { Connection } from '../analysis/contract.js';
import { drawTraffic, MAX_SLICES } from './traffic.js';

const nodes = [
  buildNode('a', { mspId: 'Org1MSP' }),
  buildNode('b', { mspId: 'Org1MSP' }),
  buildNode('c', { mspId: 'Org2MSP' }),
  buildNode('d'),
  buildNode('o', { kind: 'orderer', mspId: null }),
  buildNode('cli', { kind: 'client', mspId: null }),
];
const draw = (connections: readonly Connection[]) => drawTraffic(buildAnalysis({ nodes, gossip: { ...buildAnalysis().gossip, connections } }));
const ratesOf = (chart: ReturnType<typeof draw>) =>
  Object.fromEntries((chart?.configuration.data.datasets ?? []).map((d) => [d.label, d.data.map((p) => [Number(p.x) - EPOCH_MILLIS, p.y])]));

test('both directions of a connection count as what they are, by second, quiet seconds as zero', () => {
  const rates = ratesOf(
    draw([
      buildConnection('a', 'o', [
        { second: 0, there: 10, back: 700 },
        { second: 2, there: 0, back: 300 },
      ]),
    ]),
  );
  assert.deepEqual(rates['orderer to peer'], [
    [0, 700],
    [1_000, 0],
    [2_000, 300],
    [3_000, 300],
  ]);
  assert.deepEqual(rates['peer to orderer']?.[0], [0, 10]);
});

test('peers are told apart by organization, and what is unknown is said to be', () => {
  const second = { second: 0, there: 1, back: 1 };
  const pairs = [
    ['a', 'b', 'peers of one organization'],
    ['a', 'c', 'peers of different organizations'],
    ['a', 'd', 'peers, organization unknown'],
    ['cli', 'o', 'clients'],
    ['a', '10.0.0.9:80', 'others'],
  ] as const;
  for (const [from, to, kind] of pairs) assert.deepEqual(Object.keys(ratesOf(draw([buildConnection(from, to, [second])]))), [kind]);
});

test('a long recording is cut into slices whose rates keep the number of bytes', () => {
  const seconds = Array.from({ length: 5_000 }, (_, second) => ({ second, there: 30, back: 0 }));
  const rates = ratesOf(draw([buildConnection('a', 'b', seconds)]))['peers of one organization'] ?? [];
  assert.ok(rates.length <= MAX_SLICES + 1);
  const width = (Number(rates[1]?.[0]) - Number(rates[0]?.[0])) / 1000;
  const bytes = rates.slice(0, -1).reduce((sum, [, rate]) => sum + Number(rate) * width, 0);
  assert.ok(Math.abs(bytes - 150_000) < 0.01 * 150_000, `${bytes} bytes`);
});

test('the summary orders the kinds by bytes and tells the peak', () => {
  const chart = draw([
    buildConnection('a', 'o', [{ second: 4, there: 10, back: 2_500 }]),
    buildConnection('a', 'b', [{ second: 5, there: 100, back: 0 }]),
  ]);
  assert.equal(
    chart?.summary,
    'Most bytes first: orderer to peer 2.5 kB, peers of one organization 100 B, peer to orderer 10 B; the peak was 2.51 kB/s at 03:04:09 UTC.',
  );
});

test('without packets there is no chart', () => {
  assert.equal(draw([]), null);
  assert.equal(draw([buildConnection('a', 'b', [])]), null);
});
