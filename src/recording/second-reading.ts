import { PassThrough } from 'node:stream';
import { type PacketHeader, parse } from 'pcap-parser';
import { readBytes } from './files.js';
import type { SecondReading } from './manifest.js';

/** What a capture should hold: packets, and their captured bytes without headers. */
export interface ExpectedCapture {
  readonly packets: number;
  readonly bytes: number;
}

/** What `pcap-parser` found in a file. */
export interface PcapParserReading {
  readonly packets: number;
  /** Captured bytes of the packets, without headers. */
  readonly bytes: number;
  /** `unsupported`: a format that the package does not know, which says nothing against the file; `damaged`: it could not read to the end. */
  readonly outcome: 'whole' | 'unsupported' | 'damaged';
  /** A sentence's part; null where the file is whole. */
  readonly why: string | null;
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGIC_BYTES = 4;
/** libpcap's MAXIMUM_SNAPLEN. A record that claims more makes pcap-parser buffer the rest of the file, copying all of it for every chunk. */
const MAX_PACKET_BYTES = 262_144;
/** pcap-parser copies what it holds for every chunk that comes: small ones keep that little. */
const PIECE_BYTES = 64 * 1024;

/** Formats that pcap-parser refuses, by the first four bytes. */
const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ['0a0d0d0a', 'pcapng'],
  ['4d3cb2a1', 'captures with nanoseconds'],
  ['a1b23c4d', 'captures with nanoseconds'],
]);

/**
 * Reads a capture, gzipped or not, with the `pcap-parser` package, which shares no code with this product's own reader.
 * The package is guarded from outside: it is fed piece by piece and stopped at a length that lies, and what it leaves unread is counted, since
 * it drops a torn end without a word. Never throws and never hangs; memory stays within some packets.
 */
export async function readWithPcapParser(path: string): Promise<PcapParserReading> {
  let readFailure: string | null = null;
  let head = new Uint8Array(0);
  let fed = 0;
  const reader = new GuardedParser();
  for await (const chunk of readBytes(path, (failure) => {
    readFailure = failure.kind === 'torn-gzip' ? `its gzip is damaged (${failure.why})` : failure.why;
  })) {
    if (head.length < MAGIC_BYTES) head = Buffer.concat([head, chunk.subarray(0, MAGIC_BYTES - head.length)]);
    const format = UNSUPPORTED.get(Buffer.from(head).toString('hex'));
    if (format !== undefined) return { packets: 0, bytes: 0, outcome: 'unsupported', why: `pcap-parser does not read ${format}` };
    for (let at = 0; at < chunk.length && reader.problem === null; at += PIECE_BYTES) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      fed += piece.length;
      reader.push(piece);
    }
    if (reader.problem !== null) break;
  }
  const why = reader.problem ?? readFailure ?? tornEnd(fed, reader);
  return { packets: reader.packets, bytes: reader.bytes, outcome: why === null ? 'whole' : 'damaged', why };
}

function tornEnd(fed: number, { packets, bytes }: GuardedParser): string | null {
  if (fed < FILE_HEADER_BYTES) return fed === 0 ? 'the file is empty' : `the file header is cut after ${fed} bytes`;
  const left = fed - FILE_HEADER_BYTES - RECORD_HEADER_BYTES * packets - bytes;
  return left === 0 ? null : `its last ${left} bytes are no whole record`;
}

/** pcap-parser behind a stream that is filled by hand: everything happens while a piece is pushed. */
class GuardedParser {
  packets = 0;
  bytes = 0;
  /** Why it must get no more; null while all is well. */
  problem: string | null = null;
  readonly #input = new PassThrough();

  constructor() {
    parse(this.#input)
      .on('error', (error: Error) => {
        this.problem ??= `pcap-parser says: ${error.message}`;
      })
      .on('packetHeader', ({ capturedLength }: PacketHeader) => {
        if (capturedLength > MAX_PACKET_BYTES) this.problem ??= `record ${this.packets + 1} claims ${capturedLength} captured bytes`;
      })
      .on('packet', ({ header }: { readonly header: PacketHeader }) => {
        this.packets += 1;
        this.bytes += header.capturedLength;
      });
  }

  /** pcap-parser listens to `data`, whose emission is synchronous; it reads the piece at once or copies it. */
  push(piece: Uint8Array): void {
    try {
      this.#input.emit('data', Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    } catch (error) {
      this.problem ??= `pcap-parser failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** Reads a capture a second time, independently, and compares it with what the recorder counted. Never throws: what is wrong is told in `why`. */
export async function readSecondTime(path: string, expected: ExpectedCapture): Promise<SecondReading> {
  const { packets, bytes, outcome, why } = await readWithPcapParser(path);
  return {
    reader: 'pcap-parser',
    packets,
    bytes,
    agrees: outcome === 'whole' && differenceOf(expected, { packets, bytes }) === null,
    why: why ?? differenceOf(expected, { packets, bytes }),
  };
}

/** How two counts of a capture differ, as a sentence's part; null where they are equal. */
export function differenceOf(expected: ExpectedCapture, found: ExpectedCapture): string | null {
  if (found.packets !== expected.packets) return `${found.packets} packets instead of ${expected.packets}`;
  return found.bytes === expected.bytes ? null : `${found.bytes} captured bytes instead of ${expected.bytes}`;
}
