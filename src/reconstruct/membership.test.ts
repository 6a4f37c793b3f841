import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  at,
  buildEvents,
  buildNetwork,
  lifecyclesOf,
  type NetworkParts,
  reconstruct,
  type Said,
  secondsOf,
  viewOf,
} from '../../test/builders/timeline-builder.js';
import { reconstructChannels } from './channels.js';
import { type MembershipFacts, readViews, reconstructMembership, type UnplacedView } from './membership.js';

const joined = (seconds: number, node: string, channel = 'trade'): readonly Said[] => [
  [seconds, node, { kind: 'ledger.created', channel, via: 'genesis' }],
  [seconds, node, { kind: 'channel.configured', channel, organizations: 1 }],
];
const committed = (seconds: number, node: string, channel: string): Said => [
  seconds,
  node,
  { kind: 'block.committed', channel, block: 5, transactions: 1, commit: null },
];

function membershipIn(
  parts: NetworkParts,
  said: readonly Said[],
): { readonly of: (channel: string) => MembershipFacts | undefined; readonly unplaced: readonly UnplacedView[] } {
  const network = buildNetwork(parts);
  const events = buildEvents(...said);
  const channels = reconstruct(reconstructChannels(network), events);
  const result = reconstructMembership(network, reconstruct(readViews(network), events), lifecyclesOf(network, events), channels.peers);
  return { of: (channel) => result.byChannel.get(channel), unplaced: result.unplaced };
}

const seenBy = (m: MembershipFacts | undefined, observer: string, subject: string) =>
  (m?.seen.get(observer)?.get(subject) ?? []).map((s) => [secondsOf(s.from), secondsOf(s.to)]);
const changesOf = (m: MembershipFacts | undefined) => (m?.changes ?? []).map((c) => [c.observer, secondsOf(c.at), c.basis]);

test('a member is seen from the line that shows it to the line that does not', () => {
  const m = membershipIn({ peers: ['p0', 'p1', 'p2'] }, [
    ...joined(1, 'p0'),
    [6, 'p0', viewOf('trade', ['p1'], ['p1'])],
    [11, 'p0', viewOf('trade', ['p1', 'p2'], ['p2'])],
    [41, 'p0', viewOf('trade', ['p2'], [], ['p1'])],
  ]).of('trade');
  assert.deepEqual(seenBy(m, 'p0', 'p1'), [[6, 41]]);
  assert.deepEqual(seenBy(m, 'p0', 'p2'), [[11, null]]);
});

test('a lost line heals at the next, since every line shows the whole view', () => {
  const m = membershipIn({ peers: ['p0', 'p1', 'p2'] }, [
    ...joined(1, 'p0'),
    [6, 'p0', viewOf('trade', ['p1'], ['p1'])],
    [26, 'p0', viewOf('trade', ['p2'], [], [])],
  ]).of('trade');
  assert.deepEqual(seenBy(m, 'p0', 'p1'), [[6, 26]]);
  assert.deepEqual(seenBy(m, 'p0', 'p2'), [[26, null]]);
});

test("an observer's own stop closes what it saw, and its next life begins anew", () => {
  const lives = {
    p0: [
      { from: 0, to: 40 },
      { from: 60, to: 100 },
    ],
  };
  const m = membershipIn({ peers: ['p0', 'p1'], lives }, [
    ...joined(1, 'p0'),
    [6, 'p0', viewOf('trade', ['p1'], ['p1'])],
    [70, 'p0', viewOf('trade', ['p1'], ['p1']), 1],
    [80, 'p0', { kind: 'process.stopping', how: 'signal', signal: 15 }, 1],
  ]).of('trade');
  assert.deepEqual(seenBy(m, 'p0', 'p1'), [
    [6, 40],
    [70, 80],
  ]);
});

test('the full view is every other peer that joined; convergence is when all have it at once', () => {
  const parts = { peers: ['p0', 'p1', 'p2'] };
  const said: Said[] = [
    ...['p0', 'p1', 'p2'].flatMap((p) => joined(1, p)),
    [6, 'p0', viewOf('trade', ['p1'], ['p1'])],
    [7, 'p1', viewOf('trade', ['p0', 'p2'], ['p0', 'p2'])],
    [8, 'p2', viewOf('trade', ['p0', 'p1'], ['p0', 'p1'])],
    [12, 'p1', viewOf('trade', ['p0'], [], ['p2'])],
    [16, 'p0', viewOf('trade', ['p1', 'p2'], ['p2'])],
  ];
  const before = membershipIn(parts, said).of('trade');
  assert.deepEqual([...(before?.fullViewAt ?? [])].map(([peer, moment]) => [peer, secondsOf(moment)]).sort(), [
    ['p0', 16],
    ['p1', 7],
    ['p2', 8],
  ]);
  assert.equal(before?.convergedAt, null, 'p1 had lost p2 when p0 saw it');
  const after = membershipIn(parts, [...said, [22, 'p1', viewOf('trade', ['p0', 'p2'], ['p2'])]]).of('trade');
  assert.equal(secondsOf(after?.convergedAt ?? null), 22);
});

test('a peer that closes and opens at the same moment never made the view full', () => {
  const m = membershipIn({ peers: ['p0', 'p1', 'p2'] }, [
    ...['p0', 'p1', 'p2'].flatMap((p) => joined(1, p)),
    [6, 'p0', viewOf('trade', ['p1'], ['p1'])],
    [11, 'p0', viewOf('trade', ['p2'], ['p2'], ['p1'])],
  ]).of('trade');
  assert.equal(m?.fullViewAt.get('p0'), null);
});

test('the moment of convergence is the first at which every pair holds, whatever the views', () => {
  const peers = ['p0', 'p1', 'p2'];
  const change = fc.record({ second: fc.integer({ min: 2, max: 90 }), observer: fc.constantFrom(...peers), members: fc.subarray(peers) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const said = changes.map(
        ({ second, observer, members }): Said => [
          second,
          observer,
          viewOf(
            'trade',
            members.filter((m) => m !== observer),
          ),
        ],
      );
      const m = membershipIn({ peers }, [...peers.flatMap((p) => joined(1, p)), ...said]).of('trade');
      const holds = (o: string, s: string, second: number): boolean =>
        (m?.seen.get(o)?.get(s) ?? []).some((x) => x.from <= at(second) && (x.to === null || x.to > at(second)));
      const expected = Array.from({ length: 90 }, (_, i) => i + 1).find((second) =>
        peers.every((o) => peers.every((s) => o === s || holds(o, s, second))),
      );
      assert.equal(secondsOf(m?.convergedAt ?? null), expected ?? null);
    }),
    { numRuns: 200 },
  );
});

test('a line without a channel is certain while the peer is in one channel only', () => {
  const { of, unplaced } = membershipIn({ peers: ['p0', 'p1'] }, [
    ...joined(1, 'p0'),
    [6, 'p0', viewOf(null, ['p1'], ['p1'])],
    ...joined(20.3, 'p0', 'audit'),
  ]);
  assert.deepEqual(changesOf(of('trade')), [['p0', 6, 'log']]);
  assert.deepEqual(unplaced, []);
});

test('with two channels a line belongs to the one whose tracker ticks at that moment', () => {
  const { of, unplaced } = membershipIn({ peers: ['p0', 'p1'] }, [
    ...joined(1, 'p0'),
    ...joined(22.5, 'p0', 'audit'),
    [31.01, 'p0', viewOf(null, ['p1'], ['p1'])],
    [32.51, 'p0', viewOf(null, ['p1'], ['p1'])],
  ]);
  assert.deepEqual(changesOf(of('trade')), [['p0', 31.01, 'tracker-phase']]);
  assert.deepEqual(changesOf(of('audit')), [['p0', 32.51, 'tracker-phase']]);
  assert.deepEqual(unplaced, []);
});

test('a line between the ticks, or near those of both channels, is told as unplaced', () => {
  const between = membershipIn({ peers: ['p0', 'p1'] }, [
    ...joined(1, 'p0'),
    ...joined(22.5, 'p0', 'audit'),
    [34.7, 'p0', viewOf(null, ['p1'], ['p1'])],
  ]);
  assert.equal(between.unplaced.length, 1);
  assert.match(between.unplaced[0]?.text ?? '', /online: p1; offline: none; view: p1/);
  const both = membershipIn({ peers: ['p0', 'p1'] }, [
    ...joined(1, 'p0'),
    ...joined(21.1, 'p0', 'audit'),
    [31.15, 'p0', viewOf(null, ['p1'], ['p1'])],
  ]);
  assert.equal(both.unplaced.length, 1);
  assert.equal(both.of('trade'), undefined);
});

test('the interval of the trackers is what the peer was configured with', () => {
  const { of } = membershipIn({ peers: ['p0', 'p1'] }, [
    [0, 'p0', { kind: 'process.config-printed', role: 'peer', settings: { 'peer.id': 'p0', 'peer.gossip.membershiptrackerinterval': '7s' } }],
    [0.1, 'p0', { kind: 'process.identified', id: 'p0', networkId: null, endpoint: 'p0:7051' }],
    ...joined(1, 'p0'),
    ...joined(23.5, 'p0', 'audit'),
    [29.02, 'p0', viewOf(null, ['p1'], ['p1'])],
  ]);
  assert.deepEqual(changesOf(of('trade')), [['p0', 29.02, 'tracker-phase']]);
});

test('in a log that begins after the joins a configuration block is no beginning of a tracker', () => {
  const { of, unplaced } = membershipIn({ peers: ['p0', 'p1'], lives: { p0: [{ from: 30, to: 100, logged: false }] } }, [
    [40, 'p0', { kind: 'channel.configured', channel: 'trade', organizations: 1 }],
    [45, 'p0', viewOf(null, ['p1'], ['p1'])],
    committed(50, 'p0', 'audit'),
  ]);
  assert.equal(unplaced.length, 1, 'it may be of either channel, and no phase is known');
  assert.equal(of('trade'), undefined);
});

test('in such a log a line is still certain when there is one channel in all', () => {
  const { of } = membershipIn({ peers: ['p0', 'p1'], lives: { p0: [{ from: 30, to: 100, logged: false }] } }, [
    committed(40, 'p0', 'trade'),
    [45, 'p0', viewOf(null, ['p1'], ['p1'])],
  ]);
  assert.deepEqual(changesOf(of('trade')), [['p0', 45, 'log']]);
});

test('a member of the own organization shows as kin, a foreign one does not', () => {
  const network = buildNetwork({ peers: ['p0', 'p1', 'q0'] });
  const read = reconstruct(readViews(network), buildEvents([6, 'p0', viewOf('trade', ['p1', 'q0!'])]));
  assert.deepEqual(read.kinship, [{ observer: 'p0', member: 'p1' }]);
});
