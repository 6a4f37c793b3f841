import type { FoldedConnections } from '../events/connection.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import { type Oddity, OddityCounter } from '../events/oddity.js';
import { type CaptureClock, createCaptureClock } from './capture-clock.js';
import { CAPTURE_LIMITS, type CaptureLimits } from './capture-limits.js';
import { type CaptureFormat, CaptureReader, recognizeCapture } from './capture-reader.js';
import type { CapturedFrame } from './captured-frame.js';
import { CertificateReader } from './certificate-names.js';
import type { ConnectionFacts } from './connection.js';
import { ConnectionTable } from './connection-table.js';
import type { StreamListener, StreamSurroundings } from './conversation.js';
import { createDissection, type Dissection } from './dissection.js';
import { AddressTexts, dissectNetwork, PROTOCOL_TCP } from './ip.js';
import { FragmentTable } from './ip-fragments.js';
import { dissectLink, isKnownLinkType } from './link.js';
import type { PayloadMarks } from './payload-marks.js';
import { type PassedMessage, PlaintextLedger } from './plaintext-ledger.js';
import { dissectTcp } from './tcp-header.js';

export type { ConnectionFacts };
export { recognizeCapture };

/** What a capture file holds, and how well it could be read. */
export interface CaptureSummary {
  readonly format: CaptureFormat;
  readonly packets: number;
  /** Frames or records that could not be read. */
  readonly unreadable: number;
  /** Frames that the snap length cut. */
  readonly truncated: number;
  /** Packets that the capturing program says it lost; null when the file does not say. */
  readonly dropped: number | null;
  /** Frames that were further sights of a packet, from another interface. */
  readonly duplicates: number;
  readonly from: Instant | null;
  readonly to: Instant | null;
  readonly linkTypes: readonly number[];
  readonly connections: readonly ConnectionFacts[];
  /** What is not among them, summed: short connections of the same two beyond a number. */
  readonly folded: readonly FoldedConnections[];
  readonly oddities: readonly Oddity[];
}

/** Who else looks on while a capture is decoded. */
export interface CaptureObservers {
  readonly marks: PayloadMarks | null;
  readonly listener: StreamListener | null;
  /** Called for every frame before its streams are followed; `view` is filled in as far as the frame could be read. */
  readonly frame: ((frame: CapturedFrame, view: Dissection, depth: FrameDepth) => void) | null;
  /** The bytes of the file in order, as soon as the frames in them were handled. */
  readonly passed: ((data: Uint8Array, start: number, end: number) => void) | null;
  /** Called for every message of an unencrypted gRPC call when it is over; only without marks and listener. */
  readonly message?: (message: PassedMessage) => void;
}

/** How far up a frame could be read: to its TCP segment, to another transport or network protocol, to part of a datagram, or not at all. */
export type FrameDepth = 'tcp' | 'transport' | 'network' | 'fragment' | 'unreadable';

const NO_OBSERVERS: CaptureObservers = { marks: null, listener: null, frame: null, passed: null };

/** Follows a capture frame by frame from bytes to connections; the work behind {@link CaptureDecoder} and those who look on. */
export class CaptureFollower {
  readonly #source: string;
  readonly #observers: CaptureObservers;
  readonly #oddities = new OddityCounter();
  readonly #clock: CaptureClock = createCaptureClock();
  readonly #view: Dissection = createDissection();
  readonly #reader: CaptureReader;
  readonly #fragments: FragmentTable;
  readonly #around: StreamSurroundings;
  readonly #table: ConnectionTable;
  readonly #linkTypes: number[] = [];
  #unreadable = 0;
  #truncated = 0;
  #firstTruncated = 0;
  #from = 0.5;
  #to = 0.5;
  #summary: CaptureSummary | null = null;

  constructor(source: string, limits: Partial<CaptureLimits> | undefined, observers: CaptureObservers) {
    this.#source = source;
    this.#observers = observers;
    const note = (kind: string, example: string, frame: number | null, count = 1): void => {
      this.#oddities.add(kind, example, frame === null ? null : { source, frame }, count);
    };
    const certificates = new CertificateReader();
    const allLimits = { ...CAPTURE_LIMITS, ...limits };
    this.#around = {
      limits: allLimits,
      note,
      certificates,
      addresses: new AddressTexts(),
      burstBudget: { left: allLimits.maxBurstsInAll, refused: 0 },
      runBudget: { left: allLimits.maxSmallRunsInAll, refused: 0 },
      trafficShare: { mostSteps: allLimits.maxTrafficSteps },
      pending: { bytes: 0 },
      clock: this.#clock,
      marks: observers.marks,
      listener: observers.listener,
      plaintext:
        observers.marks === null && observers.listener === null ? new PlaintextLedger(allLimits, certificates, observers.message ?? null) : null,
    };
    this.#table = new ConnectionTable(source, this.#around);
    this.#fragments = new FragmentTable(allLimits.maxFragmentedDatagrams, this.#clock, note, observers.marks);
    const sink = {
      frame: (frame: CapturedFrame): void => this.#takeFrame(frame),
      torn: (data: Uint8Array, start: number, end: number): void => observers.marks?.finish(data, start, end),
      passed: observers.passed ?? ((): void => {}),
    };
    this.#reader = new CaptureReader(sink, note, { sinkKeepsBytes: observers.marks !== null });
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /** Packets so far. */
  get packets(): number {
    return this.#reader.frames;
  }

  /** Ends the capture, once; further calls return the same. */
  end(): CaptureSummary {
    this.#summary ??= this.#finish();
    return this.#summary;
  }

  #finish(): CaptureSummary {
    this.#reader.end();
    this.#fragments.clear();
    this.#table.end();
    const connections = this.#table.facts();
    return this.#summarize(connections);
  }

  /** What the capture held so far; it goes on. A record that is not whole yet is left out. After the end: what {@link end} returned. */
  snapshot(): CaptureSummary {
    return this.#summary ?? this.#summarize(this.#table.snapshot());
  }

  #summarize(connections: readonly ConnectionFacts[]): CaptureSummary {
    const any = this.#clock.frame > 0;
    return {
      format: this.#reader.format ?? 'pcap',
      packets: this.#reader.frames,
      unreadable: this.#reader.unreadable + this.#unreadable,
      truncated: this.#truncated,
      dropped: this.#reader.dropped,
      duplicates: this.#table.duplicates,
      from: any ? instantOfMicros(this.#from) : null,
      to: any ? instantOfMicros(this.#to) : null,
      linkTypes: [...this.#linkTypes].sort((a, b) => a - b),
      connections,
      folded: this.#table.folded(),
      oddities: [...this.#oddities.list(), ...this.#countedOddities()],
    };
  }

  /** What is counted on the way and told once. */
  #countedOddities(): readonly Oddity[] {
    const counter = new OddityCounter();
    const { refused } = this.#around.burstBudget;
    const runs = this.#around.runBudget.refused;
    const first = this.#firstTruncated;
    if (this.#truncated > 0)
      counter.add('packet-truncated', `frame ${first} is cut by the snap length`, { source: this.#source, frame: first }, this.#truncated);
    if (refused > 0) counter.add('bursts-not-kept', 'more bursts than are kept', null, refused);
    if (runs > 0) counter.add('small-messages-merged', 'more runs of small messages than are told apart', null, runs);
    for (const [kind, count] of Object.entries(this.#around.plaintext?.refused ?? {}))
      if (count > 0) counter.add(`plaintext-${kind}-not-kept`, `more ${kind} of unencrypted connections than are kept`, null, count);
    return counter.list();
  }

  #takeFrame(frame: CapturedFrame): void {
    const clock = this.#clock;
    const micros = frame.micros;
    if (clock.frame === 0) {
      this.#from = micros;
      this.#to = micros;
    } else if (micros > this.#to) this.#to = micros;
    else if (micros < this.#from) this.#from = micros;
    clock.frame = frame.number;
    clock.micros = micros;
    clock.bytes += frame.end - frame.start;
    if (frame.end - frame.start < frame.wireLength && this.#truncated++ === 0) this.#firstTruncated = frame.number;
    if (!this.#linkTypes.includes(frame.linkType)) this.#meetLinkType(frame);
    if (this.#fragments.size > 0) this.#fragments.expire();
    const view = this.#view;
    const depth = this.#dissect(frame, view);
    if (this.#observers.frame !== null) this.#observers.frame(frame, view, depth);
    if (depth === 'tcp') this.#table.take(view, frame);
    else if (depth === 'unreadable') this.#unreadable += 1;
    if (depth !== 'tcp' && view.data !== frame.data) this.#observers.marks?.finish(view.data, 0, 0);
  }

  #dissect(frame: CapturedFrame, view: Dissection): FrameDepth {
    if (!dissectLink(frame, view)) return 'unreadable';
    const outcome = dissectNetwork(view, frame.wireLength - (view.networkStart - frame.start), this.#fragments);
    if (outcome === 'transport') {
      if (view.protocol !== PROTOCOL_TCP) return 'transport';
      if (dissectTcp(view)) return 'tcp';
    } else if (outcome === 'fragment') return 'fragment';
    else if (outcome === 'other') return 'network';
    const isCut = frame.end - frame.start < frame.wireLength;
    this.#around.note(isCut ? 'header-cut' : 'malformed-header', `frame ${frame.number} of ${frame.wireLength} bytes`, frame.number);
    return 'unreadable';
  }

  #meetLinkType(frame: CapturedFrame): void {
    this.#linkTypes.push(frame.linkType);
    if (!isKnownLinkType(frame.linkType)) {
      this.#around.note('unknown-link-type', `link type ${frame.linkType}: its frames are counted only`, frame.number);
    }
  }
}

/**
 * Decodes one capture file (classic pcap or pcapng), given in chunks of any size, to its TCP connections. Nothing it meets makes it throw: what it cannot
 * read is counted in the summary. Times are microseconds, floored; frame numbers are Wireshark's.
 */
export class CaptureDecoder {
  readonly #follower: CaptureFollower;

  constructor(options: { readonly source: string; readonly limits?: Partial<CaptureLimits> }) {
    this.#follower = new CaptureFollower(options.source, options.limits, NO_OBSERVERS);
  }

  /** Takes the next bytes of the file; they may be used for something else afterwards. */
  push(chunk: Uint8Array): void {
    this.#follower.push(chunk);
  }

  /** Packets so far. */
  get packets(): number {
    return this.#follower.packets;
  }

  /** Returns what the capture held so far; more may be pushed. Costs what changed since the last time, and one step per connection. */
  snapshot(): CaptureSummary {
    return this.#follower.snapshot();
  }

  /** Returns what the whole capture holds. */
  end(): CaptureSummary {
    return this.#follower.end();
  }
}
