import type { Evidence } from '../events/evidence.js';

/**
 * RFC 3339, UTC, six decimals.
 * @pattern ^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$
 */
export type Timestamp = string;

/** `analysis.json`, version 1: everything known about a network. Unknown is null or absent, never 0 or "". */
export interface Analysis {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: 'gossipscope'; readonly version: string };
  readonly window: { readonly from: Timestamp | null; readonly to: Timestamp | null };
  readonly sources: readonly Source[];
  readonly nodes: readonly Node[];
  readonly channels: readonly Channel[];
  readonly gossip: Gossip;
  readonly ordering: Ordering;
  readonly unplaced: readonly Unplaced[];
  readonly findings: readonly Finding[];
  readonly oddities: readonly OddityRecord[];
  /**
   * What the operator did: commands run in containers (`docker exec`) and notes. Absent where neither Docker's events nor notes were recorded, so that
   * nothing is known of it; empty where they were and there was nothing.
   */
  readonly operator?: readonly OperatorDeed[];
  /** What each recording that was read says of itself. Absent without a recording's manifest. */
  readonly recordings?: readonly RecordingRecord[];
  /** The story of the network in plain sentences, in order of time; each generated from the facts it links. */
  readonly walkthrough: readonly Sentence[];
  /** The text of every cited place: source path → line or frame number → text. */
  readonly excerpts: { readonly [source: string]: { readonly [place: string]: string } };
}

export interface Source {
  readonly path: string;
  /** `output`: of a container that is no Fabric process, or of one that said nothing; its records are lines. */
  readonly kind: 'log' | 'packets' | 'docker' | 'output' | 'marks' | 'manifest' | 'unreadable';
  readonly node: string | null;
  readonly format: string;
  readonly records: number;
  readonly unreadable: number;
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
  readonly packetsDropped?: number | null;
  readonly packetsTruncated?: number | null;
  /** Stretches that something happened in and this source may not hold, by the recording's manifest. */
  readonly gaps?: readonly { readonly from: Timestamp | null; readonly to: Timestamp | null; readonly why: string }[];
}

/** What a recording's manifest says of the recording. */
export interface RecordingRecord {
  readonly path: string;
  readonly name: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp | null;
  /** `cut-off`: nobody ended it, so that it ends without its last inspect; or the recorder was still at work. */
  readonly state: 'ended' | 'cut-off';
  readonly endedBy: string | null;
  /** Stretches that this recording may lack, whose source is no file in it. */
  readonly gaps: readonly {
    readonly source: string;
    readonly from: Timestamp | null;
    readonly to: Timestamp | null;
    readonly why: string;
    readonly evidence: readonly Evidence[];
  }[];
  /** What could not be recorded at all, why, and how to get it next time, in the recorder's own words. */
  readonly missing: readonly { readonly what: string; readonly why: string; readonly hint: string; readonly evidence: readonly Evidence[] }[];
  readonly evidence: readonly Evidence[];
}

/** Something the operator did. */
export interface OperatorDeed {
  readonly at: Timestamp;
  /** When the command ended; null for a note, and where its end was not recorded. */
  readonly endedAt: Timestamp | null;
  readonly kind: 'command' | 'mark';
  /** The command line with what the recorder redacted, or the note as it was given: untrusted text. */
  readonly text: string;
  /** The commands of Fabric's tools in it, such as `peer channel join`; `script` for a shell script. */
  readonly actions: readonly string[];
  /** Where the command ran. */
  readonly container: string | null;
  /** The peer it was meant for, where that is known. */
  readonly node: string | null;
  /**
   * `command`: the command line says so; `container`: it ran in the peer's own container, or the container's environment names the peer, and nothing that
   * followed says otherwise; `followed`: inferred from what followed.
   */
  readonly nodeBasis: 'command' | 'container' | 'followed' | null;
  readonly channel: string | null;
  readonly exitCode: number | null;
  readonly followedBy: readonly DeedFollower[];
  readonly evidence: readonly Evidence[];
}

/** Something that followed a command. */
export interface DeedFollower {
  readonly at: Timestamp;
  readonly afterMicros: number;
  readonly kind: 'channel-created' | 'joined' | 'configuration-block' | 'anchor-learned' | 'view-changed' | 'block';
  /** `named`: the command names what followed (the channel and its block or configuration), so it is its cause; `time`: it came later, no more is known. */
  readonly link: 'named' | 'time';
  readonly text: string;
  /** How many of them, where several are told as one. */
  readonly count: number;
  readonly nodes: readonly string[];
  readonly channel: string | null;
  readonly block: number | null;
  readonly evidence: readonly Evidence[];
}

export type LeaderElection = 'dynamic' | 'static-leader' | 'static-follower' | 'unknown';

export interface Node {
  readonly name: string;
  readonly kind: 'peer' | 'orderer' | 'client';
  /**
   * What a client's container is for, by `docker inspect`; absent where nothing tells. `build`: a peer makes chaincode in it; `tool`: it runs one command of
   * Fabric's and ends.
   */
  readonly purpose?: 'chaincode' | 'command-line' | 'certificate-authority' | 'database' | 'broker' | 'build' | 'tool';
  readonly mspId: string | null;
  readonly endpoint: string | null;
  readonly addresses: readonly string[];
  readonly pkiId: string | null;
  readonly fabricVersion: string | null;
  readonly nameBasis: 'inspect' | 'log' | 'certificate' | 'address' | 'file-name';
  readonly bootstrap: readonly string[] | null;
  readonly leaderElection: LeaderElection;
  /** Settings that decide what is normal for this node, from its log or inspect; keys as in core.yaml, lower case. */
  readonly timers: { readonly [key: string]: string };
  readonly starts: readonly Start[];
  readonly stops: readonly Stop[];
  /** When its container was paused. Absent where Docker's events were not recorded. */
  readonly pauses?: readonly Span[];
  /** When its container was taken off a network while it ran. Absent where Docker's events were not recorded. */
  readonly disconnections?: readonly Disconnection[];
}

export interface Disconnection extends Span {
  readonly network: string;
}

export interface Start {
  readonly at: Timestamp;
  readonly fabricVersion: string | null;
  readonly leaderElection: LeaderElection;
  readonly bootstrap: readonly string[] | null;
  readonly basis: 'log' | 'docker';
  readonly evidence: readonly Evidence[];
}

export interface Stop {
  readonly at: Timestamp;
  /** Asked to stop, died of a panic it printed, or ended without a word. */
  readonly how: 'asked' | 'crashed' | 'silent';
  readonly basis: 'log' | 'docker' | 'packets' | 'last-line';
  /** Of the process, by Docker's events: 128 + n where signal n ended it. Absent where they were not recorded. */
  readonly exitCode?: number | null;
  /** What Docker's events say of the way it ended: told to by `docker kill` or `docker stop`, killed for want of memory. */
  readonly dockerSaid?: 'signalled' | 'out-of-memory';
  readonly evidence: readonly Evidence[];
}

export interface Channel {
  /** As Fabric calls it; of channels that had one name one after the other, the second is `mychannel#2`. */
  readonly name: string | null;
  /** When the first node began to run that kept the next channel of this name; absent where there was none. */
  readonly endedAt?: Timestamp;
  readonly peers: readonly ChannelPeer[];
  readonly organizations: readonly Organization[];
  readonly membership: Membership;
  readonly blocks: readonly Block[];
  readonly propagation: Propagation;
  /** How much of the blocks' ways the packets show; absent where there were none to look at. */
  readonly wire?: WireCoverage;
}

/** What the packets tell of a channel's blocks, and how much they leave open. Counts of copies are over blocks ≥ 1 that came while packets were captured. */
export interface WireCoverage {
  readonly basis: 'packets' | 'plaintext';
  /** Copies of blocks at peers, known by logs or packets. */
  readonly copies: number;
  /** Copies that the logs tell of times in which nothing was captured; absent where there are none. */
  readonly outside?: number;
  /** Bytes of connections between peers, and with orderers, that the captures lack, in all channels together; absent where there are none. */
  readonly bytesMissing?: number;
  /** Of these, the ones whose sender is known with a confidence of at least one half. */
  readonly withSender: number;
  /** Transfers told, and how many of them the confidences promise to be right. */
  readonly transfers: number;
  readonly expectedRight: number;
  /** Messages between peers as large as a block that fit no block that the sender can have had, in all channels together. */
  readonly unexplained: number;
  /** Bytes of blocks that peers were sent, by orderers and by one another, and bytes of the first copy of each block. */
  readonly redundancy: { readonly receivedBytes: number; readonly neededBytes: number } | null;
}

export interface ChannelPeer {
  readonly peer: string;
  readonly joinedAt: Timestamp | null;
  readonly via: 'genesis' | 'snapshot' | 'reopened' | 'unknown';
  readonly height: number | null;
  readonly evidence: readonly Evidence[];
}

export interface Organization {
  readonly mspId: string | null;
  readonly basis: 'inspect' | 'log' | 'certificate' | 'inferred';
  readonly peers: readonly string[];
  readonly staticLeaders: readonly string[];
  readonly anchorPeers: readonly AnchorPeer[];
  readonly leadership: Leadership;
}

export interface AnchorPeer {
  readonly endpoint: string;
  readonly learnedAt: { readonly [observer: string]: Timestamp };
  readonly evidence: readonly Evidence[];
}

/** The organization's gossip leader, never Raft's. */
export interface Leadership {
  readonly terms: readonly Term[];
  readonly followers: readonly { readonly peer: string; readonly at: Timestamp; readonly evidence: readonly Evidence[] }[];
  readonly overlaps: readonly Overlap[];
  readonly leaderless: readonly Span[];
  readonly verdict: 'single-leader' | 'overlapping' | 'leaderless' | 'static' | 'unknown';
  /** Terms that both a log and the packets tell: how much later the packets say each began and ended. */
  readonly apart?: readonly TermDistance[];
}

export interface TermDistance {
  readonly peer: string;
  /** Of the term by the log. */
  readonly from: Timestamp;
  readonly fromMicros: number;
  /** Null where one of them does not end. */
  readonly toMicros: number | null;
}

export interface Term {
  readonly peer: string;
  readonly from: Timestamp;
  readonly to: Timestamp | null;
  readonly endedBy: 'renounced' | 'stopped' | 'still-leading';
  readonly basis: 'log' | 'packets' | 'plaintext';
  readonly evidence: readonly Evidence[];
}

/** `to` null: it lasted until the end of what was recorded. */
export interface Span {
  readonly from: Timestamp;
  readonly to: Timestamp | null;
  readonly evidence: readonly Evidence[];
}

export interface Overlap extends Span {
  readonly peers: readonly string[];
}

export interface Membership {
  readonly basis: 'log' | 'packets' | 'plaintext' | null;
  readonly changes: readonly MembershipChange[];
  readonly matrix: readonly MatrixCell[];
  readonly fullViewAt: { readonly [observer: string]: Timestamp | null };
  readonly convergedAt: Timestamp | null;
}

export interface MembershipChange {
  readonly observer: string;
  readonly at: Timestamp;
  readonly online: readonly string[];
  readonly offline: readonly string[];
  readonly members: readonly string[] | null;
  readonly basis: 'log' | 'tracker-phase' | 'plaintext';
  readonly evidence: readonly Evidence[];
}

export interface MatrixCell {
  readonly observer: string;
  readonly subject: string;
  readonly firstSeenAt: Timestamp | null;
  readonly seen: readonly { readonly from: Timestamp; readonly to: Timestamp | null }[];
}

export interface Block {
  readonly number: number;
  readonly numberBasis: 'log' | 'plaintext' | 'relative';
  readonly transactions: number | null;
  readonly bytes: number | null;
  readonly config: boolean | null;
  readonly ordered: {
    readonly orderer: string;
    readonly createdAt: Timestamp | null;
    readonly writtenAt: Timestamp | null;
    readonly evidence: readonly Evidence[];
  } | null;
  readonly copies: readonly BlockCopy[];
  readonly spreadMicros: number | null;
}

export interface BlockCopy {
  readonly peer: string;
  readonly via: 'deliver' | 'gossip' | 'state-transfer' | 'genesis' | 'unknown';
  readonly from: { readonly node: string; readonly basis: 'packets' | 'plaintext' | 'log' | 'leadership'; readonly confidence: number } | null;
  readonly firstByteAt: Timestamp | null;
  readonly lastByteAt: Timestamp | null;
  readonly receivedAt: Timestamp | null;
  readonly validatedAt: Timestamp | null;
  /** Whole milliseconds of validation as the peer printed them. */
  readonly validationMillis: number | null;
  readonly committedAt: Timestamp | null;
  readonly commit: {
    readonly totalMillis: number;
    readonly stateValidationMillis: number | null;
    readonly blockAndPvtdataCommitMillis: number | null;
    readonly stateCommitMillis: number | null;
  } | null;
  readonly lagMicros: number | null;
  readonly arrivedAt: Timestamp | null;
  readonly arrivalBasis: 'packets' | 'plaintext' | 'log' | null;
  readonly transfers: readonly Transfer[];
  /** From the last byte of the copy that it used to the peer's "Received block" line; absent where either is unknown. */
  readonly wireDelayMicros?: number;
  /** Where the time went from the block's birth to its commit at this peer; absent where too little is known. */
  readonly budget?: BlockBudget;
  readonly evidence: readonly Evidence[];
}

/** The way of one block to one peer's ledger, in parts that follow one another without a hole: their durations sum to `totalMicros`. */
export interface BlockBudget {
  /** When the count begins: the orderer cut the block, wrote it, or the first byte of it that any capture saw left the orderer. */
  readonly from: Timestamp;
  readonly basis: 'block-cut' | 'block-written' | 'first-delivered-byte';
  readonly stages: readonly BudgetStage[];
  readonly totalMicros: number;
}

export interface BudgetStage {
  /** `deliver` ends with the last byte from the orderer, each `hop` with the last byte from a peer, `buffer` at "Received block", then validation and commit. */
  readonly stage: 'deliver' | 'hop' | 'buffer' | 'validation' | 'commit';
  /** Where it took place; of a transfer, its receiver. */
  readonly node: string;
  readonly micros: number;
}

export interface Transfer {
  readonly from: string;
  readonly kind: 'deliver' | 'push' | 'pull' | 'state-transfer' | 'unknown';
  readonly basis: 'packets' | 'plaintext' | 'log';
  readonly confidence: number;
  readonly firstByteAt: Timestamp;
  readonly lastByteAt: Timestamp;
  readonly bytes: number;
  readonly evidence: readonly Evidence[];
}

export interface Percentiles {
  readonly count: number;
  readonly p50Micros: number | null;
  readonly p90Micros: number | null;
  readonly p99Micros: number | null;
  readonly maxMicros: number | null;
}

/** Over blocks ≥ 1: how much later than the first peer each peer received and committed; nearest-rank percentiles. */
export interface Propagation {
  readonly received: Percentiles;
  readonly committed: Percentiles;
  readonly byPeer: { readonly [peer: string]: { readonly received: Percentiles; readonly committed: Percentiles } };
}

export interface Gossip {
  readonly bootstrapAttempts: readonly BootstrapAttempt[];
  readonly suspicions: readonly Suspicion[];
  readonly contacts: readonly Contact[];
  readonly connections: readonly Connection[];
  /** What the connections' bytes were for; absent without captures. */
  readonly traffic?: readonly PurposeTraffic[];
  /** Pairs of peers that exchanged nothing in a capture that covered both. */
  readonly silentPairs: readonly {
    readonly peers: readonly [string, string];
    readonly from: Timestamp;
    readonly to: Timestamp;
    readonly evidence: readonly Evidence[];
  }[];
}

/** What one node sent another for one purpose: application bytes, without TCP's, IP's and TLS's own. */
export interface PurposeTraffic {
  readonly from: string;
  readonly to: string;
  readonly purpose:
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
  readonly messages: number;
  readonly bytes: number;
  /** `packets`: by the sizes and times of encrypted records. */
  readonly basis: 'packets' | 'plaintext';
}

export interface BootstrapAttempt {
  readonly peer: string;
  readonly target: string;
  readonly kind: 'bootstrap' | 'anchor' | 'unknown';
  readonly at: Timestamp;
  readonly outcome: 'connected' | 'unreachable' | 'self' | 'unknown';
  readonly reason: string | null;
  readonly evidence: readonly Evidence[];
}

export interface Suspicion {
  readonly observer: string;
  readonly subject: string;
  readonly at: Timestamp;
  readonly kind: 'not-responsive' | 'silent' | 'expired' | 'connection-failed' | 'probe-failed';
  readonly reason: string | null;
  readonly evidence: readonly Evidence[];
}

export interface Contact {
  readonly from: string;
  readonly to: string;
  readonly at: Timestamp;
  readonly kind: 'ping' | 'probe' | 'stream';
  readonly evidence: readonly Evidence[];
}

export interface Connection {
  readonly from: string;
  readonly to: string;
  /** Null: it was open before the capture began. */
  readonly openedAt: Timestamp | null;
  readonly closedAt: Timestamp | null;
  readonly tls: '1.2' | '1.3' | 'none' | null;
  readonly bytes: { readonly there: number; readonly back: number };
  /** Bytes over time, for the traffic chart: `there` + `back` per second that had any. */
  readonly traffic: readonly { readonly at: Timestamp; readonly there: number; readonly back: number }[];
  readonly outcome: 'established' | 'refused' | 'unanswered';
  readonly evidence: readonly Evidence[];
}

export interface Ordering {
  readonly deliverStreams: readonly DeliverStream[];
  readonly raft: readonly RaftTerm[];
}

export interface DeliverStream {
  readonly orderer: string | null;
  readonly peer: string;
  readonly channel: string | null;
  readonly openedAt: Timestamp | null;
  readonly closedAt: Timestamp | null;
  readonly blocks: number | null;
  readonly basis: 'packets' | 'log' | 'plaintext';
  readonly evidence: readonly Evidence[];
}

export interface RaftTerm {
  readonly channel: string;
  readonly term: number | null;
  readonly raftId: number;
  readonly leader: string | null;
  readonly from: Timestamp;
  readonly to: Timestamp | null;
  readonly observers: readonly string[];
  readonly evidence: readonly Evidence[];
}

export interface Unplaced {
  readonly kind: 'membership';
  readonly observer: string;
  readonly at: Timestamp;
  readonly text: string;
  readonly evidence: readonly Evidence[];
}

export interface Finding {
  readonly diagnosis: string;
  readonly verdict: 'found' | 'clear' | 'insufficient-evidence' | 'not-applicable' | 'errored';
  readonly severity: 'fault' | 'warning' | 'note';
  readonly title: string;
  readonly summary: string;
  readonly nodes: readonly string[];
  readonly channel: string | null;
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
  readonly evidence: readonly Evidence[];
}

export interface OddityRecord {
  readonly kind: string;
  readonly count: number;
  readonly example: string;
  readonly evidence: readonly Evidence[];
}

/** One sentence of the walkthrough. */
export interface Sentence {
  readonly at: Timestamp | null;
  /** Which part of the story: lets the page group and a test compare. */
  readonly topic:
    | 'network'
    | 'start'
    | 'bootstrap'
    | 'channel'
    | 'join'
    | 'election'
    | 'membership'
    | 'anchor'
    | 'block'
    | 'packets'
    | 'fault'
    | 'recovery'
    | 'stop'
    | 'operator'
    | 'container'
    | 'gap';
  readonly text: string;
  readonly nodes: readonly string[];
  readonly channel: string | null;
  readonly evidence: readonly Evidence[];
}
