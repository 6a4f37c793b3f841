import type { Evidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';

/** What the wire told: by the sizes, directions and times of encrypted records, or in so many words. */
export type WireBasis = 'packets' | 'plaintext';

/** How a block can reach a peer. */
export type TransferKind = 'deliver' | 'push' | 'pull' | 'state-transfer' | 'unknown';

/** One copy of one block on its way from one node to another, whether the receiver needed it or not. */
export interface WireTransfer {
  readonly from: string;
  readonly to: string;
  /** Null where neither the message nor a log names the channel. */
  readonly channel: string | null;
  /** Which of the channels without a name, counted from 1; 0 where the name is known. */
  readonly group: number;
  readonly block: number;
  readonly kind: TransferKind;
  readonly basis: WireBasis;
  /** Probability that this block went from this sender to this receiver in these packets. */
  readonly confidence: number;
  /** When the first and the last byte of the message that carried the block were captured. */
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  /** Of the message that carried the block, without HTTP/2's and TLS's own; of a message with several blocks this block's share. */
  readonly bytes: number;
  readonly evidence: readonly Evidence[];
}

/** A time in which a peer was seen to act as its organization's gossip leader in a channel. */
export interface WireTerm {
  readonly peer: string;
  readonly channel: string | null;
  readonly group: number;
  readonly from: Instant;
  /** Null: it still led when the capture ended. */
  readonly to: Instant | null;
  readonly endedBy: 'renounced' | 'stopped' | 'still-leading';
  readonly basis: WireBasis;
  readonly evidence: readonly Evidence[];
}

/** What bytes on the wire were for. */
export type Purpose =
  | 'handshake'
  | 'probe'
  | 'alive'
  | 'membership'
  | 'leadership'
  | 'state-info'
  | 'pull'
  | 'block-push'
  | 'duplicate'
  | 'state-transfer'
  | 'deliver'
  | 'private-data'
  | 'client'
  | 'other';

/** What one node sent another for one purpose. Bytes are the application's: without TCP's, TLS's and IP's own. */
export interface PurposeTraffic {
  readonly from: string;
  readonly to: string;
  readonly purpose: Purpose;
  readonly messages: number;
  readonly bytes: number;
  readonly basis: WireBasis;
}
