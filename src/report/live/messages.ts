import type { PlainConfiguration } from '../../charts/chart.js';

/** What the server tells the page: the whole state once, then what changes. Everything in it but `html` is text, to be shown as text. */
export interface LiveState {
  readonly status: LiveStatus;
  readonly sections: readonly LiveSection[];
  readonly charts: readonly LiveChart[];
  /** The newest entries of the feed, oldest first. */
  readonly entries: readonly LiveEntry[];
}

/** What changed: a section or a chart stands for all of it; entries come in addition. */
export interface LiveUpdate {
  /** The facts that changed. */
  readonly status?: Partial<LiveStatus>;
  readonly sections?: readonly LiveSection[];
  /** Those that changed or are new. */
  readonly charts?: readonly LiveChart[];
  readonly entries?: readonly LiveEntry[];
}

export interface LiveSection {
  readonly id: string;
  readonly html: string;
}

export interface LiveChart {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly configuration: PlainConfiguration;
}

export interface LiveEntry {
  /** Never used twice by one server. */
  readonly id: number;
  /** RFC 3339 with microseconds. */
  readonly at: string;
  readonly topic: string;
  readonly node: string | null;
  readonly words: string;
  /** `logs/peer0.log:412`. */
  readonly place: string | null;
}

export interface LiveStatus {
  /** `waiting`: there is no network yet; `starting`: nothing came in from it yet. */
  readonly state: 'waiting' | 'starting' | 'recording' | 'ended';
  /** The recording's folder. */
  readonly recording: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly lines: number;
  /** Null: no capture. */
  readonly packets: number | null;
  readonly packetsPerSecond: number | null;
  readonly packetsDropped: number | null;
  /** What is missing or went wrong, in sentences. */
  readonly troubles: readonly string[];
  /** Where the report was written, once it was. */
  readonly report: string | null;
}

/** What is said while there is no network. */
export const WAITING_WORDS = 'Waiting for a Fabric network. Start it now, for example: ./byfn.sh up';
/** Entries that page and server keep; older ones are in the recording. */
export const MAX_FEED_ENTRIES = 1_000;
/** The server's sign of life, and how long the page waits for one before it takes the connection for dead. */
export const BEAT_MILLIS = 15_000;
export const SILENCE_MILLIS = 40_000;
