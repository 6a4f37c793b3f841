import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPlaintext, said, telling } from '../../test/builders/plaintext-builder.js';
import { at, secondsOf } from '../../test/builders/timeline-builder.js';
import type { PlaintextFacts } from '../events/plaintext-message.js';
import type { ConnectionFacts } from './connectivity.js';
import { channelMacOf, readPlaintextHeights, readPlaintextMembership } from './plaintext-membership.js';

const [A, B] = ['0a', '0b'] as const;
const nameOf = (pkiId: string): string | null => ({ [A]: 'a', [B]: 'b' })[pkiId] ?? null;
const alive = (pkiId: string, previous: number | null = null) => ({
  kind: 'alive' as const,
  pkiId,
  endpoint: '',
  internalEndpoint: null,
  mspId: null,
  commonName: null,
  incarnation: '1',
  previousAt: previous === null ? null : at(previous),
});
const info = (pkiId: string, height = 3, leftChannel = false) => ({
  kind: 'state-info' as const,
  pkiId,
  channelMac: channelMacOf(pkiId, 'ch'),
  height,
  heightChanged: true,
  leftChannel,
  incarnation: '1',
  previousAt: null,
});
const tells = (from: 'client' | 'server', pkiId: string, first: number, last: number) => [
  telling(from, 'alive', pkiId, null, first, last),
  telling(from, 'state-info', pkiId, channelMacOf(pkiId, 'ch'), first, last),
];

/** `a` dialled `b`; both are in the channel from second 10 on, `b` is heard of until `last`. */
function talk(last: number, facts: Partial<PlaintextFacts> = {}, parts: Parameters<typeof buildPlaintext>[5] = {}): ConnectionFacts {
  const messages = [said('client', 8, alive(A)), said('client', 10, info(A)), said('server', 9, alive(B)), said('server', 12, info(B))];
  return buildPlaintext(
    'a',
    'b',
    1,
    200,
    {
      channels: ['ch'],
      tellings: [...tells('client', A, 10, 195), ...tells('server', B, 12, last)],
      ...facts,
      messages: [...messages, ...(facts.messages ?? [])],
    },
    parts,
  );
}
const changesOf = (connections: readonly ConnectionFacts[], observer = 'a') =>
  readPlaintextMembership(connections, nameOf, at(200))
    .filter((c) => c.observer === observer)
    .map((c) => [c.channel, secondsOf(c.at), c.online.join(), c.offline.join(), c.members.join(), c.basis]);

test('a member is one when it lives, its ledger is known, and the observer has joined', () => {
  assert.deepEqual(changesOf([talk(195)]), [['ch', 12, 'b', '', 'b', 'told']]);
  assert.deepEqual(changesOf([talk(195)], 'b'), [['ch', 12, 'a', '', 'a', 'told']]);
});

test('nothing that was signed by an unknown hand counts', () => {
  const late = talk(195, {
    tellings: [...tells('client', A, 10, 195), ...tells('server', B, 12, 195), telling('server', 'identity', B, null, 15, 15)],
  });
  assert.deepEqual(changesOf([late]), [['ch', 15, 'b', '', 'b', 'told']]);
});

test('who falls silent is gone 25 s later, or when its connection closes; who dials again is not', () => {
  assert.deepEqual(changesOf([talk(100)])[1], ['ch', 125, '', 'b', '', 'silence']);
  const closed = { closedAt: at(104), closedFrame: 1041, lastAt: at(104) };
  assert.deepEqual(changesOf([talk(100, {}, closed)])[1], ['ch', 104, '', 'b', '', 'connection-lost']);
  const again = buildPlaintext('b', 'a', 106, 200, {});
  assert.deepEqual(changesOf([talk(100, {}, closed), again])[1], ['ch', 125, '', 'b', '', 'silence']);
  assert.equal(changesOf([talk(180)]).length, 1);
});

test('who comes back is a member again, and who leaves the channel is none', () => {
  const back = talk(195, { messages: [said('server', 150, alive(B, 100))] });
  assert.deepEqual(
    changesOf([back]).map((c) => [c[1], c[2], c[3]]),
    [
      [12, 'b', ''],
      [125, '', 'b'],
      [150, 'b', ''],
    ],
  );
  const left = talk(195, { messages: [said('server', 70, info(B, 4, true))] });
  assert.deepEqual(changesOf([left])[1], ['ch', 70, '', 'b', '', 'left']);
});

test('ledgers grow', () => {
  const grown = talk(195, { messages: [said('server', 50, info(B, 4)), said('server', 60, { ...info(B, 4), heightChanged: false })] });
  assert.deepEqual(
    readPlaintextHeights([grown], nameOf).map((h) => [h.channel, h.peer, secondsOf(h.at), h.height]),
    [
      ['ch', 'a', 10, 3],
      ['ch', 'b', 12, 3],
      ['ch', 'b', 50, 4],
    ],
  );
});
