import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressPseudonyms } from './address-pseudonyms.js';
import { parseAddress } from './name-collector.js';

const bytesOf = (text: string): Uint8Array => {
  const bytes = parseAddress(text);
  assert.ok(bytes !== null, text);
  return bytes;
};
const keyOf = (seed: number): Uint8Array => new Uint8Array(32).fill(seed);
const ofAddresses = (texts: readonly string[], seed = 1): AddressPseudonyms => new AddressPseudonyms(keyOf(seed), texts.map(bytesOf));
const dotted = (addresses: AddressPseudonyms, text: string): string => addresses.address(bytesOf(text)).join('.');
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const PRIVATE: readonly (readonly [string, RegExp])[] = [
  ['10.1.2.3', /^10\.\d\.\d\.3$/],
  ['172.19.0.4', /^172\.(?:1[6-9]|2\d|3[01])\.\d\.4$/],
  ['192.168.17.20', /^192\.168\.\d\d\.20$/],
  ['100.72.1.9', /^100\.(?:6[4-9]|[7-9]\d)\.\d\.9$/],
  ['169.254.100.7', /^169\.254\.\d{3}\.7$/],
];

test('a private address stays private, of its kind, its length and its last byte', () => {
  for (let seed = 0; seed < 30; seed++) {
    const addresses = ofAddresses(
      PRIVATE.map(([text]) => text),
      seed,
    );
    for (const [text, kind] of PRIVATE) {
      const replaced = dotted(addresses, text);
      assert.match(replaced, kind);
      assert.notEqual(replaced, text);
      assert.equal(replaced.length, text.length);
    }
  }
});

test('addresses that every network has stay as they are', () => {
  const addresses = ofAddresses(['172.19.0.4']);
  for (const text of ['0.0.0.0', '127.0.0.1', '127.0.0.11', '224.0.0.251', '255.255.255.255', '::', '::1', 'ff02::1', 'ff02::fb'])
    assert.equal(hexOf(addresses.address(bytesOf(text))), hexOf(bytesOf(text)), text);
});

test('a public address does not become one of 10/8, a loopback or a multicast one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 223 }), fc.integer({ min: 0, max: 255 }), fc.nat(255), (first, second, seed) => {
      fc.pre(first !== 10 && first !== 127 && !(first === 172 && second >= 16 && second < 32) && !(first === 192 && second === 168));
      fc.pre(!(first === 169 && second === 254) && !(first === 100 && second >= 64 && second < 128));
      const replaced = new AddressPseudonyms(keyOf(seed), []).address(Uint8Array.of(first, second, 3, 4));
      assert.ok(![0, 10, 127].includes(replaced[0] as number) && (replaced[0] as number) < 224, replaced.join('.'));
    }),
  );
});

test('neighbours stay neighbours, no two become one, none becomes another of the network', () => {
  const hosts = Array.from({ length: 40 }, (_, i) => `172.19.0.${i + 2}`);
  const others = ['172.20.0.2', '172.19.1.2', '10.0.0.2'];
  for (let seed = 0; seed < 20; seed++) {
    const addresses = ofAddresses([...hosts, ...others], seed);
    const images = [...hosts, ...others].map((text) => dotted(addresses, text));
    assert.equal(new Set(images).size, images.length);
    assert.ok(images.every((image) => ![...hosts, ...others].includes(image)));
    assert.equal(new Set(images.slice(0, hosts.length).map((image) => image.slice(0, image.lastIndexOf('.')))).size, 1);
  }
});

test('IPv6: the kind of an address, its zero groups and the digits of each group stay', () => {
  const texts = ['fd00:19::4', 'fe80::42:acff:fe13:4', '2001:db8:19::1:2', 'fd00:19::5'];
  for (let seed = 0; seed < 20; seed++) {
    const addresses = ofAddresses(texts, seed);
    for (const text of texts) {
      const [before, after] = [bytesOf(text), addresses.address(bytesOf(text))];
      assert.notEqual(hexOf(after), hexOf(before), text);
      const digits = (bytes: Uint8Array): readonly number[] => (hexOf(bytes).match(/.{4}/g) ?? []).map((g) => g.replace(/^0{1,4}/, '').length);
      assert.deepEqual(digits(after), digits(before), text);
    }
    assert.equal(addresses.address(bytesOf('fd00:19::4'))[0], 0xfd);
    assert.equal(hexOf(addresses.address(bytesOf('fe80::42:acff:fe13:4'))).slice(0, 16), `fe80${'0'.repeat(12)}`);
    assert.match(hexOf(addresses.address(bytesOf('2001:db8:19::1:2'))), /^[23]/);
    assert.equal(hexOf(addresses.address(bytesOf('fd00:19::4'))).slice(0, 28), hexOf(addresses.address(bytesOf('fd00:19::5'))).slice(0, 28));
  }
});

test('an IPv4 address within IPv6 is replaced as it is elsewhere', () => {
  const addresses = ofAddresses(['172.19.0.4']);
  assert.equal(hexOf(addresses.address(bytesOf('::ffff:172.19.0.4'))).slice(24), hexOf(addresses.address(bytesOf('172.19.0.4'))));
});

test('a MAC address becomes a locally administered one; groups stay, without what they tell', () => {
  const addresses = ofAddresses([]);
  const mac = Uint8Array.of(0x02, 0x42, 0xac, 0x13, 0, 4);
  const replaced = addresses.mac(mac);
  assert.equal(replaced[0], 2);
  assert.notEqual(hexOf(replaced), hexOf(mac));
  assert.equal(hexOf(addresses.mac(mac)), hexOf(replaced));
  assert.equal(hexOf(addresses.mac(new Uint8Array(6).fill(255))), 'ffffffffffff');
  assert.equal(hexOf(addresses.mac(Uint8Array.of(0x33, 0x33, 0xff, 0x13, 0, 4))), '3333ff000000');
  assert.equal(hexOf(addresses.mac(new Uint8Array(6))), '000000000000');
});
