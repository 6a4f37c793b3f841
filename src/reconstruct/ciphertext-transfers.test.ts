import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type GossipNetwork, type GossipNetworkParts, playGossip, transferKey } from '../../test/builders/gossip-network.js';
import { type CiphertextTransfers, readCiphertextTransfers } from './ciphertext-transfers.js';
import { type ConnectionFacts, isDeliverStream } from './connectivity.js';
import { type Deliveries, type ReceivedTimes, readDeliveries } from './deliveries.js';

function streamsOf({ connections, kindOf }: GossipNetwork): readonly ConnectionFacts[] {
  return connections.filter((c) => kindOf(c.from) === 'peer' && kindOf(c.to) === 'orderer' && isDeliverStream(c));
}
interface Read { readonly deliveries: Deliveries; readonly result: CiphertextTransfers }
function read(network: GossipNetwork, withLogs: boolean, withOrganizations = true): Read {
  const received: ReceivedTimes = withLogs ? network.received : new Map();
  const deliveries = readDeliveries(streamsOf(network), received);
  const result = readCiphertextTransfers(network.connections, deliveries, received, (n) => network.kindOf(n) === 'peer', withOrganizations ? network.organizationOf : () => null);
  return { deliveries, result };
}
function score(network: GossipNetwork, { deliveries, result }: Read) {
  const groups = new Map<number, string>();
  for (const s of deliveries.series) if (s.channel === null) groups.set(s.group, network.channelOf.get(s.connection) ?? '?');
  const claims = result.transfers.map((t) => ({ ...t, channel: t.channel ?? groups.get(t.group) ?? '?' }));
  const of = (kind: string) => new Set(network.transfers.filter((t) => t.kind === kind).map(transferKey));
  const out: Record<string, unknown> = {};
  for (const kind of ['push', 'pull', 'state-transfer']) {
    const truth = of(kind); const said = new Set(claims.filter((c) => c.kind === kind).map(transferKey));
    const right = [...said].filter((k) => truth.has(k)).length;
    out[kind] = `${right} right of ${said.size} said, ${truth.size} true`;
    if (process.env['V']) { console.log(kind, 'missed', [...truth].filter((k) => !said.has(k)).slice(0, 8), 'wrong', [...said].filter((k) => !truth.has(k)).slice(0, 8)); }
  }
  const d = new Set(deliveries.series.flatMap((s) => s.blocks.map((b) => transferKey({ from: s.orderer, to: s.peer, channel: s.channel ?? groups.get(s.group) ?? '?', block: b.block, kind: 'deliver' }))));
  const truth = of('deliver');
  out['deliver'] = `${[...d].filter((k) => truth.has(k)).length} right of ${d.size} said, ${truth.size} true`;
  out['unexplained'] = result.unexplained;
  return out;
}
const cases: [string, GossipNetworkParts][] = [
  ['plain', { seed: 1 }],
  ['big', { seed: 2, organizations: [8, 5] }],
  ['shared', { seed: 3, sharedWrites: 0.2, company: 0.1, channels: [{ name: 'mychannel', blocks: 100, pauseOf: (c) => c.whole(20_000, 200_000) }] }],
  ['sharedDeliver', { seed: 4, sharedDeliveries: 0.2, channels: [{ name: 'mychannel', blocks: 100, pauseOf: (c) => c.whole(20_000, 200_000) }] }],
  ['equal', { seed: 5, channels: [{ name: 'mychannel', blocks: 80, bytesOf: () => 5000 }] }],
  ['two', { seed: 6, channels: [{ name: 'alpha', blocks: 60 }, { name: 'omega-channel', blocks: 60 }] }],
  ['split', { seed: 7, split: 0.5, channels: [{ name: 'mychannel', blocks: 60, bytesOf: (c) => c.whole(2000, 200_000) }] }],
  ['stop', { seed: 8, stop: { at: 15, until: 25 }, channels: [{ name: 'mychannel', blocks: 80 }] }],
  ['all', { seed: 9, leaders: 'all', orderers: 2 }],
  ['one', { seed: 10, leaders: 'one', orderers: 2 }],
  ['reconnect', { seed: 11, orderers: 2, reconnect: 15 }],
  ['fetch', { seed: 12, fetches: [12, 20] }],
  ['renounce', { seed: 13, renounce: 15 }],
];
describe('x', () => {
  for (const [name, parts] of cases)
    it(name, () => {
      if (process.env['ONLY'] && process.env['ONLY'] !== name) return;
      const network = playGossip(parts);
      for (const [logs, orgs] of [[true, true], [false, true], [false, false]] as const) console.log(name, logs, orgs, JSON.stringify(score(network, read(network, logs, orgs))));
      assert.ok(true);
    });
});
