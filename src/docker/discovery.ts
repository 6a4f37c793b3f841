import { OperationalError } from '../recording/operational-error.js';
import { type ContainerFacts, parseInspect } from '../topology/inspect.js';
import { bridgeOf } from './capture-plan.js';
import type { Engine, JsonObject } from './engine.js';
import { objectOf, textOf } from './engine-json.js';
import { type LogRotation, logRotationOf } from './log-follower.js';

export type NodeRole = 'peer' | 'orderer' | 'cli' | 'chaincode' | 'ca' | 'database' | 'broker' | 'other';

/** One container of a Fabric network, as it is now. */
export interface FabricNode {
  readonly role: NodeRole;
  readonly name: string;
  readonly containerId: string;
  /** Of Docker Compose; null without it. */
  readonly project: string | null;
  readonly service: string | null;
  /** Null for what has none: a certificate authority, a database. */
  readonly mspId: string | null;
  /** `host:port` under which other nodes reach it; null where its environment does not tell. */
  readonly endpoint: string | null;
  /** Numbers such as `2.2.15`, from the image's tag or label; null for `latest` and the like. */
  readonly fabricVersion: string | null;
  readonly image: string;
  /** Docker's: `running`, `exited`, `paused`, … */
  readonly state: string;
  /** Names of its Docker networks. */
  readonly networks: readonly string[];
  readonly addresses: readonly { readonly network: string; readonly address: string }[];
  /** `FABRIC_LOGGING_…`, `CORE_LOGGING_…` and `ORDERER_GENERAL_LOG…` of its environment. */
  readonly loggingEnvironment: Readonly<Record<string, string>>;
  /** Where it serves metrics and `/logspec`; null where its environment does not tell. */
  readonly operationsAddress: string | null;
  readonly hasTerminal: boolean;
  readonly logDriver: string;
  /** Null where its log never rotates. */
  readonly logRotation: LogRotation | null;
  /** Other drivers than Docker's own keep a copy that can be read (Docker 20.10) unless `cache-disabled` is set. */
  readonly logCacheDisabled: boolean;
}

/** A Docker network that Fabric's containers are in. */
export interface FabricDockerNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  /** The interface on the engine's host; null for a network that has none there (host, overlay, macvlan). */
  readonly bridgeInterface: string | null;
}

/** Containers that belong together: by Compose project, and by the Docker networks they share. */
export interface FabricNetwork {
  /** The Compose project's name, else the Docker network's. */
  readonly name: string;
  readonly networks: readonly FabricDockerNetwork[];
  /** Peers first, then orderers and the others; by name within. */
  readonly nodes: readonly FabricNode[];
}

/** What the user chose by; an empty list chooses everything. */
export interface Selection {
  readonly projects: readonly string[];
  readonly networks: readonly string[];
  /** A name, the beginning of an id (four digits or more), or a Compose service. */
  readonly containers: readonly string[];
}

const ROLE_ORDER: readonly NodeRole[] = ['peer', 'orderer', 'cli', 'chaincode', 'ca', 'database', 'broker', 'other'];

/** Networks that every engine has: to be in one does not join containers. */
const COMMON_NETWORKS = new Set(['bridge', 'host', 'none', 'podman']);

const textsOf = (object: JsonObject): Record<string, string> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, textOf(value)]));
const nonEmpty = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The Fabric networks on an engine now. A container that goes away meanwhile is left out. Errors are the engine's. */
export async function findFabricNetworks(engine: Engine): Promise<readonly FabricNetwork[]> {
  const [containers, networks] = await Promise.all([engine.containers(), engine.networks()]);
  const inspectAll = async (ids: readonly string[], inspect: (id: string) => Promise<JsonObject | null>): Promise<readonly JsonObject[]> => {
    const found: JsonObject[] = [];
    const waiting = [...ids];
    const work = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        const record = await inspect(id);
        if (record !== null) found.push(record);
      }
    };
    await Promise.all(Array.from({ length: INSPECTIONS_AT_ONCE }, work));
    return found;
  };
  return fabricNetworksOf({
    containers: await inspectAll(
      containers.map((c) => c.id),
      (id) => engine.inspectContainer(id),
    ),
    networks: networks.map((n) => ({ Id: n.id, Name: n.name, Driver: n.driver, Options: n.options })),
  });
}

const INSPECTIONS_AT_ONCE = 8;

/**
 * The Fabric networks among containers and networks as `docker inspect` and `docker network inspect` (or `network ls` of the API) tell them. What a
 * container is, its command, image, environment and labels decide, never its name. A database or message broker counts only beside Fabric's own.
 */
export function fabricNetworksOf(inspected: {
  readonly containers: readonly JsonObject[];
  readonly networks: readonly JsonObject[];
}): readonly FabricNetwork[] {
  const nodes = inspected.containers.flatMap((record) => {
    const node = fabricNodeOf(record);
    return node === null ? [] : [node];
  });
  const dockerNetworks = inspected.networks.map(dockerNetworkOf);
  const groups = groupsOf(nodes)
    .filter((group) => group.some((n) => n.role !== 'database' && n.role !== 'broker'))
    .map((group) => networkOf(group, dockerNetworks));
  return groups.sort((a, b) => compare(a.name, b.name) || compare(a.nodes[0]?.containerId ?? '', b.nodes[0]?.containerId ?? ''));
}

function dockerNetworkOf(record: JsonObject): FabricDockerNetwork {
  const id = textOf(record['Id']);
  const name = textOf(record['Name']);
  const driver = textOf(record['Driver']);
  return { id, name, driver, bridgeInterface: bridgeOf({ id, driver, options: textsOf(objectOf(record['Options'])) }) };
}

/** What an inspected container is in a Fabric network; null for one that is none of Fabric's. */
export function fabricNodeOf(record: JsonObject): FabricNode | null {
  const facts = parseInspect(JSON.stringify(record), 'docker inspect')?.containers[0];
  if (facts === undefined) return null;
  const config = objectOf(record['Config']);
  const labels = textsOf(objectOf(config['Labels']));
  const image = textOf(config['Image']);
  const command = [textOf(record['Path']), ...(Array.isArray(record['Args']) ? record['Args'].map(textOf) : [])].join(' ');
  const networkNames = Object.keys(objectOf(objectOf(record['NetworkSettings'])['Networks']));
  const isThrowAway = objectOf(record['HostConfig'])['AutoRemove'] === true && networkNames.every((name) => COMMON_NETWORKS.has(name));
  const role = roleOf(facts, image, command, labels, isThrowAway);
  if (role === null) return null;
  const { environment } = facts;
  const logConfig = objectOf(objectOf(record['HostConfig'])['LogConfig']);
  return {
    role,
    name: facts.name,
    containerId: facts.id,
    project: nonEmpty(labels['com.docker.compose.project']),
    service: nonEmpty(labels['com.docker.compose.service']),
    mspId: nonEmpty(role === 'orderer' ? environment['ORDERER_GENERAL_LOCALMSPID'] : environment['CORE_PEER_LOCALMSPID']),
    endpoint: endpointOf(role, facts.name, environment),
    fabricVersion: role === 'database' || role === 'broker' ? null : versionOf(image, labels),
    image,
    state: textOf(objectOf(record['State'])['Status']) || (facts.running ? 'running' : 'exited'),
    networks: Object.keys(objectOf(objectOf(record['NetworkSettings'])['Networks'])).sort(),
    addresses: facts.addresses.map(({ network, address }) => ({ network, address })),
    loggingEnvironment: Object.fromEntries(
      Object.entries(environment).filter(([key]) => /^(?:FABRIC_LOGGING_|CORE_LOGGING_|ORDERER_GENERAL_LOG)/.test(key)),
    ),
    operationsAddress: nonEmpty(environment[role === 'orderer' ? 'ORDERER_OPERATIONS_LISTENADDRESS' : 'CORE_OPERATIONS_LISTENADDRESS']),
    hasTerminal: config['Tty'] === true,
    logDriver: textOf(logConfig['Type']),
    logRotation: logRotationOf(record),
    logCacheDisabled: objectOf(logConfig['Config'])['cache-disabled'] === 'true',
  };
}

/** Images are matched behind any registry and path, before a tag or digest. */
const imageNamed = (image: string, names: string): boolean => new RegExp(`(?:^|/)(?:${names})(?:[:@]|$)`).test(image);

/**
 * What comes and goes without a part in a network: a chaincode's builder (core.yaml `chaincode.builder`), a step of an image's build (its image is another
 * step's id), a tool run once outside of any network as in `docker run --rm hyperledger/fabric-tools peer version`.
 */
const isPassing = (image: string, throwAway: boolean): boolean =>
  throwAway || imageNamed(image, 'fabric-(?:ccenv|javaenv|nodeenv|baseos|baseimage)') || /^(?:sha256:)?[0-9a-f]{12,64}$/.test(image);

function roleOf(
  facts: ContainerFacts,
  image: string,
  command: string,
  labels: Readonly<Record<string, string>>,
  throwAway: boolean,
): NodeRole | null {
  const { environment } = facts;
  // core/container/dockercontroller names chaincode images after peer, chaincode and a SHA-256; 2.x chaincode servers have an address instead.
  const isChaincode =
    ['CORE_CHAINCODE_ID_NAME', 'CORE_CHAINCODE_ID', 'CHAINCODE_SERVER_ADDRESS'].some((key) => key in environment) ||
    Object.keys(labels).some((key) => key.startsWith('org.hyperledger.fabric.chaincode.')) ||
    /-[0-9a-f]{64}(?::|$)/.test(image);
  if (isChaincode) return isPassing(image, false) ? null : 'chaincode';
  if (facts.role === 'peer' || facts.role === 'orderer') return facts.role;
  if (/(?:^|\/|\s)fabric-ca-server(?:\s|$)/.test(command) || imageNamed(image, 'fabric-ca')) return 'ca';
  if (facts.role === 'client') return isPassing(image, throwAway) ? null : 'cli';
  if (Object.keys(environment).some((key) => key.startsWith('FABRIC_CA_SERVER_'))) return 'ca';
  if (imageNamed(image, 'fabric-couchdb|couchdb')) return 'database';
  if (imageNamed(image, 'fabric-kafka|fabric-zookeeper')) return 'broker';
  // fabric-samples' test-network labels everything so.
  const isFabrics = labels['service'] === 'hyperledger-fabric' || Object.keys(labels).some((key) => key.startsWith('org.hyperledger.fabric.'));
  return isFabrics ? 'other' : null;
}

function versionOf(image: string, labels: Readonly<Record<string, string>>): string | null {
  // Tags of 1.x may begin with the machine's name: amd64-1.4.4.
  const tag = image.match(/:(?:[a-z0-9_]+-)?v?(\d+\.\d+(?:\.\d+)?(?:-[a-z]+[\w.-]*)?)$/i)?.[1];
  return tag ?? nonEmpty(labels['org.hyperledger.fabric.version']?.match(/\d+\.\d+(?:\.\d+)?/)?.[0]);
}

function endpointOf(role: NodeRole, name: string, environment: Readonly<Record<string, string>>): string | null {
  switch (role) {
    case 'peer':
      return nonEmpty(environment['CORE_PEER_GOSSIP_EXTERNALENDPOINT']) ?? nonEmpty(environment['CORE_PEER_ADDRESS']);
    case 'orderer':
      // orderer.yaml's own port.
      return `${name}:${nonEmpty(environment['ORDERER_GENERAL_LISTENPORT']) ?? '7050'}`;
    case 'ca':
      // fabric-ca-server's default port.
      return `${name}:${nonEmpty(environment['FABRIC_CA_SERVER_PORT']) ?? '7054'}`;
    case 'chaincode':
      return nonEmpty(environment['CHAINCODE_SERVER_ADDRESS']);
    default:
      return null;
  }
}

/** Nodes that share a Compose project or a Docker network of their own, directly or over others. */
function groupsOf(nodes: readonly FabricNode[]): readonly (readonly FabricNode[])[] {
  const groups: { keys: Set<string>; nodes: FabricNode[] }[] = [];
  for (const node of nodes) {
    const shared = node.networks.filter((name) => !COMMON_NETWORKS.has(name));
    const keys = new Set([...(node.project === null ? [] : [`project ${node.project}`]), ...shared.map((name) => `network ${name}`)]);
    // Nothing of its own: with the others in the same common network.
    if (keys.size === 0) keys.add(`network ${node.networks[0] ?? 'none'}`);
    const touched = groups.filter((group) => [...keys].some((key) => group.keys.has(key)));
    const merged = { keys: new Set([...keys, ...touched.flatMap((g) => [...g.keys])]), nodes: [...touched.flatMap((g) => g.nodes), node] };
    for (const group of touched) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups.map((group) => group.nodes);
}

function networkOf(group: readonly FabricNode[], dockerNetworks: readonly FabricDockerNetwork[]): FabricNetwork {
  const nodes = [...group].sort((a, b) => ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role) || compare(a.name, b.name));
  const projects = [...new Set(nodes.flatMap((n) => (n.project === null ? [] : [n.project])))].sort();
  const names = [...new Set(nodes.flatMap((n) => n.networks))].sort();
  const inUse = dockerNetworks.filter((network) => names.includes(network.name)).sort((a, b) => compare(a.name, b.name));
  return {
    name: projects.length > 0 ? projects.join('+') : (names.find((name) => !COMMON_NETWORKS.has(name)) ?? names[0] ?? 'none'),
    networks: inUse,
    nodes,
  };
}

/** Whether a container word of a {@link Selection} means this node. */
function isNamed(node: FabricNode, word: string): boolean {
  return node.name === word || node.service === word || (/^[0-9a-f]{4,64}$/.test(word) && node.containerId.startsWith(word));
}

function isInNetwork(network: FabricNetwork, node: FabricNode, word: string): boolean {
  return network.networks.some(
    (n) => node.networks.includes(n.name) && (n.name === word || (/^[0-9a-f]{4,64}$/.test(word) && n.id.startsWith(word))),
  );
}

/** Whether `node` of `network` is chosen: by every kind of choice that was made, and by one word of it. */
export function isSelected(network: FabricNetwork, node: FabricNode, selection: Selection): boolean {
  const { projects, networks, containers } = selection;
  return (
    // What has no project of its own, such as chaincode, goes with the network it is in.
    (projects.length === 0 || projects.includes(node.project ?? '') || projects.includes(network.name) || isOfProject(network, node, projects)) &&
    (networks.length === 0 || networks.some((word) => isInNetwork(network, node, word))) &&
    (containers.length === 0 || containers.some((word) => isNamed(node, word)))
  );
}

function isOfProject(network: FabricNetwork, node: FabricNode, projects: readonly string[]): boolean {
  if (node.project !== null) return false;
  return network.nodes.some((n) => n.project !== null && projects.includes(n.project) && n.networks.some((name) => node.networks.includes(name)));
}

/**
 * The part of `found` that was chosen; networks without a chosen node are left out, and Docker networks without one too. Throws an `OperationalError` that
 * lists what there is where a word chooses nothing, or all together do. An empty selection chooses everything, also where that is nothing.
 */
export function selectContainers(found: readonly FabricNetwork[], selection: Selection): readonly FabricNetwork[] {
  const all = found.flatMap((network) => network.nodes.map((node) => ({ network, node })));
  const kinds = [
    { option: '--project', words: selection.projects, only: (word: string): Selection => ({ projects: [word], networks: [], containers: [] }) },
    { option: '--network', words: selection.networks, only: (word: string): Selection => ({ projects: [], networks: [word], containers: [] }) },
    { option: '--container', words: selection.containers, only: (word: string): Selection => ({ projects: [], networks: [], containers: [word] }) },
  ];
  for (const { option, words, only } of kinds)
    for (const word of words)
      if (!all.some(({ network, node }) => isSelected(network, node, only(word))))
        throw nothingSelected(`${option} ${word} chooses no container of a Fabric network`, found);
  const chosen = found.flatMap((network) => {
    const nodes = network.nodes.filter((node) => isSelected(network, node, selection));
    const networks = network.networks.filter((n) => nodes.some((node) => node.networks.includes(n.name)));
    return nodes.length === 0 ? [] : [{ name: network.name, networks, nodes }];
  });
  if (chosen.length === 0 && kinds.some((kind) => kind.words.length > 0))
    throw nothingSelected('these choices together choose no container of a Fabric network', found);
  return chosen;
}

const LISTED_LIMIT = 20;

function nothingSelected(what: string, found: readonly FabricNetwork[]): OperationalError {
  const listed = (names: readonly string[]): string => {
    const shown = [...new Set(names)].sort();
    return shown.length === 0 ? 'none' : `${shown.slice(0, LISTED_LIMIT).join(', ')}${shown.length > LISTED_LIMIT ? ', …' : ''}`;
  };
  const nodes = found.flatMap((network) => network.nodes);
  return new OperationalError({
    what,
    why:
      nodes.length === 0
        ? 'there is no container of a Fabric network on this engine'
        : `there are the projects ${listed(nodes.flatMap((n) => n.project ?? []))}; networks ${listed(found.flatMap((f) => f.networks.map((n) => n.name)))}; containers ${listed(nodes.map((n) => n.name))}`,
    hint: 'gossipscope nodes',
  });
}
