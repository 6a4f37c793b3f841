import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildEvents, type Said, secondsOf } from '../../test/builders/timeline-builder.js';
import { reconstructInterruptions } from './interruptions.js';

const NODE = 'peer0';
type Change = 'container.started' | 'container.paused' | 'container.unpaused' | 'network.connected' | 'network.disconnected' | 'container.died';

const said = (seconds: number, kind: Change, network = 'net'): Said => [
  seconds,
  NODE,
  kind === 'container.died'
    ? { kind, container: NODE, exitCode: 0 }
    : kind === 'network.connected' || kind === 'network.disconnected'
      ? { kind, container: NODE, network }
      : { kind, container: NODE },
];

function read(...all: readonly Said[]) {
  const reader = reconstructInterruptions();
  for (const event of buildEvents(...all)) reader.step(event);
  const found = reader.finish().get(NODE);
  return {
    pauses: found?.pauses.map((p) => [secondsOf(p.from), secondsOf(p.to)]),
    away: found?.disconnections.map((d) => [d.network, secondsOf(d.from), secondsOf(d.to)]),
  };
}

test('a pause lasts until it is lifted, the container ends, or the recording does', () => {
  assert.deepEqual(
    read(
      said(1, 'container.paused'),
      said(5, 'container.unpaused'),
      said(7, 'container.paused'),
      said(8, 'container.died'),
      said(9, 'container.paused'),
    ).pauses,
    [
      [1, 5],
      [7, 8],
      [9, null],
    ],
  );
  assert.deepEqual(read(said(3, 'container.unpaused')).pauses, []);
});

test('a running container that is taken off a network is away until it is back on that one', () => {
  const { away } = read(
    said(0, 'network.connected'),
    said(0.1, 'container.started'),
    said(10, 'network.disconnected'),
    said(11, 'network.connected', 'other'),
    said(20, 'network.connected'),
    said(30, 'network.disconnected'),
  );
  assert.deepEqual(away, [
    ['net', 10, 20],
    ['net', 30, null],
  ]);
});

test('leaving the network is part of an end, before or after Docker tells that end', () => {
  assert.deepEqual(
    read(said(0, 'container.started'), said(10, 'container.died'), said(10.2, 'network.disconnected'), said(20, 'container.started')).away,
    [],
  );
  assert.deepEqual(read(said(0, 'container.started'), said(9.9, 'network.disconnected'), said(10, 'container.died')).away, []);
  assert.deepEqual(read(said(0, 'container.started'), said(4, 'network.disconnected'), said(10, 'container.died')).away, [['net', 4, 10]]);
});
