import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { at, buildLog, buildRecorded, type LogRecord, secondsOf } from '../../test/builders/timeline-builder.js';
import type { EventBody } from '../events/event.js';
import { analyze } from './analyze.js';
import type { RecordedLog } from './recorded.js';
import { buildTimeline, citedIn, type Timeline, windowOf } from './timeline.js';

const named = (host: string): EventBody => ({
  kind: 'gossip.self-named',
  self: { endpoint: `${host}:7051`, internalEndpoint: null, pkiId: Buffer.from(host).toString('hex') },
});
const banner: EventBody = { kind: 'process.banner', role: 'peer', fabricVersion: '2.5.0' };
const block = (n: number): EventBody => ({ kind: 'block.received', channel: 'trade', block: n });
const timelineOf = (...logs: readonly RecordedLog[]): Timeline => buildTimeline(buildRecorded({ logs }));
const blocksOf = (t: Timeline) => t.events.flatMap((e) => (e.body.kind === 'block.received' ? [e.body.block] : []));
const livesOf = (t: Timeline, node: string) =>
  (t.incarnations.get(node) ?? []).map((l) => [secondsOf(l.firstAt), secondsOf(l.lastAt), l.startIsLogged]);

const whole: readonly LogRecord[] = [
  [0, banner],
  [1, named('peer0')],
  [10, block(1)],
  [20, block(2)],
  [30, block(3)],
  [40, block(4)],
];

test('the same log given twice is one process, and evidence names the first source in path order', () => {
  const t = timelineOf(buildLog('z.log', whole), buildLog('a.log', whole));
  assert.deepEqual(blocksOf(t), [1, 2, 3, 4]);
  assert.deepEqual(livesOf(t, 'peer0'), [[0, 40, true]]);
  assert.ok(t.events.every((e) => e.evidence.every((x) => x.source === 'a.log')));
});

test('overlapping pieces of one process are one process', () => {
  const t = timelineOf(buildLog('a.log', whole.slice(0, 5)), buildLog('b.log', whole.slice(2), { torn: [0] }));
  assert.deepEqual(blocksOf(t), [1, 2, 3, 4]);
  assert.deepEqual(livesOf(t, 'peer0'), [[0, 40, true]]);
  assert.deepEqual([...t.directory.nodes.keys()], ['peer0']);
});

test("a json-file log beside docker logs -t gives its records once, with Docker's stamp where only one has it", () => {
  const stamped = whole.map(([s, body]): LogRecord => [s, body, { stampMicros: at(s) + 250.5 }]);
  const t = timelineOf(buildLog('docker/x-json.log', stamped, { format: 'docker-json-file' }), buildLog('a.log', whole));
  assert.deepEqual(blocksOf(t), [1, 2, 3, 4]);
  assert.ok(t.events.every((e) => e.stampMicros === e.at + 250.5));
  assert.ok(t.events.every((e) => e.evidence[0]?.source === 'a.log'));
});

test('equal records within one log are two records', () => {
  const twice: readonly LogRecord[] = [...whole, [40, block(4)]];
  assert.deepEqual(blocksOf(timelineOf(buildLog('a.log', twice), buildLog('b.log', twice))), [1, 2, 3, 4, 4]);
});

test('records without ids are repetitions when time and text are equal', () => {
  const options = { withIds: false } as const;
  assert.deepEqual(blocksOf(timelineOf(buildLog('a.log', whole, options), buildLog('b.log', whole, options))), [1, 2, 3, 4]);
});

test('a restart in one log is a second life, and events belong to the life they were written in', () => {
  const again = whole.map(([s, body]): LogRecord => [s + 100, body, { run: 1 }]);
  const t = timelineOf(buildLog('a.log', [...whole, ...again]));
  assert.deepEqual(livesOf(t, 'peer0'), [
    [0, 40, true],
    [100, 140, true],
  ]);
  assert.deepEqual(
    t.events.filter((e) => e.body.kind === 'block.received').map((e) => e.incarnation),
    [0, 0, 0, 0, 1, 1, 1, 1],
  );
});

test('a piece that goes on where another ended is the same life; one that begins anew is the next', () => {
  const rest = whole.map(([s, body]): LogRecord => [s + 100, body]);
  assert.deepEqual(livesOf(timelineOf(buildLog('a.log', whole), buildLog('b.log', rest.slice(1), { torn: [0] })), 'peer0'), [[0, 140, true]]);
  assert.deepEqual(livesOf(timelineOf(buildLog('a.log', whole), buildLog('b.log', rest)), 'peer0'), [
    [0, 40, true],
    [100, 140, true],
  ]);
});

test("the order is total: Fabric's stamp, then Docker's, then node, then position", () => {
  const log = (host: string, records: readonly LogRecord[]) => buildLog(`${host}.log`, [[0, named(host)], ...records]);
  const t = timelineOf(
    log('peer1', [
      [10, block(1), { stampMicros: at(10) + 900 }],
      [10, block(2), { stampMicros: at(10) + 100 }],
      [9, block(3)],
    ]),
    log('peer0', [
      [10, block(4), { stampMicros: at(10) + 900, id: 8 }],
      [10, block(5), { stampMicros: at(10) + 900, id: 7 }],
    ]),
  );
  assert.deepEqual(blocksOf(t), [3, 2, 5, 4, 1]);
});

test('any order of the logs gives the same analysis, byte for byte', () => {
  const logs = [
    buildLog('a.log', whole.slice(0, 5)),
    buildLog('b.log', whole.slice(2), { torn: [0] }),
    buildLog('c.log', [
      [0.5, banner],
      [1.5, named('peer1')],
      [10, block(1)],
      [20, block(2)],
    ]),
    buildLog('d.log', [[3, { kind: 'orderer.block-written', channel: 'trade', block: 1 }]]),
    buildLog('e.log', [
      [12, { kind: 'channel.view-changed', channel: 'trade', online: [], offline: [], members: [{ endpoint: 'peer2:7051', organization: 'own' }] }],
    ]),
  ];
  const expected = JSON.stringify(analyze(buildRecorded({ logs }), '0').analysis);
  fc.assert(
    fc.property(fc.shuffledSubarray(logs, { minLength: logs.length }), (order) => {
      assert.equal(JSON.stringify(analyze(buildRecorded({ logs: order }), '0').analysis), expected);
    }),
    { numRuns: 30 },
  );
});

test('nothing, a single line, only an orderer: an analysis that claims nothing', () => {
  const empty = analyze(buildRecorded({}), '0').analysis;
  assert.deepEqual([empty.window, empty.nodes, empty.channels, empty.walkthrough], [{ from: null, to: null }, [], [], []]);
  const line = analyze(buildRecorded({ logs: [buildLog('p.log', [[5, block(1)]], { torn: [0] })] }), '0').analysis;
  assert.deepEqual([line.nodes.length, line.nodes[0]?.starts, line.nodes[0]?.stops], [1, [], []]);
  const silent = analyze(buildRecorded({ logs: [buildLog('p.log', [])] }), '0').analysis;
  assert.deepEqual([silent.nodes, silent.window.from], [[], null]);
  const orderer = analyze(buildRecorded({ logs: [buildLog('o.log', [[5, { kind: 'orderer.channel-created', channel: 'trade' }]])] }), '0').analysis;
  assert.deepEqual(
    orderer.nodes.map((n) => [n.name, n.kind]),
    [['o', 'orderer']],
  );
});

test('a process whose only telling line has a role is of that role', () => {
  const t = timelineOf(buildLog('o.log', [[5, { kind: 'process.config-printed', role: 'orderer', settings: {} }]]));
  assert.equal(t.directory.nodes.get('o')?.kind, 'orderer');
});

test('the window is the first and last dated record', () => {
  const window = windowOf(buildRecorded({ logs: [buildLog('a.log', whole), buildLog('b.log', [[-5, block(1)]])] }));
  assert.deepEqual([secondsOf(window?.from ?? null), secondsOf(window?.to ?? null)], [-5, 40]);
});

test('cited places are found wherever they stand, each once, in order', () => {
  const place = (line: number) => ({ source: 'a.log', line });
  assert.deepEqual(citedIn({ x: [place(9), { y: place(2) }], z: { evidence: [place(9), { source: 'a.pcap', frame: 1 }] } }), [
    place(2),
    place(9),
    { source: 'a.pcap', frame: 1 },
  ]);
});
