import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { coverageTable } from './coverage-table.js';

/**
 * Runs the compiled tests with node's own runner: all of them, or those whose path contains one of the arguments. Node 20 takes folders, Node 22 takes
 * patterns; files work with both. A compiled test whose source is gone is left out. COVERAGE=1 adds a table of covered lines.
 *
 * Tests that measure time and those on a Docker engine run after the others, one file after the other, so that this runner does not slow down what it measures.
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

/** What measures time takes the machine's measure first. */
const wantsQuiet = (file: string): boolean =>
  relative(COMPILED, file).startsWith(join('test', 'live', sep)) || readFileSync(file, 'utf8').includes("/machine-speed.js'");

const flags = ['--enable-source-maps', '--test'];
if (process.env['RUNS'] !== undefined) flags.unshift('--import', new URL('./fuzz-runs.js', import.meta.url).href);
const coverage = process.env['COVERAGE'] === '1' ? mkdtempSync(join(tmpdir(), 'gossipscope-coverage-')) : null;
const env = coverage === null ? process.env : { ...process.env, NODE_V8_COVERAGE: coverage };
const runTogether = (some: readonly string[], concurrency: number): number =>
  spawnSync(process.execPath, [...flags, `--test-concurrency=${concurrency}`, ...some], { cwd: ROOT, stdio: 'inherit', env }).status ?? 1;
const passes = [
  { words: 'side by side', files: files.filter((file) => !wantsQuiet(file)), concurrency: availableParallelism() },
  { words: 'one after the other', files: files.filter(wantsQuiet), concurrency: 1 },
].filter((pass) => pass.files.length > 0);
const statuses = passes.map((pass) => {
  if (passes.length > 1) process.stdout.write(`== files of tests run ${pass.words}: ${pass.files.length}\n`);
  return runTogether(pass.files, pass.concurrency);
});
if (coverage !== null) {
  process.stdout.write(`${coverageTable(coverage, join(COMPILED, 'src'))}\n`);
  rmSync(coverage, { recursive: true, force: true });
}
process.exit(statuses.find((status) => status !== 0) ?? 0);
