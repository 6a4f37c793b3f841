import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Analysis } from '../src/analysis/contract.js';
import { analyzed, gossipscope, scratchFolder } from './command-line.js';
import { ROOT } from './recordings.js';

const RECORDINGS = ['byfn-bootstrap-steps', 'json-2.2', 'raft-2.2'];

function bundled(recording: string, ...options: readonly string[]): string {
  const out = join(scratchFolder(), 'x.gossipscope.tar.gz');
  const { status, stderr } = gossipscope(['bundle', join(ROOT, 'captures', recording), '--out', out, ...options]);
  assert.equal(status, 0, stderr);
  return out;
}

/** Without the words about files that a bundle leaves out. */
const comparable = (analysis: Analysis): unknown => ({ ...analysis, oddities: analysis.oddities.filter((o) => o.kind !== 'unrecognised-file') });

/** Where two documents differ other than by one text standing for another all through. */
function differences(a: unknown, b: unknown, path: string, texts: Map<string, string>): readonly string[] {
  if (typeof a === 'string' && typeof b === 'string') {
    const known = texts.get(a);
    texts.set(a, b);
    return (known === undefined || known === b) && a.length === b.length ? [] : [`${path}: ${a} / ${b} / ${known}`];
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b ? [] : [`${path}: ${String(a)} / ${String(b)}`];
  const [inA, inB] = [Object.entries(a), Object.entries(b)];
  if (inA.length !== inB.length) return [`${path}: ${inA.length} / ${inB.length} fields`];
  return inA.flatMap(([key, value], i) => differences(value, inB[i]?.[1], `${path}.${key}`, texts));
}

/** Fewer characters of base64 are found in random bytes. */
const TELLING_CHARACTERS = 6;

/** The characters that `name` gives in base64 whatever stands around it, at each of the three places it can begin at. */
function base64Needles(name: string): readonly string[] {
  return [0, 1, 2]
    .map((shift) =>
      Buffer.from(`${' '.repeat(shift)}${name}   `)
        .toString('base64')
        .slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + name.length) * 8) / 6)),
    )
    .filter((needle) => needle.length >= TELLING_CHARACTERS);
}

test('the needles are what base64 makes of a name', () => {
  for (const before of ['', 'a', 'xy', 'zzz', 'p'.repeat(40)])
    assert.ok(
      base64Needles('fruit').some((needle) => Buffer.from(`${before}fruit and more`).toString('base64').includes(needle)),
      before,
    );
});

for (const recording of RECORDINGS)
  describe(recording, () => {
    const original = analyzed([join(ROOT, 'captures', recording)]).analysis;

    test('the analysis of its bundle is the same', () => {
      assert.deepEqual(comparable(analyzed([bundled(recording)]).analysis), comparable(original));
    });

    test('the analysis of its redacted bundle is the same under other names, and no name is left', () => {
      const bundle = bundled(recording, '--redact', '--redact-key', 'test');
      const { analysis, text } = analyzed([bundle]);
      assert.deepEqual(differences(comparable(original), comparable(analysis), '', new Map()), []);
      const files = gunzipSync(readFileSync(bundle));
      const hosts = original.nodes.map((node) => node.name).filter((name) => name.includes('.'));
      const names = [...hosts, ...original.channels.map((c) => c.name ?? ''), ...original.nodes.flatMap((n) => [n.mspId ?? '', n.pkiId ?? ''])];
      for (const name of new Set(names.filter((n) => n.length > 2))) {
        for (const bytes of [files, Buffer.from(text)]) {
          const plain = bytes.toString('latin1');
          for (const form of [
            name,
            name.toUpperCase(),
            encodeURIComponent(name),
            Buffer.from(name).toString('hex'),
            [...Buffer.from(name)].join(' '),
          ])
            assert.equal(plain.includes(form), false, `${name} as ${form}`);
          for (const needle of base64Needles(name)) assert.equal(plain.includes(needle), false, `${name} in base64`);
          assert.equal(bytes.includes(Buffer.from(name, 'utf16le')), false, `${name} in UTF-16`);
        }
      }
    });
  });
