import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applicationRecord, bytesOf, CAPTURE_START_SECONDS, CLIENT, pcapFile, SERVER, Talk, TCP_FLAGS } from '../../test/builders/capture-builder.js';
import { decodeCapture, oddityCounts, onlyConnection } from '../../test/builders/decode-capture.js';

const { ACK, FIN, RST, SYN } = TCP_FLAGS;
const START_MICROS = CAPTURE_START_SECONDS * 1_000_000;
const text = (length: number): Uint8Array => new Uint8Array(length).fill(0x41);

describe('TCP streams', () => {
  it('counts retransmitted and overlapping bytes once', () => {
    const talk = new Talk().open();
    const sequence = talk.sequenceOf('client');
    talk
      .send('client', text(100))
      .send('client', text(100), { sequence })
      .send('client', text(150), { sequence: sequence + 60 });
    talk.send('client', text(10), { sequence: sequence + 205 }).send('client', text(40), { sequence: sequence + 190 });
    const connection = onlyConnection(decodeCapture(talk.file()));
    assert.equal(connection.payloadBytes.fromClient, 230);
    assert.equal(connection.bytesMissing, 0);
  });

  it('puts segments in order, also where sequence numbers wrap around', () => {
    for (const initialSequence of [1000, 0xffff_ff00, 0x7fff_ff80]) {
      const talk = new Talk({ initialSequence }).open();
      const first = talk.sequenceOf('client');
      const record = applicationRecord(900);
      const at = (offset: number): number => (first + offset) >>> 0;
      talk.send('client', record.subarray(600), { sequence: at(600) });
      talk.send('client', record.subarray(300, 600), { sequence: at(300) });
      talk.send('client', record.subarray(0, 300), { sequence: at(0) });
      const summary = decodeCapture(talk.file());
      const connection = onlyConnection(summary);
      assert.equal(connection.payloadBytes.fromClient, 905);
      assert.deepEqual(summary.oddities, []);
    }
  });

  it('fills a hole with segments that cover what waits already', () => {
    const talk = new Talk().open();
    const sequence = talk.sequenceOf('client');
    talk.send('client', text(50), { sequence: sequence + 100 }).send('client', text(50), { sequence: sequence + 200 });
    talk.send('client', text(300), { sequence: sequence + 20 }).send('client', text(20), { sequence });
    const summary = decodeCapture(talk.file());
    assert.equal(onlyConnection(summary).payloadBytes.fromClient, 320);
    assert.equal(onlyConnection(summary).bytesMissing, 0);
  });

  it('gives a hole up when its bytes were acknowledged, when too much waits, and at the end', () => {
    const sequence = new Talk().open().sequenceOf('client');
    const acknowledged = new Talk().open().lose('client', 500).send('client', text(100)).packet('server', ACK).wait(200_000);
    for (let i = 0; i < 70; i++) acknowledged.packet('server', ACK);
    // Too late: what was acknowledged long ago is not waited for.
    acknowledged.send('client', text(500), { sequence });
    const summaries = [acknowledged, new Talk().open().lose('client', 500).send('client', text(100))].map((talk) => decodeCapture(talk.file()));
    const crowded = new Talk().open().lose('client', 500);
    for (let i = 0; i < 20; i++) crowded.send('client', text(100));
    summaries.push(decodeCapture(crowded.file(), { limits: { maxPendingSegments: 5 } }));
    for (const summary of summaries) {
      const connection = onlyConnection(summary);
      assert.equal(connection.bytesMissing, 500);
      assert.ok(connection.payloadBytes.fromClient >= 100);
      assert.equal(oddityCounts(summary)['bytes-missing'], 1);
    }
  });

  it('tells bytes that were acknowledged at the end but never captured', () => {
    const talk = new Talk().open().send('client', text(100)).lose('client', 300).packet('server', ACK);
    assert.equal(onlyConnection(decodeCapture(talk.file())).bytesMissing, 300);
    const closed = new Talk().open().send('client', text(100)).close();
    assert.equal(onlyConnection(decodeCapture(closed.file())).bytesMissing, 0);
  });

  it('reports a sequence number from another world and goes on', () => {
    const talk = new Talk().open().send('client', text(100)).lose('client', 1_000_000_000).send('client', text(50));
    const summary = decodeCapture(talk.file());
    assert.equal(onlyConnection(summary).payloadBytes.fromClient, 150);
    assert.equal(onlyConnection(summary).bytesMissing, 0);
    assert.equal(oddityCounts(summary)['tcp-sequence-jump'], 1);
  });
});

describe('the life of a connection', () => {
  it('tells refused, unanswered and established', () => {
    const refused = new Talk().packet('client', SYN).packet('server', RST | ACK);
    const unanswered = new Talk().packet('client', SYN).wait(1_000_000).packet('client', SYN, bytesOf(), { sequence: 1000 });
    const reset = new Talk().open().packet('server', RST);
    const outcomes = [refused, unanswered, reset].map((talk) => onlyConnection(decodeCapture(talk.file())));
    assert.deepEqual(
      outcomes.map(({ outcome, closedWith, closedBy, roleBasis }) => ({ outcome, closedWith, closedBy, roleBasis })),
      [
        { outcome: 'refused', closedWith: 'rst', closedBy: 'server', roleBasis: 'syn' },
        { outcome: 'unanswered', closedWith: null, closedBy: null, roleBasis: 'syn' },
        { outcome: 'established', closedWith: 'rst', closedBy: 'server', roleBasis: 'syn' },
      ],
    );
  });

  it('tells who closed, and when both did at once', () => {
    const byServer = new Talk()
      .open()
      .packet('server', FIN | ACK)
      .wait(2000)
      .packet('client', FIN | ACK);
    const byBoth = new Talk()
      .open()
      .packet('server', FIN | ACK)
      .packet('client', FIN | ACK);
    const open = new Talk().open().send('client', text(10));
    const closings = [byServer, byBoth, open].map((talk) => onlyConnection(decodeCapture(talk.file())));
    assert.deepEqual(
      closings.map(({ closedBy, closedWith, closedFrame }) => ({ closedBy, closedWith, closedFrame })),
      [
        { closedBy: 'server', closedWith: 'fin', closedFrame: 4 },
        { closedBy: 'both', closedWith: 'fin', closedFrame: 4 },
        { closedBy: null, closedWith: null, closedFrame: null },
      ],
    );
  });

  it('takes a SYN after the close, or with a new number, for a new connection, and a repeated SYN for the same', () => {
    const packets = [
      new Talk().open().send('client', text(10)).close(),
      new Talk({ nanos: 1e9, initialSequence: 500_000 }).open().send('client', text(20)),
      new Talk({ nanos: 2e9, initialSequence: 900_000 })
        .packet('client', SYN)
        .wait(1_000_000)
        .packet('client', SYN, bytesOf(), { sequence: 900_000 }),
    ];
    const summary = decodeCapture(pcapFile(packets.flatMap((talk) => talk.frames())));
    assert.deepEqual(
      summary.connections.map(({ payloadBytes, frames, outcome }) => ({ bytes: payloadBytes.fromClient, frames, outcome })),
      [
        { bytes: 10, frames: 7, outcome: 'established' },
        { bytes: 20, frames: 4, outcome: 'established' },
        { bytes: 0, frames: 2, outcome: 'unanswered' },
      ],
    );
  });

  it('takes the same SYN long after data went both ways for a new connection', () => {
    const again = (nanos: number): Talk => new Talk({ nanos }).open().send('client', text(10)).send('server', text(10));
    assert.equal(decodeCapture(pcapFile([...again(0).frames(), ...again(60e9).frames()])).connections.length, 2);
  });

  it('forgets a connection only when no packet can belong to it any more', () => {
    const talk = new Talk().open().send('client', text(10)).close().wait(100_000_000).packet('client', ACK);
    const others = (nanos: number): Talk => {
      const many = new Talk({ nanos, client: { address: '10.0.0.9', port: 40_001 } }).open();
      for (let i = 0; i < 70; i++) many.packet('client', ACK);
      return many;
    };
    const summary = decodeCapture(pcapFile([...talk.frames(), ...others(101e9).frames()]));
    assert.deepEqual(
      summary.connections.map(({ frames }) => frames),
      [8, 73],
    );
    const late = new Talk({ nanos: 500e9 }).packet('client', ACK);
    const later = decodeCapture(pcapFile([...talk.frames(), ...others(400e9).frames(), ...late.frames()]));
    assert.deepEqual(
      later.connections.map(({ frames }) => frames),
      [8, 73, 1],
    );
  });

  it('guesses the server of a connection met in its middle from other connections, else from the ports', () => {
    const known = new Talk({ client: SERVER, server: { ...CLIENT, port: 50_000 } }).open();
    const alike = new Talk({ client: { ...SERVER, port: 7777 }, server: { ...CLIENT, port: 50_000 }, nanos: 1e9 }).send('client', text(10));
    const unknown = new Talk({ nanos: 2e9 }).send('server', text(10));
    const summary = decodeCapture(pcapFile([known, alike, unknown].flatMap((talk) => talk.frames())));
    assert.deepEqual(
      summary.connections.map(({ server, roleBasis, synAt }) => ({ port: server.port, roleBasis, synAt })),
      [
        { port: 50_000, roleBasis: 'syn', synAt: START_MICROS },
        { port: 50_000, roleBasis: 'port-guess', synAt: null },
        { port: 7000, roleBasis: 'port-guess', synAt: null },
      ],
    );
  });

  it('keeps no more connections than allowed, and drops the oldest closed ones first', () => {
    const talks = Array.from({ length: 30 }, (_, i) => {
      const talk = new Talk({ client: { ...CLIENT, port: 30_000 + i }, nanos: i * 1e9 }).open();
      return i === 0 ? talk : talk.close();
    });
    const summary = decodeCapture(pcapFile(talks.flatMap((talk) => talk.frames())), { limits: { maxConnections: 20 } });
    assert.ok(summary.connections.length <= 20);
    assert.equal(summary.connections.length + (oddityCounts(summary)['connections-evicted'] ?? 0), 30);
    assert.equal(summary.connections[0]?.client.port, 30_000);
    assert.equal(summary.connections.at(-1)?.client.port, 30_029);
  });
});

describe('traffic and bursts', () => {
  it('adds payload up by the second, and widens the steps when there are too many', () => {
    const talk = new Talk().open();
    for (let i = 0; i < 10; i++) talk.send('client', text(100)).send('server', text(30)).wait(999_800);
    const { traffic } = onlyConnection(decodeCapture(talk.file()));
    assert.equal(traffic.length, 11 - 1);
    assert.deepEqual(traffic[0], { second: CAPTURE_START_SECONDS, fromClient: 100, fromServer: 30 });
    const wide = onlyConnection(decodeCapture(talk.file(), { limits: { maxTrafficSteps: 4 } })).traffic;
    assert.ok(wide.length <= 4);
    assert.equal(
      wide.reduce((sum, step) => sum + step.fromClient, 0),
      1000,
    );
  });

  it('joins what is less than 2 ms apart, keeps what has 500 bytes or more and counts the rest by size', () => {
    const talk = new Talk().open();
    talk.send('client', bytesOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).wait(5000);
    talk.send('client', text(300)).wait(1800).send('client', text(300)).wait(2000).send('client', text(499)).wait(3000).send('client', text(500));
    const { bursts, smallMessages, tls, protocol } = onlyConnection(decodeCapture(talk.file()));
    assert.equal(protocol, 'http2');
    assert.equal(tls, 'none');
    assert.deepEqual(
      bursts.fromClient.map(({ bytes, firstFrame, lastFrame }) => ({ bytes, firstFrame, lastFrame })),
      [
        { bytes: 600, firstFrame: 5, lastFrame: 6 },
        { bytes: 500, firstFrame: 8, lastFrame: 8 },
      ],
    );
    assert.deepEqual(
      smallMessages.fromClient.map(({ bytes, total, runs }) => ({ bytes, total, counts: runs.map((r) => r.count) })),
      [
        { bytes: 24, total: 24, counts: [1] },
        { bytes: 499, total: 499, counts: [1] },
      ],
    );
    const [first] = bursts.fromClient;
    assert.equal((first?.lastAt ?? 0) - (first?.firstAt ?? 0), 1900);
    const limited = decodeCapture(talk.file(), { limits: { maxBurstsPerDirection: 1 } });
    assert.equal(onlyConnection(limited).bursts.fromClient.length, 1);
    assert.equal(oddityCounts(limited)['bursts-not-kept'], 1);
  });
});
