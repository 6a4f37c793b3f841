import type { Evidence } from '../../events/evidence.js';
import type { Instant } from '../../events/instant.js';
import type { Diagnosis, Verdict } from '../diagnosis.js';

/** How much one peer's log could tell. */
export interface LogDepth {
  readonly node: string;
  readonly fabricVersion: string | null;
  /** Records by four-letter level. */
  readonly levels: Readonly<Record<string, number>>;
  /** Records of gossip's loggers by level, after the peer said it had started. */
  readonly gossipLevels: Readonly<Record<string, number>>;
  /** Whether the log shows a block or a channel, so that gossip had something to say. */
  readonly wasInChannel: boolean;
  readonly from: Instant;
  readonly to: Instant;
  readonly evidence: readonly Evidence[];
}

const TALKATIVE = ['INFO', 'NOTI', 'DEBU'] as const;
const talks = (levels: Readonly<Record<string, number>>): boolean => TALKATIVE.some((level) => (levels[level] ?? 0) > 0);

/** Versions up to 1.3 read `CORE_LOGGING_…`, later ones `FABRIC_LOGGING_SPEC` (flogging, since 1.4.0). */
function isBefore14(version: string | null): boolean | null {
  if (version === null) return null;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === 1 && minor < 4;
}

function settingFor(log: LogDepth): string {
  const old = isBefore14(log.fabricVersion);
  const oldSetting =
    log.fabricVersion?.startsWith('1.0') === true ? 'CORE_LOGGING_GOSSIP=debug (1.0 prints elections at DEBUG only)' : 'CORE_LOGGING_GOSSIP=info';
  if (old === true) return oldSetting;
  if (old === false) return 'FABRIC_LOGGING_SPEC=info';
  return 'FABRIC_LOGGING_SPEC=info (Fabric 1.4 and later) or CORE_LOGGING_LEVEL=info with CORE_LOGGING_GOSSIP=info (1.0 to 1.3)';
}

/**
 * Logs from which leadership and membership cannot be told. After its start a peer of 1.0 or 1.1 applies `logging.gossip` of core.yaml, by default
 * `warning`, to its gossip loggers whatever CORE_LOGGING_LEVEL says (peer/node/start.go, 1.0.0–1.3.0).
 */
export const thinLogs: Diagnosis<readonly LogDepth[]> = {
  slug: 'thin-logs',
  severity: 'warning',
  examine(logs) {
    if (logs.length === 0) return [];
    const groups = new Map<string, LogDepth[]>();
    for (const log of logs) {
      const key = `${thinnessOf(log) ?? ''} ${settingFor(log)}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [log]);
      else group.push(log);
    }
    const found = [...groups.values()].flatMap((group) => tellThin(group));
    if (found.length > 0) return found;
    return [{ ...spanOf(logs), verdict: 'clear', title: 'The logs are deep enough', summary: 'Every peer’s log holds INFO lines of gossip.' }];
  },
};

type Thinness = 'warnings-only' | 'gossip-silent';

function thinnessOf(log: LogDepth): Thinness | null {
  if (!talks(log.levels)) return 'warnings-only';
  return log.wasInChannel && !talks(log.gossipLevels) ? 'gossip-silent' : null;
}

function spanOf(logs: readonly LogDepth[]): Pick<Verdict, 'nodes' | 'channel' | 'from' | 'to' | 'evidence'> {
  const nodes = logs.map((l) => l.node).sort();
  const from = logs.reduce((a, b) => (b.from < a.from ? b : a), logs[0] as LogDepth).from;
  const to = logs.reduce((a, b) => (b.to > a.to ? b : a), logs[0] as LogDepth).to;
  return { nodes, channel: null, from, to, evidence: logs.flatMap((l) => l.evidence) };
}

/** One verdict for the logs that are thin in the same way and want the same setting. */
function tellThin(logs: readonly LogDepth[]): readonly Verdict[] {
  const [first] = logs;
  const thinness = first === undefined ? null : thinnessOf(first);
  if (first === undefined || thinness === null) return [];
  const whose = logs.length === 1 ? `the log of ${first.node}` : `the logs of ${logs.length} peers`;
  const remedy = `Set ${settingFor(first)} and record again.`;
  if (thinness === 'warnings-only') {
    return [
      {
        ...spanOf(logs),
        verdict: 'found',
        title: `Warnings and errors only in ${whose}`,
        summary: `Starts, elections, views and blocks are printed at INFO, and there is none of it. ${remedy}`,
      },
    ];
  }
  return [
    {
      ...spanOf(logs),
      verdict: 'found',
      title: `Gossip is silent in ${whose}`,
      summary: `In a channel, but gossip’s loggers printed nothing below WARN after the start, so elections and views cannot be told. ${remedy}`,
    },
  ];
}
