import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Glance } from './live-show.js';
import { drawTerminal } from './terminal-lines.js';

const ADDRESS = 'http://127.0.0.1:7077/';

const glanceOf = (peers: number, entries: number, name = 'ada.red.net'): Glance => ({
  status: {
    state: 'recording',
    recording: 'captures/x',
    from: '2030-01-02T03:04:05.000000Z',
    to: '2030-01-02T03:05:05.000000Z',
    lines: 1200,
    packets: 80,
    packetsPerSecond: 12,
    packetsDropped: 3,
    troubles: [],
    report: null,
  },
  present: [
    {
      name: 'c',
      highest: 7,
      leaders: [{ channel: 'c', organization: 'RedMSP', peers: [name], leaders: [name], how: 'elected', since: '2030-01-02T03:04:10.000000Z' }],
      peers: Array.from({ length: peers }, (_, i) => ({
        peer: `${name}${i}`,
        isUp: i !== 1,
        height: 7 - (i % 2),
        sees: i === 2 ? 0 : peers - 1,
        others: peers - 1,
      })),
    },
  ],
  entries: Array.from({ length: entries }, (_, i) => ({
    id: i,
    at: `2030-01-02T03:04:${String(i % 60).padStart(2, '0')}.000000Z`,
    topic: 'block',
    node: name,
    words: `did thing ${i}`,
    place: null,
  })),
});

const unstyled = (line: string): string => line.replace(/\x1b\[\d+m/g, '');

test('tells state, packets and drops, leaders, heights, views, the page and the newest events', () => {
  const text = drawTerminal(glanceOf(3, 50), ADDRESS, { columns: 100, rows: 24 }, false).join('\n');
  for (const words of [
    'recording',
    'captures/x',
    '80 packets, 12/s, 3 dropped',
    ADDRESS,
    'RedMSP: ada.red.net since 03:04:10',
    'height 7',
    'down',
    'sees 0 of 2',
    'did thing 49',
    'Ctrl-C',
  ])
    assert.ok(text.includes(words), `${words} in\n${text}`);
  assert.doesNotMatch(text, /\x1b/);
});

test('is never wider or higher than the terminal, whatever its size and what it shows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: 0, max: 80 }),
      fc.boolean(),
      (columns, rows, peers, entries, colours) => {
        const lines = drawTerminal(glanceOf(peers, entries), ADDRESS, { columns, rows }, colours);
        assert.ok(lines.length <= rows, `${lines.length} lines in ${rows} rows`);
        for (const line of lines) assert.ok(unstyled(line).length <= columns, line);
      },
    ),
  );
});

test('names cannot command the terminal', () => {
  const lines = drawTerminal(glanceOf(2, 3, 'a\x1b[2Jb\rc\nd\u202e'), ADDRESS, { columns: 200, rows: 30 }, true);
  for (const line of lines) assert.doesNotMatch(line.replace(/\x1b\[\d+m/g, ''), /[\x00-\x1f\u202e]/);
});
