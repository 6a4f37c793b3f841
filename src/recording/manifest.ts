/**
 * What a recording folder says about itself, in `manifest.json`. Written first, rewritten as things change and at the end, so that a run cut off at any
 * instant leaves one that is whole. Times are RFC 3339 UTC; paths are relative to the folder, with `/`.
 *
 * The folder: `manifest.json`, `logs/*.log` (as `docker logs -t` writes: Docker's stamp, a blank, the line's bytes), `packets/*.pcap`,
 * `docker/*.json` (inspect output), `docker/events.ndjson` (what Docker's event stream told), `marks.ndjson` (the operator's notes).
 */
export interface Manifest {
  readonly format: 'gossipscope-recording';
  readonly formatVersion: 1;
  readonly tool: { readonly name: 'gossipscope'; readonly version: string };
  readonly name: string;
  /** `recording` in a finished folder means: the recorder was cut off. */
  readonly state: 'recording' | 'ended';
  readonly endedBy: EndReason | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly recorder: { readonly pid: number; readonly host: string };
  readonly engine: ManifestEngine;
  /** What the user chose by; empty lists choose every Fabric network. */
  readonly selection: { readonly projects: readonly string[]; readonly networks: readonly string[]; readonly containers: readonly string[] };
  readonly logs: readonly ManifestLog[];
  readonly captures: readonly ManifestCapture[];
  readonly inspects: readonly { readonly path: string; readonly at: string; readonly moment: 'before' | 'later' | 'after' }[];
  /** Stretches that something happened in and this recording may not hold. */
  readonly gaps: readonly ManifestGap[];
  /** What could not be recorded at all, why, and how to get it next time. */
  readonly missing: readonly { readonly what: 'packets' | 'logs' | 'events'; readonly why: string; readonly hint: string }[];
  /** Files that the ring of the newest let go, oldest first. */
  readonly removed: readonly string[];
}

export type EndReason = 'signal' | 'duration' | 'until' | 'size' | 'disk-full';

export interface ManifestEngine {
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
  readonly location: 'local' | 'remote' | 'virtual-machine';
}

/** One stream of one container. Its parts are files in order of time, more than one after rotation. */
export interface ManifestLog {
  readonly paths: readonly string[];
  /** `terminal`: the container has a TTY, which mixes both streams. */
  readonly stream: 'stdout' | 'stderr' | 'terminal';
  readonly container: { readonly id: string; readonly name: string };
  readonly lines: number;
  readonly bytes: number;
  /** Lines whose end the process did not print before it ended; each was given one. */
  readonly unterminated: number;
  /** Docker's stamps of the first and last line. */
  readonly from: string | null;
  readonly to: string | null;
}

export interface ManifestCapture {
  readonly paths: readonly string[];
  readonly interface: string;
  readonly network: { readonly id: string; readonly name: string } | null;
  readonly container: { readonly id: string; readonly name: string } | null;
  readonly method: 'host' | 'sidecar';
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly packets: number;
  /** tcpdump's own count at its end; null when it could not tell. */
  readonly droppedByKernel: number | null;
  readonly droppedByInterface: number | null;
  /** What `pcap-parser` read back; null until verified. */
  readonly secondReading: SecondReading | null;
}

/** What an independent reader found in the files of a capture. */
export interface SecondReading {
  readonly reader: 'pcap-parser';
  readonly packets: number;
  readonly bytes: number;
  readonly agrees: boolean;
  /** Why not, in a sentence; null where it agrees. */
  readonly why: string | null;
}

export interface ManifestGap {
  /** The path of a log or capture, or a container's or network's name where no file exists. */
  readonly source: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly why: string;
}

/** The manifest's name in a recording folder. */
export const MANIFEST_FILE = 'manifest.json';
/** The operator's notes: one JSON object a line, `{"at":"…","text":"…"}`. */
export const MARKS_FILE = 'marks.ndjson';
/** What Docker's event stream told: one JSON object a line, {@link RecordedDockerEvent}. */
export const EVENTS_FILE = 'docker/events.ndjson';

/** One line of `docker/events.ndjson`: a container's or network's change, or a command that was run in a container. Values are redacted. */
export interface RecordedDockerEvent {
  /** RFC 3339 with nanoseconds, as the engine stamped it. */
  readonly at: string;
  readonly type: 'container' | 'network';
  /** Docker's action (`start`, `die`, `pause`, `connect`, `exec_start`, …) without what Docker appends after a colon. */
  readonly action: string;
  /** Id of the container, or of the container that a network event names. */
  readonly containerId: string | null;
  readonly containerName: string | null;
  readonly network: string | null;
  /** For `exec_create` and `exec_start`: the command line, redacted. */
  readonly command: string | null;
  readonly execId: string | null;
  readonly exitCode: number | null;
  /** Of a `kill`: the signal's number. */
  readonly signal: number | null;
}

/** The manifest in `text`, or null where it is none. Unknown fields are kept as they are; a missing list counts as empty. */
export function parseManifest(text: string): Manifest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const record = value as Partial<Manifest>;
  if (record.format !== 'gossipscope-recording' || typeof record.startedAt !== 'string') return null;
  const list = <T>(items: readonly T[] | undefined): readonly T[] => (Array.isArray(items) ? items : []);
  return {
    ...(record as Manifest),
    logs: list(record.logs),
    captures: list(record.captures),
    inspects: list(record.inspects),
    gaps: list(record.gaps),
    missing: list(record.missing),
    removed: list(record.removed),
  };
}
