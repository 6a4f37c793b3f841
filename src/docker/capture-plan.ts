import type { HostTcpdump } from './host-tcpdump.js';

/** A network whose packets are wanted. */
export interface CaptureNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  /** The chosen containers on it that run. They matter only where a network has no bridge. */
  readonly members: readonly CaptureMember[];
}

export interface CaptureMember {
  readonly id: string;
  readonly name: string;
  /** How many networks it is on. */
  readonly networkCount: number;
}

/** `auto` lets the plan choose. */
export type CaptureWish = 'auto' | 'host' | 'sidecar' | 'none';

export interface CaptureCircumstances {
  readonly wish: CaptureWish;
  /** Where the engine runs, seen from here; `local`: its bridges are this host's. */
  readonly location: 'local' | 'remote' | 'virtual-machine';
  readonly hostTcpdump: HostTcpdump;
  /** Names of this host's network interfaces as they are now. */
  readonly hostInterfaces: readonly string[];
  readonly networks: readonly CaptureNetwork[];
  /** What the user gave to `--capture-image`. */
  readonly captureImage: string | null;
  /** Names of the engine's local images, with or without tag, and digests. */
  readonly images: readonly string[];
  /** The user gave `--pull`: nothing is pulled unasked. */
  readonly consentToPull: boolean;
}

/** One tcpdump to start. */
export interface PlannedCapture {
  readonly method: 'host' | 'sidecar';
  readonly interface: string;
  /** Of the sidecar: `host` or `container:<id>`; null on the host itself. */
  readonly networkMode: string | null;
  readonly network: { readonly id: string; readonly name: string };
  /** Whose network namespace it looks into; null on a bridge. */
  readonly container: { readonly id: string; readonly name: string } | null;
}

/** Packets that will not be captured: why, and the exact way to get them. */
export interface MissingPackets {
  /** Names of networks; empty for all of them. */
  readonly networks: readonly string[];
  readonly why: string;
  readonly hint: string;
}

/** How packets are captured. A network that comes later is planned by another call with that network. */
export interface CapturePlan {
  /** How a network with a bridge is captured. `none` with captures not empty: only what needs no bridge. */
  readonly method: 'host' | 'sidecar' | 'none';
  /** One sentence for the user: what was chosen and why. */
  readonly reason: string;
  readonly captures: readonly PlannedCapture[];
  /** The image for sidecars; null where none can be used. */
  readonly image: string | null;
  /** That image must be pulled first, and the user agreed. */
  readonly mustPull: boolean;
  readonly missing: readonly MissingPackets[];
}

const BRIDGE_NAME_OPTION = 'com.docker.network.bridge.name';
const BRIDGE_ID_CHARACTERS = 12;

/** Shows that any image will do; this one is known to hold tcpdump. */
const EXAMPLE_IMAGE = 'nicolaka/netshoot';

/**
 * The Linux bridge of a network on the engine's host, or null when its driver makes none (overlay, macvlan, ipvlan, host).
 * Named by the network's option, else `br-` and the beginning of its id (Docker Engine, libnetwork drivers/bridge).
 */
export function bridgeOf(network: Pick<CaptureNetwork, 'id' | 'driver' | 'options'>): string | null {
  if (network.driver !== 'bridge') return null;
  return network.options[BRIDGE_NAME_OPTION] ?? `br-${network.id.slice(0, BRIDGE_ID_CHARACTERS)}`;
}

/** An image's name as the engine lists it: Docker Hub's prefixes are not shown, a missing tag means `latest`. */
function fullImageName(name: string): string {
  const short = name.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
  const lastPart = short.slice(short.lastIndexOf('/') + 1);
  return lastPart.includes(':') || lastPart.includes('@') ? short : `${short}:latest`;
}

/** Whether `image` is among the names of local images. An image id counts by its beginning. */
export function hasImage(images: readonly string[], image: string): boolean {
  const wanted = fullImageName(image);
  const id = image.replace(/^sha256:/, '');
  return images.some((name) => fullImageName(name) === wanted || (/^[0-9a-f]{12,64}$/.test(id) && name.replace(/^sha256:/, '').startsWith(id)));
}

type SidecarImage = { readonly image: string; readonly mustPull: boolean } | { readonly image: null; readonly why: string; readonly hint: string };

function chooseImage(given: CaptureCircumstances): SidecarImage {
  const { captureImage } = given;
  if (captureImage === null)
    return {
      image: null,
      why: 'no image for a capturing container was named',
      hint: `--capture-image IMAGE, any image that holds tcpdump; to fetch one: --capture-image ${EXAMPLE_IMAGE} --pull`,
    };
  if (hasImage(given.images, captureImage)) return { image: captureImage, mustPull: false };
  if (given.consentToPull) return { image: captureImage, mustPull: true };
  return {
    image: null,
    why: `the image ${captureImage} is not on this engine, and nothing is pulled unasked`,
    hint: `add --pull, or first: docker pull ${captureImage}`,
  };
}

type HostVerdict = { readonly usable: true } | { readonly usable: false; readonly why: string; readonly hint: string | null };

function judgeHost(given: CaptureCircumstances): HostVerdict {
  if (given.location === 'remote') return { usable: false, why: 'the engine is on another host', hint: null };
  if (given.location === 'virtual-machine') return { usable: false, why: 'the engine runs in a virtual machine', hint: null };
  const bridges = given.networks.flatMap((network) => bridgeOf(network) ?? []);
  const [unseen] = bridges;
  if (unseen !== undefined && !bridges.some((bridge) => given.hostInterfaces.includes(bridge)))
    return { usable: false, why: `this host has no interface ${unseen}: the engine's networks are in another network namespace`, hint: null };
  if (!given.hostTcpdump.usable) return { usable: false, why: given.hostTcpdump.why, hint: given.hostTcpdump.hint };
  return { usable: true };
}

const RIGHTS_OF = {
  root: 'as root',
  capabilities: 'with the capabilities it has',
  sudo: 'through sudo (tcpdump alone)',
} as const;

/**
 * Chooses how packets are captured: by this host's tcpdump on the bridge where the engine is here and rights allow; else by a sidecar container on the
 * bridge in the host's network namespace; on networks without a bridge by a sidecar in the network namespace of every chosen container; else not at all,
 * with what is missing. Starts and pulls nothing.
 */
export function planCapture(given: CaptureCircumstances): CapturePlan {
  const nothing = { captures: [], image: null, mustPull: false } as const;
  if (given.wish === 'none') return { method: 'none', reason: 'no packets are captured, as asked.', ...nothing, missing: [] };
  const host = judgeHost(given);
  const image = chooseImage(given);
  const mayHost = given.wish !== 'sidecar' && host.usable;
  const maySidecar = given.wish !== 'host' && image.image !== null;
  const method = mayHost ? 'host' : maySidecar ? 'sidecar' : 'none';
  const captures: PlannedCapture[] = [];
  const uncaptured: string[] = [];
  for (const network of given.networks) {
    const planned = captureNetwork(network, method, maySidecar);
    if (planned === null) uncaptured.push(network.name);
    else captures.push(...planned);
  }
  const usesSidecars = method === 'sidecar' || captures.some((capture) => capture.method === 'sidecar');
  return {
    method,
    reason: reasonFor(given, method, host, image),
    captures: withoutRepetition(captures),
    image: usesSidecars ? image.image : null,
    mustPull: usesSidecars && image.image !== null && image.mustPull,
    missing: missingOf(given, method, host, image, uncaptured),
  };
}

/** The captures of one network; null when there is no way to it. */
function captureNetwork(network: CaptureNetwork, method: CapturePlan['method'], maySidecar: boolean): readonly PlannedCapture[] | null {
  if (network.driver === 'null' || network.driver === 'none') return [];
  const named = { id: network.id, name: network.name };
  const bridge = bridgeOf(network);
  if (bridge !== null) {
    if (method === 'none') return null;
    return [{ method, interface: bridge, networkMode: method === 'host' ? null : 'host', network: named, container: null }];
  }
  if (!maySidecar) return null;
  if (network.driver === 'host') {
    return [{ method: 'sidecar', interface: 'any', networkMode: 'host', network: named, container: null }];
  }
  return network.members.map((member) => ({
    method: 'sidecar',
    // On one network its interface is eth0, and tcpdump ends with it. Which of several is which, the engine does not say.
    interface: member.networkCount === 1 ? 'eth0' : 'any',
    networkMode: `container:${member.id}`,
    network: named,
    container: { id: member.id, name: member.name },
  }));
}

/** A container on two networks without bridges is looked into once. */
function withoutRepetition(captures: readonly PlannedCapture[]): readonly PlannedCapture[] {
  const seen = new Set<string>();
  return captures.filter((capture) => {
    const key = `${capture.networkMode} ${capture.interface}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function reasonFor(given: CaptureCircumstances, method: CapturePlan['method'], host: HostVerdict, image: SidecarImage): string {
  if (method === 'host' && given.hostTcpdump.usable)
    return `packets are captured on the network's bridge by this host's tcpdump, run ${RIGHTS_OF[given.hostTcpdump.how]}.`;
  const notHost = given.wish === 'sidecar' ? 'as asked' : host.usable ? '' : `since ${host.why}`;
  if (method === 'sidecar') return `packets are captured by a container of ${image.image} in the host's network namespace, ${notHost}.`;
  const whys = [given.wish === 'sidecar' || host.usable ? null : host.why, given.wish === 'host' || image.image !== null ? null : image.why];
  return `no packets are captured: ${whys.filter((why) => why !== null).join('; ')}.`;
}

function missingOf(
  given: CaptureCircumstances,
  method: CapturePlan['method'],
  host: HostVerdict,
  image: SidecarImage,
  uncaptured: readonly string[],
): readonly MissingPackets[] {
  const imageHint = image.image === null ? image.hint : null;
  if (method === 'none') {
    const hostHint = given.wish === 'sidecar' || host.usable ? null : host.hint;
    const hints = [hostHint, given.wish === 'host' ? 'leave the choice to --capture auto' : imageHint];
    return [
      {
        networks: uncaptured.length === given.networks.length ? [] : uncaptured,
        why: reasonFor(given, method, host, image)
          .replace(/^no packets are captured: /, '')
          .replace(/\.$/, ''),
        hint: hints.filter((hint) => hint !== null).join('; or '),
      },
    ];
  }
  if (uncaptured.length === 0) return [];
  const noWay = image.image === null && given.wish !== 'host' ? `, and ${image.why}` : '';
  return [
    {
      networks: uncaptured,
      why: `${uncaptured.join(', ')} ${uncaptured.length === 1 ? 'has' : 'have'} no bridge on the host, so only a container beside each peer sees the packets${noWay}`,
      hint: imageHint ?? 'leave the choice to --capture auto',
    },
  ];
}
