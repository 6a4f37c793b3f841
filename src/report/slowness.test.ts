import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildBlock, buildChannel, buildChannelPeer, buildCopy, buildNode } from '../../test/builders/analysis-builder.js';
import { slownessOf } from './slowness.js';

const taken = (peer: string, received: number, validated: number, committed: number) =>
  buildCopy(peer, { receivedAt: at(received), validatedAt: at(validated), committedAt: at(committed) });

test('the slowest copy is the one committed longest after the first peer had the block, and its stages add up', () => {
  const channel = buildChannel('c', {
    blocks: [
      buildBlock(1, [taken('a', 100, 110, 120), taken('b', 105, 400, 430)]),
      buildBlock(2, [taken('a', 500, 501, 502), taken('b', 700, 701, 702)]),
    ],
  });
  const [slowest, second] = slownessOf(channel, []).live;
  assert.equal(slowest?.block.number, 1);
  assert.equal(slowest?.copy.peer, 'b');
  assert.equal(slowest?.totalMicros, 330_000);
  assert.deepEqual(slowest?.slowestStage, { name: 'validation', micros: 295_000 });
  assert.equal(
    slowest?.stages.reduce((sum, s) => sum + s.micros, 0),
    slowest?.totalMicros,
  );
  assert.deepEqual([second?.block.number, second?.slowestStage?.name], [2, 'dissemination and buffer']);
});

test('a known arrival parts the way from the wait in the buffer', () => {
  const late = { ...taken('b', 400, 401, 402), arrivedAt: at(120) };
  const [slowest] = slownessOf(buildChannel('c', { blocks: [buildBlock(1, [taken('a', 100, 101, 102), late])] }), []).live;
  assert.deepEqual(
    slowest?.stages.map((s) => [s.name, s.micros]),
    [
      ['dissemination', 20_000],
      ['payload buffer', 280_000],
      ['validation', 1_000],
      ['commit', 1_000],
    ],
  );
});

test('copies caught up with after a late join, a restart or by state transfer are apart', () => {
  const blocks = [
    buildBlock(1, [
      taken('a', 100, 101, 102),
      taken('joiner', 9_000, 9_001, 9_002),
      taken('restarted', 9_000, 9_001, 9_002),
      { ...taken('behind', 9_000, 9_001, 9_002), via: 'state-transfer' as const },
    ]),
  ];
  const nodes = [
    buildNode('restarted', {
      starts: [0, 5_000].map((millis) => ({
        at: at(millis),
        fabricVersion: null,
        leaderElection: 'unknown' as const,
        bootstrap: null,
        basis: 'log' as const,
        evidence: [],
      })),
    }),
  ];
  const channel = buildChannel('c', { blocks, peers: [buildChannelPeer('a', 50), buildChannelPeer('joiner', 8_000)] });
  const { live, caughtUp } = slownessOf(channel, nodes);
  assert.deepEqual(
    live.map((t) => t.copy.peer),
    ['a'],
  );
  assert.deepEqual(caughtUp.map((t) => t.copy.peer).sort(), ['behind', 'joiner', 'restarted']);
});

test('where only commits are known they are compared, and no stage is claimed', () => {
  const commit = (peer: string, millis: number) => buildCopy(peer, { committedAt: at(millis) });
  const [slowest] = slownessOf(buildChannel('c', { blocks: [buildBlock(1, [commit('a', 100), commit('b', 180)])] }), []).live;
  assert.deepEqual(
    [slowest?.copy.peer, slowest?.since, slowest?.totalMicros, slowest?.stages, slowest?.slowestStage],
    ['b', 'committed', 80_000, [], null],
  );
});

test('the genesis block and blocks without a time are not compared', () => {
  const channel = buildChannel('c', { blocks: [buildBlock(0, [taken('a', 1, 2, 3)]), buildBlock(1, [buildCopy('a')])] });
  assert.deepEqual(slownessOf(channel, []), { live: [], caughtUp: [] });
});
