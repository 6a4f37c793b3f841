import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  at,
  buildEvents,
  buildNetwork,
  buildRun,
  lifecyclesOf,
  type NetworkParts,
  reconstruct,
  type Said,
  secondsOf,
} from '../../test/builders/timeline-builder.js';
import type { EventBody } from '../events/event.js';
import { type ContactsRead, reconstructContacts } from './contact.js';

const started = (seconds: number, node: string, bootstrap: readonly string[]): readonly Said[] => [
  [seconds, node, { kind: 'process.banner', role: 'peer', fabricVersion: null }],
  [seconds, node, { kind: 'gossip.initialized', endpoint: `${node}:7051`, bootstrap }],
];
const member = (endpoint: string, pkiId: string | null = null) => ({ endpoint, internalEndpoint: null, pkiId });
const call = (service: string, method: string, parts: Partial<Extract<EventBody, { kind: 'rpc.completed' }>> = {}): EventBody => ({
  kind: 'rpc.completed',
  service,
  method,
  address: '10.0.0.1:40000',
  subject: null,
  deadline: null,
  durationMicros: 2_000_000,
  code: 'OK',
  error: null,
  ...parts,
});

function contactsIn(said: readonly Said[], parts: NetworkParts = { peers: ['p0', 'p1'], orderers: ['o0'] }): ContactsRead {
  const network = buildNetwork(parts);
  const events = buildEvents(...said);
  const resolve = (address: string) => (address.startsWith('10.0.0.1') ? 'p1' : null);
  return reconstruct(reconstructContacts(network, resolve), events)(lifecyclesOf(network, events));
}
const attemptsOf = (c: ContactsRead) => c.attempts.map((a) => [a.peer, a.target, a.kind, a.outcome, secondsOf(a.at)]);

test('a peer that could not be reached is a bootstrap peer, an anchor peer, or nobody knows which', () => {
  const failed: EventBody = { kind: 'gossip.connect-failed', target: member('p1:7051'), reason: 'context deadline exceeded' };
  const anchors: EventBody = { kind: 'channel.anchors-learned', channel: 'trade', mspId: 'NorthMSP', anchors: ['p1:7051'] };
  assert.deepEqual(attemptsOf(contactsIn([...started(0, 'p0', ['p1:7051']), [3, 'p0', failed]])), [['p0', 'p1:7051', 'bootstrap', 'unreachable', 3]]);
  assert.deepEqual(attemptsOf(contactsIn([...started(0, 'p0', []), [2, 'p0', anchors], [3, 'p0', failed]])), [
    ['p0', 'p1:7051', 'anchor', 'unreachable', 3],
  ]);
  assert.equal(contactsIn([...started(0, 'p0', ['p1:7051']), [2, 'p0', anchors], [3, 'p0', failed]]).attempts[0]?.kind, 'unknown');
  assert.equal(contactsIn([...started(0, 'p0', ['p1:7051']), [3, 'p0', failed], [4, 'p0', anchors]]).attempts[0]?.kind, 'bootstrap', 'learned later');
});

test('a failed deep probe is of an anchor peer, and a suspicion', () => {
  const c = contactsIn([[3, 'p0', { kind: 'gossip.deep-probe-failed', target: 'p1:7051', channel: 'trade', reason: 'refused' }]]);
  assert.deepEqual(attemptsOf(c), [['p0', 'p1:7051', 'anchor', 'unreachable', 3]]);
  assert.deepEqual(
    c.suspicions.map((s) => [s.observer, s.subject, s.kind]),
    [['p0', 'p1', 'probe-failed']],
  );
});

test('the own endpoint among the bootstrap peers is skipped, also the one used inside the organization', () => {
  assert.deepEqual(attemptsOf(contactsIn(started(1, 'p0', ['p0:7051']))), [['p0', 'p0:7051', 'bootstrap', 'self', 1]]);
  const both = buildRun('p0', { endpoints: ['outside:7051', 'p0:7051'] });
  const network = buildNetwork({ runs: [both] });
  const name = network.directory.nodeOfEndpoint('p0:7051') as string;
  assert.deepEqual(attemptsOf(contactsIn(started(1, name, ['p0:7051']), { runs: [both] })), [[name, 'p0:7051', 'bootstrap', 'self', 1]]);
});

test("a bootstrap peer was reached when its own log shows the caller after the caller's start and before its next", () => {
  const ping = call('gossip.Gossip', 'Ping');
  const reached = contactsIn([...started(1, 'p1', ['p0:7051']), [6, 'p0', ping], [9, 'p0', ping]]);
  assert.deepEqual(attemptsOf(reached), [['p1', 'p0:7051', 'bootstrap', 'connected', 4]]);
  assert.deepEqual(attemptsOf(contactsIn([[2, 'p0', ping], ...started(5, 'p1', ['p0:7051'])])), [], 'before the start');
});

test('a call is told from its beginning: ping, probe with a deadline, stream without', () => {
  const c = contactsIn([
    [6, 'p0', call('gossip.Gossip', 'Ping')],
    [7, 'p0', call('gossip.Gossip', 'GossipStream', { deadline: at(9) })],
    [8, 'p0', call('gossip.Gossip', 'GossipStream')],
    [9, 'p0', call('gossip.Gossip', 'GossipStream', { address: '10.9.9.9:1', subject: 'CN=p1,OU=peer' })],
    [10, 'p0', call('gossip.Gossip', 'Ping', { address: '10.9.9.9:1' })],
    [11, 'p0', call('protos.Endorser', 'ProcessProposal')],
  ]);
  assert.deepEqual(
    c.contacts.map((x) => [x.from, x.to, x.kind, secondsOf(x.at)]),
    [
      ['p1', 'p0', 'ping', 4],
      ['p1', 'p0', 'probe', 5],
      ['p1', 'p0', 'stream', 6],
      ['p1', 'p0', 'stream', 7],
    ],
  );
});

test("an orderer's Deliver call has its client; without a duration its beginning is unknown", () => {
  const c = contactsIn([
    [60, 'o0', call('orderer.AtomicBroadcast', 'Deliver', { durationMicros: 50_000_000 })],
    [61, 'o0', call('orderer.AtomicBroadcast', 'Deliver', { durationMicros: null })],
    [62, 'o0', call('orderer.AtomicBroadcast', 'Broadcast')],
  ]);
  assert.deepEqual(
    c.deliverCalls.map((d) => [d.orderer, d.client, secondsOf(d.openedAt), secondsOf(d.closedAt)]),
    [
      ['o0', 'p1', 10, 60],
      ['o0', 'p1', null, 61],
    ],
  );
});

test('suspicions name their subject by PKI-ID, else by endpoint, else as the line does', () => {
  const c = contactsIn(
    [
      [1, 'p0', { kind: 'gossip.peer-unresponsive', remote: member('gone:7051', 'bb'), reason: 'EOF' }],
      [2, 'p0', { kind: 'gossip.peer-silent', pkiId: 'bb', silentText: '25.1s' }],
      [3, 'p0', { kind: 'gossip.members-expired', pkiIds: ['bb', 'cc'] }],
      [4, 'p0', { kind: 'gossip.connection-failed', remote: member('gone:7051'), reason: 'refused' }],
    ],
    { runs: [buildRun('p0'), buildRun('p1', { pkiIds: ['bb'] })] },
  );
  assert.deepEqual(
    c.suspicions.map((s) => [s.kind, s.subject, s.reason]),
    [
      ['not-responsive', 'p1', 'EOF'],
      ['silent', 'p1', 'nothing heard for 25.1s'],
      ['expired', 'p1', null],
      ['expired', 'cc', null],
      ['connection-failed', 'gone:7051', 'refused'],
    ],
  );
});
