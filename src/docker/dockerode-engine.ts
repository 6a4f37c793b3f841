import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import Docker from 'dockerode';
import type { ContainerListing, Engine, EngineFacts, JsonObject, LogQuery, NetworkListing, Sidecar, SidecarOrder } from './engine.js';
import type { EngineEndpoint, EngineTransport } from './engine-endpoint.js';
import { EngineError, engineErrorOf } from './engine-error.js';
import { sshAgent } from './ssh-connection.js';

/** An engine that has not begun to answer by then hangs. */
const ANSWER_LIMIT_MILLIS = 20_000;
/** Making, starting and removing a container takes a busy engine its time. */
const WORK_LIMIT_MILLIS = 60_000;

/**
 * The engine at `endpoint`. Connects with the first request, and anew with each; none is repeated. Every failure is an `EngineError`, except those of a
 * stream that was already handed out: it ends, or fails with the connection's own error.
 */
export function connectEngine(endpoint: EngineEndpoint): Engine {
  const docker = dockerAt(endpoint);
  const ask = <T>(what: string, request: (signal: AbortSignal) => Promise<T>, limitMillis = ANSWER_LIMIT_MILLIS): Promise<T> =>
    answered(endpoint, what, limitMillis, request);
  const goneIsNull = async (request: Promise<unknown>): Promise<JsonObject | null> => {
    try {
      return (await request) as JsonObject;
    } catch (error) {
      if (error instanceof EngineError && error.failure === 'gone') return null;
      throw error;
    }
  };
  const removeContainer = async (id: string): Promise<void> => {
    const container = docker.getContainer(id);
    await ask(
      `container ${id.slice(0, 12)} cannot be removed`,
      async (abortSignal) => {
        try {
          await container.remove({ force: true, v: true, abortSignal });
        } catch (error) {
          if (!isGoneOrGoing(error)) throw error;
        }
      },
      WORK_LIMIT_MILLIS,
    );
  };
  return {
    address: endpoint.address,
    facts: () =>
      ask('the engine does not tell what it is', async (signal) => {
        const [info, version] = await Promise.all([dial(docker, { path: '/info', signal }), dial(docker, { path: '/version', signal })]);
        return factsOf(info as JsonObject, version as JsonObject);
      }),
    containers: () =>
      ask('the containers cannot be listed', async (abortSignal) =>
        (await docker.listContainers({ all: true, abortSignal })).map(
          (c): ContainerListing => ({
            id: c.Id,
            name: nameOf(c.Names, c.Id),
            image: c.Image,
            state: c.State,
            labels: c.Labels ?? {},
          }),
        ),
      ),
    networks: () =>
      ask('the networks cannot be listed', async (abortSignal) =>
        (await docker.listNetworks({ abortSignal })).map(
          (n): NetworkListing => ({ id: n.Id, name: n.Name, driver: n.Driver, labels: n.Labels ?? {}, options: n.Options ?? {} }),
        ),
      ),
    images: () =>
      ask('the images cannot be listed', async (abortSignal) =>
        (await docker.listImages({ abortSignal })).map((i) => ({
          id: i.Id,
          names: [...(i.RepoTags ?? []), ...(i.RepoDigests ?? [])].filter((name) => !name.startsWith('<none>')),
        })),
      ),
    inspectContainer: (id) =>
      goneIsNull(ask(`container ${id.slice(0, 12)} cannot be inspected`, (abortSignal) => docker.getContainer(id).inspect({ abortSignal }))),
    inspectNetwork: (id) =>
      goneIsNull(
        ask(`network ${id.slice(0, 12)} cannot be inspected`, (signal) => dial(docker, { path: `/networks/${encodeURIComponent(id)}`, signal })),
      ),
    logs: (containerId, query) =>
      ask(`the log of ${containerId.slice(0, 12)} cannot be read`, async (signal) =>
        // dockerode's own `logs` gathers all of it in memory unless it follows.
        streamOf(await dial(docker, { path: `/containers/${containerId}/logs`, query: logQueryOf(query), signal, stream: true })),
      ),
    events: (since) =>
      ask('the events cannot be followed', async (signal) =>
        streamOf(
          await dial(docker, {
            path: '/events',
            query: { filters: JSON.stringify({ type: ['container', 'network'] }), ...(since === null ? {} : { since }) },
            signal,
            stream: true,
          }),
        ),
      ),
    startSidecar: (order) => startSidecar(docker, endpoint, order, removeContainer),
    removeContainer,
    pull: (image) => pull(docker, endpoint, image),
  };
}

function dockerAt(endpoint: EngineEndpoint): Docker {
  // docker-modem mixes in what it makes of DOCKER_HOST and DOCKER_CERT_PATH, and throws where it can make nothing of them.
  const { DOCKER_HOST: hidden } = process.env;
  delete process.env['DOCKER_HOST'];
  try {
    return new Docker({
      ...connectionOf(endpoint.transport),
      version: endpoint.apiVersion === null ? undefined : `v${endpoint.apiVersion}`,
    } as Docker.DockerOptions);
  } finally {
    if (hidden !== undefined) process.env['DOCKER_HOST'] = hidden;
  }
}

/**
 * docker-modem 5.0.7 (`buildRequest`) writes out its options, without limit of depth, for a debug line at every request, also where nobody reads it. An agent
 * holds every open socket: that took ten times as long as all the rest of a recording.
 */
function opaque<T extends object>(agent: T): T {
  return Object.defineProperty(agent, inspect.custom, { value: () => 'Agent' });
}

/** No connection is kept for a next request: an engine that restarted would answer on none of them. */
function connectionOf(transport: EngineTransport): Docker.DockerOptions {
  switch (transport.kind) {
    case 'socket':
      return { socketPath: transport.path, agent: opaque(new HttpAgent({ keepAlive: false })) } as Docker.DockerOptions;
    case 'ssh':
      // The host is for the Host header alone.
      return { host: 'docker.example.com', port: 80, protocol: 'http', agent: opaque(sshAgent(transport)) } as Docker.DockerOptions;
    case 'tcp': {
      const { host, port, tls } = transport;
      if (tls === null) return { host, port, protocol: 'http', agent: opaque(new HttpAgent({ keepAlive: false })) } as Docker.DockerOptions;
      const agent = opaque(
        new HttpsAgent({
          keepAlive: false,
          rejectUnauthorized: tls.verify,
          ...(tls.ca === null ? {} : { ca: tls.ca }),
          ...(tls.certificate === null || tls.key === null ? {} : { cert: tls.certificate, key: tls.key }),
        }),
      );
      return { host, port, protocol: 'https', agent } as Docker.DockerOptions;
    }
  }
}

/** The outcome of `request`, which must begin within the limit; what goes wrong becomes an `EngineError`. */
async function answered<T>(endpoint: EngineEndpoint, what: string, limitMillis: number, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMillis);
  try {
    return await request(limit.signal);
  } catch (error) {
    if (!limit.signal.aborted) throw engineErrorOf(error, what, endpoint);
    throw engineErrorOf(Object.assign(new Error(`it did not answer within ${limitMillis / 1000} s`), { code: 'ETIMEDOUT' }), what, endpoint);
  } finally {
    clearTimeout(timer);
  }
}

interface Dialling {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly stream?: boolean;
}

/** A GET that dockerode has no fitting method for. */
function dial(docker: Docker, { path, query, signal, stream }: Dialling): Promise<unknown> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: query === undefined ? path : `${path}?${new URLSearchParams(query)}&`,
        method: 'GET',
        abortSignal: signal,
        isStream: stream === true,
        statusCodes: { 200: true, 404: 'not found', 500: 'server error' },
      },
      (error: Error | null, result: unknown) => (error === null ? resolve(result) : reject(error)),
    );
  });
}

function streamOf(value: unknown): Readable {
  return value as Readable;
}

function logQueryOf(query: LogQuery): Readonly<Record<string, string>> {
  return {
    stdout: '1',
    stderr: '1',
    timestamps: '1',
    follow: query.follow ? '1' : '0',
    tail: query.tail === null ? 'all' : String(query.tail),
    ...(query.since === null ? {} : { since: query.since }),
  };
}

function factsOf(info: JsonObject, version: JsonObject): EngineFacts {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const security = info['SecurityOptions'];
  return {
    version: text(version['Version']) || text(info['ServerVersion']),
    apiVersion: text(version['ApiVersion']),
    operatingSystem: text(info['OperatingSystem']),
    kernelVersion: text(info['KernelVersion']),
    hostName: text(info['Name']),
    rootDirectory: text(info['DockerRootDir']),
    rootless: Array.isArray(security) && security.some((option) => /(?:^|,)name=rootless(?:,|$)/.test(text(option))),
  };
}

/** Old links add names such as `/other/alias`: the container's own has one slash. */
function nameOf(names: readonly string[] | null, id: string): string {
  const own = names?.find((name) => name.lastIndexOf('/') <= 0) ?? names?.[0];
  return own?.replace(/^\//, '') ?? id.slice(0, 12);
}

function statusOf(error: unknown): number | null {
  const status = typeof error === 'object' && error !== null ? (error as { readonly statusCode?: unknown }).statusCode : null;
  return typeof status === 'number' ? status : null;
}

/** 409 with this wording: moby daemon/delete.go, `removal of container %s is already in progress`. */
function isGoneOrGoing(error: unknown): boolean {
  const status = statusOf(error);
  return status === 404 || (status === 409 && error instanceof Error && /already in progress/.test(error.message));
}

async function startSidecar(
  docker: Docker,
  endpoint: EngineEndpoint,
  order: SidecarOrder,
  removeContainer: (id: string) => Promise<void>,
): Promise<Sidecar> {
  const what = `a container of ${order.image} cannot be started`;
  const [entry, ...rest] = order.command;
  const container = await answered(endpoint, what, WORK_LIMIT_MILLIS, (abortSignal) =>
    docker.createContainer({
      Image: order.image,
      // The image's own entry point is of no use here, and its user may lack the rights that capabilities give to root alone.
      ...(entry === undefined ? {} : { Entrypoint: [entry], Cmd: rest }),
      User: '0:0',
      Labels: { ...order.labels },
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      OpenStdin: false,
      HostConfig: {
        NetworkMode: order.networkMode,
        // Any other driver would write the capture to the engine's disk a second time.
        LogConfig: { Type: 'none', Config: {} },
        CapDrop: ['ALL'],
        CapAdd: [...order.capabilities],
        AutoRemove: false,
      },
      abortSignal,
    }),
  );
  let output: Readable | null = null;
  try {
    output = streamOf(
      await answered(endpoint, what, WORK_LIMIT_MILLIS, (abortSignal) =>
        container.attach({ stream: true, stdout: true, stderr: true, hijack: true, abortSignal }),
      ),
    );
    await answered(endpoint, what, WORK_LIMIT_MILLIS, (abortSignal) => container.start({ abortSignal }));
    return sidecarOf(container, endpoint, output, () => removeContainer(container.id));
  } catch (error) {
    output?.destroy();
    await removeContainer(container.id).catch(() => {});
    throw error;
  }
}

function sidecarOf(container: Docker.Container, endpoint: EngineEndpoint, output: Readable, removeContainer: () => Promise<void>): Sidecar {
  let removed = false;
  const name = container.id.slice(0, 12);
  return {
    id: container.id,
    output,
    signal: (signal) =>
      answered(endpoint, `container ${name} cannot be signalled`, ANSWER_LIMIT_MILLIS, async (abortSignal) => {
        try {
          await container.kill({ signal, abortSignal });
        } catch (error) {
          // One that has ended needs no signal.
          const status = statusOf(error);
          if (status !== 404 && status !== 409) throw error;
        }
      }),
    wait: async () => {
      try {
        const { StatusCode } = (await container.wait()) as { readonly StatusCode: number };
        return { exitCode: StatusCode };
      } catch (error) {
        throw engineErrorOf(error, `container ${name} cannot be waited for`, endpoint);
      }
    },
    remove: async () => {
      if (removed) return;
      await removeContainer();
      removed = true;
      output.destroy();
    },
  };
}

/** The engine reports a failed pull in the stream of its progress, after status 200. */
async function pull(docker: Docker, endpoint: EngineEndpoint, image: string): Promise<void> {
  const what = `the image ${image} cannot be pulled`;
  const progress = await answered(endpoint, what, WORK_LIMIT_MILLIS, () => docker.pull(image));
  try {
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error: Error | null, reports: readonly { readonly error?: string }[]) => {
        const failed = reports.find((report) => report.error !== undefined);
        if (error !== null) reject(error);
        else if (failed !== undefined) reject(Object.assign(new Error(failed.error), { statusCode: 500 }));
        else resolve();
      });
    });
  } catch (error) {
    throw engineErrorOf(error, what, endpoint);
  }
}
