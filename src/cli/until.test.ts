import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperationalError } from '../recording/operational-error.js';
import { parseUntil } from './until.js';
import { UntilWatch } from './until-watch.js';

const inspectOf = (...ids: readonly string[]): string =>
  JSON.stringify(
    ids.map((id) => ({ Id: id, Name: `/${id}`, Config: { Image: 'hyperledger/fabric-peer:2.2', Env: [] }, State: {}, NetworkSettings: {} })),
  );
const committed = (block: number, channel = 'ch'): Buffer =>
  Buffer.from(
    `2026-01-01T00:00:00.000000000Z 2026-01-01 00:00:00.000 UTC [kvledger] CommitLegacy -> INFO 0${block} [${channel}] Committed block [${block}] with 1 transaction(s) in 10ms (state_validation=0ms block_and_pvtdata_commit=9ms state_commit=0ms) commitHash=[]\n`,
  );

function watch(text: string): { readonly on: UntilWatch; readonly count: () => number } {
  let reached = 0;
  return { on: new UntilWatch(parseUntil(text), () => reached++), count: () => reached };
}

test('a block counts when every recorded peer has committed it, once', () => {
  const { on, count } = watch('block 5 on ch');
  on.inspect('docker/inspect-before.json', inspectOf('a', 'b'));
  on.log('logs/a.log', { id: 'a', name: 'a' }, committed(5));
  on.log('logs/b.log', { id: 'b', name: 'b' }, committed(4));
  on.log('logs/b.log', { id: 'b', name: 'b' }, committed(7, 'other'));
  assert.equal(count(), 0);
  on.log('logs/b.log', { id: 'b', name: 'b' }, committed(6));
  on.log('logs/b.log', { id: 'b', name: 'b' }, committed(7));
  assert.equal(count(), 1);
});

test('a line, an exit and a mark count, joined by and and or', () => {
  const { on, count } = watch('log /a and b/i in peer0 and exit cli or mark all done');
  on.log('logs/x.log', { id: 'x', name: 'other' }, Buffer.from('2026-01-01T00:00:00Z A and B\n'));
  on.log('logs/p.log', { id: 'p', name: 'peer0' }, Buffer.from('2026-01-01T00:00:00Z so A AND b it is\n'));
  assert.equal(count(), 0);
  on.told('docker/events.ndjson', `${JSON.stringify({ action: 'die', containerName: 'peer0' })}\nnot json\n`);
  assert.equal(count(), 0);
  on.told('docker/events.ndjson', `${JSON.stringify({ action: 'die', containerName: 'cli' })}\n`);
  assert.equal(count(), 1);
  const second = watch('log /x/ or mark all done');
  second.on.told('marks.ndjson', `${JSON.stringify({ at: '', text: 'all done' })}\n`);
  assert.equal(second.count(), 1);
});

test('a stamp of Docker is no part of the line', () => {
  const { on, count } = watch('log /^2026/');
  on.log('logs/x.log', { id: 'x', name: 'x' }, Buffer.from('2026-01-01T00:00:00Z hello\n'));
  assert.equal(count(), 0);
});

test('what is no expression is refused with the forms', () => {
  for (const text of ['', 'block', 'block x', 'and', 'block 1 and', 'block 1 or or exit a', 'log /(/', 'log /a/ exit b', 'soon'])
    assert.throws(
      () => parseUntil(text),
      (e) => e instanceof OperationalError && e.hint.includes('block 5'),
      text,
    );
});
