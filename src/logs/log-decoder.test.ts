import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { LogEvent } from '../events/event.js';
import { LogDecoder, type LogDecoderOptions, type LogSummary, recognizeLog } from './log-decoder.js';

interface Decoded {
  readonly events: readonly LogEvent[];
  readonly summary: LogSummary;
}

function decodeChunks(chunks: readonly Uint8Array[], options: Partial<LogDecoderOptions> = {}): Decoded {
  const events: LogEvent[] = [];
  const decoder = new LogDecoder({ source: 'a.log', onEvent: (event) => events.push(event), ...options });
  for (const chunk of chunks) decoder.push(chunk);
  return { events, summary: decoder.end() };
}

const decode = (text: string | Uint8Array, options: Partial<LogDecoderOptions> = {}): Decoded =>
  decodeChunks([typeof text === 'string' ? Buffer.from(text) : text], options);

const bodies = (decoded: Decoded): unknown[] => decoded.events.map((event) => event.body);
const kinds = (decoded: Decoded): string[] => decoded.events.map((event) => event.body.kind);
const oddities = (decoded: Decoded): Record<string, number> =>
  Object.fromEntries(decoded.summary.oddities.map((oddity) => [oddity.kind, oddity.count]));

const hex3 = (id: number): string => id.toString(16).padStart(3, '0');

/** A console line as 1.4 writes it, `seconds` after ten o'clock. */
const record = (id: number, logger: string, message: string, level = 'INFO', seconds = id): string =>
  `\x1b[34m2026-11-22 ${String(10 + Math.floor(seconds / 3600)).padStart(2, '0')}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}.250 UTC [${logger}] func1 -> ${level} ${hex3(id)}\x1b[0m ${message}`;
const elected = (id: number, channel = 'c', seconds = id): string =>
  record(id, 'gossip.service', `Elected as a leader, starting delivery service for channel ${channel}`, 'INFO', seconds);
const BANNER = 'Starting peer:\n Version: v2.5.0\n Go version: go1\n Chaincode:\n  Docker Namespace: hyperledger';

const LOG = [
  ...record(1, 'nodeCmd', BANNER).split('\n'),
  record(2, 'orderer.common.server', 'Orderer config values:'),
  '\tGeneral.LocalMSPID = "OrdererMSP"',
  '\tGeneral.ListenPort = 7050',
  elected(3),
  record(4, 'msp', 'uninteresting'),
  'and its second line',
  record(5, 'gossip.discovery', 'Exiting', 'WARN'),
  record(
    6,
    'kvledger',
    '[c] Committed block [7] with 2 transaction(s) in 31ms (state_validation=1ms block_and_pvtdata_commit=18ms state_commit=9ms) commitHash=[]',
  ),
  record(
    7,
    'comm.grpc.server',
    'unary call completed grpc.service=gossip.Gossip grpc.method=Ping grpc.peer_subject="CN=pé.org" grpc.call_duration=81.5µs',
  ),
];

const STAMP = '2026-11-22T10:00:59.123456789Z';
const stamped = (lines: readonly string[]): string => lines.map((line) => `${STAMP} ${line}\n`).join('');
/** As Docker's json-file driver writes: `<`, `>`, `&` escaped, UTF-8 as it is. */
const jsonText = (text: string): string => JSON.stringify(text).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
const jsonLine = (log: string, stream = 'stderr'): string => `{"log":${jsonText(log)},"stream":"${stream}","time":"${STAMP}"}\n`;
const jsonFile = (lines: readonly string[]): string => lines.map((line) => jsonLine(`${line}\n`)).join('');
const plain = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

describe('framing', () => {
  it('reads the layout up to 2.3 and its multi-line records', () => {
    const decoded = decode(plain(LOG));
    assert.deepEqual(kinds(decoded), ['process.banner', 'process.config-printed', 'election.leader-elected', 'block.committed', 'rpc.completed']);
    const [banner, config, election, , rpc] = decoded.events as [LogEvent, LogEvent, LogEvent, LogEvent, LogEvent];
    assert.deepEqual(banner.body, { kind: 'process.banner', role: 'peer', fabricVersion: '2.5.0' });
    assert.deepEqual(config.body.kind === 'process.config-printed' && config.body.settings, {
      'general.localmspid': 'OrdererMSP',
      'general.listenport': '7050',
    });
    assert.equal(rpc.body.kind === 'rpc.completed' && rpc.body.subject, 'CN=pé.org');
    assert.equal(rpc.body.kind === 'rpc.completed' && rpc.body.durationMicros, 81);
    assert.deepEqual(
      { ...election, body: null },
      {
        body: null,
        at: Date.parse('2026-11-22T10:00:03.250Z') * 1000,
        stampMicros: null,
        run: 0,
        id: 3,
        line: 9,
        text: '2026-11-22 10:00:03.250 UTC [gossip.service] func1 -> INFO 003 Elected as a leader, starting delivery service for channel c',
      },
    );
    assert.deepEqual(decoded.summary.oddities, []);
    assert.equal(decoded.summary.format, 'fabric-console');
    assert.equal(decoded.summary.records, 7);
    assert.equal(decoded.summary.lines, LOG.length);
  });

  it('reads the layout from 2.4, with and without colours', () => {
    const late =
      '\x1b[34m2026-11-22 11:22:41.189 UTC 0032 INFO\x1b[0m [gossip.service] \x1b[34;1mfunc1\x1b[0m -> Elected as a leader, starting delivery service for channel c\n';
    for (const text of [late, late.replace(/\x1b\[[\d;]*m/g, '')]) {
      const decoded = decode(text);
      assert.deepEqual(bodies(decoded), [{ kind: 'election.leader-elected', channel: 'c' }]);
      assert.equal(decoded.events[0]?.id, 0x32);
    }
  });

  it('reads INFO of 1.0-1.2, which closes a colour it never opened', () => {
    const line = '2026-11-22 11:09:01.949 UTC [gossip/gossip] start -> INFO 018\x1b[0m Gossip instance p:7051 started\n';
    assert.deepEqual(bodies(decode(line)), [{ kind: 'gossip.instance-started', endpoint: 'p:7051' }]);
  });

  it('reads JSON records, exact to the microsecond', () => {
    const line =
      '{"level":"info","ts":1795344191.0656946,"name":"comm.grpc.server","caller":"grpclogging/server.go:84","msg":"unary call completed","grpc.service":"gossip.Gossip","grpc.method":"Ping","grpc.request_deadline":1795344193.5,"grpc.call_duration":0.000081391}\n';
    const decoded = decode(line);
    assert.equal(decoded.summary.format, 'fabric-json');
    assert.equal(decoded.events[0]?.at, 1795344191065694);
    assert.equal(decoded.events[0]?.id, null);
    assert.deepEqual(bodies(decoded), [
      {
        kind: 'rpc.completed',
        service: 'gossip.Gossip',
        method: 'Ping',
        address: null,
        subject: null,
        deadline: 1795344193500000,
        durationMicros: 81,
        code: null,
        error: null,
      },
    ]);
  });

  it('reads logfmt records and multi-line messages escaped in one line', () => {
    const lines = [
      'ts=1795344191.0660315 level=info name=nodeCmd caller=node/start.go:1 msg="Starting peer:\\n Version: 1.4.12\\n Go version: go1"',
      'ts=1795344191.0660315 level=info name=gossip.privdata caller=a/b.go:1 msg="Received block [3] from buffer" channel=c',
    ];
    const decoded = decode(plain(lines));
    assert.equal(decoded.summary.format, 'fabric-logfmt');
    assert.deepEqual(bodies(decoded), [
      { kind: 'process.banner', role: 'peer', fabricVersion: '1.4.12' },
      { kind: 'block.received', channel: 'c', block: 3 },
    ]);
  });

  it('tells a record when the next begins, at flush, and only once', () => {
    const events: LogEvent[] = [];
    const decoder = new LogDecoder({ source: 'a.log', onEvent: (event) => events.push(event) });
    decoder.push(Buffer.from(`${elected(1)}\n`));
    assert.equal(events.length, 0);
    decoder.flush();
    assert.equal(events.length, 1);
    decoder.push(Buffer.from(`${elected(2)}\n${elected(3)}\n`));
    assert.equal(events.length, 2);
    decoder.end();
    assert.equal(events.length, 3);
  });

  it('is not misled by gossip.state, which prints the words of a commit', () => {
    const line = record(1, 'gossip.state', '[c] Committed block [1] with 1 transaction(s)', 'DEBU');
    assert.deepEqual(bodies(decode(`${line}\n`)), []);
  });

  it('keeps a record readable when another program writes behind it', () => {
    const decoded = decode(`${elected(1)}\n+ peer channel list\n${elected(2)}\n`);
    assert.deepEqual(kinds(decoded), ['election.leader-elected', 'election.leader-elected']);
  });
});

describe('wrappers', () => {
  const bare = decode(plain(LOG));
  const sameEvents = (decoded: Decoded): void => {
    assert.deepEqual(
      decoded.events.map(({ body, at, run, id, line, text }) => ({ body, at, run, id, line, text })),
      bare.events.map(({ body, at, run, id, line, text }) => ({ body, at, run, id, line, text })),
    );
    assert.deepEqual(decoded.summary.oddities, []);
  };

  it('reads docker logs -t', () => {
    const decoded = decode(stamped(LOG));
    sameEvents(decoded);
    assert.equal(decoded.summary.wrapper, 'docker-timestamps');
    assert.equal(decoded.events[0]?.stampMicros, Date.parse('2026-11-22T10:00:59Z') * 1000 + 123_456.789);
  });

  it('reads CRLF', () => sameEvents(decode(LOG.map((line) => `${line}\r\n`).join(''))));

  it('reads json-file records and joins partial ones', () => {
    const decoded = decode(jsonFile(LOG));
    sameEvents(decoded);
    assert.equal(decoded.summary.format, 'docker-json-file');
    assert.equal(decoded.summary.inner, 'fabric-console');
    const text = `${elected(1)}\n`;
    const parts = decode(jsonLine(text.slice(0, 40)) + jsonLine(text.slice(40, 90)) + jsonLine(text.slice(90)));
    assert.deepEqual(kinds(parts), ['election.leader-elected']);
    assert.equal(parts.events[0]?.line, 1);
  });

  it('reads json-file records whatever is escaped', () => {
    const escaped = jsonFile(LOG).replace(/[\x80-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
    sameEvents(decode(escaped));
    sameEvents(decode(plain(LOG.map((line) => line.replaceAll('\x1b', '\\u001b')))));
  });

  it('reads docker-compose prefixes, v1 with colours and v2, with stamps', () => {
    for (const prefix of ['peer0.org1.example.com    | ', '\x1b[36mpeer0_1  |\x1b[0m ', '\x1b[36mpeer0-1  | \x1b[0m', `p  | ${STAMP} `]) {
      const decoded = decode(plain(LOG.map((line) => prefix + line)));
      sameEvents(decoded);
      assert.equal(decoded.summary.wrapper, 'compose');
      assert.match(decoded.summary.runs[0]?.prefix ?? '', /^p(eer0)?/);
    }
  });

  it('reads CRI lines and joins partial ones', () => {
    sameEvents(decode(plain(LOG.map((line) => `${STAMP} stderr F ${line}`))));
    const text = elected(1);
    const decoded = decode(`${STAMP} stderr P ${text.slice(0, 30)}\n${STAMP} stderr F ${text.slice(30)}\n`);
    assert.deepEqual(kinds(decoded), ['election.leader-elected']);
    assert.equal(decoded.summary.wrapper, 'cri');
  });

  it('keeps services apart that compose interleaves', () => {
    const config = record(1, 'orderer.common.server', 'Orderer config values:');
    const lines = [
      'Attaching to orderer, peer0',
      `orderer  | ${config}`,
      `peer0    | ${elected(1, 'c', 9)}`,
      'orderer  | \tGeneral.LocalMSPID = "OrdererMSP"',
      'couch    | [info] 2026-11-22T10:00:00 started',
      `peer0    | ${elected(2, 'd', 9)}`,
    ];
    const decoded = decode(plain(lines));
    const settings = decoded.events.flatMap(({ body }) => (body.kind === 'process.config-printed' ? [body.settings] : []));
    assert.deepEqual(settings, [{ 'general.localmspid': 'OrdererMSP' }]);
    assert.deepEqual(
      decoded.summary.runs.map((run) => [run.prefix, run.records]),
      [
        ['orderer', 1],
        ['peer0', 2],
      ],
    );
    assert.deepEqual(oddities(decoded), { 'not-fabric-line': 2 });
  });
});

describe('time zones', () => {
  const berlin = elected(1).replace('UTC', 'CET');
  const at = (decoded: Decoded): number => ((decoded.events[0]?.at ?? 0) - Date.parse('2026-11-22T10:00:01.250Z') * 1000) / 3_600_000_000;
  it('knows numeric zones', () => {
    assert.equal(at(decode(`${elected(1).replace('UTC', '+0330')}\n`)), -3.5);
    assert.equal(at(decode(`${elected(1).replace('UTC', '-03')}\n`)), 3);
  });
  it("takes an abbreviation's offset from Docker's stamp, then from the user, then assumes UTC and says so", () => {
    assert.equal(at(decode(`2026-11-22T09:00:01.300000000Z ${berlin}\n`)), -1);
    assert.equal(at(decode(`${berlin}\n`, { zoneOffsetMinutes: 60 })), -1);
    const assumed = decode(`${berlin}\n${berlin}\n`);
    assert.equal(at(assumed), 0);
    assert.deepEqual(oddities(assumed), { 'unknown-time-zone': 1 });
  });
});

describe('process runs', () => {
  const runsOf = (lines: readonly string[]): unknown[] => {
    const decoded = decode(plain(lines));
    return decoded.events.map((event) => [event.run, event.body.kind === 'election.leader-elected' && event.body.channel]);
  };
  const filler = (id: number, seconds = id): string => record(id, 'msp', 'x', 'INFO', seconds);

  it('starts a run when the counter starts again', () => {
    const decoded = decode(
      plain([record(1, 'nodeCmd', 'Starting peer:'), filler(2), elected(3), record(1, 'nodeCmd', 'Starting peer:', 'INFO', 60), elected(2, 'c', 61)]),
    );
    assert.deepEqual(
      decoded.summary.runs.map(({ counterStartsAtOne, hasBanner, records, firstLine, lastLine }) => ({
        counterStartsAtOne,
        hasBanner,
        records,
        firstLine,
        lastLine,
      })),
      [
        { counterStartsAtOne: true, hasBanner: true, records: 3, firstLine: 1, lastLine: 3 },
        { counterStartsAtOne: true, hasBanner: true, records: 2, firstLine: 4, lastLine: 5 },
      ],
    );
    assert.match(decoded.summary.runs[0]?.lastText ?? '', /Elected as a leader/);
  });

  it('tolerates ids out of order and holes', () => {
    assert.deepEqual(runsOf([elected(2, 'a'), elected(1, 'b', 2), elected(5, 'c'), elected(4, 'd', 5), elected(3, 'e', 5), elected(400, 'f')]), [
      [0, 'a'],
      [0, 'b'],
      [0, 'c'],
      [0, 'd'],
      [0, 'e'],
      [0, 'f'],
    ]);
  });

  it('tells two interleaved processes apart by their ids', () => {
    const a = (id: number): string => elected(id, 'a', 10);
    const b = (id: number): string => elected(id, 'b', 10);
    const lines = [a(1), a(2), a(3), b(1), a(4), b(2), b(3), a(5), a(6), b(4), a(8), b(5)];
    assert.deepEqual(
      runsOf(lines),
      lines.map((line) => (line.endsWith('channel a') ? [0, 'a'] : [1, 'b'])),
    );
  });

  it('says where two interleaved processes count alike', () => {
    const a = (id: number): string => elected(id, 'a', 10);
    const b = (id: number): string => elected(id, 'b', 10);
    assert.deepEqual(oddities(decode(plain([a(1), a(2), b(1), a(3), b(2), b(3), b(4)]))), { 'ambiguous-process': 1 });
  });

  it('tells tails of two logs apart that were put behind each other', () => {
    const first = Array.from({ length: 400 }, (_, i) => filler(500 + i));
    const second = Array.from({ length: 900 }, (_, i) => filler(100 + i, 450 + i));
    const { runs } = decode(plain([...first, ...second])).summary;
    assert.deepEqual(
      runs.map((run) => [run.records, run.counterStartsAtOne]),
      [
        [400, false],
        [900, false],
      ],
    );
  });

  it('tells processes without ids apart by their start messages', () => {
    const json = (ts: number, name: string, msg: string): string => JSON.stringify({ level: 'info', ts, name, caller: 'a/b.go:1', msg });
    const decoded = decode(
      plain([
        json(1_795_344_000.5, 'localconfig', 'Kafka.Version unset'),
        json(1_795_344_001.5, 'orderer.common.server', 'Starting orderer:\n Version: 2.5.0'),
        json(1_795_344_002.5, 'orderer.common.server', 'Beginning to serve requests'),
        json(1_795_344_003.5, 'localconfig', 'Kafka.Version unset'),
        json(1_795_344_004.5, 'orderer.common.server', 'Starting orderer:\n Version: 2.5.0'),
      ]),
    );
    assert.deepEqual(
      decoded.summary.runs.map((run) => run.records),
      [3, 2],
    );
  });

  it('counts gossip levels after the peer has started, where 1.0 and 1.1 silence them', () => {
    const gossip = (id: number, level: string): string => record(id, 'gossip/comm', 'Stopping', level);
    const started = record(3, 'nodeCmd', 'Started peer with ID=[name:"p" ], network ID=[dev], address=[p:7051]');
    const whole = decode(plain([filler(1), gossip(2, 'INFO'), started, gossip(4, 'WARN')])).summary.runs[0];
    assert.deepEqual(whole?.gossipLevels, { WARN: 1 });
    assert.deepEqual(whole?.levels, { INFO: 3, WARN: 1 });
    assert.deepEqual(decode(plain([gossip(70, 'INFO')])).summary.runs[0]?.gossipLevels, { INFO: 1 });
  });
});

describe('strange input', () => {
  it('counts a torn console record and reads the one behind it', () => {
    const decoded = decode(`${elected(1)}\n${elected(2).slice(0, 60)}${elected(3)}\n\x1b[34m2026-11-22 10:00:0\n${elected(4)}\n`);
    assert.deepEqual(
      decoded.events.map((event) => event.id),
      [1, 3, 4],
    );
    assert.deepEqual(oddities(decoded), { 'torn-record': 2 });
    assert.equal(decoded.summary.unreadable, 2);
  });

  it('counts a half JSON record and reads the rest', () => {
    const good = jsonLine(`${elected(1)}\n`);
    const decoded = decode(`${good}${good.slice(0, 50)}\n${good.slice(0, 50)}${jsonLine(`${elected(2)}\n`)}`);
    assert.deepEqual(
      decoded.events.map((event) => [event.id, event.line]),
      [
        [1, 1],
        [2, 3],
      ],
    );
    assert.deepEqual(oddities(decoded), { 'torn-record': 2 });
    const fabric =
      '{"level":"info","ts":1795344191.06,"name":"gossip.service","caller":"a:1","msg":"Elected as a leader, starting delivery service for channel c"}';
    assert.deepEqual(oddities(decode(`${fabric}\n${fabric.slice(0, 70)}\n${fabric}\n`)), { 'torn-record': 1 });
  });

  it('cuts a line of 5 MB and reads the rest', () => {
    const long = record(2, 'gossip.comm', 'x'.repeat(5_000_000), 'DEBU');
    const decoded = decode(`${elected(1)}\n${long}\n${elected(3)}\n`);
    assert.deepEqual(
      decoded.events.map((event) => [event.id, event.line]),
      [
        [1, 1],
        [3, 3],
      ],
    );
    assert.deepEqual(oddities(decoded), { 'line-too-long': 1 });
  });

  it("counts another program's lines, with places", () => {
    const decoded = decode(
      `${elected(1)}\n{"hello":"world"}\n2026/11/22 10:00:00 http: TLS handshake error\ntime="2026" level=info\n${elected(2)}\n`,
    );
    assert.deepEqual(decoded.summary.oddities, [
      {
        kind: 'not-fabric-line',
        count: 3,
        example: '{"hello":"world"}',
        evidence: [
          { source: 'a.log', line: 2 },
          { source: 'a.log', line: 3 },
          { source: 'a.log', line: 4 },
        ],
      },
    ]);
  });

  it('counts the tail of a message at the start once', () => {
    assert.deepEqual(oddities(decode(` OS/Arch: linux\n Chaincode:\n  x\n${elected(9)}\n`)), { 'orphan-continuation': 1 });
  });

  it('says of a log of some other program that it is none of Fabric', () => {
    const decoded = decode('hello\nworld\n');
    assert.equal(decoded.summary.format, 'not-fabric');
    assert.deepEqual(oddities(decoded), { 'not-fabric-line': 2 });
    assert.equal(decoded.summary.unreadable, 2);
    assert.equal(recognizeLog(Buffer.from('hello\nworld\n')), 'not-fabric');
    assert.equal(recognizeLog(Buffer.alloc(0)), 'not-fabric');
    assert.equal(recognizeLog(Buffer.from(jsonFile(['[couchdb] started']))), 'not-fabric');
  });

  it('recognizes a log from its first bytes, cut anywhere', () => {
    assert.equal(recognizeLog(Buffer.from(plain(LOG)).subarray(0, 150)), 'fabric-console');
    assert.equal(recognizeLog(Buffer.from(jsonFile(LOG)).subarray(0, 300)), 'docker-json-file');
  });

  it('counts unknown records of the loggers it claims, not of others, nor at DEBUG', () => {
    const decoded = decode(plain([record(1, 'gossip.comm', 'Never heard of'), record(2, 'gossip.comm', 'Never', 'DEBU'), record(3, 'msp', 'Never')]));
    assert.deepEqual(oddities(decoded), { 'unrecognised-line': 1 });
  });

  it('counts a known record that cannot be read', () => {
    const decoded = decode(`${record(1, 'gossip.discovery', 'Entering [who knows]', 'WARN')}\n`);
    assert.deepEqual(oddities(decoded), { 'unparsable-line': 1 });
    assert.deepEqual(decoded.events, []);
  });

  it('survives quadratic bait', () => {
    const bait = `Could not connect to Endpoint: ${', InternalEndpoint: , PKI-ID: '.repeat(20_000)}`;
    const decoded = decode(`${record(1, 'gossip.discovery', bait, 'WARN')}\n`);
    assert.equal(decoded.events.length, 0);
  });

  it('takes the container from the name Docker gave the file', () => {
    const id = 'ab'.repeat(32);
    assert.equal(decode('', { source: `containers/${id}/${id}-json.log` }).summary.containerId, id);
    assert.equal(decode('', { source: 'peer0.log' }).summary.containerId, null);
  });
});

describe('properties', () => {
  const pieces = fc.oneof(
    fc.constantFrom(
      ...LOG,
      jsonLine(`${elected(8)}\n`).trimEnd(),
      `p  | ${elected(9)}`,
      `${STAMP} ${elected(10)}`,
      `${STAMP} stderr P ab`,
      '{"level":"info","ts":1.5',
      '',
    ),
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom('\x00\xff\xfe', '\x1b[', '{', '{"log":"', '2026-11-22 10:00', 'ts=1 level=info', 'a | b'),
  );
  const logs = fc.array(pieces, { maxLength: 30 }).map((lines) => Buffer.from(lines.join('\n')));

  it('arbitrary bytes never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => decode(bytes).summary.lines >= 0));
    fc.assert(fc.property(logs, (bytes) => decode(bytes).summary.lines >= 0));
  });

  it('how the bytes are cut into chunks does not matter', () => {
    fc.assert(
      fc.property(logs, fc.array(fc.nat(4000), { maxLength: 12 }), (bytes, cuts) => {
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
        assert.deepEqual(decodeChunks(chunks), decode(bytes));
      }),
    );
  });

  it('how the lines are wrapped does not matter', () => {
    const lines = fc.array(fc.constantFrom(...LOG), { minLength: 1, maxLength: 12 }).filter((list) => list[0]?.startsWith('\x1b') === true);
    fc.assert(
      fc.property(lines, (list) => {
        const expected = bodies(decode(plain(list)));
        for (const wrapped of [stamped(list), jsonFile(list), plain(list.map((line) => `peer  | ${line}`))]) {
          assert.deepEqual(bodies(decode(wrapped)), expected);
        }
      }),
    );
  });

  it('memory stays bounded whatever comes', () => {
    const events: LogEvent[] = [];
    const decoder = new LogDecoder({ source: 'a.log', onEvent: (event) => events.push(event) });
    const noise = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 40; i++) decoder.push(noise);
    decoder.push(Buffer.from('\n'));
    for (let i = 0; i < 3000; i++) decoder.push(Buffer.from(`service${i}  | ${record(1, `logger${i}`, 'x')}\n`));
    const summary = decoder.end();
    assert.ok(summary.runs.length <= 1001);
    assert.equal(summary.records, 3000);
    assert.deepEqual(Object.keys(Object.fromEntries(summary.oddities.map((oddity) => [oddity.kind, 0]))).sort(), [
      'line-too-long',
      'orphan-continuation',
      'too-many-process-runs',
      'too-many-services',
    ]);
  });
});
