import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CaptureDecoder, type CaptureSummary } from '../src/packets/capture-decoder.js';
import { Dice } from './fuzz-inputs.js';
import { assertWithin } from './machine-speed.js';

/** Captures made to be expensive: twice as much of them takes about twice as long, and what is kept of them stays within its limits. */
const RUNS = 2;
/** What doubling the input may cost: twice as much would be 2, quadratic time 4. */
const MOST_GROWTH = 3;
const SPARE_MILLIS = 30;
const MOST_LIVE_BYTES = 60e6;

const SYN = 0x02;
const ACK = 0x10;
const FIN = 0x01;
const PACKET_BYTES = 54;

/** Writes a pcap packet by packet. */
class CaptureWriter {
  readonly #bytes: Buffer;
  #at = 24;
  #micros = 0;

  constructor(packets: number, payloadBytes: number) {
    this.#bytes = Buffer.alloc(24 + packets * (16 + PACKET_BYTES + payloadBytes));
    this.#bytes.writeUInt32LE(0xa1b2c3d4, 0);
    this.#bytes.writeUInt16LE(2, 4);
    this.#bytes.writeUInt16LE(4, 6);
    this.#bytes.writeUInt32LE(262_144, 16);
    this.#bytes.writeUInt32LE(1, 20);
  }

  /** A TCP packet between two hosts; `client` counts addresses and ports. */
  packet(client: number, fromClient: boolean, flags: number, sequence: number, payload: Uint8Array, stepMicros = 20, acknowledgment = 1): void {
    const bytes = this.#bytes;
    const at = this.#at;
    this.#micros += stepMicros;
    bytes.writeUInt32LE(1_700_000_000 + Math.floor(this.#micros / 1e6), at);
    bytes.writeUInt32LE(this.#micros % 1e6, at + 4);
    bytes.writeUInt32LE(PACKET_BYTES + payload.length, at + 8);
    bytes.writeUInt32LE(PACKET_BYTES + payload.length, at + 12);
    const ip = at + 16 + 14;
    bytes.writeUInt16BE(0x0800, ip - 2);
    bytes[ip] = 0x45;
    bytes.writeUInt16BE(40 + payload.length, ip + 2);
    bytes[ip + 9] = 6;
    const [there, here] = [0x0a000000 + Math.floor(client / 30_000), 0x0b000001];
    const [port, served] = [32_768 + (client % 30_000), 7051];
    bytes.writeUInt32BE(fromClient ? there : here, ip + 12);
    bytes.writeUInt32BE(fromClient ? here : there, ip + 16);
    const tcp = ip + 20;
    bytes.writeUInt16BE(fromClient ? port : served, tcp);
    bytes.writeUInt16BE(fromClient ? served : port, tcp + 2);
    bytes.writeUInt32BE(sequence >>> 0, tcp + 4);
    bytes.writeUInt32BE(acknowledgment >>> 0, tcp + 8);
    bytes[tcp + 12] = 0x50;
    bytes[tcp + 13] = flags;
    bytes.set(payload, tcp + 20);
    this.#at = tcp + 20 + payload.length;
  }

  file(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#at);
  }
}

const NOTHING = new Uint8Array(0);

function record(bytes: number): Uint8Array {
  const written = new Uint8Array(5 + bytes);
  written.set([23, 3, 3, bytes >> 8, bytes & 0xff]);
  return written;
}

/** As a TLS 1.2 server and client of gossip do, shortened: connections that open, say something and close. */
function shortTalks(packets: number): Uint8Array {
  const writer = new CaptureWriter(packets, 605);
  for (let client = 0; client < packets / 10; client++) {
    writer.packet(client, true, SYN, 0, NOTHING, 2_000);
    writer.packet(client, false, SYN | ACK, 0, NOTHING);
    for (let i = 0; i < 3; i++) {
      writer.packet(client, true, ACK, 1 + i * 605, record(600), 3_000);
      writer.packet(client, false, ACK, 1 + i * 505, record(40 + ((client + i) % 400)), 3_000);
    }
    writer.packet(client, true, FIN | ACK, 2716, NOTHING);
    writer.packet(client, false, FIN | ACK, 2716, NOTHING);
  }
  return writer.file();
}

const CASES: readonly { readonly name: string; readonly packets: number; readonly make: (packets: number) => Uint8Array }[] = [
  {
    name: 'connections that are only asked for',
    packets: 25_000,
    make: (packets) => {
      const writer = new CaptureWriter(packets, 0);
      for (let i = 0; i < packets; i++) writer.packet(i, true, SYN, i, NOTHING);
      return writer.file();
    },
  },
  { name: 'connections that open, talk and close', packets: 40_000, make: shortTalks },
  {
    name: 'a gap on each of many connections',
    packets: 24_000,
    make: (packets) => {
      const writer = new CaptureWriter(packets, 100);
      const payload = record(95);
      for (let i = 0; i < packets; i++) writer.packet(i % 4_000, true, ACK, Math.floor(i / 4_000) * 200, payload);
      return writer.file();
    },
  },
  {
    name: 'one connection whose segments come backwards',
    packets: 60_000,
    make: (packets) => {
      const writer = new CaptureWriter(packets, 100);
      const payload = record(95);
      for (let i = 0; i < packets; i++) writer.packet(0, true, ACK, (Math.floor(i / 500) * 500 + 500 - (i % 500)) * 100, payload);
      return writer.file();
    },
  },
  {
    name: 'messages of every size in turn, seconds apart',
    packets: 120_000,
    make: (packets) => {
      const writer = new CaptureWriter(packets, 500);
      const next = new Map<number, number>();
      for (let i = 0; i < packets; i++) {
        const payload = record(30 + ((i * 7) % 440));
        writer.packet(i % 50, true, ACK, next.get(i % 50) ?? 0, payload, 200_000);
        next.set(i % 50, (next.get(i % 50) ?? 0) + payload.length);
      }
      return writer.file();
    },
  },
  {
    name: 'HTTP/2 frames of a byte',
    packets: 8_000,
    make: (packets) => {
      const writer = new CaptureWriter(packets, 1000);
      const payload = new Uint8Array(1000);
      for (let at = 0; at < 1000; at += 10) payload.set([0, 0, 1, 0, 0, 0, 0, 0, 1, at & 0xff], at);
      for (let i = 0; i < packets; i++) writer.packet(0, true, ACK, i * 1000, payload);
      return writer.file();
    },
  },
  {
    name: 'what is no capture behind its header',
    packets: 60_000,
    make: (packets) => {
      const file = new CaptureWriter(packets, 0).file();
      const noise = new Uint8Array(24 + packets * 70);
      noise.set(file.subarray(0, 24));
      const dice = new Dice(1, packets);
      for (let at = 24; at < noise.length; at++) noise[at] = dice.below(dice.oneIn(2) ? 2 : 256);
      return noise;
    },
  },
];

function decode(bytes: Uint8Array): { readonly millis: number; readonly summary: CaptureSummary } {
  const begun = performance.now();
  const decoder = new CaptureDecoder({ source: 'growth' });
  for (let at = 0; at < bytes.length; at += 65_536) decoder.push(bytes.subarray(at, at + 65_536));
  const summary = decoder.end();
  return { millis: performance.now() - begun, summary };
}

const fastest = (bytes: Uint8Array): number => Math.min(...Array.from({ length: RUNS }, () => decode(bytes).millis));

describe('twice the capture', () => {
  for (const { name, packets, make } of CASES)
    test(`takes about twice the time: ${name}`, async (t) => {
      const [one, two] = [make(packets), make(2 * packets)];
      decode(one);
      const once = fastest(one);
      const twice = fastest(two);
      t.diagnostic(`${once.toFixed(0)} ms, then ${twice.toFixed(0)} ms`);
      await assertWithin(t, twice, MOST_GROWTH * once + SPARE_MILLIS, 1);
    });

  test('takes no more memory once the limits are reached', async (t) => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    // Buffers are given back after the collection, by another thread.
    const collect = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) {
        gc();
        await new Promise((done) => setTimeout(done, 50));
      }
    };
    // In a function of its own, so that nothing holds the bytes afterwards.
    const summaryOf = (packets: number): CaptureSummary => decode(shortTalks(packets)).summary;
    const live = async (packets: number): Promise<number> => {
      await collect();
      const before = process.memoryUsage();
      const summary = summaryOf(packets);
      await collect();
      const after = process.memoryUsage();
      assert.equal(summary.connections.length + summary.folded.reduce((sum, f) => sum + f.connections, 0), packets / 10);
      return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    };
    await live(1_000);
    const one = await live(100_000);
    const four = await live(400_000);
    t.diagnostic(`${(one / 1e6).toFixed(0)} MB, then ${(four / 1e6).toFixed(0)} MB`);
    assert.ok(four < MOST_LIVE_BYTES);
    assert.ok(four < 1.5 * one + 5e6);
  });
});
