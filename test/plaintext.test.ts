import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { formatInstant } from '../src/events/instant.js';
import { CaptureFollower, type CaptureSummary } from '../src/packets/capture-decoder.js';
import type { PassedMessage } from '../src/packets/plaintext-ledger.js';
import { type ConnectivityFacts, identifyConnections } from '../src/reconstruct/connectivity.js';
import { type PlaintextIdentities, readPlaintextIdentities } from '../src/reconstruct/plaintext-identities.js';
import { readPlaintextStreams, readPlaintextTerms } from '../src/reconstruct/plaintext-leadership.js';
import { readPlaintextHeights, readPlaintextMembership } from '../src/reconstruct/plaintext-membership.js';
import { readPlaintextTraffic, readPlaintextTransfers } from '../src/reconstruct/plaintext-transfers.js';
import { buildDirectory } from '../src/topology/directory.js';
import { ROOT } from './recordings.js';
import { skipWithout } from './requirements.js';

const RECORDING = join(ROOT, 'captures', 'byfn-plaintext-debug');

const unzip = (folder: string): ReadonlyMap<string, Uint8Array> =>
  new Map(
    readdirSync(join(RECORDING, folder)).map((file) => [file.replace(/\.gz$/, ''), gunzipSync(readFileSync(join(RECORDING, folder, file)))] as const),
  );

interface Truth {
  readonly peers: Readonly<Record<string, { readonly mspId: string; readonly endpoint: string; readonly pkiId: string }>>;
  readonly leadership: readonly { readonly peer: string; readonly channel: string; readonly from: string; readonly endedBy: string }[];
  readonly views: readonly { readonly channel: string; readonly observer: string; readonly at: string; readonly members: readonly string[] }[];
  readonly copies: readonly { readonly block: number; readonly from: string; readonly to: string; readonly at: string; readonly bytes: number }[];
  readonly deliverStarts: readonly { readonly peer: string; readonly at: string }[];
}

/** A row of what passed: enough to tell any two messages of a capture apart. */
type Row = readonly [frame: number, stream: number, bytes: number, sha256: string | null];

function decode(bytes: Uint8Array): {
  readonly summary: CaptureSummary;
  readonly messages: readonly (PassedMessage & { readonly sha256: string | null })[];
} {
  const messages: (PassedMessage & { readonly sha256: string | null })[] = [];
  const follower = new CaptureFollower('br.pcap', undefined, {
    marks: null,
    listener: null,
    frame: null,
    passed: null,
    message: (m) => messages.push({ ...m, data: null, sha256: m.data === null ? null : createHash('sha256').update(m.data).digest('hex') }),
  });
  follower.push(bytes);
  return { summary: follower.end(), messages };
}

/** The gRPC messages as tshark dissects them. */
function messagesByTshark(bytes: Uint8Array, ports: ReadonlySet<number>): readonly Row[] {
  const folder = mkdtempSync(join(tmpdir(), 'plaintext-'));
  try {
    const file = join(folder, 'capture.pcap');
    writeFileSync(file, bytes);
    const decodeAs = [...ports].flatMap((port) => ['-d', `tcp.port==${port},http2`]);
    const run = spawnSync('tshark', ['-r', file, '-T', 'pdml', '-Y', 'grpc', ...decodeAs], { maxBuffer: 2 ** 29, encoding: 'latin1' });
    assert.equal(run.error, undefined);
    const rows: Row[] = [];
    let [frame, stream, length] = [0, 0, -1];
    const flush = (sha256: string | null): void => {
      if (length >= 0) rows.push([frame, stream, length, sha256]);
      length = -1;
    };
    const field = /<field name="(frame\.number|http2\.streamid|grpc\.message_length|grpc\.message_data)"[^>]*? show="([^"]*)"(?: value="([^"]*)")?/g;
    for (const [, name, show, value] of run.stdout.matchAll(field)) {
      if (name === 'grpc.message_data') {
        flush(
          createHash('sha256')
            .update(Buffer.from(value ?? '', 'hex'))
            .digest('hex'),
        );
        continue;
      }
      flush(null);
      if (name === 'frame.number') frame = Number(show);
      else if (name === 'http2.streamid') stream = Number(show);
      else length = Number(show);
    }
    flush(null);
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The capture without its first `frames` frames. */
function cutHead(pcap: Uint8Array, frames: number): Uint8Array {
  const view = new DataView(pcap.buffer, pcap.byteOffset, pcap.byteLength);
  let at = 24;
  for (let i = 0; i < frames; i++) at += 16 + view.getUint32(at + 8, true);
  return Buffer.concat([pcap.subarray(0, 24), pcap.subarray(at)]);
}

/** The capture's first `frames` frames. */
function cutTail(pcap: Uint8Array, frames: number): Uint8Array {
  return pcap.subarray(0, pcap.length - cutHead(pcap, frames).length + 24);
}

/** Where the TCP payloads of a classic little-endian capture of Ethernet and IPv4 are: offset and length. */
function payloadsOf(pcap: Uint8Array): readonly (readonly [start: number, length: number])[] {
  const view = new DataView(pcap.buffer, pcap.byteOffset, pcap.byteLength);
  const found: (readonly [number, number])[] = [];
  for (let at = 24; at < pcap.length; ) {
    const end = at + 16 + view.getUint32(at + 8, true);
    const ip = at + 16 + 14;
    if (view.getUint16(ip - 2) === 0x0800 && view.getUint8(ip + 9) === 6) {
      const tcp = ip + 4 * (view.getUint8(ip) & 15);
      const start = tcp + 4 * (view.getUint8(tcp + 12) >> 4);
      const length = ip + view.getUint16(ip + 2) - start;
      if (length > 0) found.push([start, length]);
    }
    at = end;
  }
  return found;
}

interface Reading {
  readonly summary: CaptureSummary;
  readonly identities: PlaintextIdentities;
  readonly connectivity: ConnectivityFacts;
  readonly nameOf: (pkiId: string) => string | null;
  readonly kindOf: (node: string) => 'peer' | 'orderer' | 'client' | null;
}

/** What packets alone tell. */
function read(summary: CaptureSummary): Reading {
  const identities = readPlaintextIdentities(
    summary.connections,
    () => null,
    () => null,
  );
  assert.ok(summary.from !== null && summary.to !== null);
  const captures = [{ source: 'br.pcap', from: summary.from, to: summary.to }];
  const connectivity = identifyConnections(summary.connections, EMPTY_DIRECTORY, identities.addresses, captures);
  const kinds = new Map(connectivity.wireNodes.map((n) => [n.name, n.kind]));
  return { summary, identities, connectivity, nameOf: (pkiId) => identities.peers.get(pkiId)?.name ?? null, kindOf: (n) => kinds.get(n) ?? null };
}

const EMPTY_DIRECTORY = buildDirectory([], [], [], new Map());

const countBy = <T>(items: readonly T[], keyOf: (item: T) => string): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
};

describe('what unencrypted packets alone say in byfn-plaintext-debug', () => {
  const truth = JSON.parse(readFileSync(join(RECORDING, 'truth.json'), 'utf8')) as Truth;
  const [pcap] = unzip('packets').values();
  assert.ok(pcap !== undefined);
  const { summary, messages } = decode(pcap);
  let reading: Reading;
  before(() => {
    reading = read(summary);
  });
  const nodeOfEndpoint = (endpoint: string): string => Object.entries(truth.peers).find(([, p]) => p.endpoint === endpoint)?.[0] ?? endpoint;

  test('every message as tshark dissects it: frame, stream, length, bytes', { skip: skipWithout('tshark') }, () => {
    const ports = new Set(summary.connections.filter((c) => c.protocol === 'http2').map((c) => c.server.port));
    const theirs = messagesByTshark(pcap, ports);
    assert.ok(theirs.length > 4000);
    // Two connections may end a message in frames of one number only if they are the same frame: the order within a frame is the stream's.
    const order = (a: Row, b: Row): number => a[0] - b[0];
    const ours = messages.map((m): Row => [m.frame, m.stream, m.bytes, m.sha256]);
    assert.deepEqual(
      [...ours].sort(order).map((r) => r.slice(0, 3)),
      [...theirs].sort(order).map((r) => r.slice(0, 3)),
    );
    const hashes = new Set(theirs.map((r) => r.join()));
    const looked = ours.filter((r) => r[3] !== null && r[2] > 0);
    assert.ok(looked.length > 3000);
    for (const row of looked) assert.ok(hashes.has(row.join()), row.join());
  });

  test('nothing is strange, and every byte is accounted for', () => {
    assert.deepEqual(summary.oddities, []);
    assert.deepEqual(
      messages.filter((m) => m.kind === 'unknown' || m.kind === 'unreadable'),
      [],
    );
    for (const c of summary.connections.filter((one) => one.plaintext !== null)) {
      const bytes = c.plaintext?.counts.reduce((sum, count) => sum + count.bytes, 0);
      assert.equal(bytes, c.payloadBytes.fromClient + c.payloadBytes.fromServer);
    }
  });

  test('who is who', () => {
    const peers = [...reading.identities.peers.values()].map(({ name, mspId, endpoint, pkiId }) => ({ name, mspId, endpoint, pkiId }));
    const known = Object.entries(truth.peers).map(([name, { mspId, endpoint, pkiId }]) => ({ name, mspId, endpoint, pkiId }));
    const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
    assert.deepEqual(peers.sort(byName), known.sort(byName));
    const found = reading.connectivity.wireNodes.filter((n) => n.kind !== 'client').map((n) => [n.name, n.kind]);
    assert.deepEqual(found, [['orderer.example.com', 'orderer'], ...known.map((p) => [p.name, 'peer'])]);
  });

  test('every transfer of every block, and none else', () => {
    const transfers = readPlaintextTransfers(reading.connectivity.connections, reading.kindOf);
    const pushes = transfers.filter((t) => t.kind === 'push');
    const key = (t: { readonly block: number; readonly from: string; readonly to: string }): string => `${t.block} ${t.from} ${t.to}`;
    assert.deepEqual(pushes.map(key).sort(), truth.copies.map(key).sort());
    for (const copy of truth.copies) {
      const push = pushes.find((t) => key(t) === key(copy));
      const late = Date.parse(copy.at) - (push?.lastAt ?? 0) / 1000;
      assert.ok(late > -2 && late < 50, `${key(copy)} ${late} ms before its line`);
      assert.ok((push?.bytes ?? 0) > copy.bytes && (push?.bytes ?? 0) < copy.bytes + 200);
    }
    const delivered = transfers.filter((t) => t.kind === 'deliver');
    assert.equal(delivered.length, transfers.length - pushes.length);
    assert.ok(delivered.every((t) => t.from === 'orderer.example.com' && t.channel === 'mychannel' && t.confidence === 1));
    const leaders = new Set(truth.leadership.map((l) => l.peer));
    for (const leader of leaders) {
      const numbers = delivered.filter((t) => t.to === leader).map((t) => t.block);
      assert.deepEqual(
        numbers,
        numbers.map((_, i) => i + 1),
      );
    }
    assert.equal(
      readPlaintextTraffic(reading.connectivity.connections, transfers).find((t) => t.purpose === 'duplicate'),
      undefined,
    );
  });

  test('who led, and from when', () => {
    const { summary: s, connectivity, nameOf } = reading;
    const terms = readPlaintextTerms(connectivity.connections, nameOf, s.to as NonNullable<typeof s.to>);
    assert.deepEqual(
      terms.map((t) => [t.peer, t.channel, t.endedBy]),
      truth.leadership.map((l) => [l.peer, l.channel, l.endedBy]),
    );
    for (const [i, t] of terms.entries()) assert.ok(Math.abs(t.from / 1000 - Date.parse(truth.leadership[i]?.from ?? '')) < 50);
    const streams = readPlaintextStreams(connectivity.connections);
    assert.deepEqual(
      streams.map((x) => x.peer),
      terms.map((t) => t.peer),
    );
  });

  test('every view that a log prints, up to 10 s before its tracker saw it', () => {
    const { summary: s, connectivity, nameOf } = reading;
    const changes = readPlaintextMembership(connectivity.connections, nameOf, s.to as NonNullable<typeof s.to>);
    for (const view of truth.views) {
      const at = Date.parse(view.at) * 1000;
      const before = changes.filter((c) => c.channel === view.channel && c.observer === view.observer && c.at <= at + 2000).at(-1);
      assert.ok(before !== undefined, `${view.observer} ${view.at}`);
      const members = view.members.map(nodeOfEndpoint).sort();
      // What arrived in the tracker's last instants may be in the next line only.
      const inTime = changes.some((c) => c.observer === view.observer && at - c.at < 10_000_000 && c.members.join() === members.join());
      assert.ok(before.members.join() === members.join() || inTime, `${view.observer} ${view.at}: ${before.members.join()} for ${members.join()}`);
    }
    const last = new Map(changes.map((c) => [c.observer, c.members.length]));
    assert.deepEqual([...last.values()], [3, 3, 3, 3]);
    const heights = readPlaintextHeights(connectivity.connections, nameOf);
    for (const peer of Object.keys(truth.peers)) {
      const own = heights.filter((h) => h.peer === peer).map((h) => h.height);
      assert.equal(own.at(-1), 14);
      assert.deepEqual(
        own,
        [...own].sort((a, b) => a - b),
      );
    }
  });

  test("the peers' own DEBUG lines count as many messages of each kind", () => {
    const wordOf: readonly (readonly [RegExp, string])[] = [
      [/Block message/, 'data-msg'],
      [/MembershipResponse with/, 'mem-res'],
      [/mem_req:|Membership Request/, 'mem-req'],
      [/StateInfoSnapshot with/, 'state-snapshot'],
      [/DataUpdate:/, 'update'],
      [/ hello:/, 'hello'],
      [/ data_dig:/, 'digest'],
      [/ data_req:/, 'request'],
      [/ state_info_pull_req:/, 'state-info-pull'],
      [/ state_info:/, 'state-info'],
      [/ leadership_msg:/, 'leadership'],
      [/ alive_msg:/, 'alive'],
    ];
    const kindOf = (line: string): string => wordOf.find(([pattern]) => pattern.test(line))?.[1] ?? line;
    // The capture and the logs do not end at one moment: both are counted up to a second before the capture's end.
    const until = (summary.to as NonNullable<typeof summary.to>) - 1_000_000;
    const told: string[] = [];
    for (const [file, bytes] of unzip('logs')) {
      if (!file.startsWith('peer')) continue;
      for (const line of Buffer.from(bytes).toString('latin1').split('\n')) {
        const match =
          /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) UTC \[gossip.gossip\] handleMessage -> DEBU [0-9a-f]+(?:\x1b\[0m)? Entering, .*? sent us GossipMessage:(.*)/.exec(
            line,
          );
        if (match !== null && Date.parse(`${match[1]}T${match[2]}Z`) * 1000 <= until) told.push(kindOf(match[3] as string));
      }
    }
    const gossip = new Set(wordOf.map(([, kind]) => kind));
    const passed = messages.filter((m) => gossip.has(m.kind) && m.micros <= until).map((m) => m.kind as string);
    const [logged, seen] = [countBy(told, (k) => k), countBy(passed, (k) => k)];
    assert.deepEqual(Object.keys(logged).sort(), Object.keys(seen).sort());
    // A message on its way at the end is captured, but not yet logged.
    for (const kind of Object.keys(seen))
      assert.ok(Math.abs((seen[kind] ?? 0) - (logged[kind] ?? 0)) <= 2, `${kind}: ${seen[kind]} and ${logged[kind]}`);
  });

  test('mutated, it costs no crash and invents no block', () => {
    const head = cutTail(pcap, 1200);
    const offsets = payloadsOf(head);
    const real = new Set(
      decode(head)
        .messages.filter((m) => m.kind === 'data-msg' || m.kind === 'deliver-block')
        .map((m) => m.frame),
    );
    assert.ok(real.size > 2);
    const change = fc.record({
      segment: fc.nat(offsets.length - 1),
      at: fc.nat(),
      value: fc.oneof(fc.constantFrom(0, 1, 0x0a, 0x12, 255), fc.nat(255)),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 200 }), (changes) => {
        const bytes = Uint8Array.from(head);
        for (const { segment, at, value } of changes) {
          const [start, length] = offsets[segment] as readonly [number, number];
          // Headers lie at the front.
          bytes[start + ((at % 3 === 0 ? at : at % 30) % length)] = value;
        }
        const { summary: s } = decode(bytes);
        for (const m of s.connections.flatMap((c) => c.plaintext?.messages ?? [])) {
          if (m.kind === 'blocks') assert.ok(m.blocks.every((b) => b.bytes <= m.bytes && Number.isSafeInteger(b.number)));
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 50) },
    );
  });

  for (const part of [0.3, 0.5, 0.8]) {
    test(`the same messages where the capture begins ${part * 100} % later, in the middle of its streams`, () => {
      const cut = Math.floor(summary.packets * part);
      const late = decode(cutHead(pcap, cut));
      const key = (m: PassedMessage, frames: number): string => `${m.frame + frames} ${m.stream} ${m.bytes}`;
      const gossip = (m: PassedMessage): boolean => m.kind !== 'client' && m.kind !== 'unknown';
      const whole = new Map(messages.map((m) => [key(m, 0), m.kind]));
      for (const m of late.messages.filter(gossip)) assert.equal(whole.get(key(m, cut)), m.kind, key(m, cut));
      const expected = messages.filter((m) => gossip(m) && m.frame > cut + 50).map((m) => key(m, 0));
      const found = new Set(late.messages.filter(gossip).map((m) => key(m, cut)));
      assert.deepEqual(
        expected.filter((k) => !found.has(k)),
        [],
      );
      const blocks = (s: CaptureSummary): readonly string[] =>
        s.connections.flatMap((c) =>
          (c.plaintext?.messages ?? []).flatMap((m) =>
            m.kind === 'blocks' ? m.blocks.map((b) => `${formatInstant(m.lastAt)} ${m.channel} ${m.via} ${b.number} ${b.bytes}`) : [],
          ),
        );
      const from = late.summary.from === null ? '' : formatInstant(late.summary.from);
      const after = blocks(summary).filter((line) => line > from);
      assert.ok(after.length > 5);
      assert.deepEqual([...blocks(late.summary)].sort(), [...after].sort());
    });
  }
});
