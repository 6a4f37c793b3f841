import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefreshPace } from './refresh-pace.js';

test('nothing new, nothing due; the first news is due at once', () => {
  const pace = new RefreshPace();
  assert.equal(pace.dueMillis, Number.POSITIVE_INFINITY);
  pace.noteChange(false);
  assert.ok(pace.dueMillis <= 0);
});

test('after a refresh the next waits 300 ms, and three times as long as it took', () => {
  const pace = new RefreshPace();
  pace.noteChange(true);
  pace.began();
  pace.ran(1000, 1010);
  assert.equal(pace.dueMillis, Number.POSITIVE_INFINITY);
  pace.noteChange(true);
  assert.equal(pace.dueMillis, 1300);
  pace.began();
  pace.ran(2000, 2400);
  pace.noteChange(true);
  assert.equal(pace.dueMillis, 2400 + 3 * 400);
});

test('packets alone are in no hurry, a line that comes meanwhile is', () => {
  const pace = new RefreshPace();
  pace.ran(0, 100);
  pace.noteChange(false);
  assert.equal(pace.dueMillis, 2000);
  pace.noteChange(true);
  assert.equal(pace.dueMillis, 400);
  pace.noteChange(false);
  assert.equal(pace.dueMillis, 400);
});

test('at most a quarter of the time is spent on refreshes, whatever comes', () => {
  const pace = new RefreshPace();
  let [now, busy] = [0, 0];
  for (let i = 0; i < 100; i++) {
    pace.noteChange(true);
    now = Math.max(now, pace.dueMillis);
    const took = 50 + (i % 7) * 100;
    pace.began();
    pace.ran(now, now + took);
    now += took;
    busy += took;
  }
  assert.ok(busy / now <= 0.26, `${busy / now}`);
});

test('what comes while a refresh runs is due after it', () => {
  const pace = new RefreshPace();
  pace.noteChange(true);
  pace.began();
  pace.noteChange(true);
  pace.ran(1000, 1050);
  assert.equal(pace.dueMillis, 1300);
});
