import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type GossipNetwork, playGossip, readNetwork } from '../../test/builders/gossip-network.js';
import { at, buildConnection } from '../../test/builders/timeline-builder.js';
import type { ObservedConnection, SizeRuns } from '../events/connection.js';
import { instantOfMicros } from '../events/instant.js';
import { deliverTransfers } from './ciphertext-transfers.js';
import type { ConnectionFacts } from './connectivity.js';
import type { PurposeTraffic, WireTransfer } from './wire-facts.js';
import { duplicatesOf, readWirePurposes } from './wire-purposes.js';
import { aliveBytes, leadershipBytes, stateInfoBytes, stateInfoRequestBytes } from './wire-sizes.js';

const ENDPOINT = 'peer0.example:7051'.length;

function small(...messages: readonly (readonly [bytes: number, count: number])[]): readonly SizeRuns[] {
  return messages.map(([bytes, count]) => ({ bytes, total: bytes * count, runs: [{ from: at(1), to: at(50), count }] }));
}

function link(from: string, to: string, parts: Partial<ObservedConnection>): ConnectionFacts {
  const observed = buildConnection('10.0.0.1', '10.0.0.2', 0, 60, parts);
  return { from, to, observed, evidence: [{ source: observed.source, frame: 1 }] };
}

const burst = (second: number, bytes: number, frame: number) => ({
  firstAt: at(second),
  lastAt: at(second),
  firstFrame: frame,
  lastFrame: frame,
  bytes,
});

function transfer(from: string, to: string, second: number, frame: number, parts: Partial<WireTransfer> = {}): WireTransfer {
  return {
    from,
    to,
    channel: 'ch',
    group: 0,
    block: 1,
    kind: 'push',
    basis: 'packets',
    confidence: 0.998,
    firstAt: at(second),
    lastAt: at(second),
    bytes: 5000,
    evidence: [{ source: 'packets/a.pcap', frame }],
    ...parts,
  };
}

const kindOf = (name: string): 'peer' | 'orderer' | 'client' => (name.startsWith('o') ? 'orderer' : name.startsWith('c') ? 'client' : 'peer');

function purposesOf(connections: readonly ConnectionFacts[], transfers: readonly WireTransfer[] = [], leaders: readonly string[] = []) {
  return readWirePurposes({
    connections,
    transfers,
    channelBytes: new Map([['ch', 2]]),
    kindOf,
    endpointBytes: [ENDPOINT],
    leaders: new Set(leaders),
  });
}

const brief = (traffic: readonly PurposeTraffic[]): readonly string[] =>
  traffic.map((t) => `${t.from} ${t.to} ${t.purpose} ${t.messages} ${t.bytes}`);

describe('purposes of small messages', () => {
  const purposeOf = (bytes: number, leaders: readonly string[] = []): string | undefined =>
    purposesOf([link('p', 'q', { smallMessages: { fromClient: small([bytes, 3]), fromServer: [] } })], [], leaders)[0]?.purpose;

  it('are told by lengths', () => {
    for (const bytes of [9, 13, 17, 30, 34]) assert.equal(purposeOf(bytes), 'other', `${bytes}`);
    for (const bytes of [45, 50]) assert.equal(purposeOf(bytes), 'pull', `${bytes}`);
    assert.equal(purposeOf(stateInfoRequestBytes().least), 'state-info');
    assert.equal(purposeOf(aliveBytes(ENDPOINT, null).least + 2), 'alive');
    assert.equal(purposeOf(aliveBytes(ENDPOINT, ENDPOINT).least + 2), 'alive');
    assert.equal(purposeOf(stateInfoBytes().least + 3), 'state-info');
  });

  it('a declaration is one only where its sender leads', () => {
    const bytes = leadershipBytes(2).least + 2;
    assert.equal(purposeOf(bytes, ['p']), 'leadership');
    assert.notEqual(purposeOf(bytes), 'leadership');
    assert.notEqual(purposeOf(bytes, ['q']), 'leadership');
  });

  it('are counted by sender and receiver, all bytes of all of them', () => {
    const alive = aliveBytes(ENDPOINT, null).least + 2;
    const connection = link('p', 'q', { smallMessages: { fromClient: small([alive, 3], [alive + 1, 2]), fromServer: small([alive, 4]) } });
    assert.deepEqual(brief(purposesOf([connection])), [`p q alive 5 ${3 * alive + 2 * (alive + 1)}`, `q p alive 4 ${4 * alive}`]);
  });

  it('of more sizes than are told apart are other', () => {
    const sizes: readonly SizeRuns[] = [{ bytes: 0, total: 12_345, runs: [{ from: at(1), to: at(2), count: 100 }] }];
    assert.deepEqual(brief(purposesOf([link('p', 'q', { smallMessages: { fromClient: sizes, fromServer: [] } })])), ['p q other 100 12345']);
  });
});

describe('purposes of connections', () => {
  const both = { smallMessages: { fromClient: small([200, 1]), fromServer: small([210, 1]) } };

  it("a client's, an orderer's and a probe are told as a whole", () => {
    assert.deepEqual(brief(purposesOf([link('c', 'p', both)])), ['c p client 1 200', 'p c client 1 210']);
    assert.deepEqual(brief(purposesOf([link('o1', 'o2', both)])), ['o1 o2 other 1 200', 'o2 o1 other 1 210']);
    const probe = { ...both, lastAt: at(0.5), closedAt: at(0.5), payloadBytes: { fromClient: 2000, fromServer: 2000 } };
    assert.deepEqual(brief(purposesOf([link('p', 'q', probe)])), ['p q probe 1 200', 'q p probe 1 210']);
    const bursts = { fromClient: [burst(1, 1000, 2)], fromServer: [burst(2, 9000, 3)] };
    assert.deepEqual(brief(purposesOf([link('p', 'o', { ...both, bursts })])), ['o p deliver 2 9210', 'p o deliver 2 1200']);
    const submitting = { fromClient: [1, 2, 3, 4].map((n) => burst(n, 5000, n)), fromServer: [] };
    assert.deepEqual(brief(purposesOf([link('p', 'o', { bursts: submitting })])), ['p o client 4 20000']);
  });

  it('what is not encrypted is left to those who can read it', () => {
    assert.deepEqual(purposesOf([link('p', 'q', { ...both, protocol: 'http2' })]), []);
  });
});

describe('purposes of large messages', () => {
  it('are those of the transfers that they carry, once each', () => {
    const bursts = { fromClient: [burst(1, 5000, 10), burst(2, 7000, 20), burst(3, 900, 30)], fromServer: [burst(4, 5100, 40)] };
    const transfers = [
      transfer('o', 'p', 0.5, 5, { kind: 'deliver' }),
      transfer('p', 'q', 1, 10),
      transfer('p', 'q', 2, 20, { block: 2, kind: 'pull', bytes: 3400 }),
      transfer('p', 'q', 2, 20, { block: 3, kind: 'pull', bytes: 3500 }),
      transfer('q', 'p', 4, 40, { bytes: 5100 }),
    ];
    assert.deepEqual(brief(purposesOf([link('p', 'q', { bursts })], transfers)), [
      'o p deliver 1 5000',
      'p q alive 1 900',
      'p q block-push 1 5000',
      'p q pull 2 7000',
      'q p duplicate 1 5100',
    ]);
  });

  it('a push is a duplicate where its receiver had the block in whole', () => {
    const first = transfer('a', 'p', 1, 1);
    const overtaking = transfer('b', 'p', 0.9, 2, { firstAt: instantOfMicros(at(0.9)) });
    const other = transfer('b', 'p', 2, 3, { block: 2 });
    const pull = transfer('c', 'p', 5, 4, { kind: 'pull' });
    assert.deepEqual([...duplicatesOf([first, overtaking, other, pull])], [first]);
  });

  it('what plaintext tells is counted elsewhere', () => {
    assert.deepEqual(purposesOf([], [transfer('p', 'q', 1, 1, { basis: 'plaintext' })]), []);
  });
});

describe('the purposes of a whole network', () => {
  const network = playGossip({ seed: 71, organizations: [6, 4], seconds: 60, channels: [{ name: 'ch', blocks: 60 }] });
  const { deliveries, ciphertext } = readNetwork(network);
  const transfers = [...deliverTransfers(deliveries), ...ciphertext.transfers];
  const traffic = readWirePurposes({
    connections: network.connections,
    transfers,
    channelBytes: ciphertext.channelBytes,
    kindOf: network.kindOf,
    endpointBytes: network.endpointBytes,
    leaders: new Set(deliveries.series.map((s) => s.peer)),
  });
  const sum = (purpose: string, key: 'messages' | 'bytes'): number => traffic.filter((t) => t.purpose === purpose).reduce((n, t) => n + t[key], 0);

  it('each block is pushed to each peer once where it is needed, the rest are duplicates', () => {
    const needed = [...network.firstFrom.values()].filter((from) => network.kindOf(from) === 'peer').length;
    assert.equal(sum('block-push', 'messages') + sum('pull', 'messages') >= needed, true);
    const pushes = network.transfers.filter((t) => t.kind === 'push').length;
    const said = sum('block-push', 'messages') + sum('duplicate', 'messages');
    assert.ok(said >= 0.99 * pushes && said <= 1.01 * pushes);
  });

  it('only leaders send declarations, and every pair has alive messages', () => {
    const leaders = new Set(network.terms.map((t) => t.peer));
    const declaring = traffic.filter((t) => t.purpose === 'leadership');
    assert.ok(declaring.length >= 8 && declaring.every((t) => leaders.has(t.from)));
    assert.ok(traffic.filter((t) => t.purpose === 'alive').length > 60);
  });

  it('no byte is lost or counted twice', () => {
    const total = network.connections.reduce((n, { observed: { payloadBytes: p } }) => n + p.fromClient + p.fromServer, 0);
    const told = traffic.reduce((n, t) => n + t.bytes, 0);
    assert.ok(Math.abs(told - total) < 0.001 * total, `${told} of ${total}`);
  });
});

describe('whatever was captured', () => {
  it('all small messages are counted, each once, and nothing is negative', () => {
    const sizes = fc.array(fc.tuple(fc.nat(499), fc.integer({ min: 1, max: 50 })), { maxLength: 10 });
    const some = fc.record({ from: fc.constantFrom('p', 'q', 'c'), to: fc.constantFrom('p', 'o', 'x'), fromClient: sizes, fromServer: sizes });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 6 }), (list) => {
        const connections = list.map(({ from, to, fromClient, fromServer }) =>
          link(from, to, { smallMessages: { fromClient: small(...fromClient), fromServer: small(...fromServer) } }),
        );
        const traffic: readonly PurposeTraffic[] = purposesOf(connections);
        const messages = list.flatMap((l) => [...l.fromClient, ...l.fromServer]);
        assert.equal(
          traffic.reduce((n, t) => n + t.messages, 0),
          messages.reduce((n, [, count]) => n + count, 0),
        );
        assert.equal(
          traffic.reduce((n, t) => n + t.bytes, 0),
          messages.reduce((n, [bytes, count]) => n + bytes * count, 0),
        );
        for (const t of traffic) assert.ok(t.messages > 0 && t.bytes >= 0 && t.basis === 'packets');
        assert.equal(new Set(traffic.map((t) => `${t.from} ${t.to} ${t.purpose}`)).size, traffic.length);
      }),
    );
  });

  it('a whole network does not depend on the order of its connections', () => {
    const network: GossipNetwork = playGossip({ seed: 72, seconds: 20, channels: [{ name: 'ch', blocks: 10 }] });
    const { ciphertext } = readNetwork(network);
    const read = (connections: readonly ConnectionFacts[]) =>
      readWirePurposes({
        connections,
        transfers: ciphertext.transfers,
        channelBytes: ciphertext.channelBytes,
        kindOf: network.kindOf,
        endpointBytes: network.endpointBytes,
        leaders: new Set(),
      });
    assert.deepEqual(read(network.connections), read(network.connections.toReversed()));
  });
});
