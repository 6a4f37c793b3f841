import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instantOfMicros } from '../../events/instant.js';
import { type LogDepth, thinLogs } from './diagnosis.js';

const depth = (over: Partial<LogDepth>): LogDepth => ({
  node: 'peer0',
  fabricVersion: '1.4.12',
  levels: { INFO: 50, WARN: 2 },
  gossipLevels: { INFO: 9 },
  wasInChannel: true,
  from: instantOfMicros(0),
  to: instantOfMicros(1),
  evidence: [{ source: 'a.log', line: 1 }],
  ...over,
});

test('warnings only are found, with the setting of this version', () => {
  const [verdict] = thinLogs.examine([depth({ levels: { WARN: 3, ERRO: 1 }, gossipLevels: { WARN: 3 } })]);
  assert.equal(verdict?.verdict, 'found');
  assert.match(verdict?.summary ?? '', /FABRIC_LOGGING_SPEC=info/);
});

test('gossip silenced by default in 1.1 is found and told apart from a peer without a channel', () => {
  const silenced = depth({ fabricVersion: '1.1.1', gossipLevels: { WARN: 8 } });
  assert.match(thinLogs.examine([silenced])[0]?.summary ?? '', /CORE_LOGGING_GOSSIP=info/);
  assert.equal(thinLogs.examine([{ ...silenced, wasInChannel: false }])[0]?.verdict, 'clear');
});

test('one INFO line of gossip makes it clear', () => {
  assert.equal(thinLogs.examine([depth({ gossipLevels: { INFO: 1 } })])[0]?.verdict, 'clear');
  assert.deepEqual(thinLogs.examine([]), []);
});
