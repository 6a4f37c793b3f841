import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import type { EngineTransport } from './engine-endpoint.js';

type SshTransport = EngineTransport & { readonly kind: 'ssh' };

/** Of what ssh complains about, so much is kept. */
const COMPLAINT_LIMIT = 4096;

/**
 * The arguments of `ssh` that connect to the engine on the other side, as the docker client gives them
 * (docker/cli cli/connhelper/connhelper.go `getConnectionHelper`, ssh/ssh.go `Args`).
 */
export function sshArguments(transport: SshTransport): readonly string[] {
  return [
    '-o',
    'ConnectTimeout=15',
    '-T',
    ...(transport.user === null ? [] : ['-l', transport.user]),
    ...(transport.port === null ? [] : ['-p', String(transport.port)]),
    '--',
    transport.host,
    'docker',
    // The remote shell splits the words: a path of another shape must not become words of its own.
    ...(transport.socketPath === null ? [] : [`--host=unix://'${transport.socketPath.replaceAll("'", `'\\''`)}'`]),
    'system',
    'dial-stdio',
  ];
}

/**
 * Connections through `ssh … docker system dial-stdio`, one process each. So the user's own ~/.ssh/config, agent and known hosts hold, which
 * dockerode's ssh mode knows nothing of.
 */
export function sshAgent(transport: SshTransport): Agent {
  const agent = new Agent({ keepAlive: false });
  // Node's http asks a connection for little more than a Duplex.
  agent.createConnection = () => new SshConnection(sshArguments(transport));
  return agent;
}

/** One `ssh` process as a connection: its standard input and output. */
class SshConnection extends Duplex {
  readonly #process: ChildProcessWithoutNullStreams;
  #complaint = '';

  constructor(sshArgs: readonly string[]) {
    super({ allowHalfOpen: true });
    // In a session of its own, as the docker client does: Ctrl-C is for this program, which still needs the connection to end well.
    this.#process = spawn('ssh', [...sshArgs], { stdio: ['pipe', 'pipe', 'pipe'], detached: true, windowsHide: true });
    const { stdin, stdout, stderr } = this.#process;
    stderr.on('data', (bytes: Buffer) => {
      if (this.#complaint.length < COMPLAINT_LIMIT) this.#complaint += bytes.toString('utf8');
    });
    stdout.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) stdout.pause();
    });
    // A write to an ssh that has ended fails; why it ended is told by its end.
    stdin.on('error', () => {});
    this.#process.on('error', (error) => this.destroy(new Error(`ssh cannot be started: ${error.message}`)));
    this.#process.on('close', (exitCode, signal) => {
      // A banner on standard error is no failure.
      if (exitCode === 0) this.push(null);
      else this.destroy(new Error(this.#complaint.trim() || `ssh ended with ${signal ?? `exit code ${exitCode}`}`));
    });
  }

  override _read(): void {
    this.#process.stdout.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { stdin } = this.#process;
    if (!stdin.writable) done();
    else stdin.write(chunk, () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#process.stdin.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#process.stdin.destroy();
    this.#process.stdout.destroy();
    this.#process.kill('SIGTERM');
    done(error);
  }

  /** Node's http calls these of `net.Socket` on every connection; a pipe has neither. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
