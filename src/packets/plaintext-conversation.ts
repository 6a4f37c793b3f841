import type { PlaintextFacts } from '../events/plaintext-message.js';
import type { NoteOddity } from './captured-frame.js';
import type { Side } from './conversation.js';
import { GossipReader } from './gossip.js';
import type { SegmentTime } from './grpc.js';
import { type HeaderField, HeaderTable } from './hpack.js';
import { type FrameHandler, FrameReader } from './http2.js';
import { Call, type CallSurroundings, methodOfPath } from './plaintext-call.js';
import type { PlaintextLedger } from './plaintext-ledger.js';
import { type Moment, PlaintextRecord } from './plaintext-record.js';

/** What a plaintext conversation asks of the connection it runs on. */
export interface ConversationEnds {
  addressText(side: Side): string;
  learnClient(side: Side): void;
}

/** Everything said on one HTTP/2 connection without TLS: both directions' frames, their calls, and what of them is kept. */
export class PlaintextConversation {
  readonly record: PlaintextRecord;
  readonly #ledger: PlaintextLedger;
  readonly #note: NoteOddity;
  readonly #ends: ConversationEnds;
  readonly #time: SegmentTime = { micros: 0.5, frame: 0 };
  readonly #moment: Moment = { side: 0, stream: 0, firstMicros: 0.5, lastMicros: 0.5, firstFrame: 0, lastFrame: 0, bytes: 0 };
  readonly #around: CallSurroundings;
  readonly #directions: [Direction | null, Direction | null] = [null, null];
  /** Open calls by stream number, the oldest first. */
  readonly #calls = new Map<number, Call>();
  #isOver = false;

  constructor(ledger: PlaintextLedger, ends: ConversationEnds, note: NoteOddity) {
    this.#ledger = ledger;
    this.#ends = ends;
    this.#note = note;
    this.record = new PlaintextRecord(ledger, (side) => ends.addressText(side));
    this.#around = {
      ledger,
      record: this.record,
      gossip: new GossipReader(ledger, this.record),
      time: this.#time,
      moment: this.#moment,
      note: (kind, example) => this.note(kind, example),
      learnClient: (side) => ends.learnClient(side),
    };
  }

  /** The next bytes of `side`, captured from `start` to `end`; the segment went on to `wireEnd`. `isFromStart`: the first ones are the connection's first. */
  feed(side: Side, isFromStart: boolean, data: Uint8Array, start: number, end: number, wireEnd: number, frame: number, micros: number): void {
    if (this.#isOver) return;
    this.#time.frame = frame;
    this.#time.micros = micros;
    let direction = this.#directions[side];
    if (direction === null) {
      direction = new Direction(this, side, isFromStart, this.#ledger.limits.maxHeaderBlockBytes);
      this.#directions[side] = direction;
    }
    direction.frames.feed(data, start, end, wireEnd);
  }

  /** The next `bytes` of `side` are not in the capture. */
  miss(side: Side, bytes: number): void {
    if (!this.#isOver) this.#directions[side]?.frames.miss(bytes);
  }

  /** No more bytes come. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const call of this.#calls.values()) call.finish();
    this.#calls.clear();
    this.#directions[0] = null;
    this.#directions[1] = null;
    this.#ledger.leave();
  }

  facts(server: Side): PlaintextFacts {
    return this.record.facts(server);
  }

  /** The open call with this number; one whose beginning was not seen is opened. */
  callOf(stream: number): Call {
    return this.#calls.get(stream) ?? this.#openCall(stream);
  }

  findCall(stream: number): Call | undefined {
    return this.#calls.get(stream);
  }

  #openCall(stream: number): Call {
    if (this.#calls.size >= this.#ledger.limits.maxCallsPerConnection) {
      const [oldest] = this.#calls.values();
      if (oldest !== undefined) this.closeCall(oldest);
      this.#note(
        'calls-not-followed',
        `no room for more than ${this.#ledger.limits.maxCallsPerConnection} open calls on a connection`,
        this.#time.frame,
      );
    }
    const call = new Call(stream, this.#around);
    this.#calls.set(stream, call);
    return call;
  }

  closeCall(call: Call): void {
    this.#calls.delete(call.stream);
    call.finish();
  }

  note(kind: string, example: string): void {
    this.#note(kind, example, this.#time.frame);
  }

  /** Nobody knows where the messages of `side` stand. */
  loseCalls(side: Side): void {
    for (const call of this.#calls.values()) call.lose(side);
  }

  /** A call's headers, or its trailers. */
  takeHeaders(side: Side, stream: number, fields: readonly HeaderField[] | null): void {
    const call = this.callOf(stream);
    call.hasBegun[side] = true;
    for (const { name, value } of fields ?? []) {
      if (name === ':path') {
        this.#ends.learnClient(side);
        if (value !== null) call.method = methodOfPath(value);
      } else if (name === ':status') this.#ends.learnClient(side === 0 ? 1 : 0);
      else if (name === ':authority' && value !== null) this.record.authority ??= this.#ledger.intern(value);
      else if (name === 'grpc-status' && value !== null) this.#takeGrpcStatus(call, side, value);
    }
  }

  /** gRPC's own end of a call of the orderer's (gRPC over HTTP/2, "Status"). */
  #takeGrpcStatus(call: Call, side: Side, value: string): void {
    const grpcStatus = Number(value);
    if (call.method !== 'deliver' || !Number.isInteger(grpcStatus)) return;
    const { micros, frame } = this.#time;
    const moment: Moment = { side, stream: call.stream, firstMicros: micros, lastMicros: micros, firstFrame: frame, lastFrame: frame, bytes: 0 };
    this.record.keep(moment, { kind: 'deliver-status', channel: call.channel, status: null, grpcStatus });
  }
}

/** One direction of a conversation. */
class Direction implements FrameHandler {
  readonly frames: FrameReader;
  readonly #conversation: PlaintextConversation;
  readonly #side: Side;
  readonly #isFromStart: boolean;
  #table: HeaderTable | null = null;
  #isTableLost = false;

  constructor(conversation: PlaintextConversation, side: Side, isFromStart: boolean, maxHeaderBlockBytes: number) {
    this.#conversation = conversation;
    this.#side = side;
    this.#isFromStart = isFromStart;
    this.frames = new FrameReader(this, maxHeaderBlockBytes);
    if (!isFromStart) this.frames.seek();
  }

  data(stream: number, data: Uint8Array, start: number, end: number, isFirst: boolean, left: number): void {
    this.#conversation.callOf(stream).assembler(this.#side).feed(data, start, end, isFirst, left);
  }

  dataMissing(stream: number, bytes: number): void {
    this.#conversation.findCall(stream)?.assembler(this.#side).miss(bytes);
  }

  headers(stream: number, block: Uint8Array | null): void {
    if (block === null) {
      this.#forgetTable();
      this.#conversation.takeHeaders(this.#side, stream, null);
      return;
    }
    this.#table ??= new HeaderTable(this.#isFromStart && !this.#isTableLost);
    const fields = this.#table.decode(block);
    if (fields === null) this.#conversation.note('malformed-header-block', `a header block of ${block.length} bytes on stream ${stream}`);
    this.#conversation.takeHeaders(this.#side, stream, fields);
  }

  #forgetTable(): void {
    this.#isTableLost = true;
    this.#table?.forget();
  }

  ended(stream: number): void {
    const call = this.#conversation.findCall(stream);
    if (call === undefined) return;
    call.hasEnded[this.#side] = true;
    if (call.hasEnded[0] && call.hasEnded[1]) this.#conversation.closeCall(call);
  }

  reset(stream: number): void {
    const call = this.#conversation.findCall(stream);
    if (call !== undefined) this.#conversation.closeCall(call);
  }

  overhead(bytes: number): void {
    this.#conversation.record.count(this.#side, 'frames', 0, bytes);
  }

  positionLost(reason: 'missing' | 'malformed'): void {
    this.#forgetTable();
    this.#conversation.loseCalls(this.#side);
    if (reason === 'malformed') this.#conversation.note('lost-frame-position', 'bytes where an HTTP/2 frame header was due');
  }
}
