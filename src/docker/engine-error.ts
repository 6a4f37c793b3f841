import { OperationalError } from '../recording/operational-error.js';
import type { EngineEndpoint, EngineTransport } from './engine-endpoint.js';

/** What a failed request means for who asked: the engine is out of reach, what was asked about is gone, or the engine said no. */
export type EngineFailure = 'unreachable' | 'gone' | 'refused';

/** A request that an engine did not fulfil. */
export class EngineError extends OperationalError {
  readonly failure: EngineFailure;

  constructor(failure: EngineFailure, parts: { readonly what: string; readonly why: string; readonly hint: string }) {
    super(parts);
    this.name = 'EngineError';
    this.failure = failure;
  }
}

interface Cause {
  readonly code: string;
  readonly message: string;
  readonly statusCode: number | null;
}

function causeOf(error: unknown): Cause {
  const fields = typeof error === 'object' && error !== null ? (error as Readonly<Record<string, unknown>>) : {};
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: typeof fields['code'] === 'string' ? fields['code'] : '',
    message,
    statusCode: typeof fields['statusCode'] === 'number' ? fields['statusCode'] : null,
  };
}

/** docker-modem wraps what the engine said: `(HTTP code 404) no such container - No such container: x `. */
function saidBy(message: string): string {
  return message.replace(/^\(HTTP code \d+\) [^-]*- /, '').trim();
}

/**
 * Why the request `what` (such as `the containers cannot be listed`) failed, with a hint that fits the cause. An `EngineError` stays as it is.
 */
export function engineErrorOf(error: unknown, what: string, endpoint: EngineEndpoint): EngineError {
  if (error instanceof EngineError) return error;
  const cause = causeOf(error);
  if (cause.statusCode !== null) return answeredError(cause.statusCode, saidBy(cause.message), what);
  const { why, hint } = unreachableCause(cause, endpoint);
  return new EngineError('unreachable', { what: `no Docker engine answers at ${endpoint.address} (chosen by ${endpoint.chosenBy})`, why, hint });
}

function answeredError(statusCode: number, said: string, what: string): EngineError {
  const parts = (hint: string, why = `the engine says: ${said}`): { what: string; why: string; hint: string } => ({ what, why, hint });
  if (/client sent an HTTP request to an HTTPS server/i.test(said))
    return new EngineError('unreachable', parts('set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH', 'the engine expects TLS, and none is configured'));
  if (/client version .* is too (?:old|new)/i.test(said))
    return new EngineError('refused', parts('unset DOCKER_API_VERSION, or set it to a version the engine names'));
  if (/does not support reading/i.test(said))
    return new EngineError('refused', parts('start it with --log-driver json-file, local or journald: only their logs can be read back'));
  if (/no such image/i.test(said)) return new EngineError('gone', parts('name an image that `docker images` shows, or allow pulling it with --pull'));
  if (statusCode === 404) return new EngineError('gone', parts('`gossipscope nodes` shows what is there now'));
  if (statusCode === 401 || statusCode === 403)
    return new EngineError('refused', parts('a proxy or an authorization plugin stands before this engine: ask who runs it for these rights'));
  return new EngineError(
    'refused',
    parts(statusCode >= 500 ? "see the engine's own log: journalctl -u docker" : '`gossipscope doctor` tells what works here'),
  );
}

const CERTIFICATE = /CERT|SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME/;

function unreachableCause({ code, message }: Cause, { transport }: EngineEndpoint): { readonly why: string; readonly hint: string } {
  if (transport.kind === 'ssh') return sshCause(message, transport);
  if (transport.kind === 'socket') return socketCause(code, message, transport.path);
  const { host, port, tls } = transport;
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { why: `the host name ${host} is not known here`, hint: 'check the name in DOCKER_HOST or the context: docker context ls' };
    case 'ECONNREFUSED':
      return {
        why: `nothing listens on port ${port} of ${host}`,
        hint: 'check the port (2376 with TLS, 2375 without), or go by ssh: DOCKER_HOST=ssh://USER@HOST',
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { why: `there is no way from here to ${host} (${code})`, hint: 'check the network or VPN between this host and that one' };
    case 'ETIMEDOUT':
      return { why: message, hint: 'check the address, and firewalls between here and there' };
  }
  if (CERTIFICATE.test(code))
    return {
      why: `its certificate is not accepted: ${message}`,
      hint: 'DOCKER_CERT_PATH must hold the ca.pem that signed the certificate of the engine, and the address a name in it',
    };
  if (/alert/i.test(message) || code.startsWith('ERR_SSL_') || code === 'EPROTO')
    return tls !== null && /wrong version number|packet length too long/i.test(message)
      ? { why: `port ${port} of ${host} does not speak TLS`, hint: 'unset DOCKER_TLS_VERIFY and DOCKER_TLS, or use the TLS port (usually 2376)' }
      : {
          why: `the engine refused this client's certificate: ${message}`,
          hint: 'DOCKER_CERT_PATH must hold cert.pem and key.pem that the engine trusts',
        };
  if (code.startsWith('HPE_'))
    return {
      why: `what listens on port ${port} of ${host} does not speak HTTP${tls === null ? '; maybe it expects TLS' : ''}`,
      hint: 'set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or check the port',
    };
  return { why: message, hint: 'check that `docker version` works with the same environment' };
}

function socketCause(code: string, message: string, path: string): { readonly why: string; readonly hint: string } {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return {
        why: `there is no socket ${path}: no engine runs here, or it listens elsewhere`,
        hint: 'start Docker (sudo systemctl start docker, or Docker Desktop), or set DOCKER_HOST; `docker context ls` shows other engines',
      };
    case 'EACCES':
    case 'EPERM':
      return {
        why: `this user may not use ${path}`,
        hint: 'sudo usermod -aG docker "$USER", then log in again; for rootless Docker: export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock',
      };
    case 'ECONNREFUSED':
      return { why: `${path} exists, and no engine listens on it`, hint: 'start Docker: sudo systemctl start docker' };
    case 'ENOTSOCK':
      return { why: `${path} is no socket`, hint: 'check DOCKER_HOST' };
    case 'ETIMEDOUT':
      return { why: message, hint: 'the engine hangs or is overloaded: see journalctl -u docker' };
  }
  return { why: message, hint: 'the engine may be starting or stopping: try again, and see journalctl -u docker' };
}

function sshCause(said: string, transport: EngineTransport & { readonly kind: 'ssh' }): { readonly why: string; readonly hint: string } {
  const target = `${transport.port === null ? '' : `-p ${transport.port} `}${transport.user === null ? '' : `${transport.user}@`}${transport.host}`;
  const hintFor = (): string => {
    if (/ENOENT/.test(said)) return 'install an ssh client: sudo apt install openssh-client';
    if (/permission denied \(/i.test(said)) return `this must work without a password: ssh ${target} docker version; load your key: ssh-add`;
    if (/host key verification failed/i.test(said)) return `make the host known once: ssh ${target}`;
    if (/docker: (?:command )?not found|command not found/i.test(said))
      return `install docker there, or put it on the PATH of non-interactive shells`;
    if (/permission denied|dial unix/i.test(said)) return `that user must be in the group docker there: ssh ${target} docker version`;
    return `try by hand: ssh ${target} docker version`;
  };
  return { why: said, hint: hintFor() };
}
