import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { scratchFolder } from './command-line.js';
import { ROOT } from './recordings.js';
import { skipUnlessRequired } from './requirements.js';

const RECORDING = join(ROOT, 'captures', 'byfn-bootstrap-steps');

/** The environment of a machine without compiler: each of them fails, loudly. */
function withoutCompiler(): NodeJS.ProcessEnv {
  const stubs = scratchFolder();
  for (const name of ['cc', 'c++', 'gcc', 'g++', 'clang', 'make', 'python3', 'node-gyp']) {
    writeFileSync(join(stubs, name), `#!/bin/sh\necho "no ${name} here" >&2\nexit 99\n`);
    chmodSync(join(stubs, name), 0o755);
  }
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && name !== 'NODE_V8_COVERAGE' && name !== 'NODE_OPTIONS');
  return { ...Object.fromEntries(kept), PATH: `${stubs}${delimiter}${process.env['PATH'] ?? ''}` };
}

/** Runs a program to its end and returns its standard output; throws what it said when it failed. */
function ran(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8', timeout: 900_000, maxBuffer: 64 << 20 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Makes the fonts of this machine invisible to the program that follows; only in a mount namespace of its own. */
const HIDE_FONTS = `for folder in /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" "$HOME/.local/share/fonts" /usr/share/texmf /usr/share/texlive; do
  [ -d "$folder" ] && { mount -t tmpfs none "$folder" || exit 98; }
done
exec "$@"`;

const canHideFonts = (): boolean => spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /usr/share'], { stdio: 'ignore' }).status === 0;

/** Draws the first chart as it is and without its words; prints how many bytes of the two pictures differ. */
const drawTwice = (installed: string, analysis: string): string => `
import { readFileSync } from 'node:fs';
const { drawCharts } = await import(${JSON.stringify(pathToFileURL(join(installed, 'dist', 'src', 'charts', 'catalogue.js')).href)});
const { ChartRenderer } = await import(${JSON.stringify(pathToFileURL(join(installed, 'dist', 'src', 'charts', 'renderer.js')).href)});
const { createCanvas, loadImage } = (await import('node:module')).createRequire(${JSON.stringify(join(installed, 'package.json'))})('@napi-rs/canvas');
const [chart] = drawCharts(JSON.parse(readFileSync(${JSON.stringify(analysis)}, 'utf8')));
const renderer = new ChartRenderer();
const blank = (value, key) =>
  typeof value === 'string' ? (key === 'text' ? ' '.repeat(value.length) : value)
  : Array.isArray(value) ? value.map((v) => blank(v, key))
  : value !== null && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, blank(v, k)]))
  : value;
const pixels = async (configuration) => {
  const image = await loadImage(Buffer.from(renderer.renderPng({ ...chart, configuration })));
  const context = createCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data;
};
const [worded, wordless] = [await pixels(chart.configuration), await pixels(blank(chart.configuration))];
console.log(worded.length === wordless.length ? worded.reduce((n, byte, i) => n + (byte === wordless[i] ? 0 : 1), 0) : -1);
`;

describe('the published package', { skip: skipUnlessRequired('packaging') }, () => {
  let env: NodeJS.ProcessEnv;
  let prefix: string;
  let work: string;
  let installed: string;
  const program = (): string => join(prefix, 'bin', 'gossipscope');

  before(() => {
    env = withoutCompiler();
    prefix = scratchFolder();
    work = scratchFolder();
    // Built a moment ago: prepack would write into dist/ while other tests read it.
    const packed = JSON.parse(ran('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], ROOT, env)) as readonly {
      readonly filename: string;
    }[];
    const tarball = join(work, packed[0]?.filename ?? '');
    ran('npm', ['install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund', tarball], work, env);
    installed = join(prefix, 'lib', 'node_modules', 'gossipscope');
  });

  test('holds the program and what it needs, no tests, no captures', () => {
    const listed = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((f) => !f.startsWith('node_modules'));
    assert.deepEqual(
      listed.filter((f) => /\.test\.|^test|^captures|^dist\/test|canvas-shim/.test(f)),
      [],
    );
    for (const file of ['package.json', 'LICENSE', 'dist/src/cli/main.js', 'dist/src/report/page.js', 'src/report/style.css'])
      assert.ok(existsSync(join(installed, file)), file);
  });

  test('is installed without a prebuilt binary from elsewhere and without node-canvas', () => {
    const modules = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      modules.filter((f) => /node_modules\/(?:prebuild-install|node-gyp|nan|node-addon-api)$|binding\.gyp$/.test(f)),
      [],
    );
    assert.deepEqual(
      modules.filter((f) => f.endsWith('.node') && !f.includes('@napi-rs/canvas-')),
      [],
    );
  });

  test('says its version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
    assert.equal(ran(program(), ['--version'], work, env), `${version}\n`);
  });

  const assertMainJob = (out: string, run: () => string): void => {
    const said = run();
    assert.match(said, /report: .*report\.html\n$/);
    const charts = readdirSync(join(out, 'charts'));
    assert.ok(charts.length >= 4, charts.join(' '));
    for (const chart of charts) {
      const png = readFileSync(join(out, 'charts', chart));
      assert.deepEqual([png.subarray(1, 4).toString(), png.length > 5000], ['PNG', true], chart);
    }
    assert.match(readFileSync(join(out, 'report.html'), 'utf8'), /<\/html>\s*$/);
    const here = join(work, 'checkout');
    if (!existsSync(here)) ran(process.execPath, [join(ROOT, 'dist', 'src', 'cli', 'main.js'), 'analyze', RECORDING, '--out', here], ROOT, env);
    for (const file of ['analysis.json', ...charts.map((chart) => join('charts', chart))])
      assert.ok(readFileSync(join(out, file)).equals(readFileSync(join(here, file))), `${file} differs from the checkout's`);
  };

  test('does the main job from any folder', () => {
    const out = join(work, 'report');
    assertMainJob(out, () => ran(program(), ['analyze', RECORDING, '--out', out], work, env));
  });

  test('does the main job below a folder whose name has spaces and other letters', () => {
    const odd = join(work, 'mes réseaux 1');
    mkdirSync(odd);
    ran(program(), ['analyze', RECORDING, '--out', 'bericht ü'], odd, env);
    assert.ok(existsSync(join(odd, 'bericht ü', 'report.html')));
  });

  const assertWords = (run: (script: string) => string): void => {
    const script = join(work, 'draw.mjs');
    writeFileSync(script, drawTwice(installed, join(work, 'report', 'analysis.json')));
    const changed = Number(run(script));
    assert.ok(changed > 2000, `${changed} bytes differ between a chart with words and one without`);
  };

  test('draws words', () => assertWords((script) => ran(process.execPath, [script], work, env)));

  test('does the same job and draws the same words on a machine without fonts', {
    skip: canHideFonts() ? false : 'no mount namespace may be made here',
  }, () => {
    const hidden = (args: readonly string[]): string => ran('unshare', ['-m', 'sh', '-c', HIDE_FONTS, 'sh', ...args], work, env);
    const out = join(work, 'fontless');
    assertMainJob(out, () => hidden([program(), 'analyze', RECORDING, '--out', out]));
    assertWords((script) => hidden([process.execPath, script]));
  });
});
