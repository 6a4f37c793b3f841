import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Analysis, OperatorDeed, Sentence } from '../src/analysis/contract.js';
import type { Manifest, RecordedDockerEvent } from '../src/recording/manifest.js';
import { renderReport } from '../src/report/document.js';
import { CONTAINERS, dockerEvent, idOf, STEPS } from './builders/recorded-steps.js';
import { analyzePaths } from './recordings.js';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const plusMillis = (at: string, millis: number): string => new Date(Date.parse(at) + millis).toISOString();

/** What Docker tells of one command that ran for `millis`. */
function commandEvents(at: string, name: string, command: string, millis: number, exitCode = 0): readonly RecordedDockerEvent[] {
  const execId = `${at} ${command}`;
  return [
    dockerEvent(at, 'exec_create', name, { command, execId }),
    dockerEvent(plusMillis(at, 20), 'exec_start', name, { command, execId }),
    dockerEvent(plusMillis(at, millis), 'exec_die', name, { execId, exitCode }),
  ];
}

const [AT_CREATE, AT_JOIN_PEER0, AT_JOIN_PEER1, AT_ANCHOR] = ['create channel', 'join peer0.org1', 'join peer1.org1', 'anchor org1'].map(
  (what) =>
    readFileSync(join(STEPS, 'steps.tsv'), 'utf8')
      .split('\n')
      .map((line) => line.split('\t'))
      .find(([, w]) => w === what)?.[0] as string,
) as [string, string, string, string];

/** The commands behind the recording's own steps, as its operator gave them. */
const STEP_EVENTS: readonly RecordedDockerEvent[] = [
  ...commandEvents(
    AT_CREATE,
    'cli',
    'peer channel create -o orderer.example.com:7050 -c mychannel -f ./channel.tx --tls true --cafile /tls/ca.pem',
    2500,
  ),
  ...commandEvents(AT_JOIN_PEER0, 'cli', 'peer channel join -b mychannel.block', 2500),
  ...commandEvents(AT_JOIN_PEER1, 'cli', "sh -c 'peer channel join -b mychannel.block >&log.txt'", 2500),
  ...commandEvents(
    AT_ANCHOR,
    'cli',
    'bash -c peer channel update -o orderer.example.com:7050 -c mychannel -f ./channel-artifacts/Org1MSPanchors.tx',
    2500,
  ),
];

const MANIFEST: Manifest = {
  format: 'gossipscope-recording',
  formatVersion: 1,
  tool: { name: 'gossipscope', version: '0.0.0' },
  name: 'steps',
  state: 'ended',
  endedBy: 'signal',
  startedAt: '2026-11-22T10:30:00.000000Z',
  endedAt: '2026-11-22T10:34:20.000000Z',
  recorder: { pid: 1, host: 'here' },
  engine: { version: '20.10.24', apiVersion: '1.41', operatingSystem: 'Linux', location: 'local' },
  selection: { projects: [], networks: [], containers: [] },
  logs: [],
  captures: [],
  inspects: [{ path: 'docker/inspect-after.json', at: '2026-11-22T10:34:19.000000Z', moment: 'after' }],
  gaps: [],
  missing: [],
  removed: [],
};

interface Parts {
  readonly events?: readonly RecordedDockerEvent[] | string | Uint8Array;
  readonly marks?: string | Uint8Array;
  readonly manifest?: Manifest | string | Uint8Array;
  /** Further files by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Logs that the recording does not hold. */
  readonly without?: readonly string[];
}

const linesOf = (records: readonly object[]): string => records.map((r) => `${JSON.stringify(r)}\n`).join('');

/** A folder as `record` leaves it, from the logs and inspect output of byfn-bootstrap-steps. */
function recordingOf(parts: Parts): string {
  const folder = mkdtempSync(join(tmpdir(), 'gossipscope-operator-'));
  folders.push(folder);
  mkdirSync(join(folder, 'docker'));
  cpSync(join(STEPS, 'logs'), join(folder, 'logs'), { recursive: true, filter: (path) => !(parts.without ?? []).some((w) => path.endsWith(w)) });
  writeFileSync(join(folder, 'docker', 'inspect-after.json'), JSON.stringify([...CONTAINERS.values()], null, 1));
  const events = parts.events ?? STEP_EVENTS;
  writeFileSync(join(folder, 'docker', 'events.ndjson'), typeof events === 'string' || events instanceof Uint8Array ? events : linesOf(events));
  if (parts.marks !== undefined) writeFileSync(join(folder, 'marks.ndjson'), parts.marks);
  const manifest = parts.manifest ?? MANIFEST;
  writeFileSync(
    join(folder, 'manifest.json'),
    typeof manifest === 'string' || manifest instanceof Uint8Array ? manifest : JSON.stringify(manifest, null, 2),
  );
  for (const [path, text] of Object.entries(parts.files ?? {})) writeFileSync(join(folder, path), text);
  return folder;
}

const analyzeRecording = (parts: Parts): Promise<Analysis> => analyzePaths([recordingOf(parts)]);

const deedWith = (a: Analysis, words: string, nth = 0): OperatorDeed => {
  const deed = (a.operator ?? []).filter((d) => d.text.includes(words))[nth];
  assert.ok(deed !== undefined, `no deed with “${words}”`);
  return deed;
};
const sentencesOf = (a: Analysis, topic: Sentence['topic']): readonly string[] => a.walkthrough.filter((s) => s.topic === topic).map((s) => s.text);

test('commands and notes stand on the timeline with their place, and the places have their text', async () => {
  const folder = recordingOf({ marks: linesOf([{ at: '2026-11-22T10:31:50.000000Z', text: 'now the channel' }]) });
  const a = await analyzePaths([folder]);
  assert.deepEqual(
    (a.operator ?? []).map((d) => [d.at, d.kind, d.actions.join()]),
    [
      ['2026-11-22T10:31:50.000000Z', 'mark', ''],
      [`${plusMillis(AT_CREATE, 20).slice(0, 23)}000Z`, 'command', 'peer channel create'],
      [`${plusMillis(AT_JOIN_PEER0, 20).slice(0, 23)}000Z`, 'command', 'peer channel join'],
      [`${plusMillis(AT_JOIN_PEER1, 20).slice(0, 23)}000Z`, 'command', 'peer channel join'],
      [`${plusMillis(AT_ANCHOR, 20).slice(0, 23)}000Z`, 'command', 'peer channel update'],
    ],
  );
  for (const deed of a.operator ?? [])
    for (const e of deed.evidence) {
      assert.ok('line' in e);
      const line = readFileSync(join(folder, e.source), 'utf8').split('\n')[e.line - 1];
      assert.equal(a.excerpts[e.source]?.[String(e.line)], line);
      if (deed.kind === 'mark') assert.match(line ?? '', /now the channel/);
    }
  assert.equal(deedWith(a, 'create').evidence.length, 3, 'made, started and ended');
});

test('a command is told with what it names: the channel, the block, the anchor peers, and then the views', async () => {
  const a = await analyzeRecording({});
  const create = deedWith(a, 'create');
  assert.deepEqual(
    [create.channel, create.node, create.exitCode, create.followedBy.map((f) => [f.kind, f.link])],
    ['mychannel', null, 0, [['channel-created', 'named']]],
  );
  const update = deedWith(a, 'update');
  assert.deepEqual(
    update.followedBy.map((f) => [f.kind, f.link, f.block]),
    [
      ['configuration-block', 'named', 1],
      ['anchor-learned', 'named', null],
      ['view-changed', 'time', null],
    ],
  );
  assert.ok(
    update.followedBy.every((f, i) => f.afterMicros > 0 && f.evidence.length > 0 && (i === 0 || f.at >= (update.followedBy[i - 1]?.at ?? ''))),
  );
  const told = a.walkthrough.findIndex((s) => s.topic === 'operator' && s.text.includes('update'));
  const after = a.walkthrough.slice(told + 1).map((s) => s.topic);
  assert.ok(after.includes('block') && after.includes('anchor') && after.includes('membership'), 'cause, then block, then views');
  assert.match(
    a.walkthrough[told]?.text ?? '',
    /^In cli the operator ran “bash -c peer channel update .*”: configuration block 1 of mychannel came 152 ms later and 4 peers learned that peer0\.org1\S* is an anchor peer of Org1MSP 157 ms later; that was followed by 6 changed views, the first 2\.2 s later\.$/,
  );
});

test('whose join it was: by the environment where that peer joined, else inferred and said', async () => {
  const a = await analyzeRecording({});
  const [first, second] = [deedWith(a, 'channel join'), deedWith(a, 'channel join', 1)];
  assert.deepEqual([first.node, first.nodeBasis], ['peer0.org1.example.com', 'container']);
  assert.deepEqual([second.node, second.nodeBasis], ['peer1.org1.example.com', 'followed']);
  assert.match(
    sentencesOf(a, 'operator').find((s) => s.includes('sh -c')) ?? '',
    /peer1\.org1\S* joined mychannel 195 ms later \(which peer .* inferred/,
  );
});

test('an address in the command line decides, and a join elsewhere is then not its effect', async () => {
  const join0 = (address: string): Promise<Analysis> =>
    analyzeRecording({
      events: commandEvents(AT_JOIN_PEER1, 'cli', `sh -c 'CORE_PEER_ADDRESS=${address} peer channel join -b mychannel.block'`, 2500),
    });
  const right = deedWith(await join0('peer1.org1.example.com:8051'), 'join');
  assert.deepEqual([right.node, right.nodeBasis, right.followedBy.length], ['peer1.org1.example.com', 'command', 1]);
  const wrong = deedWith(await join0('peer0.org2.example.com:9051'), 'join');
  assert.deepEqual([wrong.node, wrong.nodeBasis, wrong.followedBy.length], ['peer0.org2.example.com', 'command', 0]);
});

test('no cause is claimed of a command that failed, or at another time, or on another channel', async () => {
  const failed = deedWith(
    await analyzeRecording({ events: commandEvents(AT_ANCHOR, 'cli', 'peer channel update -c mychannel -f x.tx', 2500, 1) }),
    'update',
  );
  assert.deepEqual([failed.exitCode, failed.followedBy], [1, []]);
  const late = deedWith(
    await analyzeRecording({ events: commandEvents(plusMillis(AT_ANCHOR, 5000), 'cli', 'peer channel update -c mychannel -f x.tx', 2500) }),
    'update',
  );
  assert.deepEqual(late.followedBy, []);
  const elsewhere = await analyzeRecording({
    events: commandEvents(AT_ANCHOR, 'cli', 'peer channel update -c otherchannel -f Org1MSPanchors.tx', 2500),
  });
  assert.deepEqual(deedWith(elsewhere, 'update').followedBy, []);
  assert.ok(sentencesOf(elsewhere, 'operator').some((s) => s.includes('nothing that was read shows what came of it')));
  const unnamed = deedWith(await analyzeRecording({ events: commandEvents(AT_ANCHOR, 'cli', 'peer channel update -f x.tx', 2500) }), 'update');
  assert.ok(unnamed.followedBy.length > 0 && unnamed.followedBy.every((f) => f.link === 'time'), 'time alone where no channel is named');
});

test('a script is told with what happened while it ran, not as its cause', async () => {
  const a = await analyzeRecording({ events: commandEvents(AT_CREATE, 'cli', 'scripts/script.sh mychannel 3 golang', 90_000) });
  const deed = deedWith(a, 'script.sh');
  assert.ok(deed.followedBy.every((f) => f.link === 'time'));
  assert.match(sentencesOf(a, 'operator')[0] ?? '', /While it ran \(1 min 30 s\): mychannel was created; 4 peers joined mychannel; /);
});

test('the blocks that a script left on their way are told with it, and the anchor peers in them', async () => {
  const events = commandEvents(AT_ANCHOR, 'cli', './scripts/setAnchorPeer.sh 1 mychannel', 60);
  const a = await analyzeRecording({ events });
  const told = sentencesOf(a, 'operator').find((t) => t.includes('setAnchorPeer'));
  assert.match(
    told ?? '',
    /Right after it, which took \d+ ms: configuration block 1 of mychannel came; 4 peers learned that peer0\.org1\S* is an anchor peer of Org1MSP; \d+ views grew\.$/,
  );
});

test('a program of the user’s in the command-line container is told with what happened while it ran; one that only looks is not', async () => {
  const told = async (command: string): Promise<string> =>
    sentencesOf(await analyzeRecording({ events: commandEvents(AT_CREATE, 'cli', command, 20_000) }), 'operator')[0] ?? '';
  assert.match(await told('./bring-up mychannel'), /While it ran \(20 s\): mychannel was created; .*joined mychannel/);
  assert.match(await told('ls -l'), /“ls -l”\.$/);
});

test('a health check is told once, however often it ran', async () => {
  const events = Array.from({ length: 30 }, (_, i) => commandEvents(plusMillis(AT_CREATE, i * 1000), 'couchdb0', 'curl -f localhost', 10)).flat();
  const a = await analyzeRecording({ events });
  assert.equal(a.operator?.length, 30);
  assert.deepEqual(
    sentencesOf(a, 'operator').map((s) => s.slice(0, 55)),
    ['In couchdb0 “curl -f localhost” ran 30 times until 10:3'],
  );
});

test('what only Docker knows of a container’s life: how it ended, when it stood still, when it was off its network', async () => {
  const at = (seconds: number): string => plusMillis('2026-11-22T10:34:00.000Z', seconds * 1000);
  const [stopped, paused, away] = ['peer0.org2.example.com', 'peer1.org1.example.com', 'peer1.org2.example.com'];
  const net = { type: 'network', network: 'net_byfn' } as const;
  const a = await analyzeRecording({
    events: [
      dockerEvent(at(1), 'kill', stopped),
      dockerEvent(at(1.2), 'die', stopped, { exitCode: 137 }),
      dockerEvent(at(1.3), 'disconnect', stopped, net),
      dockerEvent(at(2), 'pause', paused),
      dockerEvent(at(9), 'unpause', paused),
      dockerEvent('2026-11-22T10:33:50.000Z', 'disconnect', away, net),
      dockerEvent(at(30), 'connect', away, net),
    ],
  });
  const node = (name: string) => a.nodes.find((n) => n.name === name);
  assert.deepEqual(
    node(stopped)?.stops.map((s) => [s.at, s.how, s.basis, s.exitCode, s.dockerSaid, s.evidence.length]),
    [['2026-11-22T10:34:01.200000Z', 'silent', 'docker', 137, 'signalled', 2]],
  );
  assert.deepEqual(node(stopped)?.disconnections, [], 'part of its end');
  assert.deepEqual(
    node(paused)?.pauses?.map((p) => [p.from, p.to]),
    [['2026-11-22T10:34:02.000000Z', '2026-11-22T10:34:09.000000Z']],
  );
  assert.deepEqual(
    node(away)?.disconnections?.map((d) => [d.network, d.from, d.to]),
    [['net_byfn', '2026-11-22T10:33:50.000000Z', '2026-11-22T10:34:30.000000Z']],
  );
  assert.ok(
    sentencesOf(a, 'fault').some((s) =>
      /peer0\.org2\S* ended without a word \(by Docker’s record: Docker was told to end it, exit code 137, which is signal 9\)/.test(s),
    ),
  );
  assert.ok(
    sentencesOf(a, 'container').includes(
      'peer1.org2.example.com was disconnected from network net_byfn from 10:33:50.000 to 10:34:30.000, for 40 s (Docker).',
    ),
  );
  assert.ok(
    sentencesOf(a, 'fault').some((s) => /declared it dead.*; peer1\.org2\S* was disconnected from network net_byfn from .* \(Docker\)\.$/.test(s)),
    'beside the expiry that falls into it',
  );
});

test('a peer whose log is missing has its lives by Docker', async () => {
  const name = 'peer1.org2.example.com';
  const a = await analyzeRecording({
    without: [`${name}.log`],
    events: [
      dockerEvent('2026-11-22T10:31:44.445Z', 'start', name),
      dockerEvent('2026-11-22T10:33:00.000Z', 'die', name, { exitCode: 2 }),
      dockerEvent('2026-11-22T10:33:10.000Z', 'start', name),
    ],
  });
  const node = a.nodes.find((n) => n.name === name);
  assert.deepEqual(
    [node?.starts.map((s) => [s.at.slice(11, 19), s.basis]), node?.stops.map((s) => [s.at.slice(11, 19), s.basis, s.exitCode])],
    [
      [
        ['10:31:44', 'docker'],
        ['10:33:10', 'docker'],
      ],
      [['10:33:00', 'docker', 2]],
    ],
  );
});

test('the manifest binds logs to containers, parts of one log to one process, and knows what is no peer’s log', async () => {
  const [text, cut] = [readFileSync(join(STEPS, 'logs', 'peer0.org1.example.com.log'), 'utf8'), 40];
  const lines = text.split('\n');
  const log = (paths: readonly string[], name: string, stream: 'stdout' | 'stderr' = 'stderr'): Manifest['logs'][number] => ({
    paths,
    stream,
    container: { id: idOf(name), name },
    lines: 1,
    bytes: 1,
    unterminated: 0,
    from: null,
    to: null,
  });
  const a = await analyzeRecording({
    without: ['peer0.org1.example.com.log'],
    files: {
      'logs/x.log': lines.slice(0, cut).join('\n'),
      'logs/x.2.log': lines.slice(cut).join('\n'),
      'logs/x.stdout.log': 'nothing of Fabric’s\n',
      'logs/cli.log': 'root@cli:/#\n',
      'logs/empty.log': '',
    },
    manifest: {
      ...MANIFEST,
      logs: [
        log(['logs/x.log', 'logs/x.2.log'], 'peer0.org1.example.com'),
        log(['logs/x.stdout.log'], 'peer0.org1.example.com', 'stdout'),
        log(['logs/cli.log', 'logs/empty.log'], 'cli'),
      ],
    },
  });
  const whole = await analyzeRecording({});
  const known = (x: Analysis) => x.nodes.map((n) => [n.name, n.starts.length, n.stops.length, n.pkiId]);
  assert.deepEqual(known(a), known(whole));
  assert.deepEqual(
    a.channels.map((c) => c.blocks.map((b) => b.copies.map((x) => [x.peer, x.receivedAt, x.committedAt]))),
    whole.channels.map((c) => c.blocks.map((b) => b.copies.map((x) => [x.peer, x.receivedAt, x.committedAt]))),
  );
  assert.deepEqual(
    a.sources.filter((s) => /x\.|cli|empty/.test(s.path)).map((s) => [s.path, s.kind, s.node, s.records > 0]),
    [
      ['logs/cli.log', 'output', 'cli', true],
      ['logs/empty.log', 'output', 'cli', false],
      ['logs/x.2.log', 'log', 'peer0.org1.example.com', true],
      ['logs/x.log', 'log', 'peer0.org1.example.com', true],
      ['logs/x.stdout.log', 'output', 'peer0.org1.example.com', true],
    ],
  );
  assert.deepEqual(
    a.oddities.map((o) => o.kind).filter((k) => /file|input/.test(k)),
    [],
  );
});

test('gaps, drops, what is missing and a recorder that was cut off are told', async () => {
  const a = await analyzeRecording({
    manifest: {
      ...MANIFEST,
      state: 'recording',
      endedAt: null,
      removed: ['logs/peer0.org1.example.com.0.log'],
      gaps: [{ source: 'logs/peer0.org1.example.com.log', from: '2026-11-22T10:32:00Z', to: '2026-11-22T10:32:05Z', why: 'the daemon went away' }],
      missing: [{ what: 'packets', why: 'no right to capture on br-1', hint: 'sudo setcap cap_net_raw+ep /usr/bin/tcpdump' }],
      captures: [
        {
          paths: ['packets/none.pcap'],
          interface: 'br-1',
          network: null,
          container: null,
          method: 'host',
          startedAt: '2026-11-22T10:30:00Z',
          endedAt: null,
          packets: 10,
          droppedByKernel: 7,
          droppedByInterface: 1,
          secondReading: null,
        },
      ],
    },
  });
  const oddities = new Map(a.oddities.map((o) => [o.kind, o]));
  assert.match(
    oddities.get('recording-gap')?.example ?? '',
    /^logs\/peer0\.org1\.example\.com\.log from .*10:32:00.* to .*10:32:05.*: the daemon went away$/,
  );
  assert.equal(oddities.get('packets-dropped')?.count, 8);
  assert.equal(oddities.get('recording-file-removed')?.count, 1);
  assert.match(oddities.get('recording-cut-off')?.example ?? '', /without its last inspect/);
  assert.deepEqual(
    a.recordings?.map((r) => [r.state, r.missing.map((m) => m.what)]),
    [['cut-off', ['packets']]],
  );
  const html = renderReport(a, { style: '', script: '', charts: [] });
  for (const words of [
    'The recorder was cut off',
    'no right to capture on br-1',
    'sudo setcap cap_net_raw+ep /usr/bin/tcpdump',
    'the daemon went away',
  ])
    assert.ok(html.includes(words), words);
  for (const o of ['recording-gap', 'packets-dropped', 'recording-cut-off'])
    for (const e of oddities.get(o)?.evidence ?? []) assert.ok('line' in e && a.excerpts[e.source]?.[String(e.line)] !== undefined, o);
});

test('a note is shown as it was given, and nothing in it is markup', async () => {
  const note = '<script>alert(1)</script> “quoted” & more';
  const a = await analyzeRecording({ marks: linesOf([{ at: '2026-11-22T10:31:50Z', text: note }]) });
  assert.equal(a.operator?.find((d) => d.kind === 'mark')?.text, note);
  const html = renderReport(a, { style: '', script: '', charts: [] });
  assert.ok(html.includes('&lt;script&gt;alert(1)') && !html.includes('<script>alert'));
});

test('a line that cannot be read costs only itself', async () => {
  const good = linesOf(commandEvents(AT_CREATE, 'cli', 'peer channel create -c mychannel -f x.tx', 2500));
  const a = await analyzeRecording({ events: `${good}{"at":"nonsense"}\n[1]\n{"torn`, marks: '{"at":"2026-11-22T10:31:50Z"}\n' });
  assert.equal(deedWith(a, 'create').followedBy.length, 1);
  const counts = Object.fromEntries(a.oddities.map((o) => [o.kind, o.count]));
  assert.deepEqual([counts['unreadable-docker-event'], counts['unreadable-mark']], [3, 1]);
  assert.equal(a.sources.find((s) => s.path === 'docker/events.ndjson')?.unreadable, 3);
});

test('a torn manifest is an oddity, another program’s is no recording’s', async () => {
  const torn = await analyzeRecording({ manifest: JSON.stringify(MANIFEST).slice(0, 200) });
  assert.ok(torn.oddities.some((o) => o.kind === 'unreadable-manifest'));
  assert.equal(torn.recordings, undefined);
  const other = await analyzeRecording({ manifest: '{"name":"web app","icons":[]}' });
  assert.ok(other.oddities.some((o) => o.kind === 'unrecognised-file'));
});

test('without a recording’s files nothing is known of the operator, and nothing is claimed', async () => {
  const a = await analyzePaths([join(STEPS, 'logs')]);
  assert.deepEqual([a.operator, a.recordings, a.nodes.some((n) => n.pauses !== undefined)], [undefined, undefined, false]);
});

test('random bytes in the files of a recording never throw', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((t) => Buffer.from(t)),
    fc
      .array(
        fc.record({
          at: fc.constantFrom(AT_CREATE, 'x', 5),
          type: fc.constantFrom('container', 'network', null),
          action: fc.constantFrom('die', 'start', 'exec_start', 'pause', 'connect', 'disconnect', 'exec_die'),
          containerId: fc.constantFrom(idOf('peer0.org1.example.com'), 'x', null),
          network: fc.constantFrom('n', null),
          command: fc.oneof(fc.string(), fc.constant(null)),
          execId: fc.constantFrom('1', '2', null),
          exitCode: fc.anything(),
        }),
      )
      .map((records) => Buffer.from(linesOf(records))),
  );
  await fc.assert(
    fc.asyncProperty(bytes, bytes, bytes, async (events, marks, manifest) => {
      const folder = mkdtempSync(join(tmpdir(), 'gossipscope-operator-'));
      try {
        mkdirSync(join(folder, 'docker'));
        const log = readFileSync(join(STEPS, 'logs', 'orderer.example.com.log'));
        writeFileSync(join(folder, 'orderer.log'), log);
        writeFileSync(join(folder, 'docker', 'events.ndjson'), events);
        writeFileSync(join(folder, 'marks.ndjson'), marks);
        writeFileSync(join(folder, 'manifest.json'), manifest);
        const a = await analyzePaths([folder]);
        assert.equal(a.schemaVersion, 1);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 40 },
  );
});
