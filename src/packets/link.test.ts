import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bytesOf,
  CAPTURE_START_SECONDS,
  cookedV1,
  cookedV2,
  ethernet,
  loopback,
  pcapFile,
  pcapngBlocks,
  Talk,
} from '../../test/builders/capture-builder.js';
import { decodeCapture, oddityCounts, onlyConnection } from '../../test/builders/decode-capture.js';

const PAYLOAD = new Uint8Array(100).fill(0x41);
const V6 = { client: { address: '2001:db8::1', port: 40_000 }, server: { address: '2001:db8::2', port: 7000 } };

describe('link types', () => {
  const snap = (ip: Uint8Array): Uint8Array => bytesOf(new Array(12).fill(2), [0, ip.length + 8, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], ip);
  const links: readonly (readonly [string, number, (ip: Uint8Array) => Uint8Array])[] = [
    ['Ethernet', 1, ethernet],
    ['Ethernet with a VLAN tag', 1, (ip) => ethernet(ip, [0x8100])],
    ['Ethernet with QinQ', 1, (ip) => ethernet(ip, [0x88a8, 0x8100])],
    ['Ethernet with old QinQ', 1, (ip) => ethernet(ip, [0x9100, 0x8100])],
    ['Ethernet padded to its smallest size', 1, (ip) => bytesOf(ethernet(ip), [0, 0, 0, 0, 0, 0])],
    ['IEEE 802.3 with SNAP', 1, snap],
    ['Linux cooked v1', 113, cookedV1],
    ['Linux cooked v2', 276, cookedV2],
    ['raw IP (12)', 12, (ip) => ip],
    ['raw IP (14)', 14, (ip) => ip],
    ['raw IP', 101, (ip) => ip],
    ['raw IPv4', 228, (ip) => ip],
    ['BSD loopback, big-endian', 0, (ip) => loopback(ip, 2, true)],
    ['BSD loopback, little-endian', 0, (ip) => loopback(ip, 2, false)],
    ['OpenBSD loopback', 108, (ip) => loopback(ip, 2, true)],
  ];
  for (const [name, linkType, link] of links) {
    it(`reads ${name}`, () => {
      const frames = new Talk().open().send('client', PAYLOAD).close().frames(link);
      const summary = decodeCapture(pcapFile(frames, { linkType }));
      const connection = onlyConnection(summary);
      assert.deepEqual(summary.oddities, []);
      assert.equal(summary.unreadable, 0);
      assert.deepEqual(connection.client, { address: '10.0.0.1', port: 40_000 });
      assert.deepEqual(connection.payloadBytes, { fromClient: 100, fromServer: 0 });
    });
  }

  for (const [name, linkType, link] of [
    ['raw IPv6', 229, (ip: Uint8Array) => ip],
    ['Linux cooked v2 with IPv6', 276, cookedV2],
    ...[10, 24, 28, 30].map(
      (family) => [`loopback with IPv6 as family ${family}`, 0, (ip: Uint8Array) => loopback(ip, family, family % 4 === 0)] as const,
    ),
  ] as const) {
    it(`reads ${name}`, () => {
      const frames = new Talk(V6).open().send('client', PAYLOAD).frames(link);
      const connection = onlyConnection(decodeCapture(pcapFile(frames, { linkType })));
      assert.deepEqual(connection.server, { address: '2001:db8::2', port: 7000 });
      assert.equal(connection.payloadBytes.fromClient, 100);
    });
  }

  it('counts frames of an unknown link type and frames too short for a header', () => {
    const unknown = decodeCapture(pcapFile(new Talk().open().frames(), { linkType: 147 }));
    assert.equal(unknown.packets, 3);
    assert.equal(unknown.unreadable, 3);
    assert.deepEqual(oddityCounts(unknown), { 'unknown-link-type': 1 });
    assert.equal(decodeCapture(pcapFile([{ nanos: 0, bytes: new Uint8Array(5) }])).unreadable, 1);
  });

  it('knows what is no IP', () => {
    const arp = bytesOf(new Array(12).fill(1), [8, 6], new Array(28).fill(0));
    const summary = decodeCapture(pcapFile([{ nanos: 0, bytes: arp }]));
    assert.equal(summary.unreadable, 0);
    assert.deepEqual(summary.connections, []);
  });
});

describe('packets seen at several interfaces', () => {
  const talk = (): Talk => {
    const conversation = new Talk().open();
    for (let i = 0; i < 5; i++) conversation.send('client', PAYLOAD).send('server', PAYLOAD);
    return conversation.close();
  };

  for (const [name, linkType, link] of [
    ['Linux cooked v1', 113, cookedV1],
    ['Linux cooked v2', 276, cookedV2],
  ] as const) {
    it(`counts them once in a capture of ${name}`, () => {
      const once = talk().frames(link);
      const thrice = once.flatMap((frame) => [0, 2000, 4000].map((later) => ({ ...frame, nanos: frame.nanos + later })));
      const [single, triple] = [once, thrice].map((frames) => decodeCapture(pcapFile(frames, { linkType })));
      assert.equal(single?.duplicates, 0);
      assert.equal(triple?.duplicates, 2 * once.length);
      const [a, b] = [single, triple].map((summary) => onlyConnection(summary as never));
      assert.equal(b?.frames, a?.frames);
      assert.deepEqual(b?.payloadBytes, a?.payloadBytes);
      assert.deepEqual(b?.traffic, a?.traffic);
      assert.equal(b?.closedAt, a?.closedAt);
    });
  }

  it('takes another IP identification for a retransmission', () => {
    const conversation = new Talk().open();
    const sequence = conversation.sequenceOf('client');
    conversation.send('client', PAYLOAD, { identification: 5 });
    conversation.send('client', PAYLOAD, { sequence, identification: 6 });
    const summary = decodeCapture(pcapFile(conversation.frames(cookedV1), { linkType: 113 }));
    assert.equal(summary.duplicates, 0);
    const connection = onlyConnection(summary);
    assert.equal(connection.frames, 5);
    assert.equal(connection.payloadBytes.fromClient, 100);
  });

  it('takes the same packet much later, or again at the same Ethernet interface, for a retransmission', () => {
    const late = new Talk().open();
    const sequence = late.sequenceOf('client');
    late.send('client', PAYLOAD, { identification: 5 }).wait(200_000).send('client', PAYLOAD, { sequence, identification: 5 });
    assert.equal(decodeCapture(pcapFile(late.frames(cookedV1), { linkType: 113 })).duplicates, 0);
    const frames = talk().frames();
    assert.equal(decodeCapture(pcapFile(frames.flatMap((frame) => [frame, frame]))).duplicates, 0);
  });

  it('counts packets once that two interfaces of a pcapng saw', () => {
    const blocks = pcapngBlocks(false);
    const frames = talk().frames();
    const packets = (ids: readonly number[]): Uint8Array[] =>
      frames.flatMap((frame) =>
        ids.map((id) => blocks.enhanced(id, BigInt(CAPTURE_START_SECONDS) * 1_000_000n + BigInt(frame.nanos / 1000), frame.bytes)),
      );
    const file = (ids: readonly number[]): Uint8Array => bytesOf(blocks.section(), blocks.interface(1), blocks.interface(1), ...packets(ids));
    assert.equal(decodeCapture(file([0, 1])).duplicates, frames.length);
    assert.equal(decodeCapture(file([0, 0])).duplicates, 0);
  });
});
