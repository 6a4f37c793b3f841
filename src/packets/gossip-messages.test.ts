import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gossip } from '@hyperledger/fabric-protos';
import fc from 'fast-check';
import { bytesOf } from '../../test/builders/capture-builder.js';
import {
  aliveMessage,
  connMessage,
  leadershipMessage,
  membershipRequest,
  membershipResponse,
  pkiId,
  stateInfo,
} from '../../test/builders/http2-builder.js';
import { fabricMessages } from './gossip-messages.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const payloadOf = (envelope: Uint8Array): Uint8Array => gossip.Envelope.deserializeBinary(envelope).getPayload_asU8();
const small = fc.nat(2 ** 31);

describe("gossip's messages", () => {
  const decode = fabricMessages().gossipMessage;

  it('read as fabric-protos writes them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), small, small, fc.boolean(), (n, a, b, flag) => {
        const alive = decode(payloadOf(aliveMessage(n, a, b)))?.aliveMsg;
        assert.deepEqual(
          [alive?.membership?.endpoint, hex(alive?.membership?.pkiId ?? pkiId(0)), `${alive?.timestamp?.incNum}`, `${alive?.timestamp?.seqNum}`],
          [`peer${n}.example.com:7051`, hex(pkiId(n)), `${a}`, `${b}`],
        );
        const leadership = decode(payloadOf(leadershipMessage(n, 'ch', flag, b)))?.leadershipMsg;
        assert.deepEqual([leadership?.isDeclaration, `${leadership?.timestamp?.seqNum}`], [flag, `${b}`]);
        const info = decode(payloadOf(stateInfo(n, pkiId(9), a, b)))?.stateInfo;
        assert.deepEqual([`${info?.properties?.ledgerHeight}`, hex(info?.channelMAC ?? pkiId(0))], [`${a}`, hex(pkiId(9))]);
        const conn = decode(payloadOf(connMessage(n, 'SomeMSP')))?.conn;
        assert.equal(fabricMessages().serializedIdentity(conn?.identity ?? pkiId(0))?.mspid, 'SomeMSP');
        assert.notEqual(decode(payloadOf(membershipRequest(n)))?.memReq?.selfInformation, null);
        const members = decode(payloadOf(membershipResponse([n, 2], [3])))?.memRes;
        assert.deepEqual([members?.alive.length, members?.dead.length], [2, 1]);
      }),
    );
  });

  it('have the field numbers of fabric-protos: each content that it sets is the one that is read', () => {
    const setters: readonly [string, (m: gossip.GossipMessage) => void][] = [
      ['memReq', (m) => m.setMemReq(new gossip.MembershipRequest())],
      ['stateInfoPullReq', (m) => m.setStateInfoPullReq(new gossip.StateInfoPullRequest())],
      ['stateRequest', (m) => m.setStateRequest(new gossip.RemoteStateRequest())],
      ['stateSnapshot', (m) => m.setStateSnapshot(new gossip.StateInfoSnapshot())],
      ['peerIdentity', (m) => m.setPeerIdentity(new gossip.PeerIdentity())],
      ['dataUpdate', (m) => m.setDataUpdate(new gossip.DataUpdate())],
    ];
    for (const [name, set] of setters) {
      const message = new gossip.GossipMessage();
      set(message);
      const read = decode(message.serializeBinary()) as unknown as Record<string, unknown>;
      for (const [other] of setters) assert.equal(read[other] === null, other !== name, `${name}, ${other}`);
    }
  });

  it('keep 64-bit numbers exact, which fabric-protos rounds', () => {
    const nonce = bytesOf([0x08, 0xd2, 0x85, 0xd8, 0xcc, 0xcc, 0xa6, 0xfb, 0xe4, 0xf4, 0x01]);
    const exact = `${decode(nonce)?.nonce}`;
    assert.equal(exact, '17638890226549392082');
    assert.notEqual(BigInt(gossip.GossipMessage.deserializeBinary(nonce).getNonce()).toString(), exact);
  });

  it('of any bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const decoder of Object.values(fabricMessages())) decoder(bytes);
      }),
    );
    // Groups in groups, which protobuf has no use for any more.
    assert.equal(decode(new Uint8Array(100_000).fill(0x0b)), null);
  });
});
