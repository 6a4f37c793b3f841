import type { Burst, ObservedConnection } from '../events/connection.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import { unboxed } from './byte-order.js';
import { type Conversation, createConversation, type Side, type StreamSurroundings } from './conversation.js';
import type { Dissection } from './dissection.js';
import type { ConversationEnds } from './plaintext-conversation.js';
import type { RepeatedPackets } from './repeated-packets.js';
import { TcpStream } from './tcp.js';
import { ACK, FIN, RST, SYN } from './tcp-header.js';
import { TLS_1_3 } from './tls.js';
import { TrafficLog } from './traffic.js';

/** A connection with what only the capture itself can say of it. */
export interface ConnectionFacts extends ObservedConnection {
  /** What told client from server: a SYN; a hello or request; or only that the other connections' server, else the lower port, is a server. */
  readonly roleBasis: 'syn' | 'tls-hello' | 'port-guess';
  /** The application protocol negotiated, or the first one offered where the answer is not visible. */
  readonly alpn: string | null;
  readonly closedWith: 'fin' | 'rst' | null;
  /** Frames, without further sights of the same packet. */
  readonly frames: number;
}

/** Both sides ended it when their FINs are so near that neither is an answer a program thought about. */
const SIMULTANEOUS_CLOSE_MICROS = 1000;
/** Where both sides have sent data, a SYN with the known number so long after the first one is no late copy. */
const LATE_SYN_MICROS = 3_000_000;

/** Twice the maximum segment lifetime (TIME-WAIT, RFC 9293 §3.4.2): later packets between the same ports cannot belong to an ended connection. */
const TIME_WAIT_MICROS = 240_000_000;

/** A TCP connection while its packets come in. Side 0 sent the first packet seen. */
export class TrackedConnection implements ConversationEnds {
  /** Next in the same bucket of the table. */
  nextInBucket: TrackedConnection | null = null;
  /** Its place in the table's list. */
  place = 0;
  readonly hash: number;
  readonly address0: number;
  readonly address1: number;
  readonly address2: number;
  readonly address3: number;
  readonly port: number;
  readonly other0: number;
  readonly other1: number;
  readonly other2: number;
  readonly other3: number;
  readonly otherPort: number;
  readonly conversation: Conversation = createConversation();
  readonly stream0: TcpStream;
  readonly stream1: TcpStream;
  repeated0: RepeatedPackets | null = null;
  repeated1: RepeatedPackets | null = null;
  #isEnded = false;
  readonly #around: StreamSurroundings;
  readonly #traffic: TrafficLog;
  readonly #firstAt: number;
  readonly #firstFrame: number;
  #lastAt = 0.5;
  #lastFrame: number;
  #frames = 0;
  #synAt = -1;
  /** The side that asked for the connection, -1 when no SYN was seen. */
  #synSide: Side | -1 = -1;
  #synAnswered = false;
  #answered = false;
  #refused = false;
  #isReset = false;
  #closedAt = -1;
  #closedFrame = 0;
  #closedSide: Side = 0;
  #closedByBoth = false;
  #closedWith: 'fin' | 'rst' | null = null;
  #snapshot: { readonly facts: ConnectionFacts; readonly server: Side } | null = null;

  constructor(view: Dissection, hash: number, around: StreamSurroundings) {
    this.#around = around;
    this.conversation.ends = this;
    this.hash = hash;
    this.address0 = view.source0;
    this.address1 = view.source1;
    this.address2 = view.source2;
    this.address3 = view.source3;
    this.port = view.sourcePort;
    this.other0 = view.target0;
    this.other1 = view.target1;
    this.other2 = view.target2;
    this.other3 = view.target3;
    this.otherPort = view.targetPort;
    this.stream0 = new TcpStream(this.conversation, 0, around);
    this.stream1 = new TcpStream(this.conversation, 1, around);
    this.#traffic = new TrafficLog(around.trafficShare);
    this.#firstAt = around.clock.micros;
    this.#firstFrame = around.clock.frame;
    this.#lastFrame = around.clock.frame;
  }

  get isClosed(): boolean {
    return this.#closedAt >= 0;
  }

  /** Whether both sides have ended it or one has reset it. */
  get isOver(): boolean {
    return this.#isReset || (this.stream0.isFinished && this.stream1.isFinished);
  }

  /** Whether no packet can come any more. */
  isPast(micros: number): boolean {
    return this.isOver && micros - this.#lastAt > TIME_WAIT_MICROS;
  }

  get isWaiting(): boolean {
    return this.stream0.isWaiting || this.stream1.isWaiting;
  }

  get lastAt(): number {
    return this.#lastAt;
  }

  get firstFrame(): number {
    return this.#firstFrame;
  }

  /** 0 when side 0 sent the packet in `view`, 1 when side 1 did, -1 when it belongs to another connection. */
  sideOf(view: Dissection): Side | -1 {
    if (
      this.address3 === view.source3 &&
      this.port === view.sourcePort &&
      this.other3 === view.target3 &&
      this.otherPort === view.targetPort &&
      this.address2 === view.source2 &&
      this.other2 === view.target2 &&
      this.address1 === view.source1 &&
      this.other1 === view.target1 &&
      this.address0 === view.source0 &&
      this.other0 === view.target0
    ) {
      return 0;
    }
    return this.other3 === view.source3 &&
      this.otherPort === view.sourcePort &&
      this.address3 === view.target3 &&
      this.port === view.targetPort &&
      this.other2 === view.source2 &&
      this.address2 === view.target2 &&
      this.other1 === view.source1 &&
      this.address1 === view.target1 &&
      this.other0 === view.source0 &&
      this.address0 === view.target0
      ? 1
      : -1;
  }

  /** Whether the SYN in `view`, sent by `side`, asks for a new connection between the same ports rather than for this one again. */
  isReusedBy(view: Dissection, side: Side, micros: number): boolean {
    const stream = side === 0 ? this.stream0 : this.stream1;
    if ((view.flags & ACK) !== 0) return stream.initialSequence !== null && stream.initialSequence !== view.sequence;
    if (this.isClosed) return true;
    const bytes0 = this.stream0.payloadBytes;
    const bytes1 = this.stream1.payloadBytes;
    if (stream.initialSequence === null) return bytes0 + bytes1 > 0;
    if (stream.initialSequence !== view.sequence) return true;
    return bytes0 > 0 && bytes1 > 0 && micros - this.#synAt > LATE_SYN_MICROS;
  }

  /** Takes the packet in `view`, sent by `side`. */
  take(view: Dissection, side: Side, micros: number, frame: number): void {
    const flags = view.flags;
    const stream = side === 0 ? this.stream0 : this.stream1;
    this.#frames += 1;
    if (micros > this.#lastAt) this.#lastAt = micros;
    this.#lastFrame = frame;
    if (side === 1) this.#answered = true;
    if ((flags & SYN) !== 0) this.#takeSyn(view, side, stream, micros);
    if ((flags & ACK) !== 0) (side === 0 ? this.stream1 : this.stream0).acknowledge(view.acknowledgment);
    const sequence = (flags & SYN) !== 0 ? (view.sequence + 1) | 0 : view.sequence;
    if (view.payloadLength > 0 && (flags & RST) === 0) {
      const bytes = stream.receive(view, sequence);
      if (bytes > 0) this.#traffic.add(micros, side, bytes);
    }
    if ((flags & (FIN | RST)) !== 0) this.#takeEnd(view, side, stream, sequence, micros, frame);
  }

  #takeSyn(view: Dissection, side: Side, stream: TcpStream, micros: number): void {
    stream.open(view.sequence);
    if ((view.flags & ACK) !== 0) {
      this.#synAnswered = true;
      if (this.#synSide < 0) this.#synSide = side === 0 ? 1 : 0;
    } else if (this.#synAt < 0) {
      this.#synSide = side;
      this.#synAt = micros;
    }
  }

  #takeEnd(view: Dissection, side: Side, stream: TcpStream, sequence: number, micros: number, frame: number): void {
    const isReset = (view.flags & RST) !== 0;
    if (isReset) this.#isReset = true;
    else stream.finish((sequence + view.payloadLength) | 0);
    if (this.isClosed) {
      if (side !== this.#closedSide && micros - this.#closedAt <= SIMULTANEOUS_CLOSE_MICROS) this.#closedByBoth = true;
      return;
    }
    this.#refused = isReset && this.#synAt >= 0 && !this.#synAnswered && side !== this.#synSide;
    this.#closedAt = micros;
    this.#closedFrame = frame;
    this.#closedSide = side;
    this.#closedWith = isReset ? 'rst' : 'fin';
  }

  /** No packet will come any more: what waits is handed on, buffers are let go. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.stream0.end();
    this.stream1.end();
    this.conversation.plaintext?.end();
    this.repeated0 = null;
    this.repeated1 = null;
  }

  /** `address:port` of `side`. */
  endpointText(side: Side): string {
    const { address, port } = this.#endpoint(side);
    return formatEndpoint(address, port);
  }

  addressText(side: Side): string {
    return this.#endpoint(side).address;
  }

  /** What is said on the connection shows that `side` is the client. */
  learnClient(side: Side): void {
    if (this.conversation.clientSide < 0) this.conversation.clientSide = side;
  }

  /** The side known to be the server by a SYN or by what it said, or -1. */
  knownServerSide(): Side | -1 {
    const client = this.#synSide >= 0 ? this.#synSide : this.conversation.clientSide;
    if (client < 0) return -1;
    return client === 0 ? 1 : 0;
  }

  /** The facts; only once, after {@link end}. `servers` holds endpoints known to be servers from other connections. */
  facts(source: string, servers: ReadonlySet<string>): ConnectionFacts {
    return this.#describe(source, servers, (stream) => stream.follower.bursts.finish());
  }

  /** The facts so far; the connection goes on. The same object as long as no packet came in between and `servers` says the same of it. */
  snapshot(source: string, servers: ReadonlySet<string>): ConnectionFacts {
    const known = this.#snapshot;
    const server = this.#serverSide(servers);
    if (known !== null && known.facts.frames === this.#frames && known.server === server) return known.facts;
    const facts = this.#describe(source, servers, (stream) => stream.follower.bursts.snapshot());
    this.#snapshot = { facts, server };
    return facts;
  }

  #serverSide(servers: ReadonlySet<string>): Side {
    const known = this.knownServerSide();
    return known >= 0 ? (known as Side) : this.#guessServerSide(servers);
  }

  #describe(source: string, servers: ReadonlySet<string>, burstsOf: (stream: TcpStream) => readonly Burst[]): ConnectionFacts {
    const conversation = this.conversation;
    const known = this.knownServerSide();
    const server = this.#serverSide(servers);
    const [clientStream, serverStream] = server === 1 ? [this.stream0, this.stream1] : [this.stream1, this.stream0];
    return {
      source,
      client: this.#endpoint(server === 1 ? 0 : 1),
      server: this.#endpoint(server === 1 ? 1 : 0),
      firstAt: instantOfMicros(this.#firstAt),
      firstFrame: this.#firstFrame,
      lastAt: instantOfMicros(this.#lastAt),
      lastFrame: this.#lastFrame,
      synAt: instantOrNull(this.#synAt),
      closedAt: instantOrNull(this.#closedAt),
      closedFrame: this.isClosed ? this.#closedFrame : null,
      closedBy: this.#closedBy(server === 1 ? 0 : 1),
      outcome: this.#outcome(),
      tls: tlsVersionOf(conversation),
      protocol: conversation.protocol ?? 'unknown',
      serverName: conversation.serverName,
      serverCertificate: conversation.certificates[server === 1 ? 1 : 0],
      clientCertificate: conversation.certificates[server === 1 ? 0 : 1],
      certificateRequested: conversation.certificateRequested,
      handshakeFrames: [...conversation.handshakeFrames].sort((a, b) => a - b),
      payloadBytes: { fromClient: unboxed(clientStream.payloadBytes), fromServer: unboxed(serverStream.payloadBytes) },
      traffic: this.#traffic
        .steps()
        .map(([second, bytes0, bytes1]) =>
          server === 1 ? { second, fromClient: bytes0, fromServer: bytes1 } : { second, fromClient: bytes1, fromServer: bytes0 },
        ),
      bursts: { fromClient: burstsOf(clientStream), fromServer: burstsOf(serverStream) },
      smallMessages: { fromClient: clientStream.follower.bursts.sizes(), fromServer: serverStream.follower.bursts.sizes() },
      plaintext: conversation.plaintext?.facts(server) ?? null,
      roleBasis: this.#synSide >= 0 ? 'syn' : known >= 0 ? 'tls-hello' : 'port-guess',
      alpn: conversation.alpn,
      closedWith: this.#closedWith,
      bytesMissing: this.stream0.bytesMissing + this.stream1.bytesMissing,
      frames: this.#frames,
    };
  }

  #endpoint(side: Side): { readonly address: string; readonly port: number } {
    const { addresses } = this.#around;
    return side === 0
      ? { address: addresses.textOf(this.address0, this.address1, this.address2, this.address3), port: this.port }
      : { address: addresses.textOf(this.other0, this.other1, this.other2, this.other3), port: this.otherPort };
  }

  #guessServerSide(servers: ReadonlySet<string>): Side {
    const isServer0 = servers.has(this.endpointText(0));
    const isServer1 = servers.has(this.endpointText(1));
    if (isServer0 !== isServer1) return isServer0 ? 0 : 1;
    return this.port < this.otherPort ? 0 : 1;
  }

  #closedBy(client: Side): 'client' | 'server' | 'both' | null {
    if (!this.isClosed) return null;
    if (this.#closedByBoth) return 'both';
    return this.#closedSide === client ? 'client' : 'server';
  }

  #outcome(): 'established' | 'refused' | 'unanswered' {
    if (this.#refused) return 'refused';
    return this.#synAt >= 0 && !this.#synAnswered && !this.#answered ? 'unanswered' : 'established';
  }
}

/** An endpoint as a key: `address:port`. */
export function formatEndpoint(address: string, port: number): string {
  return `${address}:${port}`;
}

function instantOrNull(micros: number): Instant | null {
  return micros < 0 ? null : instantOfMicros(micros);
}

function tlsVersionOf(conversation: Conversation): ObservedConnection['tls'] {
  if (conversation.protocol === 'http1' || conversation.protocol === 'http2') return 'none';
  if (conversation.version === TLS_1_3) return '1.3';
  return conversation.version === 0x0303 ? '1.2' : null;
}
