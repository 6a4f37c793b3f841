import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseManifest } from '../../src/recording/manifest.js';
import { analyzed, gossipscope, scratchFolder } from '../command-line.js';
import { requiredEngine, skipWithout, skipWithoutDocker, type TestEngine } from '../requirements.js';
import { until } from '../until.js';
import { type Exchange, missingBytes } from './captured-bytes.js';
import { takeTurn } from './engine-turn.js';
import { assertSameBytes, manifestIn, RecorderProcess, recordedBytes, recordedCaptures } from './recorder-process.js';
import { ReplayedNetwork } from './replayed-network.js';
import { importTcpdumpImage } from './tcpdump-image.js';

const CAPTURE_IMAGE = 'localhost/gossipscope-test/tcpdump:latest';
const SIDECAR_LABEL = 'org.gossipscope.sidecar';

/** A file system of a few megabytes at `folder`; why there can be none, or null. */
function mountSmall(folder: string): string | null {
  if (process.geteuid?.() !== 0) return 'only root can mount a small file system';
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder], { encoding: 'utf8' });
  return mounted.status === 0 ? null : `no small file system can be mounted: ${mounted.stderr}`;
}

describe('recordings that end otherwise than by Ctrl-C', { skip: skipWithoutDocker() }, () => {
  let engine: TestEngine;
  let network: ReplayedNetwork;
  let giveTurn: () => void = () => undefined;
  const recorders: RecorderProcess[] = [];
  const start = async (folder: string, args: readonly string[]): Promise<RecorderProcess> => {
    const recorder = await RecorderProcess.start(engine, folder, ['--project', network.project, ...args]);
    recorders.push(recorder);
    return recorder;
  };
  const printed = (name: string): Buffer => network.printed().find((p) => p.name === name && p.stream === 'stderr')?.bytes ?? Buffer.alloc(0);
  const sidecars = async (): Promise<readonly string[]> =>
    (await network.docker.listContainers({ all: true, filters: { label: [SIDECAR_LABEL] } })).map((c) => c.Id);
  /** Some lines, and some bytes on the wire: what was sent. */
  const live = async (): Promise<Exchange> => {
    for (let i = 0; i < 100; i++) await network.print('talks.south', 'stderr', `line ${i} of a log ${'.'.repeat(i)}\n`);
    await network.settled('talks.south');
    const connection = await network.connect('talks.south', 'listens.south', await network.addressOf('listens.south'), 7051);
    for (let i = 0; i < 10; i++) await connection.send(i % 2 === 0 ? 'there' : 'back', Buffer.alloc(10_000, i));
    await connection.close('client');
    return { clientAddress: await network.addressOf('talks.south'), live: connection };
  };

  before(async () => {
    engine = requiredEngine();
    giveTurn = await takeTurn(engine);
    network = new ReplayedNetwork(engine.socketPath, 'gossipscope-ends');
    await network.prepare();
    await network.createNetwork();
    for (const name of ['talks.south', 'listens.south', 'floods.south'])
      await network.addNode({
        name,
        kind: 'peer',
        environment: [`CORE_PEER_ID=${name}`, `CORE_PEER_ADDRESS=${name}:7051`, 'CORE_PEER_LOCALMSPID=SouthMSP'],
      });
    await network.listen('listens.south', 7051);
  });
  after(async () => {
    for (const recorder of recorders) recorder.process.kill('SIGKILL');
    for (const id of (await network?.docker.listContainers({ all: true, filters: { label: [SIDECAR_LABEL] } })) ?? [])
      await network.docker.getContainer(id.Id).remove({ force: true });
    await network?.remove();
    giveTurn();
  });

  describe('killed by SIGKILL with a capturing container beside it', { skip: skipWithout('tcpdump') }, () => {
    const folder = join(scratchFolder(), 'killed');
    before(async () => {
      await importTcpdumpImage(engine.socketPath, CAPTURE_IMAGE);
      const recorder = await start(folder, ['--capture', 'sidecar', '--capture-image', CAPTURE_IMAGE]);
      const exchange = await live();
      const id = (await network.container('talks.south').inspect()).Id;
      await until('the recorder to have written what it heard', () => recordedBytes(folder, id, 'stderr').equals(printed('talks.south')));
      await until('every byte that was sent on disk', async () => (await missingBytes([exchange], recordedCaptures(folder))).length === 0);
      // In the middle of its work.
      for (let i = 0; i < 50; i++) await network.print('talks.south', 'stderr', `the last words ${i}\n`);
      await recorder.kill();
    });

    test('the manifest says that it was cut off', () => {
      assert.deepEqual([manifestIn(folder).state, manifestIn(folder).endedBy], ['recording', null]);
    });

    test('what is on disk is what was printed, up to some line', async () => {
      const id = (await network.container('talks.south').inspect()).Id;
      const recorded = recordedBytes(folder, id, 'stderr');
      assert.ok(recorded.length > 0);
      assertSameBytes(recorded, printed('talks.south').subarray(0, recorded.length), 'the log up to the kill');
    });

    test('analyze reads it', () => {
      const { analysis, report } = analyzed([folder]);
      assert.ok(analysis.nodes.some((n) => n.name === 'talks.south'));
      assert.ok(analysis.gossip.connections.length > 0);
      assert.match(report, /cut off|killed|not ended/i);
    });

    test('verify reads it, and says so', () => {
      const { status, stdout, stderr } = gossipscope(['verify', folder]);
      assert.equal(status, 0, stdout + stderr);
      assert.match(stdout, /cut off|killed|not ended/i);
    });

    test('its capturing container is removed by the next recorder, whose own is removed at its end', async () => {
      const left = await sidecars();
      assert.equal(left.length, 1);
      const next = await start(join(scratchFolder(), 'next'), ['--capture', 'sidecar', '--capture-image', CAPTURE_IMAGE]);
      const now = await sidecars();
      assert.ok(now.length === 1 && now[0] !== left[0], `${now} after ${left}`);
      assert.equal(await next.interrupt(), 0, next.stderr);
      assert.deepEqual(await sidecars(), []);
    });
  });

  test('the disk is full', async (t) => {
    const disk = join(scratchFolder(), 'disk');
    mkdirSync(disk);
    const cannot = mountSmall(disk);
    if (cannot !== null) return t.skip(cannot);
    try {
      const folder = join(disk, 'recording');
      const recorder = await start(folder, []);
      let isEnded = false;
      const ending = recorder.ended().then((status) => {
        isEnded = true;
        return status;
      });
      for (let i = 0; !isEnded && i < 20_000; i++) await network.print('floods.south', 'stderr', `line ${i} ${'flood '.repeat(100)}\n`);
      assert.equal(await ending, 1, recorder.stderr);
      assert.doesNotMatch(recorder.stderr, /\n\s+at /, 'no stack');
      const manifest = parseManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'));
      assert.deepEqual([manifest?.state, manifest?.endedBy], ['ended', 'disk-full']);
      const id = (await network.container('floods.south').inspect()).Id;
      const recorded = recordedBytes(folder, id, 'stderr');
      assert.ok(recorded.length > 100_000, `${recorded.length} bytes`);
      assertSameBytes(recorded, printed('floods.south').subarray(0, recorded.length), 'the log up to where the disk was full');
      const verified = gossipscope(['verify', folder]);
      assert.equal(verified.status, 0, verified.stdout + verified.stderr);
      assert.ok(analyzed([folder]).analysis.nodes.some((n) => n.name === 'floods.south'));
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  });

  test('its time is over', async () => {
    const folder = join(scratchFolder(), 'timed');
    const recorder = await start(folder, ['--duration', '1s']);
    assert.equal(await recorder.ended(), 0, recorder.stderr);
    assert.deepEqual([manifestIn(folder).state, manifestIn(folder).endedBy], ['ended', 'duration']);
  });

  test('what it waits for comes true', async () => {
    const folder = join(scratchFolder(), 'until');
    const recorder = await start(folder, ['--until', 'log /the word is \\w+/ in talks.south']);
    await network.print('talks.south', 'stderr', 'the word is gossip\n');
    assert.equal(await recorder.ended(), 0, recorder.stderr);
    assert.deepEqual([manifestIn(folder).state, manifestIn(folder).endedBy], ['ended', 'until']);
    const id = (await network.container('talks.south').inspect()).Id;
    assert.ok(recordedBytes(folder, id, 'stderr').toString('latin1').endsWith('the word is gossip\n'));
  });
});
