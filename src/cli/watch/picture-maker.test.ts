import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endlessNetwork } from '../../../test/builders/endless-network.js';
import { PictureMaker } from './picture-maker.js';
import type { PictureBatch } from './picture-messages.js';

const NOTHING: PictureBatch = { logs: [], captures: [], inspects: [], told: [], manifest: null, leftOut: [] };

/** What the network logs in pieces of 100 lines or so. */
function batches(hours: number): readonly PictureBatch[] {
  const pieces = [...endlessNetwork({ hours, blockSeconds: 10 })];
  const logs = pieces.map(({ path, container, lines }) => ({ path, container, bytes: Buffer.from(lines) }));
  return Array.from({ length: Math.ceil(logs.length / 100) }, (_, i) => ({ ...NOTHING, logs: logs.slice(100 * i, 100 * i + 100) }));
}

test('the first picture is whole; then charts and slow sections wait their turn, and get it once more when all is quiet', () => {
  let now = 0;
  const maker = new PictureMaker({ toolVersion: '0', limits: {} }, () => now);
  assert.equal(maker.dueMillis, Number.POSITIVE_INFINITY);
  const [first, ...rest] = batches(0.2);
  maker.take(first as PictureBatch);
  assert.ok(maker.dueMillis <= now);
  const whole = maker.make();
  const idsOf = (picture: { readonly sections: readonly { readonly id: string }[] }): readonly string[] => picture.sections.map((s) => s.id);
  for (const id of ['verdict', 'present', 'walkthrough', 'sources', 'connectivity']) assert.ok(idsOf(whole).includes(id), id);
  assert.ok(whole.charts.length > 0);
  assert.ok(whole.present.length === 1 && whole.nodeOfSource.size === 4);
  now += 1_000;
  for (const batch of rest) maker.take(batch);
  assert.ok(maker.dueMillis <= now);
  const quick = maker.make();
  assert.ok(idsOf(quick).includes('present') && idsOf(quick).includes('blocks'));
  for (const id of ['sources', 'connectivity', 'nodes']) assert.ok(!idsOf(quick).includes(id), id);
  assert.deepEqual(quick.charts, []);
  assert.equal(maker.dueMillis, 10_000);
  now = 10_000;
  const late = maker.make();
  assert.deepEqual(idsOf(late).includes('sources'), true);
  assert.ok(late.charts.length > 0);
  now += 100_000;
  assert.equal(maker.dueMillis, Number.POSITIVE_INFINITY);
});

test('while the recording goes on its end is called now, and nobody is told to record what is recorded', () => {
  const maker = new PictureMaker({ toolVersion: '0', limits: {} }, () => 0);
  for (const batch of batches(0.02)) maker.take(batch);
  const textOf = (picture: { readonly sections: readonly { readonly html: string }[] }): string => picture.sections.map((s) => s.html).join('');
  const live = textOf(maker.make());
  assert.match(live, /until now/);
  assert.doesNotMatch(live, /(?:to|until|by) the end\b|the end of the recording|docker logs|Not in these sources/);
  maker.end();
  assert.match(textOf(maker.make()), /(?:to|until) the end\b|the end of the recording/);
});

test('before anything came there is no report and no analysis; what was left out is told', async () => {
  const maker = new PictureMaker({ toolVersion: '0', limits: {} }, () => 0);
  assert.equal(await maker.report(), null);
  assert.equal(maker.analysis(), null);
  assert.equal(maker.note(1), null);
  maker.take({ ...NOTHING, leftOut: [{ path: 'packets/a.pcap', bytes: 9_000 }] });
  maker.make();
  const analysis = JSON.parse(maker.analysis() ?? '') as { readonly oddities: readonly { readonly kind: string; readonly count: number }[] };
  assert.deepEqual(
    analysis.oddities.map((o) => [o.kind, o.count]),
    [['too-fast-for-the-page', 9_000]],
  );
});
