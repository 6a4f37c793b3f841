import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applicationRecord, clientHello, ethernet, pcapFile, Talk, TCP_FLAGS, tlsRecord } from '../../test/builders/capture-builder.js';
import { CaptureDecoder, type CaptureSummary } from './capture-decoder.js';
import type { CaptureLimits } from './capture-limits.js';

const { SYN, ACK, FIN, RST } = TCP_FLAGS;
const SPACING_NANOS = 300_000_000_000;

/** One connection after the other, each past the time that late packets of the one before may take. */
function summaryOf(talks: readonly Talk[], limits: Partial<CaptureLimits>): CaptureSummary {
  const packets = talks.flatMap((talk) => talk.packets).sort((a, b) => a.nanos - b.nanos);
  const decoder = new CaptureDecoder({ source: 'x', limits });
  decoder.push(pcapFile(packets.map(({ nanos, ip }) => ({ nanos, bytes: ethernet(ip) }))));
  return decoder.end();
}

const talkAt = (i: number, server = '10.0.0.2'): Talk =>
  new Talk({ client: { address: '10.0.0.1', port: 40_000 + i }, server: { address: server, port: 7051 }, nanos: i * SPACING_NANOS });

function probe(i: number, server?: string): Talk {
  const talk = talkAt(i, server).open();
  return talk
    .packet('client', ACK, applicationRecord(100 + i))
    .packet('client', FIN | ACK)
    .packet('server', FIN | ACK);
}

const connectionsOf = ({ connections, folded }: CaptureSummary): number => connections.length + folded.reduce((sum, f) => sum + f.connections, 0);
const bytesOf = ({ connections, folded }: CaptureSummary): number =>
  [...connections, ...folded].reduce((sum, { payloadBytes: b }) => sum + b.fromClient + b.fromServer, 0);

describe('short connections of the same two', () => {
  const talks = Array.from({ length: 40 }, (_, i) => probe(i));
  const whole = summaryOf(talks, {});
  const folded = summaryOf(talks, { maxShortPerPair: 5 });

  test('are told one by one as long as they are few', () => {
    assert.equal(whole.connections.length, 40);
    assert.deepEqual(whole.folded, []);
  });

  test('are folded beyond a number, oldest first, and nothing of their sums is lost', () => {
    // Those whose time is over are looked for every 64 frames.
    assert.ok(folded.connections.length >= 5 && folded.connections.length < 20);
    assert.equal(folded.connections.at(-1)?.firstFrame, whole.connections.at(-1)?.firstFrame);
    assert.equal(connectionsOf(folded), 40);
    assert.equal(bytesOf(folded), bytesOf(whole));
    const [sum] = folded.folded;
    assert.equal(folded.folded.length, 1);
    assert.deepEqual([sum?.client, sum?.server], [{ address: '10.0.0.1' }, { address: '10.0.0.2', port: 7051 }]);
    assert.equal(sum?.firstAt, whole.connections[0]?.firstAt);
    assert.equal(sum?.lastAt, whole.connections[(sum?.connections ?? 0) - 1]?.lastAt);
    const traffic = sum?.traffic.reduce((total, t) => total + t.fromClient, 0);
    assert.equal(traffic, sum?.payloadBytes.fromClient);
  });

  test('an oddity counts them', () => {
    const odd = folded.oddities.find((o) => o.kind === 'connections-folded');
    assert.equal(odd?.count, folded.folded[0]?.connections);
    assert.deepEqual(odd?.evidence[0], { source: 'x', frame: 1 });
    assert.ok(!whole.oddities.some((o) => o.kind === 'connections-folded'));
  });
});

test('what tells more is not folded away: other names, other ends, other outcomes, long lives', () => {
  const hello = (i: number, name: string): Talk =>
    talkAt(i)
      .open()
      .packet('client', ACK, tlsRecord(22, clientHello({ serverName: name })))
      .packet('server', RST);
  const long = talkAt(6).open();
  long.nanos += 90_000_000_000;
  long.packet('client', FIN | ACK).packet('server', FIN | ACK);
  const refused = talkAt(7)
    .packet('client', SYN)
    .packet('server', RST | ACK);
  const talks = [hello(0, 'a'), hello(1, 'b'), probe(2), probe(3, '10.0.0.3'), long, refused, probe(12, '10.0.0.9')];
  const summary = summaryOf(talks, { maxShortPerPair: 1 });
  assert.equal(summary.connections.length, talks.length);
  assert.deepEqual(summary.folded, []);
});

test('evicted connections are summed too', () => {
  const talks = Array.from({ length: 60 }, (_, i) => probe(i));
  const summary = summaryOf(talks, { maxConnections: 20 });
  assert.ok(summary.connections.length <= 20);
  assert.equal(connectionsOf(summary), 60);
  assert.equal(summary.oddities.find((o) => o.kind === 'connections-evicted')?.count, 60 - summary.connections.length);
});
