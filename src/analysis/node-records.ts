import { formatInstant, type Instant } from '../events/instant.js';
import type { ConnectivityFacts } from '../reconstruct/connectivity.js';
import type { InterruptionSpan, Interruptions } from '../reconstruct/interruptions.js';
import type { Lifecycle, StartFacts } from '../reconstruct/lifecycle.js';
import type { Network } from '../reconstruct/network.js';
import type { OrganizationFacts } from '../reconstruct/organizations.js';
import type { PlaintextPeer } from '../reconstruct/plaintext-identities.js';
import type { NodeIdentity } from '../topology/directory.js';
import type { ContainerFacts } from '../topology/inspect.js';
import type { Node, Start } from './contract.js';

export interface NodeParts {
  readonly network: Network;
  readonly lifecycles: ReadonlyMap<string, Lifecycle>;
  readonly connectivity: ConnectivityFacts;
  /** Peers that told in plaintext who they are. */
  readonly said: readonly PlaintextPeer[];
  readonly organizations: readonly OrganizationFacts[];
  /** What `docker inspect` told, also of containers that are no nodes. */
  readonly containers: readonly ContainerFacts[];
  /** Null where Docker's events were not recorded. */
  readonly interruptions: ReadonlyMap<string, Interruptions> | null;
}

/** Settings that decide what is normal for a peer's gossip (core.yaml `peer.gossip`, `peer.deliveryclient`), and whether TLS is on. */
const TELLING_SETTING = /^peer\.(?:gossip\.(?!bootstrap$|endpoint$|externalendpoint$)[a-z.]+|deliveryclient\.[a-z.]+|tls\.enabled)$/;

/** What comes and goes without a part in the network: a peer builds chaincode in it, or somebody asks a tool for its version. */
const isPassing = (container: ContainerFacts | null): boolean => container?.purpose === 'build' || container?.purpose === 'tool';

/** Every node as the contract wants it, by name: those that logs and Docker name, then those that only packets show. */
export function describeNodes(parts: NodeParts): readonly Node[] {
  const { network, lifecycles, connectivity } = parts;
  const seen = new Set(connectivity.connections.flatMap((c) => [c.from, c.to]));
  const told = [...network.directory.nodes.values()]
    // A command-line or chaincode container that did nothing here is no part of the story.
    .filter((n) => n.kind !== 'client' || seen.has(n.name) || (network.incarnations.has(n.name) && !isPassing(n.container)))
    .map((n) => describeNode(n, parts, lifecycles.get(n.name)));
  const said = new Map(parts.said.map((p) => [p.name, p] as const));
  const wire = connectivity.wireNodes.map(
    (w): Node => ({
      name: w.name,
      kind: w.kind,
      mspId: said.get(w.name)?.mspId ?? null,
      endpoint: said.get(w.name)?.endpoint ?? null,
      addresses: w.addresses,
      pkiId: said.get(w.name)?.pkiId ?? null,
      fabricVersion: null,
      nameBasis: w.nameBasis,
      bootstrap: null,
      leaderElection: 'unknown',
      timers: {},
      starts: [],
      stops: [],
    }),
  );
  return [...told, ...wire].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describeNode(n: NodeIdentity, parts: NodeParts, lifecycle: Lifecycle | undefined): Node {
  const starts = lifecycle?.starts ?? [];
  const last: StartFacts | null = starts.at(-1) ?? lifecycle?.unstarted ?? null;
  const msp = parts.organizations.find((o) => o.peers.includes(n.name))?.mspId ?? null;
  const timers = Object.fromEntries(
    Object.entries(last?.settings ?? {})
      .filter(([key]) => TELLING_SETTING.test(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const at = (instant: Instant): string => formatInstant(instant);
  return {
    name: n.name,
    kind: n.kind,
    ...purposeOf(n, parts.containers),
    mspId: msp ?? n.mspId,
    endpoint: n.endpoint,
    addresses: parts.connectivity.addresses.addressesOf(n.name).filter((a) => !/^[^:]*:\d+$/.test(a)),
    pkiId: n.pkiId,
    fabricVersion: starts.findLast((s) => s.fabricVersion !== null)?.fabricVersion ?? last?.fabricVersion ?? null,
    nameBasis: n.nameBasis,
    bootstrap: last?.bootstrap ?? null,
    leaderElection: n.kind === 'peer' ? (last?.leaderElection ?? 'unknown') : 'unknown',
    timers,
    starts: starts.map(
      (s): Start => ({
        at: at(s.at),
        fabricVersion: s.fabricVersion,
        leaderElection: n.kind === 'peer' ? s.leaderElection : 'unknown',
        bootstrap: s.bootstrap,
        basis: s.basis,
        evidence: s.evidence,
      }),
    ),
    stops: (lifecycle?.stops ?? []).map((s) => ({
      at: at(s.at),
      how: s.how,
      basis: s.basis,
      ...(s.exitCode === undefined ? {} : { exitCode: s.exitCode }),
      ...(s.dockerSaid === undefined ? {} : { dockerSaid: s.dockerSaid }),
      evidence: s.evidence,
    })),
    ...(parts.interruptions === null ? {} : interruptionsOf(parts.interruptions.get(n.name))),
  };
}

/** What a client is by its container; one that is no node's of Fabric is found by its name. */
function purposeOf(n: NodeIdentity, containers: readonly ContainerFacts[]): Pick<Node, 'purpose'> {
  if (n.kind !== 'client') return {};
  const purpose = n.container?.purpose ?? containers.find((c) => c.name === n.name && c.purpose !== null)?.purpose ?? null;
  return purpose === null ? {} : { purpose };
}

function interruptionsOf(known: Interruptions | undefined): Pick<Node, 'pauses' | 'disconnections'> {
  const span = (s: InterruptionSpan) => ({ from: formatInstant(s.from), to: s.to === null ? null : formatInstant(s.to), evidence: s.evidence });
  return {
    pauses: (known?.pauses ?? []).map(span),
    disconnections: (known?.disconnections ?? []).map((d) => ({ network: d.network, ...span(d) })),
  };
}
