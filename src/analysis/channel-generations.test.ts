import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventBody, TimelineEvent } from '../events/event.js';
import { instantOfMicros } from '../events/instant.js';
import type { Incarnation } from '../reconstruct/network.js';
import { separateGenerations } from './channel-generations.js';

const event = (seconds: number, node: string, incarnation: number, body: EventBody): TimelineEvent => ({
  body,
  at: instantOfMicros(seconds * 1_000_000),
  stampMicros: null,
  node,
  incarnation,
  evidence: [{ source: `${node}.log`, line: seconds }],
});
const created = (channel = 'ch'): EventBody => ({ kind: 'ledger.created', channel, via: 'genesis' });
const received = (block: number, channel: string | null = 'ch'): EventBody => ({ kind: 'block.received', channel, block });
const lives = (...list: readonly (readonly [string, number, number])[]): ReadonlyMap<string, readonly Incarnation[]> => {
  const map = new Map<string, Incarnation[]>();
  for (const [node, index, seconds] of list) {
    const at = instantOfMicros(seconds * 1_000_000);
    const place = { source: `${node}.log`, line: 1 };
    map.set(node, [
      ...(map.get(node) ?? []),
      { node, index, firstAt: at, lastAt: at, firstEvidence: place, lastEvidence: place, startIsLogged: true },
    ]);
  }
  return map;
};
const channelsOf = (events: readonly TimelineEvent[]): readonly (string | null)[] =>
  events.map(({ body }) => ('channel' in body ? body.channel : null));

test('a network taken down and brought up again is another channel', () => {
  const { events, generations } = separateGenerations(
    [
      event(10, 'a', 0, created()),
      event(11, 'b', 0, created()),
      event(12, 'a', 0, received(1)),
      event(13, 'b', 0, received(1, null)),
      event(31, 'a', 1, { kind: 'deliver.stopped', channel: null }),
      event(39, 'a', 1, { kind: 'block.committed', channel: 'ch', block: 0, transactions: 1, commit: null }),
      event(40, 'a', 1, created()),
      event(41, 'b', 1, created()),
      event(42, 'b', 1, received(1)),
    ],
    lives(['a', 0, 1], ['b', 0, 1], ['a', 1, 30], ['b', 1, 30]),
  );
  assert.deepEqual(channelsOf(events), ['ch', 'ch', 'ch', 'ch', 'ch#2', 'ch#2', 'ch#2', 'ch#2', 'ch#2']);
  assert.deepEqual(
    generations.map((g) => [g.channel, g.name, g.from / 1_000_000, g.evidence.length]),
    [['ch', 'ch#2', 39, 2]],
  );
});

test('a peer that lost its ledger stays in the channel that others kept', () => {
  const given = [event(10, 'a', 0, created()), event(10, 'b', 0, created()), event(40, 'a', 1, created()), event(50, 'b', 0, received(3))];
  const { events, generations } = separateGenerations(given, lives(['a', 0, 1], ['a', 1, 30], ['b', 0, 1]));
  assert.deepEqual([events, generations], [given, []]);
});

test('a process that lives on without a word keeps its ledger', () => {
  const silent = lives(['a', 0, 1], ['a', 1, 30], ['b', 0, 1]);
  const [alive] = silent.get('b') as readonly Incarnation[];
  const given = [event(10, 'a', 0, created()), event(10, 'b', 0, created()), event(40, 'a', 1, created())];
  const until = (seconds: number) => new Map([...silent, ['b', [{ ...(alive as Incarnation), lastAt: instantOfMicros(seconds * 1_000_000) }]]]);
  assert.equal(separateGenerations(given, until(60)).generations.length, 0);
  assert.equal(separateGenerations(given, until(20)).generations.length, 1);
});

test('a restart of everything with its ledgers is no other channel, nor is a peer that joins later', () => {
  const given = [event(10, 'a', 0, created()), event(20, 'a', 0, received(1)), event(40, 'a', 1, received(2)), event(50, 'b', 0, created())];
  assert.deepEqual(separateGenerations(given, lives(['a', 0, 1], ['a', 1, 30], ['b', 0, 45])).generations, []);
});

test('a third one is a third, and one channel of two can be made anew alone', () => {
  const given = [0, 1, 2].flatMap((life) => [
    event(10 + life * 20, 'a', life, created()),
    event(11 + life * 20, 'a', life, received(1, null)),
    event(12 + life * 20, 'o', 0, { kind: 'orderer.block-written', channel: 'other', block: life }),
  ]);
  const { events, generations } = separateGenerations(given, lives(['a', 0, 1], ['a', 1, 29], ['a', 2, 49], ['o', 0, 1]));
  assert.deepEqual(
    generations.map((g) => g.name),
    ['ch#2', 'ch#3'],
  );
  assert.deepEqual(channelsOf(events), ['ch', 'ch', 'other', 'ch#2', 'ch#2', 'other', 'ch#3', 'ch#3', 'other']);
});
