import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildConnection, buildNetwork, secondsOf } from '../../test/builders/timeline-builder.js';
import { assertWithin, machineSlowness } from '../../test/machine-speed.js';
import type { CertificateNames, ObservedConnection } from '../events/connection.js';
import { type ConnectivityFacts, deliverStreamsOf, identifyConnections, type ToldAddress } from './connectivity.js';

const certificate = (commonName: string): CertificateNames => ({ commonName, organizations: [], dnsNames: [], addresses: [] });
const shows = (name: string): Partial<ObservedConnection> => ({ serverCertificate: certificate(name), serverName: name });
/** Both sides talk unasked every few seconds, as gossip does. */
const talk = (from: number, to: number): Partial<ObservedConnection> => ({
  traffic: Array.from({ length: to - from }, (_, i) => ({
    second: Math.floor(at(from) / 1_000_000) + i,
    fromClient: i % 2 === 0 ? 300 : 0,
    fromServer: i % 2 === 0 ? 0 : 300,
  })),
});
/** A small request, then blocks from the server. */
const blocks = (from: number): Partial<ObservedConnection> => {
  const burst = (bytes: number, second: number) => ({ firstAt: at(second), lastAt: at(second), firstFrame: 1, lastFrame: 2, bytes });
  return {
    bursts: { fromClient: [burst(700, from)], fromServer: [burst(5000, from + 2), burst(5000, from + 9)] },
    traffic: [{ second: Math.floor(at(from) / 1_000_000) + 9, fromClient: 0, fromServer: 5000 }],
    payloadBytes: { fromClient: 700, fromServer: 10_000 },
  };
};

function identify(
  observed: readonly ObservedConnection[],
  parts: { readonly peers?: readonly string[]; readonly orderers?: readonly string[]; readonly told?: readonly ToldAddress[] } = {},
): ConnectivityFacts {
  const { directory } = buildNetwork({ peers: parts.peers ?? [], orderers: parts.orderers ?? [] });
  return identifyConnections(observed, directory, parts.told ?? [], [{ source: 'packets/a.pcap', from: at(0), to: at(100) }]);
}
const pairsOf = (f: ConnectivityFacts) => f.connections.map((c) => [c.from, c.to]);
const streamsOf = (f: ConnectivityFacts, orderers: readonly string[] = []) =>
  deliverStreamsOf(f.connections, (name) => (orderers.includes(name) ? 'orderer' : (f.wireNodes.find((n) => n.name === name)?.kind ?? null)));
const kindsOf = (f: ConnectivityFacts) => Object.fromEntries(f.wireNodes.map((n) => [n.name, n.kind]));

test('a certificate names its owner, and the address from then on', () => {
  const f = identify([
    buildConnection('10.0.0.1', '10.0.0.2', 1, 50, { ...shows('peer1'), clientCertificate: certificate('peer0') }),
    buildConnection('10.0.0.2', '10.0.0.1', 5, 50),
  ]);
  assert.deepEqual(pairsOf(f), [
    ['peer0', 'peer1'],
    ['peer1', 'peer0'],
  ]);
});

test('a name that was dialled counts when the client went on with it, else only where nothing else speaks', () => {
  const tls13 = { serverName: 'peer1', tls: '1.3' } as const;
  assert.deepEqual(pairsOf(identify([buildConnection('10.0.0.1', '10.0.0.2', 1, 50, tls13)], { peers: ['peer1'] })), [['10.0.0.1', 'peer1']]);
  const rejected = { ...tls13, payloadBytes: { fromClient: 300, fromServer: 900 } };
  const told = [{ address: '10.0.0.2', node: 'peer2', at: at(0), basis: 'log' as const }];
  assert.deepEqual(pairsOf(identify([buildConnection('10.0.0.1', '10.0.0.2', 1, 1.1, rejected)], { peers: ['peer1', 'peer2'], told })), [
    ['10.0.0.1', 'peer2'],
  ]);
});

test('logs and Docker name an address that no handshake does', () => {
  const told = [{ address: '10.0.0.1', node: 'peer0', at: at(0), basis: 'inspect' as const }];
  assert.deepEqual(pairsOf(identify([buildConnection('10.0.0.1', '10.0.0.2', 1, 50, shows('peer1'))], { peers: ['peer0', 'peer1'], told })), [
    ['peer0', 'peer1'],
  ]);
});

test('an address that moves belongs to each node in its time', () => {
  const f = identify([
    buildConnection('10.0.0.9', '10.0.0.2', 1, 20, shows('peer1')),
    buildConnection('10.0.0.9', '10.0.0.2', 60, 80, shows('peer2')),
    buildConnection('10.0.0.2', '10.0.0.9', 10, 20),
    buildConnection('10.0.0.2', '10.0.0.9', 70, 80),
  ]);
  assert.deepEqual(
    f.connections.filter((c) => c.to === '10.0.0.9').map((c) => c.from),
    ['peer1', 'peer2'],
  );
});

test('an address that several nodes hold at once names nobody; their ports tell them apart', () => {
  const f = identify([
    buildConnection('10.0.0.5:50001', '10.0.0.5:7051', 1, 50, shows('peer1')),
    buildConnection('10.0.0.5:50002', '10.0.0.5:8051', 2, 50, shows('peer2')),
    buildConnection('10.0.0.5:50003', '10.0.0.5:7051', 30, 50),
    buildConnection('10.0.0.5:50004', '10.0.0.5:8051', 31, 50, shows('peer2')),
  ]);
  assert.deepEqual(pairsOf(f), [
    ['10.0.0.5', 'peer1'],
    ['10.0.0.5', 'peer2'],
    ['10.0.0.5', 'peer1'],
    ['10.0.0.5', 'peer2'],
  ]);
});

test('with packets alone a node is what it does', () => {
  const [a, b, c, o, cli] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.7', '10.0.0.8'] as const;
  const f = identify([
    buildConnection(a, b, 0, 90, talk(0, 90)),
    buildConnection(b, c, 0, 90, talk(0, 90)),
    buildConnection(c, a, 0, 90, talk(0, 90)),
    buildConnection(a, `${o}:7050`, 5, 90, blocks(5)),
    buildConnection(cli, b, 20, 20.5, { payloadBytes: { fromClient: 3000, fromServer: 800 } }),
  ]);
  assert.deepEqual(kindsOf(f), { [a]: 'peer', [b]: 'peer', [c]: 'peer', [o]: 'orderer', [cli]: 'client' });
  assert.deepEqual(
    streamsOf(f).map((s) => [s.from, s.to, secondsOf(s.observed.synAt)]),
    [[a, o, 5]],
  );
});

test('orderers that talk among themselves are orderers, also those that serve nobody', () => {
  const f = identify([
    buildConnection('10.0.0.1', '10.0.0.2', 0, 90, talk(0, 90)),
    buildConnection('10.0.0.2', '10.0.0.1', 1, 90, talk(1, 90)),
    buildConnection('10.0.0.7', '10.0.0.8:7050', 0, 90, talk(0, 90)),
    buildConnection('10.0.0.8', '10.0.0.7:7050', 0, 90, talk(0, 90)),
    buildConnection('10.0.0.1', '10.0.0.7:7050', 5, 90, blocks(5)),
  ]);
  assert.deepEqual(kindsOf(f), { '10.0.0.1': 'peer', '10.0.0.2': 'peer', '10.0.0.7': 'orderer', '10.0.0.8': 'orderer' });
});

test('a connection on which the peer submits is no block stream', () => {
  const burst = { firstAt: at(5), lastAt: at(5), firstFrame: 1, lastFrame: 2, bytes: 4000 };
  const submits = { bursts: { fromClient: [burst, burst, burst, burst, burst], fromServer: [] } };
  assert.deepEqual(
    streamsOf(identify([buildConnection('10.0.0.1', '10.0.0.7:7050', 0, 50, { ...submits, ...shows('o0') })], { orderers: ['o0'] }), ['o0']),
    [],
  );
});

test('a host that only ever failed to answer is no node, and a failed dial of a known one stays', () => {
  const refused = { outcome: 'refused' as const, protocol: 'unknown' as const, tls: null };
  assert.deepEqual(pairsOf(identify([buildConnection('10.0.0.1', '10.0.0.66', 1, 1, refused)])), []);
  const told = ['peer0', 'peer1'].map((node, i) => ({ address: `10.0.0.${i + 1}`, node, at: at(0), basis: 'log' as const }));
  assert.deepEqual(pairsOf(identify([buildConnection('10.0.0.1', '10.0.0.2', 1, 1, refused)], { peers: ['peer0', 'peer1'], told })), [
    ['peer0', 'peer1'],
  ]);
});

test('connections of other software are told as foreign, each once', () => {
  const f = identify([buildConnection('10.0.0.1', '10.0.0.2:5984', 1, 9, { protocol: 'http1', tls: 'none' })]);
  assert.deepEqual([f.connections.length, f.foreign.length, f.wireNodes.length], [0, 1, 0]);
});

const PEERS = ['peer0', 'peer1', 'peer2', 'peer3'] as const;
const told = PEERS.map((node, i) => ({ address: `10.0.0.${i}`, node, at: at(0), basis: 'log' as const }));
const between = (a: number, b: number, parts: Partial<ObservedConnection> = {}) => buildConnection(`10.0.0.${a}`, `10.0.0.${b}`, 1, 90, parts);

test('two peers that a capture shows with others and never with one another are a silent pair', () => {
  const f = identify([between(0, 1), between(1, 2), between(2, 3), between(3, 0)], { peers: PEERS, told });
  assert.deepEqual(
    f.silentPairs.map((p) => p.peers),
    [
      ['peer0', 'peer2'],
      ['peer1', 'peer3'],
    ],
  );
  assert.ok(f.silentPairs.every((p) => p.evidence.length > 0));
});

test('a capture whose connections all share one node knows nothing of the rest', () => {
  assert.deepEqual(identify([between(0, 1), between(2, 0), between(0, 3)], { peers: PEERS, told }).silentPairs, []);
});

test('a node that closes all it has at once and stays silent was killed then', () => {
  const ends = (to: number, closedBy: 'client' | 'server') => ({ lastAt: at(to), closedAt: at(to), closedFrame: 77, closedBy });
  const f = identify([between(0, 1, ends(40, 'client')), between(2, 0, ends(40.2, 'server')), between(1, 2)], { peers: PEERS, told });
  assert.deepEqual([...new Set(f.silentHosts.map((s) => s.node))], ['peer0']);
  assert.equal(secondsOf(f.silentHosts[0]?.at ?? null), 40);
  const goesOn = identify([between(0, 1, ends(40, 'client')), between(2, 0, ends(40.2, 'server')), between(0, 3)], { peers: PEERS, told });
  assert.deepEqual(goesOn.silentHosts, [], 'another connection of it went on');
});

test('fifty thousand connections take no quadratic time', async (t) => {
  const slowness = await machineSlowness();
  const ends = (i: number) => ({ lastAt: at(i / 100 + 0.5), closedAt: at(i / 100 + 0.5), closedBy: 'both' as const });
  const many = Array.from({ length: 50_000 }, (_, i) =>
    buildConnection(`10.0.0.${i % 4}:${10_000 + i}`, `10.0.0.${(i + 1 + (i % 3)) % 4}`, i / 100, i / 100 + 0.5, ends(i)),
  );
  const begun = performance.now();
  const f = identify([...many, between(0, 1, { ...blocks(1), lastAt: at(600) })], { told });
  assert.equal(f.connections.length, 50_001);
  await assertWithin(t, performance.now() - begun, 5000, slowness);
});
