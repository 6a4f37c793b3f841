import { LogFiles } from '../recording/log-files.js';
import type { ManifestGap, ManifestLog } from '../recording/manifest.js';
import type { RecordingObserver } from '../recording/observer.js';
import type { RecordingWriter } from '../recording/recording-writer.js';
import type { Engine, JsonObject } from './engine.js';
import { objectOf, textOf } from './engine-json.js';
import { LogFollower, type LogRotation, logRotationOf } from './log-follower.js';

/** What the recorder needs to know of a container to record its logs. */
export interface ContainerTraits {
  readonly id: string;
  readonly name: string;
  readonly hasTerminal: boolean;
  readonly rotation: LogRotation | null;
  readonly isRunning: boolean;
}

/** What the recorder needs, from a container's inspect output. */
export function traitsOf(inspected: JsonObject): ContainerTraits {
  return {
    id: textOf(inspected['Id']),
    name: textOf(inspected['Name']).replace(/^\//, ''),
    hasTerminal: objectOf(inspected['Config'])['Tty'] === true,
    rotation: logRotationOf(inspected),
    isRunning: objectOf(inspected['State'])['Running'] === true,
  };
}

/** Records what one container prints, from its start (or `since`) until it is finished, whatever happens to the container in between. */
export class ContainerRecorder {
  readonly id: string;
  readonly #follower: LogFollower;
  readonly #files = new Map<ManifestLog['stream'], LogFiles>();
  readonly #gaps: ManifestGap[] = [];
  readonly #openFiles: (stream: ManifestLog['stream']) => LogFiles;

  constructor(parts: {
    readonly engine: Engine;
    readonly engineApiVersion: string;
    readonly traits: ContainerTraits;
    readonly isNameShared: boolean;
    readonly since: string | null;
    /** Somebody waits for each of its lines. */
    readonly isPrompt: boolean;
    readonly writer: RecordingWriter;
    readonly observer: RecordingObserver;
    readonly now: () => number;
    /** The disk is full, or another error of writing: nothing more can be recorded. */
    readonly onFailure: (error: unknown) => void;
    readonly onGap: () => void;
  }) {
    const { traits, writer, observer, now, isNameShared } = parts;
    this.id = traits.id;
    const container = { id: traits.id, name: traits.name };
    this.#openFiles = (stream) => new LogFiles({ writer, observer, container, stream, isNameShared, now });
    this.#follower = new LogFollower({
      engine: parts.engine,
      containerId: traits.id,
      hasTerminal: traits.hasTerminal,
      rotation: traits.rotation,
      engineApiVersion: parts.engineApiVersion,
      since: parts.since,
      isPrompt: parts.isPrompt,
      sink: {
        lines: async (block) => {
          try {
            await this.#filesOf(block.stream).append(block);
          } catch (error) {
            parts.onFailure(error);
          }
        },
        gap: (gap) => {
          const [files] = [...this.#files.values()];
          this.#gaps.push({ source: files?.path ?? traits.name, ...gap });
          parts.onGap();
        },
      },
    });
  }

  #filesOf(stream: ManifestLog['stream']): LogFiles {
    const known = this.#files.get(stream);
    if (known !== undefined) return known;
    const files = this.#openFiles(stream);
    this.#files.set(stream, files);
    return files;
  }

  begin(): void {
    this.#follower.begin();
  }

  started(): void {
    this.#follower.containerStarted();
  }

  stopped(): void {
    this.#follower.containerStopped();
  }

  /** The engine answers again after it did not. */
  engineBack(): void {
    this.#follower.engineBack();
  }

  /** Catches up with all that was printed until now, and closes the files. */
  async finish(): Promise<void> {
    await this.#follower.finish();
    for (const files of this.#files.values()) await files.close();
  }

  get openBytes(): number {
    return [...this.#files.values()].reduce((sum, f) => sum + f.openBytes, 0);
  }

  get logs(): readonly ManifestLog[] {
    return [...this.#files.values()].map((f) => f.entry()).filter((entry) => entry !== null);
  }

  get gaps(): readonly ManifestGap[] {
    return this.#gaps;
  }
}
