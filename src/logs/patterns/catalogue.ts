import { LEVELS, type Pattern } from '../pattern.js';
import { CONNECTION_PRODUCER_PATTERNS } from './connection-producer.js';
import { DELIVER_PATTERNS } from './deliver.js';
import { GOSSIP_CHANNEL_PATTERNS } from './gossip-channel.js';
import { GOSSIP_COMM_PATTERNS } from './gossip-comm.js';
import { GOSSIP_DISCOVERY_PATTERNS } from './gossip-discovery.js';
import { GOSSIP_ELECTION_PATTERNS } from './gossip-election.js';
import { GOSSIP_GOSSIP_PATTERNS } from './gossip-gossip.js';
import { GOSSIP_PRIVDATA_PATTERNS } from './gossip-privdata.js';
import { GOSSIP_SERVICE_PATTERNS } from './gossip-service.js';
import { GOSSIP_STATE_PATTERNS } from './gossip-state.js';
import { GRPC_SERVER_PATTERNS } from './grpc-server.js';
import { LEDGER_PATTERNS } from './ledger.js';
import { NODE_PROCESS_PATTERNS } from './node-process.js';
import { ORDERER_PATTERNS } from './orderer.js';
import { QUIET_PATTERNS } from './quiet.js';
import { RAFT_PATTERNS } from './raft.js';

/** Every known wording. Those that yield events come first: where two match, the first wins. */
export const CATALOGUE: readonly Pattern[] = [
  ...NODE_PROCESS_PATTERNS,
  ...GOSSIP_SERVICE_PATTERNS,
  ...GOSSIP_GOSSIP_PATTERNS,
  ...GOSSIP_COMM_PATTERNS,
  ...GOSSIP_DISCOVERY_PATTERNS,
  ...GOSSIP_CHANNEL_PATTERNS,
  ...GOSSIP_ELECTION_PATTERNS,
  ...GOSSIP_STATE_PATTERNS,
  ...GOSSIP_PRIVDATA_PATTERNS,
  ...DELIVER_PATTERNS,
  ...CONNECTION_PRODUCER_PATTERNS,
  ...LEDGER_PATTERNS,
  ...GRPC_SERVER_PATTERNS,
  ...ORDERER_PATTERNS,
  ...RAFT_PATTERNS,
  ...QUIET_PATTERNS,
];

/** A pattern and whether its literal opens the message, which is cheaper to test. */
export interface Probe {
  readonly pattern: Pattern;
  readonly opens: boolean;
}

/** What the catalogue knows of a logger. */
export interface KnownLogger {
  /** Normalised. */
  readonly name: string;
  /** Whether any pattern is for it, or it is {@link isClaimed}. */
  readonly isKnown: boolean;
  readonly isGossip: boolean;
  /** Its INFO and higher records are all meant to be in the catalogue: one that is not is an oddity. */
  readonly isClaimed: boolean;
  /** It may print the version banner or "Started peer". */
  readonly printsBanner: boolean;
  /** It prints only while a process starts, before the version banner. */
  readonly printsBeforeBanner: boolean;
  /** By index in LEVELS. */
  readonly probesByLevel: readonly (readonly Probe[])[];
}

const CLAIMED = /^(?:gossip\.|deliveryClient$|blocksProvider$|peer\.blocksprovider$)/;
const BANNER_LOGGERS = new Set(['nodeCmd', 'orderer.common.server', 'orderer.main']);
const BEFORE_BANNER_LOGGERS = new Set(['localconfig', 'main']);

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

function describeLogger(name: string): KnownLogger {
  const patterns = CATALOGUE.filter((pattern) => pattern.loggers.includes(name));
  const isClaimed = CLAIMED.test(name);
  return {
    name,
    isKnown: isClaimed || patterns.length > 0,
    isGossip: name.startsWith('gossip.'),
    isClaimed,
    printsBanner: BANNER_LOGGERS.has(name),
    printsBeforeBanner: BEFORE_BANNER_LOGGERS.has(name),
    probesByLevel: LEVELS.map((level) =>
      patterns
        .filter((pattern) => pattern.levels === undefined || pattern.levels.includes(level))
        .map((pattern) => ({ pattern, opens: pattern.message.source.startsWith(`^${escapeRegExp(pattern.hint)}`) })),
    ),
  };
}

const UNKNOWN = describeLogger('');
const loggersByName = new Map(CATALOGUE.flatMap((pattern) => pattern.loggers).map((name) => [name, describeLogger(name)]));

/** What the catalogue knows of the logger that a record names, `/` or `.` inside. */
export function knownLogger(written: string): KnownLogger {
  const known = loggersByName.get(written);
  if (known !== undefined) return known;
  if (written.includes('/')) return knownLogger(written.replaceAll('/', '.'));
  return CLAIMED.test(written) || BEFORE_BANNER_LOGGERS.has(written) ? describeLogger(written) : UNKNOWN;
}
