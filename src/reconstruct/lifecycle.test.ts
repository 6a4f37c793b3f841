import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  at,
  buildContainer,
  buildEvents,
  buildNetwork,
  lifecyclesOf,
  type NetworkParts,
  type Said,
  secondsOf,
} from '../../test/builders/timeline-builder.js';
import type { EventBody } from '../events/event.js';
import { isDown, type Lifecycle, type SilentHost, startAt } from './lifecycle.js';

const banner: EventBody = { kind: 'process.banner', role: 'peer', fabricVersion: '2.2.13' };
const settings = (of: Readonly<Record<string, string>>): EventBody => ({
  kind: 'process.config-printed',
  role: 'peer',
  settings: { 'peer.id': 'p0', ...of },
});
const identified = (id: string): EventBody => ({ kind: 'process.identified', id, networkId: null, endpoint: 'p0:7051' });

function lifeOf(parts: NetworkParts, said: readonly Said[], silent: readonly SilentHost[] = []): Lifecycle {
  const network = buildNetwork({ peers: ['p0'], ...parts });
  return lifecyclesOf(network, buildEvents(...said), silent).get('p0') as Lifecycle;
}

const modeOf = (parts: NetworkParts, said: readonly Said[]) => lifeOf(parts, said).starts[0]?.leaderElection;
const KILLED_AND_RESTARTED = {
  p0: [
    { from: 0, to: 40 },
    { from: 60, to: 100 },
  ],
};

test('a graceful stop is the first line that says so', () => {
  const life = lifeOf({}, [
    [1, 'p0', banner],
    [50, 'p0', { kind: 'process.stopping', how: 'signal', signal: 15 }],
    [50.2, 'p0', { kind: 'process.stopping', how: 'chain-stop', signal: null }],
    [50.3, 'p0', { kind: 'election.stopping', channel: 'trade' }],
  ]);
  assert.deepEqual(
    life.stops.map((s) => [secondsOf(s.at), s.how, s.basis]),
    [[50, 'asked', 'log']],
  );
  assert.deepEqual(life.stops[0]?.evidence, [{ source: 'logs/p0.log', line: 2 }]);
});

test('a killed process ended at its last line before the next start', () => {
  const life = lifeOf({ lives: KILLED_AND_RESTARTED }, [
    [0, 'p0', banner],
    [60, 'p0', banner, 1],
  ]);
  assert.deepEqual(
    life.starts.map((s) => [secondsOf(s.at), s.incarnation, s.basis]),
    [
      [0, 0, 'log'],
      [60, 1, 'log'],
    ],
  );
  assert.deepEqual(
    life.stops.map((s) => [secondsOf(s.at), s.how, s.basis]),
    [[40, 'silent', 'last-line']],
  );
});

test("Docker's FinishedAt between the last line and the next start is better", () => {
  const container = buildContainer('p0', { startedAt: at(59.5), finishedAt: at(43) });
  const life = lifeOf({ lives: KILLED_AND_RESTARTED, containers: [container] }, []);
  assert.deepEqual(
    life.stops.map((s) => [secondsOf(s.at), s.basis]),
    [[43, 'docker']],
  );
  assert.deepEqual(life.stops[0]?.evidence, [container.finishedEvidence]);
  assert.equal(life.starts.length, 2, "Docker's start is that of the second life, not a third");
});

test("Docker's FinishedAt of another life says nothing about this one", () => {
  const container = buildContainer('p0', { startedAt: at(59.5), finishedAt: at(20) });
  assert.equal(lifeOf({ lives: KILLED_AND_RESTARTED, containers: [container] }, []).stops[0]?.basis, 'last-line');
});

test('a container that is down has ended; one that started after its log ends has ended before', () => {
  const down = buildContainer('p0', { running: false, finishedAt: at(101) });
  assert.deepEqual(
    lifeOf({ containers: [down] }, []).stops.map((s) => [secondsOf(s.at), s.basis]),
    [[101, 'docker']],
  );
  const again = buildContainer('p0', { startedAt: at(150), finishedAt: at(120) });
  const life = lifeOf({ containers: [again] }, []);
  assert.deepEqual(
    life.stops.map((s) => [secondsOf(s.at), s.basis]),
    [[120, 'docker']],
  );
  assert.deepEqual(
    life.starts.map((s) => [secondsOf(s.at), s.basis]),
    [
      [0, 'log'],
      [150, 'docker'],
    ],
  );
});

test("the packets' word for a kill is better than the last line", () => {
  const evidence = { source: 'packets/a.pcap', frame: 99 };
  const silent = [{ node: 'p0', at: at(45), evidence }];
  const stop = lifeOf({ lives: KILLED_AND_RESTARTED }, [], silent).stops[0];
  assert.deepEqual([secondsOf(stop?.at ?? null), stop?.basis, stop?.evidence], [45, 'packets', [evidence]]);
  const early = [{ node: 'p0', at: at(20), evidence }];
  assert.equal(lifeOf({ lives: KILLED_AND_RESTARTED }, [], early).stops[0]?.basis, 'last-line', 'it wrote lines after that moment');
});

test('silence is no stop, neither at the end of a log nor before a piece that is no start', () => {
  assert.deepEqual(lifeOf({ lives: { p0: [{ from: 0, to: 10 }] } }, []).stops, []);
  const pieces = {
    p0: [
      { from: 0, to: 10 },
      { from: 50, to: 100, logged: false },
    ],
  };
  assert.deepEqual(lifeOf({ lives: pieces }, []).stops, []);
});

test('a log that begins in the middle has no start, but what it tells of its configuration counts', () => {
  const life = lifeOf({ lives: { p0: [{ from: 30, to: 100, logged: false }] } }, [[40, 'p0', { kind: 'election.leader-known', pkiId: null }]]);
  assert.deepEqual(life.starts, []);
  assert.equal(life.unstarted?.leaderElection, 'dynamic');
});

test('what a log shows of elections outranks what was configured', () => {
  const configured: Said[] = [
    [1, 'p0', settings({ 'peer.gossip.useleaderelection': 'false', 'peer.gossip.orgleader': 'true' })],
    [2, 'p0', identified('p0')],
  ];
  assert.equal(modeOf({}, configured), 'static-leader');
  for (const body of [
    { kind: 'election.leader-elected', channel: 'trade' },
    { kind: 'election.leader-known', pkiId: null },
    { kind: 'election.stopping', channel: 'trade' },
  ] as const) {
    assert.equal(modeOf({}, [...configured, [7, 'p0', body]]), 'dynamic', body.kind);
  }
});

test('a peer that pulls without an election is a static leader; without any evidence the mode is unknown', () => {
  const pulls: Said = [5, 'p0', { kind: 'deliver.service-started', channel: 'trade', disseminates: true }];
  assert.equal(modeOf({}, [pulls]), 'static-leader');
  assert.equal(modeOf({}, [pulls, [6, 'p0', { kind: 'election.leader-elected', channel: 'trade' }]]), 'dynamic');
  assert.equal(modeOf({}, []), 'unknown');
});

test('half a configuration decides nothing; a static follower shows in a whole one', () => {
  const printed = (of: Readonly<Record<string, string>>): readonly Said[] => [
    [1, 'p0', settings(of)],
    [2, 'p0', identified('p0')],
  ];
  assert.equal(modeOf({}, printed({ 'peer.gossip.useleaderelection': 'false' })), 'unknown');
  assert.equal(modeOf({}, printed({ 'peer.gossip.useleaderelection': 'false', 'peer.gossip.orgleader': 'false' })), 'static-follower');
  const told: Said = [2, 'p0', { kind: 'election.mode-told', mode: 'static-follower', channel: 'trade' }];
  assert.equal(modeOf({}, [told]), 'static-follower');
});

test("a printed file that the environment overrides says nothing alone, and the rest beside the container's environment", () => {
  const file: Said[] = [
    [
      1,
      'p0',
      settings({ 'peer.id': 'jdoe', 'peer.gossip.useleaderelection': 'false', 'peer.gossip.orgleader': 'true', 'peer.gossip.pullinterval': '4s' }),
    ],
    [2, 'p0', identified('p0')],
  ];
  const alone = lifeOf({}, file).starts[0];
  assert.equal(alone?.leaderElection, 'unknown');
  assert.deepEqual(alone?.settings, {});
  const container = buildContainer('p0', {
    environment: { CORE_PEER_ID: 'p0', CORE_PEER_GOSSIP_ORGLEADER: 'false', CORE_PEER_GOSSIP_BOOTSTRAP: 'p1:7051 p2:7051' },
  });
  const both = lifeOf({ containers: [container] }, file).starts[0];
  assert.equal(both?.leaderElection, 'static-follower');
  assert.equal(both?.settings['peer.gossip.pullinterval'], '4s');
  assert.deepEqual(both?.bootstrap, ['p1:7051', 'p2:7051']);
});

test('an empty variable does not unset what the file says', () => {
  const container = buildContainer('p0', { environment: { CORE_PEER_GOSSIP_USELEADERELECTION: '' } });
  assert.equal(modeOf({ containers: [container] }, [[1, 'p0', settings({ 'peer.gossip.useleaderelection': 'true' })]]), 'dynamic');
});

test('a node is down between its stop and its next start', () => {
  const life = lifeOf({ lives: KILLED_AND_RESTARTED }, []);
  assert.deepEqual(
    [20, 50, 70].map((s) => isDown(life, at(s))),
    [false, true, false],
  );
  assert.equal(startAt(life, at(50))?.incarnation, 0);
  assert.equal(startAt(life, at(70))?.incarnation, 1);
});

const started: EventBody = { kind: 'container.started', container: 'p0' };
const died = (exitCode: number): EventBody => ({ kind: 'container.died', container: 'p0', exitCode });
const signalled: EventBody = { kind: 'container.signalled', container: 'p0', signal: null };

test("Docker's events tell when a killed process ended, and how", () => {
  const life = lifeOf({ lives: KILLED_AND_RESTARTED }, [
    [0, 'p0', banner],
    [44, 'p0', signalled],
    [44.1, 'p0', died(137)],
    [59.8, 'p0', started],
    [60, 'p0', banner, 1],
  ]);
  assert.deepEqual(
    life.stops.map((s) => [secondsOf(s.at), s.how, s.basis, s.exitCode, s.dockerSaid, s.incarnation]),
    [[44.1, 'silent', 'docker', 137, 'signalled', 0]],
  );
  assert.deepEqual(
    life.starts.map((s) => [secondsOf(s.at), s.basis]),
    [
      [0, 'log'],
      [60, 'log'],
    ],
    'the log’s word stays where both tell one start',
  );
});

test("the log's word for a stop stays, with the exit code that Docker adds", () => {
  const life = lifeOf({}, [
    [1, 'p0', banner],
    [50, 'p0', { kind: 'process.stopping', how: 'signal', signal: 15 }],
    [52, 'p0', died(0)],
  ]);
  assert.deepEqual(
    life.stops.map((s) => [secondsOf(s.at), s.how, s.basis, s.exitCode, s.evidence.length]),
    [[50, 'asked', 'log', 0, 2]],
  );
});

test('a node without a log has its lives by Docker, also those that follow one another quickly', () => {
  const network = buildNetwork({ peers: ['p1'], containers: [buildContainer('p0', { startedAt: null })] });
  const events = buildEvents([1, 'p0', started], [2, 'p0', died(1)], [3, 'p0', started], [4, 'p0', died(1)], [5, 'p0', started]);
  const life = lifecyclesOf(network, events, []).get('p0') as Lifecycle;
  assert.deepEqual(
    [life.starts.map((s) => [secondsOf(s.at), s.basis]), life.stops.map((s) => [secondsOf(s.at), s.basis, s.dockerSaid])],
    [
      [
        [1, 'docker'],
        [3, 'docker'],
        [5, 'docker'],
      ],
      [
        [2, 'docker', undefined],
        [4, 'docker', undefined],
      ],
    ],
  );
  assert.deepEqual([isDown(life, at(2.5)), isDown(life, at(3.5))], [true, false]);
});

test('a line of a container that is no Fabric process is no start where Docker tells its lives', () => {
  const network = buildNetwork({
    containers: [buildContainer('cc', { role: 'client', purpose: 'chaincode', startedAt: null })],
    lives: { cc: [{ from: 60, to: 60 }] },
  });
  const events = buildEvents([1, 'cc', started], [61, 'cc', died(0)]);
  const life = lifecyclesOf(network, events, []).get('cc') as Lifecycle;
  assert.deepEqual(
    [life.starts.map((s) => [secondsOf(s.at), s.basis]), life.stops.map((s) => [secondsOf(s.at), s.basis])],
    [[[1, 'docker']], [[61, 'docker']]],
  );
});
