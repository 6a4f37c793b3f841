import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatInstant, type Instant } from '../events/instant.js';
import { type ContainerFacts, parseInspect } from './inspect.js';

const ID = 'ab'.repeat(32);
const OTHER_ID = 'cd'.repeat(32);

interface Parts {
  readonly id?: string;
  readonly name?: string;
  readonly path?: string;
  readonly args?: readonly string[];
  readonly image?: string;
  readonly env?: readonly string[];
  readonly running?: boolean;
  readonly finishedAt?: string;
}

const inspected = (p: Parts = {}) => ({
  Id: p.id ?? ID,
  Path: p.path ?? 'peer',
  Args: p.args ?? ['node', 'start'],
  State: { Running: p.running ?? true, StartedAt: '2030-01-02T03:04:05.123456789Z', FinishedAt: p.finishedAt ?? '0001-01-01T00:00:00Z' },
  Name: `/${p.name ?? 'peer0.north'}`,
  Config: {
    Hostname: ID.slice(0, 12),
    Env: p.env ?? [],
    Image: p.image ?? 'example/peer',
    Labels: { 'com.docker.compose.service': 'peer-service' },
  },
  NetworkSettings: { Networks: { net: { Aliases: ['alias0', ID.slice(0, 12)], IPAddress: '10.5.0.4', GlobalIPv6Address: '' } } },
});

const pretty = (...parts: readonly Parts[]): string => JSON.stringify(parts.map(inspected), null, 4);
const containerOf = (p: Parts): ContainerFacts => parseInspect(pretty(p), 'inspect.json')?.containers[0] as ContainerFacts;
const lineOf = (text: string, place: ContainerFacts['startedEvidence']): string => text.split('\n')[('line' in place ? place.line : 0) - 1] ?? '';

test('a container has its name, the names others reach it by, its addresses and its times; never its id as a name', () => {
  const c = containerOf({ env: ['CORE_PEER_ID=peer0', 'BARE', 'TOKEN=a=b'] });
  assert.equal(c.name, 'peer0.north');
  assert.deepEqual(c.aliases, ['peer0.north', 'peer-service', 'alias0']);
  assert.deepEqual(
    c.addresses.map((a) => [a.network, a.address]),
    [['net', '10.5.0.4']],
  );
  assert.deepEqual(c.environment, { CORE_PEER_ID: 'peer0', TOKEN: 'a=b' });
  assert.equal(formatInstant(c.startedAt as Instant), '2030-01-02T03:04:05.123456Z');
  assert.equal(c.finishedAt, null, 'the year 1 means never');
  assert.equal(c.running, true);
});

test('one line or pretty-printed, a list or a single object: the facts are the same', () => {
  const strip = (c: ContainerFacts | undefined) => [c?.id, c?.role, c?.aliases, c?.addresses.map((a) => a.address), c?.startedAt];
  const one = parseInspect(JSON.stringify([inspected()]), 'a.json')?.containers[0];
  const single = parseInspect(JSON.stringify(inspected()), 'a.json')?.containers[0];
  assert.deepEqual(strip(one), strip(containerOf({})));
  assert.deepEqual(strip(single), strip(containerOf({})));
});

test('every place that is cited is the very line, of the right container', () => {
  const text = pretty({}, { id: OTHER_ID, name: 'peer1.north' });
  const [first, second] = parseInspect(text, 'inspect.json')?.containers ?? [];
  for (const c of [first, second] as ContainerFacts[]) {
    assert.match(lineOf(text, c.startedEvidence), /"StartedAt"/);
    assert.match(lineOf(text, c.finishedEvidence), /"FinishedAt"/);
    assert.match(lineOf(text, c.environmentEvidence), /"Env"/);
    assert.match(lineOf(text, c.addresses[0]?.evidence as ContainerFacts['startedEvidence']), /"10\.5\.0\.4"/);
  }
  const place = (c: ContainerFacts | undefined): number => (c !== undefined && 'line' in c.startedEvidence ? c.startedEvidence.line : 0);
  assert.ok(place(first) < place(second));
});

test('the role comes from the command, else the image, else the environment, never from the name', () => {
  const role = (p: Parts) => containerOf({ path: 'sh', args: ['-c', 'sleep 1'], ...p }).role;
  assert.equal(role({ name: 'orderer', path: 'peer', args: ['node', 'start'] }), 'peer');
  assert.equal(role({ name: 'peer0', path: '/usr/local/bin/orderer', args: [] }), 'orderer');
  assert.equal(role({ name: 'peer0', args: ['-c', 'setup && peer node start'] }), 'peer');
  assert.equal(role({ image: 'registry:5000/hyperledger/fabric-peer:2.5' }), 'peer');
  assert.equal(role({ image: 'hyperledger/fabric-orderer@sha256:00' }), 'orderer');
  assert.equal(role({ image: 'hyperledger/fabric-tools:2.5', env: ['CORE_PEER_ADDRESS=p:7051'] }), 'client');
  assert.equal(role({ env: ['ORDERER_GENERAL_LISTENPORT=7050'] }), 'orderer');
  assert.equal(role({ env: ['CORE_PEER_GOSSIP_BOOTSTRAP=p:7051'] }), 'peer');
  assert.equal(role({ env: ['CORE_CHAINCODE_ID_NAME=cc:1', 'CORE_PEER_ADDRESS=p:7051'] }), 'client');
  assert.equal(role({ name: 'peer0' }), 'other');
});

test('a command-line container that names an orderer among its arguments is no orderer', () => {
  assert.equal(containerOf({ path: 'sh', args: ['-c', 'wait-for orderer && run'], image: 'hyperledger/fabric-tools:1.4' }).role, 'client');
});

test('what a container is for that is no peer and no orderer', () => {
  const of = (p: Parts) => {
    const { role, purpose } = containerOf({ path: '/bin/bash', args: [], ...p });
    return `${role} ${purpose}`;
  };
  assert.equal(of({ image: 'hyperledger/fabric-tools:2.2', env: ['CORE_PEER_ADDRESS=p:7051'] }), 'client command-line');
  assert.equal(of({ image: 'dev-p-cc-1.0', env: ['CORE_CHAINCODE_ID_NAME=cc:1.0'] }), 'client chaincode');
  assert.equal(of({ image: 'example.org/hyperledger/fabric-ccenv:1.4', path: '/bin/sh', args: ['-c', 'go build'] }), 'client build');
  assert.equal(of({ image: 'hyperledger/fabric-nodeenv:2.5', path: '/bin/sh', args: ['-c', 'npm install'] }), 'client build');
  assert.equal(of({ image: 'hyperledger/fabric-tools', path: 'peer', args: ['version'] }), 'client tool');
  assert.equal(of({ image: 'hyperledger/fabric-peer:2.5', path: 'peer', args: ['version'] }), 'client tool');
  assert.equal(of({ image: 'hyperledger/fabric-orderer:2.5', path: 'orderer', args: ['version'] }), 'client tool');
  assert.equal(of({ image: 'hyperledger/fabric-orderer:2.5', path: 'orderer', args: [] }), 'orderer null');
  assert.equal(of({ image: 'hyperledger/fabric-ca:1.5', path: 'sh', args: ['-c', 'fabric-ca-server start'] }), 'other certificate-authority');
  assert.equal(of({ image: 'couchdb:3.1.1' }), 'other database');
  assert.equal(of({ image: 'nginx' }), 'other null');
});

test('an excerpt shows what is cited and no secret', () => {
  const env = [
    'CORE_PEER_ID=peer0',
    'CORE_PEER_BCCSP_PKCS11_PIN=31415926',
    'CORE_LEDGER_STATE_COUCHDBCONFIG_PASSWORD=hunter2',
    'AWS_SECRET_ACCESS_KEY=xyzzy',
  ];
  const excerpts = [...(parseInspect(pretty({ env }), 'inspect.json')?.excerpts.values() ?? [])].join('\n');
  assert.match(excerpts, /CORE_PEER_ID=peer0/);
  assert.match(excerpts, /"StartedAt": "2030-01-02T03:04:05\.123456789Z"/);
  for (const secret of ['31415926', 'hunter2', 'xyzzy']) assert.ok(!excerpts.includes(secret), secret);
  const compact = parseInspect(JSON.stringify([inspected({ env })]), 'inspect.json')?.excerpts.get(1) ?? '';
  assert.match(compact, /CORE_PEER_ID/);
  assert.ok(!compact.includes('31415926'));
});

test('a network tells its members and their addresses without the mask', () => {
  const text = JSON.stringify(
    [{ Name: 'net', IPAM: {}, Containers: { [ID]: { Name: 'peer0.north', IPv4Address: '10.5.0.4/16', IPv6Address: '' } } }],
    null,
    2,
  );
  const facts = parseInspect(text, 'network.json');
  assert.deepEqual(facts?.containers, []);
  const [member] = facts?.networks[0]?.members ?? [];
  assert.deepEqual([member?.containerId, member?.containerName, member?.address], [ID, 'peer0.north', '10.5.0.4']);
  assert.match(lineOf(text, member?.evidence as ContainerFacts['startedEvidence']), /"10\.5\.0\.4\/16"/);
});

test('what is no inspect output is null, and records of other shapes are skipped', () => {
  for (const text of ['', 'not json', '[]', '{}', '[1, null, "x"]', '[{"Id": "image", "Config": {}}]', '"text"'])
    assert.equal(parseInspect(text, 'x'), null, text);
  assert.equal(parseInspect(JSON.stringify([null, { Driver: 'local' }, inspected()]), 'x')?.containers.length, 1);
  const bare = parseInspect('[{"Id": 5, "Config": null, "State": []}]', 'x')?.containers[0];
  assert.deepEqual([bare?.name, bare?.role, bare?.startedAt, bare?.addresses], ['', 'other', null, []]);
});
