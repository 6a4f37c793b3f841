import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Analysis } from '../../src/analysis/contract.js';
import { analyzed, gossipscope, scratchFolder } from '../command-line.js';
import { analyzePaths, ROOT } from '../recordings.js';
import { requiredEngine, skipWithoutDocker } from '../requirements.js';
import { until } from '../until.js';
import { type Exchange, missingBytes } from './captured-bytes.js';
import { takeTurn } from './engine-turn.js';
import { readRecordedNetwork } from './recorded-network.js';
import { assertSameBytes, capturing, RecorderProcess, recordedBytes, recordedCaptures } from './recorder-process.js';
import { type Replayed, replay } from './replay.js';
import { ReplayedNetwork } from './replayed-network.js';
import { logFacts, type Translation, wireFacts } from './same-analysis.js';

const ORIGINAL = join(ROOT, 'captures', 'byfn-bootstrap-steps');
/** Three and a half minutes become a quarter of one. */
const FACTOR = 15;

/** A network as it was recorded once is played again, while `record --wait`, started before it existed, records it. */
describe('what record --wait brings back of a network that comes later', { skip: skipWithoutDocker() }, () => {
  const folder = join(scratchFolder(), 'played-again');
  let network: ReplayedNetwork;
  let recorder: RecorderProcess;
  let replayed: Replayed;
  let exitStatus: number | null;
  let giveTurn: () => void = () => undefined;

  before(async () => {
    const engine = requiredEngine();
    giveTurn = await takeTurn(engine);
    network = new ReplayedNetwork(engine.socketPath, 'gossipscope-record');
    await network.prepare();
    recorder = await RecorderProcess.start(engine, folder, ['--wait', '--project', network.project]);
    await network.createNetwork();
    await capturing(network.bridge);
    replayed = await replay(await readRecordedNetwork(ORIGINAL), network, FACTOR);
    exitStatus = await recorder.interrupt();
  });
  after(async () => {
    recorder?.process.kill('SIGKILL');
    await network?.remove();
    giveTurn();
  });

  test('it ends well, without gaps, with nothing missing and nothing dropped', () => {
    assert.equal(exitStatus, 0, recorder.stderr);
    const { state, endedBy, gaps, missing, captures } = recorder.manifest();
    assert.deepEqual({ state, endedBy, gaps, missing }, { state: 'ended', endedBy: 'signal', gaps: [], missing: [] });
    assert.ok(captures.length > 0);
    for (const capture of captures)
      assert.deepEqual([capture.droppedByKernel, capture.secondReading?.agrees], [0, true], JSON.stringify(capture.secondReading));
  });

  test('every log is what its container printed, byte for byte', () => {
    const printed = network.printed();
    assert.ok(printed.some((p) => p.stream === 'stdout') && printed.some((p) => p.stream === 'stderr'));
    for (const { containerId, name, stream, bytes } of printed)
      assertSameBytes(recordedBytes(folder, containerId, stream), bytes, `${name} ${stream}`);
    const withLogs = new Set(
      recorder
        .manifest()
        .logs.filter((l) => l.lines > 0)
        .map((l) => `${l.container.id} ${l.stream}`),
    );
    assert.deepEqual(withLogs, new Set(printed.map((p) => `${p.containerId} ${p.stream}`)), 'logs of nobody else');
  });

  test('the captures hold every byte that was sent', async () => {
    assert.deepEqual(await missingBytes(replayed.exchanges, recordedCaptures(folder)), []);
  });

  test('verify agrees', () => {
    const { status, stdout, stderr } = gossipscope(['verify', folder]);
    assert.equal(status, 0, stdout + stderr);
  });

  describe('its analysis, after removing the shift,', () => {
    let original: Analysis;
    let again: Analysis;
    let translation: Translation;
    before(async () => {
      original = await analyzePaths([ORIGINAL]);
      again = analyzed([folder]).analysis;
      translation = {
        recordedMillis: (printed) => replayed.stamps.get(printed) ?? null,
        address: (here) => replayed.addresses.get(here) ?? here,
      };
    });
    const same: Translation = { recordedMillis: (millis) => millis, address: (address) => address };

    for (const part of ['nodes', 'channels', 'gossip', 'raft', 'unplaced'] as const)
      test(`tells the same of ${part}`, () => assert.deepEqual(logFacts(again, translation)[part], logFacts(original, same)[part]));

    test('knows the same connections', () => assert.deepEqual(wireFacts(again.gossip.connections), wireFacts(original.gossip.connections)));
  });
});

describe('a network that goes down and comes up again while it is recorded', { skip: skipWithoutDocker() }, () => {
  const folder = join(scratchFolder(), 'down-and-up');
  const exchanges: Exchange[] = [];
  let network: ReplayedNetwork;
  let recorder: RecorderProcess;
  let giveTurn: () => void = () => undefined;

  const comeUp = async (words: string): Promise<void> => {
    await network.createNetwork();
    await capturing(network.bridge);
    const environment = (name: string): readonly string[] => [
      `CORE_PEER_ID=${name}`,
      `CORE_PEER_ADDRESS=${name}:7051`,
      'CORE_PEER_LOCALMSPID=EastMSP',
    ];
    for (const name of ['one.east', 'two.east']) await network.addNode({ name, kind: 'peer', environment: environment(name) });
    for (const name of ['one.east', 'two.east']) for (let i = 0; i < 20; i++) await network.print(name, 'stderr', `${words} ${i} of ${name}\n`);
    await network.listen('two.east', 7051);
    const live = await network.connect('one.east', 'two.east', await network.addressOf('two.east'), 7051);
    await live.send('there', Buffer.from(`${words} there`));
    await live.send('back', Buffer.from(`${words} back`));
    await live.close('client');
    exchanges.push({ clientAddress: await network.addressOf('one.east'), live });
    await network.settled();
  };

  before(async () => {
    const engine = requiredEngine();
    giveTurn = await takeTurn(engine);
    network = new ReplayedNetwork(engine.socketPath, 'gossipscope-down-up');
    await network.prepare();
    recorder = await RecorderProcess.start(engine, folder, ['--wait', '--project', network.project]);
    await comeUp('the first time');
    // tcpdump hears of packets up to a second late, and of none after its network is gone.
    let missing: readonly string[] = [];
    const onDisk = async (): Promise<boolean> => {
      missing = await missingBytes(exchanges, recordedCaptures(folder));
      return missing.length === 0;
    };
    await until('the packets on disk', onDisk).catch((error: Error) => {
      throw new Error(`${error.message}: ${missing.join('; ')}; ${JSON.stringify(recorder.manifest().captures)}`);
    });
    await network.down();
    await comeUp('the second time');
    assert.equal(await recorder.interrupt(), 0, recorder.stderr);
  });
  after(async () => {
    recorder?.process.kill('SIGKILL');
    await network?.remove();
    giveTurn();
  });

  test('every log of both times is whole', () => {
    const printed = network.printed();
    assert.equal(printed.length, 4);
    for (const { containerId, name, stream, bytes } of printed) assertSameBytes(recordedBytes(folder, containerId, stream), bytes, name);
    // What the kernel still held of a network's last packets when it was removed goes with it, and is told.
    const told = recorder.manifest().gaps.filter((g) => !/^the last \d+ packets? before the network was removed/.test(g.why));
    assert.deepEqual(told, []);
  });

  test('the captures of both times hold every byte', async () => {
    assert.deepEqual(await missingBytes(exchanges, recordedCaptures(folder)), []);
    for (const capture of recorder.manifest().captures) assert.deepEqual([capture.droppedByKernel, capture.secondReading?.agrees], [0, true]);
  });

  test('analyze and verify read it', () => {
    const { status, stdout, stderr } = gossipscope(['verify', folder]);
    assert.equal(status, 0, stdout + stderr);
    assert.deepEqual(
      analyzed([folder]).analysis.nodes.map((n) => n.name),
      ['one.east', 'two.east'],
    );
  });
});
