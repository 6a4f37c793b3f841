import type { Evidence } from '../events/evidence.js';
import { type Instant, parseInstant } from '../events/instant.js';
import { LineFinder } from './line-finder.js';

/**
 * What a container is for that is no peer and no orderer. `build`: a peer makes chaincode in it (core.yaml `chaincode.builder`). `tool`: it runs one command of
 * Fabric's and ends, as `docker run --rm hyperledger/fabric-tools peer version` does.
 */
export type ContainerPurpose = 'chaincode' | 'command-line' | 'certificate-authority' | 'database' | 'broker' | 'build' | 'tool';

/** What `docker inspect` tells of one container. It knows only the moment it was asked. */
export interface ContainerFacts {
  readonly source: string;
  /** When Docker was asked; null where nothing says. */
  readonly inspectedAt: Instant | null;
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  readonly role: 'peer' | 'orderer' | 'client' | 'other';
  /** What it is beside peers and orderers; null for these, and where nothing tells. */
  readonly purpose: ContainerPurpose | null;
  /** Names other containers can reach it by: container name, compose service, network aliases, host name; never its id. */
  readonly aliases: readonly string[];
  readonly addresses: readonly { readonly network: string; readonly address: string; readonly evidence: Evidence }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly environmentEvidence: Evidence;
  readonly startedAt: Instant | null;
  readonly startedEvidence: Evidence;
  readonly finishedAt: Instant | null;
  readonly finishedEvidence: Evidence;
  readonly running: boolean;
}

/** What `docker network inspect` tells of one network's members. */
export interface NetworkFacts {
  readonly source: string;
  readonly inspectedAt: Instant | null;
  readonly name: string;
  readonly members: readonly {
    readonly containerId: string;
    readonly containerName: string;
    readonly address: string;
    readonly evidence: Evidence;
  }[];
}

export interface InspectFacts {
  readonly containers: readonly ContainerFacts[];
  readonly networks: readonly NetworkFacts[];
  /** What the cited lines say, for readers: only what is cited, since the rest of an environment may hold secrets. */
  readonly excerpts: ReadonlyMap<number, string>;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const objectOf = (value: Json | undefined): { readonly [key: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as { readonly [key: string]: Json }) : {};
const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** Docker writes this for "never". */
const NEVER = '0001-01-01';

function instantOf(text: string): Instant | null {
  return text === '' || text.startsWith(NEVER) ? null : parseInstant(text);
}

/**
 * The containers and networks in the text of `docker inspect` or `docker network inspect`, or null when `text` is neither.
 * A record of another shape beside them is skipped. `inspectedAt`: when Docker was asked, where a manifest says so.
 */
export function parseInspect(text: string, source: string, inspectedAt: Instant | null = null): InspectFacts | null {
  let parsed: Json;
  try {
    parsed = JSON.parse(text) as Json;
  } catch {
    return null;
  }
  const lines = new LineFinder(text, source);
  const records = (Array.isArray(parsed) ? parsed : [parsed]).map(objectOf);
  const containers = records.filter((r) => 'Config' in r && 'State' in r && 'Id' in r).map((r) => containerOf(r, source, inspectedAt, lines));
  const networks = records.filter((r) => 'Containers' in r && 'IPAM' in r).map((r) => networkOf(r, source, inspectedAt, lines));
  return containers.length + networks.length === 0 ? null : { containers, networks, excerpts: lines.excerpts };
}

/** The settings a report may show; everything else in an environment could be a secret. */
const SHOWN_SETTING =
  /^(?:CORE_PEER_(?:GOSSIP_|ID$|ADDRESS$|LOCALMSPID$|TLS_ENABLED$)|ORDERER_GENERAL_(?:LOCALMSPID|LISTENPORT)$|FABRIC_LOGGING_(?:SPEC|FORMAT)$|CORE_LOGGING_)/;

function containerOf(record: { readonly [key: string]: Json }, source: string, inspectedAt: Instant | null, lines: LineFinder): ContainerFacts {
  const config = objectOf(record['Config']);
  const state = objectOf(record['State']);
  const id = textOf(record['Id']);
  const name = textOf(record['Name']).replace(/^\//, '');
  const environment: Record<string, string> = {};
  for (const entry of listOf(config['Env'])) {
    const pair = textOf(entry);
    const equals = pair.indexOf('=');
    if (equals > 0) environment[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  const shown = Object.entries(environment)
    .filter(([key]) => SHOWN_SETTING.test(key))
    .map(([key, value]) => `${key}=${value}`);
  const networks = Object.entries(objectOf(objectOf(record['NetworkSettings'])['Networks'])).map(([network, n]) => ({ network, facts: objectOf(n) }));
  const service = textOf(objectOf(config['Labels'])['com.docker.compose.service']);
  const aliases = [
    name,
    service,
    textOf(config['Hostname']),
    ...networks.flatMap((n) => [...listOf(n.facts['Aliases']), ...listOf(n.facts['DNSNames'])].map(textOf)),
  ];
  const startedAt = textOf(state['StartedAt']);
  const finishedAt = textOf(state['FinishedAt']);
  return {
    source,
    inspectedAt,
    id,
    name,
    ...roleOf(record, config, environment),
    aliases: [...new Set(aliases.filter((a) => a !== '' && !id.startsWith(a)))],
    addresses: networks.flatMap((n) =>
      [textOf(n.facts['IPAddress']), textOf(n.facts['GlobalIPv6Address'])]
        .filter((address) => address !== '')
        .map((address) => ({ network: n.network, address, evidence: lines.evidenceOf(`${name}: ${address}`, id, `"${address}"`) })),
    ),
    environment,
    environmentEvidence: lines.evidenceOf(`${name}: ${shown.join(' ')}`, id, '"Env"'),
    startedAt: instantOf(startedAt),
    startedEvidence: lines.evidenceOf(`${name}: "StartedAt": "${startedAt}"`, id, '"StartedAt"'),
    finishedAt: instantOf(finishedAt),
    finishedEvidence: lines.evidenceOf(`${name}: "FinishedAt": "${finishedAt}"`, id, '"FinishedAt"'),
    running: state['Running'] === true,
  };
}

function roleOf(
  record: { readonly [key: string]: Json },
  config: { readonly [key: string]: Json },
  environment: Readonly<Record<string, string>>,
): Pick<ContainerFacts, 'role' | 'purpose'> {
  const words = [textOf(record['Path']), ...listOf(record['Args']).map(textOf)];
  const command = words.join(' ');
  const image = textOf(config['Image']);
  const keys = Object.keys(environment);
  const client = (purpose: ContainerPurpose): Pick<ContainerFacts, 'role' | 'purpose'> => ({ role: 'client', purpose });
  const other = (purpose: ContainerPurpose | null): Pick<ContainerFacts, 'role' | 'purpose'> => ({ role: 'other', purpose });
  if ('CORE_CHAINCODE_ID_NAME' in environment || 'CORE_CHAINCODE_ID' in environment) return client('chaincode');
  const isPeerImage = isImage(image, 'fabric-peer');
  const isOrdererImage = isImage(image, 'fabric-orderer');
  const isTool = isToolCommand(words);
  if (/(?:^|\/|\s)peer node start(?:\s|$)/.test(command) || (isPeerImage && !isTool)) return { role: 'peer', purpose: null };
  if (isImage(image, 'fabric-(?:ccenv|javaenv|nodeenv|baseos|baseimage)')) return client('build');
  // A command-line container may name an orderer among its arguments.
  if (isImage(image, 'fabric-tools')) return client(isTool ? 'tool' : 'command-line');
  if ((isPeerImage || isOrdererImage) && isTool) return client('tool');
  if (/(?:^|\/|\s)fabric-ca-server(?:\s|$)/.test(command) || isImage(image, 'fabric-ca') || keys.some((k) => k.startsWith('FABRIC_CA_SERVER_')))
    return other('certificate-authority');
  if (/(?:^|\/|\s)orderer(?:\s|$)/.test(command) || isOrdererImage) return { role: 'orderer', purpose: null };
  if (keys.some((k) => k.startsWith('ORDERER_GENERAL_'))) return { role: 'orderer', purpose: null };
  if (keys.some((k) => k.startsWith('CORE_PEER_GOSSIP_'))) return { role: 'peer', purpose: null };
  if (keys.some((k) => k.startsWith('CORE_PEER_'))) return client('command-line');
  if ('CHAINCODE_SERVER_ADDRESS' in environment) return other('chaincode');
  if (isImage(image, '(?:fabric-)?couchdb')) return other('database');
  return other(isImage(image, 'fabric-(?:kafka|zookeeper)') ? 'broker' : null);
}

/** Images are matched behind any registry and path, before a tag or digest. */
const isImage = (image: string, names: string): boolean => new RegExp(`(?:^|/)(?:${names})(?:[:@]|$)`).test(image);

/** Whether a container runs one command of Fabric's tools and no node or shell: `peer version`, `orderer version`, `cryptogen generate`. */
function isToolCommand(words: readonly string[]): boolean {
  const [path, ...rest] = words;
  const name = (path ?? '').slice((path ?? '').lastIndexOf('/') + 1);
  if (name === 'peer') return rest.length > 0 && rest[0] !== 'node';
  if (name === 'orderer') return rest.length > 0 && rest[0] !== 'start';
  return ['configtxgen', 'cryptogen', 'configtxlator', 'discover', 'osnadmin', 'fabric-ca-client'].includes(name);
}

function networkOf(record: { readonly [key: string]: Json }, source: string, inspectedAt: Instant | null, lines: LineFinder): NetworkFacts {
  const members = Object.entries(objectOf(record['Containers'])).flatMap(([containerId, value]) => {
    const member = objectOf(value);
    return [textOf(member['IPv4Address']), textOf(member['IPv6Address'])]
      .map((address) => address.replace(/\/\d+$/, ''))
      .filter((address) => address !== '')
      .map((address) => ({
        containerId,
        containerName: textOf(member['Name']),
        address,
        evidence: lines.evidenceOf(`${textOf(member['Name'])}: ${address}`, containerId, `"${address}`),
      }));
  });
  return { source, inspectedAt, name: textOf(record['Name']), members };
}
