import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildEvents, buildNetwork, reconstruct, type Said, secondsOf } from '../../test/builders/timeline-builder.js';
import { type BlockFacts, type CopyFacts, type DisseminationFacts, reconstructDissemination } from './dissemination.js';

const received = (seconds: number, node: string, block: number, channel: string | null = 'trade', life = 0): Said => [
  seconds,
  node,
  { kind: 'block.received', channel, block },
  life,
];
const committed = (seconds: number, node: string, block: number, channel = 'trade', life = 0): Said => [
  seconds,
  node,
  { kind: 'block.committed', channel, block, transactions: 1, commit: null },
  life,
];
const configured = (seconds: number, node: string, channel = 'trade'): Said => [
  seconds,
  node,
  { kind: 'channel.configured', channel, organizations: 1 },
];
const arrived = (seconds: number, node: string, block: number, source: 'deliver' | 'gossip'): Said => [
  seconds,
  node,
  { kind: 'block.arrived', channel: 'trade', block, source },
];

const factsOf = (...said: readonly Said[]): DisseminationFacts =>
  reconstruct(reconstructDissemination(buildNetwork({ peers: ['p0', 'p1'], orderers: ['o0', 'o1'] })), buildEvents(...said));
const blockOf = (facts: DisseminationFacts, number: number, channel = 'trade'): BlockFacts | undefined =>
  facts.blocks.get(channel)?.find((b) => b.number === number);
const copyOf = (facts: DisseminationFacts, number: number, peer = 'p0', channel = 'trade'): CopyFacts | undefined =>
  blockOf(facts, number, channel)?.copies.find((c) => c.peer === peer);

test('a copy is the reception, validation and commit of one block at one peer, with the places that say so', () => {
  const facts = factsOf(
    received(10, 'p0', 5),
    [10.01, 'p0', { kind: 'block.validated', channel: 'trade', block: 5, millis: 8 }],
    committed(10.03, 'p0', 5),
  );
  const copy = copyOf(facts, 5);
  assert.deepEqual(
    [copy?.receivedAt, copy?.validatedAt, copy?.committedAt].map((x) => secondsOf(x ?? null)),
    [10, 10.01, 10.03],
  );
  assert.equal(copy?.validationMillis, 8);
  assert.deepEqual(
    copy?.evidence.map((e) => ('line' in e ? e.line : null)),
    [1, 2, 3],
  );
  assert.deepEqual(facts.heights.get('trade')?.get('p0')?.height, 6);
});

test('a block received twice around a crash counts from the last reception before the commit that holds', () => {
  const facts = factsOf(
    received(10, 'p0', 5),
    received(60, 'p0', 5, 'trade', 1),
    committed(60.03, 'p0', 5, 'trade', 1),
    received(70, 'p0', 5, 'trade', 1),
  );
  assert.equal(secondsOf(copyOf(facts, 5)?.receivedAt ?? null), 60);
});

test('a validation before the reception that counts belongs to the life before', () => {
  const facts = factsOf(
    received(10, 'p0', 5),
    [10.01, 'p0', { kind: 'block.validated', channel: 'trade', block: 5, millis: 8 }],
    received(60, 'p0', 5, 'trade', 1),
    committed(60.03, 'p0', 5, 'trade', 1),
  );
  assert.equal(copyOf(facts, 5)?.validatedAt, null);
});

test('a reception that names no channel is that of the commit of the same number that follows', () => {
  const facts = factsOf(received(10, 'p0', 5, null), committed(10.03, 'p0', 5), received(20, 'p0', 9, null), committed(20.03, 'p0', 9, 'audit'));
  assert.equal(secondsOf(copyOf(facts, 5)?.receivedAt ?? null), 10);
  assert.equal(secondsOf(copyOf(facts, 9, 'p0', 'audit')?.receivedAt ?? null), 20);
});

test('two blocks of one number on their way in two channels cannot be told apart, and are not', () => {
  const facts = factsOf(
    configured(1, 'p0', 'trade'),
    configured(2, 'p0', 'audit'),
    received(10, 'p0', 5, null),
    received(10.01, 'p0', 5, null),
    committed(10.03, 'p0', 5, 'audit'),
    committed(10.04, 'p0', 5, 'trade'),
  );
  assert.equal(copyOf(facts, 5, 'p0', 'audit')?.receivedAt, null);
  assert.equal(copyOf(facts, 5, 'p0', 'trade')?.receivedAt, null);
});

test('what was received without a channel and never committed is of the only channel of its peer', () => {
  assert.equal(secondsOf(copyOf(factsOf(configured(1, 'p0'), received(10, 'p0', 5, null)), 5)?.receivedAt ?? null), 10);
  const two = factsOf(configured(1, 'p0'), configured(2, 'p0', 'audit'), received(10, 'p0', 5, null));
  assert.equal(blockOf(two, 5), undefined);
  assert.equal(blockOf(two, 5, 'audit'), undefined);
});

test('a configuration applied between reception and commit makes a configuration block', () => {
  const facts = factsOf(
    configured(1, 'p0'),
    received(10, 'p0', 5),
    configured(10.01, 'p0'),
    committed(10.03, 'p0', 5),
    received(20, 'p0', 6),
    committed(20.03, 'p0', 6),
  );
  assert.equal(copyOf(facts, 5)?.config, true);
  assert.equal(copyOf(facts, 6)?.config, false);
  assert.equal(copyOf(factsOf(received(10, 'p0', 5), committed(10.03, 'p0', 5)), 5)?.config, null, 'a version that never tells');
});

test('the arrival is the first of the life that processed the block', () => {
  const facts = factsOf(
    arrived(9, 'p0', 5, 'gossip'),
    received(10, 'p0', 5),
    arrived(59, 'p0', 5, 'deliver'),
    arrived(59.001, 'p0', 5, 'gossip'),
    received(60, 'p0', 5),
    committed(60.03, 'p0', 5),
  );
  const copy = copyOf(facts, 5);
  assert.equal(secondsOf(copy?.arrivedAt ?? null), 59);
  assert.equal(copy?.arrivedByDeliver, true);
  assert.equal(copyOf(factsOf(arrived(9, 'p0', 5, 'gossip'), received(10, 'p0', 5), committed(10.1, 'p0', 5)), 5)?.arrivedByDeliver, false);
});

test('a state transfer holds both ends of the range it asked for, of its channel, and nothing that came before', () => {
  const asked = (channel: string | null): Said => [
    10,
    'p0',
    { kind: 'state.transfer-requested', channel, from: 3, to: 5, peer: { endpoint: 'p1:7051', internalEndpoint: null, pkiId: null } },
  ];
  const blocks = (channel: string): readonly Said[] =>
    [2, 3, 5, 6].flatMap((n) => [received(11 + n / 10, 'p0', n, channel), committed(11.05 + n / 10, 'p0', n, channel)]);
  const facts = factsOf(asked('trade'), ...blocks('trade'));
  assert.deepEqual(
    [2, 3, 5, 6].map((n) => copyOf(facts, n)?.transferredFrom),
    [null, 'p1', 'p1', null],
  );
  assert.equal(copyOf(factsOf(asked('audit'), ...blocks('trade')), 3)?.transferredFrom, null);
  assert.equal(copyOf(factsOf(received(9, 'p0', 3), committed(9.1, 'p0', 3), asked('trade')), 3)?.transferredFrom, null);
});

test('a request without a channel is certain only for a peer of one channel', () => {
  const asked: Said = [
    10,
    'p0',
    { kind: 'state.transfer-requested', channel: null, from: 3, to: 5, peer: { endpoint: 'p1:7051', internalEndpoint: null, pkiId: null } },
  ];
  assert.equal(copyOf(factsOf(asked, received(11, 'p0', 3), committed(11.1, 'p0', 3)), 3)?.transferredFrom, 'p1');
  const two = factsOf(configured(1, 'p0', 'audit'), asked, received(11, 'p0', 3), committed(11.1, 'p0', 3));
  assert.equal(copyOf(two, 3)?.transferredFrom, null);
});

test('block 0 of a ledger that was made from it is the genesis copy', () => {
  const facts = factsOf([1, 'p0', { kind: 'ledger.created', channel: 'trade', via: 'genesis' }], committed(1.1, 'p0', 0), committed(1.1, 'p1', 0));
  assert.equal(copyOf(facts, 0)?.genesis, true);
  assert.equal(copyOf(facts, 0, 'p1')?.genesis, false);
});

test('the orderer that cut the block speaks for it, else the first that wrote it', () => {
  const wrote = (seconds: number, node: string): Said => [seconds, node, { kind: 'orderer.block-written', channel: 'trade', block: 5 }];
  const cut: Said = [8, 'o1', { kind: 'orderer.block-cut', channel: 'trade', block: 5 }];
  const both = blockOf(factsOf(cut, wrote(8.1, 'o0'), wrote(8.2, 'o1'), committed(9, 'p0', 5)), 5)?.ordered;
  assert.deepEqual([both?.orderer, secondsOf(both?.createdAt ?? null), secondsOf(both?.writtenAt ?? null)], ['o1', 8, 8.2]);
  const written = blockOf(factsOf(wrote(8.1, 'o0'), wrote(8.2, 'o1'), committed(9, 'p0', 5)), 5)?.ordered;
  assert.deepEqual([written?.orderer, written?.createdAt, secondsOf(written?.writtenAt ?? null)], ['o0', null, 8.1]);
});
