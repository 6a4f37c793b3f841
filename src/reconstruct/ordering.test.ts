import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  at,
  buildEvents,
  buildNetwork,
  lifecyclesOf,
  type NetworkParts,
  reconstruct,
  type Said,
  secondsOf,
} from '../../test/builders/timeline-builder.js';
import type { DeliverCall } from './contact.js';
import { type RaftTermFacts, readDeliverStreams, reconstructRaft, type StreamFacts } from './ordering.js';

const asked = (seconds: number, node: string, channel: string | null = 'trade', life = 0): Said => [
  seconds,
  node,
  { kind: 'deliver.service-started', channel, disseminates: true },
  life,
];
const opened = (seconds: number, node: string, channel: string | null = 'trade', life = 0): Said => [
  seconds,
  node,
  { kind: 'deliver.stream-opened', channel, block: 1, orderer: null },
  life,
];
const failed = (seconds: number, node: string, channel: string | null = 'trade'): Said => [
  seconds,
  node,
  { kind: 'deliver.stream-failed', channel, orderer: null, reason: 'EOF' },
];
const call = (client: string | null, from: number | null, to: number): DeliverCall => ({
  orderer: 'o0',
  client,
  openedAt: from === null ? null : at(from),
  closedAt: at(to),
  evidence: [{ source: 'logs/o0.log', line: Math.round(to) }],
});

function streamsIn(said: readonly Said[], calls: readonly DeliverCall[] = [], parts: NetworkParts = {}): readonly StreamFacts[] {
  const network = buildNetwork({ peers: ['p0', 'p1'], orderers: ['o0'], ...parts });
  const events = buildEvents(...said);
  return reconstruct(readDeliverStreams(network), events)(lifecyclesOf(network, events), calls);
}
const told = (streams: readonly StreamFacts[]) => streams.map((s) => [s.peer, s.channel, s.orderer, secondsOf(s.openedAt), secondsOf(s.closedAt)]);

test('a stream is asked for, opened, fails and is opened again', () => {
  assert.deepEqual(told(streamsIn([asked(7, 'p0'), opened(7.1, 'p0'), failed(30, 'p0'), opened(31, 'p0')])), [
    ['p0', 'trade', null, 7.1, 30],
    ['p0', 'trade', null, 31, null],
  ]);
});

test('a version that never says when its stream is up has one of unknown opening', () => {
  assert.deepEqual(told(streamsIn([asked(7, 'p0')])), [['p0', 'trade', null, null, null]]);
});

test('renouncing or stopping the service ends the stream of that channel alone', () => {
  const said = [opened(7, 'p0', 'trade'), opened(8, 'p0', 'audit')];
  const renounced: Said = [20, 'p0', { kind: 'election.leadership-renounced', channel: 'trade' }];
  assert.deepEqual(told(streamsIn([...said, renounced])), [
    ['p0', 'trade', null, 7, 20],
    ['p0', 'audit', null, 8, null],
  ]);
  assert.deepEqual(
    told(streamsIn([...said, [20, 'p0', { kind: 'deliver.stopped', channel: 'audit' }]])).map((s) => s[4]),
    [null, 20],
  );
});

test("a killed peer's stream ends with its process, not with the next one's", () => {
  const lives = {
    p0: [
      { from: 0, to: 40 },
      { from: 60, to: 100 },
    ],
  };
  assert.deepEqual(told(streamsIn([opened(7, 'p0'), opened(67, 'p0', 'trade', 1)], [], { lives })), [
    ['p0', 'trade', null, 7, 40],
    ['p0', 'trade', null, 67, null],
  ]);
});

test("the orderer's call tells which orderer it was and when it ended", () => {
  assert.deepEqual(told(streamsIn([opened(7, 'p0')], [call('p0', 7.4, 55)])), [['p0', 'trade', 'o0', 7, 55]]);
  assert.deepEqual(told(streamsIn([asked(7, 'p0')], [call('p0', 8, 55)])), [['p0', 'trade', 'o0', 8, 55]]);
});

test('each call is one stream: of two opened together each gets its own end', () => {
  const streams = streamsIn([opened(7, 'p0', 'trade'), opened(7.5, 'p0', 'audit')], [call('p0', 7.6, 20), call('p0', 7.1, 30)]);
  assert.deepEqual(told(streams), [
    ['p0', 'trade', 'o0', 7, 30],
    ['p0', 'audit', 'o0', 7.5, 20],
  ]);
});

test('two calls near one stream are two streams', () => {
  const streams = streamsIn([opened(7, 'p0', 'trade'), opened(7.5, 'p0', 'audit')], [call('p0', 7.1, 20), call('p0', 7.2, 30)]);
  assert.deepEqual(
    told(streams).map((s) => s[4]),
    [20, 30],
  );
});

test('a stream that only the orderer shows is a stream; that of a client who is no peer is not', () => {
  assert.deepEqual(told(streamsIn([], [call('p1', 12, 40), call('cli', 13, 14), call(null, 15, 16)])), [['p1', null, 'o0', 12, 40]]);
});

test('a call that began at another time is another stream', () => {
  assert.equal(streamsIn([opened(7, 'p0')], [call('p0', 30, 40)]).length, 2);
});

const elected = (seconds: number, node: string, raftNode: number, leader: number, term: number): Said => [
  seconds,
  node,
  { kind: 'raft.leader-elected', channel: 'trade', raftNode, leader, term },
];
const changed = (seconds: number, node: string, raftNode: number, from: number, to: number): Said => [
  seconds,
  node,
  { kind: 'raft.leader-changed', channel: 'trade', raftNode, from, to },
];
const raftIn = (...said: readonly Said[]): readonly RaftTermFacts[] =>
  reconstruct(reconstructRaft(buildNetwork({ orderers: ['o1', 'o2', 'o3'] })), buildEvents(...said));
const termsOf = (terms: readonly RaftTermFacts[]) => terms.map((t) => [t.term, t.raftId, t.leader, secondsOf(t.from), secondsOf(t.to)]);

test('one Raft term per channel and term, from the first orderer that tells, with all who do', () => {
  const terms = raftIn(elected(5, 'o1', 1, 2, 2), elected(5.1, 'o2', 2, 2, 2), changed(5.1, 'o2', 2, 0, 2), elected(5.2, 'o3', 3, 2, 2));
  assert.deepEqual(termsOf(terms), [[2, 2, 'o2', 5, null]]);
  assert.deepEqual(terms[0]?.observers, ['o1', 'o2', 'o3']);
});

test('a restarted orderer that learns the old leader again changes nothing', () => {
  const terms = raftIn(elected(5, 'o1', 1, 2, 2), elected(5, 'o2', 2, 2, 2), elected(60, 'o1', 1, 2, 2), changed(60, 'o1', 1, 0, 2));
  assert.deepEqual(termsOf(terms), [[2, 2, 'o2', 5, null]]);
});

test('a term ends when the first orderer loses its leader', () => {
  const terms = raftIn(
    elected(5, 'o1', 1, 2, 2),
    elected(5, 'o2', 2, 2, 2),
    changed(40, 'o1', 1, 2, 0),
    elected(42, 'o1', 1, 3, 3),
    changed(42, 'o1', 1, 0, 3),
    elected(42, 'o3', 3, 3, 3),
  );
  assert.deepEqual(termsOf(terms), [
    [2, 2, 'o2', 5, 40],
    [3, 3, 'o3', 42, null],
  ]);
});

test('versions without terms have a term per change of leader', () => {
  const terms = raftIn(
    changed(5, 'o1', 1, 0, 2),
    changed(5.1, 'o2', 2, 0, 2),
    changed(40, 'o1', 1, 2, 0),
    changed(42, 'o1', 1, 0, 1),
    changed(43, 'o3', 3, 0, 1),
  );
  assert.deepEqual(termsOf(terms), [
    [null, 2, 'o2', 5, 40],
    [null, 1, 'o1', 42, null],
  ]);
});

test('a leader whose number no orderer carries has no name', () => {
  assert.equal(raftIn(elected(5, 'o1', 1, 7, 2))[0]?.leader, null);
});
