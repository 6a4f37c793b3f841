import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseGoDurationMicros } from '../events/go-duration.js';
import { parseEpochSeconds } from './record-clock.js';
import { stripFields } from './record-fields.js';

const strip = (text: string): [string, Record<string, string>] => {
  const { message, fields } = stripFields(text);
  return [message, Object.fromEntries(fields)];
};

describe('stripFields', () => {
  it('strips the JSON fields of 1.3.0-1.4.0', () => {
    assert.deepEqual(strip('Raft leader changed: 0 -> 1 {"channel": "mychannel", "node": 1}'), [
      'Raft leader changed: 0 -> 1',
      { channel: 'mychannel', node: '1' },
    ]);
  });
  it('strips logfmt fields with quoted values', () => {
    assert.deepEqual(strip('call completed grpc.service=a.B error="rpc error: code = X \\"y\\"" grpc.code=OK'), [
      'call completed',
      { 'grpc.service': 'a.B', error: 'rpc error: code = X "y"', 'grpc.code': 'OK' },
    ]);
    assert.deepEqual(strip('finished chaincode: cscc duration: 55ms channel= txID=f571'), [
      'finished chaincode: cscc duration: 55ms',
      { channel: '', txID: 'f571' },
    ]);
  });
  it('leaves name=value text of a message alone', () => {
    for (const text of [
      'Starting peer with ID=[name:"p" ], network ID=[dev], address=[p:7051]',
      '[c] Committed block [1] with 1 transaction(s) in 2ms (state_validation=0ms block_commit=1ms state_commit=0ms) commitHash=[]',
      'sequence is at = 0, next expected block is = 1',
      'Failed for channel=x because of this',
      'ends in a brace {not json}',
    ]) {
      assert.deepEqual(strip(text), [text, {}]);
    }
  });
});

it('parses Go durations and plain seconds to whole microseconds', () => {
  assert.equal(parseGoDurationMicros('78.006µs'), 78);
  assert.equal(parseGoDurationMicros('3.776571ms'), 3776);
  assert.equal(parseGoDurationMicros('1m2.5s'), 62_500_000);
  assert.equal(parseGoDurationMicros('1h0m0s'), 3_600_000_000);
  assert.equal(parseGoDurationMicros('0s'), 0);
  assert.equal(parseGoDurationMicros('0.058'), 58_000);
  assert.equal(parseGoDurationMicros('5.8e-05'), 58);
  assert.equal(parseGoDurationMicros('soon'), null);
});

it('floors epoch seconds to microseconds from their decimal text', () => {
  assert.equal(parseEpochSeconds('1795344191.0656946'), 1795344191065694);
  assert.equal(parseEpochSeconds('1795344191.9999999'), 1795344191999999);
  assert.equal(parseEpochSeconds('1795344191'), 1795344191000000);
  assert.equal(parseEpochSeconds('1.795344191065e+09'), 1795344191065000);
  assert.equal(parseEpochSeconds('2026-11-22T10:31:00.959Z'), 1795343460959000);
  assert.equal(parseEpochSeconds('now'), null);
});
