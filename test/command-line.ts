import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Analysis } from '../src/analysis/contract.js';
import { ROOT } from './recordings.js';

const PROGRAM = join(ROOT, 'dist', 'src', 'cli', 'main.js');

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the compiled program as a child process, its output in pipes. */
export function gossipscope(args: readonly string[], options: RunOptions = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd ?? ROOT,
    input: options.input ?? '',
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    timeout: 600_000,
  });
  return { status, stdout, stderr };
}

const scratch: string[] = [];
process.on('exit', () => {
  // What was just killed, as a browser, may go on writing for a moment.
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** A scratch folder that is gone when the process ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gossipscope-test-'));
  scratch.push(folder);
  return folder;
}

export interface Analyzed extends Outcome {
  /** `analysis.json` as it lies on disk. */
  readonly text: string;
  readonly analysis: Analysis;
  readonly report: string;
}

/** Runs `analyze` on `paths` without charts into a fresh folder; throws what the program said when it fails. */
export function analyzed(paths: readonly string[], options: RunOptions = {}, more: readonly string[] = []): Analyzed {
  const out = scratchFolder();
  const outcome = gossipscope(['analyze', ...paths, '--out', out, '--no-charts', ...more], options);
  if (outcome.status !== 0) throw new Error(`exit ${outcome.status}: ${outcome.stderr}`);
  const text = readFileSync(join(out, 'analysis.json'), 'utf8');
  return { ...outcome, text, analysis: JSON.parse(text) as Analysis, report: readFileSync(join(out, 'report.html'), 'utf8') };
}
