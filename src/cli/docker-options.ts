import { homedir, hostname, release } from 'node:os';
import type { Argv } from 'yargs';
import { bridgeOf } from '../docker/capture-plan.js';
import type { Selection } from '../docker/discovery.js';
import { connectEngine } from '../docker/dockerode-engine.js';
import type { Engine, EngineFacts } from '../docker/engine.js';
import { DEFAULT_SOCKET, type EngineEndpoint, resolveEngineEndpoint } from '../docker/engine-endpoint.js';
import { type EngineLocation, engineLocation } from '../docker/engine-location.js';
import { listHostInterfaces } from '../docker/host-tcpdump.js';

/** What the commands that use Docker have in common. */
export interface DockerArguments {
  readonly project: readonly string[];
  readonly network: readonly string[];
  readonly container: readonly string[];
  readonly 'docker-host': string | undefined;
}

/** Adds the options that choose an engine and containers on it. */
export function withDockerOptions<T>(yargs: Argv<T>): Argv<T & DockerArguments> {
  const words = { type: 'string', array: true, requiresArg: true, default: [] as readonly string[] } as const;
  return yargs
    .option('project', { ...words, describe: 'only these Docker Compose projects', defaultDescription: 'all' })
    .option('network', { ...words, describe: 'only containers in these Docker networks (name or id)', defaultDescription: 'all' })
    .option('container', { ...words, describe: 'only these containers (name, id or Compose service)', defaultDescription: 'all' })
    .option('docker-host', {
      type: 'string',
      requiresArg: true,
      describe: 'the engine, as docker -H takes it [default: DOCKER_HOST, the docker context, the local engine]',
    }) as unknown as Argv<T & DockerArguments>;
}

/** What `--project`, `--network` and `--container` choose. */
export function selectionOf(args: DockerArguments): Selection {
  return { projects: args.project, networks: args.network, containers: args.container };
}

/** The engine these arguments and the process's environment choose. Throws an `OperationalError` where the address cannot be used. */
export function endpointOf(args: Pick<DockerArguments, 'docker-host'>): EngineEndpoint {
  const surroundings = { environment: process.env, homeFolder: homedir(), platform: process.platform, defaultSocket: DEFAULT_SOCKET };
  return resolveEngineEndpoint(surroundings, args['docker-host'] ?? null);
}

export interface OpenedEngine {
  readonly engine: Engine;
  readonly location: EngineLocation;
  readonly facts: EngineFacts;
}

/** The chosen engine, once it has answered. Throws an `OperationalError` that says why it does not. */
export async function openEngine(args: Pick<DockerArguments, 'docker-host'>): Promise<OpenedEngine> {
  const engine = connectEngine(endpointOf(args));
  const [facts, networks, interfaces] = await Promise.all([engine.facts(), engine.networks(), listHostInterfaces()]);
  const bridges = networks.flatMap((n) => bridgeOf(n) ?? []);
  const host = { hostName: hostname(), kernelVersion: release(), interfaces };
  return { engine, facts, location: engineLocation(facts, engine.address, host, bridges) };
}
