import type { CommandModule } from 'yargs';
import {
  type FabricDockerNetwork,
  type FabricNetwork,
  type FabricNode,
  findFabricNetworks,
  type NodeRole,
  selectContainers,
} from '../docker/discovery.js';
import type { EngineFacts } from '../docker/engine.js';
import type { EngineLocation } from '../docker/engine-location.js';
import { type DockerArguments, openEngine, selectionOf, withDockerOptions } from './docker-options.js';

interface NodesArguments extends DockerArguments {
  readonly json: boolean;
}

/** `gossipscope nodes`: the Fabric networks on a Docker engine. */
export const nodesCommand: CommandModule<object, NodesArguments> = {
  command: 'nodes',
  describe: 'the Fabric networks on a Docker engine: peers, orderers and what belongs to them',
  builder: (yargs) =>
    withDockerOptions(yargs)
      .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
      .example('$0 nodes --project net', 'the containers of the Compose project net')
      .example('$0 nodes --docker-host ssh://me@build1', 'of an engine on another host'),
  handler: nodes,
};

async function nodes(args: NodesArguments): Promise<void> {
  const { engine, facts, location } = await openEngine(args);
  const networks = selectContainers(await findFabricNetworks(engine), selectionOf(args));
  if (args.json) {
    const told = { address: engine.address, location, version: facts.version, apiVersion: facts.apiVersion, operatingSystem: facts.operatingSystem };
    process.stdout.write(`${JSON.stringify({ engine: told, networks }, null, 2)}\n`);
    return;
  }
  process.stdout.write(nodesText(engine.address, facts, location, networks));
}

/** Where an engine runs, for a sentence. */
export const LOCATION_WORDS: Readonly<Record<EngineLocation, string>> = {
  local: 'on this host',
  remote: 'on another host',
  'virtual-machine': 'in a network of its own on this computer (a virtual machine, or rootless)',
};

/** What `nodes` prints. */
export function nodesText(address: string, facts: EngineFacts, location: EngineLocation, networks: readonly FabricNetwork[]): string {
  const lines = [`Docker ${facts.version} at ${address}, ${LOCATION_WORDS[location]}`];
  if (networks.length === 0) {
    lines.push('', 'no Fabric containers on this engine', 'next: gossipscope record --wait, then start the network');
    return `${lines.join('\n')}\n`;
  }
  for (const network of networks) {
    lines.push('', `${network.name}: ${countsText(network.nodes)}`);
    for (const docker of network.networks) lines.push(`  Docker network ${docker.name} (${networkText(docker)})`);
    lines.push('', ...table(network.nodes).map((row) => `  ${row}`.trimEnd()));
  }
  const running = networks.some((n) => n.nodes.some((node) => node.state === 'running'));
  lines.push(
    '',
    running
      ? 'next: gossipscope doctor, then gossipscope record or gossipscope watch'
      : 'none of them runs; next: gossipscope record --wait, then start them',
  );
  return `${lines.join('\n')}\n`;
}

function networkText(docker: FabricDockerNetwork): string {
  return docker.bridgeInterface === null ? docker.driver : `bridge ${docker.bridgeInterface}`;
}

const ROLE_COUNTS: readonly (readonly [NodeRole, string, string])[] = [
  ['peer', 'peer', 'peers'],
  ['orderer', 'orderer', 'orderers'],
  ['cli', 'command-line container', 'command-line containers'],
  ['chaincode', 'chaincode container', 'chaincode containers'],
  ['ca', 'certificate authority', 'certificate authorities'],
  ['database', 'database', 'databases'],
  ['broker', 'broker', 'brokers'],
  ['other', 'other', 'others'],
];

/** How many of each, such as `2 peers, 1 orderer`. */
export function countsText(nodes: readonly FabricNode[]): string {
  return ROLE_COUNTS.flatMap(([role, one, many]) => {
    const count = nodes.filter((node) => node.role === role).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  }).join(', ');
}

/** Longer names are cut: those of chaincode containers end with an id. */
const NAME_WIDTH = 44;

function table(nodes: readonly FabricNode[]): readonly string[] {
  const header = ['NAME', 'ROLE', 'MSP', 'ENDPOINT', 'VERSION', 'STATE', 'ADDRESS'];
  const rows = nodes.map((node) => [
    node.name.length > NAME_WIDTH ? `${node.name.slice(0, NAME_WIDTH - 1)}…` : node.name,
    node.role,
    node.mspId ?? '-',
    node.endpoint ?? '-',
    node.fabricVersion ?? '-',
    node.state,
    node.addresses.map((a) => a.address).join(', ') || '-',
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [header, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
}
