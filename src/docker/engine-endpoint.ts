import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperationalError } from '../recording/operational-error.js';

/** PEM texts for a TLS connection. A null `ca` means the system's certificate authorities. */
export interface EngineTls {
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly verify: boolean;
}

/** How an engine is reached. */
export type EngineTransport =
  /** A Unix socket, or a named pipe on Windows. */
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: EngineTls | null }
  /** `socketPath`: the engine's socket on the other side; null for what the docker client there would use. */
  | { readonly kind: 'ssh'; readonly host: string; readonly user: string | null; readonly port: number | null; readonly socketPath: string | null };

export interface EngineEndpoint {
  readonly transport: EngineTransport;
  /** For people: never holds a password. */
  readonly address: string;
  /** What chose it, for people: `DOCKER_HOST`, `the context "NAME"`, … */
  readonly chosenBy: string;
  /** From `DOCKER_API_VERSION`, such as `1.41`; null lets the engine choose. */
  readonly apiVersion: string | null;
}

/** What the choice of an engine depends on: the process's environment, and where to look. */
export interface ClientSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  readonly platform: NodeJS.Platform;
  /** The engine's socket where nothing is configured. */
  readonly defaultSocket: string;
}

/** Where an engine listens unless told otherwise (docker/cli opts/hosts.go, `defaultUnixSocket`). */
export const DEFAULT_SOCKET = '/var/run/docker.sock';

const DEFAULT_PIPE = '//./pipe/docker_engine';
const DEFAULT_PORT = 2375;
const DEFAULT_TLS_PORT = 2376;
const DEFAULT_CONTEXT = 'default';

/**
 * The engine that the docker client would use in these surroundings; `dockerHost` is the user's own choice, as `docker -H`, and null without one.
 *
 * The order is the client's (docker/cli cli/command/cli.go `resolveContextName`): the host option, `DOCKER_HOST`, `DOCKER_CONTEXT`, `currentContext` of
 * config.json, the default context. The TLS variables hold for the first two and the last (cli/flags/options.go); a context brings its own.
 * Where nothing is configured and the default socket does not exist, the sockets of rootless Docker and Docker Desktop are tried.
 * Throws an `OperationalError` for an address or context that cannot be used.
 */
export function resolveEngineEndpoint(surroundings: ClientSurroundings, dockerHost: string | null): EngineEndpoint {
  const { environment } = surroundings;
  const apiVersion = textOf(environment['DOCKER_API_VERSION'])?.replace(/^v/, '') ?? null;
  const option = textOf(dockerHost ?? undefined);
  if (option !== null) return endpointOf(option, tlsOfEnvironment(surroundings), '--docker-host', apiVersion, surroundings);
  const fromEnvironment = textOf(environment['DOCKER_HOST']);
  if (fromEnvironment !== null) return endpointOf(fromEnvironment, tlsOfEnvironment(surroundings), 'DOCKER_HOST', apiVersion, surroundings);
  const chosen = textOf(environment['DOCKER_CONTEXT']);
  const context = chosen ?? currentContext(surroundings) ?? DEFAULT_CONTEXT;
  if (context !== DEFAULT_CONTEXT) {
    const by = `the context "${context}"${chosen === null ? '' : ' (DOCKER_CONTEXT)'}`;
    const { host, tls } = contextNamed(context, by, surroundings);
    return endpointOf(host, tls, by, apiVersion, surroundings);
  }
  const tls = tlsOfEnvironment(surroundings);
  if (tls !== null) return endpointOf(`tcp://localhost:${DEFAULT_TLS_PORT}`, tls, 'DOCKER_TLS_VERIFY or DOCKER_TLS', apiVersion, surroundings);
  return defaultEndpoint(apiVersion, surroundings);
}

function textOf(value: string | undefined): string | null {
  const text = value?.trim() ?? '';
  return text === '' ? null : text;
}

function defaultEndpoint(apiVersion: string | null, surroundings: ClientSurroundings): EngineEndpoint {
  const { environment, homeFolder, platform, defaultSocket } = surroundings;
  if (platform === 'win32')
    return { transport: { kind: 'socket', path: DEFAULT_PIPE }, address: `npipe://${DEFAULT_PIPE}`, chosenBy: 'the default', apiVersion };
  const runtime = textOf(environment['XDG_RUNTIME_DIR']);
  const others = [
    ...(runtime === null ? [] : [join(runtime, 'docker.sock')]),
    join(homeFolder, '.docker', 'run', 'docker.sock'),
    join(homeFolder, '.docker', 'desktop', 'docker.sock'),
  ];
  const other = existsSync(defaultSocket) ? undefined : others.find((path) => existsSync(path));
  return {
    transport: { kind: 'socket', path: other ?? defaultSocket },
    address: `unix://${other ?? defaultSocket}`,
    chosenBy: other === undefined ? 'the default' : `its socket being there and ${defaultSocket} not`,
    apiVersion,
  };
}

function endpointOf(
  host: string,
  tls: EngineTls | null,
  chosenBy: string,
  apiVersion: string | null,
  surroundings: ClientSurroundings,
): EngineEndpoint {
  const transport = transportOf(host, tls, chosenBy, surroundings);
  return { transport, address: addressOf(transport, surroundings.platform), chosenBy, apiVersion };
}

/** The scheme's rules: docker/cli opts/hosts.go `parseDockerDaemonHost`; http and https, which only contexts may hold there, are taken everywhere. */
function transportOf(host: string, tls: EngineTls | null, chosenBy: string, surroundings: ClientSurroundings): EngineTransport {
  const cut = host.indexOf('://');
  const rest = cut < 0 ? host : host.slice(cut + 3);
  const scheme = cut >= 0 ? host.slice(0, cut).toLowerCase() : /^\.?\//.test(host) ? 'unix' : 'tcp';
  switch (scheme) {
    case 'unix':
      return { kind: 'socket', path: rest === '' ? surroundings.defaultSocket : rest };
    case 'npipe':
      return { kind: 'socket', path: rest === '' ? DEFAULT_PIPE : rest };
    case 'tcp':
    case 'http':
    case 'https':
      return tcpOf(scheme, rest, tls, chosenBy);
    case 'ssh':
      return sshOf(host, chosenBy);
    default:
      throw unusable(chosenBy, `a docker client cannot connect to "${scheme}://"`);
  }
}

function tcpOf(scheme: 'tcp' | 'http' | 'https', rest: string, tls: EngineTls | null, chosenBy: string): EngineTransport {
  let url: URL;
  try {
    // A host alone, `:2375`, and nothing at all are all allowed.
    const authority = rest.startsWith(':') ? `localhost${rest}` : rest === '' ? 'localhost' : rest;
    url = new URL(`docker://${authority}`);
  } catch {
    throw unusable(chosenBy, 'it is not of the form tcp://HOST:PORT');
  }
  if (url.pathname !== '' && url.pathname !== '/') throw unusable(chosenBy, 'a path behind HOST:PORT is not supported');
  const secured = scheme === 'https' ? (tls ?? { ca: null, certificate: null, key: null, verify: true }) : scheme === 'http' ? null : tls;
  return {
    kind: 'tcp',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    tls: secured,
  };
}

/** docker/cli cli/connhelper/ssh/ssh.go `newSpec`. */
function sshOf(host: string, chosenBy: string): EngineTransport {
  let url: URL;
  try {
    url = new URL(host);
  } catch {
    throw unusable(chosenBy, 'it is not of the form ssh://USER@HOST:PORT');
  }
  if (url.password !== '') throw unusable(chosenBy, 'a password in an ssh address is not supported: use a key and ssh-agent');
  if (url.hostname === '') throw unusable(chosenBy, 'the ssh address names no host');
  if (url.search !== '' || url.hash !== '') throw unusable(chosenBy, 'an ssh address holds a user, a host, a port and a path, nothing else');
  const path = decodeURIComponent(url.pathname);
  return {
    kind: 'ssh',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    user: url.username === '' ? null : decodeURIComponent(url.username),
    port: url.port === '' ? null : Number(url.port),
    socketPath: /^\/*$/.test(path) ? null : path,
  };
}

function addressOf(transport: EngineTransport, platform: NodeJS.Platform): string {
  const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
  switch (transport.kind) {
    case 'socket':
      return `${platform === 'win32' ? 'npipe' : 'unix'}://${transport.path}`;
    case 'tcp':
      return `tcp://${bracketed(transport.host)}:${transport.port}`;
    case 'ssh': {
      const user = transport.user === null ? '' : `${transport.user}@`;
      const port = transport.port === null ? '' : `:${transport.port}`;
      return `ssh://${user}${bracketed(transport.host)}${port}${transport.socketPath ?? ''}`;
    }
  }
}

function unusable(chosenBy: string, why: string): OperationalError {
  return new OperationalError({
    what: `the engine's address from ${chosenBy} cannot be used`,
    why,
    hint: 'unix:///var/run/docker.sock, tcp://HOST:2376 or ssh://USER@HOST are addresses of engines; `docker context ls` shows yours',
  });
}

function configFolder({ environment, homeFolder }: ClientSurroundings): string {
  return textOf(environment['DOCKER_CONFIG']) ?? join(homeFolder, '.docker');
}

/** An unreadable config.json chooses nothing, as with the docker client, which only warns. */
function currentContext(surroundings: ClientSurroundings): string | null {
  const config = jsonOf(join(configFolder(surroundings), 'config.json'));
  const name = config?.['currentContext'];
  return typeof name === 'string' ? textOf(name) : null;
}

function jsonOf(path: string): Readonly<Record<string, unknown>> | null {
  const text = readOrNull(path);
  if (text === null) return null;
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return null;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** docker/cli cli/context/store: a context's folder is the SHA-256 of its name. */
function contextNamed(name: string, by: string, surroundings: ClientSurroundings): { readonly host: string; readonly tls: EngineTls | null } {
  const contexts = join(configFolder(surroundings), 'contexts');
  const digest = createHash('sha256').update(name).digest('hex');
  const meta = join(contexts, 'meta', digest, 'meta.json');
  const endpoint = objectOf(objectOf(jsonOf(meta)?.['Endpoints'])?.['docker']);
  if (endpoint === null)
    throw new OperationalError({
      what: `${by} cannot be used`,
      why: existsSync(meta) ? `${meta} names no Docker endpoint` : `${meta} does not exist`,
      hint: '`docker context ls` shows the contexts there are; `docker context use default` goes back to the local engine',
    });
  const host = endpoint['Host'];
  const tlsFolder = join(contexts, 'tls', digest, 'docker');
  const ca = readOrNull(join(tlsFolder, 'ca.pem'));
  const certificate = readOrNull(join(tlsFolder, 'cert.pem'));
  const key = readOrNull(join(tlsFolder, 'key.pem'));
  const verify = endpoint['SkipTLSVerify'] !== true;
  // docker/cli cli/context/docker/load.go `tlsConfig`: no file and nothing to skip means no TLS.
  const tls = ca === null && certificate === null && key === null && verify ? null : { ca, certificate, key, verify };
  return { host: typeof host === 'string' && host !== '' ? host : `unix://${surroundings.defaultSocket}`, tls };
}

/** docker/cli cli/flags/options.go: any text turns `DOCKER_TLS` and `DOCKER_TLS_VERIFY` on, even `0`. */
function tlsOfEnvironment(surroundings: ClientSurroundings): EngineTls | null {
  const { environment } = surroundings;
  const verify = (environment['DOCKER_TLS_VERIFY'] ?? '') !== '';
  if (!verify && (environment['DOCKER_TLS'] ?? '') === '') return null;
  const folder = textOf(environment['DOCKER_CERT_PATH']) ?? configFolder(surroundings);
  const ca = readOrNull(join(folder, 'ca.pem'));
  if (ca === null && verify)
    throw new OperationalError({
      what: 'the engine cannot be verified',
      why: `DOCKER_TLS_VERIFY is set, and ${join(folder, 'ca.pem')} cannot be read`,
      hint: 'set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem',
    });
  return { ca, certificate: readOrNull(join(folder, 'cert.pem')), key: readOrNull(join(folder, 'key.pem')), verify };
}
