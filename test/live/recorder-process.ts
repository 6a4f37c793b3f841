import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Manifest, parseManifest } from '../../src/recording/manifest.js';
import { ROOT } from '../recordings.js';
import type { TestEngine } from '../requirements.js';
import { until } from '../until.js';

const PROGRAM = join(ROOT, 'dist', 'src', 'cli', 'main.js');

/** `gossipscope record` or `watch`, running. */
export class RecorderProcess {
  readonly folder: string;
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';

  private constructor(child: ChildProcess, folder: string) {
    this.process = child;
    this.folder = folder;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
  }

  /** Starts it and waits until it has attached. */
  static async start(engine: TestEngine, folder: string, args: readonly string[]): Promise<RecorderProcess> {
    const recorder = RecorderProcess.launch(engine, 'record', folder, args);
    await recorder.said(/^recording /m);
    return recorder;
  }

  /** Starts `command` in the folder `cwd`, without waiting. */
  static launch(engine: TestEngine, command: 'record' | 'watch', folder: string, args: readonly string[], cwd = ROOT): RecorderProcess {
    const child = spawn(process.execPath, [PROGRAM, command, '--out', folder, '--docker-host', `unix://${engine.socketPath}`, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new RecorderProcess(child, folder);
  }

  /** Waits until it has printed what matches. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    await until(`it to say ${pattern}`, () => {
      found = pattern.exec(this.stdout);
      return found !== null || this.#isEnded;
    });
    if (found === null) throw new Error(`it ended: ${this.stdout}${this.stderr}`);
    return found;
  }

  get #isEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Waits until it has ended by itself; its exit status. */
  async ended(): Promise<number | null> {
    if (!this.#isEnded) await once(this.process, 'exit');
    return this.process.exitCode;
  }

  /** Ctrl-C; its exit status. */
  async interrupt(): Promise<number | null> {
    this.process.kill('SIGINT');
    return this.ended();
  }

  /** As `kill -9`. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
  }

  manifest(): Manifest {
    return manifestIn(this.folder);
  }
}

export function manifestIn(folder: string): Manifest {
  const manifest = parseManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  if (manifest === null) throw new Error(`${folder} has no manifest`);
  return manifest;
}

const DOCKER_STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z /;

/** What `folder` holds of one container's stream, without Docker's stamps; every line must have one. */
export function recordedBytes(folder: string, containerId: string, stream: string): Buffer {
  const paths = manifestIn(folder)
    .logs.filter((l) => l.container.id === containerId && l.stream === stream)
    .flatMap((l) => l.paths);
  const text = paths.map((path) => readFileSync(join(folder, path), 'latin1')).join('');
  const lines = text.split('\n');
  const end = lines.pop() ?? '';
  const bare = (line: string): string => {
    if (!DOCKER_STAMP.test(line)) throw new Error(`no stamp before ${JSON.stringify(line.slice(0, 100))}`);
    return line.replace(DOCKER_STAMP, '');
  };
  return Buffer.from(lines.map((line) => `${bare(line)}\n`).join('') + (end === '' ? '' : bare(end)), 'latin1');
}

/** The captures of a recording, decompressed. */
export function recordedCaptures(folder: string): readonly Buffer[] {
  return manifestIn(folder)
    .captures.flatMap((c) => c.paths)
    .map((path) => readFileSync(join(folder, path)))
    .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes));
}

/** Waits until somebody listens to the packets of this host's `bridge`: without traffic a capture has no file yet. */
export function capturing(bridge: string): Promise<void> {
  const index = readFileSync(`/sys/class/net/${bridge}/ifindex`, 'utf8').trim();
  return until(`a capture of ${bridge} to begin`, () =>
    readFileSync('/proc/net/packet', 'utf8')
      .split('\n')
      .some((line) => line.split(/\s+/)[4] === index),
  );
}

/** Fails with the place of the first difference; whole logs are too long to be shown. */
export function assertSameBytes(actual: Buffer, expected: Buffer, what: string): void {
  if (actual.equals(expected)) return;
  let at = 0;
  while (at < actual.length && actual[at] === expected[at]) at++;
  const around = (bytes: Buffer): string => JSON.stringify(bytes.subarray(Math.max(0, at - 60), at + 60).toString('latin1'));
  assert.fail(
    `${what}: ${actual.length} bytes instead of ${expected.length}, different from byte ${at}: ${around(actual)} instead of ${around(expected)}`,
  );
}
