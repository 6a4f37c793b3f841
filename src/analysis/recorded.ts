import type { LogEvent } from '../events/event.js';
import type { Oddity } from '../events/oddity.js';
import type { LogSummary } from '../logs/log-decoder.js';
import type { CaptureSummary } from '../packets/capture-decoder.js';
import type { InspectFacts } from '../topology/inspect.js';

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
  readonly unreadable: readonly UnreadableFile[];
  readonly oddities: readonly Oddity[];
  /** Source path → node name, as the user gave it. */
  readonly overrides: ReadonlyMap<string, string>;
}
