import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildAnalysis, buildChannel, buildOrganization } from '../../test/builders/analysis-builder.js';
import { drawCharts } from './catalogue.js';

const led = buildOrganization('Org1MSP', ['a'], {
  terms: [{ peer: 'a', from: at(1_000), to: null, endedBy: 'still-leading', basis: 'log', evidence: [] }],
});

test('an analysis that tells nothing has no charts', () => {
  assert.deepEqual(drawCharts(buildAnalysis()), []);
  assert.deepEqual(drawCharts(buildAnalysis({ window: { from: null, to: null }, channels: [buildChannel('trade')] })), []);
});

test('each channel has its own charts, in names that are unique and fit for a file', () => {
  const names = ['trade', null, null, '../x', '..?x'];
  const channels = names.map((name) => buildChannel(name, { organizations: [led] }));
  assert.deepEqual(
    drawCharts(buildAnalysis({ channels })).map((c) => c.name),
    ['leader-timeline-trade', 'leader-timeline', 'leader-timeline-2', 'leader-timeline-..-x', 'leader-timeline-..-x-2'],
  );
});
