import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildEvents, buildNetwork, reconstruct, type Said, secondsOf } from '../../test/builders/timeline-builder.js';
import { type ChannelsRead, reconstructChannels } from './channels.js';

const channelsOf = (...said: readonly Said[]): ChannelsRead =>
  reconstruct(reconstructChannels(buildNetwork({ peers: ['p0', 'p1'] })), buildEvents(...said));
const created = (seconds: number, via: 'genesis' | 'snapshot' = 'genesis'): Said => [
  seconds,
  'p0',
  { kind: 'ledger.created', channel: 'trade', via },
];
const configured = (seconds: number): Said => [seconds, 'p0', { kind: 'channel.configured', channel: 'trade', organizations: 1 }];
const learned = (seconds: number, mspId: string, ...anchors: readonly string[]): Said => [
  seconds,
  'p0',
  { kind: 'channel.anchors-learned', channel: 'trade', mspId, anchors },
];
const isSelf = (seconds: number): Said => [seconds, 'p0', { kind: 'channel.anchor-is-self', channel: null }];
const joinOf = (read: ChannelsRead) => {
  const facts = read.peers.get('trade')?.get('p0');
  return [facts?.via, secondsOf(facts?.joinedAt ?? null)];
};

test('a join is the creation of the ledger, and a restart that reopens it changes nothing', () => {
  assert.deepEqual(joinOf(channelsOf(created(5), configured(5.1), [60, 'p0', { kind: 'ledger.opened', channel: 'trade' }, 1])), ['genesis', 5]);
  assert.deepEqual(joinOf(channelsOf(created(5, 'snapshot'))), ['snapshot', 5]);
});

test('a peer that only shows activity is in the channel since an unknown moment', () => {
  const commit: Said = [9, 'p0', { kind: 'block.committed', channel: 'trade', block: 3, transactions: 1, commit: null }];
  assert.deepEqual(joinOf(channelsOf(commit)), ['unknown', null]);
  assert.deepEqual(joinOf(channelsOf(commit, [10, 'p0', { kind: 'ledger.opened', channel: 'trade' }])), ['reopened', null]);
});

test('a ledger that was wiped and made again counts from its last creation', () => {
  assert.deepEqual(joinOf(channelsOf(created(5), created(50))), ['genesis', 50]);
});

test('an anchor peer is learned by each peer once, the first time', () => {
  const read = channelsOf(learned(5, 'NorthMSP', 'p0:7051'), learned(9, 'NorthMSP', 'p0:7051'), [
    7,
    'p1',
    { kind: 'channel.anchors-learned', channel: 'trade', mspId: 'NorthMSP', anchors: ['p0:7051'] },
  ]);
  const [anchor] = read.anchors.get('trade') ?? [];
  assert.deepEqual(
    [...(anchor?.learnedAt ?? [])].map(([peer, moment]) => [peer, secondsOf(moment)]),
    [
      ['p0', 5],
      ['p1', 7],
    ],
  );
  assert.equal(anchor?.evidence.length, 2);
});

test("the own endpoint among an organization's anchor peers tells the own MSP ID", () => {
  assert.equal(channelsOf(learned(5, 'NorthMSP', 'p0:7051'), isSelf(5.1)).ownMspIds.get('p0'), 'NorthMSP');
  assert.equal(channelsOf(learned(5, 'SouthMSP', 'p1:7051'), isSelf(5.1)).ownMspIds.get('p0'), undefined, "another peer's endpoint");
  assert.equal(channelsOf(learned(5, 'NorthMSP', 'p0:7051'), configured(6), isSelf(6.1)).ownMspIds.get('p0'), undefined, 'another configuration');
});

test('organizations without anchor peers are named too', () => {
  const read = channelsOf(learned(5, 'NorthMSP', 'p0:7051'), [5.1, 'p0', { kind: 'channel.anchors-absent', channel: 'trade', mspId: 'AlphaMSP' }]);
  assert.deepEqual(read.mspIds.get('trade'), ['AlphaMSP', 'NorthMSP']);
  assert.deepEqual(
    read.anchorless.map((a) => a.mspId),
    ['AlphaMSP'],
  );
});
