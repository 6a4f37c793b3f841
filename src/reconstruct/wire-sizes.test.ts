import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { common, gossip, orderer } from '@hyperledger/fabric-protos';
import fc from 'fast-check';
import { dataFrames } from '../../test/builders/http2-builder.js';
import {
  aliveBytes,
  blockOfDelivered,
  blockOfPushed,
  deliveredBytes,
  leadershipBytes,
  pulledBytes,
  pulledItemBytes,
  pushedBytes,
  type SizeRange,
  stateInfoBytes,
  stateInfoRequestBytes,
  statePayloadBytes,
  stateResponseBytes,
  streamBytes,
} from './wire-sizes.js';

const { Tag } = gossip.GossipMessage;

/** What fabric-protos' message takes on an HTTP/2 stream. */
const onStream = (message: { serializeBinary(): Uint8Array }): number => dataFrames(1, message.serializeBinary()).length;

function gossipMessage(tag: number, channel: string | null, fill: (message: gossip.GossipMessage) => void): gossip.GossipMessage {
  const message = new gossip.GossipMessage();
  if (channel !== null) message.setChannel(Buffer.from(channel));
  message.setTag(tag as never);
  fill(message);
  return message;
}

function envelopeOf(message: gossip.GossipMessage, signatureBytes = 0): gossip.Envelope {
  const envelope = new gossip.Envelope();
  envelope.setPayload(message.serializeBinary());
  envelope.setSignature(new Uint8Array(signatureBytes));
  return envelope;
}

function payloadOf(block: number, number: number): gossip.Payload {
  const payload = new gossip.Payload();
  payload.setSeqNum(number);
  payload.setData(new Uint8Array(block));
  return payload;
}

function pushOf(block: number, number: number, channel: string): gossip.Envelope {
  const data = new gossip.DataMessage();
  data.setPayload(payloadOf(block, number));
  return envelopeOf(gossipMessage(Tag.CHAN_AND_ORG, channel, (m) => m.setDataMsg(data)));
}

function timeOf(incarnation: number, sequence: number): gossip.PeerTime {
  const time = new gossip.PeerTime();
  time.setIncNum(incarnation);
  time.setSeqNum(sequence);
  return time;
}

function assertWithinRange(bytes: number, { least, most }: SizeRange, what: string): void {
  assert.ok(bytes >= least && bytes <= most, `${what}: ${bytes} is not from ${least} to ${most}`);
}

const MEGABYTE = 1_000_000;
const blockBytes = fc.oneof(
  fc.integer({ min: 1, max: 2 * MEGABYTE }),
  fc.integer({ min: 1, max: 300 }),
  // Around the ends of DATA frames and the steps of a length's own length.
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: -60, max: 20 })).map(([frames, more]) => frames * 16_384 + more),
);
const blockNumber = fc.oneof(fc.nat(300), fc.nat(2 ** 40), fc.constantFrom(0, 127, 128, 16_383, 16_384));
const channelName = fc.integer({ min: 1, max: 249 }).map((length) => 'c'.repeat(length));
/** Nanoseconds since the epoch between 2015 and 2255; doubles are exact enough for a length. */
const nanos = fc.double({ min: 1.42e18, max: 9e18, noNaN: true }).map(Math.floor);
/** A random 64-bit number but for the one in 256 that has eight bits less. */
const nonce = fc.double({ min: 2 ** 56, max: 2 ** 63 * 1.999, noNaN: true }).map(Math.floor);
const signatureBytes = fc.integer({ min: 69, max: 72 });
const pkiId = new Uint8Array(32).fill(200);

describe('the lengths of messages with blocks', () => {
  it('delivered', () => {
    fc.assert(
      fc.property(blockBytes, blockNumber, (bytes, number) => {
        const block = new common.Block();
        const header = new common.BlockHeader();
        header.setNumber(number);
        header.setPreviousHash(pkiId);
        const data = new common.BlockData();
        data.addData(new Uint8Array(bytes));
        block.setHeader(header);
        block.setData(data);
        const response = new orderer.DeliverResponse();
        response.setBlock(block);
        const length = block.serializeBinary().length;
        assert.equal(deliveredBytes(length), onStream(response));
        assert.equal(blockOfDelivered(onStream(response)), length);
      }),
    );
  });

  it('pushed', () => {
    fc.assert(
      fc.property(blockBytes, blockNumber, channelName, (bytes, number, channel) => {
        const length = onStream(pushOf(bytes, number, channel));
        assert.equal(pushedBytes(bytes, number, channel.length), length);
        assert.equal(blockOfPushed(length, number, channel.length), bytes);
      }),
    );
  });

  it('of channels whose name is not ASCII', () => {
    assert.equal(pushedBytes(1000, 1, Buffer.byteLength('kanál')), onStream(pushOf(1000, 1, 'kanál')));
  });

  it('pulled, in any number', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 50_000 }), number: blockNumber }), { minLength: 1, maxLength: 12 }),
        channelName,
        nonce,
        (blocks, channel, random) => {
          const update = new gossip.DataUpdate();
          update.setNonce(random);
          update.setMsgType(gossip.PullMsgType.BLOCK_MSG);
          for (const { bytes, number } of blocks) update.addData(pushOf(bytes, number, channel));
          const items = blocks.reduce((sum, b) => sum + pulledItemBytes(b, channel.length), 0);
          const envelope = envelopeOf(gossipMessage(Tag.CHAN_AND_ORG, channel, (m) => m.setDataUpdate(update)));
          assertWithinRange(onStream(envelope), pulledBytes(items, channel.length), 'pull');
        },
      ),
    );
  });

  it('answering a state request', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 50_000 }), number: blockNumber }), { minLength: 1, maxLength: 12 }),
        channelName,
        nonce,
        (blocks, channel, random) => {
          const response = new gossip.RemoteStateResponse();
          for (const { bytes, number } of blocks) response.addPayloads(payloadOf(bytes, number));
          const payloads = blocks.reduce((sum, b) => sum + statePayloadBytes(b), 0);
          const message = gossipMessage(Tag.CHAN_OR_ORG, channel, (m) => {
            m.setNonce(random);
            m.setStateResponse(response);
          });
          assertWithinRange(onStream(envelopeOf(message)), stateResponseBytes(payloads, channel.length), 'state response');
        },
      ),
    );
  });

  it('ranges leave room for a nonce and no more', () => {
    for (const range of [pulledBytes(5000, 9), stateResponseBytes(5000, 9)]) assert.equal(range.most - range.least, 1);
  });
});

describe('blocks told from lengths', () => {
  it('are right where there is one, and none where no block is so long', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 * MEGABYTE }), blockNumber, fc.integer({ min: 1, max: 249 }), (bytes, number, channel) => {
        const delivered = blockOfDelivered(bytes);
        if (delivered !== null) assert.equal(deliveredBytes(delivered), bytes);
        const pushed = blockOfPushed(bytes, number, channel);
        if (pushed !== null) assert.equal(pushedBytes(pushed, number, channel), bytes);
      }),
    );
    assert.equal(blockOfDelivered(10), null);
    // One more byte in the message than fills a frame needs a header of nine.
    assert.equal(streamBytes(16_384 - 5), 16_393);
    assert.equal(streamBytes(16_385 - 5), 16_403);
    assert.equal(blockOfDelivered(16_400), null);
  });
});

describe("the lengths of gossip's small messages", () => {
  it('a declaration and a proposal of leadership', () => {
    fc.assert(
      fc.property(
        channelName,
        nanos,
        fc.integer({ min: 1, max: 2 ** 21 - 1 }),
        fc.boolean(),
        signatureBytes,
        (channel, start, count, flag, signature) => {
          const leadership = new gossip.LeadershipMessage();
          leadership.setPkiId(pkiId);
          leadership.setTimestamp(timeOf(start, count));
          leadership.setIsDeclaration(flag);
          const envelope = envelopeOf(
            gossipMessage(Tag.CHAN_AND_ORG, channel, (m) => m.setLeadershipMsg(leadership)),
            signature,
          );
          assertWithinRange(onStream(envelope), leadershipBytes(channel.length), 'leadership');
        },
      ),
    );
  });

  it('an alive message, outside the organization and inside', () => {
    const endpoint = fc.integer({ min: 6, max: 200 });
    fc.assert(
      fc.property(
        endpoint,
        fc.option(endpoint),
        nanos,
        fc.integer({ min: 1, max: 2 ** 21 - 1 }),
        signatureBytes,
        (bytes, internal, start, count, s) => {
          const member = new gossip.Member();
          member.setEndpoint('e'.repeat(bytes));
          member.setPkiId(pkiId);
          const alive = new gossip.AliveMessage();
          alive.setMembership(member);
          alive.setTimestamp(timeOf(start, count));
          const envelope = envelopeOf(
            gossipMessage(Tag.EMPTY, null, (m) => m.setAliveMsg(alive)),
            s,
          );
          if (internal !== null) {
            const secret = new gossip.Secret();
            secret.setInternalendpoint('i'.repeat(internal));
            const secretEnvelope = new gossip.SecretEnvelope();
            secretEnvelope.setPayload(secret.serializeBinary());
            secretEnvelope.setSignature(new Uint8Array(s));
            envelope.setSecretEnvelope(secretEnvelope);
          }
          assertWithinRange(onStream(envelope), aliveBytes(bytes, internal), 'alive');
        },
      ),
    );
  });

  it('a state info without chaincodes, of all versions', () => {
    fc.assert(
      fc.property(nanos, nanos, fc.integer({ min: 1, max: 2 ** 35 }), fc.boolean(), signatureBytes, (start, stamp, height, isOld, signature) => {
        const info = new gossip.StateInfo();
        info.setTimestamp(timeOf(start, stamp));
        info.setPkiId(pkiId);
        info.setChannelMac(pkiId);
        // Up to 1.0 the height is metadata of eight bytes, ten with tag and length, as properties with a number of seven bytes are.
        const properties = new gossip.Properties();
        properties.setLedgerHeight(isOld ? 2 ** 45 : height);
        info.setProperties(properties);
        const envelope = envelopeOf(
          gossipMessage(Tag.CHAN_OR_ORG, null, (m) => m.setStateInfo(info)),
          signature,
        );
        assertWithinRange(onStream(envelope), stateInfoBytes(), 'state info');
      }),
    );
  });

  it('a request for state infos, with and without a nonce', () => {
    fc.assert(
      fc.property(fc.option(nonce), (random) => {
        const request = new gossip.StateInfoPullRequest();
        request.setChannelMac(pkiId);
        const message = gossipMessage(Tag.CHAN_OR_ORG, null, (m) => {
          m.setStateInfoPullReq(request);
          if (random !== null) m.setNonce(random);
        });
        assertWithinRange(onStream(envelopeOf(message)), stateInfoRequestBytes(), 'request');
      }),
    );
  });

  it('ranges are narrow: as wide as what varies', () => {
    for (const [range, width] of [
      [leadershipBytes(9), 8],
      [aliveBytes(20, 20), 10],
      [stateInfoBytes(), 12],
    ] as const)
      assert.ok(range.most - range.least <= width, `${range.least} to ${range.most}`);
  });
});
