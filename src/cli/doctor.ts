import { statfs } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { type CaptureNetwork, hasImage, planCapture } from '../docker/capture-plan.js';
import { type FabricNetwork, type FabricNode, findFabricNetworks, selectContainers } from '../docker/discovery.js';
import type { Engine, NetworkListing } from '../docker/engine.js';
import { type HostTcpdump, listHostInterfaces, probeHostTcpdump } from '../docker/host-tcpdump.js';
import {
  diskFinding,
  type Finding,
  imagesWithTcpdump,
  logDriverFindings,
  logLevelFindings,
  logRotationFindings,
  packetsFinding,
} from '../docker/readiness.js';
import { isProcessAlive, SIDECAR_LABEL, sidecarLabels, sidecarOwner } from '../docker/sidecars.js';
import { OperationalError } from '../recording/operational-error.js';
import { type DockerArguments, endpointOf, type OpenedEngine, openEngine, selectionOf, withDockerOptions } from './docker-options.js';
import { countsText, LOCATION_WORDS } from './nodes.js';

interface DoctorArguments extends DockerArguments {
  readonly json: boolean;
  readonly 'capture-image': string | undefined;
}

/** `gossipscope doctor`: what will work here, what will not, and how to mend it. Exit code 1 when something that matters fails. */
export const doctorCommand: CommandModule<object, DoctorArguments> = {
  command: 'doctor',
  describe: 'what of a recording will work here, what will not, and the command to mend it',
  builder: (yargs) =>
    withDockerOptions(yargs)
      .option('capture-image', {
        type: 'string',
        requiresArg: true,
        describe: 'a local image with tcpdump for capturing containers; tried, never pulled',
      })
      .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
      .example('$0 doctor --capture-image nicolaka/netshoot', 'also tries whether that image can capture'),
  handler: doctor,
};

async function doctor(args: DoctorArguments): Promise<void> {
  const findings = await examine(args);
  const failed = findings.some((finding) => finding.status === 'fail');
  if (args.json) process.stdout.write(`${JSON.stringify({ ok: !failed, findings }, null, 2)}\n`);
  else process.stdout.write(doctorText(findings));
  if (failed) process.exitCode = 1;
}

async function examine(args: DoctorArguments): Promise<readonly Finding[]> {
  let opened: OpenedEngine;
  try {
    opened = await openEngine(args);
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return [
      { check: 'engine', status: 'fail', says: `${error.what}: ${error.why}`, mend: [error.hint] },
      tcpdumpFinding(await probeHostTcpdump()),
      await freeDisk(),
    ];
  }
  const { engine, facts, location } = opened;
  const [found, networks, tcpdump, images] = await Promise.all([findFabricNetworks(engine), engine.networks(), probeHostTcpdump(), engine.images()]);
  const fabric = selectContainers(found, selectionOf(args));
  const nodes = fabric.flatMap((network) => network.nodes);
  const imageNames = images.flatMap((image) => [image.id, ...image.names]);
  const candidates = imagesWithTcpdump(images);
  const named = args['capture-image'] ?? null;
  const trial = named === null ? null : hasImage(imageNames, named) ? await tryImage(engine, named) : notHere(named);
  const usableImage = named !== null && trial?.status !== 'ok' ? null : (named ?? candidates[0] ?? null);
  const plan = planCapture({
    wish: 'auto',
    location,
    hostTcpdump: tcpdump,
    hostInterfaces: await listHostInterfaces(),
    networks: captureNetworksOf(fabric, networks),
    captureImage: usableImage,
    images: imageNames,
    consentToPull: false,
  });
  const packets = packetsFinding(plan, fabric.length > 0, named === null ? usableImage : null);
  return [
    {
      check: 'engine',
      status: 'ok',
      says: `Docker ${facts.version} (API ${facts.apiVersion}) answers at ${engine.address}, chosen by ${endpointOf(args).chosenBy}`,
      mend: [],
    },
    {
      check: 'location',
      status: 'ok',
      says: `it runs ${LOCATION_WORDS[location]}: ${facts.operatingSystem}, kernel ${facts.kernelVersion}`,
      mend: [],
    },
    fabricFinding(fabric),
    ...logDriverFindings(nodes, facts),
    ...logRotationFindings(nodes, facts),
    ...logLevelFindings(nodes),
    tcpdumpFinding(tcpdump),
    trial ?? imagesFinding(candidates, plan.method === 'host'),
    packets,
    await sidecarFinding(engine),
    await freeDisk(),
  ];
}

function captureNetworksOf(fabric: readonly FabricNetwork[], networks: readonly NetworkListing[]): readonly CaptureNetwork[] {
  return fabric.flatMap((network) =>
    network.networks.map((docker) => ({
      id: docker.id,
      name: docker.name,
      driver: docker.driver,
      options: networks.find((n) => n.id === docker.id)?.options ?? {},
      members: network.nodes
        .filter((node) => node.state === 'running' && node.networks.includes(docker.name))
        .map((node) => ({ id: node.containerId, name: node.name, networkCount: node.networks.length })),
    })),
  );
}

function fabricFinding(fabric: readonly FabricNetwork[]): Finding {
  if (fabric.length === 0)
    return {
      check: 'fabric',
      status: 'warn',
      says: 'no Fabric containers are on this engine yet',
      mend: ['gossipscope record --wait, then start the network'],
    };
  const running = (nodes: readonly FabricNode[]): number => nodes.filter((n) => n.state === 'running').length;
  const said = fabric.map(({ name, nodes }) => `${name} with ${countsText(nodes)}, ${running(nodes)} of ${nodes.length} containers running`);
  return { check: 'fabric', status: 'ok', says: said.join('; '), mend: [] };
}

const HOW_WORDS = { root: 'as root', capabilities: 'as this user, by capabilities', sudo: 'through sudo without a password' } as const;

function tcpdumpFinding(tcpdump: HostTcpdump): Finding {
  if (!tcpdump.usable) return { check: 'tcpdump', status: 'warn', says: tcpdump.why, mend: [tcpdump.hint] };
  return {
    check: 'tcpdump',
    status: 'ok',
    says: `${tcpdump.path}${tcpdump.version === null ? '' : ` ${tcpdump.version}`} may capture ${HOW_WORDS[tcpdump.how]}`,
    mend: [],
  };
}

function imagesFinding(candidates: readonly string[], isHostEnough: boolean): Finding {
  if (candidates.length > 0)
    return { check: 'images', status: 'ok', says: `local images that hold tcpdump, by their names: ${candidates.join(', ')}`, mend: [] };
  return {
    check: 'images',
    status: isHostEnough ? 'ok' : 'warn',
    says: `no local image is known to hold tcpdump${isHostEnough ? ', and none is needed here' : ''}`,
    mend: isHostEnough
      ? []
      : ['docker pull nicolaka/netshoot, then gossipscope doctor --capture-image nicolaka/netshoot; or name any image that holds tcpdump'],
  };
}

function notHere(image: string): Finding {
  return { check: 'images', status: 'warn', says: `the image ${image} is not on this engine`, mend: [`docker pull ${image}`] };
}

/** What a trial may print; tcpdump tells its version in three lines. */
const TRIAL_OUTPUT_LIMIT = 4096;
const TRIAL_LIMIT_MILLIS = 15_000;

/** Runs `tcpdump --version` in a container of the image that has no network and no capability, and removes it. */
async function tryImage(engine: Engine, image: string): Promise<Finding> {
  const unusable = (why: string): Finding => ({
    check: 'images',
    status: 'warn',
    says: `the image ${image} cannot run tcpdump: ${why}`,
    mend: ['--capture-image with another image, such as nicolaka/netshoot'],
  });
  try {
    const sidecar = await engine.startSidecar({
      image,
      command: ['tcpdump', '--version'],
      networkMode: 'none',
      capabilities: [],
      labels: sidecarLabels('doctor', new Date().toISOString()),
    });
    try {
      let said = '';
      sidecar.output.on('data', (bytes: Buffer) => {
        if (said.length < TRIAL_OUTPUT_LIMIT) said += bytes.toString('latin1');
      });
      sidecar.output.on('error', () => {});
      const timer = setTimeout(() => void sidecar.signal('SIGKILL').catch(() => {}), TRIAL_LIMIT_MILLIS);
      const { exitCode } = await sidecar.wait().finally(() => clearTimeout(timer));
      const version = /tcpdump version (\S+)/.exec(said)?.[1];
      if (version === undefined) return unusable(`it ended with exit code ${exitCode} and told no version`);
      return { check: 'images', status: 'ok', says: `the image ${image} holds tcpdump ${version}`, mend: [] };
    } finally {
      await sidecar.remove();
    }
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return unusable(error.why);
  }
}

async function sidecarFinding(engine: Engine): Promise<Finding> {
  const sidecars = (await engine.containers()).filter((container) => SIDECAR_LABEL in container.labels);
  const leftOver = sidecars.filter(({ labels }) => {
    const owner = sidecarOwner(labels);
    return owner === null || (owner.host === hostname() && !isProcessAlive(owner.pid));
  });
  const inUse = sidecars.length - leftOver.length;
  if (leftOver.length === 0)
    return {
      check: 'sidecars',
      status: 'ok',
      says: inUse === 0 ? 'no capturing container was left over' : `${inUse} capturing container${inUse === 1 ? ' is' : 's are'} in use`,
      mend: [],
    };
  const names = leftOver.map((c) => c.name);
  return {
    check: 'sidecars',
    status: 'warn',
    says: `left over from a recorder that was killed: ${names.join(', ')} (the next recording on this host removes them)`,
    mend: [`docker rm -f ${names.join(' ')}`],
  };
}

async function freeDisk(): Promise<Finding> {
  const folder = resolve('.');
  try {
    const { bavail, bsize } = await statfs(folder);
    return diskFinding(folder.replace(homedir(), '~'), bavail * bsize);
  } catch {
    return diskFinding(folder, null);
  }
}

const TITLES: Readonly<Record<Finding['check'], string>> = {
  engine: 'engine',
  location: 'place',
  fabric: 'Fabric',
  'log-driver': 'log driver',
  'log-rotation': 'rotation',
  'log-level': 'log level',
  tcpdump: 'tcpdump',
  images: 'images',
  packets: 'packets',
  sidecars: 'sidecars',
  disk: 'disk',
};

const TITLE_WIDTH = Math.max(...Object.values(TITLES).map((title) => title.length));
const STATUS_WIDTH = 'unknown'.length;

/** What `doctor` prints. */
export function doctorText(findings: readonly Finding[]): string {
  const indent = ' '.repeat(STATUS_WIDTH + TITLE_WIDTH + 4);
  const lines = findings.flatMap(({ check, status, says, mend }) => [
    `${status.padEnd(STATUS_WIDTH)}  ${TITLES[check].padEnd(TITLE_WIDTH)}  ${says}`,
    ...mend.map((command) => `${indent}→ ${command}`),
  ]);
  const failed = findings.filter((f) => f.status === 'fail').length;
  const warned = findings.filter((f) => f.status === 'warn').length;
  const verdict =
    failed > 0
      ? `${failed} thing${failed === 1 ? '' : 's'} to mend first (fail)`
      : warned > 0
        ? `this will work, with ${warned} restriction${warned === 1 ? '' : 's'} (warn)`
        : 'everything will work here';
  return `${lines.join('\n')}\n\n${verdict}\n`;
}
