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
import { type LeadershipFacts, leadershipOf, readLeadership } from './leadership.js';

const became = (seconds: number, node: string, life = 0): Said => [seconds, node, { kind: 'election.leader-became', pkiId: null }, life];
const elected = (seconds: number, node: string, channel = 'trade', life = 0): Said => [
  seconds,
  node,
  { kind: 'election.leader-elected', channel },
  life,
];
const stoppedLeading = (seconds: number, node: string): Said => [seconds, node, { kind: 'election.leader-stopped', pkiId: null }];
const renounced = (seconds: number, node: string, channel = 'trade'): Said => [seconds, node, { kind: 'election.leadership-renounced', channel }];
const signalled = (seconds: number, node: string): Said => [seconds, node, { kind: 'process.stopping', how: 'signal', signal: 15 }];
const configured = (seconds: number, node: string, channel = 'trade'): Said => [
  seconds,
  node,
  { kind: 'channel.configured', channel, organizations: 2 },
];
const followed = (seconds: number, node: string): Said => [seconds, node, { kind: 'election.leader-known', pkiId: null }];

function leadershipIn(parts: NetworkParts, said: readonly Said[], channel = 'trade', members = parts.peers ?? []): LeadershipFacts {
  const network = buildNetwork(parts);
  const events = buildEvents(...said);
  const lifecycles = lifecyclesOf(network, events);
  return leadershipOf(channel, members, reconstruct(readLeadership(), events)(lifecycles), lifecycles, network.window);
}

const termsOf = (l: LeadershipFacts) => l.terms.map((t) => [t.peer, secondsOf(t.from), secondsOf(t.to), t.endedBy]);
const spansOf = (spans: LeadershipFacts['leaderless']) => spans.map((s) => [secondsOf(s.from), secondsOf(s.to)]);

test('a term begins at "Becoming a leader", has its channel from the next line, and goes on when nothing ends it', () => {
  const l = leadershipIn({ peers: ['p0'] }, [configured(1, 'p0'), became(7, 'p0'), elected(7.001, 'p0')]);
  assert.deepEqual(termsOf(l), [['p0', 7, null, 'still-leading']]);
  assert.deepEqual(l.terms[0]?.evidence, [
    { source: 'logs/p0.log', line: 2 },
    { source: 'logs/p0.log', line: 3 },
  ]);
  assert.equal(l.verdict, 'single-leader');
});

test('two channels elected at once keep their own beginnings, in the order of the lines', () => {
  const said = [became(7, 'p0'), became(7.002, 'p0'), elected(7.003, 'p0', 'trade'), elected(7.004, 'p0', 'audit')];
  assert.deepEqual(termsOf(leadershipIn({ peers: ['p0'] }, said, 'trade')), [['p0', 7, null, 'still-leading']]);
  assert.deepEqual(termsOf(leadershipIn({ peers: ['p0'] }, said, 'audit')), [['p0', 7.002, null, 'still-leading']]);
});

test('a term ends where its own peer renounces the same channel', () => {
  const said = [
    became(7, 'p0'),
    elected(7.001, 'p0', 'trade'),
    became(9, 'p0'),
    elected(9.001, 'p0', 'audit'),
    stoppedLeading(20, 'p0'),
    renounced(20.002, 'p0', 'trade'),
  ];
  assert.deepEqual(termsOf(leadershipIn({ peers: ['p0'] }, said, 'trade')), [['p0', 7, 20, 'renounced']]);
  assert.deepEqual(termsOf(leadershipIn({ peers: ['p0'] }, said, 'audit')), [['p0', 9, null, 'still-leading']]);
});

test('a term ends with its process at the first word of the stop, whatever is printed afterwards', () => {
  const l = leadershipIn({ peers: ['p0'] }, [
    became(7, 'p0'),
    elected(7.001, 'p0'),
    signalled(50, 'p0'),
    stoppedLeading(50.5, 'p0'),
    renounced(50.6, 'p0'),
  ]);
  assert.deepEqual(termsOf(l), [['p0', 7, 50, 'stopped']]);
});

test('a killed leader led until its last line before the next start; a second election of its next life is a second term', () => {
  const lives = {
    p0: [
      { from: 0, to: 40 },
      { from: 60, to: 100 },
    ],
  };
  const l = leadershipIn({ peers: ['p0'], lives }, [became(7, 'p0'), elected(7.001, 'p0'), became(67, 'p0', 1), elected(67.001, 'p0', 'trade', 1)]);
  assert.deepEqual(termsOf(l), [
    ['p0', 7, 40, 'stopped'],
    ['p0', 67, null, 'still-leading'],
  ]);
});

test('silence ends no term', () => {
  const l = leadershipIn({ peers: ['p0', 'p1'], lives: { p0: [{ from: 0, to: 10 }] } }, [became(7, 'p0'), elected(7.001, 'p0')]);
  assert.deepEqual(termsOf(l), [['p0', 7, null, 'still-leading']]);
  assert.deepEqual(l.leaderless, []);
});

test('where the service lines are silenced, the terms of a peer with one channel are its own lines', () => {
  const l = leadershipIn({ peers: ['p0'] }, [configured(1, 'p0'), became(7, 'p0'), stoppedLeading(20, 'p0'), became(50, 'p0')]);
  assert.deepEqual(termsOf(l), [
    ['p0', 7, 20, 'renounced'],
    ['p0', 50, null, 'still-leading'],
  ]);
});

test('a channel that nothing names makes no term where the peer has two', () => {
  const said = [configured(1, 'p0'), configured(2, 'p0', 'audit'), became(7, 'p0')];
  assert.deepEqual(leadershipIn({ peers: ['p0'] }, said, 'trade').terms, []);
  assert.deepEqual(leadershipIn({ peers: ['p0'] }, said, 'audit').terms, []);
});

test('two leaders at once are an overlap from the second beginning to the first end', () => {
  const l = leadershipIn({ peers: ['p0', 'p1'] }, [
    became(7, 'p0'),
    elected(7.001, 'p0'),
    became(9, 'p1'),
    elected(9.001, 'p1'),
    stoppedLeading(30, 'p1'),
    renounced(30.001, 'p1'),
  ]);
  assert.deepEqual(
    l.overlaps.map((o) => [o.peers, secondsOf(o.from), secondsOf(o.to)]),
    [[['p0', 'p1'], 9, 30]],
  );
  assert.equal(l.verdict, 'single-leader');
});

test('two leaders to the end of the recording overlap without an end', () => {
  const l = leadershipIn({ peers: ['p0', 'p1'] }, [became(7, 'p0'), elected(7, 'p0'), became(9, 'p1'), elected(9, 'p1')]);
  assert.deepEqual(
    l.overlaps.map((o) => secondsOf(o.to)),
    [null],
  );
  assert.equal(l.verdict, 'overlapping');
});

test('a leader of another organization is no rival', () => {
  const l = leadershipIn({ peers: ['p0', 'q0'] }, [became(7, 'p0'), elected(7, 'p0'), became(9, 'q0'), elected(9, 'q0')], 'trade', ['p0']);
  assert.deepEqual(l.overlaps, []);
  assert.equal(l.terms.length, 1);
});

test('between a dead leader and the next one the organization has none; before the first election that is no finding', () => {
  const lives = {
    p0: [
      { from: 0, to: 40 },
      { from: 90, to: 100 },
    ],
  };
  const l = leadershipIn({ peers: ['p0', 'p1'], lives }, [became(7, 'p0'), elected(7, 'p0'), became(58, 'p1'), elected(58, 'p1')]);
  assert.deepEqual(spansOf(l.leaderless), [[40, 58]]);
  assert.equal(l.verdict, 'single-leader');
});

test('nobody taking over is leaderless to the end', () => {
  const l = leadershipIn({ peers: ['p0', 'p1'] }, [became(7, 'p0'), elected(7, 'p0'), signalled(30, 'p0')]);
  assert.deepEqual(spansOf(l.leaderless), [[30, null]]);
  assert.equal(l.verdict, 'leaderless');
});

test('a member without a log may lead unheard: then nothing says that nobody does', () => {
  const l = leadershipIn(
    { peers: ['p0', 'p1'], mentions: [{ role: 'peer', endpoint: 'p2:7051', pkiId: null, alive: true }] },
    [became(7, 'p0'), elected(7, 'p0'), signalled(30, 'p0')],
    'trade',
    ['p0', 'p1', 'p2'],
  );
  assert.deepEqual(l.leaderless, []);
  assert.equal(l.verdict, 'unknown');
});

test('the shutdown of the whole organization is no finding and does not change the verdict', () => {
  const l = leadershipIn({ peers: ['p0', 'p1'] }, [became(7, 'p0'), elected(7, 'p0'), signalled(90, 'p0'), signalled(95, 'p1')]);
  assert.deepEqual(l.leaderless, []);
  assert.equal(l.verdict, 'single-leader');
});

test('a shutdown that another start follows is none either, nor the moments until the first election after it', () => {
  const lives = {
    p0: [
      { from: 0, to: 40 },
      { from: 50, to: 100 },
    ],
    p1: [
      { from: 0, to: 41 },
      { from: 51, to: 100 },
    ],
  };
  const led: readonly Said[] = [became(7, 'p0'), elected(7, 'p0'), signalled(40, 'p0'), signalled(41, 'p1')];
  assert.deepEqual(leadershipIn({ peers: ['p0', 'p1'], lives }, [...led, became(68, 'p1', 1), elected(68, 'p1', 'trade', 1)]).leaderless, []);
});

test('an organization that elects nobody long after it was started as a whole is leaderless', () => {
  const lives = {
    p0: [
      { from: 0, to: 40 },
      { from: 50, to: 100 },
    ],
    p1: [
      { from: 0, to: 41 },
      { from: 51, to: 100 },
    ],
  };
  const led: readonly Said[] = [became(7, 'p0'), elected(7, 'p0'), signalled(40, 'p0'), signalled(41, 'p1')];
  assert.deepEqual(spansOf(leadershipIn({ peers: ['p0', 'p1'], lives }, led).leaderless), [[50, null]]);
});

test('a static leader has no term: the organization is static', () => {
  const pulls = (node: string): Said => [5, node, { kind: 'deliver.service-started', channel: 'trade', disseminates: true }];
  const l = leadershipIn({ peers: ['p0', 'p1'] }, [pulls('p0'), pulls('p1')]);
  assert.deepEqual(l.terms, []);
  assert.deepEqual(l.staticLeaders, ['p0', 'p1']);
  assert.equal(l.verdict, 'static');
});

test('nothing known is unknown', () => {
  assert.equal(leadershipIn({ peers: ['p0'] }, []).verdict, 'unknown');
});

test('a follower line belongs to the only channel the peer was in at that moment', () => {
  const said = [configured(1, 'p0'), followed(7, 'p0'), configured(20, 'p0', 'audit')];
  const of = (channel: string) => leadershipIn({ peers: ['p0'] }, said, channel).followers.map((f) => secondsOf(f.at));
  assert.deepEqual(of('trade'), [7]);
  assert.deepEqual(of('audit'), []);
});

test('evidence of a term that a stop ended shows both ends', () => {
  const l = leadershipIn({ peers: ['p0'] }, [became(7, 'p0'), elected(7.001, 'p0'), signalled(50, 'p0')]);
  assert.deepEqual(
    l.terms[0]?.evidence.map((e) => ('line' in e ? e.line : null)),
    [1, 2, 3],
  );
  assert.equal(l.terms[0]?.from, at(7));
});
