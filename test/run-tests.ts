import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { coverageTable } from './coverage-table.js';

/**
 * Runs the compiled tests with node's own runner: all of them, or those whose path contains one of the arguments. Node 20 takes folders, Node 22 takes
 * patterns; files work with both. A compiled test whose source is gone is left out. COVERAGE=1 adds a table of covered lines.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const COMPILED = join(ROOT, 'dist');

const sourceOf = (file: string): string => join(ROOT, relative(COMPILED, file)).replace(/\.js$/, '.ts');
const wanted = process.argv.slice(2);
const files = ['src', 'test']
  .flatMap((folder) => readdirSync(join(COMPILED, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(COMPILED, folder, file)))
  .filter((file) => file.endsWith('.test.js') && existsSync(sourceOf(file)))
  .filter((file) => wanted.length === 0 || wanted.some((part) => relative(COMPILED, file).split(sep).join('/').includes(part)))
  .sort();
if (files.length === 0) {
  process.stderr.write(`no test has ${wanted.join(' or ')} in its path\n`);
  process.exit(1);
}

const flags = ['--enable-source-maps', '--test', `--test-concurrency=${availableParallelism()}`];
if (process.env['RUNS'] !== undefined) flags.unshift('--import', new URL('./fuzz-runs.js', import.meta.url).href);
const coverage = process.env['COVERAGE'] === '1' ? mkdtempSync(join(tmpdir(), 'gossipscope-coverage-')) : null;
const env = coverage === null ? process.env : { ...process.env, NODE_V8_COVERAGE: coverage };
const { status } = spawnSync(process.execPath, [...flags, ...files], { cwd: ROOT, stdio: 'inherit', env });
if (coverage !== null) {
  process.stdout.write(`${coverageTable(coverage, join(COMPILED, 'src'))}\n`);
  rmSync(coverage, { recursive: true, force: true });
}
process.exit(status ?? 1);
