import { basename, join, resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { CaptureNetwork, CapturePlan } from '../docker/capture-plan.js';
import { type CaptureWish, planCapture } from '../docker/capture-plan.js';
import { findFabricNetworks, selectContainers } from '../docker/discovery.js';
import { listHostInterfaces, probeHostTcpdump } from '../docker/host-tcpdump.js';
import { Recorder } from '../docker/recorder.js';
import { removeLeftOverSidecars } from '../docker/sidecars.js';
import { parseGoDuration } from '../events/go-duration.js';
import { parseRfc3339Micros } from '../events/instant.js';
import { noteRecording } from '../recording/in-progress.js';
import type { EndReason, Manifest } from '../recording/manifest.js';
import type { RecordingObserver } from '../recording/observer.js';
import { OperationalError } from '../recording/operational-error.js';
import { DEFAULT_ROTATE_BYTES, type RecordingLimits, RecordingWriter } from '../recording/recording-writer.js';
import { type DockerArguments, openEngine, selectionOf, withDockerOptions } from './docker-options.js';
import { choiceOf } from './recorder-choice.js';
import { parseUntil, UNTIL_FORMS } from './until.js';
import { toolVersion } from './version.js';

/** What `record` and `watch` have in common. */
export interface RecordingArguments extends DockerArguments {
  readonly out: string | undefined;
  readonly wait: boolean;
  readonly duration: string | undefined;
  readonly until: string | undefined;
  readonly since: string | undefined;
  readonly capture: CaptureWish;
  readonly 'capture-image': string | undefined;
  readonly pull: boolean;
  readonly 'max-size': string | undefined;
  readonly 'keep-size': string | undefined;
  readonly 'keep-time': string | undefined;
  readonly 'rotate-size': string | undefined;
}

/** Adds the options of everything that records. */
export function withRecordingOptions<T>(yargs: Argv<T>): Argv<T & RecordingArguments> {
  return withDockerOptions(yargs)
    .option('out', { alias: 'o', type: 'string', requiresArg: true, describe: 'new folder for the recording [default: captures/TIME]' })
    .option('wait', { alias: 'w', type: 'boolean', default: false, describe: 'start before the network exists and wait for it' })
    .option('duration', { type: 'string', requiresArg: true, describe: 'end after so long, such as 90s or 1h30m' })
    .option('until', { type: 'string', requiresArg: true, describe: `end when this came true: ${UNTIL_FORMS}` })
    .option('since', { type: 'string', requiresArg: true, describe: 'leave out log lines before: 10m (ago) or a time [default: from the beginning]' })
    .option('capture', {
      choices: ['auto', 'host', 'sidecar', 'none'] as const,
      default: 'auto' as const,
      describe: 'how packets are captured: tcpdump on this host, in a container beside, or not at all',
    })
    .option('capture-image', { type: 'string', requiresArg: true, describe: 'image with tcpdump, for capturing in a container' })
    .option('pull', { type: 'boolean', default: false, describe: 'allow that image to be pulled' })
    .option('max-size', { type: 'string', requiresArg: true, describe: 'end when the recording has grown to this, such as 2g' })
    .option('keep-size', { type: 'string', requiresArg: true, describe: 'keep only the newest so many bytes: older files are let go' })
    .option('keep-time', { type: 'string', requiresArg: true, describe: 'keep only the newest so long: older files are let go' })
    .option('rotate-size', { type: 'string', requiresArg: true, describe: 'begin a new file at this size [default: 1g, a tenth of --keep-size]' })
    .group(['out', 'wait', 'duration', 'until', 'since'], 'What is recorded:')
    .group(['project', 'network', 'container', 'docker-host'], 'Which network:')
    .group(['capture', 'capture-image', 'pull'], 'Packets:')
    .group(['max-size', 'keep-size', 'keep-time', 'rotate-size'], 'Limits:') as unknown as Argv<T & RecordingArguments>;
}

const refused = (option: string, value: string, why: string, hint: string): OperationalError =>
  new OperationalError({ what: `--${option} ${value} is not understood`, why, hint });

function durationMillis(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const micros = parseGoDuration(text);
  if (micros === null || micros <= 0) throw refused(option, text, 'it is no duration', `--${option} 90s, --${option} 1h30m`);
  return micros / 1000;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1 << 10, m: 1 << 20, g: 1 << 30, t: 2 ** 40 };
const SIZE = /^(\d+(?:\.\d+)?) ?([kmgt]?)i?b?$/i;

/** Bytes; units are of 1024, as Docker's. */
function sizeBytes(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const [, amount, unit] = SIZE.exec(text.trim()) ?? [];
  const bytes = Math.round(Number(amount) * (UNITS[(unit ?? '').toLowerCase()] ?? Number.NaN));
  if (!(bytes > 0)) throw refused(option, text, 'it is no size', `--${option} 500m, --${option} 2g`);
  return bytes;
}

/** Files of a ring: as many as let go of old things little by little. */
const FILES_IN_RING = 10;

function limitsOf(args: RecordingArguments): RecordingLimits {
  const ringBytes = sizeBytes('keep-size', args['keep-size']);
  const ringMillis = durationMillis('keep-time', args['keep-time']);
  return {
    rotateBytes: sizeBytes('rotate-size', args['rotate-size']) ?? (ringBytes === null ? DEFAULT_ROTATE_BYTES : Math.ceil(ringBytes / FILES_IN_RING)),
    rotateMillis: ringMillis === null ? null : ringMillis / FILES_IN_RING,
    ringBytes,
    ringMillis,
    maxBytes: sizeBytes('max-size', args['max-size']),
  };
}

/** Docker's stamp of a moment: `seconds.nanoseconds`. */
function sinceOf(text: string | undefined, now: number): string | null {
  if (text === undefined) return null;
  const ago = parseGoDuration(text);
  const at = ago === null ? parseRfc3339Micros(text) : now * 1000 - ago;
  if (at === null || Number.isNaN(at))
    throw refused('since', text, 'it is neither a duration nor a time', '--since 10m, --since 2026-01-02T03:04:05Z');
  return `${Math.floor(at / 1e6)}.${String(Math.floor(at % 1e6)).padStart(6, '0')}000`;
}

const defaultFolder = (now: Date): string => join('captures', now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-'));

/** A recording in progress. */
export interface RecordingRun {
  readonly folder: string;
  /** How packets are captured, or why not. */
  readonly capturing: string;
  /** What was found to attach to. */
  readonly attached: number;
  /** Resolves with why, when the recording is to end for a reason of its own: `--duration`, `--until`, its size, the disk. */
  readonly ended: Promise<EndReason>;
  finish(reason: EndReason): Promise<Manifest>;
}

/** All that is told while a recording is made goes to each of them. */
function toEach(observers: readonly RecordingObserver[]): RecordingObserver {
  return {
    log: (path, container, bytes) => {
      for (const o of observers) o.log(path, container, bytes);
    },
    capture: (path, bytes) => {
      for (const o of observers) o.capture(path, bytes);
    },
    inspect: (path, text) => {
      for (const o of observers) o.inspect(path, text);
    },
    told: (path, lines) => {
      for (const o of observers) o.told(path, lines);
    },
    manifest: (manifest) => {
      for (const o of observers) o.manifest(manifest);
    },
  };
}

/**
 * Starts what `args` ask for. Returns once everything that is there is attached to. Throws an `OperationalError` where the engine does not answer, nothing
 * is there to record (without `--wait`), the folder cannot be written, or an option is not understood.
 */
export async function startRecording(
  args: RecordingArguments,
  observers: readonly RecordingObserver[],
  say: (text: string) => void,
): Promise<RecordingRun> {
  const startedAt = new Date();
  const limits = limitsOf(args);
  const since = sinceOf(args.since, startedAt.getTime());
  const duration = durationMillis('duration', args.duration);
  const until = args.until === undefined ? null : parseUntil(args.until);
  const selection = selectionOf(args);
  const { engine, facts, location } = await openEngine(args);
  const leftOver = await removeLeftOverSidecars(engine);
  for (const name of leftOver) say(`removed ${name}, left over from a recording that was killed`);
  const found = await findFabricNetworks(engine);
  if (!args.wait && selectContainers(found, selection).length === 0)
    throw new OperationalError({
      what: 'nothing to record',
      why: `no Fabric container is on the engine at ${engine.address}`,
      hint: 'start the network first, or wait for it with --wait',
    });
  const hostTcpdump = args.capture === 'none' ? { usable: false as const, path: null, why: 'not asked for', hint: '' } : await probeHostTcpdump();
  const images = (await engine.images()).flatMap((i) => [i.id, ...i.names]);
  const plan = async (networks: readonly CaptureNetwork[]): Promise<CapturePlan> =>
    planCapture({
      wish: args.capture,
      location,
      hostTcpdump,
      hostInterfaces: await listHostInterfaces(),
      networks,
      captureImage: args['capture-image'] ?? null,
      images,
      consentToPull: args.pull,
    });
  const general = await plan([]);
  if (general.mustPull && general.image !== null) {
    say(`pulling ${general.image}`);
    await engine.pull(general.image);
  }

  let reached: (reason: EndReason) => void = () => undefined;
  const byThemselves = new Promise<EndReason>((resolve) => {
    reached = resolve;
  });
  // Whoever waits for nothing need not load what reads logs.
  const waiting = until === null ? [] : [new (await import('./until-watch.js')).UntilWatch(until, () => reached('until'))];
  const observer = toEach([...observers, ...waiting]);
  const folder = args.out ?? defaultFolder(startedAt);
  const writer = await RecordingWriter.create(folder, limits, observer, Date.now);
  const recorder = new Recorder({
    engine,
    facts,
    location,
    choice: choiceOf(selection),
    writer,
    observer,
    plan,
    hostTcpdump,
    since,
    isWatched: observers.length > 0,
    name: basename(folder),
    toolVersion: toolVersion(),
    say,
  });
  const takeBackNote = await noteRecording(resolve(folder));
  await recorder.begin();
  const timer = duration === null ? null : setTimeout(() => reached('duration'), Math.max(0, startedAt.getTime() + duration - Date.now()));
  return {
    folder,
    capturing: general.reason,
    attached: recorder.containerCount,
    ended: Promise.race([byThemselves, recorder.ended]),
    finish: async (reason) => {
      if (timer !== null) clearTimeout(timer);
      const manifest = await recorder.finish(reason);
      await takeBackNote();
      return manifest;
    },
  };
}

/** Resolves at the first signal that asks to end; a second one ends the process at once. */
export function untilSignal(): Promise<EndReason> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve('signal');
      });
  });
}
