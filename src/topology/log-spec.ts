/** Levels as Fabric knows them, from talkative to silent. */
export const LOG_LEVELS = ['payload', 'debug', 'info', 'warning', 'error', 'dpanic', 'panic', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a logging specification asks for. */
export interface LogSpec {
  /** Of loggers that `loggers` does not cover. */
  readonly level: LogLevel;
  /** A name covers the names below it (`gossip` covers `gossip.election`); with a dot at its end, itself alone. */
  readonly loggers: ReadonlyMap<string, LogLevel>;
}

/** common/flogging/levels.go `nameToLevel` (1.4–3.x): lower case or upper case, nothing between. */
const LEVEL_NAMES: Readonly<Record<string, LogLevel>> = {
  payload: 'payload',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warn: 'warning',
  warning: 'warning',
  error: 'error',
  critical: 'error',
  dpanic: 'dpanic',
  panic: 'panic',
  fatal: 'fatal',
};

/** common/flogging/loggerlevels.go `loggerNameRegexp`. */
const LOGGER_NAME = /^[A-Za-z0-9_#:-]+(?:\.[A-Za-z0-9_#:-]+)*$/;

function levelNamed(name: string): LogLevel | null {
  return name === name.toLowerCase() || name === name.toUpperCase() ? (LEVEL_NAMES[name.toLowerCase()] ?? null) : null;
}

/**
 * The specification in `text`, of the form `[<logger>[,<logger>…]=]<level>[:…]` (`FABRIC_LOGGING_SPEC`, common/flogging/loggerlevels.go `ActivateSpec`,
 * 1.4–3.x), or the segment that Fabric refuses. A later level without loggers replaces an earlier one; an empty segment means info.
 */
export function parseLogSpec(text: string): LogSpec | { readonly badSegment: string } {
  let level: LogLevel = 'info';
  const loggers = new Map<string, LogLevel>();
  for (const segment of text.split(':')) {
    const [left = '', right, ...more] = segment.split('=');
    const named = levelNamed(right ?? left);
    if (more.length > 0 || (named === null && segment !== '')) return { badSegment: segment };
    if (right === undefined) {
      level = named ?? 'info';
      continue;
    }
    for (const logger of left.split(',')) {
      if (!LOGGER_NAME.test(logger.replace(/\.$/, ''))) return { badSegment: segment };
      loggers.set(logger, named ?? 'info');
    }
  }
  return { level, loggers };
}

/** The level of `logger` under `spec` (loggerlevels.go `calculateLevel`): its own exact entry, its own, then those above it, then the default. */
export function effectiveLevel(spec: LogSpec, logger: string): LogLevel {
  for (let name = `${logger}.`; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const level = spec.loggers.get(name);
    if (level !== undefined) return level;
  }
  return spec.level;
}

/** Whether a logger at `level` prints lines of `wanted`. */
export function prints(level: LogLevel, wanted: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(wanted);
}

/** How one node's process was told to log. */
export interface NodeLogging {
  /** The setting that holds, as `NAME=value`, or in words where it is a default. */
  readonly setting: string;
  /** Null where Fabric refuses the setting, with `badSegment` saying which part. */
  readonly spec: LogSpec | null;
  readonly badSegment: string | null;
}

/** Whether `version` (`1.3.0`, `2.5`) is one that reads `CORE_LOGGING_…`; null when it is not known. */
export function isBeforeLoggingSpec(version: string | null): boolean | null {
  const numbers = version?.match(/^(\d+)\.(\d+)/);
  if (numbers === null || numbers === undefined) return null;
  return Number(numbers[1]) === 1 && Number(numbers[2]) < 4;
}

/**
 * What holds for a peer or orderer with this environment. From 1.4 on it is `FABRIC_LOGGING_SPEC`, and the older variables are ignored; before, it is
 * `CORE_LOGGING_LEVEL` or `ORDERER_GENERAL_LOGLEVEL`, over which a peer lays core.yaml's `logging.gossip` once it has started: `warning` in the samples of
 * 1.0 and 1.1, `info` in 1.2 and 1.3 (peer/node/start.go, 1.0.0–1.3.0). Where the version is unknown, whichever variable is set tells.
 */
export function nodeLogging(role: 'peer' | 'orderer', environment: Readonly<Record<string, string>>, version: string | null): NodeLogging {
  const spec = environment['FABRIC_LOGGING_SPEC'] ?? '';
  const oldName = role === 'peer' ? 'CORE_LOGGING_LEVEL' : 'ORDERER_GENERAL_LOGLEVEL';
  const old = environment[oldName] ?? '';
  const before = isBeforeLoggingSpec(version) ?? (spec === '' && old !== '');
  if (!before) {
    const parsed = parseLogSpec(spec);
    const setting = spec === '' ? 'the default, info' : `FABRIC_LOGGING_SPEC=${spec}`;
    return 'badSegment' in parsed ? { setting, spec: null, badSegment: parsed.badSegment } : { setting, spec: parsed, badSegment: null };
  }
  // go-logging took any mixture of cases; the module names of those versions have slashes.
  const parsed = parseLogSpec(old.toLowerCase().replaceAll('/', '.'));
  const setting = old === '' ? 'the default, info' : `${oldName}=${old}`;
  if ('badSegment' in parsed) return { setting, spec: null, badSegment: parsed.badSegment };
  if (role === 'orderer') return { setting, spec: parsed, badSegment: null };
  const gossip = environment['CORE_LOGGING_GOSSIP'] ?? '';
  const sample: LogLevel = /^1\.[01](?:\.|$)/.test(version ?? '') ? 'warning' : 'info';
  const level = levelNamed(gossip.toLowerCase()) ?? sample;
  const loggers = new Map([...parsed.loggers].filter(([name]) => !/^gossip(?:\.|$)/.test(name)));
  return {
    setting: `${setting}, with ${gossip === '' ? `core.yaml's gossip: ${sample}` : `CORE_LOGGING_GOSSIP=${gossip}`}`,
    spec: { level: parsed.level, loggers: loggers.set('gossip', level) },
    badSegment: null,
  };
}
