import assert from 'node:assert/strict';
import test from 'node:test';
import type { FabricNode } from './discovery.js';
import type { EngineFacts } from './engine.js';
import { diskFinding, imagesWithTcpdump, logDriverFindings, logLevelFindings, logRotationFindings, packetsFinding } from './readiness.js';

const facts = (apiVersion: string): EngineFacts => ({
  version: 'x',
  apiVersion,
  operatingSystem: '',
  kernelVersion: '',
  hostName: '',
  rootDirectory: '',
  rootless: false,
});

function node(parts: Partial<FabricNode>): FabricNode {
  return {
    role: 'peer',
    name: 'p',
    containerId: 'c',
    project: 'net',
    service: 'svc',
    mspId: null,
    endpoint: null,
    fabricVersion: '2.2.0',
    image: '',
    state: 'running',
    networks: [],
    addresses: [{ network: 'n', address: '10.0.0.2' }],
    loggingEnvironment: {},
    operationsAddress: null,
    hasTerminal: false,
    logDriver: 'json-file',
    logRotation: null,
    logCacheDisabled: false,
    ...parts,
  };
}

const statusesOf = (findings: readonly { readonly status: string }[]): readonly string[] => findings.map((f) => f.status);

test('drivers: readable, readable by the engine’s copy, unreadable', () => {
  const statuses = (parts: Partial<FabricNode>, api = '1.41'): readonly string[] => statusesOf(logDriverFindings([node(parts)], facts(api)));
  assert.deepEqual(statuses({ logDriver: 'local' }), ['ok']);
  assert.deepEqual(statuses({ logDriver: 'journald' }, '1.24'), ['ok']);
  assert.deepEqual(statuses({ logDriver: 'syslog' }), ['warn']);
  assert.deepEqual(statuses({ logDriver: 'syslog' }, '1.40'), ['fail']);
  assert.deepEqual(statuses({ logDriver: 'syslog', logCacheDisabled: true }), ['fail']);
  assert.deepEqual(statuses({ logDriver: 'none' }), ['fail']);
  assert.deepEqual(statuses({ logDriver: 'none', role: 'ca' }), ['warn']);
});

test('the mend of a driver fits how the container was made', () => {
  const mendOf = (parts: Partial<FabricNode>): string =>
    logDriverFindings([node({ logDriver: 'none', ...parts })], facts('1.43'))[0]?.mend.join('\n') ?? '';
  assert.match(mendOf({}), /compose file, for svc.*\n.*--force-recreate svc/);
  assert.match(mendOf({ service: null }), /docker run --log-driver json-file/);
  assert.match(mendOf({ service: null, role: 'chaincode' }), /CORE_VM_DOCKER_HOSTCONFIG_LOGCONFIG_TYPE=json-file/);
});

test('rotation is told with its numbers, and warned of where following may lose lines', () => {
  const rotating = node({ logRotation: { maxSizeBytes: 1024 * 1024, maxFiles: 2, isCompressed: false } });
  const [old] = logRotationFindings([rotating], facts('1.41'));
  assert.equal(old?.status, 'warn');
  assert.match(old?.says ?? '', /2 files of 1 MiB/);
  const [recent] = logRotationFindings([rotating], facts('1.42'));
  assert.equal(recent?.status, 'ok');
  assert.match(recent?.says ?? '', /2 MiB are written while nobody reads/);
  assert.deepEqual(statusesOf(logRotationFindings([node({})], facts('1.41'))), ['ok']);
});

test('a peer’s level is judged by what the analysis reads', () => {
  const found = (spec: string, version = '2.2.0'): { readonly status: string; readonly says: string } | undefined =>
    logLevelFindings([node({ loggingEnvironment: { FABRIC_LOGGING_SPEC: spec }, fabricVersion: version })])[0];
  assert.equal(found('info')?.status, 'ok');
  assert.equal(found('error')?.status, 'fail');
  assert.equal(found('warning:gossip,kvledger=info')?.status, 'warn');
  assert.match(found('warning:gossip,kvledger=info')?.says ?? '', /hides the delivery from orderers:/);
  assert.match(found('info:gossip.election=error')?.says ?? '', /hides leader elections:/);
  assert.match(found('loud')?.says ?? '', /refuses .*"loud"/);
});

test('the mend of a level is of its version, and at run time only where the service can be reached', () => {
  const mendOf = (parts: Partial<FabricNode>): string => logLevelFindings([node(parts)])[0]?.mend.join('\n') ?? '';
  const quiet = { FABRIC_LOGGING_SPEC: 'error' };
  assert.match(
    mendOf({ loggingEnvironment: quiet, operationsAddress: '0.0.0.0:9443' }),
    /curl -X PUT -d '\{"spec":"info"\}' http:\/\/10\.0\.0\.2:9443\/logspec/,
  );
  assert.doesNotMatch(mendOf({ loggingEnvironment: quiet, operationsAddress: '127.0.0.1:9443' }), /curl/);
  assert.match(mendOf({ loggingEnvironment: {}, fabricVersion: '1.1.0' }), /CORE_LOGGING_GOSSIP=INFO/);
  assert.match(mendOf({ loggingEnvironment: { CORE_LOGGING_GOSSIP: 'INFO' }, fabricVersion: '1.0.6' }), /CORE_LOGGING_GOSSIP=DEBUG/);
});

test('what is the same of several nodes is told once', () => {
  const nodes = ['a', 'b', 'c', 'd', 'e'].map((name) => node({ name }));
  assert.match(logLevelFindings(nodes)[0]?.says ?? '', /all 5 peers and orderers$/);
  const quiet = nodes.map((n) => ({ ...n, loggingEnvironment: { FABRIC_LOGGING_SPEC: 'error' } }));
  assert.match(logLevelFindings(quiet)[0]?.says ?? '', /a, b, c, d and 1 more$/);
  assert.match(logDriverFindings(nodes, facts('1.43'))[0]?.says ?? '', /all 5 containers$/);
});

test('images are known by their names, behind any registry', () => {
  const images = ['nicolaka/netshoot:v0.13', 'reg.local:5000/corfr/tcpdump:latest', 'ubuntu:22.04', 'linuxserver/wireshark:4'].map((name) => ({
    names: [name],
  }));
  assert.deepEqual(imagesWithTcpdump(images), ['nicolaka/netshoot:v0.13', 'reg.local:5000/corfr/tcpdump:latest', 'linuxserver/wireshark:4']);
});

test('disk space', () => {
  assert.equal(diskFinding('.', 50 * 1024 ** 3).status, 'ok');
  assert.equal(diskFinding('.', 1024 ** 3).status, 'warn');
  assert.equal(diskFinding('.', 1024).status, 'fail');
  assert.equal(diskFinding('.', null).status, 'unknown');
});

test('what is well is one line, whatever it is made of', () => {
  const nodes = [
    node({ name: 'p', loggingEnvironment: { FABRIC_LOGGING_SPEC: 'INFO' } }),
    node({ name: 'o', role: 'orderer', loggingEnvironment: { FABRIC_LOGGING_SPEC: 'INFO' } }),
    node({ name: 'cc', role: 'chaincode', logRotation: { maxSizeBytes: 50 * 1024 * 1024, maxFiles: 5, isCompressed: false } }),
  ];
  assert.deepEqual(
    logLevelFindings(nodes).map((f) => [f.status, f.says]),
    [['ok', 'FABRIC_LOGGING_SPEC=INFO prints what the analysis needs: p, o']],
  );
  const rotation = logRotationFindings(nodes, facts('1.41'));
  assert.deepEqual(statusesOf(rotation), ['ok']);
  assert.match(rotation[0]?.says ?? '', /not rotated: p, o; 5 files of 50 MiB kept of each/);
  assert.doesNotMatch(rotation[0]?.says ?? '', /are gone/, 'no warning dressed as well');
});

test('how packets are captured is told also before a network is there', () => {
  const plan = { method: 'none' as const, reason: 'no packets are captured.', captures: [], image: null, mustPull: false, missing: [] };
  assert.equal(packetsFinding(plan, true, null).says, 'no packets are captured');
  assert.equal(packetsFinding(plan, false, null).says, 'no network is there yet; once one is, no packets are captured');
  assert.deepEqual(packetsFinding({ ...plan, method: 'sidecar' }, true, 'tool').mend, ['gossipscope record --capture-image tool']);
});
