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

/** Writes `bytes` bytes or a few more: the little-endian pcap at `path` (gzipped) again and again, each time later. Returns how many packets. */
export function writeRepeatedCapture(path: string, out: string, bytes: number): number {
  const capture = gunzipSync(readFileSync(path));
  const records: number[] = [];
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= capture.length; at += RECORD_HEADER_BYTES + capture.readUInt32LE(at + 8))
    records.push(at);
  const seconds = records.map((at) => capture.readUInt32LE(at));
  const shift = (seconds.at(-1) ?? 0) - (seconds[0] ?? 0) + 2;
  const file = openSync(out, 'w');
  writeSync(file, capture.subarray(0, FILE_HEADER_BYTES));
  let packets = 0;
  for (let round = 0, written = 0; written < bytes; round++) {
    records.forEach((at, i) => {
      capture.writeUInt32LE((seconds[i] as number) + round * shift, at);
    });
    written += writeSync(file, capture.subarray(FILE_HEADER_BYTES));
    packets += records.length;
  }
  closeSync(file);
  return packets;
}
