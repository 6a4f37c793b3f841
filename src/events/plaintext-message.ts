import type { Instant } from './instant.js';

/**
 * What an unencrypted message is. Gossip's are named after the fields of GossipMessage (protos/gossip/message.proto), the orderer's after its services
 * (protos/orderer/ab.proto). `client`: a call of another service; `cluster`: between orderers; `unknown`: of a call whose beginning is not in the capture and
 * whose messages do not tell; `unreadable`: not what its call carries; `frames`: HTTP/2's own bytes and gRPC's prefixes.
 */
export const PLAINTEXT_KINDS = [
  'conn',
  'alive',
  'mem-req',
  'mem-res',
  'data-msg',
  'hello',
  'digest',
  'request',
  'update',
  'empty',
  'state-info',
  'state-snapshot',
  'state-info-pull',
  'state-request',
  'state-response',
  'leadership',
  'peer-identity',
  'ack',
  'private-request',
  'private-response',
  'private-data',
  'ping',
  'deliver-request',
  'deliver-block',
  'deliver-status',
  'event',
  'client',
  'cluster',
  'unknown',
  'unreadable',
  'frames',
] as const;

export type PlaintextKind = (typeof PLAINTEXT_KINDS)[number];

/** When and where a gRPC message passed. */
export interface Passage {
  readonly from: 'client' | 'server';
  /** HTTP/2's number of the call. */
  readonly stream: number;
  /** Of the frames with its first and its last byte. */
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly firstFrame: number;
  readonly lastFrame: number;
  /** Length of the message, without gRPC's prefix of five bytes. */
  readonly bytes: number;
}

/** Both sides' first word on a gossip stream: who they are. */
export interface ConnMessage extends Passage {
  readonly kind: 'conn';
  /** Lower-case hex, as all PKI-IDs here. */
  readonly pkiId: string;
  readonly mspId: string | null;
  /** The common name in the enrolment certificate. */
  readonly commonName: string | null;
  /** SHA-256 of the sender's TLS certificate, hex; null without TLS. */
  readonly tlsCertHash: string | null;
}

/** A peer's sign of life that told its receiver something: it was new to it, began a new incarnation, or came after a silence. */
export interface AliveMessage extends Passage {
  readonly kind: 'alive';
  readonly pkiId: string;
  /** What it says its address is; empty where it hides it from other organizations. */
  readonly endpoint: string;
  readonly internalEndpoint: string | null;
  readonly mspId: string | null;
  readonly commonName: string | null;
  /** When its process started, nanoseconds by its own clock, decimal. */
  readonly incarnation: string;
  /** The message before about the same subject to the same receiver in this capture, null when there was none. */
  readonly previousAt: Instant | null;
}

/** A membership response whose list of dead members differs from the sender's last one on this connection. */
export interface DeadMembersMessage extends Passage {
  readonly kind: 'dead-members';
  readonly pkiIds: readonly string[];
}

/** A state info that told something new: to its receiver (`heightChanged` false), or of a height nobody was told of before in this capture. */
export interface StateInfoMessage extends Passage {
  readonly kind: 'state-info';
  readonly pkiId: string;
  /** SHA-256 of PKI-ID and channel name, hex. */
  readonly channelMac: string;
  readonly height: number | null;
  readonly heightChanged: boolean;
  readonly leftChannel: boolean;
  readonly incarnation: string;
  readonly previousAt: Instant | null;
}

/** A leadership message that told something new: the first of its declarer to the receiver, of another incarnation, or after a silence. */
export interface LeadershipMessage extends Passage {
  readonly kind: 'leadership';
  readonly pkiId: string;
  readonly channel: string;
  readonly isDeclaration: boolean;
  readonly incarnation: string;
  readonly previousAt: Instant | null;
}

/** An enrolment certificate learned by identity pull. */
export interface IdentityMessage extends Passage {
  readonly kind: 'identity';
  readonly pkiId: string;
  readonly mspId: string | null;
  readonly commonName: string | null;
}

export interface CarriedBlock {
  readonly number: number;
  /** Length of the serialized block. */
  readonly bytes: number;
}

/** Blocks on their way: pushed, pulled, as an answer to a state request, or from an orderer. */
export interface BlocksMessage extends Passage {
  readonly kind: 'blocks';
  readonly via: 'push' | 'pull' | 'state-transfer' | 'deliver';
  readonly channel: string | null;
  readonly blocks: readonly CarriedBlock[];
  /** False when bytes of the message are missing or its end was not seen. */
  readonly isWhole: boolean;
}

/** A peer asks another for the blocks from `start` to `end`, both included. */
export interface StateRequestMessage extends Passage {
  readonly kind: 'state-request';
  readonly channel: string;
  readonly start: number;
  readonly end: number;
}

/** Somebody asks an orderer for blocks. */
export interface DeliverRequestMessage extends Passage {
  readonly kind: 'deliver-request';
  readonly channel: string;
  readonly start: number | 'oldest' | 'newest' | 'next-commit' | null;
  /** True when the stream is to go on for ever (the last block asked for is 2^64 - 1). */
  readonly isEndless: boolean;
}

/** An orderer's last word on a request, or gRPC's own status of the whole call. */
export interface DeliverStatusMessage extends Passage {
  readonly kind: 'deliver-status';
  readonly channel: string | null;
  /** common.Status, such as 200 or 403; null when gRPC ended the call. */
  readonly status: number | null;
  readonly grpcStatus: number | null;
}

export type PlaintextMessage =
  | ConnMessage
  | AliveMessage
  | DeadMembersMessage
  | StateInfoMessage
  | LeadershipMessage
  | IdentityMessage
  | BlocksMessage
  | StateRequestMessage
  | DeliverRequestMessage
  | DeliverStatusMessage;

/** All messages of one kind from one side. */
export interface PlaintextCount {
  readonly from: 'client' | 'server';
  readonly kind: PlaintextKind;
  readonly messages: number;
  readonly bytes: number;
}

/** From when to when one side told the other of a subject. What `previousAt` of single messages says of silences holds over all connections of the receiver. */
export interface Telling {
  readonly from: 'client' | 'server';
  /** `identity`: the subject's enrolment certificate. */
  readonly about: 'alive' | 'state-info' | 'declaration' | 'proposal' | 'identity';
  readonly pkiId: string;
  /** A channel's name with leadership, its MAC with state info, null with alive messages. */
  readonly channel: string | null;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly firstFrame: number;
  readonly lastFrame: number;
  readonly messages: number;
}

/** What was said on an unencrypted HTTP/2 connection, as far as it tells of gossip and of block delivery. */
export interface PlaintextFacts {
  /** The server's name as the client dialled it (`:authority` of its calls). */
  readonly authority: string | null;
  /** PKI-IDs of both ends, as they themselves said. */
  readonly clientPkiId: string | null;
  readonly serverPkiId: string | null;
  /** In the order of their last bytes. */
  readonly messages: readonly PlaintextMessage[];
  readonly counts: readonly PlaintextCount[];
  readonly tellings: readonly Telling[];
  /** Every channel that was named. */
  readonly channels: readonly string[];
}
