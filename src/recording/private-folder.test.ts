import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { test } from 'node:test';

const MODULE = new URL('./private-folder.js', import.meta.url).href;

/** Runs a process that makes a private folder with a file in it and prints its path, then runs `rest` and waits. */
async function child(
  rest: string,
): Promise<{ readonly folder: string; readonly kill: (signal: NodeJS.Signals) => void; readonly ended: Promise<unknown[]> }> {
  const script = `
    import { mkdirSync, writeFileSync } from 'node:fs';
    const { makePrivateFolder, removePrivateFolder } = await import(${JSON.stringify(MODULE)});
    const folder = makePrivateFolder();
    mkdirSync(folder + '/logs');
    writeFileSync(folder + '/logs/a.log', 'a secret');
    ${rest}
    const waiting = setInterval(() => undefined, 1000);
    process.stdout.write(folder + '\\n');`;
  const running = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(running, 'exit');
  const [chunk] = (await once(running.stdout, 'data')) as [Buffer];
  return { folder: chunk.toString('utf8').trim(), kill: (signal) => running.kill(signal), ended };
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  test(`ended by ${signal} a process leaves no folder, and is ended by that signal`, async () => {
    const { folder, kill, ended } = await child('');
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.ok(existsSync(`${folder}/logs/a.log`));
    kill(signal);
    assert.deepEqual(await ended, [null, signal]);
    assert.equal(existsSync(folder), false);
  });

test('where somebody else handles the signal, the folder stays until they end the process', async () => {
  const { folder, kill, ended } = await child(`
    process.on('SIGTERM', () => {
      writeFileSync(folder + '/late', 'still there');
      setTimeout(() => process.exit(7), 50);
    });`);
  kill('SIGTERM');
  assert.deepEqual(await ended, [7, null]);
  assert.equal(existsSync(folder), false);
});

test('ended by an error a process leaves no folder', async () => {
  const { folder, ended } = await child(`setTimeout(() => { throw new Error('x'); }, 100);`);
  assert.deepEqual(await ended, [1, null]);
  assert.equal(existsSync(folder), false);
});

test('a folder can be removed before the end, twice without harm', async () => {
  const { folder, kill, ended } = await child('removePrivateFolder(folder); removePrivateFolder(folder);');
  assert.equal(existsSync(folder), false);
  kill('SIGTERM');
  await ended;
});
