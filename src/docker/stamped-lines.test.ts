import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_LINE_BYTES, StampedLines } from './stamped-lines.js';

const FULL = 16 << 10;
const stampAt = (nanos: number, zone = 'Z'): string => `2026-01-02T03:04:05.${String(nanos).padStart(9, '0')}${zone}`;

interface Seen {
  readonly text: string;
  readonly open: boolean;
}

/** What comes out when these messages, each a frame, go in; with a terminal they go in as one run of bytes. */
function read(
  messages: readonly string[],
  isFramed = true,
  cuts: readonly number[] = [],
): { readonly lines: readonly Seen[]; readonly unstamped: number } {
  const lines: Seen[] = [];
  let unstamped = 0;
  const intake = new StampedLines(
    isFramed,
    (line) => {
      assert.equal(line.stamp, Buffer.from(line.bytes).toString('latin1').slice(0, line.stamp.length));
      lines.push({
        text: Buffer.from(line.bytes)
          .toString('latin1')
          .slice(line.stamp.length + 1),
        open: line.isUnterminated,
      });
    },
    () => unstamped++,
  );
  for (const frame of isFramed ? messages : [messages.join('')]) {
    const bytes = Buffer.from(frame, 'latin1');
    let from = 0;
    for (const to of [...cuts.map((c) => c % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
      if (to > from || from === 0) intake.push(bytes.subarray(from, to), from === 0);
      from = to;
    }
  }
  intake.end();
  return { lines, unstamped };
}

/** A line as the engine cuts it into messages. */
function messagesOf(stamp: string, line: string): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at === 0 || at < line.length; at += FULL) pieces.push(line.slice(at, at + FULL));
  return pieces.map((piece) => `${stamp} ${piece}`);
}

const aLine = fc.tuple(
  fc.nat(2 * FULL + 10),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => (c === 10 ? ' ' : String.fromCharCode(c))), maxLength: 30 }),
);

test('lines of any length and bytes come out whole, framed or not, however cut', () => {
  fc.assert(
    fc.property(fc.array(aLine, { maxLength: 6 }), fc.boolean(), fc.array(fc.nat(100_000), { maxLength: 8 }), (some, isFramed, cuts) => {
      const lines = some.map(([length, text]) => `${text}${'x'.repeat(length)}\n`);
      const messages = lines.flatMap((line, i) => messagesOf(stampAt(i + 1), line));
      const got = read(messages, isFramed, cuts);
      assert.deepEqual(
        got.lines.map((l) => l.text),
        lines,
      );
      assert.equal(got.unstamped, 0);
    }),
    { numRuns: 60 },
  );
});

test('the last line of a process is not glued to the first of the next', () => {
  for (const isFramed of [true, false]) {
    const { lines } = read([`${stampAt(1)} a\n`, `${stampAt(2)} prompt`, `${stampAt(9)} b\n`, `${stampAt(10)} end`], isFramed);
    assert.deepEqual(lines, [
      { text: 'a\n', open: false },
      { text: 'prompt\n', open: true },
      { text: 'b\n', open: false },
      { text: 'end\n', open: true },
    ]);
  }
});

test('a stamp that a process printed itself is no boundary', () => {
  assert.deepEqual(
    read([`${stampAt(5)} see ${stampAt(4)} there\n`], false).lines.map((l) => l.text),
    [`see ${stampAt(4)} there\n`],
  );
});

test("pieces stamped each by itself, as journald does, belong together when the engine's buffer was full", () => {
  const { lines } = read([`${stampAt(1000)} ${'x'.repeat(FULL)}`, `${stampAt(4000)} rest\n`]);
  assert.deepEqual(lines, [{ text: `${'x'.repeat(FULL)}rest\n`, open: false }]);
});

test('stamps with an offset are read', () => {
  assert.deepEqual(
    read([`${stampAt(1, '+02:00')} a\n`, `${stampAt(2, '-11:30')} b\n`]).lines.map((l) => l.text),
    ['a\n', 'b\n'],
  );
});

test('a line without a stamp is told and kept', () => {
  const got = read([`${stampAt(1)} a\n`, 'Error grabbing logs\n']);
  assert.deepEqual([got.lines.map((l) => l.text), got.unstamped], [['a\n', 'Error grabbing logs\n'], 1]);
});

test('a line beyond the limit is cut, and the next one is whole', () => {
  const seen: { length: number; isCut: boolean }[] = [];
  const intake = new StampedLines(
    true,
    (line) => seen.push({ length: line.bytes.length, isCut: line.isCut }),
    () => assert.fail(),
  );
  const piece = Buffer.concat([Buffer.from(`${stampAt(1)} `), Buffer.alloc(1 << 20, 'x')]);
  for (let i = 0; i <= MAX_LINE_BYTES >> 20; i++) intake.push(piece, true);
  intake.push(Buffer.from(`${stampAt(1)} end\n`), true);
  intake.push(Buffer.from(`${stampAt(2)} next\n`), true);
  assert.deepEqual(seen, [
    { length: MAX_LINE_BYTES + 1, isCut: true },
    { length: 36, isCut: false },
  ]);
});

test('arbitrary bytes never throw', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.boolean())), fc.boolean(), (chunks, isFramed) => {
      const intake = new StampedLines(
        isFramed,
        () => {},
        () => {},
      );
      for (const [bytes, begins] of chunks) intake.push(bytes, begins);
      intake.end();
    }),
  );
});
