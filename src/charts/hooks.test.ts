import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PlainConfiguration, TickFormat } from './chart.js';
import { bringToLife, installUtcAdapter } from './hooks.js';

interface Adapter {
  readonly format: (at: number, format: string) => string;
  readonly add: (at: number, amount: number, unit: string) => number;
  readonly diff: (a: number, b: number, unit: string) => number;
  readonly startOf: (at: number, unit: string) => number;
  readonly endOf: (at: number, unit: string) => number;
}
let adapter: Adapter | null = null;
installUtcAdapter({ _adapters: { _date: { override: (members) => (adapter = members as Adapter) } } });
const utc = adapter as unknown as Adapter;

const configuration = (x: TickFormat, tooltip: PlainConfiguration['hooks']['tooltip']): PlainConfiguration => ({
  type: 'scatter',
  data: { datasets: [{ label: 'peer0', data: [{ x: 1, y: 2 }] }] },
  options: { scales: { x: { ticks: { color: '#000000' } } }, plugins: { tooltip: { padding: 8 } } },
  hooks: { ticks: { x }, tooltip, notes: true, marks: [{ at: 1, label: 'here' }] },
});
type Live = {
  options: {
    scales: { x: { ticks: { color: string; callback: (value: number, index: number, ticks: object[]) => string | null } } };
    plugins: { tooltip: { callbacks: { title: (items: object[]) => string; label: (item: object) => string | string[] } } };
  };
  plugins: object[];
};
const live = (x: TickFormat, tooltip: PlainConfiguration['hooks']['tooltip'] = 'lag'): Live =>
  bringToLife(configuration(x, tooltip)) as unknown as Live;
const tick = (format: TickFormat, value: number): string | null => live(format).options.scales.x.ticks.callback(value, 0, [{ value }]);
const tooltip = (wording: PlainConfiguration['hooks']['tooltip'], raw: object) => {
  const { title, label } = live({ format: 'count' }, wording).options.plugins.tooltip.callbacks;
  const item = { dataset: { label: 'peer0' }, raw };
  return [title([item]), label(item)];
};

test('a configuration comes to life as a copy: the plain one keeps no function and can be used again', () => {
  const plain = configuration({ format: 'percent' }, 'lag');
  const before = JSON.stringify(plain);
  const once = bringToLife(plain) as unknown as Live;
  assert.equal(JSON.stringify(plain), before);
  assert.equal(once.options.scales.x.ticks.color, '#000000');
  assert.equal(once.plugins.length, 2);
});

test('ticks carry their unit', () => {
  assert.equal(tick({ format: 'percent' }, 50), '50 %');
  assert.equal(tick({ format: 'count' }, 2.5), null);
  assert.equal(tick({ format: 'bytes-per-second' }, 1_500), '1.5 kB/s');
  assert.equal(tick({ format: 'duration', logarithmic: null }, 1_250), '1.25 s');
  const logarithmic = { format: 'duration', logarithmic: { zeroAtMillis: 0.5, digits: [1, 2, 5] } } as const;
  assert.deepEqual(
    [0.5, 1, 3, 20, 5_000].map((value) => tick(logarithmic, value)),
    ['0', '1 ms', null, '20 ms', '5 s'],
  );
});

test('tooltips tell the exact time, the peer and the value with its unit', () => {
  const at = Date.UTC(2030, 0, 2, 3, 4, 5, 6) + 0.007;
  assert.deepEqual(tooltip('lag', { x: 7, y: 12, block: 7, lagMillis: 12.5, at, via: 'via gossip from peer1' }), [
    'block 7',
    ['peer0: 12.5 ms after the first', '2030-01-02 03:04:05.006007 UTC', 'via gossip from peer1'],
  ]);
  assert.deepEqual(tooltip('span', { x: [at, at + 19], y: 'peer0.org1' }), [
    'peer0.org1',
    ['peer0: 2030-01-02 03:04:05.006007 UTC to 03:04:05.025007 (19 ms)'],
  ]);
  assert.deepEqual(tooltip('view', { x: at, y: 2.9, members: 3 }), ['2030-01-02 03:04:05.006007 UTC', 'peer0: 3 members']);
  assert.deepEqual(tooltip('traffic', { x: at, y: 2_048 }), ['2030-01-02 03:04:05.006007 UTC', 'peer0: 2.05 kB/s']);
});

test('the adapter knows UTC calendars, whatever the time zone', () => {
  const at = Date.UTC(2028, 1, 29, 23, 59, 58, 765);
  assert.equal(utc.format(at, 'millisecond'), '23:59:58.765');
  assert.equal(new Date(utc.startOf(at, 'week')).toISOString(), '2028-02-28T00:00:00.000Z');
  assert.equal(new Date(utc.startOf(at, 'quarter')).toISOString(), '2028-01-01T00:00:00.000Z');
  assert.equal(new Date(utc.endOf(at, 'month')).toISOString(), '2028-02-29T23:59:59.999Z');
  assert.equal(utc.diff(Date.UTC(2029, 3, 1), Date.UTC(2028, 1, 1), 'month'), 14);
});

test('a unit starts at or before every moment in it, and its next one after', () => {
  const moments = fc.integer({ min: 0, max: 4_000_000_000_000 });
  const units = fc.constantFrom('millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year');
  fc.assert(
    fc.property(moments, units, (at, unit) => {
      const start = utc.startOf(at, unit);
      assert.ok(start <= at && at < utc.add(start, 1, unit));
      assert.equal(utc.startOf(start, unit), start);
      assert.equal(utc.diff(utc.add(start, 3, unit), start, unit), 3);
    }),
  );
});
