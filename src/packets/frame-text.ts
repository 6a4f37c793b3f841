import { formatInstant, instantOfMicros } from '../events/instant.js';
import { CaptureFollower, type FrameDepth } from './capture-decoder.js';
import type { CapturedFrame } from './captured-frame.js';
import type { Dissection } from './dissection.js';
import { formatAddress, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_UDP } from './ip.js';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './link.js';
import { ACK, FIN, PSH, RST, SYN } from './tcp-header.js';
import { ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC } from './tls.js';

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [SYN, 'SYN'],
  [FIN, 'FIN'],
  [RST, 'RST'],
  [PSH, 'PSH'],
  [ACK, 'ACK'],
];

/** Longer lists of messages are cut: a segmentation-offload frame may hold thousands of records. */
const MAX_MESSAGES = 8;

/** What is known of one wanted frame. */
interface FrameNote {
  /** Time and addresses. */
  readonly head: string;
  readonly transport: string;
  readonly wireLength: number;
  /** Handshake messages that the frame completes. */
  readonly messages: string[];
  applicationRecords: number;
  otherRecord: string | null;
  plaintext: string | null;
}

/**
 * Puts wanted frames into words: time, addresses, what the frame is, its length on the wire. A handshake message is told at the frame that completes it,
 * as {@link ConnectionFacts}' `handshakeFrames` has it. Frames that the capture does not hold have no entry.
 */
export class FrameExcerpter {
  readonly #wanted: ReadonlySet<number>;
  readonly #notes = new Map<number, FrameNote>();
  readonly #follower: CaptureFollower;

  constructor(options: { readonly frames: ReadonlySet<number> }) {
    this.#wanted = options.frames;
    this.#follower = new CaptureFollower('', undefined, {
      marks: null,
      listener: {
        handshakeMessage: (frame, text) => {
          const note = this.#notes.get(frame);
          if (note !== undefined && note.messages.length < MAX_MESSAGES) note.messages.push(text);
        },
        record: (frame, contentType) => this.#noteRecord(frame, contentType),
        plaintext: (frame, protocol, bytes) => {
          const note = this.#notes.get(frame);
          if (note !== undefined) note.plaintext = `${protocol === 'http2' ? 'HTTP/2' : 'HTTP/1'} plaintext of ${bytes} bytes`;
        },
      },
      frame: (frame, view, depth) => {
        if (this.#wanted.has(frame.number)) this.#notes.set(frame.number, noteOf(frame, view, depth));
      },
      passed: null,
    });
  }

  /** Takes the next bytes of the capture file. */
  push(chunk: Uint8Array): void {
    this.#follower.push(chunk);
  }

  /** One line for each wanted frame, such as `2026-11-22T10:33:28.485000Z 172.19.0.4:44312 → 172.19.0.5:7051 TCP SYN, 74 bytes`. */
  end(): ReadonlyMap<number, string> {
    this.#follower.end();
    return new Map([...this.#notes].map(([frame, note]) => [frame, `${note.head} ${describe(note)}, ${note.wireLength} bytes`]));
  }

  #noteRecord(frame: number, contentType: number): void {
    const note = this.#notes.get(frame);
    if (note === undefined) return;
    if (contentType === APPLICATION_DATA) note.applicationRecords += 1;
    else if (contentType === CHANGE_CIPHER_SPEC) note.otherRecord = 'ChangeCipherSpec';
    else if (contentType === ALERT) note.otherRecord = 'alert';
    else note.otherRecord ??= 'handshake';
  }
}

function noteOf(frame: CapturedFrame, view: Dissection, depth: FrameDepth): FrameNote {
  const at = formatInstant(instantOfMicros(frame.micros));
  return {
    head: `${at}${addressesOf(view, depth)}`,
    transport: transportText(view, depth),
    wireLength: frame.wireLength,
    messages: [],
    applicationRecords: 0,
    otherRecord: null,
    plaintext: null,
  };
}

function addressesOf(view: Dissection, depth: FrameDepth): string {
  if (depth === 'unreadable' || depth === 'network') return '';
  const source = formatAddress(view.source0, view.source1, view.source2, view.source3);
  const target = formatAddress(view.target0, view.target1, view.target2, view.target3);
  return depth === 'tcp' ? ` ${endpointText(source, view.sourcePort)} → ${endpointText(target, view.targetPort)}` : ` ${source} → ${target}`;
}

function endpointText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function transportText(view: Dissection, depth: FrameDepth): string {
  switch (depth) {
    case 'tcp':
      return `TCP ${FLAG_NAMES.filter(([bit]) => (view.flags & bit) !== 0)
        .map(([, name]) => name)
        .join(' ')}`.trimEnd();
    case 'transport':
      if (view.protocol === PROTOCOL_UDP) return 'UDP';
      return view.protocol === PROTOCOL_ICMP || view.protocol === PROTOCOL_ICMPV6 ? 'ICMP' : `IP protocol ${view.protocol}`;
    case 'fragment':
      return 'IP fragment';
    case 'network':
      if (view.etherType === ETHERTYPE_ARP) return 'ARP';
      return `EtherType 0x${view.etherType.toString(16).padStart(4, '0')}`;
    default:
      return view.etherType === ETHERTYPE_IPV4 || view.etherType === ETHERTYPE_IPV6 ? 'unreadable IP packet' : 'unreadable frame';
  }
}

function describe(note: FrameNote): string {
  if (note.messages.length > 0) return `TLS ${note.messages.join(', ')}`;
  if (note.applicationRecords > 0) {
    return `TLS application data (${note.applicationRecords} ${note.applicationRecords === 1 ? 'record' : 'records'})`;
  }
  if (note.otherRecord !== null) return `TLS ${note.otherRecord}`;
  return note.plaintext === null ? note.transport : `${note.transport} ${note.plaintext}`;
}
