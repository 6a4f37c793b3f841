import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { scratchFolder } from '../command-line.js';
import { until } from '../until.js';
import { importBusybox } from './busybox-image.js';

/** All that these tests make carries this label, so that what a killed run left is found. */
const LABEL = 'gossipscope.test';
const REGISTRY = 'localhost/hyperledger';

export type Stream = 'stdout' | 'stderr';

/** What one container printed: the truth that a recording is compared with. */
export interface Printed {
  readonly containerId: string;
  readonly name: string;
  readonly stream: Stream;
  readonly bytes: Buffer;
}

export interface NodeOrder {
  readonly name: string;
  readonly kind: 'peer' | 'orderer' | 'tools';
  readonly environment?: readonly string[];
  readonly service?: string;
  readonly address?: string;
  readonly terminal?: boolean;
  readonly logDriver?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
}

/** A pipe that the test writes and a container reads. Open in both directions, so that neither a missing nor a killed reader ends it. */
class Feed {
  readonly #descriptor: number;
  #ended = false;

  constructor(path: string) {
    if (spawnSync('mkfifo', ['-m', '666', path]).status !== 0) throw new Error(`mkfifo ${path} failed`);
    this.#descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(this.#descriptor, bytes, at, Math.min(bytes.length - at, 4096));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        await sleep(5);
      }
    }
  }

  /** The reader sees the end after all that was written. Ended twice, it does nothing. */
  end(): void {
    if (!this.#ended) closeSync(this.#descriptor);
    this.#ended = true;
  }
}

interface LiveNode {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly feeds: Readonly<Record<Stream | 'orders', Feed>>;
  readonly printed: Record<Stream, Buffer[]>;
}

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

/** Containers on a bridge network of their own, named and labelled as docker-compose does, that print and send what the test tells them. */
export class ReplayedNetwork {
  readonly docker: Docker;
  readonly project: string;
  readonly networkName: string;
  readonly #version: string;
  readonly #nodes = new Map<string, LiveNode>();
  readonly #gone: LiveNode[] = [];
  readonly #feeds: Feed[] = [];
  readonly #folder = scratchFolder();
  #networkId = '';
  #subnet = '';
  #made = 0;
  #dialled = 0;

  /** `version`: the Fabric version in the images' tags. */
  constructor(socketPath: string, project: string, version = '1.4.12') {
    // A kept connection would not survive the engine's restart.
    this.docker = new Docker({ socketPath, agent: new Agent({ keepAlive: false }) } as Docker.DockerOptions);
    this.project = project;
    this.networkName = `${project}_byfn`;
    this.#version = version;
  }

  #image(kind: NodeOrder['kind']): string {
    return `${REGISTRY}/fabric-${kind}:${this.#version}`;
  }

  /** Removes what an earlier run left under this project, and imports the image. */
  async prepare(): Promise<void> {
    await this.#removeLeftOvers();
    await importBusybox(this.docker, [this.#image('peer'), this.#image('orderer'), this.#image('tools')]);
  }

  /** Makes the bridge network, on the first free of some private subnets. */
  async createNetwork(): Promise<void> {
    for (let third = 0; ; third++) {
      this.#subnet = `10.213.${third}`;
      try {
        const network = await this.docker.createNetwork({
          Name: this.networkName,
          CheckDuplicate: true,
          IPAM: { Driver: 'default', Config: [{ Subnet: `${this.#subnet}.0/24`, Gateway: `${this.#subnet}.1` }] },
          Labels: {
            [LABEL]: this.project,
            'com.docker.compose.network': 'byfn',
            'com.docker.compose.project': this.project,
            'com.docker.compose.version': '1.29.2',
          },
        });
        this.#networkId = network.id;
        return;
      } catch (error) {
        if (third === 255 || !/overlap/i.test(String(error))) throw error;
      }
    }
  }

  /** The address here of the node that had `recorded` in the recording: the same host number. */
  address(recorded: string): string {
    return recorded.replace(/^\d+\.\d+\.\d+/, this.#subnet);
  }

  #feed(path: string): Feed {
    const feed = new Feed(path);
    this.#feeds.push(feed);
    return feed;
  }

  /** Creates a container and starts it. One of the same name must be removed before. */
  async addNode(order: NodeOrder): Promise<string> {
    const folder = join(this.#folder, `${++this.#made}`);
    mkdirSync(folder, { mode: 0o777 });
    const feeds = {
      stdout: this.#feed(join(folder, 'stdout')),
      stderr: this.#feed(join(folder, 'stderr')),
      orders: this.#feed(join(folder, 'orders')),
    };
    const service = order.service ?? order.name;
    const container = await this.docker.createContainer({
      name: order.name,
      Image: this.#image(order.kind),
      Cmd: { peer: ['peer', 'node', 'start'], orderer: ['orderer'], tools: ['client'] }[order.kind],
      Env: [...(order.environment ?? [])],
      Tty: order.terminal ?? false,
      Labels: {
        [LABEL]: this.project,
        'com.docker.compose.project': this.project,
        'com.docker.compose.service': service,
        'com.docker.compose.container-number': '1',
        'com.docker.compose.oneoff': 'False',
        'com.docker.compose.version': '1.29.2',
      },
      HostConfig: {
        Binds: [`${folder}:/feed`],
        NetworkMode: this.networkName,
        LogConfig: order.logDriver ?? { Type: 'json-file', Config: {} },
      } as Docker.HostConfig,
      NetworkingConfig: {
        EndpointsConfig: {
          [this.networkName]: { Aliases: [service], ...(order.address === undefined ? {} : { IPAMConfig: { IPv4Address: order.address } }) },
        },
      },
    });
    this.#nodes.set(order.name, { id: container.id, name: order.name, folder, feeds, printed: { stdout: [], stderr: [] } });
    await container.start();
    return container.id;
  }

  #node(name: string): LiveNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  container(name: string): Docker.Container {
    return this.docker.getContainer(this.#node(name).id);
  }

  has(name: string): boolean {
    return this.#nodes.has(name);
  }

  get network(): Docker.Network {
    return this.docker.getNetwork(this.#networkId);
  }

  /** The bridge's name on the engine's host. */
  get bridge(): string {
    return `br-${this.#networkId.slice(0, 12)}`;
  }

  /** Has the node print `bytes`, and remembers that. */
  async print(name: string, stream: Stream, bytes: string | Uint8Array): Promise<void> {
    const node = this.#node(name);
    const raw = Buffer.from(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    node.printed[stream].push(raw);
    await node.feeds[stream].write(raw);
  }

  async #order(name: string, ...words: readonly (string | number)[]): Promise<void> {
    await this.#node(name).feeds.orders.write(Buffer.from(`/usr/local/bin/${words.join(' ')}\n`));
  }

  /** What every container printed so far, those too that are gone; streams that stayed silent are left out. */
  printed(): readonly Printed[] {
    return [...this.#gone, ...this.#nodes.values()].flatMap(({ id, name, printed }) =>
      (['stdout', 'stderr'] as const)
        .filter((stream) => printed[stream].length > 0)
        .map((stream) => ({ containerId: id, name, stream, bytes: Buffer.concat(printed[stream]) })),
    );
  }

  /** Waits until the engine itself holds every byte that these nodes (all, when none is named) printed. */
  async settled(...names: readonly string[]): Promise<void> {
    for (const node of names.length === 0 ? this.#nodes.values() : names.map((name) => this.#node(name))) {
      const wanted = [...node.printed.stdout, ...node.printed.stderr].reduce((newlines, b) => newlines + countNewlines(b), 0);
      await until(`the engine to hold ${wanted} lines of ${node.name}`, async () => {
        const got = await this.docker.getContainer(node.id).logs({ stdout: true, stderr: true, follow: false });
        return countNewlines(got) >= wanted;
      });
    }
  }

  /** Removes the container for good; what it printed stays remembered. */
  async removeNode(name: string): Promise<void> {
    const node = this.#node(name);
    await this.docker.getContainer(node.id).remove({ force: true, v: true });
    this.#nodes.delete(name);
    this.#gone.push(node);
  }

  /** Lets the node's program end by itself once it has printed all it was given, as a process that exits. */
  async finish(name: string): Promise<void> {
    const node = this.#node(name);
    for (const feed of Object.values(node.feeds)) feed.end();
    await this.docker.getContainer(node.id).wait();
  }

  /** The node's address on this network. */
  async addressOf(name: string): Promise<string> {
    const inspected = await this.container(name).inspect();
    return inspected.NetworkSettings.Networks[this.networkName]?.IPAddress ?? '';
  }

  /** Its name changes as `docker rename` does it. */
  async rename(name: string, to: string): Promise<void> {
    const node = this.#node(name);
    await this.docker.getContainer(node.id).rename({ name: to });
    this.#nodes.delete(name);
    this.#nodes.set(to, node);
  }

  /** Opens a listening port in a node and waits until it is open. */
  async listen(name: string, port: number): Promise<void> {
    await this.#order(name, 'listen', port);
    await until(`${name} to listen on ${port}`, () => existsSync(join(this.#node(name).folder, `${port}.listening`)));
  }

  /** Lets `client` connect to `server`. */
  async connect(client: string, server: string, serverAddress: string, serverPort: number): Promise<LiveConnection> {
    const number = ++this.#dialled;
    const place = (end: string): string => join(this.#node(client).folder, `${number}.${end}`);
    const there = this.#feed(place('there'));
    await this.#order(client, 'connect', number, serverAddress, serverPort);
    await until('a connection or a refusal', () => sizeOf(place('port')) > 0 || existsSync(place('ended')));
    if (existsSync(place('ended'))) return new LiveConnection(null, { feed: there, arrived: '' }, { feed: there, arrived: '' }, place('ended'));
    const port = Number(readFileSync(place('port'), 'utf8'));
    const serverFolder = this.#node(server).folder;
    return new LiveConnection(
      port,
      { feed: there, arrived: join(serverFolder, `${port}.arrived-there`) },
      { feed: this.#feed(join(serverFolder, `${port}.back`)), arrived: place('arrived-back') },
      place('ended'),
    );
  }

  async #removeLeftOvers(): Promise<void> {
    const filters = { label: [`${LABEL}=${this.project}`] };
    for (const { Id } of await this.docker.listContainers({ all: true, filters }))
      await this.docker.getContainer(Id).remove({ force: true, v: true });
    for (const { Id } of await this.docker.listNetworks({ filters })) await this.docker.getNetwork(Id).remove();
  }

  /** As `docker-compose down`: the containers are removed, then the network. What was printed stays remembered. */
  async down(): Promise<void> {
    for (const name of [...this.#nodes.keys()]) await this.removeNode(name);
    await this.network.remove();
  }

  /** Removes containers and networks. */
  async remove(): Promise<void> {
    for (const feed of this.#feeds.splice(0)) feed.end();
    await this.#removeLeftOvers();
  }
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

interface Way {
  readonly feed: Feed;
  /** The file of the other end's container that grows by what arrives. */
  readonly arrived: string;
}

/** One TCP connection between two containers. */
export class LiveConnection {
  /** The client's port; null when nobody listened. */
  readonly clientPort: number | null;
  readonly #ways: Readonly<Record<'there' | 'back', Way>>;
  readonly #endedFile: string;
  readonly #sent = { there: [] as Buffer[], back: [] as Buffer[] };

  constructor(clientPort: number | null, there: Way, back: Way, endedFile: string) {
    this.clientPort = clientPort;
    this.#ways = { there, back };
    this.#endedFile = endedFile;
  }

  sent(way: 'there' | 'back'): Buffer {
    return Buffer.concat(this.#sent[way]);
  }

  async send(way: 'there' | 'back', bytes: Buffer): Promise<void> {
    this.#sent[way].push(bytes);
    await this.#ways[way].feed.write(bytes);
  }

  /** Waits until all that was sent has come. */
  async arrived(): Promise<void> {
    for (const way of ['there', 'back'] as const) {
      const wanted = this.sent(way).length;
      const { arrived } = this.#ways[way];
      await until(`${wanted} bytes in ${arrived}, which has ${sizeOf(arrived)}`, () => existsSync(arrived) && sizeOf(arrived) === wanted);
    }
  }

  /** Closes the connection, this side first as far as the scheduler likes, once all that was sent has come. */
  async close(by: 'client' | 'server'): Promise<void> {
    await this.arrived();
    for (const way of by === 'client' ? (['there', 'back'] as const) : (['back', 'there'] as const)) this.#ways[way].feed.end();
    await until(`end of the connection from port ${this.clientPort}`, () => existsSync(this.#endedFile));
  }
}
