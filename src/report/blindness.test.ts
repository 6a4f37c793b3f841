import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildChannel, buildChannelPeer, buildMatrixCell, buildNode } from '../../test/builders/analysis-builder.js';
import type { MembershipChange, Node } from '../analysis/contract.js';
import { blindSpansOf } from './blindness.js';

const change = (observer: string, millis: number, online: readonly string[], offline: readonly string[], line: number): MembershipChange => ({
  observer,
  at: at(millis),
  online,
  offline,
  members: null,
  basis: 'log',
  evidence: [{ source: `${observer}.log`, line }],
});

const peers = [buildChannelPeer('a', 1_000), buildChannelPeer('b', 2_000), buildChannelPeer('c', 2_000)];
const stopped = (name: string, millis: number, startMillis: number | null): Node => {
  const start = (value: number) => ({
    at: at(value),
    fabricVersion: null,
    leaderElection: 'unknown' as const,
    bootstrap: null,
    basis: 'log' as const,
    evidence: [],
  });
  return buildNode(name, {
    starts: [start(0), ...(startMillis === null ? [] : [start(startMillis)])],
    stops: [{ at: at(millis), how: 'asked', basis: 'log', evidence: [] }],
  });
};

test('from the moment both had joined until first seen; equal stretches of one observer are one', () => {
  const membership = {
    basis: 'log' as const,
    changes: [change('a', 7_000, ['b', 'c'], [], 3)],
    matrix: [buildMatrixCell('a', 'b', [[7_000, null]]), buildMatrixCell('a', 'c', [[7_000, null]])],
    fullViewAt: {},
    convergedAt: null,
  };
  assert.deepEqual(blindSpansOf(buildChannel('x', { peers, membership }), [], at(60_000)), [
    {
      observer: 'a',
      subject: 'c',
      subjects: ['b', 'c'],
      since: 'joined',
      subjectsStoppedAt: null,
      from: at(2_000),
      until: at(7_000),
      micros: 5_000_000,
      evidence: [{ source: 'a.log', line: 3 }],
    },
  ]);
});

test('lost for good comes first, with the stop that explains it; never seen lasts to the end', () => {
  const membership = {
    basis: 'log' as const,
    changes: [change('a', 7_000, ['b'], [], 3), change('a', 40_000, [], ['b'], 4)],
    matrix: [buildMatrixCell('a', 'b', [[7_000, 40_000]]), buildMatrixCell('a', 'c', [])],
    fullViewAt: {},
    convergedAt: null,
  };
  const spans = blindSpansOf(buildChannel('x', { peers, membership }), [stopped('b', 12_000, null)], at(60_000));
  assert.deepEqual(
    spans.map((s) => [s.subjects, s.since, s.from, s.until, s.subjectsStoppedAt, s.micros]),
    [
      [['c'], 'joined', at(2_000), null, null, 58_000_000],
      [['b'], 'lost', at(40_000), null, at(12_000), 20_000_000],
      [['b'], 'joined', at(2_000), at(7_000), null, 5_000_000],
    ],
  );
});

test('an interval that ends because the observer stopped is not a loss; after its restart it waits again', () => {
  const membership = {
    basis: 'log' as const,
    changes: [change('a', 2_000, ['b'], [], 3)],
    matrix: [
      buildMatrixCell('a', 'b', [
        [2_000, 30_000],
        [45_000, null],
      ]),
    ],
    fullViewAt: {},
    convergedAt: null,
  };
  const channel = buildChannel('x', { peers, membership });
  assert.deepEqual(
    blindSpansOf(channel, [stopped('a', 30_000, 35_000)], at(60_000)).map((s) => [s.since, s.from, s.until]),
    [['restarted', at(35_000), at(45_000)]],
  );
  const gone = buildChannel('x', { peers, membership: { ...membership, matrix: [buildMatrixCell('a', 'b', [[2_000, 30_000]])] } });
  assert.deepEqual(blindSpansOf(gone, [stopped('a', 30_000, null)], at(60_000)), []);
});

test('of an observer whose views were not read nothing is claimed', () => {
  const membership = {
    basis: 'log' as const,
    changes: [change('a', 7_000, ['b'], [], 3)],
    matrix: [buildMatrixCell('b', 'a', [])],
    fullViewAt: {},
    convergedAt: null,
  };
  assert.deepEqual(blindSpansOf(buildChannel('x', { peers, membership }), [], at(60_000)), []);
});

test('what a restarted peer does not see is no matter of a channel that another of its name has followed', () => {
  const membership = {
    basis: 'log' as const,
    changes: [change('a', 2_000, ['b'], [], 3)],
    matrix: [buildMatrixCell('a', 'b', [[2_000, 30_000]])],
    fullViewAt: {},
    convergedAt: null,
  };
  const channel = buildChannel('x', { peers, membership });
  const nodes = [stopped('a', 30_000, 40_000)];
  assert.equal(blindSpansOf(channel, nodes, at(60_000)).length, 1);
  assert.deepEqual(blindSpansOf({ ...channel, endedAt: at(40_000) }, nodes, at(60_000)), []);
});
