import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { noteRecording, recordingsInProgress, registryFolder } from './in-progress.js';

const root = mkdtempSync(join(tmpdir(), 'in-progress-test-'));
after(() => rmSync(root, { recursive: true }));

test('a recording is found while it is made, from anywhere, and not after', async () => {
  const registry = join(root, 'a');
  assert.deepEqual(await recordingsInProgress(() => true, registry), []);
  const takeBack = await noteRecording('/somewhere/captures/x', registry);
  assert.deepEqual(await recordingsInProgress((pid) => pid === process.pid, registry), [{ pid: process.pid, folder: '/somewhere/captures/x' }]);
  await takeBack();
  assert.deepEqual(readdirSync(registry), []);
});

test('notes of the dead and what is no note are removed', async () => {
  const registry = join(root, 'b');
  await noteRecording('/x', registry);
  writeFileSync(join(registry, '77.json'), 'null');
  writeFileSync(join(registry, '78.json'), '{');
  assert.deepEqual(await recordingsInProgress(() => false, registry), []);
  assert.deepEqual(readdirSync(registry), []);
});

test('a registry that others may write to is not believed', async () => {
  const registry = join(root, 'c');
  const takeBack = await noteRecording('/x', registry);
  chmodSync(registry, 0o777);
  assert.deepEqual(await recordingsInProgress(() => true, registry), []);
  chmodSync(registry, 0o700);
  await takeBack();
});

test('a registry that cannot be written is no error', async () => {
  writeFileSync(join(root, 'file'), '');
  const takeBack = await noteRecording('/x', join(root, 'file'));
  await takeBack();
  assert.ok(existsSync(join(root, 'file')));
});

test('the registry is the user’s own', () => {
  assert.equal(registryFolder({ XDG_RUNTIME_DIR: '/run/user/7' }), '/run/user/7/gossipscope');
  assert.ok(registryFolder({}).startsWith(join(tmpdir(), 'gossipscope-')));
});
