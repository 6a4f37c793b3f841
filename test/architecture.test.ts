import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { ROOT } from './recordings.js';

/** folder → the folders it may import. The same table stands in ARCHITECTURE.md. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  events: [],
  topology: ['events'],
  recording: ['topology', 'events'],
  docker: ['recording', 'topology', 'events'],
  logs: ['events', 'topology'],
  packets: ['events', 'topology'],
  reconstruct: ['events', 'topology'],
  diagnoses: ['reconstruct', 'events', 'topology'],
  analysis: ['logs', 'packets', 'events', 'topology', 'reconstruct', 'diagnoses'],
  charts: [],
  report: ['charts'],
  cli: ['analysis', 'logs', 'packets', 'events', 'topology', 'reconstruct', 'diagnoses', 'recording', 'docker', 'charts', 'report'],
};

/** folder → folders of which it may import types and nothing else. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = { charts: ['analysis', 'events'], report: ['analysis', 'events'] };

/** The file system, processes, clocks and the console appear here alone. */
const MAY_TOUCH_THE_WORLD = ['cli', 'docker', 'recording'];
const WORLDLY_MODULES = /^(?:node:)?(?:fs|fs\/promises|child_process|net|http|https|os|process)$/;
const WORLDLY_WORDS = /\bprocess\.|\bconsole\.|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/;

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    const path = join(folder, e.name);
    if (e.isDirectory()) return sources(path);
    return e.name.endsWith('.ts') && !e.name.endsWith('.test.ts') && !e.name.endsWith('.d.ts') ? [path] : [];
  });
}

const SRC = join(ROOT, 'src');
const folderOf = (path: string): string => relative(SRC, path).split(sep)[0] as string;

for (const path of sources(SRC)) {
  const name = relative(ROOT, path);
  const text = readFileSync(path, 'utf8');
  const from = folderOf(path);
  test(`${name} imports only what its folder may`, () => {
    assert.ok(from in ALLOWED, `src/${from} is not in the table of folders`);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (!fileName.startsWith('.')) {
        assert.ok(
          !WORLDLY_MODULES.test(fileName) || MAY_TOUCH_THE_WORLD.includes(from),
          `${name} imports ${fileName}: only ${MAY_TOUCH_THE_WORLD.join(', ')} may`,
        );
        continue;
      }
      const to = folderOf(join(path, '..', fileName));
      if (to === from) continue;
      const typesOnly = new RegExp(`import type [^;]*from '${fileName.replaceAll('.', '\\.')}'`).test(text);
      const may = (ALLOWED[from] ?? []).includes(to) || (typesOnly && (TYPES_ONLY[from] ?? []).includes(to));
      assert.ok(may, `src/${from} may not import src/${to} (${fileName})`);
    }
  });
  if (!MAY_TOUCH_THE_WORLD.includes(from) && !name.includes(join('report', 'page'))) {
    test(`${name} is a pure function of its input`, () => {
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$|`[^`]*`|'[^']*'/gm, '');
      assert.doesNotMatch(code, WORLDLY_WORDS);
    });
  }
}
