import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAnalysis, buildNode } from '../../test/builders/analysis-builder.js';
import { compareNames, shortNames, stylesOfPeers } from './palette.js';

test('twenty peers differ in colour, and organizations in shape and line', () => {
  const nodes = Array.from({ length: 20 }, (_, i) => buildNode(`peer${i}`, { mspId: `Org${i % 3}MSP` }));
  const styles = stylesOfPeers(buildAnalysis({ nodes }));
  assert.equal(new Set([...styles.values()].map((s) => s.colour)).size, 20);
  assert.equal(styles.get('peer0')?.pointStyle, styles.get('peer3')?.pointStyle);
  assert.notEqual(styles.get('peer0')?.pointStyle, styles.get('peer1')?.pointStyle);
  assert.notDeepEqual(styles.get('peer0')?.borderDash, styles.get('peer1')?.borderDash);
});

test('names are ordered by their numbers', () => {
  assert.deepEqual(['peer10.org1', 'peer2.org1', 'peer2.org', 'Peer'].sort(compareNames), ['Peer', 'peer2.org', 'peer2.org1', 'peer10.org1']);
});

test('a legend leaves out the shared domain, but never an organization or a part of an address', () => {
  assert.deepEqual(shortNames(['p0.a.example.com', 'p1.b.example.com']), { 'p0.a.example.com': 'p0.a', 'p1.b.example.com': 'p1.b' });
  assert.deepEqual(shortNames(['p0.a.example.com', 'p1.a.example.com']), { 'p0.a.example.com': 'p0.a', 'p1.a.example.com': 'p1.a' });
  assert.deepEqual(shortNames(['10.0.0.1:7051', '10.1.0.1:7051']), { '10.0.0.1:7051': '10.0.0.1:7051', '10.1.0.1:7051': '10.1.0.1:7051' });
  const long = `${'x'.repeat(40)}${'y'.repeat(40)}`;
  assert.equal(shortNames([long])[long], `${'x'.repeat(17)}…${'y'.repeat(16)}`);
});
