import assert from 'node:assert/strict';
import { PassThrough, type Readable } from 'node:stream';
import { test } from 'node:test';
import { until } from '../../test/until.js';
import type { RecordedDockerEvent } from '../recording/manifest.js';
import type { Engine, JsonObject } from './engine.js';
import { EngineError } from './engine-error.js';
import { EventFeed } from './event-feed.js';

const BASE = 1_767_323_045_000_000_000n;

function eventLine(nanos: number, type: string, action: string, id: string, attributes: Readonly<Record<string, string>> = {}): string {
  const at = BASE + BigInt(nanos);
  const fields = JSON.stringify({
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Number(at / 1_000_000_000n),
  });
  return `${fields.slice(0, -1)},"timeNano":${at}}\n`;
}

function feedOf(inspect: JsonObject | null = null) {
  const streams: PassThrough[] = [];
  const sinces: (string | null)[] = [];
  const events: RecordedDockerEvent[] = [];
  const told: string[] = [];
  const state = { isAway: false, refusals: 0 };
  const engine = {
    events: async (since: string | null): Promise<Readable> => {
      if (state.isAway) {
        state.refusals++;
        throw new EngineError('unreachable', { what: 'events', why: 'away', hint: 'wait' });
      }
      sinces.push(since);
      const stream = new PassThrough();
      streams.push(stream);
      return stream;
    },
    inspectContainer: async () => inspect,
  } as unknown as Engine;
  const feed = new EventFeed({
    engine,
    since: null,
    onEvent: (event) => events.push(event),
    onEngineLost: () => told.push('lost'),
    onEngineBack: () => told.push('back'),
    onOddity: () => told.push('oddity'),
  });
  return { feed, streams, sinces, events, told, state };
}

test('events become records with exact stamps, whatever chunks they come in', async () => {
  const { feed, streams, events, told } = feedOf();
  await feed.begin();
  const text =
    eventLine(123456789, 'container', 'start', 'c1', { name: 'peer0', image: 'x' }) +
    eventLine(123456790, 'network', 'connect', 'n1', { name: 'net', container: 'c1', type: 'bridge' }) +
    eventLine(123456791, 'container', 'die', 'c1', { name: 'peer0', exitCode: '137' }) +
    eventLine(123456792, 'container', 'exec_create: sh -c peer channel join -b a:b --password hidden', 'c1', { name: 'peer0', execID: 'e1' }) +
    eventLine(123456793, 'container', 'health_status: healthy', 'c1', { name: 'peer0' }) +
    eventLine(123456794, 'volume', 'create', 'v1');
  for (const byte of Buffer.from(text)) streams[0]?.write(Buffer.of(byte));
  await until('all events but the one of no interest', () => events.length === 4 && told.length === 1);
  await feed.finish();
  const nothing = { containerName: 'peer0', network: null, command: null, execId: null, exitCode: null, signal: null, containerId: 'c1' };
  assert.deepEqual(events, [
    { ...nothing, at: '2026-01-02T03:04:05.123456789Z', type: 'container', action: 'start' },
    { ...nothing, at: '2026-01-02T03:04:05.123456790Z', type: 'network', action: 'connect', network: 'net' },
    { ...nothing, at: '2026-01-02T03:04:05.123456791Z', type: 'container', action: 'die', exitCode: 137 },
    {
      ...nothing,
      at: '2026-01-02T03:04:05.123456792Z',
      type: 'container',
      action: 'exec_create',
      execId: 'e1',
      command: 'sh -c peer channel join -b *** --password ***',
    },
  ]);
  assert.deepEqual(told, ['oddity']);
});

test('after the engine was away events go on where they were, none twice', async () => {
  const { feed, streams, sinces, events, told, state } = feedOf();
  await feed.begin();
  const one = eventLine(1, 'container', 'start', 'c1');
  const two = eventLine(2, 'container', 'stop', 'c1');
  streams[0]?.write(one);
  await until('the first event', () => events.length === 1);
  state.isAway = true;
  streams[0]?.destroy(new Error('ECONNRESET'));
  await until('a request in vain', () => state.refusals > 0);
  state.isAway = false;
  await until('a second stream', () => streams.length === 2);
  streams[1]?.write(one + two);
  await until('the second event', () => events.length === 2);
  await feed.finish();
  assert.deepEqual(
    events.map((e) => e.action),
    ['start', 'stop'],
  );
  assert.deepEqual(told, ['lost', 'back']);
  assert.deepEqual(sinces, [null, '1767323040.000000001']);
});

test("probes of a HEALTHCHECK are left out, an operator's commands are not", async () => {
  const { feed, streams, events } = feedOf({ Config: { Healthcheck: { Test: ['CMD-SHELL', 'curl -f localhost'] } } });
  await feed.begin();
  const exec = (nanos: number, id: string, command: string): string =>
    eventLine(nanos, 'container', `exec_create: ${command}`, 'c1', { execID: id }) +
    eventLine(nanos + 1, 'container', `exec_start: ${command}`, 'c1', { execID: id }) +
    eventLine(nanos + 2, 'container', 'exec_die', 'c1', { execID: id, exitCode: '0' });
  streams[0]?.write(exec(10, 'h1', '/bin/sh -c curl -f localhost') + exec(20, 'o1', 'peer version') + exec(30, 'h2', '/bin/sh -c curl -f localhost'));
  await until("the operator's command", () => events.length === 3);
  await feed.finish();
  assert.deepEqual(
    events.map((e) => [e.action, e.execId]),
    [
      ['exec_create', 'o1'],
      ['exec_start', 'o1'],
      ['exec_die', 'o1'],
    ],
  );
});

test('what is no event is an oddity, and the next is read', async () => {
  const { feed, streams, events, told } = feedOf();
  await feed.begin();
  streams[0]?.write(`{"Type":\n[]\nnull\n\n{"Type":"container","Action":"start","timeNano":"x"}\n${eventLine(5, 'container', 'start', 'c1')}`);
  await until('the event', () => events.length === 1);
  await feed.finish();
  assert.deepEqual([events.length, told], [1, ['oddity', 'oddity', 'oddity', 'oddity']]);
});
