import type { LogEvent } from '../events/event.js';
import type { Oddity } from '../events/oddity.js';
import type { LogSummary } from '../logs/log-decoder.js';
import type { CaptureSummary } from '../packets/capture-decoder.js';
import type { DockerEventsRead, OperatorMarksRead } from '../topology/docker-events.js';
import type { InspectFacts } from '../topology/inspect.js';
import type { ManifestFacts } from '../topology/recording-manifest.js';

/** One log file, decoded. */
export interface RecordedLog {
  readonly source: string;
  readonly summary: LogSummary;
  readonly events: readonly LogEvent[];
}

/** One capture file, decoded. */
export interface RecordedCapture {
  readonly source: string;
  readonly summary: CaptureSummary;
}

/** One `docker inspect` output, decoded. */
export interface RecordedInspect {
  readonly source: string;
  readonly facts: InspectFacts;
}

/** A recording's `manifest.json`, decoded. */
export interface RecordedManifest {
  readonly source: string;
  readonly facts: ManifestFacts;
}

/** A recording's `docker/events.ndjson`, decoded. */
export interface RecordedDockerEvents {
  readonly source: string;
  readonly read: DockerEventsRead;
}

/** A recording's `marks.ndjson`, decoded. */
export interface RecordedMarks {
  readonly source: string;
  readonly read: OperatorMarksRead;
}

/** A container's output without a Fabric record in it: of a command-line, chaincode, CA or database container, or nothing at all. */
export interface RecordedOutput {
  readonly source: string;
  readonly lines: number;
}

/** A file that was named or found and gave nothing. */
export interface UnreadableFile {
  readonly source: string;
  readonly why: string;
}

/** Everything that was read of a recording: all that an analysis is a function of. */
export interface Recorded {
  readonly logs: readonly RecordedLog[];
  readonly captures: readonly RecordedCapture[];
  readonly inspects: readonly RecordedInspect[];
  readonly manifests: readonly RecordedManifest[];
  readonly dockerEvents: readonly RecordedDockerEvents[];
  readonly marks: readonly RecordedMarks[];
  /** Only what a manifest lists; other such files are unreadable. */
  readonly outputs: readonly RecordedOutput[];
  readonly unreadable: readonly UnreadableFile[];
  readonly oddities: readonly Oddity[];
  /** Source path → node name, as the user gave it. */
  readonly overrides: ReadonlyMap<string, string>;
}
