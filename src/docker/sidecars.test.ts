import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProcessAlive, removeLeftOverSidecars, SIDECAR_LABEL, sidecarLabels, sidecarOwner } from './sidecars.js';

const listing = (id: string, label: string | null) => ({
  id,
  name: `name-${id}`,
  image: 'i',
  state: 'running',
  labels: label === null ? { other: 'x' } : { [SIDECAR_LABEL]: label },
});
const owned = (host: string, pid: number): string => JSON.stringify({ host, pid, startedAt: '2026-01-01T00:00:00Z', recording: 'r' });

test('only the sidecars of this host whose recorder is gone are removed', async () => {
  const removed: string[] = [];
  const engine = {
    containers: async () => [
      listing('gone', owned('here', 10)),
      listing('alive', owned('here', 11)),
      listing('elsewhere', owned('there', 10)),
      listing('none', null),
      ...['', 'x', 'null', '{"host":"here"}', '{"host":"here","pid":-1}', '{"host":"here","pid":"10"}'].map((label, i) => listing(`odd${i}`, label)),
    ],
    removeContainer: async (id: string) => void removed.push(id),
  };
  assert.deepEqual(await removeLeftOverSidecars(engine, { host: 'here', isAlive: (pid) => pid === 11 }), ['name-gone']);
  assert.deepEqual(removed, ['gone']);
});

test('the label names this process', () => {
  const owner = sidecarOwner(sidecarLabels('first', '2026-01-01T00:00:00Z'));
  assert.deepEqual([owner?.pid, owner?.recording, owner?.startedAt], [process.pid, 'first', '2026-01-01T00:00:00Z']);
});

test('a process is alive or not, whoever owns it', () => {
  assert.deepEqual([isProcessAlive(process.pid), isProcessAlive(1), isProcessAlive(2 ** 30)], [true, true, false]);
});
