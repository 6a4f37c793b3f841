import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../recordings.js';
import type { Decoded } from './decode.js';
import { type LogLayout, writeRepeatedCapture, writeRepeatedLog } from './inputs.js';

const HELP = `npm run bench -- [--runs 5] [--lines 500000] [--capture-mb 300] [--capture FILE.pcap[.gz]] [--only logs,packets,memory,whole]
Measures the program beside others on the same files, made for the purpose and removed. Captures are bundled ones, repeated at later times and from other ports: an encrypted one
as tcpdump wrote it (the payload that was zeroed is random bytes again), the same one slimmed, an unencrypted one. --capture measures another one, as it is.
Memory is measured at --capture-mb and at four times as much.`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    lines: { type: 'string', default: '500000' },
    'capture-mb': { type: 'string', default: '300' },
    capture: { type: 'string' },
    only: { type: 'string', default: 'logs,packets,memory,whole' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const RUNS = Math.max(1, Number(values.runs));
const LINES = Number(values.lines);
const CAPTURE_BYTES = Number(values['capture-mb']) * 1e6;
const parts = new Set(values.only.split(','));

const WANTED_LINES_PER_SECOND = 500_000;
const WANTED_TIMES_TSHARK = 16;
const WANTED_PEAK_BYTES = 200e6;
/** tshark takes minutes where the others take a second. */
const TSHARK_RUNS = Math.min(RUNS, 2);

const here = (file: string): string => new URL(file, import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'gossipscope-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

interface Timed {
  readonly seconds: readonly number[];
  readonly stdout: string;
}

/** Wall time of a whole process, `runs` times; null when there is no such program or it fails. */
function timed(program: string, args: readonly string[], runs = RUNS, env: Readonly<Record<string, string>> = {}): Timed | null {
  const seconds: number[] = [];
  let stdout = '';
  for (let i = 0; i < runs; i++) {
    const begin = process.hrtime.bigint();
    const done = spawnSync(program, args, {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    if (done.error !== undefined || done.status !== 0) return null;
    seconds.push(Number(process.hrtime.bigint() - begin) / 1e9);
    stdout = done.stdout;
  }
  return { seconds, stdout };
}

/** The decoder in processes of its own, by its own clock. */
function decoded(kind: 'log' | 'capture', path: string): { readonly seconds: readonly number[]; readonly last: Decoded } {
  const runs = Array.from({ length: RUNS }, () => decodedOnce(kind, path));
  return { seconds: runs.map((r) => r.seconds), last: runs.at(-1) as Decoded };
}

function decodedOnce(kind: 'log' | 'capture', path: string): Decoded {
  const run = timed(process.execPath, [here('./decode.js'), kind, path], 1);
  if (run === null) throw new Error(`the decoder failed on ${path}`);
  return JSON.parse(run.stdout) as Decoded;
}

const min = (seconds: readonly number[]): number => Math.min(...seconds);
const median = (seconds: readonly number[]): number => [...seconds].sort((a, b) => a - b)[seconds.length >> 1] ?? Number.NaN;
const grouped = (n: number): string => Math.round(n).toLocaleString('en-US');
const mega = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

function table(title: string, rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  console.log(`\n${title}`);
  for (const row of rows)
    console.log(`  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('   ')}`);
}

const rateRow = (name: string, seconds: readonly number[] | null, records: number, bytes: number, note: string): readonly string[] =>
  seconds === null
    ? [name, 'not here', '', '', '', note]
    : [
        name,
        `${min(seconds).toFixed(3)} s`,
        `${median(seconds).toFixed(3)} s`,
        grouped(records / median(seconds)),
        (bytes / 1e6 / median(seconds)).toFixed(0),
        note,
      ];

const verdict = (reached: boolean): string => (reached ? 'reached' : 'MISSED');

function benchLogs(): void {
  const source = join(ROOT, 'captures', 'byfn-up-chaincode', 'logs', 'peer0.org1.example.com.log');
  const rows: (readonly string[])[] = [['', 'minimum', 'median', 'lines/s', 'MB/s', '']];
  const layouts: readonly LogLayout[] = ['bare', 'docker-timestamps', 'docker-json-file'];
  for (const layout of layouts) {
    const path = join(folder, `${layout}.log`);
    const lines = writeRepeatedLog(source, path, LINES, layout);
    const { size } = statSync(path);
    const { seconds, last } = decoded('log', path);
    const rate = lines / median(seconds);
    const odd = last.oddities.length === 0 ? '' : `; ${last.oddities.join(', ')}`;
    rows.push(
      rateRow(
        `${layout}: to typed events`,
        seconds,
        lines,
        size,
        `wanted ${grouped(WANTED_LINES_PER_SECOND)}: ${verdict(rate >= WANTED_LINES_PER_SECOND)} (${grouped(last.results)} events, ${mega(last.peakBytes)}${odd})`,
      ),
    );
    rows.push(rateRow(`${layout}: rg -c`, timed('rg', ['-c', 'gossip', path])?.seconds ?? null, lines, size, 'whole process'));
    if (layout === 'bare')
      rows.push(
        rateRow(
          `${layout}: lnav`,
          timed('lnav', ['-n', '-c', ';SELECT log_level, count(*) FROM all_logs GROUP BY 1', path])?.seconds ?? null,
          lines,
          size,
          'whole process',
        ),
      );
    rmSync(path);
  }
  table(`logs: a console log of 1.4 repeated to ${grouped(LINES)} lines`, rows);
}

interface BenchedCapture {
  readonly name: string;
  readonly source: string;
  readonly refill: boolean;
}

function bundledCapture(name: string): string {
  const packets = join(ROOT, 'captures', name, 'packets');
  return join(packets, readdirSync(packets)[0] ?? '');
}

const CAPTURES: readonly BenchedCapture[] =
  values.capture === undefined
    ? [
        { name: 'encrypted, as tcpdump wrote it', source: bundledCapture('byfn-fabric-2.2'), refill: true },
        { name: 'encrypted, slimmed', source: bundledCapture('byfn-fabric-2.2'), refill: false },
        { name: 'unencrypted', source: bundledCapture('byfn-plaintext-debug'), refill: false },
      ]
    : [{ name: values.capture, source: values.capture, refill: false }];

function withCapture(capture: BenchedCapture, wantedBytes: number, use: (path: string, packets: number, bytes: number) => void): void {
  const path = join(folder, 'repeated.pcap');
  const packets = writeRepeatedCapture(capture.source, path, { bytes: wantedBytes, refill: capture.refill });
  use(path, packets, statSync(path).size);
  rmSync(path);
}

function benchPackets(name: string, path: string, packets: number, bytes: number): void {
  const { seconds, last } = decoded('capture', path);
  const tshark = timed('tshark', ['-r', path, '-q', '-z', 'conv,tcp'], TSHARK_RUNS);
  const tcpdump = timed('tcpdump', ['-r', path, '-w', '/dev/null']);
  const ratio = tshark === null ? null : median(tshark.seconds) / median(seconds);
  const note =
    ratio === null
      ? 'no tshark to compare with'
      : `wanted ${WANTED_TIMES_TSHARK} x tshark: ${ratio.toFixed(1)} x, ${verdict(ratio >= WANTED_TIMES_TSHARK)}`;
  table(`packets: ${name}, ${mega(bytes)}, ${grouped(packets)} packets`, [
    ['', 'minimum', 'median', 'packets/s', 'MB/s', ''],
    rateRow('to connections, bursts and messages', seconds, packets, bytes, `${note} (${grouped(last.results)} connections)`),
    rateRow('tshark -q -z conv,tcp', tshark?.seconds ?? null, packets, bytes, 'whole process'),
    rateRow('tcpdump -r … -w /dev/null', tcpdump?.seconds ?? null, packets, bytes, 'whole process'),
  ]);
}

/** Peak memory and time of the whole command on `path`, once. */
function analyzedOnce(path: string): { readonly seconds: number; readonly peakBytes: number } {
  const peak = join(folder, 'peak');
  const run = timed(
    process.execPath,
    ['--import', here('./peak-memory.js'), join(ROOT, 'dist', 'src', 'cli', 'main.js'), 'analyze', path, '--out', join(folder, 'report')],
    1,
    { PEAK_FILE: peak },
  );
  if (run === null) throw new Error(`analyze failed on ${path}`);
  return { seconds: min(run.seconds), peakBytes: Number(readFileSync(peak, 'utf8')) };
}

/** How much more memory four times the capture may take and still be called flat. */
const FLAT = 1.25;

function benchMemory(capture: BenchedCapture): void {
  const reader: number[] = [];
  const whole: { readonly seconds: number; readonly peakBytes: number }[] = [];
  const lengths: number[] = [];
  for (const wanted of [CAPTURE_BYTES, 4 * CAPTURE_BYTES])
    withCapture(capture, wanted, (path, _packets, bytes) => {
      lengths.push(bytes);
      reader.push(decodedOnce('capture', path).peakBytes);
      whole.push(analyzedOnce(path));
    });
  const isFlat = (peaks: readonly number[]): boolean => (peaks.at(-1) as number) <= FLAT * (peaks[0] as number);
  const note = (peaks: readonly number[]): string =>
    `wanted ${mega(WANTED_PEAK_BYTES)}: ${verdict(Math.max(...peaks) <= WANTED_PEAK_BYTES)}; flat: ${verdict(isFlat(peaks))}`;
  table(`memory: ${capture.name}`, [
    ['peak at', ...lengths.map(mega), ''],
    ['reader', ...reader.map(mega), note(reader)],
    [
      'analyze, charts and report included',
      ...whole.map((w) => `${mega(w.peakBytes)}, ${w.seconds.toFixed(1)} s`),
      note(whole.map((w) => w.peakBytes)),
    ],
  ]);
}

function benchWhole(): void {
  const rows = ['ten-peers', 'byfn-bootstrap-steps'].map((name) => {
    const runs = Array.from({ length: RUNS }, () => analyzedOnce(join(ROOT, 'captures', name)));
    const seconds = runs.map((r) => r.seconds);
    return [name, `${min(seconds).toFixed(2)} s`, `${median(seconds).toFixed(2)} s`, mega(Math.max(...runs.map((r) => r.peakBytes)))];
  });
  table('analyze, charts and report included', [['', 'minimum', 'median', 'peak'], ...rows]);
}

console.log(`node ${process.version}, ${RUNS} runs of each (tshark ${TSHARK_RUNS}); the decoder by its own clock, other programs as whole processes`);
if (parts.has('logs')) benchLogs();
if (parts.has('packets'))
  for (const capture of CAPTURES) withCapture(capture, CAPTURE_BYTES, (path, packets, bytes) => benchPackets(capture.name, path, packets, bytes));
if (parts.has('memory')) for (const capture of CAPTURES) benchMemory(capture);
if (parts.has('whole')) benchWhole();
