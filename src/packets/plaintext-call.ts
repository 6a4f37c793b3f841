import type { PlaintextKind } from '../events/plaintext-message.js';
import { BlockSkeleton } from './block-skeleton.js';
import { u8 } from './byte-order.js';
import type { Side } from './conversation.js';
import { type DeliverCall, readDeliverRequest, readDeliverResponse } from './deliver.js';
import { GossipReader } from './gossip.js';
import { MessageAssembler, type MessageHandler, type SegmentTime } from './grpc.js';
import type { PlaintextLedger } from './plaintext-ledger.js';
import type { Moment, PlaintextRecord } from './plaintext-record.js';

/** What a call carries, by its path or, where that is not known, by what its messages turn out to be. */
export type Method = 'gossip' | 'ping' | 'deliver' | 'event' | 'cluster' | 'client' | 'unknown';

const METHODS: readonly (readonly [prefix: string, method: Method])[] = [
  ['/gossip.Gossip/GossipStream', 'gossip'],
  ['/gossip.Gossip/Ping', 'ping'],
  ['/orderer.AtomicBroadcast/Deliver', 'deliver'],
  ['/protos.Deliver/', 'event'],
  ['/orderer.Cluster/', 'cluster'],
  ['/orderer.ClusterNodeService/', 'cluster'],
];

/** What a call to `path` carries. The orderer's package is `orderer` in all versions (fabric-protos, orderer/ab.proto). */
export function methodOfPath(path: string): Method {
  return METHODS.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 'client';
}

/** What the calls of one connection share. */
export interface CallSurroundings {
  readonly ledger: PlaintextLedger;
  readonly record: PlaintextRecord;
  readonly gossip: GossipReader;
  readonly time: SegmentTime;
  readonly moment: Moment;
  /** Records something strange at the frame at hand. */
  readonly note: (kind: string, example: string) => void;
  /** The side is known to be the client. */
  readonly learnClient: (side: Side) => void;
}

/** One gRPC call. */
export class Call implements DeliverCall {
  readonly stream: number;
  method: Method = 'unknown';
  channel: string | null = null;
  /** Whether its first headers were seen, by side. */
  readonly hasBegun: [boolean, boolean] = [false, false];
  readonly hasEnded: [boolean, boolean] = [false, false];
  readonly #around: CallSurroundings;
  readonly #directions: [CallDirection | null, CallDirection | null] = [null, null];

  constructor(stream: number, around: CallSurroundings) {
    this.stream = stream;
    this.#around = around;
  }

  assembler(side: Side): MessageAssembler {
    let direction = this.#directions[side];
    if (direction === null) {
      direction = new CallDirection(this, side, this.#around, this.hasBegun[side]);
      this.#directions[side] = direction;
    }
    return direction.assembler;
  }

  /** Nobody knows where the side's messages stand. */
  lose(side: Side): void {
    this.hasBegun[side] = false;
    this.#directions[side]?.assembler.lose();
  }

  finish(): void {
    for (const direction of this.#directions) direction?.assembler.finish();
  }
}

/** The messages of one direction of a call. */
class CallDirection implements MessageHandler {
  readonly assembler: MessageAssembler;
  readonly #call: Call;
  readonly #side: Side;
  readonly #around: CallSurroundings;
  #skeleton: BlockSkeleton | null = null;
  #isCompressed = false;
  #isWhole = true;
  #isDone = false;

  constructor(call: Call, side: Side, around: CallSurroundings, isSynchronized: boolean) {
    this.#call = call;
    this.#side = side;
    this.#around = around;
    this.assembler = new MessageAssembler(this, around.time, isSynchronized);
  }

  begin(length: number, isCompressed: boolean): boolean {
    this.#skeleton = null;
    this.#isCompressed = isCompressed;
    this.#isWhole = true;
    this.#isDone = false;
    return !isCompressed && this.#isRead && this.#around.ledger.mayBuffer(length);
  }

  /** Whether the call's messages are looked into. */
  get #isRead(): boolean {
    const { method } = this.#call;
    return method === 'gossip' || method === 'deliver' || method === 'unknown';
  }

  piece(data: Uint8Array, start: number, end: number): void {
    if (start >= end || this.#isCompressed || !this.#isRead) return;
    if (this.#skeleton === null) {
      if (!this.#isWhole) return;
      this.#skeleton = this.#newSkeleton(u8(data, start));
    }
    this.#skeleton.feed(data, start, end);
  }

  hole(bytes: number): void {
    this.#isWhole = false;
    this.#skeleton?.miss(bytes);
  }

  whole(data: Uint8Array, start: number, end: number): void {
    this.#isDone = true;
    this.#count(this.#readWhole(data, start, end), this.assembler.length, data.subarray(start, end));
  }

  end(): void {
    if (!this.#isDone) this.#count(this.#readPieces(), this.assembler.length);
    this.#skeleton = null;
  }

  abandon(bytes: number): void {
    this.#isWhole = false;
    this.#count(this.#readPieces(), bytes);
    this.#skeleton = null;
  }

  overhead(bytes: number): void {
    this.#around.record.count(this.#side, 'frames', 0, bytes);
  }

  malformed(): void {
    this.#around.note('malformed-grpc-prefix', `no message begins where one should on stream ${this.#call.stream}`);
  }

  buffered(bytes: number): void {
    this.#around.ledger.buffered(bytes);
  }

  /** An Envelope begins with field 1, a DeliverResponse with a block with another. */
  #newSkeleton(firstByte: number): BlockSkeleton {
    const { method } = this.#call;
    const isGossip = method === 'gossip' || (method === 'unknown' && firstByte === 0x0a);
    return new BlockSkeleton(isGossip ? 'gossip' : 'deliver', this.assembler.length, this.#around.ledger.limits.maxBlocksPerMessage);
  }

  #moment(): Moment {
    const { assembler } = this;
    const { moment } = this.#around;
    moment.side = this.#side;
    moment.stream = this.#call.stream;
    moment.firstMicros = assembler.firstMicros;
    moment.lastMicros = assembler.lastMicros;
    moment.firstFrame = assembler.firstFrame;
    moment.lastFrame = assembler.lastFrame;
    moment.bytes = assembler.length;
    return moment;
  }

  #count(read: PlaintextKind | null, bytes: number, data: Uint8Array | null = null): void {
    const { method } = this.#call;
    const { ledger, record } = this.#around;
    const kind = read ?? (method === 'unknown' ? 'unknown' : 'unreadable');
    if (kind === 'unreadable' && this.#isWhole) {
      this.#around.note('unreadable-message', `a message of ${this.assembler.length} bytes on a ${method} stream is none of its kind`);
    }
    record.count(this.#side, kind, 1, bytes);
    const { lastFrame: frame, lastMicros: micros } = this.assembler;
    ledger.listener?.({ kind, stream: this.#call.stream, frame, micros, bytes, data });
  }

  #readWhole(data: Uint8Array, start: number, end: number): PlaintextKind | null {
    switch (this.#call.method) {
      case 'gossip':
        return this.#readGossip(data, start, end);
      case 'deliver':
        return this.#readDeliver(data, start, end);
      case 'unknown':
        return this.#readUnknown(data, start, end);
      default:
        return this.#call.method;
    }
  }

  #readGossip(data: Uint8Array, start: number, end: number): PlaintextKind | null {
    const { gossip } = this.#around;
    const kind = gossip.read(data, start, end, this.#moment());
    if (kind === null || !GossipReader.mayHoldBlocks(kind)) return kind;
    const skeleton = this.#newSkeleton(u8(data, start));
    skeleton.feed(data, start, end);
    return skeleton.isSound ? gossip.readBlocks(skeleton, this.#moment(), true) : null;
  }

  #readDeliver(data: Uint8Array, start: number, end: number): PlaintextKind | null {
    const { record } = this.#around;
    if (start < end && u8(data, start) === 0x0a) return this.#readRequest(data, start, end) ? 'deliver-request' : null;
    const skeleton = new BlockSkeleton('deliver', end - start, 1);
    skeleton.feed(data, start, end);
    return skeleton.isSound ? readDeliverResponse(skeleton, this.#call, record, this.#moment(), true) : null;
  }

  #readRequest(data: Uint8Array, start: number, end: number): boolean {
    return readDeliverRequest(data, start, end, this.#call, this.#around.record, this.#moment());
  }

  /** Takes the message for what it can be read as, strictly; then the call is known. A bare status tells nothing: several services answer so. */
  #readUnknown(data: Uint8Array, start: number, end: number): PlaintextKind | null {
    const first = start < end ? u8(data, start) : 0;
    if (first === 0x0a) {
      const kind = this.#readGossip(data, start, end);
      if (kind !== null) this.#call.method = 'gossip';
      else if (this.#readRequest(data, start, end)) {
        this.#call.method = 'deliver';
        this.#around.learnClient(this.#side);
        return 'deliver-request';
      }
      return kind;
    }
    if (first !== 0x12) return null;
    const kind = this.#readDeliver(data, start, end);
    if (kind !== null) this.#learnDeliver();
    return kind;
  }

  #learnDeliver(): void {
    this.#call.method = 'deliver';
    this.#around.learnClient(this.#side === 0 ? 1 : 0);
  }

  /** What a message was that is too long to be kept together, or of which something is missing. */
  #readPieces(): PlaintextKind | null {
    const { method } = this.#call;
    const skeleton = this.#skeleton;
    if (!this.#isRead) return method as PlaintextKind;
    if (skeleton === null) return null;
    const { gossip, record } = this.#around;
    if (skeleton.carrier === 'deliver') {
      if (method === 'unknown' && !(skeleton.isSound && skeleton.blocks().length > 0)) return null;
      const kind = readDeliverResponse(skeleton, this.#call, record, this.#moment(), this.#isWhole);
      if (method === 'unknown') this.#learnDeliver();
      return kind;
    }
    if (method === 'unknown') {
      if (!skeleton.isSound || skeleton.contentField === 0) return null;
      this.#call.method = 'gossip';
    }
    return gossip.readBlocks(skeleton, this.#moment(), this.#isWhole);
  }
}
