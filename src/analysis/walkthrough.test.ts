import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildAnalysis, buildChannel, buildChannelPeer, buildNode } from '../../test/builders/analysis-builder.js';
import type { Analysis, Block, BlockCopy, Suspicion } from './contract.js';
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
