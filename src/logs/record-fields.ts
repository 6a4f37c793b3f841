/** Structured fields of a record, as text; a number of a JSON record is its decimal text. */
export type RecordFields = ReadonlyMap<string, string>;

export const NO_FIELDS: RecordFields = new Map();

/** A message without its structured fields, and the fields. */
export interface StrippedMessage {
  readonly message: string;
  readonly fields: RecordFields;
}

/**
 * Keys that Fabric's own calls attach (1.4.1–3.x), and every dotted key (`grpc.service`). Fields are only looked for behind one of these:
 * messages themselves hold `name=value` text (`address=[…]`, `commitHash=[…]`) that must stay part of the message.
 */
const FIELD_START =
  / (?:[a-z]+\.[a-z_.]+|channel|node|orderer-address|nextBlock|error|server|remote ?address|channelID|ledgerID|ledger|txID|mspID|blockNumber|blockNum|requestedBlockNum|convertedRequestBlockNumber|lastCommittedBlockNumber|snapshotDir|snapshotInProgress|committerStatus|reason|event|collection|chaincode)=/g;
const PAIR = /([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?: +|$)/y;
const MAX_FIELD_STARTS = 32;

/**
 * The pairs of a logfmt text in order, or null when `text` is not logfmt from start to end. Quoted values use JSON's escapes
 * (github.com/go-logfmt/logfmt, jsonstring.go).
 */
export function parseLogfmt(text: string): Map<string, string> | null {
  const pairs = new Map<string, string>();
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const pair = PAIR.exec(text);
    if (pair === null) return null;
    const value = pair[2] as string;
    pairs.set(pair[1] as string, value.startsWith('"') ? unquote(value) : value);
  }
  return pairs;
}

function unquote(quoted: string): string {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' ? value : quoted.slice(1, -1);
  } catch {
    return quoted.slice(1, -1);
  }
}

/** Text of a JSON field's value; objects and lists stay JSON. */
export function textOfJsonValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parseJsonFields(text: string): RecordFields | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return new Map(Object.entries(value).map(([key, field]) => [key, textOfJsonValue(field)]));
  } catch {
    return null;
  }
}

/**
 * Splits the structured fields off the end of a console message: ` {"channel": "c", "node": 1}` (1.3.0–1.4.0) or
 * ` channel=c node=1 error="…"` (1.4.1 and later; common/flogging/fabenc). A message without fields comes back as it is.
 */
export function stripFields(message: string): StrippedMessage {
  if (message.endsWith('}')) {
    let start = message.indexOf(' {"');
    for (let tries = 0; start !== -1 && tries < MAX_FIELD_STARTS; tries++) {
      const fields = parseJsonFields(message.slice(start + 1));
      if (fields !== null) return { message: message.slice(0, start), fields };
      start = message.indexOf(' {"', start + 1);
    }
  }
  if (!message.includes('=')) return { message, fields: NO_FIELDS };
  FIELD_START.lastIndex = 0;
  for (let tries = 0; tries < MAX_FIELD_STARTS; tries++) {
    const start = FIELD_START.exec(message);
    if (start === null) break;
    const fields = parseLogfmt(message.slice(start.index + 1));
    if (fields !== null) return { message: message.slice(0, start.index), fields };
    FIELD_START.lastIndex = start.index + 1;
  }
  return { message, fields: NO_FIELDS };
}
