import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  applicationRecord,
  bytesOf,
  CERTIFICATE_DER,
  certificateMessage,
  clientHello,
  handshakeMessage,
  pcapFile,
  serverHello,
  Talk,
  tlsRecord,
  u24,
  u32,
} from '../../test/builders/capture-builder.js';
import { decodeCapture, oddityCounts, onlyConnection } from '../../test/builders/decode-capture.js';
import { readCertificateNames } from './certificate-names.js';
import { findRecords } from './tls.js';

const NAMES = {
  commonName: 'node.example',
  organizations: ['Example Org'],
  dnsNames: ['node.example', 'alias'],
  addresses: ['10.1.2.3', '2001:db8::7'],
};

describe('certificates', () => {
  it('tells subject and alternative names, and nothing of what is no certificate', () => {
    assert.deepEqual(readCertificateNames(CERTIFICATE_DER), NAMES);
    assert.equal(readCertificateNames(CERTIFICATE_DER.subarray(0, 200)), null);
    assert.equal(readCertificateNames(new Uint8Array(0)), null);
  });
});

describe('TLS', () => {
  it('reads a 1.2 handshake with certificates of both sides', () => {
    const talk = new Talk().open().handshake12('peer.example').send('client', applicationRecord(600)).close();
    for (const chunkBytes of [1, 1000, 1_000_000]) {
      const connection = onlyConnection(decodeCapture(talk.file(), { chunkBytes }));
      assert.equal(connection.tls, '1.2');
      assert.equal(connection.protocol, 'tls');
      assert.equal(connection.serverName, 'peer.example');
      assert.equal(connection.alpn, 'h2');
      assert.deepEqual(connection.serverCertificate, NAMES);
      assert.deepEqual(connection.clientCertificate, NAMES);
      assert.equal(connection.certificateRequested, true);
      assert.deepEqual(connection.handshakeFrames, [4, 5, 6]);
      // 600 bytes, less 8 of nonce and 16 of tag.
      assert.deepEqual(
        connection.bursts.fromClient.map(({ bytes, firstFrame }) => ({ bytes, firstFrame })),
        [{ bytes: 576, firstFrame: 8 }],
      );
    }
  });

  it('reads messages spread over records and segments', () => {
    const flight = bytesOf(serverHello({ version: '1.2' }), certificateMessage(CERTIFICATE_DER), handshakeMessage(14, []));
    const half = Math.floor(flight.length / 2);
    const records = bytesOf(tlsRecord(22, flight.subarray(0, half)), tlsRecord(22, flight.subarray(half)));
    const talk = new Talk().open().send('client', tlsRecord(22, clientHello({ serverName: 'a.example' })));
    for (let at = 0; at < records.length; at += 100) talk.send('server', records.subarray(at, at + 100));
    const connection = onlyConnection(decodeCapture(talk.file()));
    assert.deepEqual(connection.serverCertificate, NAMES);
    assert.equal(connection.certificateRequested, false);
    // The hello, and the segment that completes the certificate.
    assert.deepEqual(connection.handshakeFrames, [4, 4 + Math.ceil((records.length - 4) / 100)]);
  });

  it('reads a stream a byte a segment', () => {
    const talk = new Talk().open();
    for (const byte of tlsRecord(22, clientHello({ serverName: 'slow.example' }))) talk.send('client', bytesOf([byte]));
    assert.equal(onlyConnection(decodeCapture(talk.file())).serverName, 'slow.example');
  });

  it('knows 1.3 by supported_versions, also after a retry, and leaves its hidden handshake out of the bursts', () => {
    const talk = new Talk()
      .open()
      .send('client', tlsRecord(22, clientHello({ serverName: 'peer.example', alpn: 'h2', versions: [0x0a0a, 0x0304, 0x0303] }), 0x0301))
      .send('server', bytesOf(tlsRecord(22, serverHello({ version: '1.3' })), tlsRecord(20, [1]), applicationRecord(900)))
      .wait(5000)
      .send('client', bytesOf(tlsRecord(20, [1]), applicationRecord(850), applicationRecord(120), applicationRecord(53)))
      .wait(5000)
      .send('client', applicationRecord(1017))
      .send('server', applicationRecord(517));
    const connection = onlyConnection(decodeCapture(talk.file()));
    assert.equal(connection.tls, '1.3');
    assert.equal(connection.alpn, 'h2');
    assert.equal(connection.serverCertificate, null);
    assert.equal(connection.certificateRequested, null);
    assert.deepEqual(
      [connection.bursts.fromClient.map(({ bytes }) => bytes), connection.bursts.fromServer.map(({ bytes }) => bytes)],
      [[1000], [500]],
    );
    const retried = new Talk()
      .open()
      .send('client', tlsRecord(22, clientHello({ versions: [0x0304] })))
      .send('server', bytesOf(tlsRecord(22, serverHello({ version: '1.3' })), tlsRecord(20, [1])))
      .send('client', bytesOf(tlsRecord(20, [1]), tlsRecord(22, clientHello({ serverName: 'late.example', versions: [0x0304] }))));
    assert.equal(onlyConnection(decodeCapture(retried.file())).serverName, 'late.example');
  });

  it('reports a handshake message longer than is buffered, and hellos that contradict themselves', () => {
    const long = new Talk().open().send('client', tlsRecord(22, handshakeMessage(1, new Array(3000).fill(1))));
    assert.equal(oddityCounts(decodeCapture(long.file(), { limits: { maxHandshakeBytes: 1000 } }))['handshake-too-long'], 1);
    const broken = new Talk().open().send('client', tlsRecord(22, handshakeMessage(1, [3, 3, ...new Array(32).fill(0), 255, 1, 2])));
    assert.equal(oddityCounts(decodeCapture(broken.file()))['malformed-handshake'], 1);
    const noCertificate = new Talk().open().send('server', tlsRecord(22, certificateMessage(bytesOf([1, 2, 3]))));
    assert.equal(oddityCounts(decodeCapture(noCertificate.file()))['unreadable-certificate'], 1);
  });

  it('finds its place in a connection met in its middle', () => {
    const talk = new Talk();
    const record = applicationRecord(2000);
    talk
      .send('client', record.subarray(700))
      .send('client', bytesOf(applicationRecord(500), applicationRecord(600)))
      .send('client', applicationRecord(700));
    const connection = onlyConnection(decodeCapture(talk.file()));
    assert.equal(connection.protocol, 'tls');
    assert.equal(connection.tls, null);
    assert.equal(connection.roleBasis, 'port-guess');
    assert.deepEqual(
      connection.bursts.fromClient.map(({ bytes, firstFrame }) => ({ bytes, firstFrame })),
      [
        { bytes: 600 - 24, firstFrame: 2 },
        { bytes: 700 - 24, firstFrame: 3 },
      ],
    );
    assert.deepEqual(
      connection.smallMessages.fromClient.map(({ bytes }) => bytes),
      [500 - 24],
    );
  });

  it('tells client from server by a hello where the SYN is missing', () => {
    const talk = new Talk({ client: { address: '10.0.0.1', port: 500 } }).send('client', tlsRecord(22, clientHello({ serverName: 'x.example' })));
    const connection = onlyConnection(decodeCapture(talk.file()));
    assert.equal(connection.roleBasis, 'tls-hello');
    assert.equal(connection.client.port, 500);
    assert.equal(connection.serverName, 'x.example');
  });

  it('finds its place again after missing bytes, at once when they lie within a record', () => {
    const within = new Talk().open().handshake12('a.example');
    const record = applicationRecord(3000);
    within.send('client', record.subarray(0, 1000)).lose('client', 1000).send('client', record.subarray(2000)).send('client', applicationRecord(624));
    const across = new Talk()
      .open()
      .handshake12('a.example')
      .send('client', record.subarray(0, 1000))
      .lose('client', 2500)
      .send('client', applicationRecord(624));
    const [a, b] = [within, across].map((talk) => decodeCapture(talk.file()));
    assert.equal(oddityCounts(a as never)['lost-record-position'], undefined);
    assert.equal(onlyConnection(a as never).bytesMissing, 1000);
    assert.deepEqual(
      onlyConnection(a as never).bursts.fromClient.map(({ bytes }) => bytes),
      [3000 - 24, 600],
    );
    assert.equal(onlyConnection(b as never).bytesMissing, 2500);
    assert.deepEqual(
      onlyConnection(b as never).bursts.fromClient.map(({ bytes }) => bytes),
      [3000 - 24, 600],
    );
  });

  it('follows records whose frames the snap length cut', () => {
    const talk = new Talk().open().handshake12('a.example');
    for (let i = 0; i < 5; i++) talk.send('server', applicationRecord(1424)).wait(10_000);
    const connection = onlyConnection(decodeCapture(talk.file({ snapLength: 200 })));
    assert.equal(connection.protocol, 'tls');
    assert.equal(connection.payloadBytes.fromServer, onlyConnection(decodeCapture(talk.file())).payloadBytes.fromServer);
    assert.deepEqual(
      connection.bursts.fromServer.map(({ bytes }) => bytes),
      [1400, 1400, 1400, 1400, 1400],
    );
  });

  it('reads the name in a hello that the snap length cut', () => {
    const hello = clientHello({ serverName: 'cut.example', alpn: 'h2', versions: new Array(100).fill(0x0303) });
    const talk = new Talk()
      .open()
      .send('client', tlsRecord(22, hello))
      .send('server', tlsRecord(22, serverHello({ version: '1.2' })));
    const summary = decodeCapture(talk.file({ snapLength: 200 }));
    assert.equal(summary.truncated, 1);
    assert.equal(onlyConnection(summary).serverName, 'cut.example');
    assert.equal(onlyConnection(summary).tls, '1.2');
    assert.deepEqual(onlyConnection(summary).handshakeFrames, [4]);
  });

  it('finds record headers only where they are believable', () => {
    const noise = new Uint8Array(500).fill(0x17);
    const two = bytesOf(noise, applicationRecord(100), applicationRecord(100), noise);
    assert.equal(findRecords(two, 0, two.length, two.length), 500);
    const one = bytesOf(noise, applicationRecord(100), noise);
    assert.equal(findRecords(one, 0, one.length, one.length), -1);
    const last = bytesOf(noise, applicationRecord(100));
    assert.equal(findRecords(last, 0, last.length, last.length), 500);
    assert.equal(findRecords(last, 0, 510, last.length), 500);
    assert.equal(findRecords(noise, 0, noise.length, noise.length), -1);
  });
});

describe('plaintext', () => {
  const frame = (type: number, flags: number, stream: number, length: number): Uint8Array =>
    bytesOf(u24(length), [type, flags], u32(stream), new Uint8Array(length).fill(0xab));

  it('knows HTTP/2 by its preface, its SETTINGS or, in the middle, by its frames', () => {
    const preface = new Talk()
      .open()
      .send('client', bytesOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))
      .send('server', frame(4, 0, 0, 6));
    const serverFirst = new Talk()
      .open()
      .send('server', frame(4, 0, 0, 6))
      .send('client', bytesOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
    const middle = new Talk().send('client', bytesOf(frame(0, 0, 3, 500), frame(8, 0, 0, 4)));
    const many = new Talk().send('client', bytesOf(frame(0, 0, 3, 50), frame(8, 0, 0, 4), frame(6, 0, 0, 8), frame(0, 1, 3, 4000).subarray(0, 100)));
    for (const talk of [preface, serverFirst, middle, many]) {
      const connection = onlyConnection(decodeCapture(talk.file()));
      assert.equal(connection.protocol, 'http2');
      assert.equal(connection.tls, 'none');
    }
  });

  it('knows HTTP/1', () => {
    for (const talk of [
      new Talk().open().send('client', bytesOf('GET /healthz HTTP/1.1\r\n\r\n')),
      new Talk().send('server', bytesOf('HTTP/1.1 200 OK\r\n\r\n')),
      new Talk().send('client', bytesOf('POST /x HTTP/1.1\r\n\r\n')),
    ]) {
      const connection = onlyConnection(decodeCapture(talk.file()));
      assert.equal(connection.protocol, 'http1');
      assert.equal(connection.tls, 'none');
      assert.equal(connection.server.port, 7000);
    }
  });

  it('takes neither zeros nor noise for a protocol', () => {
    for (const payload of [new Uint8Array(600), Uint8Array.from({ length: 600 }, (_, i) => (i * 73 + 11) & 255), bytesOf(frame(0, 0, 0, 100))]) {
      for (const talk of [new Talk().open().send('client', payload), new Talk().send('client', payload)]) {
        const connection = onlyConnection(decodeCapture(pcapFile(talk.frames())));
        assert.equal(connection.protocol, 'unknown');
        assert.equal(connection.tls, null);
      }
    }
  });
});
