import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCommandLine } from './operator-command.js';

/** The first command, without what is null or empty. */
function firstOf(line: string): Readonly<Record<string, unknown>> {
  const [first] = readCommandLine(line);
  return Object.fromEntries(Object.entries(first ?? {}).filter(([, v]) => v !== null && !(Array.isArray(v) && v.length === 0)));
}

test('a join names its block, with flags before and after', () => {
  assert.deepEqual(firstOf('peer channel join -b mychannel.block'), { action: 'peer channel join', file: 'mychannel.block' });
  assert.deepEqual(firstOf('/usr/local/bin/peer --logging-level debug channel --cafile /tls/ca.pem join --tls --blockpath=./a/b.block'), {
    action: 'peer channel join',
    file: './a/b.block',
  });
});

test('creation and update name channel and file; a flag’s value is no verb', () => {
  assert.deepEqual(firstOf('peer channel create -o orderer.x:7050 -c create -f ./channel.tx --tls true --cafile /x'), {
    action: 'peer channel create',
    channel: 'create',
    file: './channel.tx',
  });
  assert.deepEqual(firstOf('peer channel update -f ./Org1MSPanchors.tx --channelID=mychannel -o o:7050'), {
    action: 'peer channel update',
    channel: 'mychannel',
    file: './Org1MSPanchors.tx',
  });
});

test('a fetch writes its block', () => {
  assert.deepEqual(firstOf('peer channel fetch 0 genesis.block -o o:7050 -c ch --tls'), {
    action: 'peer channel fetch',
    channel: 'ch',
    file: 'genesis.block',
  });
});

test('chaincode and lifecycle commands name their channel by another flag', () => {
  assert.deepEqual(firstOf('peer chaincode invoke -o o:7050 -C ch -n mycc -c {"Args":["invoke","a;b","&&"]}'), {
    action: 'peer chaincode invoke',
    channel: 'ch',
    chaincode: 'mycc',
  });
  assert.deepEqual(firstOf('peer lifecycle chaincode commit --channelID ch --name basic --version 1.0 --sequence 1'), {
    action: 'peer lifecycle chaincode commit',
    channel: 'ch',
    chaincode: 'basic',
  });
});

test('shells are unwrapped whether Docker dropped the quotes or not, with the address that the text sets', () => {
  for (const line of [
    `sh -c 'cd /x && CORE_PEER_ADDRESS=peer1.b:9051 peer channel join -b c.block >&log.txt'`,
    'bash -lc cd /x && CORE_PEER_ADDRESS=peer1.b:9051 peer channel join -b c.block 2>&1',
    `/bin/sh -ec "export CORE_PEER_ADDRESS=peer1.b:9051; set -x; peer channel join -b c.block"`,
    'env CORE_PEER_ADDRESS=peer1.b:9051 timeout 30 peer channel join -b c.block',
  ])
    assert.deepEqual(firstOf(line), { action: 'peer channel join', file: 'c.block', peerAddress: 'peer1.b:9051' }, line);
});

test('an address set for one command does not last', () => {
  const both = readCommandLine('sh -c "CORE_PEER_ADDRESS=a:1 peer channel list; peer channel join -b c.block"');
  assert.deepEqual(
    both.map((c) => [c.action, c.peerAddress]),
    [
      ['peer channel list', 'a:1'],
      ['peer channel join', null],
    ],
  );
});

test('scripts, the ordering service’s tool, and what is none of these', () => {
  assert.deepEqual(firstOf('scripts/script.sh mychannel 3 golang'), {
    action: 'script',
    file: 'scripts/script.sh',
    words: ['mychannel', '3', 'golang'],
  });
  assert.deepEqual(firstOf('bash ./run.sh up'), { action: 'script', file: './run.sh', words: ['up'] });
  assert.deepEqual(firstOf('osnadmin channel join --channelID ch --config-block g.block -o o:7053'), {
    action: 'osnadmin channel join',
    channel: 'ch',
    file: 'g.block',
  });
  for (const line of ['', 'ls -l', 'peer', 'peer channel', 'bash', 'sh -c', 'cat peer channel join', "'"])
    assert.deepEqual(readCommandLine(line), [], line);
});

test('no text makes it throw or run away', () => {
  const word = fc.constantFrom(
    'sh',
    '-c',
    'peer',
    'channel',
    'join',
    '-b',
    "'",
    '"',
    ';',
    '&&',
    '\\',
    'A=b',
    'export',
    'env',
    'timeout',
    '\n',
    'constructor',
    '__proto__',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word, { maxLength: 200 }).map((w) => w.join(' ')),
      ),
      (line) => {
        assert.ok(readCommandLine(line).length <= 50);
      },
    ),
  );
});
