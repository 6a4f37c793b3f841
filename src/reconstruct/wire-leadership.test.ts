import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type GossipNetwork, playGossip, readNetwork, withConnections } from '../../test/builders/gossip-network.js';
import { at, buildConnection, secondsOf } from '../../test/builders/timeline-builder.js';
import type { ObservedConnection, SizeRuns } from '../events/connection.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import type { ConnectionFacts } from './connectivity.js';
import type { ElectionMode } from './lifecycle.js';
import { readWireLeadership, type WireLeadership } from './wire-leadership.js';
import { leadershipBytes } from './wire-sizes.js';

interface Told {
  readonly withLogs?: boolean;
  readonly withOrganizations?: boolean;
  readonly mode?: ElectionMode;
}

function leadershipOf(network: GossipNetwork, { mode = 'unknown', ...told }: Told = {}): WireLeadership {
  const { deliveries, ciphertext } = readNetwork(network, told);
  return readWireLeadership({
    connections: network.connections,
    deliveries,
    channelBytes: ciphertext.channelBytes,
    kindOf: network.kindOf,
    modeAt: () => mode,
    areMates: ciphertext.areMates,
    silentHosts: [],
    until: network.until,
  });
}

/** Every term of the network is seen, from and to within a second and a half, and no other. */
function assertTerms(network: GossipNetwork, told: Told = {}): WireLeadership {
  const leadership = leadershipOf(network, told);
  const seen = leadership.terms.map((t) => ({ peer: t.peer, from: secondsOf(t.from) as number, to: secondsOf(t.to) }));
  const order = (a: { from: number; peer: string }, b: { from: number; peer: string }): number =>
    Math.round(a.from) - Math.round(b.from) || (a.peer < b.peer ? -1 : 1);
  const truth = [...network.terms].sort(order);
  assert.deepEqual(
    seen.sort(order).map((t) => t.peer),
    truth.map((t) => t.peer),
  );
  for (const [i, term] of seen.entries()) {
    assert.ok(Math.abs(term.from - (truth[i]?.from ?? 0)) < 1.5, `${term.peer} from ${term.from}`);
    assert.equal(term.to === null, truth[i]?.to === null);
    assert.ok(Math.abs((term.to ?? 0) - (truth[i]?.to ?? 0)) < 1.5, `${term.peer} to ${term.to}`);
  }
  for (const t of leadership.terms) assert.ok(t.basis === 'packets' && t.evidence.length > 0);
  return leadership;
}

describe('leaders that are elected', () => {
  it('are all seen, and nobody else, with logs and without', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.boolean(), fc.boolean(), (seed, withLogs, withOrganizations) => {
        const network = playGossip({ seed, seconds: 45, orderers: 2, channels: [{ name: 'ch', blocks: 40 }] });
        const { elects, terms } = assertTerms(network, { withLogs, withOrganizations });
        assert.equal(elects, true);
        assert.ok(terms.every((t) => t.endedBy === 'still-leading' && t.channel === (withLogs ? 'ch' : null)));
      }),
      { seed: 1, numRuns: 8 },
    );
  });

  it('lead each channel by itself', () => {
    const channels = [
      { name: 'ch', blocks: 40 },
      { name: 'another', blocks: 40 },
    ];
    const network = playGossip({ seed: 3, organizations: [5, 5], seconds: 45, channels });
    const seen = leadershipOf(network).terms.map((t) => `${t.channel} ${t.peer}`);
    assert.deepEqual(seen.sort(), network.terms.map((t) => `${t.channel} ${t.peer}`).sort());
  });

  it('that stop are told from those that renounce', () => {
    const stopped = assertTerms(playGossip({ seed: 8, seconds: 60, stop: { at: 15, until: null } }));
    assert.deepEqual(stopped.terms.map((t) => t.endedBy).sort(), ['still-leading', 'still-leading', 'stopped']);
    const renounced = assertTerms(playGossip({ seed: 13, seconds: 60, renounce: 15 }));
    assert.deepEqual(renounced.terms.map((t) => t.endedBy).sort(), ['renounced', 'still-leading', 'still-leading']);
  });

  it('keep their term where their orderer goes and they turn to another', () => {
    const network = playGossip({ seed: 11, seconds: 60, orderers: 2, reconnect: 15 });
    const leadership = assertTerms(network);
    assert.equal(leadership.terms.length, 2);
    assert.ok(network.connections.filter((c) => network.kindOf(c.to) === 'orderer').length > 2);
  });

  it('are not those that fetch a block by command', () => {
    for (const withLogs of [true, false]) assertTerms(playGossip({ seed: 12, seconds: 45, fetches: [12, 20, 30] }), { withLogs });
  });

  it('are seen by their declarations where no capture has the orderers', () => {
    const whole = playGossip({ seed: 14, organizations: [4, 4], seconds: 60, stop: { at: 20, until: null } });
    const network: GossipNetwork = { ...whole, connections: whole.connections.filter((c) => whole.kindOf(c.to) !== 'orderer') };
    const { elects, terms } = readWireLeadership({
      connections: network.connections,
      deliveries: { series: [], sizes: new Map() },
      channelBytes: new Map([['mychannel', 9]]),
      kindOf: network.kindOf,
      modeAt: () => 'dynamic',
      areMates: (a, b) => network.organizationOf(a) === network.organizationOf(b),
      silentHosts: [],
      until: network.until,
    });
    assert.equal(elects, true);
    assert.deepEqual([...new Set(terms.map((t) => t.peer))].sort(), [...new Set(network.terms.map((t) => t.peer))].sort());
    for (const term of terms) {
      const truth = network.terms.find((t) => t.peer === term.peer);
      assert.ok(Math.abs((secondsOf(term.from) as number) - (truth?.from ?? 0)) < 6);
      assert.ok(truth?.to === null ? term.to === null : Math.abs((secondsOf(term.to) ?? 0) - (truth?.to ?? 0)) < 6);
    }
  });
});

describe('leaders by configuration', () => {
  it('have no terms: all of an organization, or one', () => {
    for (const leaders of ['all', 'one'] as const)
      for (const withLogs of [true, false]) {
        const network = playGossip({ seed: 9, orderers: 2, seconds: 60, leaders });
        assert.deepEqual(leadershipOf(network, { withLogs }), { terms: [], elects: false }, leaders);
      }
  });

  it('what is configured outweighs what is seen', () => {
    const network = playGossip({ seed: 15, seconds: 45 });
    for (const mode of ['static-leader', 'static-follower'] as const) assert.deepEqual(leadershipOf(network, { mode }).terms, []);
    const silent = playGossip({ seed: 15, seconds: 45, leaders: 'one' });
    assert.equal(leadershipOf(silent, { mode: 'dynamic' }).terms.length, 2);
  });

  it('nothing is said where too little was captured', () => {
    const network = playGossip({ seed: 16, seconds: 45 });
    const short = withConnections(network, ({ observed }) => ({
      ...observed,
      lastAt: instantOfMicros(observed.firstAt + 9_000_000),
      smallMessages: { fromClient: [], fromServer: [] },
    }));
    assert.deepEqual(leadershipOf(short), { terms: [], elects: null });
  });
});

describe('declarations', () => {
  const { least } = leadershipBytes(2);
  const runs = (bytes: number, from: number, to: number, count: number): SizeRuns => ({
    bytes,
    total: bytes * count,
    runs: [{ from: at(from), to: at(to), count }],
  });
  const elects = (fromClient: readonly SizeRuns[], fromServer: readonly SizeRuns[] = []): boolean | null => {
    const observed: ObservedConnection = buildConnection('10.0.0.1', '10.0.0.2', 0, 60, { smallMessages: { fromClient, fromServer } });
    const connection: ConnectionFacts = { from: 'p', to: 'q', observed, evidence: [] };
    return readWireLeadership({
      connections: [connection],
      deliveries: { series: [], sizes: new Map() },
      channelBytes: new Map([['ch', 2]]),
      kindOf: () => 'peer',
      modeAt: () => 'unknown',
      areMates: () => null,
      silentHosts: [],
      until: at(60),
    }).elects;
  };

  it('are messages of their length, at their pace, one way', () => {
    assert.equal(elects([runs(least + 2, 0, 55, 12)]), true);
    assert.equal(elects([], [runs(least + 2, 0, 55, 12)]), true);
    // Of lengths that vary with the signature.
    assert.equal(elects([runs(least + 1, 0, 50, 5), runs(least + 2, 5, 55, 7)]), true);
  });

  it('are not what is shorter or longer, slower or faster, or goes both ways', () => {
    assert.equal(elects([runs(least - 1, 0, 55, 12)]), null);
    assert.equal(elects([runs(leadershipBytes(2).most + 1, 0, 55, 12)]), null);
    assert.equal(elects([runs(least + 2, 0, 55, 4)]), null);
    assert.equal(elects([runs(least + 2, 0, 55, 40)]), null);
    assert.equal(elects([runs(least + 2, 0, 5, 2)]), null);
    assert.equal(elects([runs(least + 2, 0, 55, 12)], [runs(least + 2, 0, 55, 10)]), null);
  });
});

describe('whatever was captured', () => {
  it('terms have an end after their begin, and belong to peers', () => {
    const second = fc.double({ min: 0, max: 50, noNaN: true });
    const size = fc.tuple(fc.integer({ min: 100, max: 200 }), second, second, fc.integer({ min: 1, max: 15 }));
    const link = fc.record({
      from: fc.constantFrom('p', 'q', 'o', 'c'),
      to: fc.constantFrom('p', 'q', 'o'),
      begin: second,
      length: second,
      closedBy: fc.constantFrom('client' as const, 'server' as const, 'both' as const, null),
      blocks: fc.array(fc.tuple(second, fc.integer({ min: 900, max: 60_000 })), { maxLength: 12 }),
      small: fc.array(size, { maxLength: 6 }),
      asked: fc.boolean(),
    });
    const kindOf = (name: string): 'peer' | 'orderer' | 'client' => (name === 'o' ? 'orderer' : name === 'c' ? 'client' : 'peer');
    fc.assert(
      fc.property(fc.array(link, { maxLength: 10 }), fc.constantFrom('unknown' as const, 'dynamic' as const), (links, mode) => {
        const connections = links.map((l): ConnectionFacts => {
          const burst = (s: number, bytes: number, i: number) => ({
            firstAt: at(l.begin + s),
            lastAt: at(l.begin + s),
            firstFrame: i,
            lastFrame: i,
            bytes,
          });
          const end = at(l.begin + l.length) as Instant;
          const smallMessages = l.small.map(
            ([bytes, a, b, count]): SizeRuns => ({
              bytes,
              total: bytes * count,
              runs: [{ from: at(Math.min(a, b)), to: at(Math.max(a, b)), count }],
            }),
          );
          const observed = buildConnection('10.0.0.1', '10.0.0.2', l.begin, l.begin + l.length, {
            closedAt: l.closedBy === null ? null : end,
            closedBy: l.closedBy,
            bursts: {
              fromClient: l.asked ? [burst(0, 1000, 1)] : [],
              fromServer: [...l.blocks].sort((a, b) => a[0] - b[0]).map(([s, bytes], i) => burst(s, bytes, 10 + i)),
            },
            smallMessages: { fromClient: smallMessages, fromServer: [] },
          });
          return { from: l.from, to: l.to, observed, evidence: [{ source: observed.source, frame: 1 }] };
        });
        const network: GossipNetwork = {
          connections,
          channelOf: new Map(),
          transfers: [],
          firstFrom: new Map(),
          terms: [],
          received: new Map(),
          kindOf,
          organizationOf: () => null,
          endpointBytes: [],
          until: at(110),
        };
        for (const t of leadershipOf(network, { mode }).terms) {
          assert.equal(kindOf(t.peer), 'peer');
          assert.ok(t.to === null || t.to >= t.from);
          assert.equal(t.endedBy === 'still-leading', t.to === null);
        }
      }),
    );
  });
});
