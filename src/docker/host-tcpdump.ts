import { spawn } from 'node:child_process';
import { access, constants, readdir, realpath } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';

/** How this host's tcpdump may be run, or why it may not. */
export type HostTcpdump =
  | {
      readonly usable: true;
      /** `capabilities`: the file's own, or ambient ones of this process. */
      readonly how: 'root' | 'capabilities' | 'sudo';
      readonly path: string;
      /** What a command line begins with; tcpdump's options follow. */
      readonly command: readonly string[];
      readonly version: string | null;
    }
  | { readonly usable: false; readonly path: string | null; readonly why: string; readonly hint: string };

/** What a short-lived program said. `status` null: it could not be started, or was ended by a signal. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the probe asks of this host. Tests give their own. */
export interface HostForTcpdump {
  /** Effective user id; null where the system has none. */
  readonly userId: number | null;
  readonly userName: string;
  /** Value of PATH. */
  readonly searchPath: string;
  isExecutable(path: string): Promise<boolean>;
  run(command: readonly string[]): Promise<CommandResult>;
}

/** Debian and others keep tcpdump where a user's PATH does not lead. */
const FURTHER_FOLDERS = ['/usr/bin', '/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/local/bin'];
const PROBE_MILLIS = 5000;
const MAX_OUTPUT_CHARACTERS = 16_384;

/** Runs a program without input, for its few words. Never throws. */
export function runBriefly(command: readonly string[]): Promise<CommandResult> {
  const [program = '', ...rest] = command;
  return new Promise((resolve) => {
    let stdout = '';
    let stderr = '';
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
    // Not spawn's own limit: its timer outlives a program that could not be started.
    const limit = setTimeout(() => child.kill('SIGKILL'), PROBE_MILLIS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(0, MAX_OUTPUT_CHARACTERS);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(0, MAX_OUTPUT_CHARACTERS);
    });
    const finish = (result: CommandResult): void => {
      clearTimeout(limit);
      resolve(result);
    };
    child.on('error', (error) => finish({ status: null, stdout, stderr: error.message }));
    child.on('close', (status) => finish({ status, stdout, stderr }));
  });
}

/** This host as it is. */
export function thisHost(): HostForTcpdump {
  return {
    userId: process.geteuid?.() ?? null,
    userName: userInfo().username,
    searchPath: process.env['PATH'] ?? '',
    isExecutable: (path) =>
      access(path, constants.X_OK).then(
        () => true,
        () => false,
      ),
    run: runBriefly,
  };
}

/** Names of this host's network interfaces, up or not; empty where the system does not list them so (not Linux). */
export function listHostInterfaces(): Promise<readonly string[]> {
  return readdir('/sys/class/net').catch(() => []);
}

/**
 * Finds out how tcpdump may be run here, by trying: `tcpdump -i lo -d` opens a packet socket, prints an empty filter and ends, so it succeeds exactly where
 * a capture would. First as this user (root, file capabilities, ambient capabilities), then through `sudo -n`. sudo is asked with `-l` first, since a
 * refused command is an incident that sudo reports to the administrator. Nothing is changed and no password is ever asked for.
 */
export async function probeHostTcpdump(host: HostForTcpdump = thisHost()): Promise<HostTcpdump> {
  const path = await find('tcpdump', host);
  if (path === null)
    return {
      usable: false,
      path: null,
      why: 'tcpdump is not installed on this host',
      hint: 'sudo apt-get install tcpdump (Fedora: sudo dnf install tcpdump)',
    };
  const version = /^tcpdump version (\S+)/m.exec((await host.run([path, '--version'])).stdout)?.[1] ?? null;
  const direct = await host.run(trial([path]));
  if (direct.status === 0) return { usable: true, how: host.userId === 0 ? 'root' : 'capabilities', path, command: [path], version };
  if (host.userId === 0)
    return {
      usable: false,
      path,
      why: `root may not capture here (${lastWords(direct)})`,
      hint: 'give this container the capability: docker run --cap-add NET_RAW --network host …',
    };
  const bySudo = await trySudo(path, host);
  if (bySudo !== null) return { usable: true, how: 'sudo', path, command: bySudo, version };
  const real = await realpath(path).catch(() => path);
  return {
    usable: false,
    path,
    why: `tcpdump may not capture as ${host.userName}, and sudo does not allow it without a password`,
    hint: `sudo setcap cap_net_raw,cap_net_admin=ep ${real}; or allow tcpdump alone: echo '${host.userName} ALL=(root) NOPASSWD: ${path}' | sudo tee /etc/sudoers.d/tcpdump`,
  };
}

const trial = (command: readonly string[]): readonly string[] => [...command, '-i', 'lo', '-d'];

async function trySudo(path: string, host: HostForTcpdump): Promise<readonly string[] | null> {
  const sudo = await find('sudo', host);
  if (sudo === null) return null;
  const command = [sudo, '-n', path];
  if ((await host.run([sudo, '-n', '-l', ...trial([path])])).status !== 0) return null;
  return (await host.run(trial(command))).status === 0 ? command : null;
}

async function find(program: string, host: HostForTcpdump): Promise<string | null> {
  const folders = [...host.searchPath.split(delimiter), ...FURTHER_FOLDERS].filter((folder) => folder.startsWith('/'));
  for (const folder of new Set(folders)) {
    const path = join(folder, program);
    if (await host.isExecutable(path)) return path;
  }
  return null;
}

const lastWords = (result: CommandResult): string => result.stderr.trim().split('\n').at(-1) ?? `status ${result.status}`;
