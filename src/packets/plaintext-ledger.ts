import type { PlaintextKind } from '../events/plaintext-message.js';
import type { CaptureLimits } from './capture-limits.js';
import type { CertificateReader } from './certificate-names.js';
import { fabricMessages, type PeerTime, type Uint64 } from './gossip-messages.js';

/** A message of any kind that passed on a plaintext connection. */
export interface PassedMessage {
  readonly kind: PlaintextKind;
  readonly stream: number;
  /** Of the frame with its last byte, and when it was captured. */
  readonly frame: number;
  readonly micros: number;
  /** Without gRPC's prefix. */
  readonly bytes: number;
  /** The message itself, where it was looked into in one piece; good only during the call. */
  readonly data: Uint8Array | null;
}

/** Whose an enrolment certificate is. */
export interface Identity {
  readonly mspId: string | null;
  readonly commonName: string | null;
}

/** What one receiver was last told of one subject: when, and the time stamp in it. */
interface Told {
  micros: number;
  incarnationHigh: number;
  incarnationLow: number;
  sequenceHigh: number;
  sequenceLow: number;
}

/** Everything one receiver was told, by subject. */
export type Receiver = Map<string, Told>;

/** What a message was to its receiver. */
export const STALE = 0; // Nothing: it has the time stamp of one that came before, or an older one (gossip/discovery drops these).
export const FRESH = 1; // Younger than the one before.
export const NEWS = 2; // The first about its subject, of a new incarnation, or the first after a silence.
export type Worth = typeof STALE | typeof FRESH | typeof NEWS;

/** Names that servers are dialled by. */
const MAX_TEXTS = 1024;
const ZERO: Pick<Uint64, 'high' | 'low'> = { high: 0, low: 0 };
const UNKNOWN_IDENTITY: Identity = { mspId: null, commonName: null };
/** Two heartbeats (peer.gossip.aliveTimeInterval, 5 s): whoever was not heard of for longer was missed. */
export const SILENCE_MICROS = 10_000_000;

/**
 * What all plaintext connections of a capture share: who was told what, over whichever connection, and how much room is left. Gossip repeats itself every few seconds
 * for as long as a network lives; what is kept is what was news to its receiver.
 */
export class PlaintextLedger {
  readonly limits: CaptureLimits;
  readonly listener: ((message: PassedMessage) => void) | null;
  readonly #receivers = new Map<string, Receiver>();
  readonly #identities = new Map<string, Identity>();
  readonly #heights = new Map<string, number>();
  readonly #texts = new Map<string, string>();
  readonly #certificates: CertificateReader;
  #subjects = 0;
  #connections = 0;
  #bufferedBytes = 0;
  #messages = 0;
  #tellings = 0;
  /** See {@link tell}. */
  previousMicros = 0.5;
  /** What limits kept out, by the oddity that tells of it. */
  readonly refused = { messages: 0, tellings: 0, subjects: 0, connections: 0 };

  constructor(limits: CaptureLimits, certificates: CertificateReader, listener: ((message: PassedMessage) => void) | null) {
    this.limits = limits;
    this.listener = listener;
    this.#certificates = certificates;
  }

  /** The same text, once in memory however often it is met. */
  intern(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size < MAX_TEXTS) this.#texts.set(text, text);
    return text;
  }

  /** Whether one more connection may be followed. Each that may is let go with {@link leave}. */
  enter(): boolean {
    if (this.#connections >= this.limits.maxPlaintextConnections) {
      this.refused.connections += 1;
      return false;
    }
    this.#connections += 1;
    return true;
  }

  leave(): void {
    this.#connections -= 1;
  }

  /** Whether a message of `bytes` may be kept in one piece until it is whole. */
  mayBuffer(bytes: number): boolean {
    return bytes <= this.limits.maxBufferedMessageBytes && this.#bufferedBytes + bytes <= this.limits.maxBufferedMessageBytesInAll;
  }

  buffered(bytes: number): void {
    this.#bufferedBytes += bytes;
  }

  mayKeepMessage(): boolean {
    if (this.#messages >= this.limits.maxPlaintextMessagesInAll) {
      this.refused.messages += 1;
      return false;
    }
    this.#messages += 1;
    return true;
  }

  mayKeepTelling(): boolean {
    if (this.#tellings >= this.limits.maxTellingsInAll) {
      this.refused.tellings += 1;
      return false;
    }
    this.#tellings += 1;
    return true;
  }

  /** The receiver named by a PKI-ID or, where that is not known, an address. */
  receiver(name: string): Receiver {
    let receiver = this.#receivers.get(name);
    if (receiver === undefined) {
      receiver = new Map();
      if (this.#receivers.size < this.limits.maxToldSubjects) this.#receivers.set(name, receiver);
    }
    return receiver;
  }

  /** Notes that `receiver` was told of `subject` in a message with this time stamp; returns what that was to it. Then `previousMicros` holds when it heard of it before. */
  tell(receiver: Receiver, subject: string, timestamp: PeerTime | null, micros: number, silenceMicros: number): Worth {
    const incarnation = timestamp?.incNum ?? ZERO;
    const sequence = timestamp?.seqNum ?? ZERO;
    const told = receiver.get(subject);
    this.previousMicros = -1;
    if (told === undefined) {
      if (this.#subjects >= this.limits.maxToldSubjects) {
        this.refused.subjects += 1;
        return STALE;
      }
      this.#subjects += 1;
      receiver.set(subject, {
        micros,
        incarnationHigh: incarnation.high,
        incarnationLow: incarnation.low,
        sequenceHigh: sequence.high,
        sequenceLow: sequence.low,
      });
      return NEWS;
    }
    const order = compare(incarnation, told.incarnationHigh, told.incarnationLow);
    if (order < 0 || (order === 0 && compare(sequence, told.sequenceHigh, told.sequenceLow) <= 0)) return STALE;
    this.previousMicros = told.micros;
    told.incarnationHigh = incarnation.high;
    told.incarnationLow = incarnation.low;
    told.sequenceHigh = sequence.high;
    told.sequenceLow = sequence.low;
    if (micros > told.micros) told.micros = micros;
    return order > 0 || micros - this.previousMicros > silenceMicros ? NEWS : FRESH;
  }

  /** Whether nobody was told before that the ledger behind `channelMac` is so high. */
  raiseHeight(channelMac: string, height: number): boolean {
    const known = this.#heights.get(channelMac);
    if (known !== undefined ? height <= known : this.#heights.size >= this.limits.maxToldSubjects) return false;
    this.#heights.set(channelMac, height);
    return true;
  }

  identityOf(pkiId: string): Identity {
    return this.#identities.get(pkiId) ?? UNKNOWN_IDENTITY;
  }

  /** Learns whose certificate it is; `serialized` is a SerializedIdentity (fabric-protos, msp/identities.proto). Returns whether that is new. */
  learnIdentity(pkiId: string, serialized: Uint8Array): boolean {
    if (serialized.length === 0 || this.#identities.has(pkiId) || this.#identities.size >= this.limits.maxToldSubjects) return false;
    const identity = fabricMessages().serializedIdentity(serialized);
    if (identity === null || identity.mspid === '') return false;
    const der = derOf(identity.idBytes);
    this.#identities.set(pkiId, { mspId: identity.mspid, commonName: (der === null ? null : this.#certificates.read(der))?.commonName ?? null });
    return true;
  }
}

function compare(value: Pick<Uint64, 'high' | 'low'>, high: number, low: number): number {
  return value.high === high ? (value.low >>> 0) - (low >>> 0) : (value.high >>> 0) - (high >>> 0);
}

const MAX_PEM_BYTES = 16_384;

/** The content of a PEM block. Fabric 1.0 writes `-----BEGIN -----`, without a type (msp/identities.go). */
function derOf(pem: Uint8Array): Uint8Array | null {
  if (pem.length > MAX_PEM_BYTES) return null;
  const text = Buffer.from(pem).toString('latin1');
  const match = /-----BEGIN [^-\n]*-----\n([A-Za-z0-9+/=\n\r]+)-----END/.exec(text);
  return match === null ? null : Buffer.from(match[1] as string, 'base64');
}
