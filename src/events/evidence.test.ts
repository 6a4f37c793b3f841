import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareEvidence, type Evidence, mergeEvidence } from './evidence.js';

const place = fc.record({ source: fc.constantFrom('a.log', 'b.log', 'c.log'), line: fc.integer({ min: 1, max: 20 }) }, { noNullPrototype: true });

test('merged evidence is in order, each place once, however it was split', () => {
  fc.assert(
    fc.property(fc.array(fc.array(place, { maxLength: 6 }), { maxLength: 4 }), (lists) => {
      const merged = mergeEvidence(...lists);
      assert.deepEqual(merged, mergeEvidence(lists.flat().reverse()));
      assert.equal(new Set(merged.map((e) => JSON.stringify(e))).size, merged.length);
      assert.equal(new Set(lists.flat().map((e) => JSON.stringify(e))).size, merged.length);
      for (const [i, e] of merged.entries()) if (i > 0) assert.ok(compareEvidence(merged[i - 1] as Evidence, e) < 0);
    }),
  );
});

test('evidence is ordered by source, then by place', () => {
  assert.ok(compareEvidence({ source: 'a', line: 9 }, { source: 'b', line: 1 }) < 0);
  assert.ok(compareEvidence({ source: 'a.pcap', frame: 10 }, { source: 'a.pcap', frame: 9 }) > 0);
  assert.equal(compareEvidence({ source: 'a', line: 1 }, { source: 'a', line: 1 }), 0);
});
