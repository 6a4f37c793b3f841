import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildLog, buildRecorded, type LogRecord } from '../../test/builders/timeline-builder.js';
import { assertWithin, machineSlowness } from '../../test/machine-speed.js';
import type { EventBody } from '../events/event.js';
import { analyze } from './analyze.js';
import { percentilesOf } from './channel-records.js';
import type { Analysis, Channel } from './contract.js';

test('a percentile is the smallest value that so many percent of the values do not exceed', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 200 }), (values) => {
      const found = percentilesOf(values);
      for (const [p, value] of [
        [50, found.p50Micros],
        [90, found.p90Micros],
        [99, found.p99Micros],
        [100, found.maxMicros],
      ] as const) {
        assert.ok(value !== null && values.includes(value));
        const share = (limit: (v: number) => boolean): number => (100 * values.filter(limit).length) / values.length;
        assert.ok(share((v) => v <= value) >= p, `${p} of ${values} is ${value}`);
        assert.ok(share((v) => v < value) < p, `${p} of ${values} is ${value}`);
      }
      assert.equal(found.count, values.length);
    }),
  );
  assert.deepEqual(percentilesOf([]), { count: 0, p50Micros: null, p90Micros: null, p99Micros: null, maxMicros: null });
});

const banner: LogRecord = [0, { kind: 'process.banner', role: 'peer', fabricVersion: '1.4.12' }];
const named = (host: string, bootstrap: readonly string[] = []): LogRecord => [
  0.1,
  { kind: 'gossip.initialized', endpoint: `${host}:7051`, bootstrap },
];
const joined = (seconds: number): readonly LogRecord[] => [
  [seconds, { kind: 'ledger.created', channel: 'trade', via: 'genesis' }],
  [seconds + 0.01, { kind: 'block.committed', channel: 'trade', block: 0, transactions: 1, commit: null }],
  [seconds + 0.02, { kind: 'channel.configured', channel: 'trade', organizations: 1 }],
];
const elected = (seconds: number): readonly LogRecord[] => [
  [seconds, { kind: 'election.leader-became', pkiId: null }],
  [seconds + 0.001, { kind: 'election.leader-elected', channel: 'trade' }],
];
const followed = (seconds: number): LogRecord => [seconds, { kind: 'election.leader-known', pkiId: null }];
const block = (seconds: number, number: number): readonly LogRecord[] => [
  [seconds, { kind: 'block.received', channel: 'trade', block: number }],
  [seconds + 0.05, { kind: 'block.committed', channel: 'trade', block: number, transactions: 1, commit: null }],
];
const requested = (seconds: number, from: number, to: number): LogRecord => [
  seconds,
  {
    kind: 'state.transfer-requested',
    channel: 'trade',
    from,
    to,
    peer: { endpoint: 'p0:7051', internalEndpoint: null, pkiId: null },
  } satisfies EventBody,
];

const peerLog = (host: string, ...records: readonly LogRecord[]) => buildLog(`${host}.log`, [banner, named(host, ['p0:7051']), ...records]);
const analysisOf = (...logs: readonly ReturnType<typeof buildLog>[]): Analysis => analyze(buildRecorded({ logs }), '0').analysis;
const tradeOf = (a: Analysis): Channel => a.channels.find((c) => c.name === 'trade') as Channel;
const copyOf = (c: Channel, number: number, peer: string) => c.blocks.find((b) => b.number === number)?.copies.find((x) => x.peer === peer);

const leaderAndFollower = tradeOf(
  analysisOf(
    peerLog('p0', ...joined(1), ...elected(7), ...block(20, 1), ...block(30, 2)),
    peerLog('p1', ...joined(1), followed(8), ...block(20.012, 1), ...block(30.03, 2)),
    buildLog('o.log', [[19, { kind: 'orderer.block-written', channel: 'trade', block: 1 }]]),
  ),
);

test('the lag of a copy is counted from the earliest reception of the block, and the spread is the largest', () => {
  assert.equal(copyOf(leaderAndFollower, 1, 'p0')?.lagMicros, 0);
  assert.equal(copyOf(leaderAndFollower, 1, 'p1')?.lagMicros, 12_000);
  assert.equal(leaderAndFollower.blocks.find((b) => b.number === 2)?.spreadMicros, 30_000);
  assert.equal(leaderAndFollower.blocks.find((b) => b.number === 0)?.spreadMicros, null, 'nobody receives the genesis block');
});

test('propagation is over blocks from 1 on, the first peer counting with 0', () => {
  const { propagation } = leaderAndFollower;
  assert.deepEqual(propagation.received, { count: 4, p50Micros: 0, p90Micros: 30_000, p99Micros: 30_000, maxMicros: 30_000 });
  assert.deepEqual([propagation.byPeer['p1']?.received.p50Micros, propagation.byPeer['p1']?.committed.count], [12_000, 2]);
});

test('a block that only one peer is known to have has no lag to speak of', () => {
  const alone = tradeOf(analysisOf(peerLog('p0', ...joined(1), ...elected(7), ...block(20, 1))));
  assert.equal(alone.propagation.received.count, 0);
  assert.equal(alone.blocks.find((b) => b.number === 1)?.spreadMicros, null);
});

test('the leader has its blocks from the orderer, a follower by gossip from the only other peer of its organization', () => {
  const byLeader = copyOf(leaderAndFollower, 1, 'p0');
  assert.deepEqual([byLeader?.via, byLeader?.from?.node, byLeader?.from?.basis], ['deliver', 'o', 'leadership']);
  const byFollower = copyOf(leaderAndFollower, 1, 'p1');
  assert.deepEqual([byFollower?.via, byFollower?.from?.node, byFollower?.from?.basis], ['gossip', 'p0', 'leadership']);
  assert.deepEqual([copyOf(leaderAndFollower, 0, 'p0')?.via, copyOf(leaderAndFollower, 0, 'p0')?.from], ['genesis', null]);
});

test('with three peers in the organization nothing tells who pushed', () => {
  const three = tradeOf(
    analysisOf(
      peerLog('p0', ...joined(1), ...elected(7), ...block(20, 1)),
      peerLog('p1', ...joined(1), followed(8), ...block(20.01, 1)),
      peerLog('p2', ...joined(1), followed(8), ...block(20.02, 1)),
    ),
  );
  assert.deepEqual([copyOf(three, 1, 'p1')?.via, copyOf(three, 1, 'p1')?.from], ['gossip', null]);
});

test('a block that a state transfer asked for came by it; what came late without one came nobody knows how', () => {
  const late = tradeOf(
    analysisOf(
      peerLog('p0', ...joined(1), ...elected(7), ...block(20, 1), ...block(21, 2)),
      peerLog('p1', ...joined(1), followed(8), requested(60, 1, 1), ...block(61, 1), ...block(62, 2)),
    ),
  );
  const transferred = copyOf(late, 1, 'p1');
  assert.deepEqual([transferred?.via, transferred?.from?.node, transferred?.from?.basis], ['state-transfer', 'p0', 'log']);
  assert.equal(copyOf(late, 2, 'p1')?.via, 'unknown');
});

test('a peer whose way of leading is unknown has its blocks by an unknown way', () => {
  const c = tradeOf(analysisOf(peerLog('p0', ...joined(1), ...elected(7), ...block(20, 1)), peerLog('p1', ...joined(1), ...block(20.01, 1))));
  assert.equal(copyOf(c, 1, 'p1')?.via, 'unknown');
});

test('an organization that only anchor peers name has no peers and no verdict', () => {
  const anchors: EventBody = { kind: 'channel.anchors-learned', channel: 'trade', mspId: 'FarMSP', anchors: ['far:7051'] };
  const far = tradeOf(analysisOf(peerLog('p0', ...joined(1), [9, anchors]))).organizations.find((o) => o.mspId === 'FarMSP');
  assert.deepEqual([far?.peers, far?.leadership.verdict, far?.anchorPeers.map((x) => x.endpoint)], [[], 'unknown', ['far:7051']]);
  assert.deepEqual(Object.keys(far?.anchorPeers[0]?.learnedAt ?? {}), ['p0']);
});

test('without view lines the membership has no basis', () => {
  assert.deepEqual(leaderAndFollower.membership, { basis: null, changes: [], matrix: [], fullViewAt: {}, convergedAt: null });
});

test("a day's blocks at many peers take no quadratic time", async (t) => {
  const slowness = await machineSlowness();
  const BLOCKS = 400;
  const PEERS = 40;
  const logs = Array.from({ length: PEERS }, (_, p) =>
    peerLog(
      `p${p}`,
      ...joined(1),
      ...(p === 0 ? elected(7) : [followed(8)]),
      ...Array.from({ length: BLOCKS }, (_, i) => block(20 + i * 2 + p / 1000, i + 1)).flat(),
    ),
  );
  const begun = performance.now();
  assert.equal(tradeOf(analysisOf(...logs)).blocks.length, BLOCKS + 1);
  await assertWithin(t, performance.now() - begun, 5000, slowness);
});
