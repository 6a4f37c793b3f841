import assert from 'node:assert/strict';
import test from 'node:test';
import { OperationalError } from '../recording/operational-error.js';
import { type FabricNetwork, type FabricNode, fabricNetworksOf, fabricNodeOf, type Selection, selectContainers } from './discovery.js';
import type { JsonObject } from './engine.js';

let made = 0;

interface Made {
  readonly name?: string;
  readonly image?: string;
  readonly command?: string;
  readonly env?: readonly string[];
  readonly project?: string;
  readonly service?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly networks?: Readonly<Record<string, string>>;
  readonly logging?: JsonObject;
  readonly status?: string;
}

function container(parts: Made): JsonObject {
  made++;
  const [path = '', ...args] = (parts.command ?? 'sh').split(' ');
  const labels = {
    ...parts.labels,
    ...(parts.project === undefined ? {} : { 'com.docker.compose.project': parts.project }),
    ...(parts.service === undefined ? {} : { 'com.docker.compose.service': parts.service }),
  };
  const networks = Object.entries(parts.networks ?? { net_one: '10.0.0.2' }).map(([name, IPAddress]) => [name, { IPAddress }]);
  return {
    Id: made.toString(16).padStart(64, 'a0'),
    Name: `/${parts.name ?? `c${made}`}`,
    Path: path,
    Args: args,
    State: { Status: parts.status ?? 'running', Running: true, StartedAt: '', FinishedAt: '' },
    Config: { Image: parts.image ?? 'thing', Env: parts.env ?? [], Labels: labels, Tty: false },
    HostConfig: { LogConfig: parts.logging ?? { Type: 'json-file', Config: {} } },
    NetworkSettings: { Networks: Object.fromEntries(networks) },
  };
}

const network = (name: string, id: string, driver = 'bridge', options: Readonly<Record<string, string>> = {}): JsonObject => ({
  Id: id.padEnd(64, '0'),
  Name: name,
  Driver: driver,
  Options: options,
});

const PEER: Made = { image: 'registry.local:5000/hyperledger/fabric-peer:2.2.15', command: 'peer node start', env: ['CORE_PEER_LOCALMSPID=AMSP'] };

const role = (parts: Made): FabricNode['role'] | undefined => fabricNodeOf(container(parts))?.role;

test('a role is told by image, command, environment and labels, never by name', () => {
  assert.equal(role(PEER), 'peer');
  assert.equal(role({ image: 'my-build', command: '/usr/local/bin/peer node start' }), 'peer');
  assert.equal(role({ image: 'hyperledger/fabric-orderer@sha256:00' }), 'orderer');
  assert.equal(role({ image: 'own', env: ['ORDERER_GENERAL_LOCALMSPID=O'] }), 'orderer');
  assert.equal(role({ image: 'hyperledger/fabric-tools:latest', env: ['CORE_PEER_ADDRESS=p:1'] }), 'cli');
  assert.equal(role({ image: 'x', env: ['CORE_CHAINCODE_ID_NAME=mycc:1.0', 'CORE_PEER_LOCALMSPID=A'] }), 'chaincode');
  assert.equal(role({ image: `dev-peer0-mycc-1.0-${'0f'.repeat(32)}` }), 'chaincode');
  assert.equal(role({ image: 'x', labels: { 'org.hyperledger.fabric.chaincode.type': 'GOLANG' } }), 'chaincode');
  assert.equal(role({ image: 'hyperledger/fabric-ca:1.5' }), 'ca');
  assert.equal(role({ image: 'own', command: 'sh -c fabric-ca-server start' }), 'ca');
  assert.equal(role({ image: 'couchdb:3.1.1' }), 'database');
  assert.equal(role({ image: 'hyperledger/fabric-kafka:0.4.22' }), 'broker');
  assert.equal(role({ image: 'own', labels: { service: 'hyperledger-fabric' } }), 'other');
  assert.equal(role({ name: 'peer0.org1.example.com', image: 'nginx' }), undefined);
});

test('a version comes from the tag or the label, and only from numbers', () => {
  const version = (image: string, labels = {}): string | null | undefined => fabricNodeOf(container({ ...PEER, image, labels }))?.fabricVersion;
  assert.equal(version('hyperledger/fabric-peer:2.5'), '2.5');
  assert.equal(version('hyperledger/fabric-peer:x86_64-1.0.6'), '1.0.6');
  assert.equal(version('hyperledger/fabric-peer:amd64-1.4.4'), '1.4.4');
  assert.equal(version('hyperledger/fabric-peer:3.0.0-beta'), '3.0.0-beta');
  assert.equal(version('hyperledger/fabric-peer:latest'), null);
  assert.equal(version('hyperledger/fabric-peer:latest', { 'org.hyperledger.fabric.version': '1.1.0' }), '1.1.0');
  assert.equal(version('localhost:5000/fabric-peer'), null);
});

test('an endpoint is what others reach the node by', () => {
  const endpoint = (parts: Made): string | null | undefined => fabricNodeOf(container(parts))?.endpoint;
  assert.equal(endpoint({ ...PEER, env: ['CORE_PEER_ADDRESS=inside:1', 'CORE_PEER_GOSSIP_EXTERNALENDPOINT=outside:2'] }), 'outside:2');
  assert.equal(endpoint({ ...PEER, env: ['CORE_PEER_ADDRESS=inside:1'] }), 'inside:1');
  assert.equal(endpoint({ name: 'o', image: 'fabric-orderer', env: ['ORDERER_GENERAL_LISTENPORT=9'] }), 'o:9');
  assert.equal(endpoint({ image: 'fabric-tools', env: ['CORE_PEER_ADDRESS=another:1'] }), null);
});

/** Two projects with a network each; chaincode and a database without a project. */
function twoNetworks(): readonly FabricNetwork[] {
  const one = { project: 'one', networks: { net_one: '10.0.0.2' } };
  const two = { project: 'two', networks: { net_two: '10.0.1.2' } };
  return fabricNetworksOf({
    containers: [
      container({ ...PEER, ...two, name: 'two-peer', service: 'peer0' }),
      container({ name: 'one-order', image: 'fabric-orderer', ...one }),
      container({ ...PEER, ...one, name: 'one-peer', service: 'peer0' }),
      container({ name: 'dev', image: 'x', env: ['CORE_CHAINCODE_ID_NAME=c:1'], networks: { net_one: '10.0.0.9' } }),
      container({ name: 'lonely-db', image: 'couchdb:3', networks: { elsewhere: '10.0.2.2' } }),
      container({ name: 'web', image: 'nginx', ...one }),
    ],
    networks: [
      network('net_one', '0123456789abcdef'),
      network('net_two', 'fedcba9876543210', 'bridge', { 'com.docker.network.bridge.name': 'mine0' }),
      network('elsewhere', '00'),
    ],
  });
}

const namesOf = (networks: readonly FabricNetwork[]): unknown => networks.map((n) => [n.name, n.nodes.map((node) => node.name)]);

test('networks are told apart, and each takes what shares its Docker network', () => {
  const found = twoNetworks();
  assert.deepEqual(namesOf(found), [
    ['one', ['one-peer', 'one-order', 'dev']],
    ['two', ['two-peer']],
  ]);
  assert.deepEqual(
    found.map((n) => n.networks.map((d) => [d.name, d.bridgeInterface])),
    [[['net_one', 'br-0123456789ab']], [['net_two', 'mine0']]],
  );
});

test('projects that share a Docker network are one Fabric network; those on the default bridge are not', () => {
  const shared = { net_one: '10.0.0.2' };
  const joined = fabricNetworksOf({
    containers: [container({ ...PEER, project: 'org1', networks: shared }), container({ ...PEER, project: 'org2', networks: shared })],
    networks: [network('net_one', '01')],
  });
  assert.deepEqual(
    joined.map((n) => n.name),
    ['org1+org2'],
  );
  const bridge = { bridge: '172.17.0.2' };
  const apart = fabricNetworksOf({
    containers: [container({ ...PEER, project: 'org1', networks: bridge }), container({ ...PEER, project: 'org2', networks: bridge })],
    networks: [network('bridge', '02')],
  });
  assert.equal(apart.length, 2);
});

test('without Compose the Docker network gives the name', () => {
  const found = fabricNetworksOf({ containers: [container(PEER)], networks: [network('net_one', '01'), network('host', '02', 'host')] });
  assert.deepEqual(
    found.map((n) => n.name),
    ['net_one'],
  );
});

const NOTHING: Selection = { projects: [], networks: [], containers: [] };

test('projects, networks and containers choose, all that were given together', () => {
  const found = twoNetworks();
  const chosen = (selection: Partial<Selection>): unknown => namesOf(selectContainers(found, { ...NOTHING, ...selection }));
  assert.deepEqual(chosen({ projects: ['one'] }), [['one', ['one-peer', 'one-order', 'dev']]]);
  assert.deepEqual(chosen({ networks: ['net_two'] }), [['two', ['two-peer']]]);
  assert.deepEqual(chosen({ networks: ['fedcba98'] }), [['two', ['two-peer']]]);
  assert.deepEqual(chosen({ containers: ['peer0'] }), [
    ['one', ['one-peer']],
    ['two', ['two-peer']],
  ]);
  assert.deepEqual(chosen({ containers: ['peer0'], projects: ['two'] }), [['two', ['two-peer']]]);
  const id = found[1]?.nodes[0]?.containerId ?? '';
  assert.deepEqual(chosen({ containers: [id] }), [['two', ['two-peer']]]);
  assert.deepEqual(selectContainers([], NOTHING), []);
});

test('a word that chooses nothing is an error that lists what there is', () => {
  const found = twoNetworks();
  const refused = (selection: Partial<Selection>, what: RegExp): void =>
    assert.throws(
      () => selectContainers(found, { ...NOTHING, ...selection }),
      (error) => error instanceof OperationalError && what.test(error.what) && /one-peer/.test(error.why),
    );
  refused({ containers: ['one-peer', 'nope'] }, /--container nope/);
  refused({ networks: ['elsewhere'] }, /--network elsewhere/);
  refused({ projects: ['one'], containers: ['two-peer'] }, /together/);
});

test('of an environment only what tells about logging is kept', () => {
  const node = fabricNodeOf(container({ ...PEER, env: ['FABRIC_LOGGING_SPEC=info', 'CORE_LOGGING_GOSSIP=debug', 'SECRET_TOKEN=hush'] }));
  assert.deepEqual(node?.loggingEnvironment, { FABRIC_LOGGING_SPEC: 'info', CORE_LOGGING_GOSSIP: 'debug' });
  assert.doesNotMatch(JSON.stringify(node), /hush/);
});
