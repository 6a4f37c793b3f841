import protobuf from 'protobufjs/light.js';

/** GossipMessage's fields that hold a content, one in each message, are numbered from here to there without a gap (up to Fabric 3.1). */
export const FIRST_CONTENT_FIELD = 5;
export const LAST_CONTENT_FIELD = 25;
export const DATA_MSG_FIELD = 8;
export const DATA_UPDATE_FIELD = 12;
export const STATE_RESPONSE_FIELD = 19;

/** A 64-bit number as protobufjs gives it: two halves, nothing rounded. */
export interface Uint64 {
  readonly high: number;
  readonly low: number;
  toString(): string;
}

export interface PeerTime {
  readonly incNum: Uint64;
  readonly seqNum: Uint64;
}

export interface SecretEnvelope {
  readonly payload: Uint8Array;
}

export interface Envelope {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly secretEnvelope: SecretEnvelope | null;
}

export interface AliveContent {
  readonly membership: { readonly endpoint: string; readonly metadata: Uint8Array; readonly pkiId: Uint8Array } | null;
  readonly timestamp: PeerTime | null;
  readonly identity: Uint8Array;
}

export interface StateInfoContent {
  readonly metadata: Uint8Array;
  readonly timestamp: PeerTime | null;
  readonly pkiId: Uint8Array;
  readonly channelMAC: Uint8Array;
  readonly properties: { readonly ledgerHeight: Uint64; readonly leftChannel: boolean } | null;
}

/** The control messages of gossip, as far as they are read. Absent messages are null, absent numbers zero, absent bytes empty. */
export interface GossipContent {
  readonly nonce: Uint64;
  readonly channel: Uint8Array;
  readonly aliveMsg: AliveContent | null;
  readonly memReq: { readonly selfInformation: Envelope | null } | null;
  readonly memRes: { readonly alive: readonly Envelope[]; readonly dead: readonly Envelope[] } | null;
  readonly conn: { readonly pkiId: Uint8Array; readonly identity: Uint8Array; readonly tlsCertHash: Uint8Array; readonly probe: boolean } | null;
  readonly stateInfo: StateInfoContent | null;
  readonly stateSnapshot: { readonly elements: readonly Envelope[] } | null;
  readonly stateInfoPullReq: { readonly channelMAC: Uint8Array } | null;
  readonly stateRequest: { readonly startSeqNum: Uint64; readonly endSeqNum: Uint64 } | null;
  readonly leadershipMsg: { readonly pkiId: Uint8Array; readonly timestamp: PeerTime | null; readonly isDeclaration: boolean } | null;
  readonly peerIdentity: { readonly pkiId: Uint8Array; readonly cert: Uint8Array } | null;
  readonly dataUpdate: { readonly data: readonly Envelope[]; readonly msgType: number } | null;
}

type Rule = 'repeated';
const field = (type: string, id: number, rule?: Rule): protobuf.IField => (rule === undefined ? { type, id } : { type, id, rule });

/**
 * Gossip's messages: field numbers and types of fabric-protos, gossip/message.proto, for all of Fabric 1.0 to 3.x. Digests are declared `string` up to 1.2 and `bytes`
 * since, which is the same on the wire. Messages that carry blocks are not here: they are read by their skeleton.
 */
const GOSSIP: protobuf.INamespace['nested'] = {
  Envelope: { fields: { payload: field('bytes', 1), signature: field('bytes', 2), secretEnvelope: field('SecretEnvelope', 3) } },
  SecretEnvelope: { fields: { payload: field('bytes', 1), signature: field('bytes', 2) } },
  Secret: { fields: { internalEndpoint: field('string', 1) } },
  SerializedIdentity: { fields: { mspid: field('string', 1), idBytes: field('bytes', 2) } },
  PeerTime: { fields: { incNum: field('uint64', 1), seqNum: field('uint64', 2) } },
  Member: { fields: { endpoint: field('string', 1), metadata: field('bytes', 2), pkiId: field('bytes', 3) } },
  AliveMessage: { fields: { membership: field('Member', 1), timestamp: field('PeerTime', 2), identity: field('bytes', 4) } },
  MembershipRequest: { fields: { selfInformation: field('Envelope', 1), known: field('bytes', 2, 'repeated') } },
  MembershipResponse: { fields: { alive: field('Envelope', 1, 'repeated'), dead: field('Envelope', 2, 'repeated') } },
  ConnEstablish: { fields: { pkiId: field('bytes', 1), identity: field('bytes', 2), tlsCertHash: field('bytes', 3), probe: field('bool', 4) } },
  PeerIdentity: { fields: { pkiId: field('bytes', 1), cert: field('bytes', 2), metadata: field('bytes', 3) } },
  Properties: { fields: { ledgerHeight: field('uint64', 1), leftChannel: field('bool', 2) } },
  StateInfo: {
    fields: {
      metadata: field('bytes', 1),
      timestamp: field('PeerTime', 2),
      pkiId: field('bytes', 3),
      channelMAC: field('bytes', 4),
      properties: field('Properties', 5),
    },
  },
  StateInfoSnapshot: { fields: { elements: field('Envelope', 1, 'repeated') } },
  StateInfoPullRequest: { fields: { channelMAC: field('bytes', 1) } },
  RemoteStateRequest: { fields: { startSeqNum: field('uint64', 1), endSeqNum: field('uint64', 2) } },
  LeadershipMessage: { fields: { pkiId: field('bytes', 1), timestamp: field('PeerTime', 2), isDeclaration: field('bool', 3) } },
  DataUpdate: { fields: { nonce: field('uint64', 1), data: field('Envelope', 2, 'repeated'), msgType: field('int32', 3) } },
  GossipMessage: {
    fields: {
      nonce: field('uint64', 1),
      channel: field('bytes', 2),
      tag: field('int32', 3),
      aliveMsg: field('AliveMessage', 5),
      memReq: field('MembershipRequest', 6),
      memRes: field('MembershipResponse', 7),
      dataUpdate: field('DataUpdate', 12),
      conn: field('ConnEstablish', 14),
      stateInfo: field('StateInfo', 15),
      stateSnapshot: field('StateInfoSnapshot', 16),
      stateInfoPullReq: field('StateInfoPullRequest', 17),
      stateRequest: field('RemoteStateRequest', 18),
      leadershipMsg: field('LeadershipMessage', 20),
      peerIdentity: field('PeerIdentity', 21),
    },
  },
};

/** The orderer's request: fabric-protos, common/common.proto and orderer/ab.proto. */
const DELIVER: protobuf.INamespace['nested'] = {
  Payload: { fields: { header: field('Header', 1), data: field('bytes', 2) } },
  Header: { fields: { channelHeader: field('bytes', 1), signatureHeader: field('bytes', 2) } },
  ChannelHeader: { fields: { type: field('int32', 1), channelId: field('string', 4) } },
  SeekInfo: { fields: { start: field('SeekPosition', 1), stop: field('SeekPosition', 2), behavior: field('int32', 3) } },
  SeekPosition: {
    fields: {
      newest: field('SeekEdge', 1),
      oldest: field('SeekEdge', 2),
      specified: field('SeekSpecified', 3),
      nextCommit: field('SeekEdge', 4),
    },
  },
  SeekEdge: { fields: {} },
  SeekSpecified: { fields: { number: field('uint64', 1) } },
};

export interface SeekPosition {
  readonly newest: object | null;
  readonly oldest: object | null;
  readonly specified: { readonly number: Uint64 } | null;
  readonly nextCommit: object | null;
}

export interface SeekInfo {
  readonly start: SeekPosition | null;
  readonly stop: SeekPosition | null;
}

/** Decodes one type of message; null where the bytes are no such message. */
type Decode<T> = (bytes: Uint8Array) => T | null;

export interface FabricMessages {
  readonly gossipMessage: Decode<GossipContent>;
  readonly secretEnvelope: Decode<SecretEnvelope>;
  readonly secret: Decode<{ readonly internalEndpoint: string }>;
  readonly serializedIdentity: Decode<{ readonly mspid: string; readonly idBytes: Uint8Array }>;
  readonly payload: Decode<{ readonly header: { readonly channelHeader: Uint8Array } | null; readonly data: Uint8Array }>;
  readonly channelHeader: Decode<{ readonly type: number; readonly channelId: string }>;
  readonly seekInfo: Decode<SeekInfo>;
}

let built: FabricMessages | null = null;

/** The decoders, built when they are first needed: protobufjs compiles them, which takes some milliseconds. 64-bit numbers are exact. */
export function fabricMessages(): FabricMessages {
  built ??= build();
  return built;
}

function build(): FabricMessages {
  const root = protobuf.Root.fromJSON({ nested: { ...GOSSIP, ...DELIVER } });
  const decoderOf = <T>(name: string): Decode<T> => {
    const type = root.lookupType(name);
    return (bytes) => {
      try {
        return type.decode(bytes) as unknown as T;
      } catch {
        // protobufjs throws on whatever is no such message: wrong wire type, end in mid-field, nesting without end.
        return null;
      }
    };
  };
  return {
    gossipMessage: decoderOf('GossipMessage'),
    secretEnvelope: decoderOf('SecretEnvelope'),
    secret: decoderOf('Secret'),
    serializedIdentity: decoderOf('SerializedIdentity'),
    payload: decoderOf('Payload'),
    channelHeader: decoderOf('ChannelHeader'),
    seekInfo: decoderOf('SeekInfo'),
  };
}
