import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Chance, claimsOf, playGossip, readNetwork, tally } from '../../test/builders/gossip-network.js';
import { at, buildConnection } from '../../test/builders/timeline-builder.js';
import { assertWithin, machineSlowness } from '../../test/machine-speed.js';
import type { Burst } from '../events/connection.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import type { ConnectionFacts } from './connectivity.js';
import { type DeliverSeries, type ReceivedTimes, readDeliveries } from './deliveries.js';
import { deliveredBytes } from './wire-sizes.js';

/** A message of an orderer: the second it begins at, its bytes, and how long it lasts in microseconds. */
type Sent = readonly [second: number, bytes: number, micros?: number];

const burstsOf = (sent: readonly Sent[]): readonly Burst[] =>
  sent.map(([second, bytes, micros = 0], i) => ({
    firstAt: at(second),
    lastAt: instantOfMicros(at(second) + micros),
    firstFrame: 10 * i + 1,
    lastFrame: 10 * i + 2,
    bytes,
  }));

function stream(peer: string, sent: readonly Sent[], orderer = 'orderer'): ConnectionFacts {
  const [first] = sent;
  const observed = buildConnection('10.0.0.1', '10.0.0.9', (first?.[0] ?? 0) - 1, 100, { bursts: { fromClient: [], fromServer: burstsOf(sent) } });
  return { from: peer, to: orderer, observed, evidence: [] };
}

/** Logs: per channel and peer the seconds at which the block with each number left the buffer. */
const logs = (lines: Readonly<Record<string, Readonly<Record<string, readonly (readonly [number: number, second: number])[]>>>>): ReceivedTimes =>
  new Map(
    Object.entries(lines).map(([channel, peers]) => [
      channel,
      new Map(Object.entries(peers).map(([peer, times]) => [peer, new Map(times.map(([n, s]) => [n, at(s)]))])),
    ]),
  );

const placed = (series: DeliverSeries | undefined): readonly (readonly [block: number, bytes: number, isAlone: boolean])[] =>
  (series?.blocks ?? []).map((b) => [b.block, b.bytes, b.isAlone]);
const numbers = (series: DeliverSeries | undefined): readonly number[] => (series?.blocks ?? []).map((b) => b.block);

const D = deliveredBytes;

describe('numbers of delivered blocks', () => {
  it('come from the log of the peer that received them', () => {
    const { series, sizes } = readDeliveries(
      [
        stream('p', [
          [10, D(5000)],
          [11, D(6000)],
          [12, D(7000)],
        ]),
      ],
      logs({
        ch: {
          p: [
            [41, 9.2],
            [42, 10.004],
            [43, 11.003],
            [44, 12.002],
            [45, 13],
          ],
        },
      }),
    );
    assert.deepEqual(
      series.map((s) => [s.channel, s.group, s.peer, s.orderer, placed(s)]),
      [
        [
          'ch',
          0,
          'p',
          'orderer',
          [
            [42, D(5000), true],
            [43, D(6000), true],
            [44, D(7000), true],
          ],
        ],
      ],
    );
    assert.deepEqual(
      sizes.get('ch'),
      new Map([
        [42, [5000]],
        [43, [6000]],
        [44, [7000]],
      ]),
    );
    assert.deepEqual(series[0]?.blocks[1]?.evidence, [
      { source: 'packets/a.pcap', frame: 11 },
      { source: 'packets/a.pcap', frame: 12 },
    ]);
  });

  it('and from it which channel a stream is of', () => {
    const received = logs({
      one: { p: [1, 2, 3, 4].map((n) => [n, 10 + n + 0.005] as const) },
      two: { p: [1, 2, 3, 4].map((n) => [n, 10.5 + n + 0.005] as const) },
    });
    const sent = (shift: number): readonly Sent[] => [1, 2, 3, 4].map((n) => [10 + shift + n, D(5000 + n)] as const);
    const { series } = readDeliveries([stream('p', sent(0.5)), stream('p', sent(0))], received);
    assert.deepEqual(
      series.map((s) => [s.channel, numbers(s)]),
      [
        ['one', [1, 2, 3, 4]],
        ['two', [1, 2, 3, 4]],
      ],
    );
  });

  it('no block leaves the buffer before it has come: one that waits there shifts none', () => {
    // The buffer held block 13 back for a second and a half, and with it what came meanwhile.
    const sent = Array.from({ length: 16 }, (_, i): Sent => [10 + i, D(5000 + 100 * i)]);
    const left = sent.map(([second], i) => [7 + i, i < 6 ? second + 0.003 : Math.max(17.5, second + 0.003)] as const);
    const { series } = readDeliveries([stream('p', sent)], logs({ ch: { p: [[5, 8], [6, 9], ...left, [23, 30]] } }));
    assert.deepEqual(
      numbers(series[0]),
      left.map(([n]) => n),
    );
  });

  it('several blocks in one write, a block in several', () => {
    const received = logs({ ch: { p: [1, 2, 3, 4, 5, 6].map((n) => [n, [10, 11, 11, 12, 12.6, 13][n - 1] as number] as const) } });
    const early = received.get('ch')?.get('p') as Map<number, Instant>;
    for (const [n, t] of early) early.set(n, instantOfMicros(t + 4_000));
    const whole = D(90_000);
    const { series } = readDeliveries(
      [
        stream('p', [
          [10, D(5000)],
          [11, D(5100) + D(5200)],
          [12, D(5300)],
          [12.3, 60_000],
          [12.5, whole - 60_000 + 9],
          [13, D(5400)],
        ]),
      ],
      received,
    );
    assert.deepEqual(placed(series[0]), [
      [1, D(5000), true],
      [2, D(5100) + D(5200), false],
      [3, D(5100) + D(5200), false],
      [4, D(5300), true],
      [5, whole + 9, true],
      [6, D(5400), true],
    ]);
    const [, , , , fifth] = series[0]?.blocks ?? [];
    assert.deepEqual([fifth?.firstAt, fifth?.lastAt], [at(12.3), at(12.5)]);
  });

  it('blocks written end to end are laid out by the lengths that another stream tells', () => {
    const block = (n: number): number => 4_000 + 137 * n;
    const times = Array.from({ length: 20 }, (_, i) => i + 1);
    const leader: readonly Sent[] = times.map((n) => [10 + n, D(block(n))]);
    const bulk = times.slice(2, 18).reduce((sum, n) => sum + D(block(n)), 0);
    const late: readonly Sent[] = [
      [28.2, bulk - 30_000, 8_000],
      [28.21, 30_000, 3_000],
      [29, D(block(19))],
      [30, D(block(20))],
    ];
    const received = logs({
      ch: {
        p: times.map((n) => [n, 10.003 + n] as const),
        q: times.map((n) => [n, n < 3 ? 10.1 + n : n < 19 ? 28.25 + n / 100 : 10.004 + n] as const),
      },
    });
    const { series } = readDeliveries([stream('p', leader), stream('q', late)], received);
    const caught = series.find((s) => s.peer === 'q');
    assert.deepEqual(numbers(caught), times.slice(2));
    assert.ok(caught?.blocks.slice(0, 16).every((b) => !b.isAlone && b.firstAt >= at(28.2) && b.lastAt < at(28.3)));
    assert.ok(caught?.blocks.slice(16).every((b) => b.isAlone));
  });
});

describe('without logs', () => {
  const sent = (from: number, to: number, shift = 0, more = 0): readonly Sent[] =>
    Array.from({ length: to - from + 1 }, (_, i) => [10 + from + i + shift, D(5000 + 31 * (from + i)) + more]);

  it('a stream counts from one', () => {
    const { series } = readDeliveries([stream('p', sent(7, 12))], new Map());
    assert.deepEqual([series[0]?.channel, series[0]?.group, numbers(series[0])], [null, 1, [1, 2, 3, 4, 5, 6]]);
    assert.ok(series[0]?.blocks.every((b) => b.confidence < 0.95));
  });

  it('streams of one channel number each other, also of orderers whose signatures differ by bytes', () => {
    const { series } = readDeliveries([stream('p', sent(1, 20)), stream('q', sent(6, 15, 0.3, 2), 'another')], new Map());
    assert.deepEqual(
      series.map((s) => [s.peer, s.group, numbers(s)[0], numbers(s).at(-1)]),
      [
        ['p', 1, 1, 20],
        ['q', 1, 6, 15],
      ],
    );
  });

  it('a message between two that others tell takes the number between', () => {
    const strange = sent(6, 15).map(([second, bytes], i): Sent => [second, i === 4 ? bytes + 9_999 : bytes]);
    const { series } = readDeliveries([stream('p', sent(1, 20)), stream('q', strange)], new Map());
    assert.deepEqual(numbers(series.find((s) => s.peer === 'q')), [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  it('two channels are two groups', () => {
    const other = Array.from({ length: 15 }, (_, i): Sent => [10.4 + i, D(9_000 + 77 * i)]);
    const { series } = readDeliveries([stream('p', sent(1, 20)), stream('p', other), stream('q', sent(1, 20, 0.01)), stream('q', other)], new Map());
    const groups = series.map((s) => `${s.peer} ${s.group} ${s.blocks.length}`).sort();
    assert.deepEqual(groups, ['p 1 20', 'p 2 15', 'q 1 20', 'q 2 15']);
  });

  it('a stream goes on where an earlier one of its peer stopped', () => {
    const { series } = readDeliveries([stream('p', sent(1, 10)), stream('p', sent(11, 14, 1), 'another')], new Map());
    assert.deepEqual(series.map(numbers), [
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      [11, 12, 13, 14],
    ]);
  });

  it('what follows a write that filled the buffer is the rest of its block', () => {
    const { series } = readDeliveries(
      [
        stream('p', [
          [10, D(5000)],
          [11, 32_800],
          [11.02, 7_000],
          [12, D(5100)],
        ]),
      ],
      new Map(),
    );
    assert.deepEqual(placed(series[0]), [
      [1, D(5000), true],
      [2, 39_800, true],
      [3, D(5100), true],
    ]);
  });
});

describe('streams of a whole network', () => {
  const many = (chance: Chance): number => chance.whole(20_000, 200_000);

  it('are read without a mistake where each block is written by itself, and of which peer logs tell', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.constantFrom(1, 2, 3), fc.boolean(), (seed, orderers, withLogs) => {
        const network = playGossip({
          seed,
          orderers,
          seconds: 40,
          channels: [
            { name: 'ch', blocks: 50 },
            { name: 'another', blocks: 30 },
          ],
        });
        const { said, right, happened } = tally(network, claimsOf(network, readNetwork(network, { withLogs })), 'deliver');
        assert.deepEqual([said, right], [happened, happened]);
      }),
      { seed: 1, numRuns: 8 },
    );
  });

  it('with logs also where several share a write, and where leaders change', () => {
    for (const parts of [
      { seed: 4, sharedDeliveries: 0.2, channels: [{ name: 'ch', blocks: 100, pauseOf: many }] },
      { seed: 8, stop: { at: 15, until: 25 }, channels: [{ name: 'ch', blocks: 80 }] },
      { seed: 13, renounce: 15, orderers: 2 },
      { seed: 11, orderers: 2, reconnect: 15 },
    ]) {
      const network = playGossip(parts);
      const { said, right, happened } = tally(network, claimsOf(network, readNetwork(network)), 'deliver');
      assert.ok(right >= 0.99 * said && right >= 0.98 * happened, JSON.stringify({ seed: parts.seed, said, right, happened }));
    }
  });
});

describe('whatever streams show', () => {
  const messages = fc
    .array(
      fc.tuple(
        fc.double({ min: 0, max: 60, noNaN: true }),
        fc.oneof(
          fc.integer({ min: 1, max: 9 }).map((n) => D(2000 + n)),
          fc.nat(300_000),
        ),
      ),
      {
        maxLength: 40,
      },
    )
    .map((list) => list.sort((a, b) => a[0] - b[0]));
  const line = fc.tuple(fc.constantFrom('ch', 'xy'), fc.constantFrom('p', 'q', 'r'), fc.nat(60), fc.double({ min: -5, max: 70, noNaN: true }));

  it('numbers ascend, no block comes twice on a stream, and confidences are probabilities', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('p', 'q', 'r'), messages), { maxLength: 5 }),
        fc.array(line, { maxLength: 60 }),
        (streams, lines) => {
          const received = new Map<string, Map<string, Map<number, Instant>>>();
          for (const [channel, peer, n, second] of lines) {
            const peers = received.get(channel) ?? new Map<string, Map<number, Instant>>();
            received.set(channel, peers.set(peer, (peers.get(peer) ?? new Map<number, Instant>()).set(n, at(second))));
          }
          const { series } = readDeliveries(
            streams.map(([peer, sent]) => stream(peer, sent)),
            received,
          );
          for (const { blocks, channel, group } of series) {
            assert.equal(group === 0, channel !== null);
            for (const [i, b] of blocks.entries()) {
              assert.ok(b.confidence > 0 && b.confidence <= 1 && b.firstAt <= b.lastAt && Number.isInteger(b.block) && b.block >= 0);
              const before = blocks[i - 1];
              if (before !== undefined) assert.ok(before.block < b.block && before.firstAt <= b.firstAt, `${before.block} before ${b.block}`);
            }
          }
        },
      ),
    );
  });

  it('long streams take time in proportion', async (t) => {
    const slowness = await machineSlowness();
    const timed = (blocks: number): number => {
      const sent = Array.from({ length: blocks }, (_, i): Sent => [10 + i / 20, D(3_000 + ((i * 7_919) % 9_973))]);
      const received = logs({ ch: { p: sent.map(([second], i) => [i + 1, second + 0.004] as const) } });
      const begun = performance.now();
      const { series } = readDeliveries([stream('p', sent), stream('q', sent)], received);
      assert.ok(series.every((s) => s.blocks.length === blocks && s.blocks.at(-1)?.block === blocks));
      return performance.now() - begun;
    };
    const [part, whole] = [timed(2_500), timed(10_000)];
    t.diagnostic(`2500 blocks in ${Math.round(part)} ms, 10000 in ${Math.round(whole)} ms`);
    await assertWithin(t, whole, 5_000, slowness);
    await assertWithin(t, whole, 8 * part + 500, 1);
  });
});
