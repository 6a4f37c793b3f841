import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pcapFile, pcapngBlocks } from '../../test/builders/capture-builder.js';
import type { Manifest } from '../recording/manifest.js';
import { OperationalError } from '../recording/operational-error.js';
import { describeVerdict } from './verify.js';
import { type Verdict, verifyRecording } from './verify-recording.js';

const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

const SILENT = { say: () => undefined, done: () => undefined };
const CAPTURE = Buffer.from(pcapFile([60, 1500, 42].map((length, i) => ({ nanos: i * 1_000_000, bytes: new Uint8Array(length) }))));
const LOG = '2026-01-01T00:00:00.000000001Z one\n2026-01-01T00:00:00.000000002Z two\n2026-01-01T00:00:00.000000002Z three\n';

const MANIFEST: Manifest = {
  format: 'gossipscope-recording',
  formatVersion: 1,
  tool: { name: 'gossipscope', version: '1.2.3' },
  name: 'r',
  state: 'ended',
  endedBy: 'signal',
  startedAt: '2026-01-01T00:00:00Z',
  endedAt: '2026-01-01T00:01:00Z',
  recorder: { pid: 1, host: 'h' },
  engine: { version: '1', apiVersion: '1', operatingSystem: 'os', location: 'local' },
  selection: { projects: [], networks: [], containers: [] },
  logs: [
    {
      paths: ['logs/a.log'],
      stream: 'stderr',
      container: { id: 'a', name: 'a' },
      lines: 3,
      bytes: LOG.length,
      unterminated: 0,
      from: null,
      to: null,
    },
  ],
  captures: [
    {
      paths: ['packets/br.pcap'],
      interface: 'br',
      network: null,
      container: null,
      method: 'host',
      startedAt: '2026-01-01T00:00:00Z',
      endedAt: null,
      packets: 3,
      droppedByKernel: 0,
      droppedByInterface: 0,
      secondReading: null,
    },
  ],
  inspects: [{ path: 'docker/before.json', at: '2026-01-01T00:00:00Z', moment: 'before' }],
  gaps: [],
  missing: [],
  removed: [],
};

type Files = Readonly<Record<string, string | Uint8Array | null>>;

/** Verifies a good recording with these files instead; null leaves one out. */
async function verifyWith(files: Files = {}, manifest: Partial<Manifest> | null = {}): Promise<Verdict> {
  const root = mkdtempSync(join(tmpdir(), 'verify-test-'));
  made.push(root);
  const all: Files = {
    ...(manifest === null ? {} : { 'manifest.json': JSON.stringify({ ...MANIFEST, ...manifest }) }),
    'logs/a.log': LOG,
    'packets/br.pcap': CAPTURE,
    'docker/before.json': '[]',
    ...files,
  };
  for (const [path, content] of Object.entries(all)) {
    if (content === null) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return verifyRecording(root, SILENT);
}

const allProblems = (verdict: Verdict): readonly string[] => [
  ...verdict.problems,
  ...[...verdict.captures, ...verdict.logs].flatMap((f) => f.problems),
];

test('a good recording agrees, captures gzipped too', async () => {
  for (const files of [{}, { 'packets/br.pcap': null, 'packets/br.pcap.gz': gzipSync(CAPTURE) }]) {
    const verdict = await verifyWith(files);
    assert.deepEqual([verdict.agrees, allProblems(verdict), verdict.notes], [true, [], []]);
    assert.deepEqual([verdict.captures[0]?.packets, verdict.captures[0]?.bytes, verdict.logs[0]?.lines], [3, 1602, 3]);
    const lines = describeVerdict(verdict);
    assert.ok(lines.includes('  br: no packet was dropped'));
    assert.equal(lines.at(-1), 'all agrees (1 capture, 1 log)');
  }
});

test('each thing that is not right is found', async () => {
  const lying = Buffer.from(CAPTURE);
  lying.writeUInt32LE(0xffffffff, 24 + 76 + 8);
  const cases: readonly (readonly [Files, RegExp])[] = [
    [{ 'packets/br.pcap': CAPTURE.subarray(0, CAPTURE.length - 58) }, /2 packets, the manifest tells 3/],
    [{ 'packets/br.pcap': CAPTURE.subarray(0, CAPTURE.length - 1) }, /last record.*is cut/],
    [{ 'packets/br.pcap': lying }, /pcap-parser: record 2 claims 4294967295 captured bytes/],
    [{ 'packets/br.pcap': null }, /packets\/br\.pcap is in the manifest and not in the folder/],
    [{ 'packets/br.pcap': 'no capture' }, /do not begin like pcap/],
    [{ 'logs/a.log': null }, /logs\/a\.log is in the manifest and not in the folder/],
    [{ 'logs/a.log': LOG.slice(0, LOG.indexOf('\n') + 1) }, /1 lines, the manifest tells 3/],
    [{ 'logs/a.log': LOG.replace('two', 'twoo') }, /\d+ bytes, the manifest tells/],
    [{ 'logs/a.log': LOG.replace('000000001Z', '000000009Z') }, /line 2 is stamped before the line above it/],
    [{ 'logs/a.log': LOG.replace('2026-01-01T00:00:00.000000002Z two', 'x'.repeat(34)) }, /line 2 has no stamp/],
    [{ 'logs/a.log': LOG.trimEnd() }, /last line has no end/],
    [{ 'docker/before.json': '[' }, /docker\/before\.json is no JSON/],
    [{ 'docker/before.json': null }, /docker\/before\.json is in the manifest/],
    [{ 'docker/events.ndjson': '{}\n{"a"\n' }, /events\.ndjson: line 2 is no JSON/],
    [{ 'marks.ndjson': '{}' }, /marks\.ndjson: its last line has no end/],
    [{ 'manifest.json': '{' }, /manifest\.json is no manifest/],
  ];
  for (const [files, problem] of cases) {
    const verdict = await verifyWith(files);
    assert.equal(verdict.agrees, false, String(problem));
    assert.ok(
      allProblems(verdict).some((text) => problem.test(text)),
      `${problem}: ${allProblems(verdict).join(' | ')}`,
    );
    assert.match(describeVerdict(verdict).at(-1) ?? '', /^does NOT agree/);
  }
});

test('what a reading at the end of the recording found is not forgotten', async () => {
  const [capture] = MANIFEST.captures;
  assert.ok(capture);
  const secondReading = { reader: 'pcap-parser', packets: 1, bytes: 1, agrees: false, why: '1 packets instead of 3' } as const;
  const verdict = await verifyWith({}, { captures: [{ ...capture, secondReading, droppedByKernel: 5, droppedByInterface: null }] });
  assert.equal(verdict.agrees, false);
  assert.ok(describeVerdict(verdict).includes('  br: 5 packets were dropped by the kernel, 0 by the interface'));
});

test('a recorder that was cut off leaves more than its manifest tells, and torn ends', async () => {
  const cutOff = { state: 'recording', endedBy: null, endedAt: null } as const;
  const more = await verifyWith({ 'logs/a.log': `${LOG}${LOG.replaceAll('00:00:00', '00:00:01')}2026-`, 'marks.ndjson': '{}\n{' }, cutOff);
  assert.deepEqual([more.agrees, allProblems(more)], [true, []]);
  assert.ok(more.notes.some((note) => note.includes('cut off')));
  const torn = await verifyWith({ 'packets/br.pcap': Buffer.concat([CAPTURE, CAPTURE.subarray(24, 50)]) }, cutOff);
  assert.deepEqual([torn.agrees, allProblems(torn)], [true, []]);
  assert.equal((await verifyWith({ 'logs/a.log': LOG.slice(0, 40) }, cutOff)).agrees, false, 'less than told is not right');
});

test('files that the ring let go are no problem, and the counts hold as far as they can', async () => {
  const [log] = MANIFEST.logs;
  assert.ok(log);
  const ringed = { removed: ['logs/a.log'], logs: [{ ...log, paths: ['logs/a.log', 'logs/a.2.log'], lines: 5 }] };
  const kept = { 'logs/a.log': null, 'logs/a.2.log': LOG };
  assert.deepEqual(allProblems(await verifyWith(kept, ringed)), []);
  assert.match(
    allProblems(await verifyWith(kept, { ...ringed, logs: [{ ...log, paths: ['logs/a.log', 'logs/a.2.log'], lines: 2 }] })).join(),
    /3 lines, the manifest tells 2/,
  );
});

test('what pcap-parser cannot read is said, and is no failure', async () => {
  const blocks = pcapngBlocks(false);
  const pcapng = Buffer.concat([blocks.section(), blocks.interface(1), blocks.enhanced(0, 1_700_000_000_000_000n, new Uint8Array(60))]);
  const nanos = pcapFile([{ nanos: 1, bytes: new Uint8Array(60) }], { nanos: true });
  const verdict = await verifyWith({ 'packets/x.pcapng': pcapng, 'packets/y.pcap': nanos }, null);
  assert.equal(verdict.agrees, true, allProblems(verdict).join());
  assert.deepEqual(
    verdict.captures.map((c) => [c.path, c.packets, c.pcapParser.outcome]),
    [
      ['packets/br.pcap', 3, 'whole'],
      ['packets/x.pcapng', 1, 'unsupported'],
      ['packets/y.pcap', 1, 'unsupported'],
    ],
  );
});

test('without a manifest other people’s logs may be out of order; gaps and what is missing are listed', async () => {
  const foreign = await verifyWith({ 'logs/a.log': LOG.replace('000000001Z', '000000009Z') }, null);
  assert.deepEqual([foreign.agrees, foreign.manifest], [true, null]);
  assert.ok(foreign.notes.some((note) => note.includes('line 2 is stamped before')));
  const gaps = [{ source: 'logs/a.log', from: null, to: null, why: 'the engine\nwas away' }];
  const lines = describeVerdict(await verifyWith({}, { gaps, missing: [{ what: 'packets', why: 'w', hint: 'h' }] }));
  assert.ok(lines.includes('  gap: logs/a.log, the beginning to the end: the engine?was away'));
  assert.ok(lines.includes('  not recorded: packets, w; next time: h'));
});

test('a folder that is not there is an error, and nothing is changed in one that is', async () => {
  await assert.rejects(verifyRecording('/nonexistent/recording', SILENT), OperationalError);
  assert.equal(readFileSync(join(made[0] ?? '', 'logs/a.log'), 'utf8'), LOG);
});
