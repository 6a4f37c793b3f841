import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { type PacketHeader, parse as parsePcap } from 'pcap-parser';

/** One log record of a recording: its first line and what belongs to it, without Docker's stamps. */
export interface RecordedRecord {
  readonly node: string;
  /** Milliseconds since the epoch that the record's header says; null before the first record of a log. */
  readonly stampMillis: number | null;
  /** The newest stamp of this log so far: when the record was printed at the earliest. */
  readonly dueMillis: number;
  readonly text: string;
}

/** Bytes that one end of a connection sent at one moment, or its end of the stream. */
export interface RecordedSending {
  readonly atMillis: number;
  readonly from: 'client' | 'server';
  readonly bytes: Buffer | 'end';
}

export interface RecordedConnection {
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly serverPort: number;
  readonly atMillis: number;
  /** Nobody listened. */
  readonly refused: boolean;
  readonly sendings: readonly RecordedSending[];
}

export interface RecordedContainer {
  readonly name: string;
  readonly image: string;
  readonly environment: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
}

/** A recording, as far as it can be played again. Addresses are those of the recording. */
export interface RecordedNetwork {
  readonly name: string;
  readonly containers: readonly RecordedContainer[];
  readonly records: readonly RecordedRecord[];
  readonly connections: readonly RecordedConnection[];
}

/** Fabric's time stamps at the head of a record, in all layouts: console with or without colour, JSON. */
const CONSOLE_STAMP = /^((?:\x1b\[\d+m)?)(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) UTC/;
const JSON_STAMP = /^(\{.*?"ts":)(\d+\.\d+)/;

/** Milliseconds since the epoch at the head of `line`, or null where it starts no record. */
export function stampOf(line: string): number | null {
  const console = CONSOLE_STAMP.exec(line);
  if (console !== null) return Date.parse(`${console[2]}T${console[3]}Z`);
  const json = JSON_STAMP.exec(line);
  return json === null ? null : Math.floor(Number(json[2]) * 1000);
}

/** `line` with another stamp at its head. */
export function withStamp(line: string, millis: number): string {
  const [day = '', clock = ''] = new Date(millis).toISOString().slice(0, -1).split('T');
  return line
    .replace(CONSOLE_STAMP, (_, colour: string) => `${colour}${day} ${clock} UTC`)
    .replace(JSON_STAMP, (_, head: string) => `${head}${(millis / 1000).toFixed(3)}`);
}

const DOCKER_STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /;

/** The records of the log `text`; bytes are kept as latin1. */
function recordsOf(node: string, text: string): readonly RecordedRecord[] {
  const records: { node: string; stampMillis: number | null; dueMillis: number; text: string }[] = [];
  let dueMillis = 0;
  for (const stamped of text.split('\n').slice(0, -1)) {
    const line = stamped.replace(DOCKER_STAMP, '');
    const stampMillis = stampOf(line);
    if (stampMillis !== null) dueMillis = Math.max(dueMillis, stampMillis);
    const last = records.at(-1);
    if (stampMillis === null && last !== undefined) last.text += `${line}\n`;
    else records.push({ node, stampMillis, dueMillis, text: `${line}\n` });
  }
  return records;
}

interface Segment {
  readonly atMillis: number;
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly sequence: number;
  readonly flags: number;
  readonly payload: Buffer;
}
const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** The TCP segments over IPv4 and Ethernet in a classic capture with microseconds, read by `pcap-parser`. */
export async function segmentsOf(capture: Buffer): Promise<readonly Segment[]> {
  const parser = parsePcap(Readable.from([capture]));
  const segments: Segment[] = [];
  parser.on('packet', ({ header, data }: { readonly header: PacketHeader; readonly data: Buffer }) => {
    if (data.length < 54 || data.readUInt16BE(12) !== 0x0800 || data[23] !== 6) return;
    const ip = data.subarray(14, 14 + data.readUInt16BE(16));
    const tcp = ip.subarray(((ip[0] ?? 0) & 15) * 4);
    segments.push({
      atMillis: header.timestampSeconds * 1000 + header.timestampMicroseconds / 1000,
      from: ip.subarray(12, 16).join('.'),
      to: ip.subarray(16, 20).join('.'),
      fromPort: tcp.readUInt16BE(0),
      toPort: tcp.readUInt16BE(2),
      sequence: tcp.readUInt32BE(4),
      flags: tcp[13] ?? 0,
      payload: Buffer.from(tcp.subarray(((tcp[12] ?? 0) >> 4) * 4)),
    });
  });
  await once(parser, 'end');
  return segments;
}

interface OpenConnection {
  readonly connection: Omit<RecordedConnection, 'refused' | 'sendings'> & { refused: boolean; readonly sendings: RecordedSending[] };
  /** The sequence number that the next fresh byte of each end has. */
  readonly next: Map<'client' | 'server', number>;
}

/** What each connection carried, in order of its first packet. Connections whose beginning the capture lacks are left out. */
export function connectionsOf(segments: readonly Segment[]): readonly RecordedConnection[] {
  const open = new Map<string, OpenConnection>();
  for (const s of segments) {
    const [there, back] = [`${s.from}:${s.fromPort}>${s.to}:${s.toPort}`, `${s.to}:${s.toPort}>${s.from}:${s.fromPort}`];
    if ((s.flags & SYN) !== 0 && (s.flags & ACK) === 0) {
      if (!open.has(there)) open.set(there, opened(s));
      continue;
    }
    const known = open.get(there) ?? open.get(back);
    if (known !== undefined) take(known, s, open.has(there) ? 'client' : 'server');
  }
  return [...open.values()].map((o) => o.connection);
}

const opened = (s: Segment): OpenConnection => ({
  connection: { client: s.from, clientPort: s.fromPort, server: s.to, serverPort: s.toPort, atMillis: s.atMillis, refused: false, sendings: [] },
  next: new Map([['client', (s.sequence + 1) >>> 0]]),
});

function take({ connection, next }: OpenConnection, s: Segment, from: 'client' | 'server'): void {
  if ((s.flags & RST) !== 0 && connection.sendings.length === 0) connection.refused = true;
  if ((s.flags & SYN) !== 0) {
    next.set('server', (s.sequence + 1) >>> 0);
    return;
  }
  const expected = next.get(from);
  if (expected === undefined) return;
  // What was sent twice counts once; on the bridges of one host nothing overtakes.
  const repeated = (expected - s.sequence) | 0;
  const fresh = repeated >= 0 ? s.payload.subarray(repeated) : s.payload;
  if (fresh.length > 0) {
    connection.sendings.push({ atMillis: s.atMillis, from, bytes: fresh });
    next.set(from, (expected + fresh.length) >>> 0);
  }
  const hasEnded = connection.sendings.some((e) => e.from === from && e.bytes === 'end');
  if ((s.flags & (FIN | RST)) !== 0 && !hasEnded) connection.sendings.push({ atMillis: s.atMillis, from, bytes: 'end' });
}

interface Inspected {
  readonly Name: string;
  readonly Config: { readonly Image: string; readonly Env: readonly string[]; readonly Labels: Readonly<Record<string, string>> };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** Reads the recording in `folder`, which has logs and may have inspect output and captures. */
export async function readRecordedNetwork(folder: string): Promise<RecordedNetwork> {
  const within = (kind: string, end: RegExp): readonly string[] =>
    existsSync(join(folder, kind))
      ? readdirSync(join(folder, kind))
          .filter((file) => end.test(file))
          .sort()
      : [];
  const containers = within('docker', /^(?!network).*(?<!-json)\.json$/).map((file) => {
    const parsed = JSON.parse(readFileSync(join(folder, 'docker', file), 'utf8')) as Inspected | readonly Inspected[];
    const { Name, Config, NetworkSettings } = (Array.isArray(parsed) ? parsed[0] : parsed) as Inspected;
    const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
    return { name: Name.replace(/^\//, ''), image: Config.Image, environment: Config.Env, labels: Config.Labels, address };
  });
  const records = within('logs', /\.log$/).flatMap((file) =>
    recordsOf(file.replace(/\.log$/, ''), readFileSync(join(folder, 'logs', file), 'latin1')),
  );
  const captures = await Promise.all(
    within('packets', /\.pcap\.gz$/).map((file) => segmentsOf(gunzipSync(readFileSync(join(folder, 'packets', file))))),
  );
  const parsed = JSON.parse(readFileSync(join(folder, 'docker', 'network.json'), 'utf8')) as readonly { readonly Name: string }[];
  return { name: parsed[0]?.Name ?? '', containers, records, connections: connectionsOf(captures.flat()) };
}

/** Recorded moment → moment of the replay, in milliseconds since the epoch. */
export class SqueezedTime {
  readonly #begin: number;
  readonly #factor: number;
  #late = 0;
  #base = 0;
  #last = 0;
  readonly #stamps: readonly number[];
  #assigned = 0;
  readonly #new = new Map<number, number>();

  /** `stamps`: every stamp that the logs will print; `factor`: how much faster. */
  constructor(stamps: readonly number[], begin: number, factor: number) {
    this.#stamps = [...new Set(stamps)].sort((a, b) => a - b);
    this.#begin = begin;
    this.#factor = factor;
  }

  start(nowMillis: number): void {
    this.#base = nowMillis;
  }

  /** When what happened at `recorded` is to happen again; all later moments move when this one is already past. */
  due(recorded: number, nowMillis: number): number {
    const planned = this.#base + (recorded - this.#begin) / this.#factor + this.#late;
    if (planned < nowMillis - 20) this.#late += nowMillis - planned;
    return Math.max(planned, nowMillis);
  }

  /**
   * The stamp to print instead of `recorded`. Equal stamps stay equal and different ones stay different, in the same order, so that the way back is exact:
   * where the squeeze would make two equal, the later one is printed a millisecond later.
   */
  stamp(recorded: number): number {
    for (let next = this.#stamps[this.#assigned]; next !== undefined && next <= recorded; next = this.#stamps[++this.#assigned]) {
      this.#last = Math.max(this.#last + 1, Math.round(this.#base + (next - this.#begin) / this.#factor + this.#late));
      this.#new.set(next, this.#last);
    }
    const found = this.#new.get(recorded);
    if (found === undefined) throw new Error(`no record has the stamp ${recorded}`);
    return found;
  }

  /** Printed stamp → recorded stamp, of all that were printed. */
  recorded(): ReadonlyMap<number, number> {
    return new Map([...this.#new].map(([was, is]) => [is, was]));
  }
}
