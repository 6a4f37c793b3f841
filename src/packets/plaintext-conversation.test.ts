import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bytesOf, ethernet, pcapFile, Talk } from '../../test/builders/capture-builder.js';
import { decodeCapture, oddityCounts, onlyConnection } from '../../test/builders/decode-capture.js';
import {
  aliveMessage,
  blockPush,
  blockUpdate,
  clientOpening,
  connMessage,
  DELIVER,
  dataFrames,
  deliveredBlock,
  deliverRequest,
  deliverStatus,
  FLAG,
  FRAME,
  frame,
  GOSSIP_STREAM,
  headers,
  hex,
  leadershipMessage,
  membershipRequest,
  membershipResponse,
  pkiId,
  serverOpening,
  stateInfo,
  stateResponse,
} from '../../test/builders/http2-builder.js';
import type { PlaintextFacts } from '../events/plaintext-message.js';
import type { CaptureLimits } from './capture-limits.js';

const gossipTalk = (): Talk => new Talk().open().send('client', clientOpening(GOSSIP_STREAM)).send('server', serverOpening());
const say = (talk: Talk, side: 'client' | 'server', message: Uint8Array): Talk => talk.send(side, dataFrames(1, message));

function plaintextOf(talk: Talk, limits: Partial<CaptureLimits> = {}): PlaintextFacts {
  const { plaintext } = onlyConnection(decodeCapture(talk.file(), { limits }));
  assert.ok(plaintext !== null);
  return plaintext;
}

/** `from kind`, with what each kind is about. */
function linesOf(facts: PlaintextFacts): readonly string[] {
  return facts.messages.map((m) => {
    switch (m.kind) {
      case 'blocks':
        return `${m.from} ${m.via} ${m.channel} ${m.blocks.map((b) => `${b.number}:${b.bytes}`).join(' ')}${m.isWhole ? '' : ' torn'}`;
      case 'leadership':
        return `${m.from} ${m.isDeclaration ? 'declares' : 'proposes'} ${m.pkiId.slice(0, 2)} ${m.channel}`;
      case 'deliver-request':
        return `${m.from} asks ${m.channel} ${m.start} ${m.isEndless}`;
      case 'deliver-status':
        return `${m.from} status ${m.status} ${m.grpcStatus} ${m.channel}`;
      case 'dead-members':
        return `${m.from} dead ${m.pkiIds.map((id) => id.slice(0, 2)).join(' ')}`;
      case 'state-info':
        return `${m.from} height ${m.pkiId.slice(0, 2)} ${m.height}`;
      case 'state-request':
        return `${m.from} wants ${m.start}-${m.end}`;
      default:
        return `${m.from} ${m.kind} ${m.pkiId.slice(0, 2)} ${m.mspId}`;
    }
  });
}

describe('a gossip stream', () => {
  it('tells who is at its ends, who lives, who leads, how high ledgers are and which blocks pass', () => {
    const talk = gossipTalk();
    say(talk, 'client', connMessage(1, 'AMSP'));
    say(talk, 'server', connMessage(2, 'BMSP'));
    say(talk, 'client', membershipRequest(1));
    say(talk, 'server', membershipResponse([1, 2, 3], [4]));
    say(talk, 'server', leadershipMessage(2, 'ch', false, 1));
    say(talk, 'server', leadershipMessage(2, 'ch', true, 2));
    say(talk, 'server', stateInfo(2, pkiId(8), 5, 1));
    say(talk, 'server', blockPush('ch', 5, 800));
    say(talk, 'client', blockUpdate('ch', [3, 4], 100));
    say(talk, 'server', stateResponse('ch', [1, 2], 100));
    const facts = plaintextOf(talk);
    assert.deepEqual(linesOf(facts), [
      'client conn 01 AMSP',
      'server conn 02 BMSP',
      'client alive 01 AMSP',
      'server alive 02 BMSP',
      'server alive 03 null',
      'server dead 04',
      'server proposes 02 ch',
      'server declares 02 ch',
      'server height 02 5',
      'server push ch 5:800',
      'client pull ch 3:100 4:100',
      'server state-transfer ch 1:100 2:100',
    ]);
    assert.equal(facts.authority, 'peer1.example.com:7051');
    assert.deepEqual([facts.clientPkiId, facts.serverPkiId], [hex(pkiId(1)), hex(pkiId(2))]);
    assert.deepEqual(facts.channels, ['ch']);
    const counts = new Map(facts.counts.map((c) => [`${c.from} ${c.kind}`, c.messages]));
    assert.deepEqual([counts.get('server mem-res'), counts.get('server data-msg'), counts.get('client update')], [1, 1, 1]);
    const alive = facts.messages.find((m) => m.kind === 'alive');
    assert.equal(alive?.endpoint, 'peer1.example.com:7051');
  });

  it('repeats itself for days without being kept: news is a first word, a new life, a word after a silence', () => {
    const talk = gossipTalk();
    say(talk, 'client', connMessage(1, 'AMSP'));
    const times = 2000;
    for (let i = 1; i <= times; i++) {
      say(talk.wait(5_000_000), 'client', aliveMessage(1, 1, i));
      say(talk, 'client', aliveMessage(1, 1, i));
      say(talk, 'client', leadershipMessage(1, 'ch', true, i));
      say(talk, 'client', stateInfo(1, pkiId(8), 7, i));
    }
    say(talk.wait(30_000_000), 'client', aliveMessage(1, 1, times + 1));
    say(talk.wait(1_000_000), 'client', aliveMessage(1, 2, 1));
    say(talk, 'client', aliveMessage(1, 1, times + 2));
    const facts = plaintextOf(talk);
    const kinds = linesOf(facts);
    assert.deepEqual(kinds, [
      'client conn 01 AMSP',
      'client alive 01 AMSP',
      'client declares 01 ch',
      'client height 01 7',
      'client alive 01 AMSP',
      'client alive 01 AMSP',
    ]);
    const [, silent, reborn] = facts.messages.filter((m) => m.kind === 'alive');
    const micros = (m: typeof silent): number => (m?.lastAt ?? 0) - (m?.previousAt ?? 0);
    assert.ok(micros(silent) > 30_000_000 && micros(silent) < 30_010_000);
    assert.equal(reborn?.incarnation, '2');
    const telling = facts.tellings.find((t) => t.about === 'alive');
    // Those that came twice count once, and so do those of an incarnation that is over.
    assert.equal(telling?.messages, times + 2);
    assert.equal(facts.counts.find((c) => c.kind === 'alive')?.messages, 2 * times + 3);
  });

  it('is read in its middle, whether or not its headers are known', () => {
    const talk = new Talk();
    talk.send('server', bytesOf(dataFrames(7, blockPush('ch', 3, 40_000))));
    talk.send('client', bytesOf('the end of something', dataFrames(7, aliveMessage(1, 1, 1))));
    talk.send('client', dataFrames(7, membershipRequest(5)));
    assert.deepEqual(
      linesOf(plaintextOf(talk)).map((line) => line.replace(/^\w+ /, '')),
      ['push ch 3:40000', 'alive 01 null', 'alive 05 null'],
    );
  });

  it('is read through snap lengths and lost packets as far as the bytes that matter are there', () => {
    const push = dataFrames(1, blockPush('ch', 3, 9000));
    const talk = gossipTalk();
    talk.send('server', push.subarray(0, 1000)).lose('server', 1000).send('server', push.subarray(2000));
    talk.send('server', push.subarray(0, 1000)).lose('server', 9000);
    say(talk, 'server', blockPush('ch', 4, 50));
    say(talk, 'server', blockPush('ch', 5, 50));
    assert.deepEqual(linesOf(plaintextOf(talk)), [
      'server push ch 3:9000 torn',
      'server push ch 3:9000 torn',
      'server push ch 4:50',
      'server push ch 5:50',
    ]);
  });

  it('counts what is no message of its own', () => {
    const talk = gossipTalk();
    say(talk, 'client', bytesOf('nothing like gossip'));
    say(talk, 'client', deliverStatus(200));
    talk.send('client', frame(FRAME.DATA, 0, 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    const summary = decodeCapture(talk.file());
    assert.deepEqual(oddityCounts(summary), { 'unreadable-message': 2, 'malformed-grpc-prefix': 1 });
    assert.deepEqual(onlyConnection(summary).plaintext?.messages, []);
  });
});

describe('a deliver stream', () => {
  const deliverTalk = (): Talk => new Talk().open().send('client', clientOpening(DELIVER)).send('server', serverOpening());

  it('has a request, blocks of its channel, and an end', () => {
    const talk = deliverTalk();
    say(talk, 'client', deliverRequest('ch', 4));
    for (const number of [4, 5]) say(talk, 'server', deliveredBlock('ch', number, 700));
    say(talk, 'server', deliverStatus(404));
    talk.send('server', headers(1, { 'grpc-status': '1' }, FLAG.END_HEADERS | FLAG.END_STREAM));
    const bytes = deliveredBlock('ch', 4, 700).length - 3;
    const expected = ['client asks ch 4 true', `server deliver ch 4:${bytes}`, `server deliver ch 5:${bytes}`];
    assert.deepEqual(linesOf(plaintextOf(talk)), [...expected, 'server status 404 null ch', 'server status null 1 ch']);
    const asked = deliverTalk();
    say(asked, 'client', deliverRequest('ch', 4, false));
    assert.deepEqual(linesOf(plaintextOf(asked)), ['client asks ch 4 false']);
  });

  it('entered in its middle names its channel by what its blocks hold, and its server by what it sends', () => {
    const talk = new Talk({ client: { address: '10.0.0.1', port: 50 } });
    say(talk, 'server', deliveredBlock('ch', 9, 3000));
    say(talk, 'server', deliveredBlock('ch', 10, 300_000));
    const connection = onlyConnection(decodeCapture(talk.file()));
    assert.equal(connection.server.address, '10.0.0.2');
    assert.deepEqual(
      linesOf(connection.plaintext as PlaintextFacts).map((line) => line.split(':')[0]),
      ['server deliver ch 9', 'server deliver ch 10'],
    );
  });

  it("is told apart from a peer's own event service and from other calls", () => {
    const talk = new Talk().open().send('client', clientOpening('/protos.Deliver/Deliver')).send('server', serverOpening());
    say(talk, 'server', deliveredBlock('ch', 9, 3000));
    const facts = plaintextOf(talk);
    assert.deepEqual(facts.messages, []);
    assert.deepEqual(
      facts.counts.filter((c) => c.messages > 0).map((c) => c.kind),
      ['event'],
    );
  });
});

describe('limits', () => {
  const limited = (limits: Partial<CaptureLimits>): Readonly<Record<string, number>> => {
    const talk = gossipTalk();
    for (let i = 1; i <= 20; i++) say(talk, 'client', aliveMessage(i, 1, 1));
    for (let i = 1; i <= 20; i++) talk.send('client', headers(2 * i + 1, { ':path': '/x' }));
    return oddityCounts(decodeCapture(talk.file(), { limits }));
  };

  it('are told when they are reached', () => {
    assert.deepEqual(limited({}), {});
    assert.deepEqual(limited({ maxPlaintextMessagesInAll: 5 }), { 'plaintext-messages-not-kept': 15 });
    assert.deepEqual(limited({ maxTellingsInAll: 5 }), { 'plaintext-tellings-not-kept': 15 });
    assert.deepEqual(limited({ maxToldSubjects: 5 }), { 'plaintext-subjects-not-kept': 15 });
    assert.deepEqual(limited({ maxCallsPerConnection: 8 }), { 'calls-not-followed': 13 });
    assert.deepEqual(limited({ maxPlaintextConnections: 0 }), { 'plaintext-connections-not-kept': 1 });
  });

  it('on what is buffered cost the content, not the blocks', () => {
    const talk = gossipTalk();
    say(talk, 'client', blockPush('ch', 3, 20_000));
    say(talk, 'client', membershipResponse([1, 2, 3], []));
    const limits = { maxBufferedMessageBytes: 100 };
    assert.deepEqual(linesOf(plaintextOf(talk, limits)), ['client push ch 3:20000']);
    assert.equal(plaintextOf(talk, limits).counts.find((c) => c.kind === 'mem-res')?.messages, 1);
  });
});

describe('plaintext of any kind', () => {
  const messages = [
    connMessage(1, 'A'),
    aliveMessage(2, 3, 4),
    leadershipMessage(1, 'ch', true, 3),
    blockPush('ch', 1, 500),
    blockUpdate('ch', [1, 2], 90),
  ];
  const deliver = [deliverRequest('ch', 1), deliveredBlock('ch', 1, 900), deliverStatus(200)];

  const spoken = {
    client: bytesOf(
      clientOpening(GOSSIP_STREAM),
      ...messages.map((m) => dataFrames(1, m)),
      headers(3, { ':path': DELIVER }),
      dataFrames(3, deliver[0] as Uint8Array),
    ),
    server: bytesOf(serverOpening(), ...messages.map((m) => dataFrames(1, m)), serverOpening(3), ...deliver.slice(1).map((m) => dataFrames(3, m))),
  };
  const change = fc.record({ side: fc.constantFrom('client' as const, 'server' as const), at: fc.nat(6000), value: fc.nat(255) });

  /** Sends `bytes` in segments of `step`, of which one is lost. */
  const send = (talk: Talk, side: 'client' | 'server', bytes: Uint8Array, step: number, lost: number): void => {
    for (let at = 0; at < bytes.length; at += step) {
      const piece = bytes.subarray(at, at + step);
      if (at === lost * step) talk.lose(side, piece.length);
      else talk.send(side, piece);
    }
  };

  it('does no harm, and no byte of it is counted twice', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.integer({ min: 20, max: 1500 }), fc.nat(20), fc.boolean(), (changes, step, lost, opens) => {
        const sides = { client: Uint8Array.from(spoken.client), server: Uint8Array.from(spoken.server) };
        for (const { side, at, value } of changes) sides[side][at % sides[side].length] = value;
        const talk = opens ? new Talk().open() : new Talk();
        send(talk, 'client', sides.client, step, lost);
        send(talk, 'server', sides.server, step, lost);
        for (const c of decodeCapture(talk.file()).connections) {
          const counted = (c.plaintext?.counts ?? []).reduce((sum, k) => sum + k.bytes, 0);
          // A message counts in full, also where bytes of it are missing.
          assert.ok(counted <= sides.client.length + sides.server.length);
        }
      }),
    );
  });

  it('takes a time in proportion to its length, whatever its frames', () => {
    const hostile = [
      // Frame headers that lie at every other byte, messages that never end, headers without end, one-byte messages.
      new Uint8Array(300_000).map((_, i) => [0, 0, 1, 0, 0, 0, 0, 0, 1][i % 9] as number),
      bytesOf(...Array.from({ length: 20_000 }, (_, i) => frame(FRAME.DATA, 0, 2 * i + 1, [0, 0, 3, 255, 255, 1]))),
      bytesOf(
        frame(FRAME.HEADERS, 0, 1, new Uint8Array(100)),
        ...Array.from({ length: 20_000 }, () => frame(FRAME.CONTINUATION, 0, 1, [0x40, 1, 0x61, 1])),
      ),
      bytesOf(...Array.from({ length: 30_000 }, () => frame(FRAME.DATA, 0, 1, [0, 0, 0, 0, 1, 0x0a]))),
    ];
    for (const [i, bytes] of hostile.entries()) {
      const timeOf = (part: number): number => {
        const talk = new Talk().open().send('client', clientOpening(GOSSIP_STREAM));
        for (let at = 0; at < bytes.length * part; at += 1400) talk.send('client', bytes.subarray(at, Math.min(bytes.length * part, at + 1400)));
        const file = pcapFile(talk.packets.map(({ nanos, ip }) => ({ nanos, bytes: ethernet(ip) })));
        const begin = performance.now();
        decodeCapture(file);
        return performance.now() - begin;
      };
      timeOf(0.1);
      const [tenth, whole] = [timeOf(0.1), timeOf(1)];
      assert.ok(whole < 40 * tenth + 200, `${i}: ${tenth.toFixed(1)} ms, ten times as much ${whole.toFixed(1)} ms`);
    }
  });
});

it('a channel MAC in the tests is as long as a real one', () => {
  assert.equal(pkiId(8).length, createHash('sha256').digest().length);
});
