import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPlaintext, said, telling } from '../../test/builders/plaintext-builder.js';
import { at, secondsOf } from '../../test/builders/timeline-builder.js';
import type { ConnectionFacts } from './connectivity.js';
import { readPlaintextStreams, readPlaintextTerms } from './plaintext-leadership.js';

const [A, B] = ['0a', '0b'] as const;
const nameOf = (pkiId: string): string | null => ({ [A]: 'a', [B]: 'b' })[pkiId] ?? null;
const declares = (pkiId: string, previous: number | null = null) => ({
  kind: 'leadership' as const,
  pkiId,
  channel: 'ch',
  isDeclaration: true,
  incarnation: '1',
  previousAt: previous === null ? null : at(previous),
});
const asks = { kind: 'deliver-request' as const, channel: 'ch', start: 4, isEndless: true };
const termsOf = (connections: readonly ConnectionFacts[], until = 200) =>
  readPlaintextTerms(connections, nameOf, at(until)).map((t) => [t.peer, t.channel, secondsOf(t.from), secondsOf(t.to), t.endedBy]);
/** `b` declares to `a` over their connection from one second to another. */
const leads = (from: number, to: number, parts: Parameters<typeof buildPlaintext>[5] = {}) =>
  buildPlaintext(
    'a',
    'b',
    1,
    200,
    { messages: [said('server', from, declares(B))], tellings: [telling('server', 'declaration', B, 'ch', from, to)] },
    parts,
  );

test('a term goes from the request for blocks to the capture, while declarations come', () => {
  const stream = buildPlaintext('b', 'orderer', 19, 200, { messages: [said('client', 19.9, asks)] });
  assert.deepEqual(termsOf([leads(20, 195), stream]), [['b', 'ch', 19.9, null, 'still-leading']]);
  assert.deepEqual(termsOf([leads(20, 195)]), [['b', 'ch', 20, null, 'still-leading']]);
  // Nobody is left to hear it, but the orderer serves it on.
  assert.deepEqual(termsOf([leads(20, 90), stream]), [['b', 'ch', 19.9, null, 'still-leading']]);
});

test('a term ends with the stream, with the connections, or with the last declaration', () => {
  const stream = buildPlaintext(
    'b',
    'orderer',
    19,
    93,
    { messages: [said('client', 19.9, asks)] },
    { closedAt: at(93), closedFrame: 931, closedBy: 'client' },
  );
  assert.deepEqual(termsOf([leads(20, 90), stream]), [['b', 'ch', 19.9, 93, 'stopped']]);
  assert.deepEqual(termsOf([leads(20, 90, { closedAt: at(94), closedFrame: 941 })]), [['b', 'ch', 20, 94, 'stopped']]);
  assert.deepEqual(termsOf([leads(20, 90)]), [['b', 'ch', 20, 90, 'stopped']]);
});

test('a lower PKI-ID that declares makes a leader renounce; a higher one does not', () => {
  const rival = buildPlaintext('a', 'b', 1, 200, {
    messages: [said('client', 92, declares(A))],
    tellings: [telling('client', 'declaration', A, 'ch', 92, 195)],
  });
  assert.deepEqual(termsOf([leads(20, 90), rival]), [
    ['b', 'ch', 20, 92, 'renounced'],
    ['a', 'ch', 92, null, 'still-leading'],
  ]);
  const higher = buildPlaintext('a', 'b', 1, 200, {
    messages: [said('client', 20, declares(A))],
    tellings: [telling('client', 'declaration', A, 'ch', 20, 195)],
  });
  assert.deepEqual(
    termsOf([leads(20, 90), higher]).map((t) => t[4]),
    ['still-leading', 'stopped'],
  );
});

test('a silence ends a term and another begins; several receivers make one term', () => {
  const twice = buildPlaintext('a', 'b', 1, 200, {
    messages: [said('server', 20, declares(B)), said('server', 100, declares(B, 60))],
    tellings: [telling('server', 'declaration', B, 'ch', 20, 195)],
  });
  assert.deepEqual(termsOf([twice]), [
    ['b', 'ch', 20, 60, 'stopped'],
    ['b', 'ch', 100, null, 'still-leading'],
  ]);
  const other = buildPlaintext('c', 'b', 1, 200, {
    messages: [said('server', 62, declares(B))],
    tellings: [telling('server', 'declaration', B, 'ch', 62, 97)],
  });
  assert.deepEqual(termsOf([twice, other]), [['b', 'ch', 20, null, 'still-leading']]);
});

test('where nobody declares there is no term; where somebody does, who is streamed to leads', () => {
  const alone = buildPlaintext('x', 'orderer', 19, 200, { messages: [said('client', 30, asks)] });
  assert.deepEqual(termsOf([alone]), []);
  assert.deepEqual(termsOf([alone, leads(20, 195)]), [
    ['b', 'ch', 20, null, 'still-leading'],
    ['x', 'ch', 30, null, 'still-leading'],
  ]);
});

test('a stream counts its blocks and ends with its status', () => {
  const block = { kind: 'blocks' as const, via: 'deliver' as const, channel: 'ch', blocks: [{ number: 4, bytes: 10 }], isWhole: true };
  const stream = buildPlaintext('b', 'orderer', 19, 200, {
    messages: [
      said('client', 20, asks),
      said('server', 21, block),
      said('server', 30, { kind: 'deliver-status', channel: 'ch', status: 503, grpcStatus: null }),
      said('client', 40, { ...asks, isEndless: false }),
    ],
  });
  assert.deepEqual(
    readPlaintextStreams([stream]).map((s) => [s.peer, s.orderer, secondsOf(s.openedAt), secondsOf(s.closedAt), s.blocks]),
    [['b', 'orderer', 20, 30, 1]],
  );
});
