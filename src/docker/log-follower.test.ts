import assert from 'node:assert/strict';
import { PassThrough, type Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { until } from '../../test/until.js';
import type { Engine, JsonObject, LogQuery } from './engine.js';
import { EngineError } from './engine-error.js';
import { LogFollower, type LogFollowerState, type LogGap, logRotationOf } from './log-follower.js';
import { nanosOfStamp } from './stamped-lines.js';

interface Message {
  readonly stream: 'stdout' | 'stderr';
  readonly stamp: string;
  readonly body: Buffer;
}

/** An engine with one container, whose log behaves as moby's does. */
class FakeEngine {
  messages: Message[] = [];
  isRunning = true;
  isGone = false;
  isAway = false;
  refusal: string | null = null;
  startedAt = 1;
  requests: LogQuery[] = [];
  readonly hasTerminal: boolean;
  #nanos = 1_767_323_045_000_000_000n;
  readonly #followers = new Set<{ readonly stream: PassThrough; readonly query: LogQuery }>();

  constructor(hasTerminal = false) {
    this.hasTerminal = hasTerminal;
  }

  asEngine(): Engine {
    const failure = (kind: 'unreachable' | 'gone' | 'refused', why: string): EngineError => new EngineError(kind, { what: 'log', why, hint: 'wait' });
    return {
      inspectContainer: async (): Promise<JsonObject | null> => {
        if (this.isAway) throw failure('unreachable', 'away');
        return this.isGone ? null : { State: { Running: this.isRunning, Restarting: false, StartedAt: String(this.startedAt) } };
      },
      logs: async (_id: string, query: LogQuery): Promise<Readable> => {
        if (this.isAway) throw failure('unreachable', 'away');
        if (this.isGone) throw failure('gone', 'No such container');
        if (this.refusal !== null) throw failure('refused', this.refusal);
        this.requests.push(query);
        return this.#open(query);
      },
    } as unknown as Engine;
  }

  /** Later by `nanos`; earlier when negative. */
  tick(nanos: bigint): void {
    this.#nanos += nanos;
  }

  print(stream: Message['stream'], text: string): void {
    const body = Buffer.from(text, 'latin1');
    const stamp = `${new Date(Number(this.#nanos / 1_000_000n)).toISOString().slice(0, 19)}.${String(this.#nanos % 1_000_000_000n).padStart(9, '0')}Z`;
    for (let at = 0; at < body.length; at += 16 << 10) {
      const message = { stream, stamp, body: body.subarray(at, at + (16 << 10)) };
      this.messages.push(message);
      for (const { stream: out, query } of this.#followers) if (isSince(message, query)) out.write(this.#encode(message));
    }
  }

  breakStreams(): void {
    for (const { stream } of this.#followers) stream.end();
    this.#followers.clear();
  }

  stop(): void {
    this.isRunning = false;
    this.breakStreams();
  }

  start(): void {
    this.isRunning = true;
    this.startedAt++;
  }

  #open(query: LogQuery): PassThrough {
    const stream = new PassThrough({ highWaterMark: 1 << 24 });
    const kept = query.tail === null ? this.messages : this.messages.slice(-query.tail);
    stream.write(Buffer.concat(kept.filter((m) => isSince(m, query)).map((m) => this.#encode(m))));
    if (query.follow && this.isRunning) {
      const follower = { stream, query };
      this.#followers.add(follower);
      stream.once('close', () => this.#followers.delete(follower));
    } else stream.end();
    return stream;
  }

  #encode({ stream, stamp, body }: Message): Buffer {
    const payload = Buffer.concat([Buffer.from(`${stamp} `), body]);
    if (this.hasTerminal) return payload;
    const header = Buffer.alloc(8);
    header[0] = stream === 'stdout' ? 1 : 2;
    header.writeUInt32BE(payload.length, 4);
    return Buffer.concat([header, payload]);
  }
}

function isSince({ stamp }: Message, { since }: LogQuery): boolean {
  if (since === null) return true;
  const [seconds = '', nanos = ''] = since.split('.');
  return nanosOfStamp(stamp) >= BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

const SMALL = { maxSizeBytes: 1000, maxFiles: 2 };

function follow(engine: FakeEngine, options: { readonly polls?: boolean; readonly since?: string } = {}) {
  const got: Record<string, Buffer[]> = { stdout: [], stderr: [], terminal: [] };
  const gaps: LogGap[] = [];
  const unterminated: string[] = [];
  let state: LogFollowerState = 'reading';
  const follower = new LogFollower({
    engine: engine.asEngine(),
    containerId: 'c',
    hasTerminal: engine.hasTerminal,
    rotation: options.polls === true ? SMALL : null,
    engineApiVersion: '1.41',
    since: options.since ?? null,
    isPrompt: true,
    onState: (is) => {
      state = is;
    },
    sink: {
      lines: (block) => {
        got[block.stream]?.push(Buffer.from(block.bytes));
        assert.equal(block.bytes.at(-1), 10);
        if (block.unterminated) unterminated.push(block.lastStamp);
      },
      gap: (gap) => gaps.push(gap),
    },
  });
  follower.begin();
  const text = (stream: string): string => Buffer.concat(got[stream] ?? []).toString('latin1');
  const bodies = (stream: string): string => text(stream).replace(/(^|\n)\S{30} /g, '$1');
  const is = (wanted: LogFollowerState): Promise<void> => until(`the follower to be ${wanted}`, () => state === wanted);
  return { follower, gaps, unterminated, text, bodies, is };
}

type Step =
  | { readonly kind: 'print'; readonly stream: 'stdout' | 'stderr'; readonly text: string; readonly tick: number }
  | { readonly kind: 'break' | 'restart' | 'engine-restart' | 'pause' };

const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('print' as const),
      stream: fc.constantFrom('stdout' as const, 'stderr' as const),
      text: fc.oneof(
        fc.constantFrom('', 'same', '\xff\0'),
        fc.integer({ min: 0, max: 40_000 }).map((n) => 'x'.repeat(n)),
      ),
      // Often no time passes at all, and sometimes the clock goes back.
      tick: fc.constantFrom(0, 0, 1, 1000, 5_000_000, -3_000_000_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('break' as const, 'restart' as const, 'engine-restart' as const, 'pause' as const) }) },
);

async function play(steps: readonly Step[], polls: boolean): Promise<void> {
  const engine = new FakeEngine();
  engine.print('stdout', 'first\n');
  const seen = follow(engine, { polls });
  const printed = { stdout: 'first\n', stderr: '' };
  for (const step of steps) {
    if (step.kind === 'print') {
      engine.tick(BigInt(step.tick));
      engine.print(step.stream, `${step.text}\n`);
      printed[step.stream] += `${step.text}\n`;
    } else if (step.kind === 'break') engine.breakStreams();
    else if (step.kind === 'restart') {
      engine.tick(777_000_000n);
      engine.print('stderr', 'no newline');
      printed.stderr += 'no newline\n';
      engine.stop();
      seen.follower.containerStopped();
      await sleep(3);
      engine.tick(500_000_001n);
      engine.start();
      engine.print('stderr', 'new run\n');
      printed.stderr += 'new run\n';
      seen.follower.containerStarted();
    } else if (step.kind === 'engine-restart') {
      engine.isAway = true;
      engine.breakStreams();
      await sleep(5);
      engine.isAway = false;
      seen.follower.engineBack();
    }
    await sleep(1);
  }
  await seen.follower.finish();
  assert.equal(seen.bodies('stdout'), printed.stdout);
  assert.equal(seen.bodies('stderr'), printed.stderr);
  // Before its first read the log may have grown as long as rotation lets it: then that something was lost cannot be ruled out.
  const [first, ...others] = seen.gaps;
  assert.deepEqual(first === undefined || (first.from === null && ROTATED_BEFORE.test(first.why)) ? others : seen.gaps, []);
}

const ROTATED_BEFORE = /older lines may be gone/;

test('a log that is as long as rotation lets it be when it is first read may have lost lines; a short one has not', async () => {
  for (const [lines, expected] of [
    [30, 1],
    [3, 0],
  ] as const) {
    const engine = new FakeEngine();
    for (let i = 0; i < lines; i++) engine.print('stderr', `line ${i}\n`);
    const seen = follow(engine, { polls: true });
    await seen.follower.finish();
    assert.equal(seen.gaps.filter((g) => ROTATED_BEFORE.test(g.why)).length, expected, `${lines} lines`);
  }
});

for (const polls of [false, true])
  test(`nothing is lost and nothing comes twice, whatever breaks (${polls ? 'polled' : 'followed'})`, async () => {
    const scenarios = fc.sample(fc.array(aStep, { minLength: 5, maxLength: 60 }), { numRuns: 40, seed: 7 });
    await Promise.all(scenarios.map((steps) => play(steps, polls)));
  });

test('a log that was rotated away is a gap with its bounds, and what is left is delivered', async () => {
  const engine = new FakeEngine();
  const seen = follow(engine, { polls: true });
  engine.print('stdout', 'one\n');
  const first = engine.messages[0]?.stamp;
  await until('the first line', () => seen.text('stdout') !== '');
  for (let i = 0; i < 300; i++) {
    engine.tick(1000n);
    engine.print('stdout', `${i}\n`);
  }
  engine.messages = engine.messages.slice(-100);
  await seen.follower.finish();
  assert.equal(seen.bodies('stdout'), ['one', ...Array.from({ length: 100 }, (_, i) => i + 200)].map((l) => `${l}\n`).join(''));
  assert.deepEqual(
    seen.gaps.map((g) => [g.from, g.to]),
    [[first, engine.messages[0]?.stamp]],
  );
});

test('a tail too short is asked for again, longer', async () => {
  const engine = new FakeEngine();
  const seen = follow(engine, { polls: true });
  engine.print('stdout', 'one\n');
  await until('the first line', () => seen.text('stdout') !== '');
  for (let i = 0; i < 5000; i++) {
    engine.tick(1000n);
    engine.print('stdout', `${i}\n`);
  }
  await seen.follower.finish();
  assert.equal(seen.bodies('stdout').split('\n').length, 5002);
  assert.deepEqual(seen.gaps, []);
});

test('lines before `since` are left out, also of a log that is long', async () => {
  const engine = new FakeEngine();
  for (let i = 0; i < 500; i++) {
    engine.tick(1n);
    engine.print('stdout', 'old\n');
  }
  engine.tick(10_000_000_000n);
  const since = '1767323050.000000000';
  const seen = follow(engine, { since, polls: true });
  await seen.is('following');
  engine.print('stdout', 'new\n');
  await seen.follower.finish();
  assert.equal(seen.bodies('stdout'), 'new\n');
  assert.deepEqual(seen.gaps, []);
  // Only the first look searches the whole log.
  assert.deepEqual(
    engine.requests.slice(1).map((query) => query.tail),
    engine.requests.slice(1).map(() => 64),
  );
});

test('a container removed unread is a gap; one whose stream ended is none', async () => {
  for (const polls of [true, false]) {
    const engine = new FakeEngine();
    engine.print('stdout', 'one\n');
    const seen = follow(engine, { polls });
    await seen.is('following');
    await until('the first line', () => seen.text('stdout') !== '');
    engine.print('stdout', 'two\n');
    engine.print('stdout', 'three, without an end');
    engine.isGone = true;
    engine.stop();
    seen.follower.containerStopped();
    await seen.follower.finish();
    assert.equal(seen.bodies('stdout'), polls ? 'one\n' : 'one\ntwo\nthree, without an end\n');
    assert.deepEqual(
      seen.gaps.map((g) => g.why),
      polls ? ['the container was removed before its log had been read to the end'] : [],
    );
  }
});

test('a driver that cannot be read is one gap and no further request', async () => {
  const engine = new FakeEngine();
  engine.refusal = 'the engine says: configured logging driver does not support reading';
  const seen = follow(engine);
  await seen.is('ended');
  await seen.follower.finish();
  assert.deepEqual([seen.gaps.length, seen.gaps[0]?.from, seen.gaps[0]?.to], [1, null, null]);
});

test('an engine that stays away at the end is a gap', async () => {
  const engine = new FakeEngine();
  engine.print('stdout', 'one\n');
  const seen = follow(engine);
  await seen.is('following');
  engine.isAway = true;
  engine.breakStreams();
  await seen.follower.finish();
  assert.deepEqual([seen.bodies('stdout'), seen.gaps.length], ['one\n', 1]);
});

test('a terminal: raw bytes, CRLF kept, a prompt told as unterminated', async () => {
  const engine = new FakeEngine(true);
  engine.print('stdout', 'a\r\n');
  engine.tick(5n);
  engine.print('stdout', `${'y'.repeat(40_000)}\r\n`);
  engine.tick(5n);
  engine.print('stdout', '$ ');
  const seen = follow(engine);
  await seen.is('following');
  engine.stop();
  await seen.is('waiting');
  engine.tick(5n);
  engine.start();
  engine.print('stdout', 'b\r\n');
  seen.follower.containerStarted();
  await seen.follower.finish();
  assert.equal(seen.bodies('terminal'), `a\r\n${'y'.repeat(40_000)}\r\n$ \nb\r\n`);
  assert.equal(seen.unterminated.length, 1);
});

test('what a sink throws is what finishing throws', async () => {
  const engine = new FakeEngine();
  engine.print('stdout', 'one\n');
  const follower = new LogFollower({
    engine: engine.asEngine(),
    containerId: 'c',
    hasTerminal: false,
    rotation: null,
    engineApiVersion: '1.45',
    since: null,
    isPrompt: false,
    sink: {
      lines: () => {
        throw new Error('disk');
      },
      gap: () => {},
    },
  });
  follower.begin();
  await assert.rejects(follower.finish(), /disk/);
});

test('rotation as inspect output has it', () => {
  const of = (Type: string, Config: Readonly<Record<string, string>>) => logRotationOf({ HostConfig: { LogConfig: { Type, Config } } });
  assert.equal(of('json-file', {}), null);
  assert.equal(of('journald', { 'max-size': '1m' }), null);
  assert.deepEqual(of('json-file', { 'max-size': '10m', 'max-file': '3' }), { maxSizeBytes: 10 << 20, maxFiles: 3, isCompressed: false });
  assert.deepEqual(of('json-file', { 'max-size': '1.5KB', compress: 'true' }), { maxSizeBytes: 1536, maxFiles: 1, isCompressed: true });
  assert.deepEqual(of('local', {}), { maxSizeBytes: 20e6, maxFiles: 5, isCompressed: true });
  assert.equal(of('json-file', { 'max-size': '-1' }), null);
});
