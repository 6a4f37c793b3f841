import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieIn, isLoopback, isOwnHost, isToken } from './access.js';

test('names and addresses of this machine and IP literals are own, whatever the port; the given name too', () => {
  for (const host of [
    'localhost',
    'localhost:7077',
    'LOCALHOST:1',
    'x.localhost',
    '127.0.0.1:9',
    '127.9.9.9',
    '[::1]:7077',
    '[::1]',
    '192.168.1.5:7077',
    '[fe80::1]:80',
  ])
    assert.ok(isOwnHost(host, '127.0.0.1'), host);
  assert.ok(isOwnHost('box.lan:7077', 'Box.lan'));
});

test('any other name is refused, as is none and nonsense', () => {
  for (const host of [
    undefined,
    '',
    'evil.example',
    'evil.example:7077',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    'localhost/evil',
    'localhost:7077:1',
    '[::1',
    '1.2.3',
    '0x7f.1',
  ])
    assert.ok(!isOwnHost(host, '127.0.0.1'), String(host));
  assert.ok(!isOwnHost('other.lan', 'box.lan'));
});

test('loopback needs no token, all else does', () => {
  for (const host of ['127.0.0.1', 'localhost', '::1', '127.1.2.3']) assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '192.168.0.1', 'box', '127.0.0.1.evil', '1270.0.0.1']) assert.ok(!isLoopback(host), host);
});

test('a token is itself alone', () => {
  assert.ok(isToken('abc', 'abc'));
  for (const offered of [null, '', 'ab', 'abcd', 'abC']) assert.ok(!isToken(offered, 'abc'), String(offered));
});

test('a cookie is found by its whole name', () => {
  assert.equal(cookieIn('a=1; gossipscope-7=x=y ;b=2', 'gossipscope-7'), 'x=y');
  assert.equal(cookieIn('xgossipscope-7=1', 'gossipscope-7'), null);
  assert.equal(cookieIn(undefined, 'a'), null);
});
