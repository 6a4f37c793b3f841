import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesOf, CAPTURE_START_SECONDS, pcapFile, Talk } from '../../test/builders/capture-builder.js';
import { decodeCapture, oddityCounts, onlyConnection } from '../../test/builders/decode-capture.js';
import { recognizeCapture } from './capture-reader.js';

const START_MICROS = CAPTURE_START_SECONDS * 1_000_000;
const PAYLOAD = new Uint8Array(100).fill(0x41);

/** Ten packets of 54 and one of 154 bytes. */
function talk(): Talk {
  return new Talk().open().send('client', PAYLOAD).close();
}

describe('classic pcap', () => {
  for (const bigEndian of [false, true]) {
    for (const nanos of [false, true]) {
      it(`reads ${bigEndian ? 'big' : 'little'}-endian ${nanos ? 'nanoseconds' : 'microseconds'}`, () => {
        const conversation = talk();
        const frames = conversation.frames().map((frame) => ({ ...frame, nanos: frame.nanos + 999 }));
        const file = pcapFile(frames, { bigEndian, nanos });
        assert.equal(recognizeCapture(file), 'pcap');
        const summary = decodeCapture(file);
        assert.equal(summary.packets, 7);
        assert.equal(summary.from, START_MICROS);
        // Three packets of 100 µs each, the payload, the FIN, then 5 ms.
        assert.equal(summary.to, START_MICROS + 600 + 5000);
        assert.deepEqual(summary.oddities, []);
        const connection = onlyConnection(summary);
        assert.equal(connection.payloadBytes.fromClient, 100);
        assert.equal(connection.synAt, START_MICROS);
        assert.equal(connection.closedAt, START_MICROS + 400);
        assert.equal(connection.closedFrame, 5);
      });
    }
  }

  it('reports a torn end with its byte count and keeps what comes before', () => {
    const file = talk().file();
    const summary = decodeCapture(file.subarray(0, file.length - 20));
    assert.equal(summary.packets, 6);
    assert.deepEqual(
      summary.oddities.map(({ kind, count, evidence }) => ({ kind, count, evidence })),
      [{ kind: 'torn-record', count: 1, evidence: [{ source: 'test.pcap', frame: 6 }] }],
    );
    assert.match(summary.oddities[0]?.example ?? '', /cut after 50 bytes/);
  });

  it('reports an empty file, a cut file header and what is no capture', () => {
    assert.deepEqual(oddityCounts(decodeCapture(bytesOf())), { 'unrecognised-capture': 1 });
    assert.deepEqual(oddityCounts(decodeCapture(talk().file().subarray(0, 12))), { 'torn-record': 1 });
    assert.deepEqual(oddityCounts(decodeCapture(bytesOf('2026-11-22 10:33:28 UTC [gossip] INFO'))), { 'unrecognised-capture': 1 });
    assert.equal(recognizeCapture(bytesOf('GIF89a')), null);
  });

  /** Where the record of frame `number` begins. */
  function recordAt(file: Uint8Array, number: number): number {
    const view = new DataView(file.buffer, file.byteOffset);
    let at = 24;
    for (let frame = 1; frame < number; frame++) at += 16 + view.getUint32(at + 8, true);
    return at;
  }

  for (const [what, captured] of [
    ['an impossible captured length', 0xffffffff],
    ['a captured length a little too long', 90],
    ['a captured length a little too short', 10],
    ['no captured length', 0],
  ] as const) {
    it(`goes on after a record with ${what}`, () => {
      const conversation = new Talk().open();
      for (let i = 0; i < 20; i++) conversation.send('client', PAYLOAD).packet('server', 16);
      const file = Uint8Array.from(conversation.file());
      new DataView(file.buffer).setUint32(recordAt(file, 2) + 8, captured, true);
      for (const chunkBytes of [file.length, 7]) {
        const summary = decodeCapture(file, { chunkBytes });
        assert.equal(summary.packets, 43);
        assert.equal(onlyConnection(summary).payloadBytes.fromClient, 2000);
        const lie = summary.oddities.find(({ kind }) => kind === 'lying-length');
        assert.ok(lie !== undefined || captured === 10, JSON.stringify(summary.oddities));
        assert.ok(summary.oddities.length > 0);
        assert.ok(summary.unreadable > 0);
      }
    });
  }

  it('goes on after bytes that are no record', () => {
    const conversation = new Talk().open();
    for (let i = 0; i < 10; i++) conversation.send('client', PAYLOAD);
    const file = conversation.file();
    const cut = recordAt(file, 6);
    const noise = Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255);
    const summary = decodeCapture(bytesOf(file.subarray(0, cut), noise, file.subarray(cut)), { chunkBytes: 333 });
    assert.equal(onlyConnection(summary).payloadBytes.fromClient, 1000);
    assert.equal(oddityCounts(summary)['unreadable-bytes'], 1);
    assert.match(summary.oddities.find(({ kind }) => kind === 'unreadable-bytes')?.example ?? '', /^5000 bytes/);
  });

  it('counts frames that the snap length cut, and their payload by its length on the wire', () => {
    const summary = decodeCapture(talk().file({ snapLength: 60 }));
    assert.equal(summary.truncated, 1);
    assert.deepEqual(oddityCounts(summary), { 'packet-truncated': 1 });
    const connection = onlyConnection(summary);
    assert.equal(connection.payloadBytes.fromClient, 100);
    assert.equal(connection.bytesMissing, 94);
  });
});
