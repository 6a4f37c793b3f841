import type { Burst, ObservedConnection, SizeRuns } from '../events/connection.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import { unboxed } from './byte-order.js';
import type { ConnectionFacts } from './connection.js';

const CHUNK_BYTES = 65_536;
const SMALLEST_SCRATCH_BYTES = 4096;
/** A number of 64 bits takes so many groups of seven. */
const MOST_NUMBER_BYTES = 10;

type Traffic = ObservedConnection['traffic'];
type Bursts = ObservedConnection['bursts'];
type SmallMessages = ObservedConnection['smallMessages'];

/** Writes numbers as groups of seven bits, the least significant first. Exact for integers up to 2^53; differences may be negative. */
class NumberWriter {
  bytes = new Uint8Array(SMALLEST_SCRATCH_BYTES);
  length = 0;

  put(value: number): void {
    if (this.length + MOST_NUMBER_BYTES > this.bytes.length) this.#grow();
    const bytes = this.bytes;
    let rest = value < 0 || !Number.isFinite(value) ? 0 : Math.min(value, Number.MAX_SAFE_INTEGER);
    while (rest >= 0x80) {
      bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    bytes[this.length++] = rest;
  }

  putSigned(value: number): void {
    this.put(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.bytes.length);
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

class NumberReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get(): number {
    let byte = this.#bytes[this.#at++] as number;
    let value = byte & 0x7f;
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
    }
    return unboxed(value);
  }

  getSigned(): number {
    const value = this.get();
    return unboxed(value % 2 === 0 ? value / 2 : -(value + 1) / 2);
  }
}

/**
 * Where the long lists of connections lie that get no more packets: traffic, bursts and small messages, packed to a tenth of what objects take, in a few large pieces of memory.
 * A capture of hours has hundreds of thousands of them, and each is looked at a few times in the end.
 */
export class FactArchive {
  readonly #writer = new NumberWriter();
  #chunk = new Uint8Array(0);
  #used = 0;

  /** `facts` with their lists packed away: the same to whoever reads it, each list being made anew when it is asked for. */
  pack(facts: ConnectionFacts): ConnectionFacts {
    const writer = this.#writer;
    writer.length = 0;
    const { firstAt, firstFrame } = facts;
    writeTraffic(writer, facts.traffic, firstAt);
    const bursts = writer.length;
    writeBursts(writer, facts.bursts.fromClient, firstAt, firstFrame);
    writeBursts(writer, facts.bursts.fromServer, firstAt, firstFrame);
    const sizes = writer.length;
    writeSizes(writer, facts.smallMessages.fromClient, firstAt);
    writeSizes(writer, facts.smallMessages.fromServer, firstAt);
    const at = this.#store(writer);
    return new PackedConnection(facts, this.#chunk, at, at + bursts, at + sizes);
  }

  #store(writer: NumberWriter): number {
    if (this.#used + writer.length > this.#chunk.length) {
      this.#chunk = new Uint8Array(Math.max(CHUNK_BYTES, writer.length));
      this.#used = 0;
    }
    const at = this.#used;
    this.#chunk.set(writer.bytes.subarray(0, writer.length), at);
    this.#used += writer.length;
    return at;
  }
}

/** How many bursts and runs of small messages `facts` hold. */
export function countKept(facts: ConnectionFacts): { readonly bursts: number; readonly runs: number } {
  if (facts instanceof PackedConnection) return PackedConnection.countKept(facts);
  const { bursts, smallMessages } = facts;
  const runs = [...smallMessages.fromClient, ...smallMessages.fromServer].reduce((sum, size) => sum + size.runs.length, 0);
  return { bursts: bursts.fromClient.length + bursts.fromServer.length, runs };
}

/** Facts whose lists lie in an archive. */
class PackedConnection implements ConnectionFacts {
  readonly source: string;
  readonly client: ConnectionFacts['client'];
  readonly server: ConnectionFacts['server'];
  readonly firstAt: Instant;
  readonly firstFrame: number;
  readonly lastAt: Instant;
  readonly lastFrame: number;
  readonly synAt: Instant | null;
  readonly closedAt: Instant | null;
  readonly closedFrame: number | null;
  readonly closedBy: ConnectionFacts['closedBy'];
  readonly outcome: ConnectionFacts['outcome'];
  readonly tls: ConnectionFacts['tls'];
  readonly protocol: ConnectionFacts['protocol'];
  readonly serverName: string | null;
  readonly serverCertificate: ConnectionFacts['serverCertificate'];
  readonly clientCertificate: ConnectionFacts['clientCertificate'];
  readonly certificateRequested: boolean | null;
  readonly handshakeFrames: readonly number[];
  readonly payloadBytes: ConnectionFacts['payloadBytes'];
  readonly plaintext: ConnectionFacts['plaintext'];
  readonly roleBasis: ConnectionFacts['roleBasis'];
  readonly alpn: string | null;
  readonly closedWith: ConnectionFacts['closedWith'];
  readonly bytesMissing: number;
  readonly frames: number;
  readonly #bytes: Uint8Array;
  readonly #trafficAt: number;
  readonly #burstsAt: number;
  readonly #sizesAt: number;
  readonly #kept: { readonly bursts: number; readonly runs: number };
  /** The getters below once more as an object's own: whoever copies facts (`{ ...facts }`) gets the lists too. */
  static readonly #lists: PropertyDescriptorMap = Object.fromEntries(
    (['traffic', 'bursts', 'smallMessages'] as const).map((name) => [
      name,
      { ...Object.getOwnPropertyDescriptor(PackedConnection.prototype, name), enumerable: true },
    ]),
  );

  constructor(facts: ConnectionFacts, bytes: Uint8Array, trafficAt: number, burstsAt: number, sizesAt: number) {
    this.source = facts.source;
    this.client = facts.client;
    this.server = facts.server;
    this.firstAt = facts.firstAt;
    this.firstFrame = facts.firstFrame;
    this.lastAt = facts.lastAt;
    this.lastFrame = facts.lastFrame;
    this.synAt = facts.synAt;
    this.closedAt = facts.closedAt;
    this.closedFrame = facts.closedFrame;
    this.closedBy = facts.closedBy;
    this.outcome = facts.outcome;
    this.tls = facts.tls;
    this.protocol = facts.protocol;
    this.serverName = facts.serverName;
    this.serverCertificate = facts.serverCertificate;
    this.clientCertificate = facts.clientCertificate;
    this.certificateRequested = facts.certificateRequested;
    this.handshakeFrames = facts.handshakeFrames;
    this.payloadBytes = facts.payloadBytes;
    this.plaintext = facts.plaintext;
    this.roleBasis = facts.roleBasis;
    this.alpn = facts.alpn;
    this.closedWith = facts.closedWith;
    this.bytesMissing = facts.bytesMissing;
    this.frames = facts.frames;
    this.#bytes = bytes;
    this.#trafficAt = trafficAt;
    this.#burstsAt = burstsAt;
    this.#sizesAt = sizesAt;
    this.#kept = countKept(facts);
    Object.defineProperties(this, PackedConnection.#lists);
  }

  static countKept(packed: PackedConnection): { readonly bursts: number; readonly runs: number } {
    return packed.#kept;
  }

  get traffic(): Traffic {
    return readTraffic(new NumberReader(this.#bytes, this.#trafficAt), this.firstAt);
  }

  get bursts(): Bursts {
    const reader = new NumberReader(this.#bytes, this.#burstsAt);
    const fromClient = readBursts(reader, this.firstAt, this.firstFrame);
    return { fromClient, fromServer: readBursts(reader, this.firstAt, this.firstFrame) };
  }

  get smallMessages(): SmallMessages {
    const reader = new NumberReader(this.#bytes, this.#sizesAt);
    const fromClient = readSizes(reader, this.firstAt);
    return { fromClient, fromServer: readSizes(reader, this.firstAt) };
  }
}

const secondOf = (at: Instant): number => Math.floor(at / 1_000_000);

function writeTraffic(writer: NumberWriter, traffic: Traffic, firstAt: Instant): void {
  writer.put(traffic.length);
  let last = secondOf(firstAt);
  for (const step of traffic) {
    writer.putSigned(step.second - last);
    writer.put(step.fromClient);
    writer.put(step.fromServer);
    last = step.second;
  }
}

function readTraffic(reader: NumberReader, firstAt: Instant): Traffic {
  const traffic: Traffic[number][] = [];
  let second = secondOf(firstAt);
  for (let left = reader.get(); left > 0; left--) {
    second = unboxed(second + reader.getSigned());
    traffic.push({ second, fromClient: reader.get(), fromServer: reader.get() });
  }
  return traffic;
}

function writeBursts(writer: NumberWriter, bursts: readonly Burst[], firstAt: Instant, firstFrame: number): void {
  writer.put(bursts.length);
  let at: number = firstAt;
  let frame = firstFrame;
  for (const burst of bursts) {
    writer.putSigned(burst.firstAt - at);
    writer.putSigned(burst.lastAt - burst.firstAt);
    writer.putSigned(burst.firstFrame - frame);
    writer.putSigned(burst.lastFrame - burst.firstFrame);
    writer.put(burst.bytes);
    at = burst.firstAt;
    frame = burst.firstFrame;
  }
}

function readBursts(reader: NumberReader, connectionFirstAt: Instant, connectionFirstFrame: number): readonly Burst[] {
  const bursts: Burst[] = [];
  let at: number = connectionFirstAt;
  let frame = connectionFirstFrame;
  for (let left = reader.get(); left > 0; left--) {
    const firstAt = instantOfMicros(at + reader.getSigned());
    const lastAt = instantOfMicros(firstAt + reader.getSigned());
    const firstFrame = unboxed(frame + reader.getSigned());
    const lastFrame = unboxed(firstFrame + reader.getSigned());
    bursts.push({ firstAt, lastAt, firstFrame, lastFrame, bytes: reader.get() });
    at = firstAt;
    frame = firstFrame;
  }
  return bursts;
}

function writeSizes(writer: NumberWriter, sizes: readonly SizeRuns[], firstAt: Instant): void {
  writer.put(sizes.length);
  let at: number = firstAt;
  for (const size of sizes) {
    writer.put(size.bytes);
    writer.put(size.total);
    writer.put(size.runs.length);
    for (const run of size.runs) {
      writer.putSigned(run.from - at);
      writer.putSigned(run.to - run.from);
      writer.put(run.count);
      at = run.from;
    }
  }
}

function readSizes(reader: NumberReader, firstAt: Instant): readonly SizeRuns[] {
  const sizes: SizeRuns[] = [];
  let at: number = firstAt;
  for (let left = reader.get(); left > 0; left--) {
    const bytes = reader.get();
    const total = reader.get();
    const runs: SizeRuns['runs'][number][] = [];
    for (let runsLeft = reader.get(); runsLeft > 0; runsLeft--) {
      const from = instantOfMicros(at + reader.getSigned());
      const to = instantOfMicros(from + reader.getSigned());
      runs.push({ from, to, count: reader.get() });
      at = from;
    }
    sizes.push({ bytes, total, runs });
  }
  return sizes;
}
