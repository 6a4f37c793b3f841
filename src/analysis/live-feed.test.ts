import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveFeed } from './live-feed.js';

test('every event is an entry of the feed at once, in order of time, each with a number of its own', () => {
  const live = new LiveFeed();
  const peer = { id: 'c1', name: 'alice' };
  const say = (line: string): void => live.log('logs/alice.log', peer, Buffer.from(`${line}\n`), 0);
  say('2026-11-22 10:35:37.714 UTC [gossip.service] func1 -> INFO 03a Elected as a leader, starting delivery service for channel <b>');
  assert.deepEqual(live.takeEntries(), [
    {
      id: 1,
      at: '2026-11-22T10:35:37.714000Z',
      topic: 'election',
      node: 'alice',
      words: 'became leader of its organization on <b>',
      place: { source: 'logs/alice.log', line: 1 },
    },
  ]);
  say('2026-11-22 10:36:10.146 UTC [gossip.privdata] StoreBlock -> INFO 03e [mychannel] Received block [7] from buffer');
  live.dockerEvents(
    'docker/events.ndjson',
    `${JSON.stringify({ at: '2026-11-22T10:36:00.000000001Z', type: 'container', action: 'exec_start', containerId: 'c', containerName: 'cli', network: null, command: 'peer channel list', execId: 'e', exitCode: null })}\n`,
  );
  live.marks('marks.ndjson', '{"at":"2026-11-22T10:35:50Z","text":"now"}\n');
  const entries = live.takeEntries();
  assert.deepEqual(
    entries.map((e) => e.words),
    ['Note: now', 'Run in cli: peer channel list', 'received block 7 on mychannel'],
  );
  assert.equal(new Set(entries.map((e) => e.id)).size, 3);
  assert.deepEqual(live.takeEntries(), []);
});

test('entries that nobody takes stay bounded, the newest are kept', () => {
  const live = new LiveFeed({ maxEntries: 10 });
  for (let i = 0; i < 200; i++)
    live.log(
      'logs/a.log',
      { id: 'a', name: 'a' },
      Buffer.from(
        `2026-11-22 10:36:10.${String(i).padStart(3, '0')} UTC [gossip.privdata] StoreBlock -> INFO ${(i + 1).toString(16).padStart(3, '0')} [c] Received block [${i}] from buffer\n`,
      ),
      0,
    );
  const entries = live.takeEntries();
  assert.ok(entries.length >= 10 && entries.length < 20, `${entries.length}`);
  assert.equal(entries.at(-1)?.words, 'received block 199 on c');
});

const ZERO = '0001-01-01T00:00:00Z';

/** Inspect output of one container. */
const inspected = (id: string, name: string, image: string, running: boolean, environment: readonly string[] = []): string =>
  JSON.stringify([
    {
      Id: id,
      Name: `/${name}`,
      Config: { Image: image, Env: environment },
      State: { Running: running, StartedAt: ZERO, FinishedAt: ZERO },
      NetworkSettings: {},
    },
  ]);

const told = (action: string, id: string, name: string, more: object = {}): string =>
  `${JSON.stringify({ at: '2026-11-22T10:36:00Z', type: action.includes('connect') ? 'network' : 'container', action, containerId: id, containerName: name, network: action.includes('connect') ? 'net' : null, ...more })}\n`;

/** Entries that Docker's events make, in their order. */
function wordsAfter(feed: LiveFeed, ...lines: readonly string[]): readonly (readonly [string, string])[] {
  for (const line of lines) feed.dockerEvents('docker/events.ndjson', line);
  return feed.takeEntries().map((e) => [e.topic, e.words] as const);
}

test('a container that only helps is one line without alarm, and a bystander; one that never ran is none', () => {
  const feed = new LiveFeed();
  feed.inspect('a.json', inspected('b1', 'great_boyd', 'hyperledger/fabric-ccenv:1.4.12', false));
  feed.inspect('b.json', inspected('b2', 'serene_lamarr', 'sha256:1', false, ['CORE_CHAINCODE_ID_NAME=mycc']));
  assert.deepEqual(
    wordsAfter(
      feed,
      told('connect', 'b1', 'great_boyd'),
      told('start', 'b1', 'great_boyd'),
      told('die', 'b1', 'great_boyd', { exitCode: 1 }),
      told('disconnect', 'b1', 'great_boyd'),
      told('destroy', 'b1', 'great_boyd'),
      told('destroy', 'b2', 'serene_lamarr'),
    ),
    [['network', 'The container great_boyd was started (no peer, orderer or chaincode)']],
  );
  assert.deepEqual(
    ['b1', 'great_boyd', 'b2', 'nobody'].map((name) => feed.isBystander(name)),
    [true, true, true, false],
  );
  assert.equal(feed.hasNetwork, false);
});

test('a peer that is connected and disconnected around its start and end is not cut off; one that runs is', () => {
  const feed = new LiveFeed();
  feed.inspect('a.json', inspected('p', 'ada', 'hyperledger/fabric-peer:1.4.12', false));
  assert.deepEqual(
    wordsAfter(feed, told('connect', 'p', 'ada'), told('disconnect', 'p', 'ada'), told('connect', 'p', 'ada'), told('start', 'p', 'ada')).map(
      ([, words]) => words,
    ),
    ['The container ada was started'],
  );
  assert.equal(feed.isBystander('ada'), false);
  assert.equal(feed.hasNetwork, true);
  assert.deepEqual(wordsAfter(feed, told('disconnect', 'p', 'ada'), told('connect', 'p', 'ada')), [
    ['fault', 'The container ada was disconnected from net'],
    ['recovery', 'The container ada was connected to net'],
  ]);
  assert.deepEqual(
    wordsAfter(feed, told('die', 'p', 'ada', { exitCode: 2 }), told('disconnect', 'p', 'ada')).map(([, words]) => words),
    ['The container ada ended with exit status 2'],
  );
});

test('an entry names its line, also where lines came in pieces', () => {
  const feed = new LiveFeed();
  feed.dockerEvents('e', `${told('start', 'x', 'x')}${told('die', 'x', 'x')}`);
  feed.dockerEvents('e', told('destroy', 'x', 'x').trimEnd());
  feed.dockerEvents('e', told('start', 'x', 'x'));
  assert.deepEqual(
    feed.takeEntries().map((e) => e.place?.line),
    [1, 2, 3, 4],
  );
});

test('a line without an end is told after a while', () => {
  const feed = new LiveFeed();
  feed.log(
    'logs/a.log',
    { id: 'a', name: 'a' },
    Buffer.from('2026-11-22 10:36:10.000 UTC [nodeCmd] serve -> INFO 001 Starting peer:\n Version: 1.4.12\n'),
    1000,
  );
  const atOnce = feed.takeEntries().length;
  assert.equal(feed.tick(1050), true);
  assert.equal(feed.tick(1300), false);
  assert.equal(atOnce + feed.takeEntries().length, 1);
});
