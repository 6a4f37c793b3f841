import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Analyzed, analyzed, gossipscope, scratchFolder } from './command-line.js';
import { ROOT } from './recordings.js';

const SMALL = join(ROOT, 'captures', 'logs-by-version', '1.4.0');
const STEPS = join(ROOT, 'captures', 'byfn-bootstrap-steps');
const LOG = join(SMALL, 'logs', 'peer0.org1.example.com.log');

const version = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string }).version;

/** What failed, why, and what to try: three lines on standard error, nothing on standard output, exit 2. */
function assertThreeLines(args: readonly string[], what: RegExp, why: RegExp, hint: RegExp): void {
  const { status, stdout, stderr } = gossipscope(args);
  assert.equal(status, 2, stderr);
  assert.equal(stdout, '');
  const lines = stderr.split('\n');
  assert.equal(lines.length, 4, stderr);
  assert.match(lines[0] ?? '', /^gossipscope: /);
  assert.match(lines[0] ?? '', what);
  assert.match(lines[1] ?? '', /^ {2}why: /);
  assert.match(lines[1] ?? '', why);
  assert.match(lines[2] ?? '', /^ {2}try: /);
  assert.match(lines[2] ?? '', hint);
  assert.equal(lines[3], '');
}

describe('help and version', () => {
  test('--help names every command and where to start', () => {
    const { status, stdout, stderr } = gossipscope(['--help']);
    assert.deepEqual([status, stderr], [0, '']);
    for (const name of ['analyze', 'doctor', 'nodes', 'record', 'watch', 'mark', 'verify', 'bundle', 'slim'])
      assert.ok(stdout.includes(`gossipscope ${name} `), name);
    assert.match(stdout, /Start with: gossipscope record .*gossipscope analyze FOLDER/);
  });

  test('analyze --help names every option with an example', () => {
    const { status, stdout } = gossipscope(['analyze', '--help']);
    assert.equal(status, 0);
    for (const option of ['--out', '--node', '--utc-offset', '--charts', 'gossipscope analyze - capture.pcap'])
      assert.ok(stdout.includes(option), option);
  });

  test('slim --help names its options', () => {
    const { status, stdout } = gossipscope(['slim', '--help']);
    assert.equal(status, 0);
    for (const option of ['--out', '--drop-plaintext']) assert.ok(stdout.includes(option), option);
  });

  test('--version is the version of the package', () => {
    assert.deepEqual(gossipscope(['--version']), { status: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('no arguments', () => {
  test('recordings in captures/ are named, with the one next command', () => {
    const cwd = scratchFolder();
    for (const name of ['monday', 'tuesday']) mkdirSync(join(cwd, 'captures', name, 'logs'), { recursive: true });
    mkdirSync(join(cwd, 'captures', 'a collection', 'wednesday', 'logs'), { recursive: true });
    const { status, stdout } = gossipscope([], { cwd });
    assert.equal(status, 0);
    assert.equal(stdout, '2 recordings in captures: monday, tuesday\nnext: gossipscope analyze captures/monday\n');
  });

  test('logs and captures lying here are counted', () => {
    const cwd = scratchFolder();
    for (const name of ['a.log', 'b.log.gz', 'c.pcap', 'notes.md']) writeFileSync(join(cwd, name), 'x');
    assert.equal(gossipscope([], { cwd }).stdout, 'here: 2 log files, 1 capture\nnext: gossipscope analyze .\n');
  });

  test('where nothing is, how to get a log', () => {
    const { status, stdout } = gossipscope([], { cwd: scratchFolder() });
    assert.equal(status, 0);
    assert.match(stdout, /docker logs NAME > NAME\.log 2>&1\nnext: gossipscope /);
  });
});

describe('a command line that is wrong is answered in three lines', () => {
  test('an unknown command', () => assertThreeLines(['analyse', SMALL], /not understood/, /analy[sz]e/, /analyze|--help/));
  test('an unknown option', () => assertThreeLines(['analyze', SMALL, '--colour'], /not understood/, /colour/, /--help/));
  test('analyze without a path', () => assertThreeLines(['analyze'], /nothing to analyze/, /at least one/, /gossipscope analyze FOLDER/));
  test('--out without a folder', () => assertThreeLines(['analyze', SMALL, '--out'], /not understood/, /out/, /--help/));
  test('--node that is no pair', () => assertThreeLines(['analyze', SMALL, '--node', 'peer0'], /--node peer0/, /FILE=NAME/, /--node .+=.+/));
  test('--node for a file that is not there', () =>
    assertThreeLines(['analyze', SMALL, '--node', 'absent.log=peer0'], /absent\.log=peer0/, /no file/, /logs\/orderer\.log/));
  test('--utc-offset that is none', () => assertThreeLines(['analyze', SMALL, '--utc-offset', 'CET'], /--utc-offset CET/, /\+hh:mm/, /\+01:00/));
  test('--out that is a file', () => assertThreeLines(['analyze', SMALL, '--out', LOG], /cannot write/, /./, /--out/));
  test('slim of a file that is missing', () => {
    const out = join(scratchFolder(), 'small.gz');
    assertThreeLines(['slim', '/nonexistent/a.pcap', '--out', out], /a\.pcap/, /no such file/, /./);
    assert.ok(!existsSync(out), 'an empty capture was left behind');
  });
  test('slim of what is no capture', () => {
    const out = join(scratchFolder(), 'small.gz');
    assertThreeLines(['slim', LOG, '--out', out], /peer0\.org1\.example\.com\.log/, /pcap/, /./);
    assert.ok(!existsSync(out), 'something was left behind');
  });
});

describe('the outputs of analyze', () => {
  let out: string;
  let stdout: string;
  before(() => {
    out = join(scratchFolder(), 'deep', 'report');
    const outcome = gossipscope(['analyze', SMALL, '--out', out]);
    assert.deepEqual([outcome.status, outcome.stderr], [0, ''], 'in a pipe nothing but the result is said');
    stdout = outcome.stdout;
  });

  test('are analysis.json, events.ndjson, charts and the report', () => {
    assert.deepEqual(readdirSync(out).sort(), ['analysis.json', 'charts', 'events.ndjson', 'report.html']);
    const charts = readdirSync(join(out, 'charts'));
    assert.ok(charts.length >= 3, charts.join(' '));
    for (const chart of charts)
      assert.equal(
        readFileSync(join(out, 'charts', chart))
          .subarray(1, 4)
          .toString(),
        'PNG',
      );
    for (const line of readFileSync(join(out, 'events.ndjson'), 'utf8').trimEnd().split('\n')) {
      const event = JSON.parse(line) as { readonly at: string; readonly kind: string; readonly evidence: object };
      assert.ok(typeof event.kind === 'string' && event.evidence !== undefined && /Z$/.test(event.at), line);
    }
  });

  test('end with a summary of at most ten lines and the path of the report, without colours', () => {
    const lines = stdout.trimEnd().split('\n');
    assert.ok(lines.length >= 4 && lines.length <= 11, stdout);
    assert.match(lines.at(-1) ?? '', /^report: .*report\.html$/);
    assert.ok(!stdout.includes('\x1b') && !stdout.includes('\r'), 'escape sequences in a pipe');
  });

  test('are written to reports/NAME where --out is not given', () => {
    const cwd = scratchFolder();
    cpSync(join(SMALL, 'logs'), join(cwd, 'tuesday'), { recursive: true });
    const outcome = gossipscope(['analyze', 'tuesday', '--no-charts'], { cwd });
    assert.match(outcome.stdout, /\nreport: reports\/tuesday\/report\.html\n$/);
    assert.ok(existsSync(join(cwd, 'reports', 'tuesday', 'analysis.json')));
  });

  test('lying beside the inputs are not read as input the next time', () => {
    const cwd = scratchFolder();
    cpSync(join(SMALL, 'logs'), join(cwd, 'logs'), { recursive: true });
    const first = gossipscope(['analyze', '.', '--out', 'report'], { cwd });
    const text = readFileSync(join(cwd, 'report', 'analysis.json'), 'utf8');
    const second = gossipscope(['analyze', '.', '--out', 'report'], { cwd });
    assert.deepEqual([first.status, second.status], [0, 0]);
    assert.equal(readFileSync(join(cwd, 'report', 'analysis.json'), 'utf8'), text);
  });
});

describe('the same inputs', () => {
  let whole: Analyzed;
  const files = (folder: string): string[] =>
    ['docker', 'logs', 'packets']
      .filter((f) => existsSync(join(folder, f)))
      .flatMap((f) => readdirSync(join(folder, f)).map((n) => join(folder, f, n)));
  before(() => {
    whole = analyzed(files(STEPS).sort());
  });

  test('in another order of arguments give the same bytes', () => {
    assert.equal(analyzed(files(STEPS).sort().reverse()).text, whole.text);
    const rotated = files(STEPS).sort();
    assert.equal(analyzed([...rotated.slice(7), ...rotated.slice(0, 7)]).text, whole.text);
  });

  test('two missing paths in either order give the same bytes', () => {
    assert.equal(analyzed([SMALL, '/nonexistent/b', '/nonexistent/a']).text, analyzed(['/nonexistent/a', SMALL, '/nonexistent/b']).text);
  });

  for (const env of [
    { TZ: 'America/St_Johns', LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8' },
    { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
    { TZ: 'Pacific/Kiritimati', LC_ALL: 'C', LANG: 'C' },
  ])
    test(`under TZ=${env.TZ} LC_ALL=${env.LC_ALL} give the same bytes`, () => {
      const other = analyzed(files(STEPS), { env });
      assert.equal(other.text, whole.text);
      assert.equal(other.report, whole.report, 'the report differs');
    });

  test('lying in another folder give the same bytes', () => {
    const folder = join(scratchFolder(), 'elsewhere');
    cpSync(STEPS, folder, { recursive: true });
    assert.equal(analyzed([folder]).text, analyzed([STEPS]).text);
  });

  test('gzipped give the same facts', () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'logs'));
    for (const name of readdirSync(join(SMALL, 'logs')))
      writeFileSync(join(folder, 'logs', `${name}.gz`), gzipSync(readFileSync(join(SMALL, 'logs', name))));
    const zipped = analyzed([join(folder, 'logs')]).analysis;
    const plain = analyzed([join(SMALL, 'logs')]).analysis;
    assert.deepEqual(factsOf(zipped), factsOf(plain));
    assert.deepEqual(
      zipped.sources.map((s) => s.path),
      plain.sources.map((s) => `${s.path}.gz`),
    );
  });
});

/** The facts without the places that show them: what stays equal when files are named otherwise or given twice. */
function factsOf(analysis: Analyzed['analysis']): unknown {
  const { window, nodes, channels, gossip, ordering, walkthrough } = analysis;
  return JSON.parse(
    JSON.stringify({ window, nodes, channels, gossip, ordering, walkthrough }, (key, value) => (key === 'evidence' ? undefined : value)),
  );
}

describe('the same log given twice', () => {
  test('from docker logs and from the json-file driver is one log', () => {
    const both = analyzed([STEPS]).analysis;
    const folder = scratchFolder();
    cpSync(STEPS, folder, { recursive: true });
    for (const name of readdirSync(join(folder, 'docker'))) if (name.endsWith('-json.log')) rmSync(join(folder, 'docker', name));
    assert.deepEqual(factsOf(both), factsOf(analyzed([folder]).analysis));
    rmSync(join(folder, 'logs'), { recursive: true });
    for (const name of readdirSync(join(STEPS, 'docker')))
      if (name.endsWith('-json.log')) cpSync(join(STEPS, 'docker', name), join(folder, 'docker', name));
    assert.deepEqual(factsOf(both), factsOf(analyzed([folder]).analysis));
  });

  test('in overlapping pieces is one log', () => {
    const lines = readFileSync(LOG, 'utf8').split('\n');
    const folder = scratchFolder();
    cpSync(join(SMALL, 'logs'), folder, { recursive: true });
    const whole = analyzed([folder]).analysis;
    writeFileSync(join(folder, 'peer0.org1.example.com.log'), lines.slice(0, Math.floor(lines.length * 0.6)).join('\n'));
    writeFileSync(join(folder, 'tail.log'), lines.slice(Math.floor(lines.length * 0.4)).join('\n'));
    assert.deepEqual(factsOf(analyzed([folder]).analysis), factsOf(whole));
  });

  test('through a link, or as a file of a folder also given, is read once', () => {
    const twice = analyzed([SMALL, LOG]).analysis;
    assert.equal(twice.sources.filter((s) => s.kind === 'log').length, 5);
  });
});

describe('standard input', () => {
  test('is read as a log, beside files', () => {
    const rest = readdirSync(join(SMALL, 'logs'))
      .map((name) => join(SMALL, 'logs', name))
      .filter((path) => path !== LOG);
    const piped = analyzed([...rest, '-'], { input: readFileSync(LOG) });
    assert.deepEqual(factsOf(piped.analysis), factsOf(analyzed([join(SMALL, 'logs')]).analysis));
    const source = piped.analysis.sources.find((s) => s.path === 'stdin');
    assert.deepEqual([source?.kind, source?.node], ['log', 'peer0.org1.example.com']);
  });

  test('is read gzipped', () => {
    const piped = analyzed(['-'], { input: gzipSync(readFileSync(LOG)) });
    assert.deepEqual(factsOf(piped.analysis), factsOf(analyzed(['-'], { input: readFileSync(LOG) }).analysis));
    assert.equal(piped.analysis.sources[0]?.kind, 'log');
  });

  test('is read as a capture', () => {
    const [name] = readdirSync(join(STEPS, 'packets'));
    const capture = join(STEPS, 'packets', name as string);
    const { analysis } = analyzed(['-'], { input: readFileSync(capture) });
    assert.equal(analysis.sources[0]?.kind, 'packets');
    assert.deepEqual(factsOf(analysis), factsOf(analyzed([capture]).analysis));
  });

  test('that is empty and alone is answered with how to get a log', () => {
    const { status, stderr } = gossipscope(['analyze', '-'], { input: '' });
    assert.equal(status, 2);
    assert.match(stderr, /docker logs NAME > \S+ 2>&1/);
  });
});

describe('whose log it is', () => {
  const tail = (): string => {
    const lines = readFileSync(LOG, 'utf8').split('\n');
    return lines.slice(Math.floor(lines.length * 0.7)).join('\n');
  };

  test('--node names the node of a tail', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'tail.log'), tail());
    const { analysis } = analyzed([folder], {}, ['--node', 'tail.log=peer7.org9.example.net']);
    assert.equal(analysis.sources[0]?.node, 'peer7.org9.example.net');
    assert.ok(analysis.nodes.some((n) => n.name === 'peer7.org9.example.net'));
  });

  test('else a tail that never names its peer is named by its file, and says so', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'peer7.org9.example.net.log'), tail());
    const { analysis } = analyzed([folder]);
    const node = analysis.nodes.find((n) => n.name === analysis.sources[0]?.node);
    assert.deepEqual([node?.name, node?.nameBasis], ['peer7.org9.example.net', 'file-name']);
  });
});

test('a reader that closes the pipe early is no failure', () => {
  const out = scratchFolder();
  const main = join(ROOT, 'dist', 'src', 'cli', 'main.js');
  const { status, stderr } = spawnSync(
    'bash',
    ['-c', 'set -o pipefail; "$0" "$1" analyze "$2" --no-charts --out "$3" | true', process.execPath, main, SMALL, out],
    {
      encoding: 'utf8',
    },
  );
  assert.doesNotMatch(stderr, /EPIPE|at .*\.js/);
  assert.equal(status, 0, stderr);
});
