import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { LogEvent } from '../../events/event.js';
import { LogDecoder, type LogSummary } from '../log-decoder.js';
import type { Pattern } from '../pattern.js';
import { stripFields } from '../record-fields.js';
import { CATALOGUE } from './catalogue.js';

function decode(text: string): { events: LogEvent[]; summary: LogSummary } {
  const events: LogEvent[] = [];
  const decoder = new LogDecoder({ source: 'sample.log', onEvent: (event) => events.push(event) });
  decoder.push(Buffer.from(`${text}\n`));
  return { events, summary: decoder.end() };
}

/** Logger, level and message of a sample: an own reading of the header, so that the decoder's is not its own witness. */
function readHeader(line: string): { logger: string; level: string; message: string } {
  const old = /^\S+ \S+ \S+ \[([^\]]+)\] \S+ -> ([A-Z]{4}) [0-9a-f]+ ([\s\S]*)$/.exec(line);
  if (old !== null) return { logger: old[1] as string, level: old[2] as string, message: old[3] as string };
  const late = /^\S+ \S+ \S+ [0-9a-f]+ ([A-Z]{4}) \[([^\]]+)\] \S+ -> ([\s\S]*)$/.exec(line);
  assert.ok(late, `no header: ${line}`);
  return { logger: late[2] as string, level: late[1] as string, message: late[3] as string };
}

function matchingPatterns(line: string): readonly Pattern[] {
  const { logger, level, message } = readHeader(line);
  const [firstLine = '', ...more] = message.split('\n');
  const stripped = stripFields(firstLine).message;
  const whole = [stripped, ...more].join('\n');
  return CATALOGUE.filter(
    (pattern) =>
      pattern.loggers.includes(logger.replaceAll('/', '.')) &&
      (pattern.levels === undefined || pattern.levels.some((wanted) => wanted === level)) &&
      pattern.message.test(pattern.multiLine ? whole : stripped),
  );
}

/** The repository's root: tests run from the sources or from the output folder beside it. */
function findCaptures(): string {
  for (const root of [process.cwd(), join(import.meta.dirname, '../../../..'), join(import.meta.dirname, '../../..')]) {
    if (existsSync(join(root, 'captures'))) return join(root, 'captures');
  }
  return assert.fail('no captures folder');
}

function readLogs(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return readLogs(path);
    if (!/\/logs$/.test(folder) || !/\.log(\.gz)?$/.test(entry.name)) return [];
    const bytes = readFileSync(path);
    const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    return [text.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /gm, '').replace(/\x1b\[[\d;]*m/g, '')];
  });
}

describe('catalogue of log wordings', () => {
  let recorded = '';
  before(() => {
    recorded = readLogs(findCaptures()).join('\n');
    assert.ok(recorded.length > 100_000, 'the captures hold logs');
  });

  it('names every pattern once and gives it a sample', () => {
    const names = CATALOGUE.map((pattern) => pattern.name);
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    );
    assert.deepEqual(
      CATALOGUE.filter((pattern) => pattern.samples.length === 0).map((pattern) => pattern.name),
      [],
    );
  });

  it('has the literal of every pattern in the first line of its samples', () => {
    for (const pattern of CATALOGUE) {
      assert.ok(pattern.hint.length >= 3, pattern.name);
      for (const { line } of pattern.samples) assert.ok((line.split('\n')[0] as string).includes(pattern.hint), `${pattern.name}: ${line}`);
    }
  });

  it('matches every sample with its own pattern and no other', () => {
    for (const pattern of CATALOGUE) {
      for (const { line } of pattern.samples) {
        assert.deepEqual(
          matchingPatterns(line).map((match) => match.name),
          [pattern.name],
          line,
        );
      }
    }
  });

  it('decodes every sample to the event it tells', () => {
    for (const pattern of CATALOGUE) {
      for (const { line, expect } of pattern.samples) {
        const { events, summary } = decode(line);
        assert.deepEqual(
          events.map((event) => event.body),
          expect === null ? [] : [expect],
          line,
        );
        assert.deepEqual(summary.oddities, [], line);
      }
    }
  });

  it('took every sample without a source from a recording', () => {
    for (const pattern of CATALOGUE) {
      for (const { line, source } of pattern.samples) if (source === undefined) assert.ok(recorded.includes(line), line);
    }
  });
});
