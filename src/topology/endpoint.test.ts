import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonNameOf, hostOf, isAnonymousHost, isHostName, portOf } from './endpoint.js';

test('hosts and ports of endpoints, IPv6 included', () => {
  assert.equal(hostOf('peer0.example.com:7051'), 'peer0.example.com');
  assert.equal(portOf('peer0.example.com:7051'), 7051);
  assert.equal(hostOf('[fe80::1]:7051'), 'fe80::1');
  assert.equal(portOf('[fe80::1]:7051'), 7051);
  assert.equal(hostOf('fe80::1'), 'fe80::1');
  assert.equal(hostOf('peer0'), 'peer0');
  assert.equal(portOf('peer0'), null);
});

test('only a real name can name a node', () => {
  assert.ok(isHostName('peer0'));
  for (const host of ['', 'localhost', '127.0.0.1', '0.0.0.0', '::1']) assert.ok(isAnonymousHost(host), host);
  assert.ok(!isHostName('172.18.0.5'));
  assert.ok(!isHostName('fe80::2'));
});

test('the common name of a subject', () => {
  assert.equal(commonNameOf('CN=peer0.org1.example.com,L=San Francisco,ST=California,C=US'), 'peer0.org1.example.com');
  assert.equal(commonNameOf('C=US,OU=peer,CN=peer0'), 'peer0');
  assert.equal(commonNameOf('O=only'), null);
});
