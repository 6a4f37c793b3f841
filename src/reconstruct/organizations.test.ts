import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildContainer, buildNetwork, buildRun, reconstruct } from '../../test/builders/timeline-builder.js';
import { reconstructChannels } from './channels.js';
import type { KinshipHint } from './membership.js';
import { groupOrganizations } from './organizations.js';

interface Hints {
  readonly mspIds?: Readonly<Record<string, string>>;
  /** Where Docker tells the MSP ID. */
  readonly inspected?: Readonly<Record<string, string>>;
  readonly kin?: readonly (readonly [observer: string, member: string])[];
  readonly bootstraps?: readonly (readonly [peer: string, target: string])[];
}

function organizationsOf(peers: readonly string[], hints: Hints) {
  const containers = Object.entries(hints.inspected ?? {}).map(([peer, mspId]) =>
    buildContainer(peer, { environment: { CORE_PEER_ADDRESS: `${peer}:7051`, CORE_PEER_LOCALMSPID: mspId } }),
  );
  const network = buildNetwork({ runs: peers.map((p) => buildRun(p, { mspId: hints.mspIds?.[p] ?? null })), containers });
  const kinship = (hints.kin ?? []).map(([observer, member]): KinshipHint => ({ observer, member }));
  const bootstraps = (hints.bootstraps ?? []).map(([peer, target]) => ({ peer, target }));
  const channels = reconstruct(reconstructChannels(network), []);
  return groupOrganizations(network.directory, channels, kinship, bootstraps).map((o) => [o.mspId, o.basis, o.peers]);
}

test('peers with one MSP ID are one organization, whatever their names', () => {
  assert.deepEqual(organizationsOf(['a.north.com', 'b.south.com'], { mspIds: { 'a.north.com': 'OneMSP', 'b.south.com': 'OneMSP' } }), [
    ['OneMSP', 'log', ['a.north.com', 'b.south.com']],
  ]);
});

test('a common domain name makes no organization', () => {
  assert.deepEqual(organizationsOf(['a.north.com', 'b.north.com'], {}), [
    [null, 'inferred', ['a.north.com']],
    [null, 'inferred', ['b.north.com']],
  ]);
});

test('an internal endpoint that one shows of another makes them one organization, and so does a bootstrap peer', () => {
  assert.deepEqual(organizationsOf(['p0', 'p1', 'p2'], { kin: [['p0', 'p1']], bootstraps: [['p2', 'p1']] }), [
    [null, 'inferred', ['p0', 'p1', 'p2']],
  ]);
});

test('the MSP ID that one member tells is that of those it is tied to', () => {
  assert.deepEqual(organizationsOf(['p0', 'p1'], { inspected: { p0: 'OneMSP' }, kin: [['p1', 'p0']] }), [['OneMSP', 'inspect', ['p0', 'p1']]]);
});

test('what MSP IDs tell outranks a hint', () => {
  assert.deepEqual(organizationsOf(['p0', 'p1'], { mspIds: { p0: 'OneMSP', p1: 'TwoMSP' }, bootstraps: [['p0', 'p1']] }), [
    ['OneMSP', 'log', ['p0']],
    ['TwoMSP', 'log', ['p1']],
  ]);
});

test('hints that tie one peer to two organizations never join the two', () => {
  const groups = organizationsOf(['p0', 'p1', 'p2'], {
    mspIds: { p0: 'OneMSP', p1: 'TwoMSP' },
    bootstraps: [
      ['p2', 'p0'],
      ['p2', 'p1'],
    ],
  });
  assert.equal(groups.length, 2);
  assert.deepEqual(
    groups.map(([mspId]) => mspId),
    ['OneMSP', 'TwoMSP'],
  );
});

test('orderers and strangers are in no organization of peers', () => {
  assert.deepEqual(organizationsOf(['p0'], { kin: [['p0', 'stranger']], bootstraps: [['p0', 'p0']] }), [[null, 'inferred', ['p0']]]);
});
