import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { endlessNetwork } from '../../../test/builders/endless-network.js';
import { replay, stepsOf } from '../../../test/builders/replay.js';
import { ROOT } from '../../../test/recordings.js';
import type { Manifest } from '../../recording/manifest.js';
import type { LiveState, LiveUpdate } from '../../report/live/messages.js';
import { LiveShow } from './live-show.js';

const PAGE = { text: '', policy: '' };
const newShow = (): LiveShow => new LiveShow({ toolVersion: '0.0.0-test', page: PAGE });

const MANIFEST: Manifest = {
  format: 'gossipscope-recording',
  formatVersion: 1,
  tool: { name: 'gossipscope', version: '0' },
  name: 'demo',
  state: 'recording',
  endedBy: null,
  startedAt: '2030-01-02T03:04:05.000Z',
  endedAt: null,
  recorder: { pid: 1, host: 'x' },
  engine: { version: '', apiVersion: '', operatingSystem: '', location: 'local' },
  selection: { projects: [], networks: [], containers: [] },
  logs: [],
  captures: [],
  inspects: [],
  gaps: [{ source: 'logs/a.log', from: null, to: null, why: 'the engine was away' }],
  missing: [{ what: 'packets', why: 'no tcpdump\u202e', hint: 'install it' }],
  removed: [],
};

/** A page's memory: what it holds after the state and every update. */
function keep(state: LiveState, updates: readonly LiveUpdate[]): { readonly sections: Map<string, string>; readonly ids: number[] } {
  const sections = new Map(state.sections.map((s) => [s.id, s.html]));
  const ids = state.entries.map((e) => e.id);
  for (const update of updates) {
    for (const s of update.sections ?? []) sections.set(s.id, s.html);
    ids.push(...(update.entries ?? []).map((e) => e.id));
  }
  return { sections, ids };
}

test('state and updates together are what a later page is told as its state; no entry twice', async () => {
  const show = newShow();
  const updates: LiveUpdate[] = [];
  const empty = show.content.state();
  show.start((u) => updates.push(u));
  await replay(stepsOf(join(ROOT, 'captures', 'byfn-no-bootstrap')), show, 1e3);
  await show.finish();
  const { sections, ids } = keep(empty, updates);
  const final = show.content.state();
  assert.deepEqual([...sections].sort(), final.sections.map((s): [string, string] => [s.id, s.html]).sort());
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(
    final.entries.filter((e) => !ids.includes(e.id)),
    [],
  );
  assert.ok(final.charts.length > 3);
  await show.close();
});

test('a section whose facts are unchanged is not sent again', async () => {
  const show = newShow();
  for (const { path, container, lines } of endlessNetwork({ hours: 0.02, blockSeconds: 10 })) show.log(path, container, Buffer.from(lines));
  await show.finish();
  const updates: LiveUpdate[] = [];
  show.start((u) => updates.push(u));
  show.log('logs/new.log', { id: 'n', name: 'n' }, Buffer.from('no record at all\n'));
  await show.finish();
  const sent = updates.flatMap((u) => (u.sections ?? []).map((s) => s.id));
  for (const id of ['leaders', 'membership', 'blocks', 'present', 'walkthrough']) assert.ok(!sent.includes(id), id);
  await show.close();
});

test('tells what is missing and the end, with unseen characters spelled out', async () => {
  const show = newShow();
  show.manifest(MANIFEST);
  const { status } = show.glance;
  assert.equal(status.state, 'waiting');
  assert.equal(status.recording, 'demo');
  assert.deepEqual(status.troubles, ['No packets: no tcpdump\\u202e. install it', 'A gap in logs/a.log: the engine was away']);
  show.recordsInto('captures/demo');
  show.manifest({ ...MANIFEST, state: 'ended' });
  assert.equal(show.glance.status.state, 'ended');
  assert.equal(show.glance.status.recording, 'captures/demo');
  await show.close();
});

test('evidence notes keep their numbers and have their lines', async () => {
  const show = newShow();
  for (const { path, container, lines } of endlessNetwork({ hours: 0.02, blockSeconds: 10 })) show.log(path, container, Buffer.from(lines));
  await show.finish();
  const leaders = show.content.state().sections.find((s) => s.id === 'leaders')?.html ?? '';
  const number = Number(/href="#e(\d+)"/.exec(leaders)?.[1]);
  assert.match((await show.content.note(number)) ?? '', /<code>[^<]*(?:Elected as a leader|Becoming a leader)/);
  assert.equal(await show.content.note(999_999), null);
  await show.close();
});

test('gaps in logs of containers that only help, or never ran, are no troubles', async () => {
  const show = newShow();
  const inspected = (id: string, name: string, image: string, running: boolean): object => ({
    Id: id,
    Name: `/${name}`,
    Config: { Image: image, Env: [] },
    State: { Running: running, StartedAt: '', FinishedAt: '' },
    NetworkSettings: {},
  });
  show.inspect(
    'docker/inspect-before.json',
    JSON.stringify([inspected('b', 'great_boyd', 'hyperledger/fabric-ccenv', true), inspected('p', 'ada', 'hyperledger/fabric-peer', true)]),
  );
  const gapIn = (source: string): Manifest['gaps'][number] => ({ source, from: null, to: null, why: 'lost' });
  show.manifest({ ...MANIFEST, missing: [], gaps: [gapIn('great_boyd'), gapIn('logs/great_boyd.log'), gapIn('logs/ada.log'), gapIn('engine')] });
  assert.deepEqual(show.glance.status.troubles, ['A gap in logs/ada.log: lost', 'A gap in engine: lost']);
  assert.equal(show.glance.status.state, 'starting');
  await show.close();
});

test('of the status only what changed is told', async () => {
  const show = newShow();
  const updates: LiveUpdate[] = [];
  show.start((u) => updates.push(u));
  show.recordsInto('captures/demo');
  show.recordsInto('captures/other');
  assert.deepEqual(Object.keys(updates[0]?.status ?? {}).length > 5, true);
  assert.deepEqual(updates[1]?.status, { recording: 'captures/other' });
  show.recordsInto('captures/other');
  assert.equal(updates.length, 2);
  await show.close();
});
