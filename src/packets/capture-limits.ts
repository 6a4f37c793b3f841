/** Everything a capture can make grow, with the most it may. Reaching one is an oddity, never a failure. */
export interface CaptureLimits {
  /** Connections kept for the summary; the oldest closed ones go first. */
  readonly maxConnections: number;
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
  /** Bursts of all connections. */
  readonly maxBurstsInAll: number;
  /** Traffic steps of one connection; beyond, steps get wider. */
  readonly maxTrafficSteps: number;
  /** IP datagrams whose fragments are incomplete. */
  readonly maxFragmentedDatagrams: number;
}

export const CAPTURE_LIMITS: CaptureLimits = {
  maxConnections: 100_000,
  maxPendingSegments: 512,
  maxPendingBytes: 2 * 1024 * 1024,
  maxPendingBytesInAll: 16 * 1024 * 1024,
  maxHandshakeBytes: 64 * 1024,
  maxHandshakeFrames: 32,
  maxBurstsPerDirection: 20_000,
  maxBurstsInAll: 500_000,
  maxTrafficSteps: 4096,
  maxFragmentedDatagrams: 64,
};

/** libpcap's MAXIMUM_SNAPLEN (pcap-int.h): no frame of a network is longer; a record that claims to be is lying. */
export const MAX_FRAME_BYTES = 262_144;
