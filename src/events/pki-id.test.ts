import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { findPkiIdInMessage, hexOfProtobufText, parsePkiId, parsePkiIdList } from './pki-id.js';

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** Protobuf text as golang/protobuf writes bytes. */
const protobufText = (bytes: Uint8Array): string =>
  [...bytes]
    .map((byte) => {
      const named = { 10: '\\n', 13: '\\r', 9: '\\t', 34: '\\"', 92: '\\\\' }[byte];
      return named ?? (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`);
    })
    .join('');

const ids = fc.uint8Array({ minLength: 1, maxLength: 64 });

it('reads one id from every notation', () => {
  fc.assert(
    fc.property(ids, (bytes) => {
      const hex = hexOf(bytes);
      assert.equal(parsePkiId(hex), hex);
      assert.equal(parsePkiId(hex.toUpperCase()), hex);
      assert.equal(parsePkiId(`[${[...bytes].join(' ')}]`), hex);
      assert.equal(hexOfProtobufText(protobufText(bytes)), hex);
      assert.equal(findPkiIdInMessage(`alive_msg:<membership:<endpoint:"a:1" pki_id:"${protobufText(bytes)}" > >`), hex);
      assert.equal(findPkiIdInMessage(`Membership: Endpoint:a:1 PKI-id:${hex}Identity:Org1MSP`), hex);
    }),
  );
});

it('reads lists of ids', () => {
  fc.assert(
    fc.property(fc.array(ids, { maxLength: 4 }), (list) => {
      assert.deepEqual(parsePkiIdList(`[${list.map(hexOf).join(' ')}]`), list.map(hexOf));
      assert.deepEqual(parsePkiIdList(`[${list.map((bytes) => `[${[...bytes].join(' ')}]`).join(' ')}]`), list.map(hexOf));
    }),
  );
});

it('is null for no id', () => {
  for (const text of ['', '<nil>', '[]', '[1 256]', 'abc', 'peer0.org1:7051', '[1 2', `${'ab'.repeat(65)}`])
    assert.equal(parsePkiId(text), null, text);
  assert.equal(parsePkiIdList('[x y]'), null);
  assert.equal(hexOfProtobufText('\\q'), null);
  assert.equal(findPkiIdInMessage('pki_id:""'), null);
});
