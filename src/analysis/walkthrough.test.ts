import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildAnalysis, buildChannel, buildChannelPeer, buildNode } from '../../test/builders/analysis-builder.js';
import type { Analysis, Block, BlockCopy, Node, OperatorDeed, Sentence, Source, Stop, Suspicion } from './contract.js';
import { tellWalkthrough } from './walkthrough.js';

const tell = (parts: Partial<Analysis>): readonly string[] => tellWalkthrough({ ...buildAnalysis(parts), events: [] }).map((s) => s.text);
const matching = (parts: Partial<Analysis>, pattern: RegExp): readonly string[] => tell(parts).filter((t) => pattern.test(t));

const copy = (peer: string, seconds: number): BlockCopy => ({
  peer,
  via: 'unknown',
  from: null,
  firstByteAt: null,
  lastByteAt: null,
  receivedAt: at(seconds * 1000),
  validatedAt: null,
  validationMillis: null,
  committedAt: null,
  commit: null,
  lagMicros: null,
  arrivedAt: null,
  arrivalBasis: null,
  transfers: [],
  evidence: [],
});
const block = (number: number, ...copies: readonly BlockCopy[]): Block => ({
  number,
  numberBasis: 'log',
  transactions: null,
  bytes: null,
  config: null,
  ordered: null,
  copies,
  spreadMicros: null,
});

test('blocks that a peer got only after it came back are told once, of the return that they follow', () => {
  const start = (seconds: number) => ({
    at: at(seconds * 1000),
    fabricVersion: null,
    leaderElection: 'unknown' as const,
    bootstrap: null,
    basis: 'log' as const,
    evidence: [],
  });
  const nodes = [buildNode('p0'), buildNode('p1', { starts: [start(0), start(20), start(40)] })];
  const channel = buildChannel('trade', {
    peers: [buildChannelPeer('p0', 1000), buildChannelPeer('p1', 1000)],
    blocks: [
      block(1, copy('p0', 5), copy('p1', 5.1)),
      block(2, copy('p0', 10), copy('p1', 22)),
      block(3, copy('p0', 12), copy('p1', 45)),
      block(4, copy('p0', 30), copy('p1', 46)),
      block(5, copy('p0', 50), copy('p1', 50.1)),
    ],
  });
  assert.deepEqual(matching({ nodes, channels: [channel] }, /caught up/), [
    'p1 caught up block 2 of trade.',
    'p1 caught up blocks 3 and 4 of trade in 1.0 s.',
  ]);
});

test('suspicions of one peer about one other within a minute are one story; of another peer or later, another', () => {
  const suspicion = (observer: string, subject: string, seconds: number): Suspicion => ({
    observer,
    subject,
    at: at(seconds * 1000),
    kind: 'connection-failed',
    reason: null,
    evidence: [],
  });
  const suspicions = [
    suspicion('p0', 'p1', 1),
    suspicion('p2', 'p1', 2),
    suspicion('p0', 'p1', 31),
    suspicion('p0', 'p1', 61),
    suspicion('p0', 'p1', 200),
  ];
  const gossip = { ...buildAnalysis().gossip, suspicions };
  assert.deepEqual(
    matching({ gossip }, /could not connect/).map((t) => t.slice(0, 2)),
    ['p0', 'p2', 'p0'],
  );
  assert.match(matching({ gossip }, /could not connect/)[0] ?? '', /3 lines until/);
});

test('nothing known makes no story', () => {
  assert.deepEqual(tell({ window: { from: null, to: null } }), []);
});

test('what is unknown is not told as a fact', () => {
  const [text] = tell({ nodes: [buildNode('p0', { starts: [] })] });
  assert.match(text ?? '', /of unknown Fabric version/);
  assert.doesNotMatch(text ?? '', /null|undefined|TLS|MSP/);
});

const suspicion = (seconds: number, kind: Suspicion['kind'], reason: string | null): Suspicion => ({
  observer: 'p0',
  subject: 'p1',
  at: at(seconds * 1000),
  kind,
  reason,
  evidence: [],
});
const gossipOf = (...suspicions: readonly Suspicion[]): Analysis['gossip'] => ({ ...buildAnalysis().gossip, suspicions });

test('what a peer concluded of another is told with the reason where it belongs', () => {
  assert.deepEqual(matching({ gossip: gossipOf(suspicion(5, 'not-responsive', 'EOF'), suspicion(5.1, 'expired', null)) }, /dead/), [
    'p0 could not reach p1 (EOF) and declared it dead; its channel view did not change.',
  ]);
});

const endOf = (seconds: number, parts: Partial<Stop> = {}): Stop => ({
  at: at(seconds * 1000),
  how: 'silent',
  basis: 'docker',
  evidence: [],
  ...parts,
});
const client = (name: string, purpose: NonNullable<Node['purpose']>, ...stops: readonly Stop[]): Node =>
  buildNode(name, { kind: 'client', purpose, stops });

test('containers beside the network are called what they are, and their end is no fault unless chaincode fails', () => {
  const nodes = [
    buildNode('p0', { stops: [endOf(50, { how: 'asked', basis: 'log' })] }),
    client('cli', 'command-line', endOf(48, { exitCode: 137, dockerSaid: 'signalled' })),
    client('dev-p0-cc', 'chaincode', endOf(51, { exitCode: 1 })),
    client('dev-p0-other', 'chaincode', endOf(10, { exitCode: 2 })),
    client('busy_darwin', 'build', endOf(12, { exitCode: 0 })),
  ];
  const told = tellWalkthrough({ ...buildAnalysis({ nodes }), events: [] });
  const of = (topic: Sentence['topic']) => told.filter((s) => s.topic === topic && !s.text.includes('peer')).map((s) => s.text);
  assert.deepEqual(of('start'), [
    'The command-line container cli started.',
    'The chaincode container dev-p0-cc started.',
    'The chaincode container dev-p0-other started.',
  ]);
  assert.deepEqual(of('stop'), ['The command-line container cli was stopped.', 'The chaincode container dev-p0-cc ended (exit code 1).']);
  assert.deepEqual(of('fault'), ['The chaincode container dev-p0-other died (exit code 2).']);
});

test('what the recording covers is said first, whatever the operator noted before its first line', () => {
  const noted: OperatorDeed = {
    at: at(-10_000),
    endedAt: null,
    kind: 'mark',
    text: 'up',
    actions: [],
    container: null,
    node: null,
    nodeBasis: null,
    channel: null,
    exitCode: null,
    followedBy: [],
    evidence: [],
  };
  assert.deepEqual(
    tell({ operator: [noted] }).map((t) => t.slice(0, 20)),
    ['The recording covers', 'The operator noted: '],
  );
});

test('what sums up the packets is said at the end of the last capture', () => {
  const capture = (path: string, seconds: number): Source => ({
    path,
    kind: 'packets',
    node: null,
    format: 'pcap',
    records: 1,
    unreadable: 0,
    from: at(0),
    to: at(seconds * 1000),
  });
  const stream = { orderer: 'o', peer: 'p0', channel: null, openedAt: null, closedAt: null, blocks: null, basis: 'packets' as const, evidence: [] };
  const parts = {
    nodes: [buildNode('p0'), buildNode('p1')],
    sources: [capture('a.pcap', 3), capture('b.pcap', 50)],
    ordering: { deliverStreams: [stream, { ...stream, peer: 'p1' }], raft: [] },
  };
  const summed = tellWalkthrough({ ...buildAnalysis(parts), events: [] }).filter((s) => s.topic === 'packets');
  assert.deepEqual(
    summed.map((s) => [s.at, s.text]),
    [[at(50_000), 'In the packets o delivered blocks to both peers.']],
  );
});
