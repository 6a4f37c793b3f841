import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPlaintext, said } from '../../test/builders/plaintext-builder.js';
import { readPlaintextTraffic, readPlaintextTransfers } from './plaintext-transfers.js';

const blocks = (via: 'push' | 'pull' | 'state-transfer' | 'deliver', channel: string | null, ...numbers: readonly number[]) => ({
  kind: 'blocks' as const,
  via,
  channel,
  blocks: numbers.map((number) => ({ number, bytes: 100 * number })),
  isWhole: true,
});

const connections = [
  buildPlaintext('a', 'orderer', 1, 50, { channels: ['ch'], messages: [said('server', 2, blocks('deliver', 'ch', 5), 600)] }),
  buildPlaintext('a', 'b', 1, 50, {
    channels: ['ch'],
    messages: [
      said('client', 3, blocks('push', 'ch', 5), 600),
      said('server', 4, blocks('push', 'ch', 5), 600),
      said('server', 6, blocks('pull', 'ch', 1, 3), 440),
      { ...said('client', 7, blocks('push', null, 6), 700), isWhole: false } as never,
    ],
    counts: [
      { from: 'client', kind: 'data-msg', messages: 2, bytes: 1300 },
      { from: 'server', kind: 'data-msg', messages: 1, bytes: 600 },
      { from: 'server', kind: 'frames', messages: 0, bytes: 70 },
      { from: 'server', kind: 'hello', messages: 3, bytes: 60 },
    ],
  }),
  buildPlaintext('shell', 'orderer', 8, 9, { channels: ['ch'], messages: [said('server', 8, blocks('deliver', 'ch', 0), 500)] }),
  buildPlaintext('app', 'b', 8, 9, { channels: ['ch'], messages: [said('server', 8, blocks('deliver', 'ch', 5), 500)] }),
];
const kindOf = (node: string) =>
  node === 'orderer' ? ('orderer' as const) : node === 'shell' ? ('client' as const) : node === 'app' ? null : ('peer' as const);

test('every block of a message is a transfer of its kind; what clients are served is none', () => {
  const transfers = readPlaintextTransfers(connections, kindOf);
  assert.deepEqual(
    transfers.map((t) => [t.from, t.to, t.kind, t.channel, t.block, t.bytes, t.confidence]),
    [
      ['orderer', 'a', 'deliver', 'ch', 5, 600, 1],
      ['a', 'b', 'push', 'ch', 5, 600, 1],
      ['b', 'a', 'push', 'ch', 5, 600, 1],
      ['b', 'a', 'pull', 'ch', 1, 110, 1],
      ['b', 'a', 'pull', 'ch', 3, 330, 1],
      ['a', 'b', 'push', 'ch', 6, 700, 0.9],
    ],
  );
  assert.deepEqual(transfers[0]?.evidence, [{ source: 'packets/a.pcap', frame: 21 }]);
});

test('a block without a channel is placed only where there is no choice', () => {
  const other = buildPlaintext('a', 'c', 1, 50, { channels: ['other'] });
  const transfers = readPlaintextTransfers([...connections, other], kindOf);
  assert.ok(!transfers.some((t) => t.block === 6));
  assert.equal(transfers.length, 5);
});

test('a push of what its receiver has is a duplicate, and no byte is counted twice', () => {
  const traffic = readPlaintextTraffic(connections, readPlaintextTransfers(connections, kindOf));
  assert.deepEqual(
    traffic.map((t) => [t.from, t.to, t.purpose, t.messages, t.bytes]),
    [
      ['a', 'b', 'block-push', 2, 1300],
      ['b', 'a', 'duplicate', 1, 600],
      ['b', 'a', 'other', 0, 70],
      ['b', 'a', 'pull', 3, 60],
    ],
  );
});
