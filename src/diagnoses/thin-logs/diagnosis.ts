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
    const verdicts = logs.map(judge);
    const found = verdicts.filter((v) => v.verdict === 'found');
    return found.length > 0 ? found : verdicts.slice(0, 1).map((v) => ({ ...v, nodes: logs.map((l) => l.node) }));
  },
};

function judge(log: LogDepth): Verdict {
  const base = { nodes: [log.node], channel: null, from: log.from, to: log.to, evidence: log.evidence };
  if (!talks(log.levels)) {
    return {
      ...base,
      verdict: 'found',
      title: `${log.node}: this log holds warnings and errors only`,
      summary: `Starts, elections, views and blocks are printed at INFO, and this log has none of it. Set ${settingFor(log)} and record again.`,
    };
  }
  if (log.wasInChannel && !talks(log.gossipLevels)) {
    return {
      ...base,
      verdict: 'found',
      title: `${log.node}: gossip is silent in this log`,
      summary: `The peer was in a channel, but its gossip loggers printed nothing below WARN after the start, so elections and views cannot be told. Set ${settingFor(log)} and record again.`,
    };
  }
  return { ...base, verdict: 'clear', title: 'The logs are deep enough', summary: 'Every peer’s log holds INFO lines of gossip.' };
}
