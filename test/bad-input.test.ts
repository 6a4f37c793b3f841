import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Analysis, OddityRecord, Source } from '../src/analysis/contract.js';
import { drawCharts } from '../src/charts/catalogue.js';
import { type Analyzed, analyzed, gossipscope, scratchFolder } from './command-line.js';
import { ROOT } from './recordings.js';

const SMALL = join(ROOT, 'captures', 'logs-by-version', '1.4.0');
const LOG = join(SMALL, 'logs', 'peer0.org1.example.com.log');
const STEPS = join(ROOT, 'captures', 'byfn-bootstrap-steps');

const NGINX = [
  '2026/11/22 11:10:10 [notice] 1#1: using the "epoll" event method',
  '2026/11/22 11:10:10 [notice] 1#1: nginx/1.25.3',
  '172.17.0.1 - - [22/Nov/2026:11:10:11 +0000] "GET / HTTP/1.1" 200 615 "-" "curl/8.5.0"',
].join('\n');

/** Bytes that look like nothing, the same at every run. */
function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** What was reconstructed, without what was read. */
function reconstructed(analysis: Analysis): unknown {
  const { window, nodes, channels, gossip, ordering, unplaced, findings, walkthrough } = analysis;
  return { window, nodes, channels, gossip, ordering, unplaced, findings, walkthrough };
}

/** {@link reconstructed} without the lines that show it, which move when something is put between them. */
const factsOf = (analysis: Analysis): unknown =>
  JSON.parse(JSON.stringify(reconstructed(analysis), (key, value) => (key === 'evidence' ? undefined : value)));

const oddity = (analysis: Analysis, kind: string): OddityRecord => {
  const found = analysis.oddities.find((o) => o.kind === kind);
  assert.ok(found !== undefined, `no oddity ${kind} among: ${analysis.oddities.map((o) => `${o.kind} (${o.example.slice(0, 80)})`).join(', ')}`);
  return found;
};

const source = (analysis: Analysis, path: string): Source => {
  const found = analysis.sources.find((s) => s.path === path);
  assert.ok(found !== undefined, `${path} is not among the sources`);
  return found;
};

/** The good logs with more files beside them. */
function besideGood(more: Readonly<Record<string, string | Buffer>>): string {
  const folder = scratchFolder();
  cpSync(join(SMALL, 'logs'), join(folder, 'logs'), { recursive: true });
  for (const [name, bytes] of Object.entries(more)) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** The good logs, that of one peer replaced. */
function withLog(bytes: string | Buffer): string {
  const folder = besideGood({});
  writeFileSync(join(folder, 'logs', 'peer0.org1.example.com.log'), bytes);
  return folder;
}

let good: Analysis;
before(() => {
  good = analyzed([besideGood({})]).analysis;
});

describe('a file that is bad as a whole leaves the good ones beside it as they are', () => {
  const cases: readonly {
    readonly name: string;
    readonly file: string;
    readonly bytes: string | Buffer;
    readonly kind: string;
    readonly says: RegExp;
  }[] = [
    { name: 'an empty log', file: 'peer9.log', bytes: '', kind: 'empty-file', says: /peer9\.log.*docker logs NAME > \S+ 2>&1/ },
    { name: 'a gzip of nothing', file: 'peer9.log.gz', bytes: gzipSync(''), kind: 'empty-file', says: /peer9\.log\.gz.*docker logs/ },
    { name: 'a log of another program', file: 'nginx.log', bytes: NGINX, kind: 'not-fabric-file', says: /nginx\.log/ },
    { name: 'noise called a log', file: 'noise.log', bytes: noise(200_000), kind: 'not-fabric-file', says: /noise\.log/ },
    { name: 'zeroes called a log', file: 'zero.log', bytes: Buffer.alloc(100_000), kind: 'not-fabric-file', says: /zero\.log/ },
    { name: 'one line of 5 MB', file: 'line.log', bytes: 'x'.repeat(5 << 20), kind: 'not-fabric-file', says: /line\.log/ },
    { name: 'a torn gzip with nothing in it', file: 'torn.log.gz', bytes: gzipSync('').subarray(0, 12), kind: 'torn-gzip', says: /torn\.log\.gz/ },
    {
      name: 'JSON of something else',
      file: 'package.json',
      bytes: '{"name":"x","version":"1.0.0"}',
      kind: 'unrecognised-file',
      says: /package\.json/,
    },
    { name: 'half a JSON document', file: 'inspect.json', bytes: '[{"Id":"abc","Name":"/peer0', kind: 'unrecognised-file', says: /inspect\.json/ },
    { name: 'JSON nested without end', file: 'deep.json', bytes: '['.repeat(200_000), kind: 'unrecognised-file', says: /deep\.json/ },
  ];
  for (const { name, file, bytes, kind, says } of cases)
    test(`${name}: ${kind}`, () => {
      const { analysis, report } = analyzed([besideGood({ [file]: bytes })]);
      assert.deepEqual(reconstructed(analysis), reconstructed(good));
      const odd = oddity(analysis, kind);
      assert.equal(odd.count, 1);
      assert.match(odd.example, says);
      assert.ok(report.includes(kind) || says.test(report), 'the report does not tell');
    });

  test('a missing folder and a missing file beside good ones: missing-input, each by its name', () => {
    const { analysis, report } = analyzed([besideGood({}), '/nonexistent/folder', '/nonexistent/peer.log']);
    assert.deepEqual(reconstructed(analysis), reconstructed(good));
    assert.equal(oddity(analysis, 'missing-input').count, 2);
    for (const path of ['/nonexistent/folder', '/nonexistent/peer.log']) {
      assert.equal(source(analysis, path).kind, 'unreadable');
      assert.ok(report.includes(path));
    }
  });

  test('a file without permission to read it', { skip: process.getuid?.() === 0 ? 'root may read everything' : false }, () => {
    const folder = besideGood({ 'secret.log': 'x' });
    chmodSync(join(folder, 'secret.log'), 0);
    const { analysis } = analyzed([folder]);
    assert.deepEqual(reconstructed(analysis), reconstructed(good));
    assert.match(JSON.stringify(analysis.oddities), /secret\.log.*permission/);
  });

  test('links that lead nowhere and in circles', () => {
    const folder = besideGood({});
    symlinkSync('/nonexistent/peer.log', join(folder, 'dangling.log'));
    symlinkSync('..', join(folder, 'logs', 'circle'));
    const { analysis } = analyzed([folder]);
    assert.deepEqual(reconstructed(analysis), reconstructed(good));
    assert.match(oddity(analysis, 'missing-input').example, /dangling\.log/);
  });
});

describe('something bad within a log leaves the records around it as they are', () => {
  const lines = readFileSync(LOG, 'utf8').trimEnd().split('\n');
  const middle = Math.floor(lines.length / 2);
  const put = (...bad: readonly string[]): string => [...lines.slice(0, middle), ...bad, ...lines.slice(middle), ''].join('\n');
  const place = { source: 'logs/peer0.org1.example.com.log', line: middle + 1 };

  test('a line of 5 MB: line-too-long, at its line', () => {
    const { analysis } = analyzed([withLog(put(`\x1b[34m2026-11-22 11:10:15.000 UTC [x] y -> INFO 0ff\x1b[0m ${'x'.repeat(5 << 20)}`))]);
    assert.deepEqual(factsOf(analysis), factsOf(good));
    assert.deepEqual([oddity(analysis, 'line-too-long').count, oddity(analysis, 'line-too-long').evidence], [1, [place]]);
  });

  test('binary bytes', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${lines.slice(0, middle).join('\n')}\n`),
      noise(5000),
      Buffer.from(`\n${lines.slice(middle).join('\n')}\n`),
    ]);
    const { analysis, report } = analyzed([withLog(bytes)]);
    assert.deepEqual(factsOf(analysis), factsOf(good));
    assert.ok(source(analysis, place.source).unreadable > 0, 'nothing was counted');
    assert.ok(!report.includes('\0'), 'a NUL byte in the report');
  });

  test('lines of another program: not-fabric-line, counted, at the first', () => {
    const { analysis } = analyzed([withLog(put(...NGINX.split('\n')))]);
    assert.deepEqual(factsOf(analysis), factsOf(good));
    const odd = oddity(analysis, 'not-fabric-line');
    assert.equal(odd.count, 3);
    assert.deepEqual(odd.evidence[0], place);
  });

  test('the last line torn: the records before it', () => {
    const whole = `${lines.slice(0, -1).join('\n')}\n`;
    const torn = analyzed([withLog(whole + (lines.at(-1) as string).slice(0, 30))]).analysis;
    const cut = analyzed([withLog(whole)]).analysis;
    assert.deepEqual(factsOf(torn), factsOf(cut));
    const odd = oddity(torn, 'torn-record');
    assert.deepEqual([odd.count, odd.evidence], [1, [{ source: place.source, line: lines.length }]]);
  });

  test('the same log with CRLF', () => {
    assert.deepEqual(factsOf(analyzed([withLog(lines.join('\r\n'))]).analysis), factsOf(good));
  });

  test('the same log without a newline at its end', () => {
    assert.deepEqual(factsOf(analyzed([withLog(lines.join('\n'))]).analysis), factsOf(good));
  });

  test('the same log behind a byte order mark', () => {
    assert.deepEqual(factsOf(analyzed([withLog(`\ufeff${lines.join('\n')}\n`)]).analysis), factsOf(good));
  });

  test('a torn gzip: torn-gzip, and the records before the tear', () => {
    const folder = besideGood({});
    const bytes = gzipSync(readFileSync(LOG));
    writeFileSync(join(folder, 'logs', 'peer0.org1.example.com.log'), bytes.subarray(0, Math.floor(bytes.length / 2)));
    const { analysis } = analyzed([folder]);
    const odd = oddity(analysis, 'torn-gzip');
    assert.equal(odd.count, 1);
    assert.match(odd.example, /peer0\.org1\.example\.com\.log/);
    const read = source(analysis, place.source);
    assert.equal(read.node, 'peer0.org1.example.com');
    assert.ok(read.records > 10 && read.records < lines.length, `${read.records} records`);
  });

  test('half a record of Docker’s json-file driver: torn-record, at its line', () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'docker'));
    for (const name of readdirSync(join(STEPS, 'docker')))
      if (name.endsWith('-json.log')) cpSync(join(STEPS, 'docker', name), join(folder, 'docker', name));
    const whole = analyzed([folder]).analysis;
    const path = join(folder, 'docker', 'peer0.org1.example.com-json.log');
    const records = readFileSync(path, 'utf8').trimEnd().split('\n');
    const at = Math.floor(records.length / 2);
    writeFileSync(path, [...records.slice(0, at), (records[at] as string).slice(0, 40), ...records.slice(at), ''].join('\n'));
    const { analysis } = analyzed([folder]);
    assert.deepEqual(factsOf(analysis), factsOf(whole));
    const odd = oddity(analysis, 'torn-record');
    assert.deepEqual([odd.count, odd.evidence], [1, [{ source: 'docker/peer0.org1.example.com-json.log', line: at + 1 }]]);
  });
});

describe('something bad within a capture leaves the frames around it as they are', () => {
  const [name] = readdirSync(join(STEPS, 'packets'));
  const bytes = gunzipSync(readFileSync(join(STEPS, 'packets', name as string)));
  /** Where each record begins. */
  const records: number[] = [];
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) records.push(at);
  const analyzeCapture = (capture: Buffer): Analysis => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'bridge.pcap'), capture);
    return analyzed([folder]).analysis;
  };
  const at = Math.floor(records.length / 2);
  const start = records[at] as number;

  test('a pcap torn within its last record: torn-record, and all frames before it', () => {
    const whole = analyzeCapture(bytes.subarray(0, start));
    const torn = analyzeCapture(bytes.subarray(0, start + 20));
    assert.deepEqual(reconstructed(torn), reconstructed(whole));
    assert.equal(source(torn, 'bridge.pcap').records, at);
    const odd = oddity(torn, 'torn-record');
    assert.deepEqual([odd.count, odd.evidence], [1, [{ source: 'bridge.pcap', frame: at }]]);
  });

  test('a gzipped pcap torn anywhere: torn-gzip, and all frames before the tear', () => {
    const folder = scratchFolder();
    const zipped = gzipSync(bytes);
    writeFileSync(join(folder, 'bridge.pcap.gz'), zipped.subarray(0, Math.floor(zipped.length / 2)));
    const { analysis } = analyzed([folder]);
    assert.ok(source(analysis, 'bridge.pcap.gz').records > 100);
    const odd = oddity(analysis, 'torn-gzip');
    assert.equal(odd.count, 1);
    assert.match(odd.example, /bridge\.pcap\.gz/);
    for (const place of odd.evidence) assert.ok('frame' in place, `a line of a capture: ${JSON.stringify(place)}`);
  });

  for (const lie of [0xffffffff, 0x7fffffff, 300_000_000])
    test(`a record that claims ${lie} bytes: lying-length, and the frames around it`, () => {
      const bad = Buffer.from(bytes);
      bad.writeUInt32LE(lie, start + 8);
      const analysis = analyzeCapture(bad);
      const odd = oddity(analysis, 'lying-length');
      assert.equal(odd.count, 1);
      assert.deepEqual(odd.evidence, [{ source: 'bridge.pcap', frame: at + 1 }]);
      const { records: read, unreadable } = source(analysis, 'bridge.pcap');
      assert.deepEqual([read, unreadable], [records.length, 1]);
    });

  test('noise between two records: said, and the frames around it', () => {
    const analysis = analyzeCapture(Buffer.concat([bytes.subarray(0, start), noise(3000), bytes.subarray(start)]));
    const { records: read, unreadable } = source(analysis, 'bridge.pcap');
    assert.deepEqual([read, unreadable], [records.length, 1]);
    assert.match(JSON.stringify(analysis.oddities), /lying-length|unreadable-bytes/);
    const whole = analyzeCapture(bytes);
    assert.deepEqual(
      analysis.gossip.connections.map((c) => [c.from, c.to, c.openedAt, c.outcome]),
      whole.gossip.connections.map((c) => [c.from, c.to, c.openedAt, c.outcome]),
    );
  });

  test('a capture of a header only beside good logs', () => {
    const { analysis } = analyzed([besideGood({ 'bridge.pcap': bytes.subarray(0, 24) })]);
    assert.deepEqual(factsOf(analysis), factsOf(good));
    assert.equal(source(analysis, 'bridge.pcap').records, 0);
  });

  test('a capture cut within its header beside good logs: an oddity', () => {
    const { analysis } = analyzed([besideGood({ 'bridge.pcap': bytes.subarray(0, 11) })]);
    assert.deepEqual(factsOf(analysis), factsOf(good));
    assert.equal(oddity(analysis, 'torn-record').count, 1);
  });

  test('noise behind the magic number of pcap and of pcapng', () => {
    const { analysis } = analyzed([
      besideGood({
        'a.pcap': Buffer.concat([bytes.subarray(0, 24), noise(100_000)]),
        'b.pcapng': Buffer.concat([Buffer.from('0a0d0d0a', 'hex'), noise(100_000)]),
      }),
    ]);
    assert.deepEqual(factsOf(analysis), factsOf(good));
    for (const file of ['a.pcap', 'b.pcapng'])
      assert.ok(
        analysis.oddities.some((o) => o.evidence.some((e) => e.source === file) || o.example.includes(file)) || source(analysis, file).unreadable > 0,
        `nothing is said of ${file}`,
      );
  });
});

describe('nothing readable at all ends in three lines and exit 2', () => {
  const assertFails = (paths: readonly string[], why: RegExp): void => {
    const out = join(scratchFolder(), 'report');
    const { status, stdout, stderr } = gossipscope(['analyze', ...paths, '--out', out]);
    assert.equal(status, 2, stdout);
    assert.equal(stdout, '');
    assert.match(stderr, /^gossipscope: .+\n {2}why: .+\n {2}try: .+\n$/);
    assert.match(stderr, why);
  };
  const folderWith = (files: Readonly<Record<string, string | Buffer>>): string => {
    const folder = scratchFolder();
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    return folder;
  };

  test('a missing folder', () => assertFails(['/nonexistent/recording'], /\/nonexistent\/recording: no such file or folder/));
  test('an empty folder', () => assertFails([scratchFolder()], /no file in it/));
  test('a folder without logs', () => assertFails([folderWith({ 'README.md': '# hello', 'a.json': '{}' })], /no file in it|README|a\.json/));
  test('a log of another program', () => assertFails([folderWith({ 'nginx.log': NGINX })], /nginx\.log.*Fabric/));
  test('the same, named', () => assertFails([join(folderWith({ 'nginx.log': NGINX }), 'nginx.log')], /nginx\.log.*Fabric/));
  test('an empty log', () => assertFails([join(folderWith({ 'peer.log': '' }), 'peer.log')], /docker logs NAME > \S+ 2>&1/));
  test('noise', () => assertFails([join(folderWith({ 'x.bin': noise(50_000) }), 'x.bin')], /x\.bin/));
  test('a torn gzip', () => assertFails([join(folderWith({ 'x.log.gz': gzipSync('').subarray(0, 12) }), 'x.log.gz')], /x\.log\.gz/));
  test('a device instead of a file', () => assertFails(['/dev/null'], /\/dev\/null|null/));
  test('an earlier analysis', () => assertFails([folderWith({ 'analysis.json': JSON.stringify(good, null, 1) })], /no file in it|analysis/));
});

describe('logs too thin to tell are said to be so', () => {
  const assertSaid = ({ analysis, report, stdout }: Analyzed, setting: RegExp): void => {
    const found = analysis.findings.filter((f) => f.diagnosis === 'thin-logs' && f.verdict === 'found');
    assert.ok(found.length > 0, 'no finding');
    for (const finding of found) assert.match(finding.summary, setting);
    assert.match(stdout, /warning: /);
    assert.match(report, setting);
    for (const channel of analysis.channels)
      for (const organization of channel.organizations) {
        assert.equal(organization.leadership.verdict, 'unknown');
        assert.deepEqual(organization.leadership.terms, []);
      }
    const charts = drawCharts(analysis).map((chart) => chart.name);
    assert.deepEqual(
      charts.filter((name) => name.startsWith('leader-timeline') || name.startsWith('membership')),
      [],
      'an empty chart',
    );
  };

  test('gossip silenced by default in 1.1', () => {
    const outcome = analyzed([join(ROOT, 'captures', 'logs-by-version', '1.1.1')]);
    assertSaid(outcome, /CORE_LOGGING_GOSSIP=info/);
    const peers = outcome.analysis.nodes.filter((n) => n.kind === 'peer').map((n) => n.name);
    assert.deepEqual(new Set(outcome.analysis.findings.filter((f) => f.diagnosis === 'thin-logs').flatMap((f) => f.nodes)), new Set(peers));
  });

  test('gossip silenced by default in 1.0, where elections are DEBUG', () => {
    assertSaid(analyzed([join(ROOT, 'captures', 'logs-by-version', '1.0.6')]), /CORE_LOGGING_GOSSIP=debug/);
  });

  for (const version of ['1.4.0', '2.0.1', '2.5.0-no-bootstrap'])
    test(`warnings only, from ${version}`, () => {
      const folder = scratchFolder();
      const logs = join(ROOT, 'captures', 'logs-by-version', version, 'logs');
      for (const name of readdirSync(logs))
        writeFileSync(
          join(folder, name),
          `${readFileSync(join(logs, name), 'utf8')
            .split('\n')
            .filter((line) => / (?:WARN|ERRO) /.test(line))
            .join('\n')}\n2026-11-22 11:10:30.000 UTC [gossip.comm] func1 -> WARN 0ff peer0.org9.example.com:7051, PKIid:aa isn't responsive: EOF\n`,
        );
      assertSaid(analyzed([folder]), /FABRIC_LOGGING_SPEC=info/);
    });

  test('logs that are deep enough are not', () => {
    assert.deepEqual(
      good.findings.filter((f) => f.diagnosis === 'thin-logs').map((f) => f.verdict),
      ['clear'],
    );
  });
});
