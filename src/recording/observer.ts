import type { Manifest } from './manifest.js';

/**
 * Who looks on while a recording is made: `watch`, `--until`. Called in the order in which things reach the disk, right after they were handed to it.
 * It may not keep the bytes: they are used for something else afterwards. What it throws ends the recording, so it should not.
 */
export interface RecordingObserver {
  /** Whole lines of a log file as they stand in it, Docker's stamps in front. `path` is relative to the recording. */
  log(path: string, container: { readonly id: string; readonly name: string }, bytes: Uint8Array): void;
  /** Bytes of a capture file, from its first byte on, in order; a rotated file begins anew under its own path. */
  capture(path: string, bytes: Uint8Array): void;
  /** A file of inspect output was written. */
  inspect(path: string, text: string): void;
  /** Lines of `docker/events.ndjson` or `marks.ndjson`, as they stand in it. */
  told(path: string, lines: string): void;
  /** The manifest was rewritten. */
  manifest(manifest: Manifest): void;
}
