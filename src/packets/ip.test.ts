import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type BuiltFrame,
  bytesOf,
  CLIENT,
  ethernet,
  ipPacket,
  ipv4Bytes,
  ipv6Bytes,
  pcapFile,
  SERVER,
  Talk,
  tcpBytes,
  u16,
  u32,
} from '../../test/builders/capture-builder.js';
import { decodeCapture, oddityCounts, onlyConnection } from '../../test/builders/decode-capture.js';
import { canonicalAddress, formatAddress } from './ip.js';

const PAYLOAD = Uint8Array.from({ length: 3000 }, (_, i) => i & 255);
const V6_CLIENT = { address: '2001:db8::1', port: 40_000 };
const V6_SERVER = { address: '2001:db8::2', port: 7000 };

describe('addresses', () => {
  it('writes IPv4 and RFC 5952 IPv6', () => {
    assert.equal(formatAddress(0, 0, 0xffff, 0xac130004 | 0), '172.19.0.4');
    assert.equal(formatAddress(0x20010db8, 0, 0, 1), '2001:db8::1');
    assert.equal(formatAddress(0, 0, 0, 1), '::1');
    assert.equal(formatAddress(0, 0, 0, 0), '::');
    assert.equal(formatAddress(0x20010db8, 0x00000001, 0x00010001, 0x00010001), '2001:db8:0:1:1:1:1:1');
    assert.equal(formatAddress(0xfe800000 | 0, 0, 0x00010000, 0), 'fe80::1:0:0:0');
    assert.equal(canonicalAddress('2001:DB8:0:0:0:0:0:7'), '2001:db8::7');
    assert.equal(canonicalAddress('10.1.2.3'), '10.1.2.3');
  });
});

/** The datagram of `segment`, cut into fragments of `size` bytes. */
function fragments4(size: number): Uint8Array[] {
  const tcp = tcpBytes({ from: CLIENT, to: SERVER, sequence: 1001, payload: PAYLOAD });
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < tcp.length; offset += size) {
    const fragment = { offset, more: offset + size < tcp.length };
    parts.push(ipv4Bytes(CLIENT.address, SERVER.address, 6, tcp.subarray(offset, offset + size), { identification: 77, fragment }));
  }
  return parts;
}

function fragments6(size: number): Uint8Array[] {
  const tcp = tcpBytes({ from: V6_CLIENT, to: V6_SERVER, sequence: 1001, payload: PAYLOAD });
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < tcp.length; offset += size) {
    const header = [6, 0, ...u16(offset | (offset + size < tcp.length ? 1 : 0)), ...u32(99)];
    parts.push(ipv6Bytes(V6_CLIENT.address, V6_SERVER.address, 44, bytesOf(header, tcp.subarray(offset, offset + size))));
  }
  return parts;
}

const framesOf = (packets: readonly Uint8Array[], nanos = 0): BuiltFrame[] =>
  packets.map((ip, i) => ({ nanos: nanos + i * 1000, bytes: ethernet(ip) }));

describe('IP', () => {
  it('reads IPv6 with extension headers', () => {
    const packet = ipPacket({ from: V6_CLIENT, to: V6_SERVER, sequence: 1, payload: PAYLOAD.subarray(0, 10), extensions: true });
    const connection = onlyConnection(decodeCapture(pcapFile(framesOf([packet]))));
    assert.deepEqual(connection.server, V6_SERVER);
    assert.equal(connection.payloadBytes.fromClient, 10);
  });

  it('takes a length of 0 (segmentation offload) as up to the end of the frame', () => {
    const tcp = tcpBytes({ from: CLIENT, to: SERVER, sequence: 1, payload: PAYLOAD });
    const packet = ipv4Bytes(CLIENT.address, SERVER.address, 6, tcp, { zeroLength: true });
    assert.equal(onlyConnection(decodeCapture(pcapFile(framesOf([packet])))).payloadBytes.fromClient, 3000);
  });

  for (const [name, parts] of [
    ['IPv4', fragments4(1000)],
    ['IPv6', fragments6(1000)],
  ] as const) {
    it(`puts ${name} fragments together in any order, ignoring repeated ones`, () => {
      for (const order of [parts, [...parts].reverse(), [...parts.slice(0, 1), ...parts]]) {
        const summary = decodeCapture(pcapFile(framesOf(order)), { chunkBytes: 100 });
        const connection = onlyConnection(summary);
        assert.equal(connection.payloadBytes.fromClient, 3000);
        assert.equal(connection.firstFrame, order.length);
        assert.deepEqual(summary.oddities, []);
      }
    });
  }

  it('reports incomplete, overlapping and too many fragmented datagrams', () => {
    const [first, second, , last] = fragments4(1000) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    assert.deepEqual(oddityCounts(decodeCapture(pcapFile(framesOf([first, last])))), { 'incomplete-datagram': 1 });
    const tcp = tcpBytes({ from: CLIENT, to: SERVER, sequence: 1001, payload: PAYLOAD });
    const overlap = ipv4Bytes(CLIENT.address, SERVER.address, 6, tcp.subarray(992, 3020), {
      identification: 77,
      fragment: { offset: 992, more: false },
    });
    const counts = oddityCounts(decodeCapture(pcapFile(framesOf([first, second, overlap]))));
    assert.equal(counts['overlapping-fragments'], 1);
    const many = Array.from({ length: 200 }, (_, i) =>
      ipv4Bytes(CLIENT.address, SERVER.address, 6, new Uint8Array(100), { identification: i, fragment: { offset: 0, more: true } }),
    );
    assert.equal(oddityCounts(decodeCapture(pcapFile(framesOf(many))))['too-many-fragmented-datagrams'], 200 - 64);
  });

  it('gives fragments up after a while', () => {
    const [first] = fragments4(1000) as [Uint8Array];
    const later = new Talk({ nanos: 31e9 }).open().frames();
    const summary = decodeCapture(pcapFile([...framesOf([first]), ...later, ...framesOf(fragments4(1000).slice(1), 32e9)]));
    assert.equal(oddityCounts(summary)['incomplete-datagram'], 2);
    assert.equal(onlyConnection(summary).payloadBytes.fromClient, 0);
  });

  it('counts packets whose headers contradict themselves', () => {
    const good = ipPacket({ from: CLIENT, to: SERVER, sequence: 1 });
    const bad = [
      [0, 0x41], // A header of four bytes.
      [3, 10], // A total length less than the header.
      [32, 0xf0], // A TCP header beyond the packet.
    ].map(([at, value]) => {
      const packet = Uint8Array.from(good);
      packet[at as number] = value as number;
      return packet;
    });
    const summary = decodeCapture(pcapFile(framesOf(bad)));
    assert.equal(summary.unreadable, 3);
    assert.deepEqual(oddityCounts(summary), { 'malformed-header': 3 });
  });
});
