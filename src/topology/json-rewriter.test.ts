import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JsonString, rewriteJsonStrings } from './json-rewriter.js';

const rewritten = (value: unknown, replace: (string: JsonString) => string): unknown =>
  JSON.parse(rewriteJsonStrings(JSON.stringify(value), replace) ?? 'null');

test('each string is given with the keys that lead to it', () => {
  const seen: string[] = [];
  rewriteJsonStrings('{"a": [1, "x", {"b": "y"}, ["z"]], "c": {}, "d": ["{", ",", "]"], "e": "\\"q"}', ({ path, isKey, escaped }) => {
    seen.push(`${path.join('.')}${isKey ? ' key' : ''} ${escaped}`);
    return escaped;
  });
  assert.deepEqual(seen, [' key a', 'a.1 x', 'a.2 key b', 'a.2.b y', 'a.3.0 z', ' key c', ' key d', 'd.0 {', 'd.1 ,', 'd.2 ]', ' key e', 'e \\"q']);
});

test('a path that was given stays as it was', () => {
  const paths: JsonString['path'][] = [];
  rewriteJsonStrings('["a", ["b"], {"c": "d"}]', ({ path, escaped }) => {
    paths.push(path);
    return escaped;
  });
  assert.deepEqual(paths, [[0], [1, 0], [2], [2, 'c']]);
});

test('what is between strings stays, byte for byte', () => {
  const text = '\n{ "a" :\t[ 1.50 , "b" ],\r\n "\\u0061" : null }  \n';
  assert.equal(
    rewriteJsonStrings(text, ({ escaped }) => escaped),
    text,
  );
  assert.equal(
    rewriteJsonStrings(text, () => 'x'),
    '\n{ "x" :\t[ 1.50 , "x" ],\r\n "x" : null }  \n',
  );
});

test('any document: nothing replaced gives it again, everything replaced leaves no string', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(3), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      assert.equal(
        rewriteJsonStrings(text, ({ escaped }) => escaped),
        text,
      );
      const strings: string[] = [];
      JSON.parse(text, function (this: unknown, key: string, item: unknown) {
        if (typeof item === 'string') strings.push(item);
        if (!Array.isArray(this) && key !== '') strings.push(key);
        return item;
      });
      const seen: string[] = [];
      rewriteJsonStrings(text, ({ escaped }) => {
        seen.push(JSON.parse(`"${escaped}"`) as string);
        return 'x';
      });
      assert.ok(strings.every((string) => seen.includes(string)));
    }),
  );
});

test('an escaped key is given as it is written; values of equal keys are all given', () => {
  assert.deepEqual(
    rewritten({ 'a"b': { '\\': 'v' } }, ({ path, isKey, escaped }) => (isKey ? escaped : path.join('|'))),
    { 'a"b': { '\\': 'a"b|\\' } },
  );
  assert.equal(
    rewriteJsonStrings('{"a":"1","a":"2"}', ({ isKey, escaped }) => (isKey ? escaped : `${escaped}!`)),
    '{"a":"1!","a":"2!"}',
  );
});

test('what is no JSON, or too deep, is told as such, however long', () => {
  const keep = ({ escaped }: JsonString): string => escaped;
  for (const text of ['', '{', '"a', '{"a":}', "{'a':1}", '[1,]', '{"a":"b"', '{"a":"b"} x', '\ufeff{}', '"\n"', '"\\x"'])
    assert.equal(rewriteJsonStrings(text, keep), null, text);
  for (const depth of [65, 1000, 200_000]) {
    assert.equal(rewriteJsonStrings(`${'['.repeat(depth)}"a"${']'.repeat(depth)}`, keep), null);
    assert.equal(rewriteJsonStrings(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`, keep), null);
  }
  assert.notEqual(rewriteJsonStrings(`${'['.repeat(64)}"a"${']'.repeat(64)}`, keep), null);
});
