import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationRecord, ethernet, pcapFile, Talk, TCP_FLAGS } from '../../test/builders/capture-builder.js';
import { CaptureDecoder, type CaptureSummary, type ConnectionFacts } from './capture-decoder.js';

const talk = (): Uint8Array => {
  const talks = [new Talk(), new Talk({ client: { address: '10.0.0.9', port: 40_009 }, nanos: 5_000_000 })];
  for (const one of talks) {
    one
      .packet('client', TCP_FLAGS.SYN)
      .packet('server', TCP_FLAGS.SYN | TCP_FLAGS.ACK)
      .packet('client', TCP_FLAGS.ACK);
    for (let i = 0; i < 20; i++) {
      one.nanos += 400_000_000;
      one.packet('client', TCP_FLAGS.ACK, applicationRecord(600)).packet('server', TCP_FLAGS.ACK, applicationRecord(700));
    }
  }
  (talks[0] as Talk).packet('client', TCP_FLAGS.FIN | TCP_FLAGS.ACK).packet('server', TCP_FLAGS.FIN | TCP_FLAGS.ACK);
  const packets = talks.flatMap((one) => one.packets).sort((a, b) => a.nanos - b.nanos);
  return pcapFile(packets.map(({ nanos, ip }) => ({ nanos, bytes: ethernet(ip) })));
};

/** With everything that is made when it is asked for. */
const told = ({ connections, ...summary }: CaptureSummary): unknown => ({ ...summary, connections: connections.map(toldOne) });
const toldOne = (one: ConnectionFacts | undefined): unknown => ({ ...one });

test('a capture tells what it holds so far, again and again, and ends as if nobody had asked', () => {
  const bytes = talk();
  const unasked = new CaptureDecoder({ source: 'x.pcap' });
  unasked.push(bytes);
  const expected = unasked.end();
  const asked = new CaptureDecoder({ source: 'x.pcap' });
  let packets = 0;
  for (let at = 0; at < bytes.length; at += 97) {
    asked.push(Uint8Array.from(bytes.subarray(at, at + 97)));
    const snapshot = asked.snapshot();
    assert.ok(snapshot.packets >= packets);
    assert.equal(snapshot.packets, asked.packets);
    packets = snapshot.packets;
  }
  // The last packet of a growing file is told when the next one shows where it ends.
  assert.equal(asked.snapshot().packets, expected.packets - 1);
  assert.deepEqual(toldOne(asked.snapshot().connections[0]), toldOne(expected.connections[0]));
  assert.ok((expected.connections[0]?.bursts.fromServer.length ?? 0) >= 20);
  assert.deepEqual(told(asked.end()), told(expected));
  assert.deepEqual(told(asked.snapshot()), told(expected));
  assert.equal(expected.connections.length, 2);
});

test('a connection on which nothing happened is the same object in the next snapshot', () => {
  const bytes = talk();
  const decoder = new CaptureDecoder({ source: 'x.pcap' });
  decoder.push(bytes.subarray(0, bytes.length - 1));
  const [first] = decoder.snapshot().connections;
  assert.equal(decoder.snapshot().connections[0], first);
});

test('a burst under way is told as far as it goes and is whole later', () => {
  const one = new Talk();
  one
    .packet('client', TCP_FLAGS.SYN)
    .packet('server', TCP_FLAGS.SYN | TCP_FLAGS.ACK)
    .packet('client', TCP_FLAGS.ACK);
  one.packet('client', TCP_FLAGS.ACK, applicationRecord(600));
  one.packet('client', TCP_FLAGS.ACK, applicationRecord(600));
  const before = one.packets.length;
  one.packet('client', TCP_FLAGS.ACK, applicationRecord(600)).packet('server', TCP_FLAGS.ACK);
  const file = (count: number): Uint8Array => pcapFile(one.packets.slice(0, count).map(({ nanos, ip }) => ({ nanos, bytes: ethernet(ip) })));
  const [half, whole] = [file(before), file(one.packets.length)];
  const decoder = new CaptureDecoder({ source: 'x.pcap' });
  decoder.push(half);
  const early = decoder.snapshot().connections[0]?.bursts.fromClient ?? [];
  decoder.push(whole.subarray(half.length));
  const late = decoder.snapshot().connections[0]?.bursts.fromClient ?? [];
  assert.equal(early.length, 1);
  assert.equal(late.length, 1);
  assert.ok((late[0]?.bytes ?? 0) > (early[0]?.bytes ?? 0));
});
