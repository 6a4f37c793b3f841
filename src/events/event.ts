import type { Evidence } from './evidence.js';
import type { Instant } from './instant.js';

/**
 * A gossip member as a log line or a message shows it; each part may be missing.
 * `pkiId` is lower-case hexadecimal whatever notation the line used; endpoints are `host:port`.
 */
export interface MemberRef {
  readonly endpoint: string | null;
  readonly internalEndpoint: string | null;
  readonly pkiId: string | null;
}

/** One entry of a channel view: an organization's own members show an internal endpoint, foreign ones never do. */
export interface ViewMember {
  readonly endpoint: string;
  /** `own`: printed with an internal endpoint (equal or not), so of the observer's organization; `foreign`: printed without. */
  readonly organization: 'own' | 'foreign';
}

/** What a commit line tells of its own duration; whole milliseconds, null where the version does not print the part. */
export interface CommitBreakdown {
  readonly totalMillis: number;
  readonly stateValidationMillis: number | null;
  readonly blockAndPvtdataCommitMillis: number | null;
  readonly stateCommitMillis: number | null;
}

/**
 * A neutral past fact read from one log record or packet, without opinion. Members, endpoints and addresses are still
 * as the source writes them; topology turns them into node names. A null channel means: the line does not name it.
 */
export type EventBody =
  // ── the process
  | { readonly kind: 'process.banner'; readonly role: 'peer' | 'orderer'; readonly fabricVersion: string | null }
  /** Settings printed at start, keys lower-case and dotted as in core.yaml (`peer.gossip.useleaderelection`) or orderer.yaml (`general.listenport`). */
  | { readonly kind: 'process.config-printed'; readonly role: 'peer' | 'orderer'; readonly settings: Readonly<Record<string, string>> }
  /** "Starting peer with ID=[…]…, address=[…]". */
  | { readonly kind: 'process.identified'; readonly id: string; readonly networkId: string | null; readonly endpoint: string }
  | { readonly kind: 'process.serving'; readonly role: 'peer' | 'orderer' }
  /** "Auto-detected peer address: ip:port". */
  | { readonly kind: 'process.address-detected'; readonly address: string }
  /** "Returning host:port": the address the peer uses for itself. */
  | { readonly kind: 'process.address-used'; readonly endpoint: string }
  | { readonly kind: 'process.tls-enabled'; readonly role: 'peer' | 'orderer' }
  /** First words of a stop: asked for, or a panic's. */
  | { readonly kind: 'process.stopping'; readonly how: 'panic' | 'signal' | 'exit' | 'chain-stop' | 'gossip-stop'; readonly signal: number | null }
  | { readonly kind: 'process.certificate-noted'; readonly certificate: string; readonly expiresAt: Instant | null; readonly expired: boolean }
  // ── gossip instance, bootstrap, connections
  | { readonly kind: 'gossip.initialized'; readonly endpoint: string; readonly bootstrap: readonly string[] | null }
  /** "Creating gossip service with self membership of …": own endpoints and PKI-ID. */
  | { readonly kind: 'gossip.self-named'; readonly self: MemberRef }
  | { readonly kind: 'gossip.instance-started'; readonly endpoint: string }
  | { readonly kind: 'gossip.external-endpoint-missing' }
  /** "Could not connect to <member> : reason": a bootstrap or anchor peer was not reached. */
  | { readonly kind: 'gossip.connect-failed'; readonly target: MemberRef; readonly reason: string }
  /** "Deep probe of <endpoint> failed". */
  | { readonly kind: 'gossip.deep-probe-failed'; readonly target: string; readonly channel: string | null; readonly reason: string }
  /** "<peer> isn't responsive: reason". */
  | { readonly kind: 'gossip.peer-unresponsive'; readonly remote: MemberRef; readonly reason: string }
  /** "Failed obtaining connection for <peer> reason: …". */
  | { readonly kind: 'gossip.connection-failed'; readonly remote: MemberRef; readonly reason: string }
  /** "Haven't heard from <id> for <duration>". */
  | { readonly kind: 'gossip.peer-silent'; readonly pkiId: string; readonly silentText: string }
  /** "Entering <ids>" of expireDeadMembers: these were moved from alive to dead. */
  | { readonly kind: 'gossip.members-expired'; readonly pkiIds: readonly string[] }
  /** "Closing connection to <member>" of expireDeadMembers; names the endpoint of an expired id. */
  | { readonly kind: 'gossip.expired-member-named'; readonly member: MemberRef }
  | { readonly kind: 'gossip.member-removed'; readonly member: MemberRef }
  | { readonly kind: 'gossip.member-purged'; readonly pkiId: string | null; readonly endpoint: string | null }
  | { readonly kind: 'gossip.identity-changed'; readonly endpoint: string; readonly oldPkiId: string; readonly newPkiId: string }
  /** "Peer <id> (<ip:port>) probed us". */
  | { readonly kind: 'gossip.probed'; readonly pkiId: string; readonly address: string }
  /** DEBUG: "Learned about a new alive member". */
  | { readonly kind: 'gossip.member-learned'; readonly member: MemberRef; readonly alive: boolean }
  /** DEBUG: "Created new connection to <endpoint>, <id>". */
  | { readonly kind: 'gossip.connection-created'; readonly remote: MemberRef }
  | { readonly kind: 'gossip.identity-mismatch'; readonly expectedPkiId: string; readonly actualPkiId: string }
  | { readonly kind: 'gossip.identity-cloned'; readonly text: string }
  /** "StateInfo message … is found invalid", "Message … isn't valid": usually the sender's certificate is not known yet. */
  | {
      readonly kind: 'gossip.message-rejected';
      readonly message: 'alive' | 'state-info' | 'other';
      readonly sender: MemberRef;
      readonly reason: string | null;
    }
  | {
      readonly kind: 'gossip.handshake-failed';
      readonly side: 'client' | 'server' | 'unknown';
      readonly address: string | null;
      readonly reason: string;
    }
  // ── channels and anchor peers
  /** "Joining gossip network of channel …": at join and at every later configuration block. */
  | { readonly kind: 'channel.configured'; readonly channel: string; readonly organizations: number }
  | { readonly kind: 'channel.anchors-absent'; readonly channel: string; readonly mspId: string }
  | { readonly kind: 'channel.anchors-learned'; readonly channel: string; readonly mspId: string; readonly anchors: readonly string[] }
  /** "Anchor peer … with same endpoint, skipping connecting to myself". */
  | { readonly kind: 'channel.anchor-is-self'; readonly channel: string | null }
  | {
      readonly kind: 'channel.anchor-skipped';
      readonly channel: string | null;
      readonly endpoint: string | null;
      readonly ownMspId: string | null;
      readonly reason: 'no-external-endpoint' | 'empty-host' | 'invalid-port';
    }
  | { readonly kind: 'channel.organization-missing'; readonly channel: string; readonly mspId: string | null }
  /** "Updating … metadata information": the channel's state module starts at this ledger height. */
  | { readonly kind: 'channel.state-started'; readonly channel: string | null; readonly height: number }
  /** "Membership view has changed", 1.4 and later; 1.4 names no channel. */
  | {
      readonly kind: 'channel.view-changed';
      readonly channel: string | null;
      readonly online: readonly ViewMember[];
      readonly offline: readonly ViewMember[];
      readonly members: readonly ViewMember[];
    }
  /** "Failed to update ordering service endpoints …": printed at a configuration block by a 1.1–1.4 peer that is not pulling. */
  | { readonly kind: 'channel.not-pulling'; readonly channel: string }
  // ── election of the organization's gossip leader
  | { readonly kind: 'election.leader-became'; readonly pkiId: string | null }
  | { readonly kind: 'election.leader-elected'; readonly channel: string }
  | { readonly kind: 'election.leader-stopped'; readonly pkiId: string | null }
  | { readonly kind: 'election.leadership-renounced'; readonly channel: string }
  /** "<own> : Some peer is already a leader". */
  | { readonly kind: 'election.leader-known'; readonly pkiId: string | null }
  /** DEBUG: "<own> : <id> sent us declaration|proposal". */
  | { readonly kind: 'election.message-heard'; readonly fromPkiId: string; readonly declaration: boolean }
  /** DEBUG of gossip/service at join. */
  | { readonly kind: 'election.mode-told'; readonly mode: 'dynamic' | 'static-leader' | 'static-follower'; readonly channel: string }
  | { readonly kind: 'election.stopping'; readonly channel: string }
  // ── pulling blocks from the ordering service
  | { readonly kind: 'deliver.service-started'; readonly channel: string | null; readonly disseminates: boolean }
  | { readonly kind: 'deliver.stream-opened'; readonly channel: string | null; readonly block: number | null; readonly orderer: string | null }
  | { readonly kind: 'deliver.stream-failed'; readonly channel: string | null; readonly orderer: string | null; readonly reason: string }
  | { readonly kind: 'deliver.orderer-unreachable'; readonly channel: string | null; readonly orderer: string | null; readonly reason: string }
  | { readonly kind: 'deliver.gave-up'; readonly channel: string | null; readonly reason: string }
  | { readonly kind: 'deliver.stopped'; readonly channel: string | null }
  // ── ledger and blocks at a peer
  | { readonly kind: 'ledger.created'; readonly channel: string; readonly via: 'genesis' | 'snapshot' }
  | { readonly kind: 'ledger.opened'; readonly channel: string }
  /** DEBUG: "Adding payload …": network arrival. `source`: which logger said so. */
  | { readonly kind: 'block.arrived'; readonly channel: string | null; readonly block: number; readonly source: 'deliver' | 'gossip' }
  | { readonly kind: 'block.received'; readonly channel: string | null; readonly block: number }
  | { readonly kind: 'block.validated'; readonly channel: string; readonly block: number; readonly millis: number }
  | {
      readonly kind: 'block.committed';
      readonly channel: string;
      readonly block: number;
      readonly transactions: number | null;
      readonly commit: CommitBreakdown | null;
    }
  | { readonly kind: 'block.refused'; readonly channel: string | null; readonly block: number; readonly reason: string }
  | {
      readonly kind: 'state.transfer-requested';
      readonly channel: string | null;
      readonly from: number;
      readonly to: number;
      readonly peer: MemberRef;
    }
  | { readonly kind: 'state.transfer-failed'; readonly from: number; readonly to: number; readonly reason: string }
  | { readonly kind: 'state.transfer-needed'; readonly channel: string; readonly height: number; readonly highest: number }
  // ── the gRPC server's call log, written when a call ends
  | {
      readonly kind: 'rpc.completed';
      readonly service: string;
      readonly method: string;
      readonly address: string | null;
      readonly subject: string | null;
      readonly deadline: Instant | null;
      readonly durationMicros: number | null;
      readonly code: string | null;
      readonly error: string | null;
    }
  // ── orderers
  | { readonly kind: 'orderer.channel-created'; readonly channel: string }
  | { readonly kind: 'orderer.block-cut'; readonly channel: string; readonly block: number }
  | { readonly kind: 'orderer.block-written'; readonly channel: string; readonly block: number }
  | {
      readonly kind: 'raft.leader-changed';
      readonly channel: string | null;
      readonly raftNode: number | null;
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly kind: 'raft.leader-elected';
      readonly channel: string | null;
      readonly raftNode: number | null;
      readonly leader: number;
      readonly term: number;
    }
  | { readonly kind: 'raft.leading'; readonly channel: string | null; readonly raftNode: number | null; readonly block: number }
  | { readonly kind: 'raft.leader-missing'; readonly channel: string | null; readonly raftNode: number | null }
  // ── Docker's event stream
  | { readonly kind: 'container.started'; readonly container: string }
  /** `exitCode` of the container's first process: 128 + n where signal n ended it. */
  | { readonly kind: 'container.died'; readonly container: string; readonly exitCode: number | null }
  /** Somebody told Docker to send a signal: what `docker kill` and `docker stop` do. */
  | { readonly kind: 'container.signalled'; readonly container: string; readonly signal: number | null }
  | { readonly kind: 'container.out-of-memory'; readonly container: string }
  | { readonly kind: 'container.paused'; readonly container: string }
  | { readonly kind: 'container.unpaused'; readonly container: string }
  | { readonly kind: 'container.renamed'; readonly container: string }
  | { readonly kind: 'container.removed'; readonly container: string }
  | { readonly kind: 'network.connected'; readonly container: string; readonly network: string }
  | { readonly kind: 'network.disconnected'; readonly container: string; readonly network: string }
  // ── the operator
  /** A command run in a container (`docker exec`). `actions`: the commands of Fabric's tools in it. */
  | {
      readonly kind: 'operator.command';
      readonly container: string;
      readonly containerId: string | null;
      readonly command: string;
      readonly actions: readonly string[];
      readonly durationMicros: number | null;
      readonly exitCode: number | null;
    }
  /** A note: untrusted text. */
  | { readonly kind: 'operator.mark'; readonly text: string };

export type EventKind = EventBody['kind'];

/** The body of one kind of event. */
export type BodyOf<K extends EventKind> = Extract<EventBody, { readonly kind: K }>;

/** An event as a log decoder emits it, before anybody knows which node its process is. */
export interface LogEvent {
  readonly body: EventBody;
  readonly at: Instant;
  /** Docker's stamp in microseconds with a fraction for nanoseconds, null where there is none. Breaks ties. */
  readonly stampMicros: number | null;
  /** Index of the process run within the source: see `ProcessRun`. */
  readonly run: number;
  /** Fabric's per-process record counter; null in JSON and logfmt. */
  readonly id: number | null;
  /** 1-based number of the physical line the record starts at. */
  readonly line: number;
  /** The record's first line as the process wrote it, without wrapper and colours, cut to 4 kB. */
  readonly text: string;
}

/** Whose event a mark is. */
export const OPERATOR = 'operator';

/** An event placed on the timeline: its process is a named node and its record is known to be no repetition of another. */
export interface TimelineEvent {
  readonly body: EventBody;
  readonly at: Instant;
  readonly stampMicros: number | null;
  /** For a command in a container that is no node, the container's name; for a mark {@link OPERATOR}. */
  readonly node: string;
  /** Which start of the node's process this belongs to, counted from 0 in time. */
  readonly incarnation: number;
  readonly evidence: readonly Evidence[];
}
