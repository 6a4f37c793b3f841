import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgeOf, type CaptureCircumstances, type CaptureNetwork, hasImage, planCapture } from './capture-plan.js';
import type { HostTcpdump } from './host-tcpdump.js';

const ID = 'abcdef0123456789';
const BRIDGE = 'br-abcdef012345';
const network = (driver: string, more: Partial<CaptureNetwork> = {}): CaptureNetwork => ({
  id: ID,
  name: 'net',
  driver,
  options: {},
  members: [
    { id: 'c1', name: 'one', networkCount: 1 },
    { id: 'c2', name: 'two', networkCount: 2 },
  ],
  ...more,
});
const USABLE: HostTcpdump = { usable: true, how: 'sudo', path: '/usr/bin/tcpdump', command: ['sudo', '-n', '/usr/bin/tcpdump'], version: '4.99.3' };
const FORBIDDEN: HostTcpdump = { usable: false, path: '/usr/bin/tcpdump', why: 'tcpdump may not capture as me', hint: 'sudo setcap … tcpdump' };

const BASE: CaptureCircumstances = {
  wish: 'auto',
  location: 'local',
  hostTcpdump: USABLE,
  hostInterfaces: ['lo', BRIDGE],
  networks: [network('bridge')],
  captureImage: null,
  images: ['dumper:latest'],
  consentToPull: false,
};
const plan = (more: Partial<CaptureCircumstances>) => planCapture({ ...BASE, ...more });

test('the bridge is named by the option, else by the id; other drivers have none', () => {
  assert.equal(bridgeOf(network('bridge')), BRIDGE);
  assert.equal(bridgeOf(network('bridge', { options: { 'com.docker.network.bridge.name': 'docker0' } })), 'docker0');
  assert.deepEqual(
    ['overlay', 'macvlan', 'ipvlan', 'host', 'null'].map((driver) => bridgeOf(network(driver))),
    [null, null, null, null, null],
  );
});

test('image names are compared as Docker does', () => {
  assert.ok(hasImage(['a/b:latest'], 'a/b'));
  assert.ok(hasImage(['alpine:latest'], 'docker.io/library/alpine'));
  assert.ok(hasImage(['host:5000/a:1'], 'host:5000/a:1'));
  assert.ok(!hasImage(['host:5000/a:1'], 'host:5000/a'));
  assert.ok(!hasImage(['a/b:2'], 'a/b'));
  assert.ok(hasImage([`sha256:${'ab'.repeat(32)}`], 'abababababab'));
});

test('the host captures on the bridge where it can, and says how', () => {
  const { method, reason, captures, missing, image, mustPull } = plan({ captureImage: 'dumper' });
  assert.equal(method, 'host');
  assert.match(reason, /this host's tcpdump, run through sudo \(tcpdump alone\)\.$/);
  assert.deepEqual(captures, [{ method: 'host', interface: BRIDGE, networkMode: null, network: { id: ID, name: 'net' }, container: null }]);
  assert.deepEqual([missing, image, mustPull], [[], null, false]);
});

test('otherwise a container does, in the host’s network namespace', () => {
  for (const [more, why] of [
    [{ location: 'remote' }, /another host/],
    [{ location: 'virtual-machine' }, /virtual machine/],
    [{ hostTcpdump: FORBIDDEN }, /may not capture as me/],
    [{ hostInterfaces: ['lo'] }, /no interface br-abcdef012345/],
    [{ wish: 'sidecar' }, /as asked/],
  ] as const) {
    const { method, reason, captures, image, mustPull } = plan({ ...more, captureImage: 'dumper' });
    assert.deepEqual([method, image, mustPull], ['sidecar', 'dumper', false]);
    assert.match(reason, why);
    assert.deepEqual([captures[0]?.networkMode, captures[0]?.interface], ['host', BRIDGE]);
  }
});

test('nothing is pulled unasked', () => {
  const without = plan({ hostTcpdump: FORBIDDEN, captureImage: 'other:1' });
  assert.deepEqual([without.method, without.captures, without.mustPull], ['none', [], false]);
  assert.match(without.missing[0]?.why ?? '', /other:1 is not on this engine, and nothing is pulled unasked/);
  assert.match(without.missing[0]?.hint ?? '', /setcap.*; or add --pull, or first: docker pull other:1/);
  const agreed = plan({ hostTcpdump: FORBIDDEN, captureImage: 'other:1', consentToPull: true });
  assert.deepEqual([agreed.method, agreed.image, agreed.mustPull], ['sidecar', 'other:1', true]);
  assert.equal(plan({ captureImage: 'other:1', consentToPull: true }).mustPull, false);
});

test('with no way, it says what is missing and how to get it', () => {
  const { method, reason, missing } = plan({ hostTcpdump: FORBIDDEN });
  assert.equal(method, 'none');
  assert.match(reason, /^no packets are captured: tcpdump may not capture as me; no image .* was named\.$/);
  assert.match(missing[0]?.hint ?? '', /^sudo setcap … tcpdump; or --capture-image /);
  const remote = plan({ location: 'remote' });
  assert.match(remote.missing[0]?.hint ?? '', /^--capture-image /);
  assert.deepEqual(plan({ wish: 'none' }).missing, []);
  assert.match(plan({ wish: 'host', hostTcpdump: FORBIDDEN, captureImage: 'dumper' }).missing[0]?.hint ?? '', /--capture auto/);
});

test('a network without a bridge is looked into beside each of its containers', () => {
  const { method, captures, missing } = plan({
    networks: [network('bridge'), network('overlay', { id: 'o', name: 'over' })],
    captureImage: 'dumper',
  });
  assert.equal(method, 'host');
  assert.deepEqual(
    captures.map((c) => [c.method, c.networkMode, c.interface, c.container?.name ?? null]),
    [
      ['host', null, BRIDGE, null],
      ['sidecar', 'container:c1', 'eth0', 'one'],
      ['sidecar', 'container:c2', 'any', 'two'],
    ],
  );
  assert.deepEqual(missing, []);
  const imageless = plan({ networks: [network('bridge'), network('overlay', { name: 'over' })] });
  assert.deepEqual([imageless.captures.length, imageless.missing[0]?.networks], [1, ['over']]);
  assert.match(imageless.missing[0]?.why ?? '', /over has no bridge on the host/);
});

test('a container on two such networks is looked into once, the host’s namespace too', () => {
  const two = [network('overlay', { id: 'o' }), network('macvlan', { id: 'm' }), network('host'), network('host', { id: 'h' }), network('null')];
  const { captures } = plan({ networks: two.map((n) => ({ ...n, members: [{ id: 'c', name: 'c', networkCount: 2 }] })), captureImage: 'dumper' });
  assert.deepEqual(
    captures.map((c) => [c.networkMode, c.interface]),
    [
      ['container:c', 'any'],
      ['host', 'any'],
    ],
  );
});

test('without any network yet, it says how one with a bridge will be captured', () => {
  assert.deepEqual([plan({ networks: [], hostInterfaces: ['lo'] }).method, plan({ networks: [], location: 'remote' }).method], ['host', 'none']);
});
