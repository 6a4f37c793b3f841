import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { endlessNetwork } from '../../test/builders/endless-network.js';
import { stepsOf } from '../../test/builders/replay.js';
import { analyzePaths } from '../../test/recordings.js';
import type { RecordingObserver } from '../recording/observer.js';
import type { Analysis } from './contract.js';
import { LiveAnalysis, type LiveLimits } from './live.js';

const CAPTURES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'captures');

/** What a recorder tells, handed to `live`; time stands still. */
const observerOf = (live: LiveAnalysis): RecordingObserver => ({
  log: (path, container, bytes) => live.log(path, container, bytes, 0),
  capture: (path, bytes) => live.capture(path, bytes),
  inspect: (path, text) => live.inspect(path, text),
  told: (path, lines) => live.dockerEvents(path, lines),
  manifest: () => undefined,
});

/** Leaders and views as they stand at the end. */
const standing = (analysis: Analysis) =>
  analysis.channels.map((c) => ({
    channel: c.name,
    leaders: c.organizations.map((o) => ({
      mspId: o.mspId,
      verdict: o.leadership.verdict,
      leading: o.leadership.terms.filter((t) => t.to === null).map((t) => [t.peer, t.from]),
    })),
    sees: c.membership.matrix.map((m) => [m.observer, m.subject, m.seen.at(-1)?.from, m.seen.at(-1)?.to]),
    peers: c.peers.map((p) => [p.peer, p.height, p.joinedAt]),
  }));

for (const name of ['byfn-no-bootstrap', 'raft-2.2']) {
  test(`${name}, told piece by piece, comes to what the finished recording says`, async () => {
    const expected = await analyzePaths([join(CAPTURES, name)]);
    const live = new LiveAnalysis('0.0.0-golden');
    for (const step of stepsOf(join(CAPTURES, name))) step.tell(observerOf(live));
    live.tick(1000);
    const { analysis } = live.analyze();
    const { analysis: again } = live.analyze();
    assert.deepEqual(again, analysis);
    assert.deepEqual(standing(analysis), standing(expected));
    assert.deepEqual(
      analysis.channels.map((c) => c.blocks.map((b) => [b.number, b.spreadMicros, b.copies.length])),
      expected.channels.map((c) => c.blocks.map((b) => [b.number, b.spreadMicros, b.copies.length])),
    );
    assert.equal(analysis.walkthrough.length, expected.walkthrough.length);
  });
}

test('hours of blocks, calls and quarrels stay within bounds, and leaders and views are what they would be without', () => {
  const limits: Partial<LiveLimits> = { maxBlocksPerChannel: 40, maxPassingEvents: 50, maxViewsPerChannel: 100, maxEvents: 2_000 };
  const bounded = new LiveAnalysis('0', limits);
  const huge = 1e9;
  const unbounded = new LiveAnalysis('0', {
    maxBlocksPerChannel: huge,
    maxBlockEvents: huge,
    maxPassingEvents: huge,
    maxViewsPerChannel: huge,
    maxEvents: huge,
  });
  let most = 0;
  let hour = 0;
  for (const { path, container, lines } of endlessNetwork({ hours: 3, blockSeconds: 6 })) {
    const bytes = Buffer.from(lines);
    bounded.log(path, container, bytes, hour);
    unbounded.log(path, container, bytes, hour);
    if (++hour % 400 !== 0) continue;
    bounded.recorded();
    most = Math.max(most, bounded.keptEvents);
  }
  bounded.tick(1e6 + hour);
  unbounded.tick(1e6 + hour);
  const kept = bounded.analyze().analysis;
  const all = unbounded.analyze().analysis;
  assert.ok(unbounded.keptEvents > 20_000, `${unbounded.keptEvents} events`);
  assert.ok(most <= 2_500, `${most} events were kept`);
  assert.ok(bounded.keptEvents <= 2_000, `${bounded.keptEvents} events are kept`);
  assert.deepEqual(standing(kept), standing(all));
  assert.ok(standing(kept)[0]?.leaders.every((l) => l.leading.length === 1));
  const oddity = kept.oddities.find((o) => o.kind === 'older-lines-left-out');
  assert.match(oddity?.example ?? '', /in the recording, not on this page/);
  const blocks = kept.channels[0]?.blocks ?? [];
  assert.ok(blocks.length >= 40 && blocks.length <= 44, `${blocks.length} blocks`);
  assert.equal(blocks.at(-1)?.number, all.channels[0]?.blocks.at(-1)?.number);
});

test('connections that closed long ago make room', () => {
  const live = new LiveAnalysis('0', { capture: { maxConnections: 20 } });
  for (const step of stepsOf(join(CAPTURES, 'byfn-no-bootstrap'))) step.tell(observerOf(live));
  const { analysis } = live.analyze();
  assert.ok(analysis.gossip.connections.length <= 20, `${analysis.gossip.connections.length}`);
  assert.ok(analysis.oddities.some((o) => o.kind === 'connections-evicted'));
});

test('too many logs are told, not kept', () => {
  const live = new LiveAnalysis('0', { maxLogs: 2 });
  for (const name of ['a', 'b', 'c', 'd']) live.log(`logs/${name}.log`, { id: name, name }, Buffer.from('nothing of Fabric\n'), 0);
  const { oddities } = live.recorded();
  assert.equal(oddities.find((o) => o.kind === 'too-many-logs')?.count, 2);
});

test('nothing that comes makes it throw', () => {
  const live = new LiveAnalysis('0');
  const odd = Buffer.from('\u0000\ufffd{]\n\n2026-\n{"level":\n', 'latin1');
  live.log('logs/odd.log', { id: '', name: '' }, odd, 0);
  live.capture('packets/odd.pcap', odd);
  live.inspect('docker/odd.json', '{');
  live.dockerEvents('docker/events.ndjson', '{"at":3}\nnull\n');
  live.marks('marks.ndjson', 'x');
  live.manifest('manifest.json', '[]');
  live.tick(1e6);
  assert.equal(live.analyze().analysis.channels.length, 0);
});
