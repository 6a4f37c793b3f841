import { type ChildProcess, spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import type { Engine, SidecarOrder } from './engine.js';
import { type HostTcpdump, runBriefly } from './host-tcpdump.js';
import { StreamDemuxer } from './stream-demuxer.js';

/** How a tcpdump ended: `code` is null where a signal ended it or nobody could tell. */
export interface TcpdumpExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A tcpdump that was started, on this host or in a container. */
export interface TcpdumpRun {
  /** The capture as it writes it, to be read once. Whoever reads slowly holds tcpdump up, whose ring then fills. Ends when tcpdump has ended. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Asks it to end and to tell its statistics; false where this user may not. */
  interrupt(): Promise<boolean>;
  /** Ends it without statistics, and returns when it is gone or nothing more can be done about it. */
  kill(): Promise<void>;
  readonly exit: Promise<TcpdumpExit>;
  /** Leaves nothing behind: the container is removed. */
  dispose(): Promise<void>;
}

/** Starts a tcpdump; `onLine` gets what it says on standard error. Throws an `OperationalError` where it cannot even be started. */
export type StartTcpdump = (onLine: (line: string) => void) => Promise<TcpdumpRun>;

/** KiB. */
const RING_KIBIBYTES = 65_536;

/**
 * The options of every capture:
 * - `-n`: no address is ever resolved, so that no DNS query of the recorder's own gets into the capture.
 * - `-U`, unless `isFlushed`: each packet is written as soon as tcpdump has it. Else it gathers 4 KiB, and whoever reads it, woken that much less often,
 *   takes a third of the CPU; the rest is asked for every second.
 * - `-s 0`: whole packets (262144 bytes), since TLS record headers lie deep inside coalesced frames of up to 64 KiB.
 * - `-B 65536`: a ring of 64 MiB in the kernel, where the default of 2 MiB loses more than half of a burst of blocks.
 * - `-w -`: to standard output, so that the file is the recorder's own, whoever tcpdump runs as.
 *
 * Not `--immediate-mode`: it makes libpcap use TPACKET_V2, whose slots each take a whole snap length, so that the same ring holds 250 packets
 * (libpcap pcap-linux.c, `setup_mmapped`). Without it packets come up to a second late, in blocks.
 */
export function tcpdumpOptions(networkInterface: string, isFlushed: boolean): readonly string[] {
  return ['-i', networkInterface, '-n', ...(isFlushed ? [] : ['-U']), '-s', '0', '-B', String(RING_KIBIBYTES), '-w', '-'];
}

/** After the pipe is closed tcpdump ends at its next packet; on a silent network that may take long, and it is not waited for. */
const CLOSED_PIPE_MILLIS = 1500;
const MAX_LINE_CHARACTERS = 1000;

/** Cuts standard error into lines; what has no end of line is cut at a limit. */
class LineCutter {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n/);
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARACTERS);
    for (const line of lines) this.#say(line);
  }

  end(): void {
    this.#say(this.#rest);
    this.#rest = '';
  }

  #say(line: string): void {
    if (line.trim() !== '') this.#onLine(line.slice(0, MAX_LINE_CHARACTERS));
  }
}

/**
 * Starts this host's tcpdump on `networkInterface`.
 *
 * Under sudo the child is root's and this user may not signal it. So tcpdump is told to become this user as soon as it has opened the interface
 * (`-Z`): then it can be signalled, and nothing runs as root for longer than a moment. It gets a process group of its own: sudo stays between and
 * hands on no signal that comes from its own group (sudo exec_nopty.c), and Ctrl-C in a terminal would end it before its statistics are wanted.
 * A tcpdump that nobody but root may signal is ended by `sudo -n kill` where that is allowed; else by closing its pipe, without statistics.
 */
export function startHostTcpdump(tcpdump: HostTcpdump & { readonly usable: true }, networkInterface: string, isWatched: boolean): StartTcpdump {
  return async (onLine) => {
    const [program = '', ...rest] = tcpdump.command;
    const become = tcpdump.how === 'sudo' ? ['-Z', userInfo().username] : [];
    const isFlushed = !isWatched && flushesOnSignal(tcpdump.version);
    const child = spawn(program, [...rest, ...tcpdumpOptions(networkInterface, isFlushed), ...become], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, LC_ALL: 'C' },
    });
    // A recorder that ends at once, as at a second Ctrl-C, leaves no tcpdump behind that waits for a packet to notice.
    const endWithUs = (): void => void signalGroup(child, 'SIGKILL', null);
    process.once('exit', endWithUs);
    let flushing: NodeJS.Timeout | null = null;
    const lines = new LineCutter((line) => {
      // Not before: until tcpdump listens it has no handler, and the signal would end it.
      if (isFlushed && /\blistening on /.test(line)) flushing ??= setInterval(() => flush(child), FLUSH_MILLIS);
      onLine(line);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text));
    const exit = new Promise<TcpdumpExit>((resolve) => {
      child.on('error', (error) => {
        onLine(error.message);
        resolve({ code: null, signal: null });
      });
      child.on('close', (code, signal) => {
        process.off('exit', endWithUs);
        if (flushing !== null) clearInterval(flushing);
        lines.end();
        resolve({ code, signal });
      });
    });
    const sudo = tcpdump.how === 'sudo' ? tcpdump.command.slice(0, -1) : null;
    return {
      output: child.stdout,
      interrupt: () => signalGroup(child, 'SIGINT', sudo),
      kill: async () => {
        if (!(await signalGroup(child, 'SIGKILL', sudo))) child.stdout.destroy();
        await Promise.race([exit, pause(CLOSED_PIPE_MILLIS)]);
      },
      exit,
      // What may still run, because nobody may end it, is not waited for by this process.
      dispose: async () => {
        child.stdout.destroy();
        child.stderr.destroy();
        child.unref();
      },
    };
  };
}

const FLUSH_MILLIS = 1000;

/** tcpdump writes out what it has gathered at SIGUSR2 (tcpdump.c, `flushpcap`, since 4.9). */
function flushesOnSignal(version: string | null): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return major > 4 || (major === 4 && minor >= 9);
}

function flush(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGUSR2');
  } catch {
    // It has ended, or is still root's for a moment.
  }
}

const pause = (millis: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, millis).unref());

/** Signals tcpdump in its own process group. True where somebody was signalled or it has ended already. */
async function signalGroup(child: ChildProcess, signal: 'SIGINT' | 'SIGKILL', sudo: readonly string[] | null): Promise<boolean> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return true;
  try {
    process.kill(-child.pid, signal);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ESRCH') return true;
    if (sudo === null || code !== 'EPERM') return false;
  }
  // A refused command would be reported to the administrator.
  if ((await runBriefly([...sudo, '-l', 'kill'])).status !== 0) return false;
  return (await runBriefly([...sudo, 'kill', `-${signal.slice('SIG'.length)}`, '--', `-${child.pid}`])).status === 0;
}

/** Where a capturing container looks. */
export interface SidecarPlace {
  readonly image: string;
  /** `host`, or `container:<id>`. */
  readonly networkMode: string;
  readonly interface: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What tcpdump needs and no more: NET_RAW opens the packet socket; where it was built to change its user, it insists on being able to. */
const SIDECAR_CAPABILITIES: SidecarOrder['capabilities'] = ['NET_RAW', 'SETUID', 'SETGID'];

/**
 * Starts tcpdump in a container of the user's image. `-Z root`: Debian's tcpdump would change to a user `tcpdump` that an image need not have.
 * Throws an `OperationalError` where the engine refuses.
 */
export function startSidecarTcpdump(engine: Pick<Engine, 'startSidecar'>, place: SidecarPlace): StartTcpdump {
  return async (onLine) => {
    const sidecar = await engine.startSidecar({
      image: place.image,
      command: ['tcpdump', ...tcpdumpOptions(place.interface, false), '-Z', 'root'],
      networkMode: place.networkMode,
      capabilities: SIDECAR_CAPABILITIES,
      labels: place.labels,
    });
    const lines = new LineCutter(onLine);
    const decoder = new TextDecoder();
    async function* packets(): AsyncGenerator<Uint8Array> {
      const demuxer = new StreamDemuxer();
      for await (const chunk of sidecar.output as AsyncIterable<Uint8Array>) {
        const pieces: Uint8Array[] = [];
        demuxer.push(chunk, (stream, bytes) => {
          if (stream === 'stdout') pieces.push(bytes);
          else lines.push(decoder.decode(bytes, { stream: true }));
        });
        if (demuxer.problem !== null) throw new Error(demuxer.problem);
        yield* pieces;
      }
      lines.end();
    }
    // Asked for at once: a container that ended and was removed has no exit code any more.
    const exit = sidecar.wait().then(
      ({ exitCode }) => exitOf(exitCode),
      () => ({ code: null, signal: null }),
    );
    return {
      output: packets(),
      interrupt: async () => {
        await sidecar.signal('SIGINT');
        return true;
      },
      kill: async () => {
        await sidecar.remove();
        sidecar.output.destroy();
      },
      exit,
      dispose: async () => {
        sidecar.output.destroy();
        await sidecar.remove();
      },
    };
  };
}

const SIGNAL_STATUS_BASE = 128;
const SIGNAL_NAMES: Readonly<Record<number, string>> = { 2: 'SIGINT', 9: 'SIGKILL', 15: 'SIGTERM' };

/** Docker tells a death by signal as 128 and its number. */
function exitOf(status: number): TcpdumpExit {
  const number = status - SIGNAL_STATUS_BASE;
  return number > 0 ? { code: null, signal: SIGNAL_NAMES[number] ?? `signal ${number}` } : { code: status, signal: null };
}
