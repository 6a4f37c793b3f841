import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LogEvent } from '../events/event.js';
import { LogDecoder } from './log-decoder.js';

const LOGS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'captures', 'byfn-no-bootstrap', 'logs');

for (const name of readdirSync(LOGS)) {
  test(`${name}, line by line, tells the same events as in one piece`, () => {
    const bytes = readFileSync(join(LOGS, name));
    const expected: LogEvent[] = [];
    const batch = new LogDecoder({ source: name, onEvent: (e) => expected.push(e) });
    batch.push(bytes);
    const summary = batch.end();
    const told: LogEvent[] = [];
    const live = new LogDecoder({ source: name, onEvent: (e) => told.push(e) });
    for (let start = 0, end = bytes.indexOf(10); end !== -1; start = end + 1, end = bytes.indexOf(10, start)) {
      live.push(bytes.subarray(start, end + 1));
      live.flushWhole();
      live.snapshot();
    }
    live.flush();
    assert.deepEqual(told, expected);
    assert.deepEqual(live.snapshot(), summary);
    assert.deepEqual(live.end(), summary);
  });
}

test('a record of one line is told at once, one that may have more lines waits', () => {
  const told: LogEvent[] = [];
  const decoder = new LogDecoder({ source: 'x.log', onEvent: (e) => told.push(e) });
  const push = (text: string): void => {
    decoder.push(Buffer.from(text));
    decoder.flushWhole();
  };
  push('2026-11-22 10:35:37.714 UTC [gossip.service] func1 -> INFO 03a Elected as a leader, starting delivery service for channel mychannel\n');
  assert.deepEqual(
    told.map((e) => e.body.kind),
    ['election.leader-elected'],
  );
  push('2026-11-22 10:35:38.000 UTC [nodeCmd] serve -> INFO 03b Starting peer:\n');
  assert.equal(told.length, 1);
  push(' Version: 1.4.12\n');
  decoder.flush();
  assert.deepEqual(told[1]?.body, { kind: 'process.banner', role: 'peer', fabricVersion: '1.4.12' });
});
