import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Analysis } from '../src/analysis/contract.js';
import type { Manifest, ManifestLog, RecordedDockerEvent } from '../src/recording/manifest.js';
import { CONTAINERS, dockerEvent, idOf, STEPS } from './builders/recorded-steps.js';
import { analyzed, gossipscope, scratchFolder } from './command-line.js';

const NETWORK_ID = '3f6d4207648220b5234d882c95513fd51819f2cdeb99caecae10569d34b0a0a7';
const CHAINCODE = 'dev-peer0.org1.example.com-fruitcc-1.0';
const CHAINCODE_ID = 'c'.repeat(24).padEnd(64, '4');
const EARLIER_ID = 'abcdef0123456789'.repeat(4);

/** What Docker tells of the commands of the recording's steps, of a pause and of a network's disconnection. */
function dockerEvents(): readonly RecordedDockerEvent[] {
  const steps = new Map(
    readFileSync(join(STEPS, 'steps.tsv'), 'utf8')
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([at = '', what = '']) => [what, at]),
  );
  const commands = [
    [
      'create channel',
      'peer channel create -o orderer.example.com:7050 -c mychannel -f ./channel.tx --tls true --cafile /opt/crypto/example.com/ca.pem',
    ],
    ['join peer0.org1', 'peer channel join -b mychannel.block'],
    ['join peer1.org1', "sh -c 'CORE_PEER_ADDRESS=peer1.org1.example.com:7051 peer channel join -b mychannel.block | grep pineapple'"],
    ['anchor org1', 'peer channel update -o orderer.example.com:7050 -c mychannel -f ./channel-artifacts/Org1MSPanchors.tx'],
  ];
  return commands.flatMap(([what = '', command = ''], i) => {
    const at = steps.get(what) as string;
    const later = (millis: number): string => new Date(Date.parse(at) + millis).toISOString();
    const execId = String(i).repeat(64);
    return [
      dockerEvent(at, 'exec_create', 'cli', { command, execId }),
      dockerEvent(later(20), 'exec_start', 'cli', { command, execId }),
      ...(i === 3 ? [dockerEvent(later(30), 'pause', 'peer1.org2.example.com'), dockerEvent(later(1500), 'unpause', 'peer1.org2.example.com')] : []),
      ...(i === 3
        ? [
            dockerEvent(later(40), 'disconnect', 'peer1.org1.example.com', {
              type: 'network',
              network: 'net_byfn',
              containerName: 'peer1.org1.example.com',
            }),
          ]
        : []),
      dockerEvent(later(2500), 'exec_die', 'cli', { execId, exitCode: 0 }),
    ];
  });
}

const STAMP = /^\S+/;
const wholeLines = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** A log's parts as `record` would leave them, and what the manifest tells of them. */
function logOf(folder: string, container: { readonly id: string; readonly name: string }, parts: Readonly<Record<string, string>>): ManifestLog {
  const all = Object.values(parts).join('');
  const lines = all.split('\n').slice(0, -1);
  for (const [path, text] of Object.entries(parts)) writeFileSync(join(folder, path), text, 'latin1');
  return {
    paths: Object.keys(parts),
    stream: Object.keys(parts)[0]?.includes('.stdout') === true ? 'stdout' : 'stderr',
    container,
    lines: lines.length,
    bytes: all.length,
    unterminated: 0,
    from: STAMP.exec(lines[0] ?? '')?.[0] ?? null,
    to: STAMP.exec(lines.at(-1) ?? '')?.[0] ?? null,
  };
}

/** A folder as `record` leaves it: a rotated log, one name on two containers, a chaincode's output, notes, every kind of file. */
function recorded(): string {
  const folder = join(scratchFolder(), 'pineapple-outage');
  for (const name of ['logs', 'packets', 'docker']) mkdirSync(join(folder, name), { recursive: true });
  const logs: ManifestLog[] = [];
  for (const file of readdirSync(join(STEPS, 'logs'))) {
    const name = file.slice(0, -'.log'.length);
    const lines = readFileSync(join(STEPS, 'logs', file), 'latin1')
      .split('\n')
      .slice(0, -1);
    const half = lines.findIndex((line, i) => i > lines.length / 2 && STAMP.test(line) && /\[34m\d{4}-/.test(line));
    const parts =
      name === 'peer0.org2.example.com'
        ? { [`logs/${name}.log`]: wholeLines(lines.slice(0, half)), [`logs/${name}.2.log`]: wholeLines(lines.slice(half)) }
        : { [`logs/${name}.log`]: wholeLines(lines) };
    logs.push(logOf(folder, { id: idOf(name), name }, parts));
  }
  const orderer = 'orderer.example.com';
  const earlier = readFileSync(join(STEPS, 'logs', `${orderer}.log`), 'latin1')
    .split('\n')
    .slice(0, 3);
  logs.push(logOf(folder, { id: EARLIER_ID, name: orderer }, { [`logs/${orderer}-${EARLIER_ID.slice(0, 12)}.log`]: wholeLines(earlier) }));
  const printed = '2026-11-22T10:33:00.000000000Z fruit is sold to pineapple@example.com\n2026-11-22T10:33:01.000000000Z \n';
  logs.push(logOf(folder, { id: CHAINCODE_ID, name: CHAINCODE }, { [`logs/${CHAINCODE}.stdout.log`]: printed }));
  const [capture = ''] = readdirSync(join(STEPS, 'packets'));
  writeFileSync(join(folder, 'packets', 'net_byfn.pcap'), gunzipSync(readFileSync(join(STEPS, 'packets', capture))));
  const document = (path: string, value: unknown): void => writeFileSync(join(folder, path), `${JSON.stringify(value, null, 2)}\n`);
  const network = JSON.parse(readFileSync(join(STEPS, 'docker', 'network.json'), 'utf8')) as unknown;
  const inspects = ['inspect-before', 'networks-before', 'inspect-later-1', 'inspect-after', 'networks-after'];
  for (const name of inspects)
    document(`docker/${name}.json`, name.startsWith('networks') ? (name.endsWith('before') ? [] : network) : [...CONTAINERS.values()]);
  writeFileSync(join(folder, 'docker', 'events.ndjson'), wholeLines(dockerEvents().map((e) => JSON.stringify(e))));
  writeFileSync(join(folder, 'marks.ndjson'), wholeLines([JSON.stringify({ at: '2026-11-22T10:31:50.000Z', text: 'ask Ms Pineapple' })]));
  const manifest: Manifest = {
    format: 'gossipscope-recording',
    formatVersion: 1,
    tool: { name: 'gossipscope', version: '0.0.0' },
    name: 'pineapple-outage',
    state: 'ended',
    endedBy: 'signal',
    startedAt: '2026-11-22T10:30:00.000Z',
    endedAt: '2026-11-22T10:34:20.000Z',
    recorder: { pid: 1, host: 'pineapple' },
    engine: { version: '20.10.24', apiVersion: '1.41', operatingSystem: 'Debian GNU/Linux 12 (bookworm)', location: 'local' },
    selection: { projects: ['net'], networks: ['net_byfn'], containers: [] },
    logs,
    captures: [
      {
        paths: ['packets/net_byfn.pcap'],
        interface: 'br-3f6d42076482',
        network: { id: NETWORK_ID, name: 'net_byfn' },
        container: null,
        method: 'host',
        startedAt: '2026-11-22T10:30:51.000Z',
        endedAt: '2026-11-22T10:34:19.000Z',
        packets: packetsIn(folder),
        droppedByKernel: 3,
        droppedByInterface: 0,
        secondReading: null,
      },
    ],
    inspects: inspects.map((name) => ({
      path: `docker/${name}.json`,
      at: name.endsWith('after') ? '2026-11-22T10:34:19.000Z' : '2026-11-22T10:30:52.000Z',
      moment: name.endsWith('before') ? 'before' : name.endsWith('after') ? 'after' : 'later',
    })),
    gaps: [
      { source: 'logs/peer1.org1.example.com.log', from: '2026-11-22T10:33:00.000Z', to: '2026-11-22T10:33:02.000Z', why: 'the engine was gone' },
      { source: 'pineapple_swanson', from: null, to: null, why: 'the engine says: configured logging driver does not support reading' },
    ],
    missing: [],
    removed: [],
  };
  document('manifest.json', manifest);
  return folder;
}

function packetsIn(folder: string): number {
  const { stdout } = gossipscope(['verify', folder, '--json']);
  return (JSON.parse(stdout) as { readonly captures: readonly { readonly packets: number }[] }).captures[0]?.packets ?? -1;
}

function bundled(folder: string, ...options: readonly string[]): string {
  const out = join(scratchFolder(), 'x.gossipscope.tar.gz');
  const { status, stderr } = gossipscope(['bundle', folder, '--out', out, ...options]);
  assert.equal(status, 0, stderr);
  return out;
}

function unpacked(bundle: string): string {
  const folder = scratchFolder();
  assert.equal(spawnSync('tar', ['-xzf', bundle, '-C', folder]).status, 0);
  return folder;
}

/** The strings of two documents, side by side; throws where anything else differs. */
function pairs(a: unknown, b: unknown, path = ''): readonly (readonly [string, string, string])[] {
  if (typeof a === 'string' && typeof b === 'string') return [[a, b, path]];
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    assert.equal(b, a, path);
    return [];
  }
  const inB = Object.entries(b);
  assert.equal(inB.length, Object.keys(a).length, `${path}: ${Object.keys(a).join()} / ${Object.keys(b).join()}`);
  return Object.entries(a).flatMap(([key, value], i) => pairs(value, inB[i]?.[1], `${path}.${key}`));
}

const comparable = (analysis: Analysis): unknown => ({ ...analysis, oddities: analysis.oddities.filter((o) => o.kind !== 'unrecognised-file') });

describe('a recording as record writes it', () => {
  const folder = recorded();
  const original = analyzed([folder]).analysis;
  const plain = bundled(folder);
  const redacted = bundled(folder, '--redact', '--redact-key', 'test');

  test('it is one: deeds, a pause, gaps and what was lost are in its analysis', () => {
    assert.equal((original.operator ?? []).filter((deed) => deed.kind === 'command').length, 4);
    assert.equal((original.operator ?? []).filter((deed) => deed.kind === 'mark').length, 1);
    assert.equal(original.recordings?.length, 1);
    assert.match(JSON.stringify(original), /pineapple_swanson/);
  });

  test('the analysis of its bundle is the same, and the bundle verifies', () => {
    assert.deepEqual(comparable(analyzed([plain]).analysis), comparable(original));
    for (const path of [plain, unpacked(plain)]) assert.equal(gossipscope(['verify', path]).status, 0, gossipscope(['verify', path]).stdout);
  });

  test('the analysis of its redacted bundle is the same under other names', () => {
    const { analysis } = analyzed([redacted]);
    const names = new Map<string, string>();
    for (const [a, b, path] of pairs(comparable(original), comparable(analysis))) {
      // What a user notes is not kept, but that there was a note.
      if (a.includes('ask Ms Pineapple')) assert.match(b, /mark 1/);
      else {
        assert.equal(b.length, a.length, `${path}: ${a} / ${b}`);
        assert.equal(names.get(a) ?? b, b, path);
        names.set(a, b);
      }
    }
    assert.deepEqual(
      analysis.operator?.map((deed) => deed.actions),
      original.operator?.map((deed) => deed.actions),
    );
  });

  test('the redacted bundle verifies, packed and unpacked', () => {
    for (const path of [redacted, unpacked(redacted)]) {
      const { status, stdout } = gossipscope(['verify', path]);
      assert.equal(status, 0, stdout);
    }
  });

  test('no name is left in it, in any encoding', () => {
    const files = gunzipSync(readFileSync(redacted));
    const text = files.toString('latin1').toLowerCase();
    const words = ['example', 'pineapple', 'fruit', 'swanson', 'mychannel', 'byfn', 'peer0.org1', 'org1msp', 'org2', 'peer1', 'ms pine'];
    const ids = [...[...CONTAINERS.values()].map((c) => c.Id), EARLIER_ID, NETWORK_ID, CHAINCODE_ID].map((id) => id.slice(0, 12));
    const addresses = ['172.19.0.', '3f6d4207', 'ac1300', '02:42:ac:13'];
    const pkiIds = original.nodes.flatMap((node) => node.pkiId ?? []);
    for (const name of [...words, ...ids, ...addresses, ...pkiIds]) {
      const bytes = Buffer.from(name);
      for (const form of [name, bytes.toString('hex'), [...bytes].join(' '), encodeURIComponent(name)])
        assert.equal(text.includes(form.toLowerCase()), false, `${name} as ${form}`);
      for (const shift of [0, 1, 2]) {
        const base64 = Buffer.from(`${' '.repeat(shift)}${name}   `).toString('base64');
        const needle = base64.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + name.length) * 8) / 6));
        if (needle.length > 6) assert.equal(files.includes(needle), false, `${name} in base64`);
      }
      assert.equal(files.includes(Buffer.from(name, 'utf16le')), false, `${name} in UTF-16`);
    }
    for (const id of pkiIds) assert.equal(files.includes(Buffer.from(id, 'hex')), false, 'a PKI-ID in bytes');
  });

  test('its files have the names of the layout; what the chaincode printed is gone, line for line', () => {
    const listed = spawnSync('tar', ['-tzf', redacted], { encoding: 'utf8' }).stdout.trim().split('\n');
    for (const path of ['manifest.json', 'marks.ndjson', 'docker/events.ndjson', 'docker/inspect-later-1.json', 'docker/networks-before.json'])
      assert.ok(listed.includes(path), `${path} in ${listed.join()}`);
    assert.equal(listed.length, 1 + 1 + 8 + 1 + 5 + 2);
    const folderOf = unpacked(redacted);
    const output = listed.find((path) => path.endsWith('.stdout.log')) as string;
    assert.equal(
      readFileSync(join(folderOf, output), 'utf8'),
      '2026-11-22T10:33:00.000000000Z xxxxx xx xxxx xx xxxxxxxxxxxxxxxxxxxxx\n2026-11-22T10:33:01.000000000Z \n',
    );
    assert.ok(listed.some((path) => /^logs\/[a-z0-9.]+\.2\.log$/.test(path)));
  });
});
