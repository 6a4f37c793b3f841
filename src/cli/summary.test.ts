import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildAnalysis, buildChannel, buildChannelPeer, buildPropagation } from '../../test/builders/analysis-builder.js';
import type { Percentiles } from '../analysis/contract.js';
import { summarize } from './summary.js';

const lags = (p50Micros: number, p99Micros: number): Percentiles => ({ count: 6, p50Micros, p90Micros: p99Micros, p99Micros, maxMicros: p99Micros });

function linesOf(received: Percentiles): string {
  const channel = buildChannel('trade', {
    peers: [buildChannelPeer('p0', 1000), buildChannelPeer('p1', 1000)],
    membership: { basis: 'log', changes: [], matrix: [], fullViewAt: { p0: at(5000), p1: at(6000) }, convergedAt: at(6000) },
    propagation: { ...buildPropagation(), received },
  });
  return summarize(buildAnalysis({ channels: [channel] })).join('\n');
}

test('two peers are both, and what no stamp tells apart came at the same moment', () => {
  assert.match(linesOf(lags(0, 3000)), /membership: both peers saw one another at/);
  assert.match(linesOf(lags(0, 3000)), /received at the same moment as the first peer \(median\), 3 ms \(p99\)/);
  assert.match(linesOf(lags(0, 0)), /received at the same moment by all$/m);
  assert.match(linesOf(lags(2000, 3000)), /received within 2 ms of the first peer \(median\), 3 ms \(p99\)/);
});
