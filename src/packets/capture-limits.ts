/** Everything a capture can make grow, with the most it may. Reaching one is an oddity, never a failure. */
export interface CaptureLimits {
  /** Connections told one by one; the oldest closed ones go first, then those silent for longest. */
  readonly maxConnections: number;
  /** Short closed connections of the same two, with the same names and outcome, that are told one by one; the oldest are folded into their sum. */
  readonly maxShortPerPair: number;
  /** Sums of folded connections. */
  readonly maxFoldedPairs: number;
  /** Connections that are over but may still see a late packet; beyond, the oldest wait no longer. */
  readonly maxEndedWaiting: number;
  /** Segments of one direction that wait for missing bytes before them. */
  readonly maxPendingSegments: number;
  /** Bytes of one direction that wait for missing bytes before them. */
  readonly maxPendingBytes: number;
  /** Bytes of all connections that wait so. */
  readonly maxPendingBytesInAll: number;
  /** Unencrypted handshake bytes of one direction, buffered until parsed. */
  readonly maxHandshakeBytes: number;
  /** Frames with handshake messages noted for one connection. */
  readonly maxHandshakeFrames: number;
  /** Bursts of one direction. */
  readonly maxBurstsPerDirection: number;
  /** Sizes of one direction's small messages that are told apart. */
  readonly maxSmallSizes: number;
  /** When messages of one size passed, in runs, of all connections; beyond, runs get longer and new sizes are not told apart. */
  readonly maxSmallRunsInAll: number;
  /** Bursts of all connections. */
  readonly maxBurstsInAll: number;
  /** Traffic steps of one connection; beyond, steps get wider. */
  readonly maxTrafficSteps: number;
  /** Traffic steps of all connections that are not over; beyond, those with more than their share get wider steps. */
  readonly maxTrafficStepsInAll: number;
  /** Unencrypted HTTP/2 connections that are read at one time. */
  readonly maxPlaintextConnections: number;
  /** Calls of one such connection that are open at one time. */
  readonly maxCallsPerConnection: number;
  /** Bytes of one header block. */
  readonly maxHeaderBlockBytes: number;
  /** An unencrypted message that is longer is read in pieces: its blocks are counted and measured, nothing else. */
  readonly maxBufferedMessageBytes: number;
  /** Bytes of all unencrypted messages that are kept until they are whole. */
  readonly maxBufferedMessageBytesInAll: number;
  /** Unencrypted messages that are kept because they tell something. */
  readonly maxPlaintextMessagesInAll: number;
  /** Blocks of one message. */
  readonly maxBlocksPerMessage: number;
  /** Who told whom of which subject: first and last time. */
  readonly maxTellingsInAll: number;
  /** Subjects that receivers were told of. */
  readonly maxToldSubjects: number;
  /** Channels that one connection names. */
  readonly maxChannelsPerConnection: number;
  /** IP datagrams whose fragments are incomplete. */
  readonly maxFragmentedDatagrams: number;
}

export const CAPTURE_LIMITS: CaptureLimits = {
  maxConnections: 20_000,
  maxShortPerPair: 128,
  maxFoldedPairs: 2048,
  maxEndedWaiting: 2048,
  maxPendingSegments: 512,
  maxPendingBytes: 2 * 1024 * 1024,
  maxPendingBytesInAll: 16 * 1024 * 1024,
  maxHandshakeBytes: 64 * 1024,
  maxHandshakeFrames: 32,
  maxBurstsPerDirection: 100_000,
  maxSmallSizes: 128,
  maxSmallRunsInAll: 250_000,
  maxBurstsInAll: 500_000,
  maxTrafficSteps: 4096,
  maxTrafficStepsInAll: 500_000,
  maxPlaintextConnections: 4096,
  maxCallsPerConnection: 256,
  maxHeaderBlockBytes: 65_536,
  maxBufferedMessageBytes: 256 * 1024,
  maxBufferedMessageBytesInAll: 16 * 1024 * 1024,
  maxPlaintextMessagesInAll: 250_000,
  maxBlocksPerMessage: 1024,
  maxTellingsInAll: 100_000,
  maxToldSubjects: 100_000,
  maxChannelsPerConnection: 256,
  maxFragmentedDatagrams: 64,
};

/** libpcap's MAXIMUM_SNAPLEN (pcap-int.h): no frame of a network is longer; a record that claims to be is lying. */
export const MAX_FRAME_BYTES = 262_144;
