import type { LogEvent } from '../events/event.js';
import { type NameCollector, parseAddress } from '../topology/name-collector.js';

/** Fields of events that hold endpoints, and those that hold other names. */
// Fields whose name ends in `pkiId` or `PkiId` hold PKI-IDs.
const ENDPOINT_FIELDS = new Set(['endpoint', 'internalEndpoint', 'target', 'orderer', 'address', 'bootstrap', 'anchors']);
const NAME_FIELDS = new Set(['channel', 'mspId', 'ownMspId', 'id', 'networkId', 'subject']);
const TELLING_SETTING = /(?:endpoint|address|bootstrap|mspid|\.id|systemchannel)$/;

/** Puts the names that an event tells into `names`. */
export function collectEventNames(event: LogEvent, names: NameCollector): void {
  collectFields(event.body, names);
}

function collectFields(record: object, names: NameCollector): void {
  for (const [key, value] of Object.entries(record) as readonly (readonly [string, unknown])[]) {
    if (key === 'settings') collectSettings(value as Readonly<Record<string, string>>, names);
    else if (typeof value === 'string') collectField(key, value, names);
    else if (Array.isArray(value)) {
      for (const item of value as readonly unknown[]) {
        if (typeof item === 'string') collectField(key, item, names);
        else if (typeof item === 'object' && item !== null) collectFields(item, names);
      }
    } else if (typeof value === 'object' && value !== null) collectFields(value, names);
  }
}

function collectField(key: string, value: string, names: NameCollector): void {
  if (/kiIds?$/.test(key)) names.pkiId(value);
  else if (ENDPOINT_FIELDS.has(key)) names.endpoint(value);
  else if (NAME_FIELDS.has(key)) names.name(value);
}

function collectSettings(settings: Readonly<Record<string, string>>, names: NameCollector): void {
  for (const [setting, text] of Object.entries(settings)) {
    if (TELLING_SETTING.test(setting)) for (const one of text.split(' ')) names.endpoint(one);
  }
}

const QUOTE = '"?';
/** Places in any text of Fabric's that hold names. */
const PLACES: readonly RegExp[] = [
  new RegExp(`\\bchannel(?:_?id)?[:=] ?${QUOTE}\\[?([a-z][a-z0-9.-]*[a-z0-9])`, 'gi'),
  /\[([a-z][a-z0-9.-]*)\]\[[0-9a-f]{8}\]/g,
  /\bchannel '([a-z][a-z0-9.-]*)'/g,
  new RegExp(`\\bname: ?${QUOTE}([^"\\s]{1,200})`, 'g'),
  /\bchaincode(?:=| \[| "| ')([A-Za-z][\w-]*)/g,
  /\b([A-Za-z0-9][\w.-]*MSP)(?![A-Za-z])/g,
  /\b(?:CN|OU|O|L|ST|STREET|DC|UID|emailAddress)=((?:\\.|[^,+/\n"'\])\\])+)/g,
  /([\w.+-]+@[\w-]+(?:\.[\w-]+)+)/g,
  /\b((?:[a-z0-9][a-z0-9-]*\.)+[a-z][a-z0-9-]*)(?<!\.go):\d{2,5}\b/gi,
  /\b((?:[a-z0-9][a-z0-9-]*\.)+(?:com|org|net|edu|gov|io|co|local|internal|lan|corp|dev|test|cloud))\b/gi,
  /((?:\/(?:opt|home|root|Users|srv|mnt|data|tmp|etc)\/)[^\s"',;\]\\]+)/g,
];
const IP4 = /(?<![0-9A-Za-z.])\d{1,3}(?:\.\d{1,3}){3}(?![0-9A-Za-z]|\.\d)/g;
const IP6 = /(?<![0-9A-Za-z.:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![0-9A-Za-z:])/g;
/** What the pattern for a channel also finds, and is none: words that follow it in sentences are kept by the vocabulary, these are not in it. */
const NO_CHANNEL =
  /^(?:and|the|with|has|was|was|not|for|from|all|are|due|got|new|which|that|this|will|can|cannot|does|exists|already|finished|successfully|bundle|reader)$/i;
/** Longer texts are looked at in part: an expression may take quadratic time on a hostile one. */
const MAX_TEXT = 1 << 20;

/** Puts the names that stand in known places of a line of text into `names`. */
export function collectTextNames(line: string, names: NameCollector): void {
  const cut = line.length > MAX_TEXT ? line.slice(0, MAX_TEXT) : line;
  // Text may be escaped once or more: a letter of an escape would be taken for the name's.
  const text = cut.includes('\\') ? cut.replaceAll(/\\+(?:u[0-9a-fA-F]{4}|[0-3][0-7]{2}|[nrtbf])/g, ' ').replaceAll(/\\+(["'])/g, '$1') : cut;
  for (const place of PLACES) for (const match of text.matchAll(place)) if (!NO_CHANNEL.test(match[1] as string)) names.name(match[1] as string);
  for (const pattern of [IP4, IP6]) {
    for (const match of text.matchAll(pattern)) {
      const address = parseAddress(match[0]);
      if (address !== null) names.address(address);
    }
  }
}
