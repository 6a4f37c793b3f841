import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildAnalysis, buildChannel, EPOCH_MILLIS } from '../../test/builders/analysis-builder.js';
import type { OperatorDeed } from '../analysis/contract.js';
import { MAX_OPERATOR_MARKS, marksOfDeeds } from './operator-marks.js';

const deed = (millis: number, parts: Partial<OperatorDeed>): OperatorDeed => ({
  at: at(millis),
  endedAt: null,
  kind: 'command',
  text: 'x',
  actions: [],
  container: 'cli',
  node: null,
  nodeBasis: null,
  channel: null,
  exitCode: 0,
  followedBy: [],
  evidence: [],
  ...parts,
});
const marksOf = (...operator: readonly OperatorDeed[]) =>
  marksOfDeeds(buildAnalysis({ operator }), buildChannel('trade', {})).map((m) => [m.at - EPOCH_MILLIS, m.label]);

test('what changed this channel and what was noted is drawn, and nothing that failed or was elsewhere', () => {
  assert.deepEqual(
    marksOf(
      deed(1000, { actions: ['peer channel join'], channel: 'trade' }),
      deed(2000, { actions: ['peer channel join'], channel: 'other' }),
      deed(3000, { actions: ['peer channel update'], channel: 'trade', exitCode: 1 }),
      deed(4000, { actions: ['peer channel list'] }),
      deed(5000, { kind: 'mark', text: 'a note that is far too long for a chart' }),
    ),
    [
      [1000, 'join'],
      [5000, 'a note that is far too …'],
    ],
  );
});

test('too many lines are none', () => {
  assert.deepEqual(marksOf(...Array.from({ length: MAX_OPERATOR_MARKS + 1 }, (_, i) => deed(i, { kind: 'mark' }))), []);
  assert.deepEqual(marksOfDeeds(buildAnalysis(), buildChannel('trade', {})), []);
});
