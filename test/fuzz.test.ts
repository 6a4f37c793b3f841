import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CaptureDecoder, type CaptureSummary } from '../src/packets/capture-decoder.js';
import { FrameExcerpter } from '../src/packets/frame-text.js';
import { CaptureSlimmer } from '../src/packets/slim.js';
import { Dice, type FuzzSeed, fuzzSeeds, mutatedCapture } from './fuzz-inputs.js';

/** What changed real packets may do: anything but crash the reader, make it hang or make it say what cannot be. FUZZ is the number of inputs; without it, they last so long. */
const BUDGET_MILLIS = 3_000;
const INPUTS = process.env['FUZZ'] === undefined ? null : Number(process.env['FUZZ']);
const SEED = process.env['FUZZ_SEED'] === undefined ? Date.now() % 2 ** 31 : Number(process.env['FUZZ_SEED']);
/** A few kilobytes are read in a fraction of a millisecond. One that takes so long hangs, however slow the machine. */
const HANG_MILLIS = 5_000;

/** Inputs that once failed, by seed and number; and some that did not, so that this is never empty. */
const KEPT: readonly (readonly [seed: number, input: number])[] = [
  [1, 0],
  [1, 1],
  [2, 77],
  [3, 4_242],
];

/** Whoever asks reads all of it. */
function assertPossible(summary: CaptureSummary, bytes: number): void {
  assert.ok(summary.connections.length <= summary.packets);
  let wire = 0;
  for (const { bursts, smallMessages, traffic, payloadBytes, plaintext, firstAt, lastAt } of summary.connections) {
    assert.ok(firstAt <= lastAt || Number.isFinite(lastAt));
    const told = payloadBytes.fromClient + payloadBytes.fromServer;
    assert.equal(
      traffic.reduce((sum, t) => sum + t.fromClient + t.fromServer, 0),
      told,
    );
    wire += told;
    for (const burst of [...bursts.fromClient, ...bursts.fromServer])
      assert.ok(burst.bytes > 0 && burst.firstFrame <= burst.lastFrame && burst.firstAt <= burst.lastAt);
    for (const size of [...smallMessages.fromClient, ...smallMessages.fromServer])
      assert.ok(size.total > 0 && size.runs.every((run) => run.count > 0));
    for (const message of plaintext?.messages ?? []) assert.ok(message.bytes >= 0);
  }
  // What was cut counts as far as IP says it was there.
  assert.ok(wire <= 65_536 * (1 + bytes / 16));
}

function checkInput(seeds: readonly FuzzSeed[], seed: number, input: number): void {
  const bytes = mutatedCapture(seeds, seed, input);
  const dice = new Dice(seed + 1, input);
  const begun = performance.now();
  const decoder = new CaptureDecoder({ source: 'fuzz' });
  const asks = dice.oneIn(8);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + dice.below(dice.oneIn(4) ? 64 : 2 * bytes.length));
    decoder.push(bytes.slice(at, end));
    at = end;
    if (asks && dice.oneIn(4)) decoder.snapshot();
  }
  assertPossible(decoder.end(), bytes.length);
  if (dice.oneIn(8)) {
    const slimmer = new CaptureSlimmer({ dropPlaintext: dice.oneIn(2) });
    const slimmed = [...slimmer.push(bytes), ...slimmer.end()].reduce((sum, part) => sum + part.length, 0);
    assert.equal(slimmed, bytes.length);
    const excerpter = new FrameExcerpter({ frames: new Set([1, 2, 3, 5, 8]) });
    excerpter.push(bytes);
    excerpter.end();
  }
  assert.ok(performance.now() - begun < HANG_MILLIS, 'it hangs');
}

describe('packets that were changed', () => {
  let seeds: readonly FuzzSeed[] = [];
  const check = (seed: number, input: number): void => {
    try {
      checkInput(seeds, seed, input);
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}, input ${input}: add [${seed}, ${input}] to the kept ones`, { cause: error });
    }
  };
  before(() => {
    seeds = fuzzSeeds();
    assert.ok(seeds.length >= 40);
  });

  test('do no harm that they once did', () => {
    for (const [seed, input] of KEPT) check(seed, input);
  });

  test('crash nothing, hang nothing, and make nothing impossible be said', (t) => {
    const begun = performance.now();
    let input = 0;
    for (; INPUTS === null ? performance.now() - begun < BUDGET_MILLIS : input < INPUTS; input++) check(SEED, input);
    t.diagnostic(`FUZZ_SEED=${SEED}: ${input} inputs in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  });
});
