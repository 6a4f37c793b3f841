import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LeakSearch } from './leak-search.js';
import { NameCollector, parseAddress } from './name-collector.js';

const VOCABULARY = new Set(['peer', 'com', 'org', 'inspects', 'northwind']);
const HOST = 'peer0.orchard.example.com';
const ID = 'fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01';
const ADDRESSES = ['172.19.0.4', '2001:db8:19::4', '2001:0:0:1:0:0:0:5', 'fe80::42:acff:fe13:4'];

function searchOf(kind: 'text' | 'binary' = 'text'): LeakSearch {
  const names = new NameCollector(VOCABULARY);
  for (const name of [HOST, 'OrchardMSP', 'fch', 'inspect']) names.name(name);
  for (const address of [...ADDRESSES, '127.0.0.1', '::1', 'ff02::1']) names.address(parseAddress(address) as Uint8Array);
  names.mac(Uint8Array.of(2, 0x42, 0xac, 0x13, 0, 4));
  names.id(`abcdef012345${'0'.repeat(52)}`);
  names.pkiId(ID);
  return new LeakSearch(names.result(), VOCABULARY, kind);
}
const search = searchOf();
const found = (text: string | Uint8Array): string | null =>
  search.find(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)?.encoding ?? null;

const bytes = [...Buffer.from(HOST)];
const hex = bytes.map((b) => b.toString(16).padStart(2, '0'));
const around = (text: string): string => `before ${text} after`;
const ENCODED: Readonly<Record<string, string | Uint8Array>> = {
  plain: HOST,
  'in upper case': HOST.toUpperCase(),
  'within a word': 'myorchardx',
  'within base64': Buffer.from(`xy${HOST}z`).toString('base64'),
  'within base64, shifted by one': Buffer.from(`xyz${HOST}`).toString('base64'),
  'within base64, shifted by two': Buffer.from(`wxyz${HOST}--`).toString('base64'),
  'within base64url': Buffer.from(`??>${HOST}`).toString('base64url'),
  hexadecimal: hex.join(''),
  'hexadecimal with colons': hex.join(':'),
  'hexadecimal, upper case': hex.join('').toUpperCase(),
  'a hex dump': hex.join(' '),
  'decimal bytes': `[${bytes.join(' ')}]`,
  'decimal bytes of JSON': JSON.stringify(bytes),
  'percent encoding': hex.map((h) => `%${h}`).join(''),
  'JSON escapes': hex.map((h) => `\\u00${h}`).join(''),
  'hexadecimal escapes': hex.map((h) => `\\x${h}`).join(''),
  'octal escapes': bytes.map((b) => `\\${b.toString(8).padStart(3, '0')}`).join(''),
  'UTF-16, little end first': Buffer.from(HOST, 'utf16le'),
  'UTF-16, big end first': Buffer.from(HOST, 'utf16le').swap16(),
  'a reversed domain': 'com.example.orchard.peer0',
  'DNS labels': '\x05peer0\x07orchard\x07example\x03com\0',
  'a short name': 'channel fch joined',
  'a PKI-ID': ID,
  'a PKI-ID as bytes': Buffer.from(ID, 'hex'),
  'a PKI-ID as decimal bytes': [...Buffer.from(ID, 'hex')].join(' '),
  'a PKI-ID in base64': Buffer.from(`a${Buffer.from(ID, 'hex').toString('latin1')}`, 'latin1').toString('base64'),
  'the begin of an id': 'container abcdef012345',
  'a MAC address': '02:42:ac:13:00:04',
  'a MAC address, upper case': '02:42:AC:13:00:04',
  'an address': 'to 172.19.0.4:7051.',
  'an address at the end of a sentence': 'from 172.19.0.4.',
  'an address in hexadecimal': 'ac130004',
  'an address with dashes': 'ip 172-19-0-4 x',
  'a reverse pointer': '4.0.19.172.in-addr.arpa',
  IPv6: 'from 2001:db8:19::4 to',
  'IPv6 in brackets': '[2001:db8:19::4]:7051',
  'IPv6 in upper case': '2001:DB8:19::4',
  'IPv6 with its zeroes': '2001:0db8:0019:0000:0000:0000:0000:0004',
  'IPv6 without its double colon': '2001:db8:19:0:0:0:0:4',
  'IPv6 with two runs of zeroes': '2001:0:0:1::5',
  'IPv6, link-local with a zone': 'fe80::42:acff:fe13:4%eth0',
  'a reverse pointer of IPv6': '4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
};

describe('every encoding is found', () => {
  for (const [how, text] of Object.entries(ENCODED))
    test(how, () => {
      assert.notEqual(found(text), null);
      assert.notEqual(found(typeof text === 'string' ? around(text) : Buffer.concat([Buffer.from('before '), text, Buffer.from(' after')])), null);
    });
});

test('near misses are none', () => {
  const misses = [
    'peer',
    'example.org'.replace('example', 'exampel'),
    'fchannel',
    'xfch',
    '172.19.0.40',
    '172.19.0.4.5',
    '1172.19.0.4',
    '12001:db8:19::4',
    '2001:db8:19::41',
    '2001:db8:19::4:1',
    '1:2001:db8:19::4',
    '127.0.0.1',
    '::1',
    'ff02::1',
    'inspects',
    '"inspects":',
    ID.slice(0, 40),
    'bcdef012345',
    Buffer.from('peach0.garden').toString('base64'),
  ];
  for (const miss of misses) assert.equal(found(around(miss)), null, miss);
});

test('a word of the vocabulary that holds a name is none of it, the name beside it is', () => {
  assert.equal(found('"inspects": 1'), null);
  assert.equal(found('"inspects": "inspect"'), 'plain');
  assert.equal(found('inspected'), 'plain');
});

test('in binary files short names are no find, long ones are', () => {
  const binary = searchOf('binary');
  assert.equal(binary.find(Buffer.from('fch')), null);
  assert.equal(binary.find(Buffer.from('orchard'))?.name, 'orchard');
  assert.equal(binary.find(Buffer.from('ac130004')), null);
});

test('a name is found wherever it stands, also across two pieces that overlap as they should', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(100), (noise, cut) => {
      const all = Buffer.concat([noise, Buffer.from(` ${HOST} `), noise]);
      assert.notEqual(search.find(all), null);
      const at = noise.length + (cut % HOST.length);
      const pieces = [all.subarray(0, at), all.subarray(Math.max(0, at - search.overlapBytes))];
      assert.ok(pieces.some((piece) => search.find(piece) !== null));
    }),
  );
});
