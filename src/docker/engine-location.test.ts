import assert from 'node:assert/strict';
import test from 'node:test';
import type { EngineFacts } from './engine.js';
import { engineLocation, type HostFacts } from './engine-location.js';

const LINUX: EngineFacts = {
  version: '24.0.0',
  apiVersion: '1.43',
  operatingSystem: 'Ubuntu 22.04 LTS',
  kernelVersion: '6.1.0-generic',
  hostName: 'build1',
  rootDirectory: '/var/lib/docker',
  rootless: false,
};
const HERE: HostFacts = { hostName: 'build1', kernelVersion: '6.1.0-generic', interfaces: ['lo', 'eth0', 'docker0', 'br-0123456789ab'] };
const SOCKET = 'unix:///var/run/docker.sock';

test('an engine whose bridge is here is local, however it is reached', () => {
  assert.equal(engineLocation(LINUX, SOCKET, HERE, ['docker0', 'br-0123456789ab']), 'local');
  assert.equal(engineLocation(LINUX, 'tcp://build1:2376', HERE, ['br-0123456789ab']), 'local');
});

test('without networks of its own, name and kernel decide', () => {
  assert.equal(engineLocation(LINUX, SOCKET, HERE, ['docker0']), 'local');
  assert.equal(engineLocation({ ...LINUX, hostName: 'build2' }, 'ssh://me@build2', HERE, []), 'remote');
});

test('an engine none of whose bridges is here is not local, not even with the same name', () => {
  assert.equal(engineLocation(LINUX, SOCKET, { ...HERE, interfaces: ['lo', 'eth0'] }, ['br-0123456789ab']), 'remote');
});

test('engines in virtual machines of this computer', () => {
  const mac: HostFacts = { hostName: 'mac.local', kernelVersion: '23.1.0', interfaces: ['lo0', 'en0'] };
  const machines: readonly Partial<EngineFacts>[] = [
    { operatingSystem: 'Docker Desktop', hostName: 'docker-desktop', kernelVersion: '6.6.12-linuxkit' },
    { operatingSystem: 'Ubuntu 23.10', hostName: 'colima', kernelVersion: '6.5.0' },
    { operatingSystem: 'Rancher Desktop WSL Distribution', hostName: 'desk', kernelVersion: '5.15.146.1-microsoft-standard-WSL2' },
    { operatingSystem: 'OrbStack', hostName: 'orbstack', kernelVersion: '6.6.16-orbstack' },
    { operatingSystem: 'fedora', hostName: 'podman-machine-default', kernelVersion: '6.6.8' },
  ];
  for (const machine of machines) assert.equal(engineLocation({ ...LINUX, ...machine }, SOCKET, mac, ['br-0123456789ab']), 'virtual-machine');
  assert.equal(engineLocation({ ...LINUX, ...machines[0] }, 'tcp://far:2376', mac, []), 'remote');
});

test('an engine inside the same WSL distribution is local', () => {
  const kernelVersion = '5.15.146.1-microsoft-standard-WSL2';
  assert.equal(engineLocation({ ...LINUX, kernelVersion }, SOCKET, { ...HERE, kernelVersion }, []), 'local');
});

test('a rootless engine has its network for itself', () => {
  assert.equal(engineLocation({ ...LINUX, rootless: true }, 'unix:///run/user/1000/docker.sock', HERE, []), 'virtual-machine');
});
