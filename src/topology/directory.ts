import type { Instant } from '../events/instant.js';
import { hostOf, isAnonymousHost, isHostName, portOf } from './endpoint.js';
import type { ContainerFacts } from './inspect.js';

export type NodeKind = 'peer' | 'orderer' | 'client';
export type NameBasis = 'inspect' | 'log' | 'certificate' | 'address' | 'file-name';

/** What one run of a process tells about who it is. */
export interface RunFacts {
  readonly source: string;
  readonly index: number;
  /** Compose service or container name printed before each line. */
  readonly prefix: string | null;
  readonly containerId: string | null;
  /** The container's name where a manifest says whose log this is. */
  readonly containerName: string | null;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly kind: NodeKind;
  /** Own endpoints, strongest first: external, internal, the address it serves. */
  readonly endpoints: readonly string[];
  readonly pkiIds: readonly string[];
  /** `CORE_PEER_ID`. */
  readonly processId: string | null;
  readonly listenPort: number | null;
  readonly mspId: string | null;
  /** Records that tell an overlapping piece of the same log: time in microseconds, a blank, counter and text. */
  readonly fingerprints: ReadonlySet<string>;
}

/** A member that somebody else's line names. */
export interface Mention {
  readonly role: 'peer' | 'orderer';
  readonly endpoint: string | null;
  readonly pkiId: string | null;
  /** Whether the line shows it as a live peer, so that it is a node even without a log of its own. */
  readonly alive: boolean;
}

export interface NodeIdentity {
  readonly name: string;
  readonly kind: NodeKind;
  readonly nameBasis: NameBasis;
  readonly mspId: string | null;
  readonly mspBasis: 'inspect' | 'log' | null;
  readonly endpoint: string | null;
  readonly pkiId: string | null;
  readonly container: ContainerFacts | null;
}

/** Every node the sources name, and every name, endpoint and PKI-ID of each. */
export interface Directory {
  readonly nodes: ReadonlyMap<string, NodeIdentity>;
  nodeOfRun(source: string, index: number): string;
  /** The node of an endpoint, by the endpoint itself, else by its host where only one node has it. */
  nodeOfEndpoint(endpoint: string): string | null;
  nodeOfHost(host: string): string | null;
  nodeOfPkiId(pkiId: string): string | null;
  /** The node whose process runs or ran in the container of this id. */
  nodeOfContainer(id: string): string | null;
}

interface Group {
  readonly runs: RunFacts[];
  container: ContainerFacts | null;
  /** Containers that were replaced by `container`, under the same name. */
  readonly replaced: ContainerFacts[];
  forcedName: string | null;
  /** The name a file gives, where nothing else names the group. */
  fileName: string | null;
}

/** The name a log file's path gives: `logs/peer0.org1.example.com-json.log.gz` → `peer0.org1.example.com`. */
export function fileStemOf(source: string): string {
  const base = source.slice(source.lastIndexOf('/') + 1);
  const stem = base.replace(/(?:\.(?:gz|log|logs|txt|ndjson|jsonl|json|out|err|stderr|\d{1,3})|[-_.]json)+$/i, '');
  return stem === '' ? base : stem;
}

/**
 * Groups runs and containers into nodes and names them. A node's own word (endpoint, PKI-ID) binds first, then Docker's container id, the
 * compose prefix, the neighbour run in the same file, equal records in another file, and last the file's name.
 * `overrides` maps a source path to the name its user gives it. Ties resolve by path order, so that the order of inputs does not matter.
 */
export function buildDirectory(
  runs: readonly RunFacts[],
  containers: readonly ContainerFacts[],
  mentions: readonly Mention[],
  overrides: ReadonlyMap<string, string>,
): Directory {
  const fabricContainers = latestContainers(containers);
  const groups = groupRuns(runs, fabricContainers, overrides);
  return nameGroups(groups, mentions);
}

/** Of several inspect outputs of one container the one taken last; containers that are not Fabric's are left out. */
function latestContainers(containers: readonly ContainerFacts[]): readonly ContainerFacts[] {
  const byId = new Map<string, ContainerFacts>();
  const inOrder = [...containers].sort((a, b) => (a.inspectedAt ?? 0) - (b.inspectedAt ?? 0) || (a.source < b.source ? -1 : 1));
  for (const c of inOrder) {
    const known = byId.get(c.id);
    const lastChange = (x: ContainerFacts): number => Math.max(x.startedAt ?? 0, x.finishedAt ?? 0);
    if (known === undefined || lastChange(c) >= lastChange(known)) byId.set(c.id, c);
  }
  return [...byId.values()].filter((c) => c.role !== 'other');
}

const containersOf = (g: Group): readonly ContainerFacts[] => (g.container === null ? g.replaced : [...g.replaced, g.container]);

/**
 * One group for each container; those of one name, role and endpoints that were recreated one after the other (`down` and `up`) are one node. Two whose logs
 * go on at once run on two hosts.
 */
function foldRecreated(containers: readonly ContainerFacts[], runs: readonly RunFacts[]): readonly Group[] {
  const groups: Group[] = [];
  const runsOf = (c: ContainerFacts): readonly RunFacts[] => runs.filter((r) => r.containerId !== null && c.id.startsWith(r.containerId));
  const startOf = (c: ContainerFacts): number => c.startedAt ?? 0;
  for (const container of [...containers].sort((a, b) => startOf(a) - startOf(b) || compareTexts(a.id, b.id))) {
    const endpoints = endpointsOf(container).join();
    const before = groups.find(
      (g) =>
        g.container?.name === container.name &&
        g.container.role === container.role &&
        endpointsOf(g.container).join() === endpoints &&
        g.container.startedAt !== container.startedAt &&
        !runsOf(container).some((r) => containersOf(g).some((c) => runsOf(c).some((o) => runAtOnce(r, o)))),
    );
    if (before === undefined || before.container === null) groups.push({ runs: [], container, replaced: [], forcedName: null, fileName: null });
    else {
      before.replaced.push(before.container);
      before.container = container;
    }
  }
  return groups;
}

/** The endpoints a container's environment gives its peer. */
function endpointsOf(container: ContainerFacts): readonly string[] {
  const env = container.environment;
  const own = [env['CORE_PEER_GOSSIP_EXTERNALENDPOINT'], env['CORE_PEER_GOSSIP_ENDPOINT'], env['CORE_PEER_ADDRESS']];
  return container.role === 'peer' ? own.filter((e): e is string => e !== undefined && e !== '') : [];
}

function groupRuns(runs: readonly RunFacts[], containers: readonly ContainerFacts[], overrides: ReadonlyMap<string, string>): readonly Group[] {
  const groups: Group[] = [...foldRecreated(containers, runs)];
  const inOrder = [...runs].sort((a, b) => (a.source === b.source ? a.index - b.index : a.source < b.source ? -1 : 1));
  // What the user names comes first, so that other files of the same process join it.
  const sorted = [...inOrder.filter((r) => overrides.has(r.source)), ...inOrder.filter((r) => !overrides.has(r.source))];
  const unnamed: RunFacts[] = [];
  for (const run of sorted) {
    const forcedName = overrides.get(run.source) ?? null;
    const group =
      forcedName === null ? groupBySelf(run, groups) : groups.find((g) => g.forcedName === forcedName || g.container?.aliases.includes(forcedName));
    if (group !== undefined) {
      group.runs.push(run);
      group.forcedName ??= forcedName;
    } else if (forcedName !== null || run.endpoints.length > 0 || run.pkiIds.length > 0) {
      groups.push({ runs: [run], container: null, replaced: [], forcedName, fileName: run.containerName });
    } else {
      unnamed.push(run);
    }
  }
  for (const run of unnamed) {
    const stem = run.prefix ?? run.containerName ?? fileStemOf(run.source);
    const group =
      groupByContainer(run, groups) ??
      groupByNeighbour(run, groups) ??
      groupByRecords(run, groups) ??
      groupByName(
        stem,
        run.kind,
        groups.filter((g) => !g.runs.some((o) => o.source === run.source && o.prefix === run.prefix && runAtOnce(o, run))),
      );
    if (group !== undefined) group.runs.push(run);
    else groups.push({ runs: [run], container: null, replaced: [], forcedName: null, fileName: stem });
  }
  return groups.filter((g) => g.runs.length > 0 || g.container !== null);
}

/** The strongest of a run's own endpoints that tells it from other nodes. */
function nameableEndpointOf(run: RunFacts): string | undefined {
  return run.endpoints.find((e) => !isAnonymousHost(hostOf(e)));
}

/** The group of which the run itself, Docker or compose says that it belongs to it. */
function groupBySelf(run: RunFacts, groups: readonly Group[]): Group | undefined {
  const endpoint = nameableEndpointOf(run);
  const sharesRuns = (g: Group, test: (other: RunFacts) => boolean): boolean => g.runs.some(test);
  const byDocker = groupByContainer(run, groups);
  if (byDocker !== undefined) return byDocker;
  if (endpoint !== undefined) {
    const byEndpoint = groups.find(
      (g) =>
        sharesRuns(g, (o) => o.endpoints.includes(endpoint) || run.endpoints.includes(nameableEndpointOf(o) ?? '')) ||
        (g.container !== null && endpointsOf(g.container).includes(endpoint)),
    );
    if (byEndpoint !== undefined) return byEndpoint;
    const byAlias = groups.filter((g) => g.runs.length === 0 && g.container?.role === run.kind && g.container.aliases.includes(hostOf(endpoint)));
    if (byAlias.length === 1) return byAlias[0];
  }
  // One identity at two endpoints at once is a copied identity, not one node.
  const alone = (o: RunFacts): boolean =>
    (o.source === run.source && o.prefix === run.prefix) || !runAtOnce(o, run) || endpoint === undefined || nameableEndpointOf(o) === undefined;
  const byIdentity = groups.find((g) => sharesRuns(g, (o) => o.pkiIds.some((id) => run.pkiIds.includes(id))) && g.runs.every(alone));
  if (byIdentity !== undefined) return byIdentity;
  return run.prefix === null
    ? undefined
    : groupByName(
        run.prefix,
        run.kind,
        groups.filter((g) => g.container !== null || sharesRuns(g, (o) => o.prefix === run.prefix && o.source === run.source)),
      );
}

/** The group of the container whose log this is: its own, or that of another part of the same container's log. */
function groupByContainer(run: RunFacts, groups: readonly Group[]): Group | undefined {
  const { containerId } = run;
  if (containerId === null) return undefined;
  return (
    groups.find((g) => containersOf(g).some((c) => c.id.startsWith(containerId))) ??
    groups.find((g) => g.runs.some((o) => o.containerId === containerId))
  );
}

/** A run that names nobody is the same process as its neighbour in the file, of the same prefix: one before it, else one after. */
function groupByNeighbour(run: RunFacts, groups: readonly Group[]): Group | undefined {
  const distance = (o: RunFacts): number =>
    o.source === run.source && o.prefix === run.prefix && !runAtOnce(o, run) && (o.kind === run.kind || o.kind === 'client' || run.kind === 'client')
      ? o.index < run.index
        ? run.index - o.index
        : 1000 + o.index - run.index
      : Infinity;
  let best: { readonly group: Group; readonly distance: number } | undefined;
  for (const group of groups) {
    const nearest = Math.min(Infinity, ...group.runs.map(distance));
    if (nearest < (best?.distance ?? Infinity)) best = { group, distance: nearest };
  }
  return best?.group;
}

/** Whether two runs go on at the same time, so that they are two processes; pieces of one log may meet within a millisecond. */
function runAtOnce(a: RunFacts, b: RunFacts): boolean {
  return a.lastAt > b.firstAt && b.lastAt > a.firstAt;
}

/** A piece that overlaps another file of a known process is that process. */
function groupByRecords(run: RunFacts, groups: readonly Group[]): Group | undefined {
  return groups.find((g) => g.runs.some((o) => o.source !== run.source && isPieceOf(run, o)));
}

/** Two processes that start together print some equal lines at equal moments; two pieces of one log share all that both cover. */
const SAME_LOG_SHARE = 0.8;
const SAME_LOG_RECORDS = 3;

function isPieceOf(a: RunFacts, b: RunFacts): boolean {
  const common = [...a.fingerprints].filter((f) => b.fingerprints.has(f)).length;
  if (common < Math.min(SAME_LOG_RECORDS, a.fingerprints.size)) return false;
  const from = Math.max(a.firstAt, b.firstAt);
  const to = Math.min(a.lastAt, b.lastAt);
  const covered = (run: RunFacts): number =>
    [...run.fingerprints].filter((f) => Number(f.slice(0, f.indexOf(' '))) >= from && Number(f.slice(0, f.indexOf(' '))) <= to).length;
  return common > 0 && common >= SAME_LOG_SHARE * Math.min(covered(a), covered(b));
}

function groupByName(name: string, kind: NodeKind, groups: readonly Group[]): Group | undefined {
  const matching = groups.filter((g) => {
    const hosts = [...g.runs.flatMap((r) => r.endpoints), ...(g.container === null ? [] : endpointsOf(g.container))].map(hostOf);
    return (
      g.forcedName === name || g.fileName === name || hosts.includes(name) || g.container?.aliases.includes(name) === true || g.container?.id === name
    );
  });
  return matching.find((g) => g.container?.role === kind || g.runs.some((r) => r.kind === kind)) ?? matching[0];
}

interface Named {
  readonly group: Group;
  readonly kind: NodeKind;
  readonly endpoint: string | null;
  name: string;
  basis: NameBasis;
}

function nameGroups(groups: readonly Group[], mentions: readonly Mention[]): Directory {
  const named = groups.map(nameGroup);
  const count = new Map<string, number>();
  for (const n of named) count.set(n.name, (count.get(n.name) ?? 0) + 1);
  for (const n of named) {
    if ((count.get(n.name) ?? 0) < 2 || n.endpoint === null || n.group.forcedName !== null) continue;
    // Several nodes on one host are told apart by their ports; nodes that all call themselves localhost:7051 only by their logs.
    if (n.name !== n.endpoint) n.name = n.endpoint;
    else if (isAnonymousHost(hostOf(n.endpoint))) {
      n.name = fileStemOf(n.group.runs[0]?.source ?? n.endpoint);
      n.basis = 'file-name';
    }
  }
  const taken = new Set<string>();
  for (const n of named) {
    const base = n.name;
    for (let i = 2; taken.has(n.name); i++) n.name = `${base} (${i})`;
    taken.add(n.name);
  }
  return new IndexedDirectory(named, mentions);
}

function nameGroup(group: Group): Named {
  const byEnd = [...group.runs].sort((a, b) => a.lastAt - b.lastAt);
  const latest = byEnd.findLast((r) => r.endpoints.length > 0);
  // A run without a telling line counts as a client's; one that tells decides.
  const told = byEnd.findLast((r) => r.kind !== 'client')?.kind ?? 'client';
  const kind = group.container !== null && group.container.role !== 'other' ? group.container.role : told;
  const endpoints = [...(latest?.endpoints ?? []), ...(group.container === null ? [] : endpointsOf(group.container))];
  const endpoint = endpoints.find((e) => !isAnonymousHost(hostOf(e))) ?? endpoints[0] ?? null;
  const host = endpoints.map(hostOf).find(isHostName);
  const base = { group, kind, endpoint };
  if (group.forcedName !== null) return { ...base, name: group.forcedName, basis: 'file-name' };
  if (host !== undefined) return { ...base, name: host, basis: group.container === null ? 'log' : 'inspect' };
  if (group.container !== null) return { ...base, name: containerNameOf(group.container), basis: 'inspect' };
  const processId = group.runs.map((r) => r.processId).find((id) => id !== null && id !== '' && id !== DEFAULT_PEER_ID);
  if (processId !== undefined && processId !== null) return { ...base, name: processId, basis: 'log' };
  const prefix = group.runs.map((r) => r.prefix).find((p) => p !== null);
  if (prefix !== undefined && prefix !== null) return { ...base, name: prefix, basis: 'file-name' };
  return {
    ...base,
    name: group.fileName ?? endpoint ?? fileStemOf(group.runs[0]?.source ?? ''),
    basis: group.fileName === null && endpoint !== null ? 'address' : 'file-name',
  };
}

/** `peer.id` of the sample core.yaml: says nothing. */
const DEFAULT_PEER_ID = 'jdoe';

/** The alias that looks most like a host name: one with dots, else the container's own name. */
function containerNameOf(container: ContainerFacts): string {
  if (container.name.includes('.')) return container.name;
  return container.aliases.find((a) => a.includes('.') && isHostName(a)) ?? container.name;
}

const compareTexts = (a: string | null, b: string | null): number => ((a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0);

class IndexedDirectory implements Directory {
  readonly nodes: ReadonlyMap<string, NodeIdentity>;
  readonly #byRun = new Map<string, string>();
  readonly #byEndpoint = new Map<string, string>();
  /** Null: several nodes share the host. */
  readonly #byHost = new Map<string, string | null>();
  readonly #byPkiId = new Map<string, string>();
  readonly #byContainer = new Map<string, string>();

  constructor(named: readonly Named[], mentions: readonly Mention[]) {
    const nodes = new Map<string, NodeIdentity>();
    const rest = renameLoneOrderer(named, mentions);
    for (const n of rest) this.#index(n);
    this.#indexLoopback(rest);
    const pkiOf = new Map<string, string>();
    const told = [...mentions].sort((a, b) => compareTexts(a.endpoint, b.endpoint) || compareTexts(a.pkiId, b.pkiId) || compareTexts(a.role, b.role));
    for (const m of told) if (m.endpoint !== null && m.pkiId !== null && !this.#byPkiId.has(m.pkiId)) pkiOf.set(m.endpoint, m.pkiId);
    for (const n of rest) nodes.set(n.name, identityOf(n, n.endpoint === null ? null : (pkiOf.get(n.endpoint) ?? null)));
    const newcomers = this.#newcomersOf(told, nodes);
    for (const newcomer of newcomers) {
      const name = newcomer.name;
      nodes.set(name, { ...newcomer, pkiId: pkiOf.get(newcomer.endpoint) ?? null });
      this.#byEndpoint.set(newcomer.endpoint, name);
      this.#addHost(hostOf(newcomer.endpoint), name);
    }
    for (const m of told) {
      const name = m.endpoint === null || m.role === 'orderer' ? null : this.nodeOfEndpoint(m.endpoint);
      if (name !== null && m.pkiId !== null && !this.#byPkiId.has(m.pkiId)) this.#byPkiId.set(m.pkiId, name);
    }
    this.nodes = new Map([...nodes].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  nodeOfRun(source: string, index: number): string {
    return this.#byRun.get(`${source}#${index}`) ?? fileStemOf(source);
  }

  nodeOfEndpoint(endpoint: string): string | null {
    return this.#byEndpoint.get(endpoint) ?? (isHostName(hostOf(endpoint)) ? this.nodeOfHost(hostOf(endpoint)) : null);
  }

  nodeOfHost(host: string): string | null {
    return this.#byHost.get(host) ?? null;
  }

  nodeOfPkiId(pkiId: string): string | null {
    return this.#byPkiId.get(pkiId) ?? null;
  }

  nodeOfContainer(id: string): string | null {
    return this.#byContainer.get(id) ?? null;
  }

  #index(n: Named): void {
    const { group, name } = n;
    for (const c of containersOf(group)) this.#byContainer.set(c.id, name);
    for (const run of group.runs) {
      if (run.containerId !== null) this.#byContainer.set(run.containerId, name);
      this.#byRun.set(`${run.source}#${run.index}`, name);
      for (const id of run.pkiIds) if (!this.#byPkiId.has(id)) this.#byPkiId.set(id, name);
    }
    const endpoints = [...group.runs.flatMap((r) => r.endpoints), ...(group.container === null ? [] : endpointsOf(group.container))];
    for (const endpoint of endpoints) if (!isAnonymousHost(hostOf(endpoint))) this.#byEndpoint.set(endpoint, name);
    const hosts = new Set([
      ...endpoints.map(hostOf),
      ...(group.container?.aliases ?? []),
      ...group.runs.flatMap((r) => (r.prefix === null ? [] : [r.prefix])),
      name,
    ]);
    for (const host of hosts) if (isHostName(host)) this.#addHost(host, name);
  }

  /** The peers that only others name: each by its host, or by its endpoint where the host is an address or has several nodes. */
  #newcomersOf(told: readonly Mention[], nodes: ReadonlyMap<string, NodeIdentity>): readonly (NodeIdentity & { readonly endpoint: string })[] {
    const alive = told.flatMap((m) => (m.role === 'peer' && m.alive && m.endpoint !== null ? [m.endpoint] : []));
    const endpoints = [...new Set(alive.filter((e) => this.#isNewcomer(e, nodes)))];
    return endpoints.map((endpoint) => {
      const host = hostOf(endpoint);
      const alone = !this.#byHost.has(host) && endpoints.every((e) => e === endpoint || hostOf(e) !== host);
      return {
        name: isHostName(host) && alone ? host : endpoint,
        kind: 'peer',
        nameBasis: isHostName(host) ? 'log' : 'address',
        mspId: null,
        mspBasis: null,
        endpoint,
        pkiId: null,
        container: null,
      };
    });
  }

  /** Whether a live member at `endpoint` is none of the named nodes: its host is unknown, or the node on that host has another port. */
  #isNewcomer(endpoint: string, nodes: ReadonlyMap<string, NodeIdentity>): boolean {
    const host = hostOf(endpoint);
    if (isAnonymousHost(host) || this.#byEndpoint.has(endpoint)) return false;
    if (!isHostName(host) || !this.#byHost.has(host)) return true;
    const there = this.#byHost.get(host) ?? null;
    const own = there === null ? null : (nodes.get(there)?.endpoint ?? null);
    return there === null || (own !== null && hostOf(own) === host && portOf(own) !== portOf(endpoint));
  }

  /** Where every peer says it is on this very host, each at a port of its own, loopback endpoints name nodes; else they mean whoever prints them. */
  #indexLoopback(named: readonly Named[]): void {
    const peers = named.filter((n) => n.kind === 'peer' && n.endpoint !== null);
    const endpoints = new Set(peers.map((n) => n.endpoint as string));
    if (peers.length < 2 || endpoints.size < peers.length || ![...endpoints].every((e) => isAnonymousHost(hostOf(e)))) return;
    for (const n of peers) this.#byEndpoint.set(n.endpoint as string, n.name);
  }

  #addHost(host: string, name: string): void {
    const known = this.#byHost.get(host);
    this.#byHost.set(host, known === undefined || known === name ? name : null);
  }
}

/**
 * An orderer's log never says its host. Where one orderer is named by its file alone and the peers name just one orderer host that nobody
 * else has (and its port fits), that is its name.
 */
function renameLoneOrderer(named: readonly Named[], mentions: readonly Mention[]): readonly Named[] {
  const lone = named.filter((n) => n.kind === 'orderer' && n.basis === 'file-name' && n.group.forcedName === null);
  const only = lone[0];
  if (only === undefined || lone.length > 1) return named;
  const port = only.group.runs.map((r) => r.listenPort).find((p) => p !== null) ?? null;
  const taken = new Set(named.flatMap((n) => [n.name, ...(n.group.container?.aliases ?? [])]));
  const hosts = new Set(
    mentions
      .flatMap((m) => (m.role === 'orderer' && m.endpoint !== null ? [m.endpoint] : []))
      .filter((e) => isHostName(hostOf(e)) && !taken.has(hostOf(e)) && (port === null || portOf(e) === port))
      .map(hostOf),
  );
  const host = [...hosts][0];
  if (host === undefined || hosts.size > 1) return named;
  return named.map((n) => (n === only ? { ...n, name: host, basis: 'log' } : n));
}

function identityOf(n: Named, mentionedPkiId: string | null): NodeIdentity {
  const runs = [...n.group.runs].sort((a, b) => a.lastAt - b.lastAt);
  const container = n.group.container;
  const told = container?.environment[n.kind === 'orderer' ? 'ORDERER_GENERAL_LOCALMSPID' : 'CORE_PEER_LOCALMSPID'] ?? null;
  const logged = runs.map((r) => r.mspId).findLast((m) => m !== null) ?? null;
  return {
    name: n.name,
    kind: n.kind,
    nameBasis: n.basis,
    mspId: logged ?? (told === '' ? null : told),
    mspBasis: told !== null && told !== '' ? 'inspect' : logged === null ? null : 'log',
    endpoint: n.endpoint,
    pkiId: runs.flatMap((r) => r.pkiIds).at(-1) ?? mentionedPkiId,
    container,
  };
}
