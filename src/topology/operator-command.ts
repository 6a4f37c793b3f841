/** A command of Fabric's tools, or a script, found in a command line. */
export interface OperatorCommand {
  /** `peer channel join`, `osnadmin channel join`, `configtxgen`; `script` for a shell script. */
  readonly action: string;
  readonly channel: string | null;
  /** The block or transaction it was given or writes, or the script's path. */
  readonly file: string | null;
  readonly chaincode: string | null;
  /** `CORE_PEER_ADDRESS` where the command line itself sets it. */
  readonly peerAddress: string | null;
  /** Every word but flags, for a script: its arguments. */
  readonly words: readonly string[];
}

/** Enough for any script that is written into a command line. */
const MAX_COMMANDS = 50;
const MAX_WRAPPINGS = 4;

const SHELL = /^(?:ba|da|z|a|k)?sh$/;
const SEPARATOR = /^(?:&&|\|\||;|\||&)$/;
/** Commands that run another one, with how many words of their own come first. */
const RUNNERS: ReadonlyMap<string, number> = new Map([
  ...['env', 'exec', 'nohup', 'time', 'sudo', 'command', 'nice'].map((name) => [name, 0] as const),
  ['timeout', 1],
]);

/** Commands of `peer` by group (internal/peer, 1.0 to 3.x: channel, chaincode, lifecycle, node, snapshot). */
const PEER_VERBS: ReadonlyMap<string, readonly string[]> = new Map([
  ['channel', ['create', 'fetch', 'join', 'joinbysnapshot', 'joinbysnapshotstatus', 'list', 'update', 'signconfigtx', 'getinfo']],
  ['chaincode', ['install', 'instantiate', 'invoke', 'query', 'upgrade', 'list', 'package', 'signpackage']],
  ['node', ['start', 'status', 'reset', 'rollback', 'pause', 'resume', 'rebuild-dbs', 'upgrade-dbs', 'unjoin']],
  ['snapshot', ['submitrequest', 'cancelrequest', 'listpending']],
]);
const LIFECYCLE_VERBS = [
  'package',
  'calculatepackageid',
  'install',
  'queryinstalled',
  'getinstalledpackage',
  'approveformyorg',
  'queryapproved',
  'checkcommitreadiness',
  'commit',
  'querycommitted',
];
const OTHER_TOOLS = new Set(['configtxgen', 'cryptogen', 'configtxlator', 'fabric-ca-client', 'discover']);

/** Flags of these tools that stand alone; every other flag is followed by its value unless that is a flag too. */
const SWITCHES = new Set([
  '--tls',
  '--clientauth',
  '--keepOldMSP',
  '--init-required',
  '--isInit',
  '-I',
  '--waitForEvent',
  '--installed',
  '--instantiated',
  '--bestEffort',
  '--raw',
  '-r',
  '--hex',
  '-x',
  '-s',
  '-S',
  '-h',
  '--help',
]);

/**
 * The commands of Fabric's tools and the scripts in `commandLine`, in order, flags anywhere, also inside `sh -c …` and behind `env` and assignments; empty
 * where there is none. Docker joins a command's words with blanks and drops the quotes, so a quoted word cannot always be told from several.
 */
export function readCommandLine(commandLine: string): readonly OperatorCommand[] {
  return commandsIn(splitWords(commandLine), null, 0).slice(0, MAX_COMMANDS);
}

interface Word {
  readonly text: string;
  readonly isQuoted: boolean;
}

function commandsIn(words: readonly Word[], inherited: string | null, depth: number): readonly OperatorCommand[] {
  const commands: OperatorCommand[] = [];
  let peerAddress = inherited;
  for (const part of partsOf(words)) {
    const { rest, assigned, isExport } = skipPreface(part);
    const address = assigned.get('CORE_PEER_ADDRESS') ?? peerAddress;
    if (isExport || rest.length === 0) peerAddress = address;
    commands.push(...commandOf(rest, address, depth));
    if (commands.length >= MAX_COMMANDS) break;
  }
  return commands;
}

function partsOf(words: readonly Word[]): readonly (readonly Word[])[] {
  const parts: Word[][] = [[]];
  for (const word of words) {
    if (!word.isQuoted && SEPARATOR.test(word.text)) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts.filter((p) => p.length > 0);
}

/** Leading assignments, `export`, and commands that only run another one. */
function skipPreface(part: readonly Word[]): {
  readonly rest: readonly Word[];
  readonly assigned: ReadonlyMap<string, string>;
  readonly isExport: boolean;
} {
  const assigned = new Map<string, string>();
  let isExport = false;
  let i = 0;
  for (; i < part.length; i++) {
    const word = (part[i] as Word).text;
    const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(word);
    const own = RUNNERS.get(word);
    if (assignment !== null) assigned.set(assignment[1] as string, assignment[2] as string);
    else if (word === 'export') isExport = true;
    else if (own !== undefined) {
      while (i + 1 < part.length && /^-./.test((part[i + 1] as Word).text)) i++;
      i += own;
    } else break;
  }
  return { rest: part.slice(i), assigned, isExport };
}

function commandOf(words: readonly Word[], peerAddress: string | null, depth: number): readonly OperatorCommand[] {
  const [first, ...rest] = words;
  if (first === undefined) return [];
  const name = baseOf(first.text);
  const none = { channel: null, file: null, chaincode: null, peerAddress, words: [] as readonly string[] };
  if (SHELL.test(name)) return shellCommands(rest, peerAddress, depth);
  const { flags, positional } = argumentsOf(rest);
  const flag = (...names: readonly string[]): string | null => names.map((n) => flags.get(n)).find((v) => v !== undefined) ?? null;
  if (name === 'peer') {
    const action = peerActionOf(positional);
    if (action === null) return [];
    const isChannel = action.startsWith('peer channel') || action.startsWith('peer snapshot');
    return [
      {
        ...none,
        action,
        channel: isChannel ? flag('-c', '--channelID') : flag('-C', '--channelID'),
        file: action === 'peer channel fetch' ? (positional[3] ?? null) : isChannel ? flag('-b', '--blockpath', '-f', '--file') : null,
        chaincode: isChannel ? null : flag('-n', '--name'),
      },
    ];
  }
  if (name === 'osnadmin') {
    const verb = positional.find((w) => w === 'join' || w === 'list' || w === 'remove' || w === 'update');
    if (verb === undefined) return [];
    return [{ ...none, action: `osnadmin channel ${verb}`, channel: flag('-c', '--channelID'), file: flag('-b', '--config-block') }];
  }
  if (OTHER_TOOLS.has(name)) return [{ ...none, action: name, channel: flag('-channelID', '--channelID') }];
  if (/\.sh$/.test(name)) return [{ ...none, action: 'script', file: first.text, words: rest.map((w) => w.text) }];
  return [];
}

/** What a shell runs: the text after `-c`, or a script. */
function shellCommands(words: readonly Word[], peerAddress: string | null, depth: number): readonly OperatorCommand[] {
  let i = 0;
  let isText = false;
  for (; i < words.length && /^[-+]/.test((words[i] as Word).text); i++) if (/^-[a-z]*c[a-z]*$/.test((words[i] as Word).text)) isText = true;
  const rest = words.slice(i);
  const [first, ...given] = rest;
  if (first === undefined || depth >= MAX_WRAPPINGS) return [];
  if (!isText) return [{ action: 'script', channel: null, file: first.text, chaincode: null, peerAddress, words: given.map((w) => w.text) }];
  return commandsIn(first.isQuoted ? splitWords(first.text) : rest, peerAddress, depth + 1);
}

function peerActionOf(positional: readonly string[]): string | null {
  const [group, verb, second] = positional;
  if (group === undefined) return null;
  if (group === 'version') return 'peer version';
  if (group === 'lifecycle')
    return verb === 'chaincode' && second !== undefined && LIFECYCLE_VERBS.includes(second) ? `peer lifecycle chaincode ${second}` : null;
  return verb !== undefined && PEER_VERBS.get(group)?.includes(verb) === true ? `peer ${group} ${verb}` : null;
}

/** Flags with their values, and the words between them. A flag without a value of its own has the empty one. */
function argumentsOf(words: readonly Word[]): { readonly flags: ReadonlyMap<string, string>; readonly positional: readonly string[] } {
  const flags = new Map<string, string>();
  const positional: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const { text, isQuoted } = words[i] as Word;
    if (isQuoted || !/^-./.test(text)) {
      // `--tls $CORE_PEER_TLS_ENABLED` of many scripts leaves a word that the tool takes for an argument and does not look at.
      if (text !== 'true' && text !== 'false') positional.push(text);
      continue;
    }
    const equals = text.indexOf('=');
    if (equals > 0) {
      flags.set(text.slice(0, equals), text.slice(equals + 1));
      continue;
    }
    const next = words[i + 1];
    if (!SWITCHES.has(text) && next !== undefined && (next.isQuoted || !/^-./.test(next.text))) {
      flags.set(text, next.text);
      i++;
    } else flags.set(text, '');
  }
  return { flags, positional };
}

const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A quoted stretch, an escaped character, a separator, blanks, or plain text: in this order the groups 1 to 5 and the rest. */
const TOKEN = /'([^']*)'?|"((?:[^"\\]|\\[\s\S])*)"?|\\([\s\S])|(&&|\|\||[;\n]|\|(?!&))|(\s+)|[^\s'"\\;|&]+|[\s\S]/g;

/** The words of a command line as a POSIX shell splits it, without expansion; an open quote ends with the line. */
function splitWords(text: string): readonly Word[] {
  const words: Word[] = [];
  let open: { text: string; isQuoted: boolean } | null = null;
  for (const [token, single, double, escaped, separator, blanks] of text.matchAll(TOKEN)) {
    if (separator !== undefined || blanks !== undefined) {
      if (open !== null) words.push(open);
      open = null;
      if (separator !== undefined || blanks?.includes('\n') === true) words.push({ text: separator?.trim() || ';', isQuoted: false });
      continue;
    }
    const quoted: string | undefined = single ?? double?.replace(/\\([\s\S])/g, '$1');
    open ??= { text: '', isQuoted: quoted !== undefined };
    open.text += quoted ?? escaped ?? token;
  }
  return open === null ? words : [...words, open];
}
