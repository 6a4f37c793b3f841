import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const HEADER = /^(?:\S+ )?(?:\x1b\[\d+m)?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC (\[.*?-> \w{4} )([0-9a-f]+)(.*)$/;
const DOCKER_STAMP = /^\d{4}-\d\d-\d\dT\S+Z /;

export type LogLayout = 'bare' | 'docker-timestamps' | 'docker-json-file';

interface Record {
  readonly millis: number;
  readonly place: string;
  readonly message: string;
  readonly more: readonly string[];
}

/** The records of a console log of 1.x or 2.0 to 2.3, as `docker logs` or `docker logs -t` printed it. */
function recordsOf(path: string): readonly Record[] {
  const records: { millis: number; place: string; message: string; more: string[] }[] = [];
  for (const line of readFileSync(path, 'utf8')
    .replaceAll(/\x1b\[\d*m/g, '')
    .trimEnd()
    .split('\n')) {
    const match = HEADER.exec(line);
    if (match === null) records.at(-1)?.more.push(line.replace(DOCKER_STAMP, ''));
    else records.push({ millis: Date.parse(`${match[1]?.replace(' ', 'T')}Z`), place: match[2] ?? '', message: match[4] ?? '', more: [] });
  }
  return records;
}

/**
 * Writes `lines` lines or a few more: the log at `path` once, then its second half, which starts no process, again and again, each time later and its
 * process counting on. Returns how many lines.
 */
export function writeRepeatedLog(path: string, out: string, lines: number, layout: LogLayout): number {
  const whole = recordsOf(path);
  const repeated = whole.slice(whole.length >> 1);
  const shift = (whole.at(-1)?.millis ?? 0) - (repeated[0]?.millis ?? 0) + 1000;
  const file = openSync(out, 'w');
  let written = 0;
  let id = 0;
  for (let round = 0; written < lines; round++) {
    const texts: string[] = [];
    for (const record of round === 0 ? whole : repeated) {
      const at = new Date(record.millis + round * shift).toISOString();
      const head = `${at.slice(0, 10)} ${at.slice(11, 23)} UTC ${record.place}${(++id).toString(16).padStart(3, '0')}${record.message}`;
      for (const text of [head, ...record.more]) {
        const stamp = `${at.slice(0, 23)}123456Z`;
        if (layout === 'bare') texts.push(text);
        else if (layout === 'docker-timestamps') texts.push(`${stamp} ${text}`);
        else texts.push(JSON.stringify({ log: `${text}\n`, stream: 'stderr', time: stamp }));
      }
    }
    writeSync(file, `${texts.join('\n')}\n`);
    written += texts.length;
  }
  closeSync(file);
  return written;
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const ETHERNET_BYTES = 14;
/** Linux gives clients ports from here on (net.ipv4.ip_local_port_range). */
const FIRST_CLIENT_PORT = 32_768;
const CLIENT_PORTS = 65_536 - FIRST_CLIENT_PORT;
/** So many zeros in a row are what `slim` left of encrypted payload. */
const FEWEST_ZEROED = 16;

export interface RepeatedCapture {
  readonly bytes: number;
  /** Fill what `slim` zeroed with random bytes, as the capture was when tcpdump wrote it. */
  readonly refill: boolean;
}

/**
 * Writes `bytes` bytes or a few more: the little-endian pcap at `path` (gzipped or not) again and again, each time later and from other client ports. Returns how many packets.
 */
export function writeRepeatedCapture(path: string, out: string, { bytes, refill }: RepeatedCapture): number {
  const stored = readFileSync(path);
  const capture = stored[0] === 0x1f ? gunzipSync(stored) : stored;
  const records: number[] = [];
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= capture.length; at += RECORD_HEADER_BYTES + capture.readUInt32LE(at + 8))
    records.push(at);
  const seconds = records.map((at) => capture.readUInt32LE(at));
  const shift = (seconds.at(-1) ?? 0) - (seconds[0] ?? 0) + 2;
  const ports = records.flatMap((at) => clientPortsOf(capture, at + RECORD_HEADER_BYTES));
  if (refill) fillZeros(capture);
  const file = openSync(out, 'w');
  writeSync(file, capture.subarray(0, FILE_HEADER_BYTES));
  let packets = 0;
  for (let round = 0, written = 0; written < bytes; round++) {
    records.forEach((at, i) => {
      capture.writeUInt32LE((seconds[i] as number) + round * shift, at);
    });
    if (round > 0)
      for (const at of ports) capture.writeUInt16BE(FIRST_CLIENT_PORT + ((capture.readUInt16BE(at) - FIRST_CLIENT_PORT + 1) % CLIENT_PORTS), at);
    for (let at = FILE_HEADER_BYTES; at < capture.length; ) at += writeSync(file, capture, at);
    written += capture.length - FILE_HEADER_BYTES;
    packets += records.length;
  }
  closeSync(file);
  return packets;
}

/** Where in the frame at `at` the ports of clients are: TCP over IPv4 over Ethernet. */
function clientPortsOf(capture: Buffer, at: number): readonly number[] {
  const ip = at + ETHERNET_BYTES;
  if (ip + 20 > capture.length || capture.readUInt16BE(ip - 2) !== 0x0800 || capture[ip + 9] !== 6) return [];
  const tcp = ip + ((capture[ip] as number) & 15) * 4;
  return [tcp, tcp + 2].filter((port) => port + 2 <= capture.length && capture.readUInt16BE(port) >= FIRST_CLIENT_PORT);
}

/** Random bytes (xorshift, always the same) in place of long runs of zeros. */
function fillZeros(capture: Buffer): void {
  let state = 0x9e3779b9;
  for (let at = FILE_HEADER_BYTES; at < capture.length; at++) {
    if (capture[at] !== 0) continue;
    let end = at;
    while (capture[end] === 0) end += 1;
    // The last bytes may be the next record's; three of them begin no record.
    if (end - at >= FEWEST_ZEROED)
      for (let i = at; i < end - 4; i++) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        capture[i] = state & 0xff;
      }
    at = end;
  }
}
