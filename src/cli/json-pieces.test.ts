import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonPieces } from './json-pieces.js';

test('the pieces are the text of JSON.stringify, byte for byte', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => assert.equal([...jsonPieces(value)].join(''), JSON.stringify(value, null, 1))));
  const odd = { a: undefined, list: [1, undefined, []], nested: { deep: { deeper: { text: 'a\nb "c" \u2028', none: {} } } } };
  assert.equal([...jsonPieces(odd)].join(''), JSON.stringify(odd, null, 1));
});

test('a long list comes in many pieces, none of them long', () => {
  const pieces = [...jsonPieces({ gossip: { connections: Array.from({ length: 1000 }, (_, i) => ({ i, text: 'x'.repeat(50) })) } })];
  assert.ok(pieces.length > 1000);
  assert.ok(Math.max(...pieces.map((p) => p.length)) < 200);
});
