import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Analysis, BlockCopy } from '../src/analysis/contract.js';
import { type CaptureDamage, cutCapture, dropPackets, shiftLog, snapPackets, spanOf } from './damage.js';
import { analyzePaths, ROOT, recordings } from './recordings.js';
import {
  type Comparison,
  filledBins,
  namesByAddress,
  percent,
  scoreLeaders,
  scoreTransfers,
  type TransferScore,
  type TransferTruth,
} from './transfer-score.js';

const truthOf = (path: string): TransferTruth => JSON.parse(readFileSync(join(path, 'truth.json'), 'utf8')) as TransferTruth;
const copiesOf = (analysis: Analysis): readonly BlockCopy[] => analysis.channels.flatMap((c) => c.blocks.flatMap((b) => b.copies));
const microsOf = (text: string): number => Date.parse(`${text.slice(0, 19)}Z`) * 1000 + Number(text.slice(20, 26));
/** How far a bin's share of right claims may lie from what it claims. */
const CALIBRATED = 0.05;

interface Floors {
  readonly firstSender: number;
  readonly recall: number;
  readonly precision: number;
}

function assertScore(score: TransferScore, floors: Floors): void {
  for (const [name, floor] of Object.entries(floors) as [keyof Floors, number][])
    assert.ok(
      percent(score[name]) >= floor,
      `${name} ${percent(score[name]).toFixed(1)} % (${score[name].right}/${score[name].all}), wants ${floor} %`,
    );
  assertCalibrated(score);
}

function assertCalibrated({ pushBins }: TransferScore): void {
  const bins = filledBins(pushBins);
  assert.ok(bins.length > 0);
  for (const { claimed, right, all } of bins)
    assert.ok(Math.abs(claimed - right / all) <= CALIBRATED, `of ${all} claimed at ${claimed.toFixed(3)}, ${(right / all).toFixed(3)} are right`);
}

/** What every analysis with packets keeps to, whatever it read. */
function assertConsistent(analysis: Analysis): void {
  for (const copy of copiesOf(analysis)) {
    if (copy.from !== null)
      assert.ok(copy.from.confidence >= 0.5, `${copy.peer} is said to have a block from ${copy.from.node} at ${copy.from.confidence}`);
    if (copy.wireDelayMicros !== undefined)
      assert.equal(copy.wireDelayMicros, microsOf(copy.receivedAt ?? '') - microsOf(copy.lastByteAt ?? ''), `${copy.peer} at ${copy.receivedAt}`);
    if (copy.budget === undefined) continue;
    const { stages, totalMicros } = copy.budget;
    assert.ok(stages.every((s) => s.micros >= 0));
    assert.equal(
      stages.reduce((sum, s) => sum + s.micros, 0),
      totalMicros,
    );
  }
}

const TEN_PEERS = join(ROOT, 'captures', 'ten-peers');
const PLAINTEXT = join(ROOT, 'captures', 'byfn-plaintext-debug');

describe('who sent which block to whom', () => {
  describe('in an encrypted recording', () => {
    const truth = truthOf(TEN_PEERS);
    let analysis: Analysis;
    before(async () => {
      analysis = await analyzePaths([TEN_PEERS]);
    });

    test('is told of nearly every block, and with the probability that it is right', () => {
      assertScore(scoreTransfers(analysis, truth), { firstSender: 97, recall: 99, precision: 99 });
    });

    test('is not told where it is a guess', () => {
      assertConsistent(analysis);
      assert.ok(copiesOf(analysis).some((c) => c.budget !== undefined));
      assert.ok(copiesOf(analysis).some((c) => c.wireDelayMicros !== undefined));
    });
  });

  describe('in a recording without TLS', () => {
    const truth = truthOf(PLAINTEXT);
    const all = { firstSender: 100, recall: 100, precision: 100 };

    test('is read from the packets alone', async () => {
      const analysis = await analyzePaths([join(PLAINTEXT, 'packets')]);
      const score = scoreTransfers(analysis, truth);
      for (const [name, floor] of Object.entries(all)) assert.equal(percent(score[name as keyof Floors]), floor, name);
      assert.equal(score.firstSender.all, truth.firstCopies.length);
      assertConsistent(analysis);
    });

    test('and joined with the logs', async () => {
      const analysis = await analyzePaths([PLAINTEXT]);
      const score = scoreTransfers(analysis, truth);
      for (const [name, floor] of Object.entries(all)) assert.equal(percent(score[name as keyof Floors]), floor, name);
      assertConsistent(analysis);
    });
  });
});

describe('who leads, by the packets alone', () => {
  const withPackets = recordings().filter((r) => existsSync(join(r.path, 'truth.json')) && existsSync(join(r.path, 'packets')));
  assert.ok(withPackets.length >= 6);
  for (const { name, path } of withPackets)
    test(`is every leader of ${name} and no other`, async () => {
      const truth = truthOf(path);
      const names = namesByAddress(await analyzePaths([path]));
      const { right, missed, invented } = scoreLeaders(await analyzePaths([join(path, 'packets')]), truth, { names });
      assert.deepEqual({ missed, invented }, { missed: [], invented: [] });
      assert.ok(right > 0);
    });
});

interface Damage {
  readonly capture?: CaptureDamage;
  /** The text of a node's log as it is read; null: it is left out. */
  readonly log?: (node: string, text: string) => string | null;
}

describe('a damaged recording tells less, but nothing wrong', () => {
  const truth = truthOf(TEN_PEERS);
  const folder = mkdtempSync(join(tmpdir(), 'gossipscope-damage-'));
  const [captureFile = ''] = readdirSync(join(TEN_PEERS, 'packets'));
  const whole = readFileSync(join(TEN_PEERS, 'packets', captureFile));
  const leaders = truth.leadership.map((t) => t.peer);
  const [leader = ''] = leaders;
  const follower = Object.keys(truth.peers).find((p) => !leaders.includes(p)) ?? '';
  let names: ReadonlyMap<string, string>;
  before(async () => {
    names = namesByAddress(await analyzePaths([TEN_PEERS]));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  let made = 0;
  const analyzeDamaged = async ({ capture, log }: Damage): Promise<Analysis> => {
    const path = join(folder, String(made++));
    for (const part of ['logs', 'packets']) mkdirSync(join(path, part), { recursive: true });
    writeFileSync(join(path, 'packets', 'capture.pcap'), capture === undefined ? whole : capture(whole));
    for (const file of readdirSync(join(TEN_PEERS, 'logs'))) {
      const text = readFileSync(join(TEN_PEERS, 'logs', file), 'utf8');
      const read = log === undefined ? text : log(file.replace(/\.log$/, ''), text);
      if (read !== null) writeFileSync(join(path, 'logs', file), read);
    }
    return analyzePaths([path]);
  };

  const check = (analysis: Analysis, floors: Floors, comparison: Comparison = {}): void => {
    const score = scoreTransfers(analysis, truth, comparison);
    assertScore(score, floors);
    assert.ok(percent(score.namedSender) >= floors.firstSender, `of named senders ${percent(score.namedSender).toFixed(1)} % are right`);
    const { missed, invented } = scoreLeaders(analysis, truth, comparison);
    assert.deepEqual({ missed, invented }, { missed: [], invented: [] });
    assertConsistent(analysis);
  };
  const oddities = (analysis: Analysis): readonly string[] => analysis.oddities.map((o) => o.kind);

  test('without logs', async () => {
    check(await analyzeDamaged({ log: () => null }), { firstSender: 97, recall: 99, precision: 99 }, { names });
  });

  test('with the logs of followers alone', async () => {
    const log = (node: string, text: string): string | null => (node in truth.peers && !leaders.includes(node) ? text : null);
    check(await analyzeDamaged({ log }), { firstSender: 97, recall: 99, precision: 99 });
  });

  for (const seed of [1, 2, 3]) {
    test(`with 1 % of the packets dropped (seed ${seed})`, async () => {
      const analysis = await analyzeDamaged({ capture: dropPackets(0.01, seed) });
      check(analysis, { firstSender: 95, recall: 98, precision: 99 });
      assert.ok(oddities(analysis).includes('bytes-missing'));
    });

    test(`with 5 % of the packets dropped (seed ${seed})`, async () => {
      const analysis = await analyzeDamaged({ capture: dropPackets(0.05, seed) });
      check(analysis, { firstSender: 88, recall: 91, precision: 97 });
      assert.ok(oddities(analysis).includes('bytes-missing'));
    });
  }

  test('without logs and with 1 % of the packets dropped', async () => {
    check(await analyzeDamaged({ log: () => null, capture: dropPackets(0.01, 1) }), { firstSender: 93, recall: 95, precision: 97 }, { names });
  });

  for (const withLogs of [true, false])
    test(`cut at both ends, ${withLogs ? 'with' : 'without'} logs`, async () => {
      const analysis = await analyzeDamaged({ capture: cutCapture(0.3, 0.7), ...(withLogs ? {} : { log: () => null }) });
      check(analysis, { firstSender: 94, recall: 98, precision: 99 }, { names, within: spanOf(whole, 0.3, 0.7) });
    });

  test('with a snap length of 128 bytes', async () => {
    const analysis = await analyzeDamaged({ capture: snapPackets(128) });
    check(analysis, { firstSender: 95, recall: 95, precision: 99 });
    assert.ok(oddities(analysis).includes('packet-truncated'));
  });

  for (const [who, node] of [
    ['a follower', follower],
    ['a leader', leader],
  ] as const)
    for (const [words, micros] of [
      ['2 s late', 2_000_000],
      ['2 s early', -2_000_000],
      ['an hour late', 3_600_000_000],
    ] as const)
      test(`with the clock of ${who} ${words}`, async () => {
        const analysis = await analyzeDamaged({ log: (n, text) => (n === node ? shiftLog(text, micros) : text) });
        check(analysis, { firstSender: 97, recall: 99, precision: 99 });
        assert.ok(analysis.oddities.some((o) => o.kind === 'clock-apart' && o.example.includes(node)));
        assert.ok(copiesOf(analysis).every((c) => c.peer !== node || c.wireDelayMicros === undefined));
        assert.deepEqual(
          analysis.channels.map((c) => c.blocks.length),
          [64],
        );
      });
});
