import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatInstant } from '../events/instant.js';
import { parseDockerEvents, parseOperatorMarks } from './docker-events.js';
import { MAX_JSON_LINES } from './json-lines.js';

const SOURCE = 'docker/events.ndjson';
const GOOD = '{"at":"2030-01-02T03:04:05.123456789Z","type":"container","action":"die","containerId":"c1","containerName":"peer0","exitCode":137}';

test('an event keeps its moment, its place and its line', () => {
  const { events, excerpts, from, to } = parseDockerEvents(`\n${GOOD}\n`, SOURCE);
  const [event] = events;
  assert.equal(events.length, 1);
  assert.ok(event !== undefined && from !== null && to !== null);
  assert.equal(formatInstant(event.at), '2030-01-02T03:04:05.123456Z');
  assert.ok(Math.abs(event.stampMicros - event.at - 0.789) <= 0.25, 'the nanoseconds order, as far as a double holds them');
  assert.deepEqual([event.action, event.exitCode, event.line, event.network], ['die', 137, 2, null]);
  assert.equal(excerpts.get(2), GOOD);
});

test('what Docker appends to an action after a colon is not part of it', () => {
  const [event] = parseDockerEvents('{"at":"2030-01-02T03:04:05Z","type":"container","action":"exec_create: peer channel list"}', SOURCE).events;
  assert.equal(event?.action, 'exec_create');
});

test('bad lines are counted with their places, and the good ones around them stay', () => {
  const lines = [
    GOOD,
    '{"at":"yesterday","type":"container","action":"die"}',
    '{"at":"2030-01-02T03:04:05Z","type":"image","action":"pull"}',
    '[]',
    '{"torn',
    GOOD,
  ];
  const { events, unreadable, oddities } = parseDockerEvents(lines.join('\r\n'), SOURCE);
  assert.deepEqual([events.map((e) => e.line), unreadable], [[1, 6], 4]);
  assert.deepEqual(
    oddities.map((o) => [o.kind, o.count, o.evidence]),
    [['unreadable-docker-event', 4, [2, 3, 4, 5].map((line) => ({ source: SOURCE, line }))]],
  );
});

test('lines beyond the limit and lines without end are counted, not kept', () => {
  const many = parseDockerEvents(`${GOOD}\n`.repeat(MAX_JSON_LINES + 5), SOURCE);
  assert.deepEqual([many.events.length, many.unreadable], [MAX_JSON_LINES, 1]);
  const long = parseDockerEvents(`{"x":"${'a'.repeat(1 << 20)}"}\n${GOOD}`, SOURCE);
  assert.deepEqual([long.events.map((e) => e.line), long.unreadable], [[2], 1]);
  assert.ok((long.oddities[0]?.example.length ?? 0) <= 300);
});

test('a note needs a time and a text', () => {
  const { marks, unreadable } = parseOperatorMarks(
    '{"at":"2030-01-02T03:04:05Z","text":"<b>now</b>"}\n{"at":"2030-01-02T03:04:05Z"}\n{"text":"x"}',
    'marks.ndjson',
  );
  assert.deepEqual([marks.map((m) => [m.text, m.line]), unreadable], [[['<b>now</b>', 1]], 2]);
});

test('no text makes the readers throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        fc.array(fc.json()).map((a) => a.join('\n')),
      ),
      (text) => {
        parseDockerEvents(text, SOURCE);
        parseOperatorMarks(text, 'marks.ndjson');
      },
    ),
  );
});
