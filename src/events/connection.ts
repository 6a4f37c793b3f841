import type { Instant } from './instant.js';
import type { PlaintextFacts } from './plaintext-message.js';

/** Names in a certificate that a handshake showed. */
export interface CertificateNames {
  readonly commonName: string | null;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
}

/** A run of data in one direction: on an encrypted connection what its record headers tell. */
export interface Burst {
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly firstFrame: number;
  readonly lastFrame: number;
  readonly bytes: number;
}

/** Messages of one size in one direction: on an encrypted connection the size is all that is told of them. */
export interface SizeRuns {
  /** Of one message; 0 where more sizes passed than are told apart. */
  readonly bytes: number;
  /** Of all of them. */
  readonly total: number;
  /** When such messages followed one another without a long silence. */
  readonly runs: readonly { readonly from: Instant; readonly to: Instant; readonly count: number }[];
}

/** One TCP connection as a capture shows it, before anybody knows whose addresses these are. */
export interface ObservedConnection {
  readonly source: string;
  readonly client: { readonly address: string; readonly port: number };
  readonly server: { readonly address: string; readonly port: number };
  readonly firstAt: Instant;
  readonly firstFrame: number;
  readonly lastAt: Instant;
  readonly lastFrame: number;
  /** When the SYN was seen; null when the capture began later. */
  readonly synAt: Instant | null;
  readonly closedAt: Instant | null;
  readonly closedFrame: number | null;
  readonly closedBy: 'client' | 'server' | 'both' | null;
  readonly outcome: 'established' | 'refused' | 'unanswered';
  readonly tls: '1.2' | '1.3' | 'none' | null;
  readonly protocol: 'tls' | 'http2' | 'http1' | 'unknown';
  readonly serverName: string | null;
  readonly serverCertificate: CertificateNames | null;
  readonly clientCertificate: CertificateNames | null;
  readonly certificateRequested: boolean | null;
  readonly handshakeFrames: readonly number[];
  readonly payloadBytes: { readonly fromClient: number; readonly fromServer: number };
  /** Stream bytes of both directions that the capture does not hold: lost by it, or cut by its snap length. */
  readonly bytesMissing: number;
  readonly traffic: readonly { readonly second: number; readonly fromClient: number; readonly fromServer: number }[];
  readonly bursts: { readonly fromClient: readonly Burst[]; readonly fromServer: readonly Burst[] };
  /** What was said, where it could be read: HTTP/2 without TLS. */
  readonly plaintext: PlaintextFacts | null;
  /** What was smaller than a burst, by size. */
  readonly smallMessages: { readonly fromClient: readonly SizeRuns[]; readonly fromServer: readonly SizeRuns[] };
}

/** Short connections between the same two that are no longer told one by one: their sums. */
export interface FoldedConnections {
  readonly source: string;
  readonly client: { readonly address: string };
  readonly server: { readonly address: string; readonly port: number };
  readonly serverName: string | null;
  readonly outcome: ObservedConnection['outcome'];
  readonly connections: number;
  readonly firstAt: Instant;
  readonly firstFrame: number;
  readonly lastAt: Instant;
  readonly lastFrame: number;
  readonly payloadBytes: { readonly fromClient: number; readonly fromServer: number };
  readonly traffic: ObservedConnection['traffic'];
}
