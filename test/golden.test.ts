import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { analyzePaths, ROOT, recordings } from './recordings.js';

/** UPDATE=1 npm test rewrites the golden analyses; explain every changed fact in the commit. */
const UPDATE = process.env['UPDATE'] === '1';

const found = recordings();

test('there are recordings to compare with', () => {
  assert.ok(found.length >= 10, `only ${found.length} recordings in captures/`);
});

for (const { name, path } of found) {
  test(`the analysis of ${name} is its golden file`, async () => {
    const golden = join(ROOT, 'test', 'goldens', `${name}.json`);
    const actual = `${JSON.stringify(await analyzePaths([path]), null, 1)}\n`;
    if (UPDATE) writeFileSync(golden, actual);
    assert.ok(existsSync(golden), `${golden} is missing: UPDATE=1 npm test makes it`);
    assert.deepEqual(JSON.parse(actual), JSON.parse(readFileSync(golden, 'utf8')));
    assert.equal(actual, readFileSync(golden, 'utf8'), 'the same facts in other bytes');
  });
}
