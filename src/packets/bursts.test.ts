import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { applicationRecord, bytesOf, Talk } from '../../test/builders/capture-builder.js';
import { decodeCapture, onlyConnection } from '../../test/builders/decode-capture.js';
import { type BurstBudget, BurstLog, SMALLEST_BURST_BYTES } from './bursts.js';

const budgetOf = (left: number): BurstBudget => ({ left, refused: 0 });
const newLog = (budget = budgetOf(1000), most = 1000, mostSizes = 100): BurstLog => new BurstLog(budget, most, mostSizes);

/** What a log tells of records that begin at these times with these lengths, each in a frame of its own. */
function told(records: readonly (readonly [micros: number, bytes: number])[]): {
  readonly bursts: readonly number[];
  readonly small: readonly (readonly [bytes: number, count: number])[];
} {
  const log = newLog();
  for (const [i, [micros, bytes]] of records.entries()) log.record(micros, i + 1, bytes);
  const bursts = log.finish().map((b) => b.bytes);
  return { bursts, small: log.sizes().map((s) => [s.bytes, s.runs.reduce((sum, r) => sum + r.count, 0)] as const) };
}

const FULL = 16_384;

describe('bursts of TLS records', () => {
  it('end at the first record that is not full, however soon the next one comes', () => {
    assert.deepEqual(told([[0, 900]]).bursts, [900]);
    const two = told([
      [0, 900],
      [1, 901],
    ]);
    assert.deepEqual(two, { bursts: [900, 901], small: [] });
    const long = told([
      [0, FULL],
      [20, 700],
      [21, 800],
    ]);
    assert.deepEqual(long.bursts, [FULL + 700, 800]);
  });

  it('go on after a record as full as Go makes its first ones, under either version', () => {
    for (const unit of [1179, 1186]) {
      const records = [1, 2, 3, 4].map((k) => [10 * k, k * unit] as const);
      assert.deepEqual(told([...records, [50, 600], [60, 600]]).bursts, [10 * unit + 600, 600]);
      assert.deepEqual(
        told([
          [0, unit + 1],
          [1, 600],
        ]).bursts,
        [unit + 1, 600],
      );
      assert.deepEqual(
        told([
          [0, 15 * unit],
          [1, 600],
        ]).bursts.length,
        15 * unit >= FULL ? 1 : 2,
      );
    }
  });

  it('later in a connection end at such records too, since Go makes only its first ones so small', () => {
    for (const unit of [1179, 1186]) {
      const early = Array.from({ length: 16 }, (_, i) => [i * 1_000_000, 600] as const);
      const { bursts } = told([...early, [20_000_000, 3 * unit], [20_000_001, 700]]);
      assert.deepEqual(bursts.slice(16), [3 * unit, 700]);
      // The second record may hold twice as much as the first, whose half is not full.
      assert.deepEqual(
        told([
          [0, 600],
          [10, 600],
          [20, 600],
          [30, 600],
          [40, unit],
          [41, 700],
        ]).bursts,
        [600, 600, 600, 600, unit, 700],
      );
    }
  });

  it('end all the same when a full record is followed by a long silence', () => {
    assert.deepEqual(
      told([
        [0, FULL],
        [299_999, 700],
      ]).bursts,
      [FULL + 700],
    );
    assert.deepEqual(
      told([
        [0, FULL],
        [300_000, 700],
      ]).bursts,
      [FULL, 700],
    );
  });

  it("go on after a write that filled gRPC's buffer, longer than after a shorter one", () => {
    const filled = [
      [0, FULL],
      [1, FULL],
      [2, 27],
    ] as const;
    assert.deepEqual(told([...filled, [50_000, 5000]]).bursts, [2 * FULL + 27 + 5000]);
    assert.deepEqual(told([...filled, [70_000, 5000]]).bursts, [2 * FULL + 27, 5000]);
    // The write of 5000 bytes is the message's last, unless its receiver's window ended there.
    assert.deepEqual(told([...filled, [50_000, 5000], [54_000, 4000]]).bursts, [2 * FULL + 27 + 9000]);
    assert.deepEqual(told([...filled, [50_000, 5000], [56_000, 4000]]).bursts, [2 * FULL + 27 + 5000, 4000]);
    // Half the buffer is not filled.
    assert.deepEqual(
      told([
        [0, FULL],
        [1, 27],
        [2, 5000],
      ]).bursts,
      [FULL + 27, 5000],
    );
  });

  it("leave HTTP/2's own frames out, which pass between a message's writes", () => {
    const records = [
      [0, FULL],
      [1, FULL],
      [2, 27],
      [10, 13],
      [11, 17],
      [20, 9000],
    ] as const;
    assert.deepEqual(told(records), {
      bursts: [2 * FULL + 27 + 9000],
      small: [
        [13, 1],
        [17, 1],
      ],
    });
    // In the middle of a series of records it is the last piece of the write.
    assert.deepEqual(
      told([
        [0, FULL],
        [1, 40],
        [2, 600],
      ]),
      { bursts: [FULL + 40, 600], small: [] },
    );
  });

  it('say whether a record belongs to what is under way, so that its body moves nothing else', () => {
    const log = newLog();
    assert.equal(log.record(0, 1, 900), true);
    assert.equal(log.record(5, 2, 17), false);
    log.pass(9, 3);
    const [burst] = log.finish();
    assert.deepEqual({ ...burst }, { firstAt: 0, lastAt: 9, firstFrame: 1, lastFrame: 3, bytes: 900 });
  });
});

describe('bursts without records', () => {
  it('end by time alone', () => {
    const log = newLog();
    for (const [micros, bytes] of [
      [0, 400],
      [1999, 400],
      [3998, 400],
      [5998, 700],
    ] as const)
      log.add(micros, 1, bytes);
    assert.deepEqual(
      log.finish().map(({ firstAt, lastAt, bytes }) => [firstAt, lastAt, bytes]),
      [
        [0, 3998, 1200],
        [5998, 5998, 700],
      ],
    );
  });
});

describe('small messages', () => {
  it('are counted by size, in runs that a silence of 30 s ends', () => {
    const log = newLog();
    const times = [0, 5, 10, 41, 45, 80].map((seconds) => seconds * 1_000_000);
    for (const [i, micros] of times.entries()) log.record(micros, i, 140);
    log.record(81_000_000, 9, 499);
    log.finish();
    assert.deepEqual(log.sizes(), [
      {
        bytes: 140,
        total: 840,
        runs: [
          { from: 0, to: 10_000_000, count: 3 },
          { from: 41_000_000, to: 45_000_000, count: 2 },
          { from: 80_000_000, to: 80_000_000, count: 1 },
        ],
      },
      { bytes: 499, total: 499, runs: [{ from: 81_000_000, to: 81_000_000, count: 1 }] },
    ]);
  });

  it('of more sizes than are told apart are one entry of size 0', () => {
    const log = newLog(budgetOf(10), 10, 3);
    for (let i = 0; i < 10; i++) log.record(i * 1_000_000, i, 100 + i);
    log.finish();
    assert.deepEqual(
      log.sizes().map((s) => [s.bytes, s.total]),
      [
        [0, 103 + 104 + 105 + 106 + 107 + 108 + 109],
        [100, 100],
        [101, 101],
        [102, 102],
      ],
    );
  });

  it('keep at most sixteen runs; the last goes on then', () => {
    const log = newLog();
    for (let i = 0; i < 40; i++) log.record(i * 60_000_000, i, 140);
    log.finish();
    const [{ runs } = { runs: [] }] = log.sizes();
    assert.equal(runs.length, 16);
    assert.deepEqual(runs.at(-1), { from: 15 * 60_000_000, to: 39 * 60_000_000, count: 25 });
  });
});

describe('limits', () => {
  it('refuse bursts that one direction or all have no room for, and count them', () => {
    const shared = budgetOf(3);
    const [first, second] = [newLog(shared, 2), newLog(shared, 2)];
    for (let i = 0; i < 4; i++) for (const log of [first, second]) log.record(i * 1000, i, 600 + i);
    assert.deepEqual(
      [first, second].map((log) => log.finish().map((b) => b.bytes)),
      [[600, 601], [600]],
    );
    assert.deepEqual(shared, { left: 0, refused: 5 });
  });

  it('a snapshot has what is under way, and takes nothing away', () => {
    const log = newLog();
    log.record(0, 1, 600);
    log.record(10, 2, FULL);
    assert.deepEqual(
      [log.snapshot(), log.snapshot()].map((list) => list.map((b) => b.bytes)),
      [
        [600, FULL],
        [600, FULL],
      ],
    );
    log.record(20, 3, 800);
    assert.deepEqual(
      log.finish().map((b) => b.bytes),
      [600, FULL + 800],
    );
  });
});

const calls = fc.array(
  fc.record({
    kind: fc.constantFrom('add' as const, 'record' as const, 'pass' as const),
    // Time mostly goes on, by less and more than every patience; now and then it steps back.
    step: fc.oneof(fc.integer({ min: -5000, max: 20_000 }), fc.constantFrom(0, 1, 1999, 2000, 60_000, 300_000, 31_000_000)),
    bytes: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 20_000 }), fc.constantFrom(1179, 1186, 2358, 2372, FULL, 499, 500)),
  }),
  { maxLength: 200 },
);

describe('whatever is told', () => {
  it('every byte is in a burst or among the small messages, once', () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 0, max: 4 }), (list, mostSizes) => {
        const log = newLog(budgetOf(1000), 1000, mostSizes);
        let micros = 1_000_000;
        let given = 0;
        let frame = 0;
        for (const { kind, step, bytes } of list) {
          micros = Math.max(0, micros + step);
          frame += 1;
          if (kind === 'pass') {
            log.pass(micros, frame);
            continue;
          }
          if (kind === 'add') log.add(micros, frame, bytes);
          else log.record(micros, frame, bytes);
          given += bytes;
        }
        const bursts = log.finish();
        const small = log.sizes();
        assert.equal(bursts.reduce((sum, b) => sum + b.bytes, 0) + small.reduce((sum, s) => sum + s.total, 0), given);
        for (const b of bursts) assert.ok(b.bytes >= SMALLEST_BURST_BYTES && b.firstAt <= b.lastAt && b.firstFrame <= b.lastFrame);
        for (const s of small) {
          const count = s.runs.reduce((sum, r) => sum + r.count, 0);
          assert.ok(s.bytes === 0 ? s.total >= count : s.total === s.bytes * count);
          assert.ok(s.bytes < SMALLEST_BURST_BYTES && s.runs.length <= 16 && s.runs.every((r) => r.from <= r.to));
        }
        assert.ok(small.length <= mostSizes + 1);
      }),
    );
  });

  it('no more is kept than the limits allow', () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }), (list, left, most) => {
        const budget = budgetOf(left);
        const log = newLog(budget, most, 2);
        let micros = 0;
        for (const { step, bytes } of list) {
          micros += Math.abs(step);
          log.record(micros, 1, bytes);
          assert.ok(log.snapshot().length <= Math.min(left, most));
        }
        const kept = log.finish().length;
        assert.ok(kept <= Math.min(left, most));
        assert.equal(budget.left, left - kept);
        assert.ok(log.sizes().length <= 3);
      }),
    );
  });
});

describe('a stream entered in its middle', () => {
  // Two records in a segment show where records begin; then frames of HTTP/2's own, and a message of 600 bytes.
  const entered = (overhead: number): Talk => {
    const record = (bytes: number): Uint8Array => applicationRecord(bytes + overhead);
    return new Talk()
      .send('client', record(900).subarray(500))
      .wait(5000)
      .send('client', bytesOf(record(17), record(13)))
      .wait(5000)
      .send('server', bytesOf(record(13), record(200)))
      .wait(5000)
      .send('client', record(600))
      .send('server', record(700));
  };

  it("tells TLS 1.3 from 1.2 by the lengths of HTTP/2's own frames", () => {
    for (const overhead of [17, 24]) {
      const { bursts, smallMessages, tls } = onlyConnection(decodeCapture(entered(overhead).file()));
      assert.equal(tls, null);
      assert.deepEqual([bursts.fromClient.map((b) => b.bytes), bursts.fromServer.map((b) => b.bytes)], [[600], [700]], `overhead ${overhead}`);
      assert.deepEqual(
        [smallMessages.fromClient.map((s) => s.bytes), smallMessages.fromServer.map((s) => s.bytes)],
        [
          [13, 17],
          [13, 200],
        ],
      );
    }
  });

  it('and by full records; a single misleading length does not turn what many said', () => {
    const record = (bytes: number): Uint8Array => applicationRecord(bytes + 17);
    const talk = new Talk().send('server', bytesOf(record(FULL), record(FULL), record(500)));
    for (let i = 0; i < 5; i++) talk.wait(5000).send('server', bytesOf(record(17), record(13)));
    // Twenty bytes under 1.3 are as long as a WINDOW_UPDATE of thirteen under 1.2.
    talk.wait(70_000).send('server', record(20)).wait(5000).send('server', record(640));
    const { bursts } = onlyConnection(decodeCapture(talk.file()));
    assert.deepEqual(
      bursts.fromServer.map((b) => b.bytes),
      [2 * FULL + 500, 640],
    );
  });
});
