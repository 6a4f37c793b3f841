import { effectiveLevel, isBeforeLoggingSpec, type LogLevel, nodeLogging, prints } from '../topology/log-spec.js';
import type { CapturePlan } from './capture-plan.js';
import type { FabricNode } from './discovery.js';
import type { EngineFacts } from './engine.js';
import { followsReliably } from './log-follower.js';

/** One thing looked at before a recording. */
export interface Finding {
  readonly check:
    | 'engine'
    | 'location'
    | 'fabric'
    | 'tcpdump'
    | 'images'
    | 'packets'
    | 'sidecars'
    | 'log-driver'
    | 'log-rotation'
    | 'log-level'
    | 'disk';
  /** `fail`: what the analysis lives on will be missing. `warn`: part of it may. */
  readonly status: 'ok' | 'warn' | 'fail' | 'unknown';
  /** One sentence. */
  readonly says: string;
  /** Commands or settings that mend it, one a line; none where nothing is to be done. */
  readonly mend: readonly string[];
}

const NAMED_LIMIT = 4;

/** Names for a sentence: all of a few, else the first and how many more. */
function listed(names: readonly string[]): string {
  return names.length <= NAMED_LIMIT ? names.join(', ') : `${names.slice(0, NAMED_LIMIT).join(', ')} and ${names.length - NAMED_LIMIT} more`;
}

/** What is the same of several nodes is told once, in the order of their first. */
function together(nodes: readonly FabricNode[], keyOf: (node: FabricNode) => string): readonly (readonly FabricNode[])[] {
  const groups = new Map<string, FabricNode[]>();
  for (const node of nodes) {
    const key = keyOf(node);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [node]);
    else group.push(node);
  }
  return [...groups.values()];
}

const namesOf = (nodes: readonly FabricNode[]): string => listed(nodes.map((n) => n.name));
const countedOf = (nodes: readonly FabricNode[], all: readonly FabricNode[]): string =>
  nodes.length === all.length && all.length > NAMED_LIMIT ? `all ${all.length} containers` : namesOf(nodes);
const matters = (node: FabricNode): boolean => node.role === 'peer' || node.role === 'orderer';

/** Drivers whose logs every engine reads back (docs.docker.com, "Configure logging drivers"). */
const READABLE_DRIVERS = new Set(['json-file', 'local', 'journald']);
/** The first API of an engine (20.10) that keeps a readable copy beside any driver: "dual logging". */
const DUAL_LOGGING_API = [1, 41] as const;

function isApiAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [itsMajor = 0, itsMinor = 0] = version.split('.').map(Number);
  return itsMajor > major || (itsMajor === major && itsMinor >= minor);
}

function isReadable(node: FabricNode, facts: EngineFacts): boolean {
  if (READABLE_DRIVERS.has(node.logDriver)) return true;
  return node.logDriver !== 'none' && !node.logCacheDisabled && isApiAtLeast(facts.apiVersion, DUAL_LOGGING_API);
}

function servicesOf(nodes: readonly FabricNode[]): string {
  return [...new Set(nodes.map((n) => n.service ?? n.name))].join(' ');
}

const ROOMY_ROTATION: Readonly<Record<string, string>> = { 'max-size': '100m', 'max-file': '5' };

/** How to give these containers the json-file driver: by Compose, by the peer that makes a chaincode container, or by hand. */
function loggingMend(nodes: readonly FabricNode[], options: Readonly<Record<string, string>>): readonly string[] {
  const composed = nodes.filter((n) => n.service !== null);
  const chaincode = nodes.filter((n) => n.service === null && n.role === 'chaincode');
  const others = nodes.filter((n) => n.service === null && n.role !== 'chaincode');
  const pairs = Object.entries(options);
  const yaml = pairs.length === 0 ? '' : `, options: { ${pairs.map(([key, value]) => `${key}: "${value}"`).join(', ')} }`;
  return [
    ...(composed.length === 0
      ? []
      : [
          `in the compose file, for ${servicesOf(composed)}: logging: { driver: json-file${yaml} }`,
          `then: docker compose up -d --force-recreate ${servicesOf(composed)}`,
        ]),
    // sampleconfig/core.yaml, vm.docker.hostConfig.LogConfig: what the peer gives to the containers it makes.
    ...(chaincode.length === 0 ? [] : ['in the environment of the peers: CORE_VM_DOCKER_HOSTCONFIG_LOGCONFIG_TYPE=json-file']),
    ...(others.length === 0
      ? []
      : [
          `make ${servicesOf(others)} anew with: docker run --log-driver json-file${pairs.map(([key, value]) => ` --log-opt ${key}=${value}`).join('')} …`,
        ]),
  ];
}

/** Whether the engine can read back what the containers print. */
export function logDriverFindings(nodes: readonly FabricNode[], facts: EngineFacts): readonly Finding[] {
  return together(nodes, (n) => (READABLE_DRIVERS.has(n.logDriver) ? n.logDriver : `${n.logDriver} ${isReadable(n, facts)} ${matters(n)}`)).map(
    (group): Finding => {
      const [first] = group as readonly [FabricNode];
      const driver = first.logDriver === '' ? 'an unknown driver' : first.logDriver;
      if (READABLE_DRIVERS.has(first.logDriver))
        return { check: 'log-driver', status: 'ok', says: `${driver} keeps readable logs: ${countedOf(group, nodes)}`, mend: [] };
      if (isReadable(first, facts))
        return {
          check: 'log-driver',
          status: 'warn',
          says: `${driver} sends logs elsewhere, the engine keeps a copy of limited size: ${namesOf(group)}`,
          mend: ['attach before the network starts: gossipscope record --wait'],
        };
      return {
        check: 'log-driver',
        status: matters(first) ? 'fail' : 'warn',
        says: `${driver} keeps nothing that can be read back: ${namesOf(group)}`,
        mend: loggingMend(group, {}),
      };
    },
  );
}

const MEBIBYTE = 1024 * 1024;

function sizeText(bytes: number): string {
  const size = bytes >= 1024 * MEBIBYTE ? [bytes / MEBIBYTE / 1024, 'GiB'] : bytes >= MEBIBYTE ? [bytes / MEBIBYTE, 'MiB'] : [bytes / 1024, 'KiB'];
  return `${Number((size[0] as number).toFixed(1))} ${size[1]}`;
}

/** Whether lines can be lost to rotation, with the numbers: what is well in one finding, then what is not. */
export function logRotationFindings(nodes: readonly FabricNode[], facts: EngineFacts): readonly Finding[] {
  const readable = nodes.filter((n) => isReadable(n, facts));
  const isFollowedReliably = followsReliably(facts.apiVersion);
  const isRisky = (n: FabricNode): boolean => n.logRotation !== null && !isFollowedReliably && n.logRotation.maxSizeBytes < 10 * MEBIBYTE;
  const heldOf = (n: FabricNode): string =>
    n.logRotation === null
      ? 'never'
      : `${n.logRotation.maxFiles} file${n.logRotation.maxFiles === 1 ? '' : 's'} of ${sizeText(n.logRotation.maxSizeBytes)}`;
  const well = readable.filter((n) => !isRisky(n));
  const said = together(well, heldOf).map((group) => {
    const [first] = group as readonly [FabricNode];
    if (first.logRotation === null) return `not rotated: ${countedOf(group, nodes)}`;
    const room = isFollowedReliably
      ? `lines are lost only when ${sizeText(first.logRotation.maxSizeBytes * first.logRotation.maxFiles)} are written while nobody reads`
      : 'read around each rotation, since this Docker may drop lines there';
    return `${heldOf(first)} kept of each, ${room}: ${countedOf(group, nodes)}`;
  });
  const risky = together(readable.filter(isRisky), heldOf).map(
    (group): Finding => ({
      check: 'log-rotation',
      status: 'warn',
      says: `the engine keeps ${heldOf((group as readonly [FabricNode])[0])} of each log; older lines are gone, and Docker ${facts.version} may drop lines at a rotation while they are followed: ${namesOf(group)}`,
      mend: loggingMend(group, ROOMY_ROTATION),
    }),
  );
  return [
    ...(said.length === 0 ? [] : [{ check: 'log-rotation' as const, status: 'ok' as const, says: `logs ${said.join('; ')}`, mend: [] }]),
    ...risky,
  ];
}

/** What the analysis reads at INFO, by the loggers that print it (peer: gossip/…, internal/pkg/peer/…, core/ledger; orderer: orderer/consensus/etcdraft). */
const NEEDS: Readonly<
  Record<'peer' | 'orderer', readonly { readonly what: string; readonly loggers: readonly string[]; readonly essential: boolean }[]>
> = {
  peer: [
    { what: 'leader elections', loggers: ['gossip.election', 'gossip.service'], essential: true },
    { what: 'membership', loggers: ['gossip.channel', 'gossip.discovery'], essential: true },
    { what: 'the arrival of blocks', loggers: ['gossip.privdata', 'gossip.state', 'kvledger'], essential: true },
    { what: 'the delivery from orderers', loggers: ['peer.blocksprovider', 'deliveryClient'], essential: false },
  ],
  orderer: [{ what: 'Raft leaders and blocks', loggers: ['orderer.consensus.etcdraft', 'orderer.commmon.multichannel'], essential: false }],
};

/** What is printed only at DEBUG: 1.0's lines of elections (gossip/election 1.0.x). */
function wantedLevel(what: string, version: string | null): LogLevel {
  return what === 'leader elections' && version !== null && /^1\.0(?:\.|$)/.test(version) ? 'debug' : 'info';
}

/** Whether each peer and orderer prints what the analysis needs: those that do in one finding, by their settings, then those that do not. */
export function logLevelFindings(nodes: readonly FabricNode[]): readonly Finding[] {
  const asked = nodes.filter(matters);
  const sufficient = new Map<string, FabricNode[]>();
  const findings = together(asked, (n) => `${n.role} ${JSON.stringify(n.loggingEnvironment)} ${n.fabricVersion ?? ''}`).flatMap(
    (group): readonly Finding[] => {
      const [node] = group as readonly [FabricNode];
      const role = node.role === 'orderer' ? 'orderer' : 'peer';
      const { setting, spec, badSegment } = nodeLogging(role, node.loggingEnvironment, node.fabricVersion);
      const whose = namesOf(group);
      if (spec === null) {
        const says = `Fabric refuses ${setting} because of "${badSegment}": ${whose}`;
        return [{ check: 'log-level', status: 'fail', says, mend: levelMend(group, role) }];
      }
      const hidden = NEEDS[role].filter(({ what, loggers }) =>
        loggers.some((logger) => !prints(effectiveLevel(spec, logger), wantedLevel(what, node.fabricVersion))),
      );
      if (hidden.length === 0) {
        sufficient.set(setting, [...(sufficient.get(setting) ?? []), ...group]);
        return [];
      }
      const status = hidden.some((need) => need.essential) ? 'fail' : 'warn';
      const says = `${setting} hides ${andList(hidden.map((need) => need.what))}: ${whose}`;
      return [{ check: 'log-level', status, says, mend: levelMend(group, role) }];
    },
  );
  if (sufficient.size === 0) return findings;
  const whose = (group: readonly FabricNode[]): string =>
    group.length === asked.length && group.length > NAMED_LIMIT ? `all ${group.length} peers and orderers` : namesOf(group);
  const says = [...sufficient].map(([setting, group]) => `${setting} prints what the analysis needs: ${whose(group)}`).join('; ');
  return [{ check: 'log-level', status: 'ok', says, mend: [] }, ...findings];
}

function andList(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

function levelMend(nodes: readonly FabricNode[], role: 'peer' | 'orderer'): readonly string[] {
  const [first] = nodes as readonly [FabricNode];
  const before =
    isBeforeLoggingSpec(first.fabricVersion) ??
    (!('FABRIC_LOGGING_SPEC' in first.loggingEnvironment) && Object.keys(first.loggingEnvironment).length > 0);
  const level = first.fabricVersion?.match(/^1\.0(?:\.|$)/) ? 'DEBUG' : 'INFO';
  const line = !before
    ? 'FABRIC_LOGGING_SPEC=info'
    : role === 'orderer'
      ? 'ORDERER_GENERAL_LOGLEVEL=INFO'
      : `CORE_LOGGING_LEVEL=INFO and CORE_LOGGING_GOSSIP=${level}`;
  const mend = [`for good, in the environment of ${servicesOf(nodes)}: ${line}`];
  if (before) return mend;
  const now = nodes.flatMap((node) => {
    const url = operationsUrl(node);
    return url === null ? [] : [`until the next start: curl -X PUT -d '{"spec":"info"}' ${url}/logspec`];
  });
  return [...mend, ...now];
}

/** Where the operations service answers from outside its container; null where it listens inside alone (core.yaml `operations.listenAddress`). */
function operationsUrl(node: FabricNode): string | null {
  const match = node.operationsAddress?.match(/^(.*):(\d+)$/);
  const address = node.addresses[0]?.address;
  if (match === null || match === undefined || address === undefined || /^(?:127\.|localhost$|\[?::1)/.test(match[1] ?? '')) return null;
  return `http://${address.includes(':') ? `[${address}]` : address}:${match[2]}`;
}

/** Names of images known to hold tcpdump; which others do, only running them would tell. */
const IMAGES_WITH_TCPDUMP =
  /(?:^|\/)(?:nicolaka\/netshoot|corfr\/tcpdump|kaazing\/tcpdump|itsthenetwork\/alpine-tcpdump|dockersec\/tcpdump|[^/]*tcpdump[^/]*|[^/]*tshark[^/]*|[^/]*wireshark[^/]*|[^/]*netshoot[^/]*|[^/]*network-multitool[^/]*)(?:[:@]|$)/i;

/** Those of the local images' names that by their name hold tcpdump; tags rather than digests. */
export function imagesWithTcpdump(images: readonly { readonly names: readonly string[] }[]): readonly string[] {
  return images.flatMap(({ names }) => {
    const name = names.find((n) => IMAGES_WITH_TCPDUMP.test(n));
    return name === undefined ? [] : [name];
  });
}

/** How packets would be captured. `imageFound`: a local image that would do where the user named none. */
export function packetsFinding(plan: CapturePlan, isNetworkThere: boolean, imageFound: string | null): Finding {
  const reason = plan.reason.replace(/\.$/, '');
  return {
    check: 'packets',
    status: plan.method === 'none' || plan.missing.length > 0 ? 'warn' : 'ok',
    says: isNetworkThere ? reason : `no network is there yet; once one is, ${reason}`,
    mend: [
      ...plan.missing.map((missing) => missing.hint),
      ...(plan.method === 'sidecar' && imageFound !== null ? [`gossipscope record --capture-image ${imageFound}`] : []),
    ],
  };
}

const LITTLE_DISK_BYTES = 2 * 1024 * MEBIBYTE;
const TOO_LITTLE_DISK_BYTES = 100 * MEBIBYTE;

/** Whether a recording has room where it would be written. */
export function diskFinding(folder: string, freeBytes: number | null): Finding {
  if (freeBytes === null) return { check: 'disk', status: 'unknown', says: `the free space at ${folder} cannot be told`, mend: [] };
  const status = freeBytes < TOO_LITTLE_DISK_BYTES ? 'fail' : freeBytes < LITTLE_DISK_BYTES ? 'warn' : 'ok';
  return {
    check: 'disk',
    status,
    says: `${sizeText(freeBytes)} free at ${folder}`,
    mend: status === 'ok' ? [] : ['record elsewhere with --out, or limit the size'],
  };
}
