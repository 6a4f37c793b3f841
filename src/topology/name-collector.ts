/** Runs of characters that make up a name: letters, digits, and the bytes of UTF-8 as latin1 shows them. */
export const NAME_RUN = /[A-Za-z0-9\x80-\xff]+/g;

/** Shorter names would be found everywhere. */
export const SHORTEST_NAME = 3;
const MAX_NAMES = 100_000;
const MAX_NAME_LENGTH = 512;

/** What names a network: everything that has to be replaced. All text is latin1, one character a byte. */
export interface CollectedNames {
  /** Parts of names, in lower case, that are replaced wherever they stand as a word. */
  readonly labels: ReadonlySet<string>;
  /** Whole names as they were found, of which at least one part is replaced. */
  readonly names: ReadonlySet<string>;
  /** Names of which every part is a word of Fabric's own or too short, so that they can only be replaced as a whole. */
  readonly compounds: ReadonlySet<string>;
  /** Names that stay, since they are words of Fabric's own or too short and nothing else stands beside them. */
  readonly kept: ReadonlySet<string>;
  /** Words in lower case that are replaced only where a file or the recording itself is named: what people call these need not name anything of the network. */
  readonly strangers: ReadonlySet<string>;
  /** PKI-IDs, in lower-case hexadecimal. Their order decides who leads, so it has to stay. */
  readonly pkiIds: ReadonlySet<string>;
  /** The first twelve digits of container and network ids. */
  readonly shortIds: ReadonlySet<string>;
  /** Addresses of 4 or 16 bytes. */
  readonly addresses: readonly Uint8Array[];
  readonly macs: readonly Uint8Array[];
}

/** Collects what names a network, from wherever it is told. Bounded: {@link isFull} says that names were refused. */
export class NameCollector {
  readonly #vocabulary: ReadonlySet<string>;
  readonly #labels = new Set<string>();
  readonly #names = new Set<string>();
  readonly #compounds = new Set<string>();
  readonly #kept = new Set<string>();
  readonly #strangers = new Set<string>();
  readonly #shortIds = new Set<string>();
  readonly #pkiIds = new Set<string>();
  readonly #addresses = new Map<string, Uint8Array>();
  readonly #macs = new Map<string, Uint8Array>();
  isFull = false;

  /** `vocabulary`: words in lower case that name no network. */
  constructor(vocabulary: ReadonlySet<string>) {
    this.#vocabulary = vocabulary;
  }

  /** A name or several in one text: `peer0.org1.example.com`, `Org1MSP`, `dev-peer0-mycc-1.0`. */
  name(text: string): void {
    if (text === '' || text.length > MAX_NAME_LENGTH) return;
    if (this.#names.size + this.#labels.size > MAX_NAMES) {
      this.isFull = true;
      return;
    }
    const runs = text.match(NAME_RUN) ?? [];
    let isReplaced = false;
    for (const run of runs) isReplaced = this.#label(run) || isReplaced;
    const parts = runs.filter((run) => /[A-Za-z\x80-\xff]/.test(run));
    if (isReplaced) this.#names.add(text);
    else if (parts.length > 0) this.#kept.add(text);
  }

  /** What a file or a recording is called. Words in it that name nothing known elsewhere are strangers. */
  stranger(text: string): void {
    for (const run of text.slice(0, MAX_NAME_LENGTH).match(NAME_RUN) ?? []) {
      if (this.#strangers.size < MAX_NAMES && this.#isReplaceable(run.toLowerCase())) this.#strangers.add(run.toLowerCase());
    }
  }

  /** A host, or a host with its port; an address is an address. */
  endpoint(text: string): void {
    const host = /^\[([^\]]*)\]/.exec(text)?.[1] ?? (text.split(':').length === 2 ? (text.split(':')[0] as string) : text);
    const address = parseAddress(host);
    if (address !== null) this.address(address);
    else {
      this.name(host);
      if (this.#kept.has(host) && /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(host) && this.#compounds.size < MAX_NAMES) this.#compounds.add(host);
    }
  }

  address(address: Uint8Array): void {
    if (this.#addresses.size < MAX_NAMES) this.#addresses.set(address.join('.'), address);
    else this.isFull = true;
  }

  mac(mac: Uint8Array): void {
    if (this.#macs.size < MAX_NAMES) this.#macs.set(mac.join('.'), mac);
    else this.isFull = true;
  }

  /** An id of a container or network, whole or its first twelve digits. */
  id(text: string): void {
    if (/^[0-9a-f]{12}/.test(text) && this.#shortIds.size < MAX_NAMES) this.#shortIds.add(text.slice(0, 12));
  }

  pkiId(hex: string): void {
    if (hex.length >= 12 && this.#pkiIds.size < MAX_NAMES) this.#pkiIds.add(hex);
  }

  result(): CollectedNames {
    const kept = new Set([...this.#kept].filter((name) => !this.#names.has(name) && !this.#compounds.has(name)));
    return {
      labels: this.#labels,
      names: this.#names,
      compounds: this.#compounds,
      kept,
      strangers: new Set([...this.#strangers].filter((word) => !this.#labels.has(word))),
      pkiIds: this.#pkiIds,
      shortIds: this.#shortIds,
      addresses: [...this.#addresses.values()],
      macs: [...this.#macs.values()],
    };
  }

  #isReplaceable(label: string): boolean {
    return /[a-z\x80-\xff]/.test(label) && label.length >= SHORTEST_NAME && !this.#vocabulary.has(label);
  }

  #label(run: string): boolean {
    const label = run.toLowerCase();
    if (!this.#isReplaceable(label)) return false;
    if (/^[0-9a-f]{12,}$/.test(label)) {
      this.id(label);
      return true;
    }
    const stem = /^(.+)msp$/.exec(label)?.[1];
    // `Org1MSP` is `org1` with Fabric's own ending; `OrdererMSP` can only be replaced as a whole.
    if (stem !== undefined && stem.length >= SHORTEST_NAME && !this.#vocabulary.has(stem)) this.#labels.add(stem);
    this.#labels.add(label);
    return true;
  }
}

/** The bytes of an IPv4 or IPv6 address, or null where `text` is none. */
export function parseAddress(text: string): Uint8Array | null {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (four !== null) {
    const bytes = four.slice(1).map(Number);
    return bytes.every((byte) => byte < 256) ? Uint8Array.from(bytes) : null;
  }
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return null;
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  const tail = dotted !== null && (dotted[2] as string).includes('.') ? parseAddress(dotted[2] as string) : null;
  const plain = tail === null ? text : `${dotted?.[1]}${hexGroup(tail, 0)}:${hexGroup(tail, 2)}`;
  const halves = plain.split('::');
  if (halves.length > 2) return null;
  const [head, rest] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const groups = head as string[];
  const after = rest ?? [];
  if (![...groups, ...after].every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  const missing = 8 - groups.length - after.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return Uint8Array.from(
    [...groups, ...new Array<string>(missing).fill('0'), ...after].flatMap((group) => [
      Number.parseInt(group, 16) >> 8,
      Number.parseInt(group, 16) & 255,
    ]),
  );
}

const hexGroup = (bytes: Uint8Array, at: number): string => ((bytes[at] as number) * 256 + (bytes[at + 1] as number)).toString(16);
