import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadAhead } from './read-ahead.js';

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());
const settled = async (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => void setImmediate(resolve, false))]);

test('pieces come joined and in order, and what is held at the end too', async () => {
  const ahead = new ReadAhead();
  const waiting = ahead.take();
  assert.equal(await ahead.put(Buffer.from('a')), true);
  assert.equal(text(await waiting), 'a');
  for (const piece of ['b', 'c', '', 'd']) await ahead.put(Buffer.from(piece));
  ahead.end();
  assert.deepEqual([text(await ahead.take()), await ahead.take(), await ahead.take()], ['bcd', null, null]);
});

test('a large piece stays as it is, and a block has a limit', async () => {
  const ahead = new ReadAhead();
  const large = new Uint8Array(3 << 20);
  await ahead.put(Buffer.from('a'));
  await ahead.put(large);
  await ahead.put(new Uint8Array(1 << 19));
  await ahead.put(new Uint8Array(1 << 19));
  await ahead.put(Buffer.from('z'));
  assert.equal(text(await ahead.take()), 'a');
  assert.equal(await ahead.take(), large);
  assert.equal((await ahead.take())?.length, 1 << 20);
  assert.equal(text(await ahead.take()), 'z');
});

test('the source waits while too much is held, and no longer when nobody takes', async () => {
  const ahead = new ReadAhead(4);
  const full = ahead.put(Buffer.from('abcd'));
  assert.equal(await settled(full), false);
  await ahead.take();
  assert.equal(await full, true);
  const again = ahead.put(Buffer.from('efgh'));
  ahead.abandon();
  assert.equal(await again, false);
  assert.equal(await ahead.put(Buffer.from('i')), false);
});

test('an end wakes who waits', async () => {
  const ahead = new ReadAhead(1);
  const waiting = ahead.take();
  ahead.end();
  assert.equal(await waiting, null);
});
