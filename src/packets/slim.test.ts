import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  applicationRecord,
  type BuiltFrame,
  bytesOf,
  CLIENT,
  cookedV2,
  ethernet,
  ipv4Bytes,
  pcapFile,
  SERVER,
  Talk,
  tcpBytes,
  tlsRecord,
} from '../../test/builders/capture-builder.js';
import { decodeCapture, slimCapture } from '../../test/builders/decode-capture.js';

const SECRET = 'a secret that nobody may read';
/** A record that holds {@link SECRET} many times. */
const secretRecord = (times: number): Uint8Array => tlsRecord(23, bytesOf(SECRET.repeat(times)));

function holds(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes).includes(text);
}

/** Decodes to the same, has the same size, and is the same whatever the chunks. */
function checkSlim(file: Uint8Array, options: { readonly dropPlaintext?: boolean } = {}): Uint8Array {
  const slim = slimCapture(file, options);
  assert.equal(slim.length, file.length);
  assert.deepEqual(decodeCapture(slim), decodeCapture(file));
  assert.deepEqual(slimCapture(file, { ...options, chunkBytes: 17 }), slim);
  assert.deepEqual(slimCapture(slim, options), slim);
  return slim;
}

describe('slimming', () => {
  it('zeroes encrypted payload and keeps headers and handshake', () => {
    const talk = new Talk()
      .open()
      .handshake12('peer.example')
      .send('client', bytesOf(secretRecord(10), secretRecord(20)))
      .close();
    const file = talk.file();
    const slim = checkSlim(file);
    assert.ok(holds(file, SECRET));
    assert.ok(!holds(slim, SECRET));
    assert.ok(holds(slim, 'peer.example'));
    assert.ok(holds(slim, 'node.example'));
    assert.ok(gzipSync(slim).length < 1500);
  });

  it('finds headers in records spread over segments, repeated and out of order', () => {
    const talk = new Talk().open().handshake12('peer.example');
    const stream = bytesOf(secretRecord(30), secretRecord(3), secretRecord(40), applicationRecord(50));
    const first = talk.sequenceOf('client');
    const cuts = [0, 3, 500, 874, 876, 1500, stream.length];
    const segments = cuts.slice(1).map((end, i) => ({ sequence: first + (cuts[i] as number), bytes: stream.subarray(cuts[i], end) }));
    for (const i of [2, 0, 0, 4, 3, 1, 5, 2]) talk.send('client', segments[i]?.bytes as Uint8Array, { sequence: segments[i]?.sequence as number });
    assert.ok(!holds(checkSlim(talk.file()), SECRET));
  });

  it('writes what waits for missing bytes in the end', () => {
    const talk = new Talk().open().handshake12('peer.example').lose('client', 100).send('client', secretRecord(5)).send('server', secretRecord(5));
    assert.ok(!holds(checkSlim(talk.file()), SECRET));
  });

  it('keeps plaintext unless told otherwise', () => {
    const preface = bytesOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const http1 = { client: { ...CLIENT, port: 41_000 } };
    const talks = [
      new Talk().open().send('client', preface).send('client', bytesOf(SECRET)),
      new Talk(http1)
        .open()
        .send('client', bytesOf(`GET /${SECRET} HTTP/1.1\r\n\r\n`))
        .send('server', bytesOf(`HTTP/1.1 200 OK\r\n\r\n${SECRET}`)),
      new Talk({ client: { ...CLIENT, port: 42_000 } }).open().send('client', bytesOf(SECRET)),
    ];
    for (const talk of talks) {
      const file = talk.file();
      assert.ok(holds(checkSlim(file), SECRET));
      assert.ok(!holds(checkSlim(file, { dropPlaintext: true }), SECRET));
    }
  });

  it('zeroes streams whose position is unknown, except for headers it finds', () => {
    const lost = new Talk().send('client', bytesOf(SECRET.repeat(20)));
    assert.ok(!holds(checkSlim(lost.file()), SECRET));
    const found = new Talk().send('client', bytesOf(SECRET.repeat(20), secretRecord(3), secretRecord(4)));
    assert.ok(!holds(checkSlim(found.file()), SECRET));
    assert.equal(decodeCapture(slimCapture(found.file())).connections[0]?.protocol, 'tls');
  });

  it('reaches into fragments', () => {
    const payload = bytesOf(secretRecord(80), secretRecord(10));
    const talk = new Talk().open().handshake12('peer.example');
    const tcp = tcpBytes({ from: CLIENT, to: SERVER, sequence: talk.sequenceOf('client'), payload });
    const frames: BuiltFrame[] = talk.frames();
    for (let offset = 0; offset < tcp.length; offset += 800) {
      const fragment = { offset, more: offset + 800 < tcp.length };
      const packet = ipv4Bytes(CLIENT.address, SERVER.address, 6, tcp.subarray(offset, offset + 800), { identification: 3, fragment });
      frames.push({ nanos: 1e7 + offset, bytes: ethernet(packet) });
    }
    assert.ok(!holds(checkSlim(pcapFile(frames)), SECRET));
    // Without the last one nobody ever reads them.
    assert.ok(!holds(checkSlim(pcapFile(frames.slice(0, -1))), SECRET));
  });

  it('zeroes further sights of a packet and a torn last one', () => {
    const frames = new Talk().open().handshake12('a.example').send('client', secretRecord(5)).frames(cookedV2);
    const file = pcapFile(
      frames.flatMap((frame) => [frame, frame]),
      { linkType: 276 },
    );
    assert.ok(!holds(checkSlim(file), SECRET));
    assert.ok(!holds(checkSlim(file.subarray(0, file.length - 20)), SECRET));
  });

  it('works on frames that the snap length cut', () => {
    const talk = new Talk().open().handshake12('peer.example');
    for (let i = 0; i < 5; i++) talk.send('server', bytesOf(secretRecord(1), secretRecord(60)));
    assert.ok(!holds(checkSlim(talk.file({ snapLength: 200 })), SECRET));
  });
});
