import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bindLogs, type ManifestFacts, momentsOfInspects, parseRecordingManifest } from './recording-manifest.js';

const base = { format: 'gossipscope-recording', formatVersion: 1, name: 'x', startedAt: '2030-01-02T03:04:05Z', state: 'ended' };

function parse(parts: object, source = 'a/manifest.json'): { readonly facts: ManifestFacts; readonly lines: readonly string[] } {
  const text = JSON.stringify({ ...base, ...parts }, null, 1);
  const facts = parseRecordingManifest(text, source);
  assert.ok(facts !== null);
  return { facts, lines: text.split('\n') };
}

test('paths are relative to all inputs, beside the manifest', () => {
  const log = { paths: ['logs/p.log', 'logs/p.2.log'], stream: 'stderr', container: { id: 'c1', name: 'p' } };
  const { facts } = parse({
    logs: [log, { paths: ['x'] }, null],
    inspects: [{ path: 'docker/i.json', at: '2030-01-02T03:04:06Z', moment: 'after' }],
  });
  const bound = bindLogs([{ source: 'a/manifest.json', facts }]);
  assert.deepEqual([...bound.keys()], ['a/logs/p.log', 'a/logs/p.2.log']);
  assert.equal(bound.get('a/logs/p.2.log')?.containerId, 'c1');
  assert.deepEqual([...momentsOfInspects([{ facts }]).keys()], ['a/docker/i.json']);
  assert.deepEqual(
    parse({ logs: [log] }, 'manifest.json').facts.logs.map((l) => l.source),
    log.paths,
  );
});

test('gaps, drops and what is missing cite their lines', () => {
  const { facts, lines } = parse({
    logs: [{ paths: ['logs/p.log'], stream: 'stderr', container: { id: 'c1', name: 'p' } }],
    captures: [{ paths: ['packets/b.pcap'], interface: 'br', droppedByKernel: 3, droppedByInterface: null }],
    gaps: [
      { source: 'logs/p.log', from: null, to: null, why: 'rotated away' },
      { source: 'the events', from: null, to: null, why: 'the daemon went away' },
    ],
    missing: [{ what: 'packets', why: 'no rights', hint: 'use sudo' }],
  });
  assert.deepEqual(
    facts.gaps.map((g) => [g.source, g.why]),
    [
      ['a/logs/p.log', 'rotated away'],
      ['the events', 'the daemon went away'],
    ],
  );
  const lineOf = (e: ManifestFacts['stateEvidence']): string => ('line' in e ? (lines[e.line - 1] ?? '') : '');
  assert.match(lineOf((facts.gaps[1] as ManifestFacts['gaps'][number]).evidence), /the daemon went away/);
  assert.match(lineOf((facts.missing[0] as ManifestFacts['missing'][number]).evidence), /no rights/);
  assert.match(lineOf((facts.captures[0] as ManifestFacts['captures'][number]).evidence), /"droppedByKernel": 3/);
  assert.deepEqual(facts.captures[0]?.dropped, 3);
});

test('drops that tcpdump could not tell are unknown, not none', () => {
  assert.equal(
    parse({ captures: [{ paths: ['b'], interface: 'br', droppedByKernel: null, droppedByInterface: null }] }).facts.captures[0]?.dropped,
    null,
  );
});

test('whatever is not ended was cut off, and what is no manifest is none', () => {
  assert.equal(parse({ state: 'recording' }).facts.state, 'cut-off');
  assert.equal(parse({}).facts.state, 'ended');
  for (const text of ['', '[]', '{}', '{"format":"gossipscope-recording"}', JSON.stringify({ ...base, format: 'x' })])
    assert.equal(parseRecordingManifest(text, 'manifest.json'), null, text);
});

test('no JSON makes it throw', () => {
  const list = fc.oneof(
    fc.jsonValue(),
    fc.array(fc.record({ paths: fc.jsonValue(), container: fc.jsonValue(), source: fc.jsonValue(), why: fc.jsonValue() })),
  );
  fc.assert(
    fc.property(list, list, list, list, list, fc.string(), (logs, captures, inspects, gaps, missing, noise) => {
      parseRecordingManifest(JSON.stringify({ ...base, logs, captures, inspects, gaps, missing }), 'manifest.json');
      parseRecordingManifest(noise, 'manifest.json');
    }),
  );
});
