import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applicationRecord, bytesOf, CLIENT, ethernet, ipv4Bytes, pcapFile, SERVER, Talk, TCP_FLAGS } from '../../test/builders/capture-builder.js';
import { FrameExcerpter } from './frame-text.js';

function excerpt(file: Uint8Array, frames: readonly number[]): ReadonlyMap<number, string> {
  const excerpter = new FrameExcerpter({ frames: new Set(frames) });
  for (let at = 0; at < file.length; at += 100) excerpter.push(file.subarray(at, at + 100));
  return excerpter.end();
}

describe('frames in words', () => {
  it('tells what each frame of a TLS connection is', () => {
    const talk = new Talk()
      .open()
      .handshake12('peer.example')
      .send('client', bytesOf(applicationRecord(100), applicationRecord(100)))
      .close();
    const texts = excerpt(talk.file(), [1, 2, 4, 5, 6, 7, 8, 9, 99]);
    const there = '10.0.0.1:40000 → 10.0.0.2:7000';
    const back = '10.0.0.2:7000 → 10.0.0.1:40000';
    assert.equal(texts.get(1), `2023-11-14T22:13:20.000000Z ${there} TCP SYN, 54 bytes`);
    assert.equal(texts.get(2), `2023-11-14T22:13:20.000100Z ${back} TCP SYN ACK, 54 bytes`);
    assert.match(
      texts.get(4) ?? '',
      /^2023-11-14T22:13:20\.000300Z 10\.0\.0\.1:40000 → 10\.0\.0\.2:7000 TLS ClientHello SNI peer\.example, \d+ bytes$/,
    );
    assert.match(texts.get(5) ?? '', /→ 10\.0\.0\.1:40000 TLS ServerHello 1\.2, Certificate CN=node\.example, CertificateRequest, \d+ bytes$/);
    assert.match(texts.get(6) ?? '', / TLS Certificate CN=node\.example, \d+ bytes$/);
    assert.match(texts.get(7) ?? '', / TLS ChangeCipherSpec, \d+ bytes$/);
    assert.match(texts.get(8) ?? '', / TLS application data \(2 records\), 264 bytes$/);
    assert.match(texts.get(9) ?? '', / TCP FIN ACK, 54 bytes$/);
    assert.equal(texts.size, 8);
  });

  it('tells plaintext, other protocols, IPv6 and what it cannot read', () => {
    const v6 = { client: { address: '2001:db8::1', port: 1 }, server: { address: '2001:db8::2', port: 2 } };
    const ip = (protocol: number): Uint8Array => ethernet(ipv4Bytes(CLIENT.address, SERVER.address, protocol, new Uint8Array(20)));
    const frames = [
      ...new Talk().send('client', bytesOf('GET / HTTP/1.1\r\n\r\n')).frames(),
      ...new Talk(v6).packet('client', TCP_FLAGS.SYN).frames(),
      ...[ip(17), ip(1), ip(132), bytesOf(new Array(12).fill(1), [8, 6], new Array(28).fill(0)), bytesOf([1, 2, 3])].map((bytes) => ({
        nanos: 0,
        bytes,
      })),
    ];
    const texts = [...excerpt(pcapFile(frames), [1, 2, 3, 4, 5, 6, 7]).values()].map((text) => text.replace(/^\S+ /, ''));
    assert.deepEqual(texts, [
      '10.0.0.1:40000 → 10.0.0.2:7000 TCP ACK HTTP/1 plaintext of 18 bytes, 72 bytes',
      '[2001:db8::1]:1 → [2001:db8::2]:2 TCP SYN, 74 bytes',
      '10.0.0.1 → 10.0.0.2 UDP, 54 bytes',
      '10.0.0.1 → 10.0.0.2 ICMP, 54 bytes',
      '10.0.0.1 → 10.0.0.2 IP protocol 132, 54 bytes',
      'ARP, 42 bytes',
      'unreadable frame, 3 bytes',
    ]);
  });
});
