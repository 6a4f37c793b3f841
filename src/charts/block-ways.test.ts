import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, buildBlock, buildChannel, buildChannelPeer, buildCopy } from '../../test/builders/analysis-builder.js';
import type { BlockCopy, Transfer } from '../analysis/contract.js';
import { hopsOf, spreadOnWireOf, tellingBlocksOf, usedTransferOf } from './block-ways.js';

const transfer = (from: string, first: number, last: number, kind: Transfer['kind'] = 'push'): Transfer => ({
  from,
  kind,
  basis: 'packets',
  confidence: 0.9,
  firstByteAt: at(first),
  lastByteAt: at(last),
  bytes: 100,
  evidence: [],
});
const copy = (peer: string, from: string | null, transfers: readonly Transfer[], parts: Partial<BlockCopy> = {}): BlockCopy =>
  buildCopy(peer, { from: from === null ? null : { node: from, basis: 'packets', confidence: 0.9 }, transfers, ...parts });

test('the used transfer is of the sender that the copy names: the one that ended with the copy, else the first to end', () => {
  const transfers = [transfer('b', 1, 9), transfer('a', 2, 5), transfer('b', 2, 3)];
  assert.equal(usedTransferOf(copy('c', 'b', transfers)), transfers[2]);
  assert.equal(usedTransferOf(copy('c', 'b', transfers, { lastByteAt: at(9) })), transfers[0]);
  assert.equal(usedTransferOf(copy('c', null, transfers)), null);
  assert.equal(usedTransferOf(copy('c', 'known from leadership', transfers)), null);
});

test('hops are counted from peer to peer, and a circle of senders ends', () => {
  const chain = buildBlock(1, [
    copy('a', 'o', [transfer('o', 0, 1, 'deliver')]),
    copy('b', 'a', [transfer('a', 2, 3)]),
    copy('c', 'b', [transfer('b', 4, 5)]),
  ]);
  assert.equal(hopsOf(chain), 2);
  assert.equal(hopsOf(buildBlock(1, [copy('a', 'o', [transfer('o', 0, 1, 'deliver')])])), 0);
  const circle = buildBlock(1, [copy('a', 'b', [transfer('b', 0, 1)]), copy('b', 'a', [transfer('a', 0, 1)])]);
  assert.ok(hopsOf(circle) <= 2);
});

test('the spread on the wire leaves out what a peer fetched after an absence', () => {
  const block = buildBlock(1, [copy('a', 'o', [transfer('o', 0, 1.25, 'deliver')]), copy('b', 'a', [transfer('a', 900, 950, 'state-transfer')])]);
  assert.equal(spreadOnWireOf(block), 1_250);
  assert.equal(spreadOnWireOf(buildBlock(1, [copy('a', null, [transfer('o', 0, 1)])])), null);
});

test('telling blocks: the first known everywhere, the slowest, the deepest, the first pulled and the first transferred, each once with its reasons', () => {
  const peers = ['a', 'b', 'c'].map((p) => buildChannelPeer(p, 0));
  const quick = (number: number) =>
    buildBlock(number, [
      copy('a', 'o', [transfer('o', 0, 1, 'deliver')]),
      copy('b', 'a', [transfer('a', 2, 3)]),
      copy('c', 'a', [transfer('a', 2, 3)]),
    ]);
  const blocks = [
    quick(0),
    { ...quick(1), config: true },
    buildBlock(2, [copy('a', 'o', [transfer('o', 0, 1, 'deliver')]), copy('b', null, []), copy('c', null, [])]),
    quick(3),
    buildBlock(4, [
      copy('a', 'o', [transfer('o', 0, 1, 'deliver')]),
      copy('b', 'a', [transfer('a', 2, 3)]),
      copy('c', 'b', [transfer('b', 400, 401, 'pull')]),
    ]),
    buildBlock(5, [copy('a', 'o', [transfer('o', 0, 1, 'deliver')]), copy('b', 'a', [transfer('a', 9_000, 9_001, 'state-transfer')])]),
  ];
  const told = (list: typeof blocks) => tellingBlocksOf(buildChannel('x', { peers, blocks: list })).map((t) => [t.block.number, ...t.reasons]);
  assert.deepEqual(told(blocks), [
    [3, 'everywhere'],
    [4, 'slowest', 'deepest', 'pulled'],
    [5, 'transferred'],
  ]);
  assert.deepEqual(told([blocks[2] as (typeof blocks)[number]]), [[2, 'best-known']]);
  assert.deepEqual(told([blocks[0] as (typeof blocks)[number]]), [], 'genesis blocks do not travel');
});
