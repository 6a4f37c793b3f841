import { type CaptureFileFacts, CaptureFileWriter } from '../recording/capture-file.js';
import type { ManifestCapture, ManifestGap, SecondReading } from '../recording/manifest.js';
import type { RecordingObserver } from '../recording/observer.js';
import { OperationalError } from '../recording/operational-error.js';
import { isDiskFull, type RecordingWriter } from '../recording/recording-writer.js';
import type { CaptureNetwork, CapturePlan, PlannedCapture } from './capture-plan.js';
import type { Engine } from './engine.js';
import type { HostTcpdump } from './host-tcpdump.js';
import { type CaptureEnd, type CaptureStatistics, PacketCapture } from './packet-capture.js';
import { sidecarLabels } from './sidecars.js';
import { type StartTcpdump, startHostTcpdump, startSidecarTcpdump } from './tcpdump-run.js';

/** After this long without success a capture that ended is tried again. */
const REVIVE_AFTER_MILLIS = 2000;

/** A write to disk costs the same for one packet and for a hundred. A recorder that is killed has lost what was gathered. */
const GATHER_MILLIS = 500;
const WATCHED_GATHER_MILLIS = 100;

/** tcpdump's read timeout: the kernel hands packets over at least this often. */
const HAND_OVER_MILLIS = 1000;

/** One interface that packets are captured on, through every tcpdump that was started for it. */
interface Series {
  readonly planned: PlannedCapture;
  readonly files: CaptureFileWriter;
  readonly startedAt: Date;
  endedAt: Date | null;
  capture: PacketCapture | null;
  /** Null once one of its tcpdumps could not tell. */
  droppedByKernel: number | null;
  droppedByInterface: number | null;
  secondReading: SecondReading | null;
  /** When it ended by itself; the beginning of a gap. */
  lostAt: Date | null;
  /** When it was last tried or ended, in milliseconds. */
  triedAt: number;
  lostWhy: string;
}

/** Captures the packets of one Docker network for as long as it is there, on its bridge or beside each of its containers. */
export class NetworkRecorder {
  readonly name: string;
  readonly #parts: NetworkRecorderParts;
  readonly #series: Series[] = [];
  #isConfirmed: boolean;
  #finishing: Promise<void> | null = null;

  constructor(parts: NetworkRecorderParts) {
    this.#parts = parts;
    this.name = parts.network.name;
    this.#isConfirmed = parts.isConfirmed;
  }

  /** A Fabric container is on it: what was captured is kept. */
  confirm(): void {
    if (this.#isConfirmed) return;
    this.#isConfirmed = true;
    this.#parts.onChange();
  }

  /** It has no bridge: each of its containers is looked into, also those that come. */
  get isPerContainer(): boolean {
    return this.#parts.network.driver !== 'bridge' && this.#parts.plan.image !== null;
  }

  /** Resolves when every capture listens, or has been found impossible, which is told as a gap. */
  async begin(): Promise<void> {
    for (const planned of this.#parts.plan.captures) await this.#addSeries(planned);
  }

  /** A container came to a network that is captured beside each container. */
  async extend(plan: CapturePlan): Promise<void> {
    if (this.#finishing !== null) return;
    for (const planned of plan.captures) {
      const isThere = this.#series.some((s) => s.planned.networkMode === planned.networkMode && s.planned.interface === planned.interface);
      if (!isThere) await this.#addSeries(planned);
    }
  }

  async #addSeries(planned: PlannedCapture): Promise<void> {
    const { writer, observer } = this.#parts;
    const name = planned.container === null ? planned.network.name : `${planned.network.name}-${planned.container.name}`;
    const series: Series = {
      planned,
      files: new CaptureFileWriter({ writer, observer, name, now: Date.now }),
      startedAt: new Date(),
      endedAt: null,
      capture: null,
      droppedByKernel: 0,
      droppedByInterface: 0,
      secondReading: null,
      lostAt: null,
      triedAt: 0,
      lostWhy: '',
    };
    this.#series.push(series);
    await this.#start(series);
  }

  async #start(series: Series): Promise<void> {
    const startTcpdump = this.#starterOf(series.planned);
    if (startTcpdump === null) return;
    await series.files.beginStream();
    const capture = new PacketCapture({
      name: series.planned.interface,
      startTcpdump,
      sink: { bytes: (chunk) => series.files.bytes(chunk) },
      gatherMillis: this.#parts.isWatched ? WATCHED_GATHER_MILLIS : GATHER_MILLIS,
      onEnd: (end) => this.#ended(series, end),
    });
    series.capture = capture;
    try {
      await capture.start();
      if (series.lostAt !== null) this.#tellGap(series, new Date());
      this.#parts.onChange();
    } catch (error) {
      series.capture = null;
      if (isDiskFull(error)) this.#parts.onFailure(error);
      else {
        series.lostAt ??= new Date();
        series.triedAt = Date.now();
        series.lostWhy = error instanceof Error ? error.message : String(error);
        if (series.files.packets === 0)
          this.#parts.onImpossible(series.lostWhy, error instanceof OperationalError ? error.hint : 'gossipscope doctor');
        this.#parts.say(series.lostWhy);
      }
    }
  }

  #starterOf(planned: PlannedCapture): StartTcpdump | null {
    const { engine, hostTcpdump, plan, recording } = this.#parts;
    if (planned.method === 'host') return hostTcpdump.usable ? startHostTcpdump(hostTcpdump, planned.interface, this.#parts.isWatched) : null;
    if (plan.image === null || planned.networkMode === null) return null;
    return startSidecarTcpdump(engine, {
      image: plan.image,
      networkMode: planned.networkMode,
      interface: planned.interface,
      labels: sidecarLabels(recording, new Date().toISOString()),
    });
  }

  #ended(series: Series, end: CaptureEnd): void {
    series.capture = null;
    this.#count(series, end.statistics);
    if (isDiskFull(end.error)) {
      this.#parts.onFailure(end.error);
      return;
    }
    series.lostAt = new Date();
    series.triedAt = Date.now();
    series.lostWhy = end.why;
    this.#tellUnread(series, end.statistics);
    this.#parts.onChange();
  }

  #count(series: Series, statistics: CaptureStatistics): void {
    const add = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
    series.droppedByKernel = add(series.droppedByKernel, statistics.droppedByKernel);
    series.droppedByInterface = add(series.droppedByInterface, statistics.droppedByInterface);
  }

  /** What the kernel held for tcpdump when the interface went away is lost with it: up to a second of packets. */
  #tellUnread(series: Series, { captured, receivedByFilter, droppedByKernel }: CaptureStatistics): void {
    const unread = (receivedByFilter ?? 0) - (captured ?? 0) - (droppedByKernel ?? 0);
    if (captured === null || unread <= 0) return;
    const now = Date.now();
    const source = series.files.files.at(-1)?.path ?? series.planned.network.name;
    const why = `the last ${unread} packet${unread === 1 ? '' : 's'} before the network was removed had not been handed over`;
    this.#parts.onGap({ source, from: new Date(now - HAND_OVER_MILLIS).toISOString(), to: new Date(now).toISOString(), why });
  }

  #tellGap(series: Series, to: Date | null): void {
    const from = series.lostAt;
    series.lostAt = null;
    if (from === null) return;
    const source = series.files.files.at(-1)?.path ?? series.planned.network.name;
    this.#parts.onGap({ source, from: from.toISOString(), to: to?.toISOString() ?? null, why: `no packets: ${series.lostWhy}` });
  }

  /** Starts again what has ended by itself: its interface may be back. */
  async revive(): Promise<void> {
    if (this.#finishing !== null) return;
    for (const series of this.#series) {
      if (series.capture !== null || series.lostAt === null) continue;
      if (Date.now() - series.triedAt < REVIVE_AFTER_MILLIS) continue;
      await this.#start(series);
    }
  }

  get openBytes(): number {
    return this.#series.reduce((sum, s) => sum + s.files.openBytes, 0);
  }

  /**
   * Ends every capture; what was captured stays. `isGone`: the network was removed, with which its captures end by themselves, and nothing is missed.
   * Calls after the first wait for it.
   */
  finish(isGone: boolean): Promise<void> {
    this.#finishing ??= this.#finish(isGone);
    return this.#finishing;
  }

  async #finish(isGone: boolean): Promise<void> {
    await Promise.all(
      this.#series.map(async (series) => {
        const { capture } = series;
        series.capture = null;
        if (capture !== null) {
          const statistics = await capture.stop({ hurry: isGone });
          this.#count(series, statistics);
          // Else what is unread came after the end was asked for.
          if (isGone) this.#tellUnread(series, statistics);
        } else if (isGone) series.lostAt = null;
        this.#tellGap(series, null);
        series.endedAt = new Date();
        await series.files.close();
      }),
    );
    this.#parts.onChange();
  }

  /** Deletes the captures of a network that no Fabric container ever was on. */
  async discardUnlessConfirmed(): Promise<void> {
    if (this.#isConfirmed) return;
    for (const series of this.#series.splice(0)) for (const file of series.files.files) await this.#parts.writer.discard(file.path);
  }

  /** Has the files that are still there read by another reader. */
  async verify(read: (file: CaptureFileFacts) => Promise<SecondReading>): Promise<void> {
    for (const series of this.#series) {
      const readings: SecondReading[] = [];
      for (const file of series.files.files) if (!this.#parts.writer.wasRemoved(file.path)) readings.push(await read(file));
      const [first] = readings;
      if (first === undefined) continue;
      series.secondReading = {
        reader: first.reader,
        packets: readings.reduce((sum, r) => sum + r.packets, 0),
        bytes: readings.reduce((sum, r) => sum + r.bytes, 0),
        agrees: readings.every((r) => r.agrees),
        why: readings.find((r) => !r.agrees)?.why ?? null,
      };
    }
  }

  get captures(): readonly ManifestCapture[] {
    if (!this.#isConfirmed) return [];
    return this.#series
      .filter((s) => s.files.files.length > 0)
      .map(({ planned, files, startedAt, endedAt, droppedByKernel, droppedByInterface, secondReading, capture }) => ({
        paths: files.files.map((f) => f.path),
        interface: planned.interface,
        network: planned.network,
        container: planned.container,
        method: planned.method,
        startedAt: startedAt.toISOString(),
        endedAt: endedAt?.toISOString() ?? null,
        packets: files.packets,
        // Told by tcpdump only at its end.
        droppedByKernel: capture === null ? droppedByKernel : null,
        droppedByInterface: capture === null ? droppedByInterface : null,
        secondReading,
      }));
  }
}

export interface NetworkRecorderParts {
  readonly engine: Engine;
  readonly network: CaptureNetwork;
  readonly plan: CapturePlan;
  readonly hostTcpdump: HostTcpdump;
  /** A Fabric container is on it already; else its captures are kept only once one is. */
  readonly isConfirmed: boolean;
  readonly writer: RecordingWriter;
  readonly observer: RecordingObserver;
  /** Somebody looks on, and packets are wanted as they come. */
  readonly isWatched: boolean;
  /** The recording's name, for the labels of sidecars. */
  readonly recording: string;
  readonly onFailure: (error: unknown) => void;
  readonly onGap: (gap: ManifestGap) => void;
  /** Nothing could be captured at all: why, and what to do. */
  readonly onImpossible: (why: string, hint: string) => void;
  readonly onChange: () => void;
  readonly say: (text: string) => void;
}
