import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NameCollector } from './name-collector.js';
import { Pseudonyms } from './pseudonyms.js';

const VOCABULARY = new Set(['peer', 'orderer', 'msp', 'channel', 'com', 'anchors', 'dev', 'block']);
const keyOf = (seed: number): Uint8Array => new Uint8Array(32).fill(seed);

function pseudonymsOf(fill: (names: NameCollector) => void, seed = 1): Pseudonyms {
  const names = new NameCollector(VOCABULARY);
  fill(names);
  return new Pseudonyms(keyOf(seed), names.result(), VOCABULARY);
}
const ofNames = (names: readonly string[], seed = 1): Pseudonyms =>
  pseudonymsOf((collector) => {
    for (const name of names) collector.name(name);
  }, seed);

test('a label has one replacement, of its length and case, digits where it has them', () => {
  const names = ofNames(['peer0.orchard7.example.com', 'Orchard7MSP', 'OrdererMSP', 'fruits']);
  const orchard = names.word('orchard7');
  assert.match(orchard, /^[a-z]{7}\d$/);
  assert.notEqual(orchard, 'orchard7');
  assert.equal(names.word('ORCHARD7'), orchard.toUpperCase());
  assert.equal(names.word('Orchard7MSP').toLowerCase(), `${orchard}msp`);
  assert.equal(names.word('Orchard7MSPanchors').slice(0, 11).toLowerCase(), `${orchard}msp`);
  assert.match(names.word('OrdererMSP'), /^[A-Z][a-z]{6}MSP$/);
  assert.notEqual(names.word('OrdererMSP'), 'OrdererMSP');
  assert.equal(names.word('deployfruits'), `deploy${names.word('fruits')}`);
  for (const kept of ['peer', 'orderer', 'com', 'Block', 'unknown']) assert.equal(names.word(kept), kept);
});

test('label by label: two hosts of one domain stay in one domain', () => {
  const names = ofNames(['peer0.orchard.example.com', 'peer1.orchard.example.com', 'peer0.meadow.example.com']);
  const host = (name: string): readonly string[] => name.split('.').map((label) => names.word(label));
  const [first, second, third] = [host('peer0.orchard.example.com'), host('peer1.orchard.example.com'), host('peer0.meadow.example.com')];
  assert.deepEqual(first.slice(1), second.slice(1));
  assert.notEqual(first[0], second[0]);
  assert.equal(first[0], third[0]);
  assert.notEqual(first[1], third[1]);
});

test('the same key gives the same, another key another', () => {
  const words = ['orchard', 'meadow', 'fruits'];
  const drawn = (seed: number): readonly string[] => words.map((word) => ofNames(words, seed).word(word));
  assert.deepEqual(drawn(1), drawn(1));
  assert.notDeepEqual(drawn(1), drawn(2));
});

test('whatever the names: replacements differ from each other and from every name, and keep their length', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{3,11}$/).filter((text) => !text.endsWith('msp') && !/^[0-9a-f]{12}$/.test(text));
  fc.assert(
    fc.property(fc.uniqueArray(label, { minLength: 1, maxLength: 20 }), fc.nat(255), (labels, seed) => {
      const names = ofNames(labels, seed);
      const images = labels.map((text) => names.word(text));
      assert.equal(new Set(images).size, images.length);
      for (const [i, image] of images.entries()) {
        assert.ok(!labels.includes(image), `${labels[i]} becomes ${image}`);
        assert.equal(image.replaceAll(/[a-z]/g, 'a').replaceAll(/\d/g, '0'), labels[i]?.replaceAll(/[a-z]/g, 'a').replaceAll(/\d/g, '0'));
      }
    }),
    { numRuns: 60 },
  );
});

test('hosts of a common kind sort as they did, beside a word that stays', () => {
  const hosts = ['acme.com', 'meadow.com', 'orchard.com', 'orderer.com', 'pasture.com', 'zebra.com', 'peer0.com', 'peer1.com'];
  let ordered = 0;
  for (let seed = 0; seed < 20; seed++) {
    const names = ofNames([...hosts, 'OrdererMSP'], seed);
    const image = (host: string): string => host.replaceAll(/[a-z0-9]+/g, (run) => names.word(run));
    const sorted = [...hosts].sort().map(image);
    if (JSON.stringify(sorted) === JSON.stringify([...sorted].sort())) ordered++;
  }
  assert.ok(ordered >= 18, `${ordered} of 20 keep the order`);
});

test('of two PKI-IDs the lower stays lower, whatever the key, and an id begins as its first twelve digits do', () => {
  const id = fc.stringMatching(/^[0-9a-f]{64}$/);
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 12 }), fc.nat(255), (ids, seed) => {
      const names = pseudonymsOf((collector) => {
        for (const one of ids) collector.pkiId(one);
      }, seed);
      const sorted = [...ids].sort().map((one) => names.id(one));
      assert.deepEqual(sorted, [...sorted].sort());
      assert.equal(new Set(sorted).size, ids.length);
      assert.ok(sorted.every((one) => one.length === 64 && !ids.includes(one)));
    }),
    { numRuns: 20 },
  );
  const names = ofNames(['orchard']);
  const whole = 'abcdef0123456789'.repeat(4);
  assert.equal(names.id(whole).slice(0, 12), names.id(whole.slice(0, 12)));
  assert.equal(names.id(whole).slice(0, 8), names.id(whole.slice(0, 8)));
  assert.equal(names.id(whole).length, 64);
});

test('a stranger is replaced where something is named, and nowhere else', () => {
  const names = pseudonymsOf((collector) => {
    collector.name('orchard');
    collector.stranger('mistake orchard');
  });
  assert.equal(names.word('mistake'), 'mistake');
  assert.match(names.nameWord('mistake'), /^(?!mistake)[a-z]{7}$/);
  assert.equal(names.nameWord('mistake'), names.nameWord('mistake'));
  assert.equal(names.names.strangers.has('orchard'), false);
  assert.equal(names.nameWord('orchard'), names.word('orchard'));
  assert.equal(names.nameWord('peer'), 'peer');
  assert.equal(names.nameWord('512mb'), '512mb');
});
