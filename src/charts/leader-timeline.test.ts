import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildAnalysis, buildChannel, buildNode, buildOrganization, EPOCH_MILLIS } from '../../test/builders/analysis-builder.js';
import type { Term } from '../analysis/contract.js';
import type { Chart } from './chart.js';
import { drawLeaderTimeline, MAX_ROWS } from './leader-timeline.js';

const term = (peer: string, from: number, to: number | null): Term => ({
  peer,
  from: at(from),
  to: to === null ? null : at(to),
  endedBy: to === null ? 'still-leading' : 'renounced',
  basis: 'log',
  evidence: [],
});

const barsOf = (chart: Chart | null, label: string): readonly unknown[] =>
  (chart?.configuration.data.datasets.find((d) => d.label.startsWith(label))?.data ?? []).map(({ x, y }) => [
    y,
    ...(x as readonly [number, number]).map((millis) => Math.round((millis - EPOCH_MILLIS) * 1000) / 1000),
  ]);

const nodes = ['a.org1', 'b.org1'].map((name) =>
  buildNode(name, { mspId: 'Org1MSP', stops: name === 'a.org1' ? [{ at: at(40_000), how: 'asked', basis: 'log', evidence: [] }] : [] }),
);
const overlap = { peers: ['a.org1', 'b.org1'], from: at(10_000), to: at(10_019.25), evidence: [] };
const disputed = buildOrganization('Org1MSP', ['b.org1', 'a.org1'], {
  terms: [term('a.org1', 5_000, 10_019.25), term('b.org1', 10_000, 30_000), term('b.org1', 50_000, null)],
  overlaps: [overlap],
  leaderless: [{ from: at(30_000), to: at(50_000), evidence: [] }],
  verdict: 'overlapping',
});

test('terms, overlaps, leaderless spans and running processes are bars at their times, a row each', () => {
  const channel = buildChannel('trade', { organizations: [disputed] });
  const chart = drawLeaderTimeline(buildAnalysis({ nodes, channels: [channel] }), channel);
  assert.equal(chart?.name, 'leader-timeline-trade');
  assert.deepEqual(chart.configuration.data.labels, ['Org1MSP', 'a.org1', 'b.org1']);
  assert.deepEqual(barsOf(chart, 'leader (term'), [
    ['a.org1', 5_000, 10_019.25],
    ['b.org1', 10_000, 30_000],
    ['b.org1', 50_000, 60_000],
  ]);
  assert.deepEqual(barsOf(chart, 'two or more'), [['Org1MSP', 10_000, 10_019.25]]);
  assert.deepEqual(barsOf(chart, 'no leader'), [['Org1MSP', 30_000, 50_000]]);
  assert.deepEqual(barsOf(chart, 'process running'), [
    ['a.org1', 0, 40_000],
    ['b.org1', 0, 60_000],
  ]);
});

test('the notes and the summary tell how long an overlap and a gap lasted', () => {
  const channel = buildChannel('trade', { organizations: [disputed] });
  const chart = drawLeaderTimeline(buildAnalysis({ nodes, channels: [channel] }), channel);
  const notes = chart?.configuration.data.datasets.flatMap((d) => d.data.map((p) => p['note']));
  assert.ok(notes?.includes('2 leaders 19.3 ms'));
  assert.ok(notes?.includes('no leader 20 s'));
  assert.match(chart?.summary ?? '', /two or more leaders at once for 19\.3 ms from 03:04:15\.000 UTC and no leader for 20 s from 03:04:35\.000 UTC/);
});

test('the rows of organizations with a leader come first, and each peer has the colour it has everywhere', () => {
  const silent = buildOrganization('AloneMSP', ['z.alone']);
  const channel = buildChannel('trade', { organizations: [silent, disputed] });
  const chart = drawLeaderTimeline(buildAnalysis({ nodes, channels: [channel] }), channel);
  assert.deepEqual(chart?.configuration.data.labels, ['Org1MSP', 'a.org1', 'b.org1', 'AloneMSP', 'z.alone']);
  const colours = chart.configuration.data.datasets[0]?.['backgroundColor'] as readonly string[];
  assert.notEqual(colours[0], colours[1]);
  assert.equal(colours[1], colours[2]);
});

test('a static leader is drawn while its process runs, and not as a term', () => {
  const channel = buildChannel('trade', { organizations: [{ ...buildOrganization('Org1MSP', ['a.org1', 'b.org1']), staticLeaders: ['a.org1'] }] });
  const chart = drawLeaderTimeline(buildAnalysis({ nodes, channels: [channel] }), channel);
  assert.deepEqual(barsOf(chart, 'static leader'), [['a.org1', 0, 40_000]]);
  assert.deepEqual(barsOf(chart, 'leader (term'), []);
  assert.match(chart?.summary ?? '', /static leader a\.org1/);
});

test('without any leader there is no chart', () => {
  const channel = buildChannel('trade', { organizations: [buildOrganization('Org1MSP', ['a.org1'])] });
  assert.equal(drawLeaderTimeline(buildAnalysis({ nodes, channels: [channel] }), channel), null);
});

test('rows beyond the limit are left out, and the caption says how many', () => {
  const peers = Array.from({ length: MAX_ROWS + 4 }, (_, i) => `peer${i}`);
  const channel = buildChannel('trade', { organizations: [buildOrganization('Org1MSP', peers, { terms: [term('peer2', 0, null)] })] });
  const chart = drawLeaderTimeline(buildAnalysis({ channels: [channel] }), channel);
  assert.equal(chart?.configuration.data.labels?.length, MAX_ROWS);
  assert.match(JSON.stringify(chart.configuration.options), /5 of 105 rows are left out/);
});

test('a term by packets frames the log’s and is not counted again; alone it is the term', () => {
  const wired: Term = { ...term('a.org1', 6_000, 10_500), basis: 'packets' };
  const stray: Term = { ...term('b.org1', 20_000, 30_000), basis: 'packets' };
  const draw = (terms: readonly Term[]) => {
    const channel = buildChannel('trade', { organizations: [buildOrganization('Org1MSP', ['a.org1', 'b.org1'], { terms })] });
    return drawLeaderTimeline(buildAnalysis({ nodes, channels: [channel] }), channel);
  };
  const both = draw([term('a.org1', 5_000, 10_000), wired, stray]);
  assert.deepEqual(barsOf(both, 'leader (term by election'), [['a.org1', 5_000, 10_000]]);
  assert.deepEqual(barsOf(both, 'by packets, beside'), [
    ['a.org1', 6_000, 10_500],
    ['b.org1', 20_000, 30_000],
  ]);
  assert.match(both?.summary ?? '', /^a\.org1 led Org1MSP .*, with one term that only packets show\.$/);
  const alone = draw([wired]);
  assert.deepEqual(barsOf(alone, 'leader (term by packets)'), [['a.org1', 6_000, 10_500]]);
  assert.deepEqual(barsOf(alone, 'by packets, beside'), []);
});
