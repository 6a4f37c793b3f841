import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { after, test } from 'node:test';
import { until } from '../../test/until.js';
import type { EndReason, Manifest } from '../recording/manifest.js';
import type { RecordingObserver } from '../recording/observer.js';
import { type RecordingLimits, RecordingWriter } from '../recording/recording-writer.js';
import { type CaptureNetwork, type CapturePlan, planCapture } from './capture-plan.js';
import type { Engine, EngineFacts, JsonObject, LogQuery } from './engine.js';
import { EngineError } from './engine-error.js';
import { Recorder } from './recorder.js';

const root = mkdtempSync(join(tmpdir(), 'recorder-test-'));
after(() => rmSync(root, { recursive: true }));

// Writes one packet of a classic capture, then waits for its end.
const PCAP = Buffer.concat([
  Buffer.from('d4c3b2a1020004000000000000000000000004000100000', 'hex').subarray(0, 23),
  Buffer.from([0]),
  Buffer.from([1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 9, 9, 9, 9]),
]);
const TCPDUMP = join(root, 'tcpdump');
writeFileSync(join(root, 'one.pcap'), PCAP);
writeFileSync(
  TCPDUMP,
  `#!/bin/sh
stop() { kill $sleeper; printf '1 packet captured\\n1 packet received by filter\\n0 packets dropped by kernel\\n' >&2; exit 0; }
trap stop INT
sleep 60 >/dev/null 2>&1 & sleeper=$!
cat ${join(root, 'one.pcap')}
echo "tcpdump: listening on $2" >&2
while kill -0 $sleeper 2>/dev/null; do wait $sleeper; done
`,
);
chmodSync(TCPDUMP, 0o755);

interface FakeContainer {
  readonly id: string;
  readonly name: string;
  readonly isFabrics: boolean;
  readonly lines: string[];
  readonly followers: Set<PassThrough>;
  networks: Readonly<Record<string, string>>;
  isRunning: boolean;
}

/** An engine whose containers print, start and end when a test says so, and which tells its events. */
class FakeEngine {
  readonly containers = new Map<string, FakeContainer>();
  readonly networks = new Map<string, string>();
  #events = new PassThrough();
  #nanos = 1_767_323_045_000_000_000n;
  isAway = false;

  asEngine(): Engine {
    const reached = (): void => {
      if (this.isAway) throw new EngineError('unreachable', { what: 'engine', why: 'away', hint: 'wait' });
    };
    return {
      address: 'fake',
      containers: async () => {
        reached();
        return [...this.containers.values()].map((c) => ({ id: c.id, name: c.name, image: '', state: '', labels: {} }));
      },
      networks: async () => {
        reached();
        return [...this.networks].map(([id, name]) => ({ id, name, driver: 'bridge', labels: {}, options: {} }));
      },
      inspectContainer: async (id: string): Promise<JsonObject | null> => {
        reached();
        return this.#inspect(id);
      },
      inspectNetwork: async (id: string): Promise<JsonObject | null> => {
        reached();
        const name = this.networks.get(id);
        return name === undefined ? null : { Id: id, Name: name, Driver: 'bridge', Options: {}, Containers: {} };
      },
      logs: async (id: string, query: LogQuery): Promise<Readable> => {
        reached();
        return this.#logs(id, query);
      },
      events: async (): Promise<Readable> => {
        reached();
        this.#events = new PassThrough();
        return this.#events;
      },
    } as unknown as Engine;
  }

  #inspect(id: string): JsonObject | null {
    const c = this.containers.get(id);
    if (c === undefined) return null;
    return {
      Id: c.id,
      Name: `/${c.name}`,
      Config: { Image: c.isFabrics ? 'hyperledger/fabric-peer:2.2' : 'other', Env: ['CORE_PEER_ID=x', 'SOME_PASSWORD=hunter2'], Tty: false },
      State: { Running: c.isRunning, Restarting: false, StartedAt: '2026-01-02T03:04:05Z' },
      NetworkSettings: {
        Networks: Object.fromEntries(Object.entries(c.networks).map(([name, nid]) => [name, { NetworkID: nid, IPAddress: '10.0.0.2' }])),
      },
      HostConfig: { LogConfig: { Type: 'json-file', Config: {} } },
    };
  }

  #logs(id: string, query: LogQuery): PassThrough {
    const c = this.containers.get(id);
    if (c === undefined) throw new EngineError('gone', { what: 'log', why: 'No such container', hint: '' });
    const stream = new PassThrough({ highWaterMark: 1 << 20 });
    for (const line of query.tail === null ? c.lines : c.lines.slice(-query.tail)) stream.write(frame(line));
    if (query.follow && c.isRunning) {
      c.followers.add(stream);
      stream.once('close', () => c.followers.delete(stream));
    } else stream.end();
    return stream;
  }

  #stamp(): string {
    this.#nanos += 1000n;
    return `${new Date(Number(this.#nanos / 1_000_000n)).toISOString().slice(0, 19)}.${String(this.#nanos % 1_000_000_000n).padStart(9, '0')}Z`;
  }

  print(id: string, text: string): void {
    const c = this.containers.get(id) as FakeContainer;
    const line = `${this.#stamp()} ${text}\n`;
    c.lines.push(line);
    for (const follower of c.followers) follower.write(frame(line));
  }

  tell(type: 'container' | 'network', action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    this.#nanos += 1000n;
    const nanos = String(this.#nanos);
    this.#events.write(
      `${JSON.stringify({ Type: type, Action: action, Actor: { ID: id, Attributes: attributes } }).slice(0, -1)},"timeNano":${nanos}}\n`,
    );
  }

  create(id: string, name: string, more: Partial<FakeContainer> = {}): void {
    this.containers.set(id, { id, name, isFabrics: true, lines: [], followers: new Set(), networks: {}, isRunning: false, ...more });
    this.tell('container', 'create', id, { name });
  }

  start(id: string): void {
    const c = this.containers.get(id) as FakeContainer;
    c.isRunning = true;
    this.tell('container', 'start', id, { name: c.name });
  }

  remove(id: string): void {
    const c = this.containers.get(id) as FakeContainer;
    c.isRunning = false;
    for (const f of c.followers) f.end();
    this.tell('container', 'die', id, { name: c.name, exitCode: '137' });
    this.containers.delete(id);
    this.tell('container', 'destroy', id, { name: c.name });
  }

  restartDaemon(meanwhile: () => void): void {
    this.isAway = true;
    this.#events.destroy();
    for (const c of this.containers.values()) for (const f of c.followers) f.destroy();
    meanwhile();
    this.isAway = false;
  }
}

function frame(line: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 2;
  header.writeUInt32BE(Buffer.byteLength(line), 4);
  return Buffer.concat([header, Buffer.from(line)]);
}

const FACTS: EngineFacts = {
  version: '20.10',
  apiVersion: '1.41',
  operatingSystem: 'x',
  kernelVersion: 'x',
  hostName: 'x',
  rootDirectory: '/',
  rootless: false,
};
const LIMITS: RecordingLimits = { rotateBytes: 1 << 20, rotateMillis: null, ringBytes: null, ringMillis: null, maxBytes: null };
const DEAF: RecordingObserver = { log: () => {}, capture: () => {}, inspect: () => {}, told: () => {}, manifest: () => {} };
let folders = 0;

async function recording(
  engine: FakeEngine,
  limits: RecordingLimits = LIMITS,
): Promise<{ readonly folder: string; readonly recorder: Recorder; read(path: string): string }> {
  const folder = join(root, `r${++folders}`);
  const hostTcpdump = { usable: true as const, how: 'root' as const, path: TCPDUMP, command: [TCPDUMP], version: null };
  const plan = async (networks: readonly CaptureNetwork[]): Promise<CapturePlan> =>
    planCapture({
      wish: 'auto',
      location: 'local',
      hostTcpdump,
      hostInterfaces: networks.map((n) => `br-${n.id.slice(0, 12)}`),
      networks,
      captureImage: null,
      images: [],
      consentToPull: false,
    });
  const recorder = new Recorder({
    engine: engine.asEngine(),
    facts: FACTS,
    location: 'local',
    choice: {
      isChosen: (c) => JSON.stringify(c).includes('fabric-peer'),
      isPeerOrOrderer: () => true,
      mayBeChosen: () => true,
      selection: { projects: [], networks: [], containers: [] },
    },
    writer: await RecordingWriter.create(folder, limits, DEAF, Date.now),
    observer: DEAF,
    plan,
    hostTcpdump,
    since: null,
    isWatched: false,
    name: 'test',
    toolVersion: '0',
    say: () => undefined,
  });
  return { folder, recorder, read: (path) => readFileSync(join(folder, path), 'utf8') };
}

const textsIn = (log: string): readonly string[] =>
  log
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => l.slice(l.indexOf(' ') + 1));

/** Waits until somebody reads what the container prints. */
const followed = (engine: FakeEngine, id: string): Promise<void> =>
  until(`a follower of ${id}`, () => engine.containers.get(id)?.followers.size === 1);

test('what runs is recorded from its first line, what comes too, and what is not Fabric’s is not', async () => {
  const engine = new FakeEngine();
  engine.networks.set('n1', 'net');
  engine.create('a1', 'peer0', { networks: { net: 'n1' }, isRunning: true });
  engine.create('x1', 'web', { isFabrics: false, isRunning: true });
  engine.print('a1', 'before');
  engine.print('x1', 'private');
  const { recorder, read, folder } = await recording(engine);
  await recorder.begin();
  assert.equal(recorder.containerCount, 1);
  engine.print('a1', 'during');
  engine.create('b1', 'peer1', { networks: { net: 'n1' } });
  engine.start('b1');
  engine.print('b1', 'late');
  await until('a log of the second', () => existsSync(join(folder, 'logs/peer1.log')));
  const manifest = await recorder.finish('signal');
  assert.deepEqual(textsIn(read('logs/peer0.log')), ['before', 'during']);
  assert.deepEqual(textsIn(read('logs/peer1.log')), ['late']);
  assert.ok(!existsSync(join(folder, 'logs/web.log')));
  assert.deepEqual([manifest.state, manifest.endedBy, manifest.gaps], ['ended', 'signal', []]);
  assert.deepEqual(
    manifest.captures.map((c) => [c.paths, c.packets, c.droppedByKernel, c.secondReading?.agrees]),
    [[['packets/net.pcap'], 1, 0, true]],
  );
  const everything = ['docker/inspect-before.json', 'docker/inspect-after.json', 'docker/events.ndjson', 'manifest.json'].map(read).join('');
  assert.ok(!everything.includes('hunter2'), 'a password is in the recording');
  assert.deepEqual(
    read('docker/events.ndjson')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l).action),
    ['create', 'start'],
  );
  assert.ok(!existsSync(join(folder, '.reserve')));
});

test('a network is captured before anybody is on it, and forgotten where nobody of Fabric’s came', async () => {
  const engine = new FakeEngine();
  const { recorder, folder } = await recording(engine);
  await recorder.begin();
  for (const [id, name] of [
    ['n1', 'fabric'],
    ['n2', 'others'],
  ] as const) {
    engine.networks.set(id, name);
    engine.tell('network', 'create', id, { name, type: 'bridge' });
  }
  await until('captures of both', () => existsSync(join(folder, 'packets/fabric.pcap')) && existsSync(join(folder, 'packets/others.pcap')));
  engine.create('a1', 'peer0', { networks: { fabric: 'n1' } });
  engine.start('a1');
  await until('the container', () => recorder.containerCount === 1);
  const manifest = await recorder.finish('signal');
  assert.deepEqual(
    manifest.captures.map((c) => c.network?.name),
    ['fabric'],
  );
  assert.ok(!existsSync(join(folder, 'packets/others.pcap')));
});

test('a container that is removed and made again under its name has two logs, without a gap', async () => {
  const engine = new FakeEngine();
  engine.create('a1', 'peer0', { isRunning: true });
  const { recorder, read } = await recording(engine);
  await recorder.begin();
  engine.print('a1', 'one');
  await followed(engine, 'a1');
  engine.remove('a1');
  engine.create('b2', 'peer0');
  engine.start('b2');
  engine.print('b2', 'two');
  await until('the second container', () => recorder.containerCount === 2);
  const manifest = await recorder.finish('signal');
  assert.deepEqual(
    manifest.logs.map((l) => [l.paths, textsIn(read(l.paths[0] as string))]),
    [
      [['logs/peer0.log'], ['one']],
      [['logs/peer0-b2.log'], ['two']],
    ],
  );
  assert.deepEqual(manifest.gaps, []);
});

test('an engine that goes away and comes back is a gap in its events, not in the logs', async () => {
  const engine = new FakeEngine();
  engine.create('a1', 'peer0', { isRunning: true });
  const { recorder, read } = await recording(engine);
  await recorder.begin();
  engine.print('a1', 'one');
  await followed(engine, 'a1');
  engine.restartDaemon(() => {
    engine.print('a1', 'two');
    engine.containers.set('c3', { id: 'c3', name: 'peer2', isFabrics: true, lines: [], followers: new Set(), networks: {}, isRunning: true });
    engine.print('c3', 'made meanwhile');
  });
  await until('the second container', () => recorder.containerCount === 2);
  engine.print('a1', 'three');
  await followed(engine, 'a1');
  const manifest = await recorder.finish('signal');
  assert.deepEqual(textsIn(read('logs/peer0.log')), ['one', 'two', 'three']);
  assert.deepEqual(textsIn(read('logs/peer2.log')), ['made meanwhile']);
  assert.deepEqual(
    manifest.gaps.map((g) => g.source),
    ['docker/events.ndjson'],
  );
});

test('a recording that has reached its size says so, and its folder is whole at any moment', async () => {
  const engine = new FakeEngine();
  engine.create('a1', 'peer0', { isRunning: true });
  const { recorder, read } = await recording(engine, { ...LIMITS, maxBytes: 4000 });
  await recorder.begin();
  assert.equal((JSON.parse(read('manifest.json')) as Manifest).state, 'recording');
  let ended: EndReason | null = null;
  void recorder.ended.then((reason) => {
    ended = reason;
  });
  for (let i = 0; i < 200; i++) engine.print('a1', `line ${i}`);
  await until('the end', () => ended !== null);
  assert.equal(ended, 'size');
  const manifest = await recorder.finish('size');
  assert.equal(manifest.logs[0]?.lines, 200);
  assert.equal((JSON.parse(read('manifest.json')) as Manifest).endedBy, 'size');
});
