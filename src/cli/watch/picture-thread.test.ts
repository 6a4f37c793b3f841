import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endlessNetwork } from '../../../test/builders/endless-network.js';
import type { Picture } from './picture-messages.js';
import { PictureThread, type PictureThreadOptions } from './picture-thread.js';

const start = (options: Partial<PictureThreadOptions> = {}): PictureThread =>
  new PictureThread({
    toolVersion: '0',
    limits: {},
    onPicture: () => undefined,
    onPackets: () => undefined,
    onFailure: () => undefined,
    ...options,
  });

test('the picture of all that was told comes before finish is answered; bytes may be used for something else at once', async () => {
  const pictures: Picture[] = [];
  const thread = start({ onPicture: (p) => pictures.push(p) });
  for (const { path, container, lines } of endlessNetwork({ hours: 0.02, blockSeconds: 10 })) {
    const bytes = Buffer.from(lines);
    thread.log(path, container, bytes);
    bytes.fill(0);
  }
  assert.equal(await thread.ask({ what: 'finish' }), null);
  assert.equal(pictures.at(-1)?.present[0]?.peers.length, 4);
  assert.match((await thread.ask({ what: 'analysis' })) ?? '', /^\{/);
  assert.match((await thread.ask({ what: 'report' })) ?? '', /^<!DOCTYPE html>/);
  assert.match((await thread.ask({ what: 'note', number: 1 })) ?? '', /<li/);
  await thread.close();
});

test('what comes faster than it is read is left out beyond a limit, and told', async () => {
  const thread = start({ maxBacklogBytes: 1_000 });
  for (let i = 0; i < 10; i++) thread.log('logs/a.log', { id: 'a', name: 'a' }, Buffer.alloc(300, 'x\n'));
  await thread.ask({ what: 'finish' });
  const leftOut = async (): Promise<number | undefined> => {
    const told = JSON.parse((await thread.ask({ what: 'analysis' })) ?? '') as {
      readonly oddities: readonly { readonly kind: string; readonly count: number }[];
    };
    return told.oddities.find((o) => o.kind === 'too-fast-for-the-page')?.count;
  };
  assert.equal(await leftOut(), 7 * 300);
  // Read meanwhile: there is room again.
  thread.log('logs/a.log', { id: 'a', name: 'a' }, Buffer.alloc(300, 'x\n'));
  await thread.ask({ what: 'finish' });
  assert.equal(await leftOut(), 7 * 300);
  await thread.close();
});

test('a thread that is closed answers nothing and takes nothing amiss', async () => {
  const thread = start();
  const asked = thread.ask({ what: 'report' });
  await thread.close();
  assert.equal(await asked, null);
  thread.log('logs/a.log', { id: 'a', name: 'a' }, Buffer.from('x\n'));
  thread.manifest('{}');
  assert.equal(await thread.ask({ what: 'analysis' }), null);
});
