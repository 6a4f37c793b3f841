import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What V8 writes at the end of a process when NODE_V8_COVERAGE is set: of nested ranges the innermost counts. */
interface ProcessCoverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
    }[];
  }[];
}

/** 1 for every character of a script that ran in this process. */
function ranIn(length: number, functions: ProcessCoverage['result'][number]['functions']): Uint8Array {
  const ran = new Uint8Array(length).fill(1);
  const ranges = functions.flatMap((f) => f.ranges).sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return ran;
}

const CODE = /[^\s{}()[\];,]/;

interface Covered {
  readonly text: string;
  readonly ran: Uint8Array;
}

/** For every compiled file that some process loaded: which of its characters ran in any of them. */
function mergeProcesses(folder: string, compiled: string): ReadonlyMap<string, Covered> {
  const merged = new Map<string, Covered>();
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as ProcessCoverage;
    for (const { url, functions } of result) {
      if (!url.startsWith('file:') || url.endsWith('.test.js')) continue;
      const path = fileURLToPath(url);
      if (!path.startsWith(compiled + sep)) continue;
      const known = merged.get(path);
      const text = known?.text ?? readFileSync(path, 'utf8');
      const ran = ranIn(text.length, functions);
      known?.ran.forEach((once, i) => {
        if (once === 1) ran[i] = 1;
      });
      merged.set(path, { text, ran });
    }
  }
  return merged;
}

/**
 * Covered lines of the compiled program by folder, over all processes whose coverage lies in `folder`: the tests and the programs they started. Node 20's
 * own coverage report stops at the first file with a source map that it cannot follow.
 */
export function coverageTable(folder: string, compiled: string): string {
  const ran = mergeProcesses(folder, compiled);
  const totals = new Map<string, { lines: number; covered: number }>();
  const files = readdirSync(compiled, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.js') && !/\.test\.js$|page\.js$/.test(file),
  );
  for (const file of files) {
    const known = ran.get(join(compiled, file));
    const text = known?.text ?? readFileSync(join(compiled, file), 'utf8');
    const keys = [file.split(sep)[0] ?? '', 'all'];
    let at = 0;
    for (const line of text.split('\n')) {
      const first = line.search(CODE);
      if (first >= 0 && !/^\s*(?:\/?\*|\/\/)/.test(line)) {
        for (const key of keys) {
          const total = totals.get(key) ?? { lines: 0, covered: 0 };
          total.lines++;
          total.covered += known?.ran[at + first] ?? 0;
          totals.set(key, total);
        }
      }
      at += line.length + 1;
    }
  }
  const rows = [...totals].filter(([key]) => key !== 'all').sort(([a], [b]) => (a < b ? -1 : 1));
  const all = totals.get('all') ?? { lines: 0, covered: 0 };
  const row = (name: string, { lines, covered }: typeof all): string =>
    `${name.padEnd(14)}${String(covered).padStart(7)} of ${String(lines).padStart(6)} lines ${((100 * covered) / Math.max(1, lines)).toFixed(1).padStart(6)} %`;
  const never = files.filter((file) => !ran.has(join(compiled, file)));
  return ['coverage of the compiled program by the tests', ...rows.map(([name, total]) => row(name, total)), row('all', all)]
    .concat(never.length === 0 ? [] : [`never loaded: ${never.join(', ')}`])
    .join('\n');
}
