import type { ManifestEngine } from '../recording/manifest.js';
import type { EngineFacts } from './engine.js';

export type EngineLocation = ManifestEngine['location'];

/** What this host says of itself. */
export interface HostFacts {
  readonly hostName: string;
  readonly kernelVersion: string;
  /** Names of all network interfaces, also those that are down: a bridge without running containers is. */
  readonly interfaces: readonly string[];
}

/** Products that run the engine in a virtual machine, by what the engine says of itself. */
const MACHINE_SYSTEMS = /docker desktop|rancher desktop|orbstack|boot2docker|podman machine/i;
const MACHINE_HOSTS = /^(?:docker-desktop|colima|lima-|orbstack|rancher-desktop|podman-machine|minikube|moby$)/i;
const MACHINE_KERNELS = /linuxkit|orbstack|microsoft-standard/i;

/**
 * Where the engine runs. `local` means: this host shares the engine's network namespace, so that its bridges can be captured on here. `virtual-machine`
 * means: on this computer, with a network of its own; a rootless engine counts as that, its bridges being in a namespace of its own.
 * `bridges` are the interface names of the engine's own bridge networks; that one of them is here, or none, outweighs equal names.
 */
export function engineLocation(facts: EngineFacts, address: string, host: HostFacts, bridges: readonly string[]): EngineLocation {
  const sameHost = facts.hostName === host.hostName && facts.kernelVersion === host.kernelVersion;
  // Every engine has a docker0, so it tells nothing.
  const telling = bridges.filter((bridge) => bridge !== 'docker0');
  const sharesNetwork = telling.length > 0 ? telling.some((bridge) => host.interfaces.includes(bridge)) : sameHost;
  if (facts.rootless) return sameHost || isOnThisComputer(address) ? 'virtual-machine' : 'remote';
  if (sharesNetwork) return 'local';
  const isMachine = MACHINE_SYSTEMS.test(facts.operatingSystem) || MACHINE_HOSTS.test(facts.hostName) || MACHINE_KERNELS.test(facts.kernelVersion);
  return isMachine && isOnThisComputer(address) ? 'virtual-machine' : 'remote';
}

/** A socket, or a port of this computer. Lima and podman reach their machines by ssh to the loopback address. */
function isOnThisComputer(address: string): boolean {
  return /^(?:unix|npipe):/.test(address) || /^(?:tcp|ssh):\/\/(?:[^@/]*@)?(?:localhost|127\.|\[::1\])/.test(address);
}
