import { gunzipSync } from 'node:zlib';

/** What happens to a capture on its way to the reader. Captures are classic pcap, gzipped or not, as they are bundled. */
export type CaptureDamage = (capture: Buffer) => Buffer;

interface RawRecord {
  readonly seconds: number;
  /** Header and what was captured. */
  readonly bytes: Buffer;
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

function recordsOf(file: Buffer): { readonly header: Buffer; readonly records: readonly RawRecord[] } {
  const isSwapped = file.readUInt32BE(0) === 0xa1b2c3d4;
  const u32 = (at: number): number => (isSwapped ? file.readUInt32BE(at) : file.readUInt32LE(at));
  const records: RawRecord[] = [];
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= file.length; ) {
    const length = RECORD_HEADER_BYTES + u32(at + 8);
    records.push({ seconds: u32(at) + u32(at + 4) / 1e6, bytes: file.subarray(at, at + length) });
    at += length;
  }
  return { header: file.subarray(0, FILE_HEADER_BYTES), records };
}

const plain = (capture: Buffer): Buffer => (capture.readUInt16BE(0) === 0x1f8b ? gunzipSync(capture) : capture);

function mapRecords(capture: Buffer, map: (record: RawRecord, all: readonly RawRecord[]) => Buffer | null): Buffer {
  const { header, records } = recordsOf(plain(capture));
  return Buffer.concat([header, ...records.flatMap((r) => map(r, records) ?? [])]);
}

/** A linear congruential generator (Numerical Recipes' constants): the same numbers between 0 and 1 for a seed everywhere. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Each packet missing with the given probability. */
export function dropPackets(share: number, seed: number): CaptureDamage {
  return (capture) => {
    const random = randomNumbers(seed);
    return mapRecords(capture, (r) => (random() < share ? null : r.bytes));
  };
}

/** Only what lies between two shares of the capture's time. */
export function cutCapture(from: number, to: number): CaptureDamage {
  return (capture) => {
    const [begin, end] = spanOf(capture, from, to);
    return mapRecords(capture, (r) => (r.seconds >= begin && r.seconds <= end ? r.bytes : null));
  };
}

/** The moments, in seconds since the epoch, of two shares of the capture's time. */
export function spanOf(capture: Buffer, from: number, to: number): readonly [number, number] {
  const { records } = recordsOf(plain(capture));
  const [first, last] = [records[0]?.seconds ?? 0, records.at(-1)?.seconds ?? 0];
  return [first + from * (last - first), first + to * (last - first)];
}

/** As captured with this snap length (tcpdump -s). */
export function snapPackets(bytes: number): CaptureDamage {
  return (capture) => {
    const isSwapped = plain(capture).readUInt32BE(0) === 0xa1b2c3d4;
    return mapRecords(capture, (r) => {
      const cut = Buffer.from(r.bytes.subarray(0, RECORD_HEADER_BYTES + bytes));
      if (isSwapped) cut.writeUInt32BE(cut.length - RECORD_HEADER_BYTES, 8);
      else cut.writeUInt32LE(cut.length - RECORD_HEADER_BYTES, 8);
      return cut;
    });
  };
}

/** Every time of a log moved: Docker's stamps (RFC 3339) and Fabric's own, which tells a zone and is in UTC. */
export function shiftLog(text: string, micros: number): string {
  return text.replace(
    /(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(\.\d+)?(Z| UTC)/g,
    (_, day: string, middle: string, time: string, fraction: string | undefined, zone: string) => {
      const digits = (fraction ?? '').slice(1);
      const moved = new Date(Date.parse(`${day}T${time}Z`) + Math.floor(micros / 1000)).toISOString();
      return `${moved.slice(0, 10)}${middle}${moved.slice(11, 19)}${digits === '' ? '' : `.${digits}`}${zone}`;
    },
  );
}
