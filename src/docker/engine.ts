import type { Readable } from 'node:stream';

/** A JSON value as the engine's API returns it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** What the engine says of itself. */
export interface EngineFacts {
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  /** The engine's own host name. */
  readonly hostName: string;
  readonly rootDirectory: string;
  /** A rootless engine keeps its bridges in a network namespace of its own. */
  readonly rootless: boolean;
}

/** A line of `docker ps -a`. */
export interface ContainerListing {
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  readonly image: string;
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface NetworkListing {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

export interface LogQuery {
  readonly follow: boolean;
  /** Docker's own stamp, inclusive: `seconds.nanoseconds`; null from the beginning. */
  readonly since: string | null;
  /** The newest so many lines; null for all. */
  readonly tail: number | null;
}

/** A throw-away container that captures packets. */
export interface SidecarOrder {
  readonly image: string;
  readonly command: readonly string[];
  /** `host`, or `container:<id>`. */
  readonly networkMode: string;
  readonly capabilities: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface Sidecar {
  readonly id: string;
  /** What it writes: Docker's multiplexed stream, see `stream-demuxer`. Attached before it starts, so that nothing is missed. */
  readonly output: Readable;
  signal(name: 'SIGINT' | 'SIGKILL'): Promise<void>;
  /** Resolves when it has ended. */
  wait(): Promise<{ readonly exitCode: number }>;
  /** Removes it, running or not; once removed, does nothing. */
  remove(): Promise<void>;
}

/**
 * What this product needs of a Docker engine: a small interface over dockerode. Every method but `inspect…` throws an `OperationalError` when the engine
 * refuses or does not answer; `inspect…` gives null for what is gone.
 */
export interface Engine {
  /** How the engine is reached, for people: without credentials. */
  readonly address: string;
  facts(): Promise<EngineFacts>;
  containers(): Promise<readonly ContainerListing[]>;
  networks(): Promise<readonly NetworkListing[]>;
  /** Local images: all names of each. */
  images(): Promise<readonly { readonly id: string; readonly names: readonly string[] }[]>;
  inspectContainer(id: string): Promise<JsonObject | null>;
  inspectNetwork(id: string): Promise<JsonObject | null>;
  /** With Docker's stamps. Multiplexed unless the container has a terminal. Destroy it to stop following. */
  logs(containerId: string, query: LogQuery): Promise<Readable>;
  /** Newline-delimited JSON of container and network events since `since` (`seconds.nanoseconds`), without end. */
  events(since: string | null): Promise<Readable>;
  startSidecar(order: SidecarOrder): Promise<Sidecar>;
  removeContainer(id: string): Promise<void>;
  /** Only with the user's consent. */
  pull(image: string): Promise<void>;
}
