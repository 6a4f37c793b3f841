import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addFrameTexts, analyze } from '../src/analysis/analyze.js';
import type { Analysis } from '../src/analysis/contract.js';
import { readFrameTexts, readRecording } from '../src/cli/read-recording.js';

/** The checkout, from the compiled test's place in it. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const SILENT = { say: () => undefined, done: () => undefined };

/** A version that stays, so that a release does not change every golden file. */
export const GOLDEN_VERSION = '0.0.0-golden';

/** Every bundled recording: a folder with logs in it. */
export function recordings(): readonly { readonly name: string; readonly path: string }[] {
  const captures = join(ROOT, 'captures');
  const children = (folder: string): readonly string[] =>
    readdirSync(folder, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => join(folder, e.name));
  const isRecording = (path: string): boolean => existsSync(join(path, 'logs'));
  return children(captures)
    .flatMap((path) => (isRecording(path) ? [path] : children(path).filter(isRecording)))
    .sort()
    .map((path) => ({ name: dirname(path) === captures ? basename(path) : `${basename(dirname(path))}-${basename(path)}`, path }));
}

/** Analyzes `paths` as the command line does, frame texts included, without writing anything. */
export async function analyzePaths(paths: readonly string[], names: ReadonlyMap<string, string> = new Map()): Promise<Analysis> {
  const { recorded, files } = await readRecording({ paths, names, zoneOffsetMinutes: null, progress: SILENT });
  const result = analyze(recorded, GOLDEN_VERSION);
  return addFrameTexts(result.analysis, await readFrameTexts(files, result.citedFrames));
}
