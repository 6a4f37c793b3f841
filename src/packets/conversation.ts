import type { CertificateNames } from '../events/connection.js';
import type { BurstBudget, RunBudget } from './bursts.js';
import type { CaptureClock } from './capture-clock.js';
import type { CaptureLimits } from './capture-limits.js';
import type { NoteOddity } from './captured-frame.js';
import type { CertificateReader } from './certificate-names.js';
import type { AddressTexts } from './ip.js';
import type { PayloadMarks } from './payload-marks.js';
import type { ConversationEnds, PlaintextConversation } from './plaintext-conversation.js';
import type { PlaintextLedger } from './plaintext-ledger.js';
import type { TrafficShare } from './traffic.js';

export type Side = 0 | 1;

/** Told of what passes on a stream, for whoever wants to describe single frames. */
export interface StreamListener {
  handshakeMessage(frame: number, text: string): void;
  record(frame: number, contentType: number, length: number): void;
  plaintext(frame: number, protocol: 'http2' | 'http1', bytes: number): void;
}

/** What all connections of one capture share. */
export interface StreamSurroundings {
  readonly clock: CaptureClock;
  readonly limits: CaptureLimits;
  readonly note: NoteOddity;
  readonly certificates: CertificateReader;
  readonly addresses: AddressTexts;
  readonly burstBudget: BurstBudget;
  readonly runBudget: RunBudget;
  readonly trafficShare: TrafficShare;
  /** Bytes of all streams that wait for missing ones before them. */
  readonly pending: { bytes: number };
  readonly marks: PayloadMarks | null;
  readonly listener: StreamListener | null;
  /** Null where nobody wants to know what unencrypted connections say. */
  readonly plaintext: PlaintextLedger | null;
}

/** What both directions of a connection have said so far. Written by the followers of its two streams. */
export interface Conversation {
  protocol: 'tls' | 'http2' | 'http1' | null;
  /** As on the wire, 0x0303 being TLS 1.2; 0 before a ServerHello was seen. */
  version: number;
  /** Where no hello was seen, what the lengths of records tell: above 0 for TLS 1.3, below for 1.2. */
  versionVotes: number;
  serverName: string | null;
  alpn: string | null;
  /** The side that spoke as a client: sent a ClientHello or a request; -1 while unknown. */
  clientSide: Side | -1;
  readonly certificates: [CertificateNames | null, CertificateNames | null];
  certificateRequested: boolean | null;
  readonly handshakeFrames: number[];
  /** Encrypted records of TLS 1.3 that each side has sent of its handshake; -1 when the side has finished it. */
  readonly hiddenHandshakeRecords: [number, number];
  /** Whose conversation it is; null while nobody said. */
  ends: ConversationEnds | null;
  /** What is said in HTTP/2 without TLS. */
  plaintext: PlaintextConversation | null;
  /** Nobody follows what is said in HTTP/2 without TLS: too many such connections. */
  isPlaintextRefused: boolean;
}

export function createConversation(): Conversation {
  return {
    protocol: null,
    version: 0,
    versionVotes: 0,
    serverName: null,
    alpn: null,
    clientSide: -1,
    certificates: [null, null],
    certificateRequested: null,
    handshakeFrames: [],
    hiddenHandshakeRecords: [0, 0],
    ends: null,
    plaintext: null,
    isPlaintextRefused: false,
  };
}
