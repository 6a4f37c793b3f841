import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefreshPace } from './refresh-pace.js';

test('nothing new, nothing due; the first news is due at once', () => {
  const pace = new RefreshPace();
  assert.equal(pace.dueMillis, Number.POSITIVE_INFINITY);
  pace.noteChange(false);
  assert.ok(pace.dueMillis <= 0);
});

test('bursts at the beginning are refreshed twice a second; when the credit is used up, work is spread', () => {
  const pace = new RefreshPace();
  pace.noteChange(true);
  pace.began();
  pace.ran(1000, 1010);
  assert.equal(pace.dueMillis, Number.POSITIVE_INFINITY);
  pace.noteChange(true);
  assert.equal(pace.dueMillis, 1500);
  pace.began();
  pace.ran(2000, 4000);
  pace.noteChange(true);
  assert.ok(pace.dueMillis > 4000 + 5 * 2000, `${pace.dueMillis}`);
});

test('packets alone are in no hurry, a line that comes meanwhile is', () => {
  const pace = new RefreshPace();
  pace.ran(0, 100);
  pace.noteChange(false);
  assert.equal(pace.dueMillis, 10_000);
  pace.noteChange(true);
  assert.equal(pace.dueMillis, 500);
  pace.noteChange(false);
  assert.equal(pace.dueMillis, 500);
});

test('in the long run a small share of the time is spent on refreshes, whatever comes', () => {
  for (const [urgent, share] of [
    [true, 0.1],
    [false, 0.03],
  ] as const) {
    const pace = new RefreshPace();
    let [now, busy] = [0, 0];
    for (let i = 0; i < 300; i++) {
      pace.noteChange(urgent);
      now = Math.max(now, pace.dueMillis);
      const took = 50 + (i % 7) * 100;
      pace.began();
      pace.ran(now, now + took);
      now += took;
      busy += took;
    }
    assert.ok(busy / now <= share, `${busy / now}`);
  }
});

test('what comes while a refresh runs is due after it', () => {
  const pace = new RefreshPace();
  pace.noteChange(true);
  pace.began();
  pace.noteChange(true);
  pace.ran(1000, 1050);
  assert.equal(pace.dueMillis, 1500);
});
