import { type Instant, instantOfMicros } from '../events/instant.js';
import type { BlocksMessage, PlaintextKind } from '../events/plaintext-message.js';
import { type BlockSkeleton, channelName } from './block-skeleton.js';
import type { Side } from './conversation.js';
import {
  type AliveContent,
  DATA_MSG_FIELD,
  DATA_UPDATE_FIELD,
  type Envelope,
  fabricMessages,
  type GossipContent,
  type PeerTime,
  type SecretEnvelope,
  STATE_RESPONSE_FIELD,
  type StateInfoContent,
  type Uint64,
} from './gossip-messages.js';
import { FRESH, NEWS, type PlaintextLedger, SILENCE_MICROS, STALE, type Worth } from './plaintext-ledger.js';
import type { Moment, PlaintextRecord } from './plaintext-record.js';
import { type GossipPlaces, scanGossip } from './protobuf-scan.js';

/** By the number of GossipMessage's field. */
const KINDS: readonly PlaintextKind[] = [
  ...new Array<PlaintextKind>(5).fill('unreadable'),
  'alive',
  'mem-req',
  'mem-res',
  'data-msg',
  'hello',
  'digest',
  'request',
  'update',
  'empty',
  'conn',
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
];

/** Kinds whose content is decoded; of the others kind, size and channel are all. */
const DECODED: ReadonlySet<PlaintextKind> = new Set([
  'alive',
  'mem-req',
  'mem-res',
  'update',
  'conn',
  'state-info',
  'state-snapshot',
  'state-request',
  'leadership',
]);

/** A leader declares every 5 s (half of peer.gossip.election.leaderAliveThreshold); one that was left out shows. */
const DECLARATION_SILENCE_MICROS = 7_500_000;
/** Far more than SHA-256's 32. */
const MAX_ID_BYTES = 64;
/** A PKI-ID's proof in what is pulled: GossipMessage's field of that kind. */
const IDENTITY_MSG = 2;

/** Reads gossip's messages of one connection into its record (fabric-protos, gossip/message.proto; what becomes of them: gossip/discovery, gossip/gossip/channel). */
export class GossipReader {
  readonly #ledger: PlaintextLedger;
  readonly #record: PlaintextRecord;
  readonly #places: GossipPlaces = {
    payloadStart: 0,
    payloadEnd: 0,
    channelStart: 0,
    channelEnd: 0,
    secretStart: -1,
    secretEnd: -1,
    contentField: 0,
  };
  readonly #lastDead: [string, string] = ['', ''];

  constructor(ledger: PlaintextLedger, record: PlaintextRecord) {
    this.#ledger = ledger;
    this.#record = record;
  }

  /**
   * Reads the Envelope at `start` to `end`. Returns what kind of message it holds, or null when it is none of gossip's. Of a kind that may hold blocks only the kind
   * is returned: {@link readBlocks} does the rest.
   */
  read(data: Uint8Array, start: number, end: number, moment: Moment): PlaintextKind | null {
    const places = this.#places;
    if (!scanGossip(data, start, end, places)) return null;
    const kind = KINDS[places.contentField] as PlaintextKind;
    const channel = channelName(data.subarray(places.channelStart, places.channelEnd));
    if (channel !== null) this.#record.noteChannel(channel);
    if (!DECODED.has(kind)) return kind;
    const message = fabricMessages().gossipMessage(data.subarray(places.payloadStart, places.payloadEnd));
    const secret = places.secretStart < 0 ? null : data.subarray(places.secretStart, places.secretEnd);
    return message !== null && this.#takeContent(message, channel, secret, moment) ? kind : null;
  }

  /** Keeps the blocks of a message; `isWhole` as in {@link BlocksMessage}. Returns the kind of message. */
  readBlocks(skeleton: BlockSkeleton, moment: Moment, isWhole: boolean): PlaintextKind | null {
    const kind = KINDS[skeleton.contentField];
    const { channel } = skeleton;
    if (channel !== null) this.#record.noteChannel(channel);
    const via = viaOf(skeleton.contentField);
    const blocks = skeleton.blocks();
    if (via !== null && blocks.length > 0) this.#record.keep(moment, { kind: 'blocks', via, channel, blocks, isWhole });
    return skeleton.contentField === 0 ? null : (kind ?? null);
  }

  /** Whether a message of this kind may hold blocks. */
  static mayHoldBlocks(kind: PlaintextKind): boolean {
    return kind === 'data-msg' || kind === 'update' || kind === 'state-response';
  }

  #takeContent(message: GossipContent, channel: string | null, secret: Uint8Array | null, moment: Moment): boolean {
    if (message.aliveMsg !== null) return this.#takeAlive(message.aliveMsg, secret, moment);
    if (message.memReq !== null) return this.#takeRequest(message.memReq.selfInformation, moment);
    if (message.memRes !== null) return this.#takeMembers(message.memRes, moment);
    if (message.conn !== null) return this.#takeConn(message.conn, moment);
    if (message.stateInfo !== null) return this.#takeStateInfo(message.stateInfo, moment);
    if (message.stateSnapshot !== null) {
      for (const envelope of message.stateSnapshot.elements) {
        const inner = fabricMessages().gossipMessage(envelope.payload);
        if (inner?.stateInfo === null || inner === null || !this.#takeStateInfo(inner.stateInfo, moment)) return false;
      }
      return true;
    }
    if (message.stateRequest !== null) {
      const start = exactNumber(message.stateRequest.startSeqNum);
      const end = exactNumber(message.stateRequest.endSeqNum);
      if (channel === null || start === null || end === null) return false;
      this.#record.keep(moment, { kind: 'state-request', channel, start, end });
      return true;
    }
    if (message.leadershipMsg !== null) return channel !== null && this.#takeLeadership(message.leadershipMsg, channel, moment);
    if (message.dataUpdate !== null) return this.#takeUpdate(message.dataUpdate, moment);
    return false;
  }

  #takeConn(conn: NonNullable<GossipContent['conn']>, moment: Moment): boolean {
    const pkiId = idOf(conn.pkiId);
    if (pkiId === null) return false;
    this.#record.introduce(moment.side, pkiId);
    this.#takeIdentity(pkiId, conn.identity, moment);
    this.#record.keep(moment, {
      kind: 'conn',
      pkiId,
      ...this.#ledger.identityOf(pkiId),
      tlsCertHash: conn.tlsCertHash.length === 0 ? null : hexOf(conn.tlsCertHash.subarray(0, MAX_ID_BYTES)),
    });
    return true;
  }

  /** Notes that a certificate was told; returns whether nobody was told it before in this capture. */
  #takeIdentity(pkiId: string, serialized: Uint8Array, moment: Moment): boolean {
    if (serialized.length === 0) return false;
    const key = `i${pkiId}`;
    if (this.#tell(moment, key, pkiId, null, Number.POSITIVE_INFINITY) === NEWS) this.#record.tell(moment, key, 'identity', pkiId, null);
    return this.#ledger.learnIdentity(pkiId, serialized);
  }

  /** A membership request comes from the peer whose alive message is in it, and from nobody else: it is never forwarded. */
  #takeRequest(self: Envelope | null, moment: Moment): boolean {
    const alive = self === null ? null : aliveIn(self);
    const pkiId = alive === null ? null : idOf(alive.membership?.pkiId ?? EMPTY);
    if (self === null || alive === null || pkiId === null) return false;
    this.#record.introduce(moment.side, pkiId);
    return this.#takeAlive(alive, self.secretEnvelope, moment);
  }

  #takeMembers(members: NonNullable<GossipContent['memRes']>, moment: Moment): boolean {
    for (const envelope of members.alive) {
      const alive = aliveIn(envelope);
      if (alive === null || !this.#takeAlive(alive, envelope.secretEnvelope, moment)) return false;
    }
    const dead: string[] = [];
    for (const envelope of members.dead) {
      const pkiId = idOf(aliveIn(envelope)?.membership?.pkiId ?? EMPTY);
      if (pkiId === null) return false;
      dead.push(pkiId);
    }
    const pkiIds = dead.sort();
    const key = pkiIds.join();
    if (key !== this.#lastDead[moment.side]) {
      this.#lastDead[moment.side] = key;
      this.#record.keep(moment, { kind: 'dead-members', pkiIds });
    }
    return true;
  }

  #takeAlive(alive: AliveContent, secret: Uint8Array | SecretEnvelope | null, moment: Moment): boolean {
    const pkiId = idOf(alive.membership?.pkiId ?? EMPTY);
    if (pkiId === null || alive.timestamp === null) return false;
    const isIdentityNew = this.#takeIdentity(pkiId, alive.identity, moment);
    const key = `a${pkiId}`;
    const worth = this.#tell(moment, key, pkiId, alive.timestamp, SILENCE_MICROS);
    if (worth !== STALE) this.#record.tell(moment, key, 'alive', pkiId, null);
    if (worth !== NEWS && !isIdentityNew) return true;
    const previousAt = this.#previousAt();
    this.#record.keep(moment, {
      kind: 'alive',
      pkiId,
      endpoint: alive.membership?.endpoint ?? '',
      internalEndpoint: internalEndpointOf(secret),
      ...this.#ledger.identityOf(pkiId),
      incarnation: alive.timestamp.incNum.toString(),
      previousAt,
    });
    return true;
  }

  #takeStateInfo(info: StateInfoContent, moment: Moment): boolean {
    const pkiId = idOf(info.pkiId);
    const channelMac = idOf(info.channelMAC);
    if (pkiId === null || channelMac === null || info.timestamp === null) return false;
    const key = `s${channelMac}`;
    const worth = this.#tell(moment, key, pkiId, info.timestamp, Number.POSITIVE_INFINITY);
    if (worth !== STALE) this.#record.tell(moment, key, 'state-info', pkiId, channelMac);
    const height = heightOf(info);
    const heightChanged = height !== null && this.#ledger.raiseHeight(channelMac, height);
    const leftChannel = info.properties?.leftChannel ?? false;
    if (worth !== NEWS && !heightChanged && !(leftChannel && worth === FRESH)) return true;
    this.#record.keep(moment, {
      kind: 'state-info',
      pkiId,
      channelMac,
      height,
      heightChanged,
      leftChannel,
      incarnation: info.timestamp.incNum.toString(),
      previousAt: this.#previousAt(),
    });
    return true;
  }

  #takeLeadership(message: NonNullable<GossipContent['leadershipMsg']>, channel: string, moment: Moment): boolean {
    const pkiId = idOf(message.pkiId);
    if (pkiId === null || message.timestamp === null) return false;
    const { isDeclaration } = message;
    const key = `${isDeclaration ? 'd' : 'p'}${pkiId}${channel}`;
    const worth = this.#tell(moment, key, pkiId, message.timestamp, DECLARATION_SILENCE_MICROS);
    if (worth !== STALE) this.#record.tell(moment, key, isDeclaration ? 'declaration' : 'proposal', pkiId, channel);
    if (worth !== NEWS) return true;
    const incarnation = message.timestamp.incNum.toString();
    this.#record.keep(moment, { kind: 'leadership', pkiId, channel, isDeclaration, incarnation, previousAt: this.#previousAt() });
    return true;
  }

  /** Pulled identities; pulled blocks are read by their skeleton. */
  #takeUpdate(update: NonNullable<GossipContent['dataUpdate']>, moment: Moment): boolean {
    if (update.msgType !== IDENTITY_MSG) return true;
    for (const envelope of update.data) {
      const identity = fabricMessages().gossipMessage(envelope.payload)?.peerIdentity ?? null;
      const pkiId = idOf(identity?.pkiId ?? EMPTY);
      if (identity === null || pkiId === null) return false;
      if (this.#takeIdentity(pkiId, identity.cert, moment)) this.#record.keep(moment, { kind: 'identity', pkiId, ...this.#ledger.identityOf(pkiId) });
    }
    return true;
  }

  /** What the other side learns; nobody learns of itself. */
  #tell(moment: Moment, key: string, pkiId: string, timestamp: PeerTime | null, silenceMicros: number): Worth {
    const other: Side = moment.side === 0 ? 1 : 0;
    if (this.#record.pkiIdOf(other) === pkiId) {
      this.#ledger.previousMicros = -1;
      return STALE;
    }
    return this.#ledger.tell(this.#record.receiverAt(other), key, timestamp, moment.lastMicros, silenceMicros);
  }

  #previousAt(): Instant | null {
    const { previousMicros } = this.#ledger;
    return previousMicros < 0 ? null : instantOfMicros(previousMicros);
  }
}

const EMPTY = new Uint8Array(0);

function viaOf(contentField: number): BlocksMessage['via'] | null {
  if (contentField === DATA_MSG_FIELD) return 'push';
  if (contentField === DATA_UPDATE_FIELD) return 'pull';
  return contentField === STATE_RESPONSE_FIELD ? 'state-transfer' : null;
}

function aliveIn(envelope: Envelope): AliveContent | null {
  return fabricMessages().gossipMessage(envelope.payload)?.aliveMsg ?? null;
}

/** What a secret envelope says, given decoded or as its bytes. */
function internalEndpointOf(secret: Uint8Array | SecretEnvelope | null): string | null {
  const envelope = secret instanceof Uint8Array ? fabricMessages().secretEnvelope(secret) : secret;
  const endpoint = envelope === null ? '' : (fabricMessages().secret(envelope.payload)?.internalEndpoint ?? '');
  return endpoint === '' ? null : endpoint;
}

/** Up to 1.1 the height stands in the metadata, eight bytes, big-endian (gossip/state/metastate.go). */
function heightOf(info: StateInfoContent): number | null {
  if (info.properties !== null) return exactNumber(info.properties.ledgerHeight);
  if (info.metadata.length !== 8) return null;
  const bytes = info.metadata;
  const height = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  return height <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(height) : null;
}

function exactNumber(value: Uint64): number | null {
  const number = Number(value.toString());
  return Number.isSafeInteger(number) ? number : null;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** A PKI-ID or channel MAC as hex; null when it can be none. */
function idOf(bytes: Uint8Array): string | null {
  return bytes.length === 0 || bytes.length > MAX_ID_BYTES ? null : hexOf(bytes);
}
