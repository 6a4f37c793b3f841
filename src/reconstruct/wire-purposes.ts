import type { Burst, SizeRuns } from '../events/connection.js';
import { type ConnectionFacts, isDeliverStream } from './connectivity.js';
import { obtain } from './network.js';
import { firstCopies } from './used-copies.js';
import type { Purpose, PurposeTraffic, WireTransfer } from './wire-facts.js';
import { aliveBytes, leadershipBytes, type SizeRange, stateInfoBytes, stateInfoRequestBytes } from './wire-sizes.js';

/**
 * What encrypted messages were for, by their lengths. Exact where a length can only be one message; where lengths meet, the most frequent message of that length. What is
 * written in one go with another message is counted with the larger.
 */
export interface WirePurposeParts {
  readonly connections: readonly ConnectionFacts[];
  readonly transfers: readonly WireTransfer[];
  readonly channelBytes: ReadonlyMap<string, number>;
  readonly kindOf: (name: string) => 'peer' | 'orderer' | 'client' | null;
  /** Lengths of the peers' endpoints, `host:port`. */
  readonly endpointBytes: readonly number[];
  /** Who declared itself leader, or was served by an orderer. */
  readonly leaders: ReadonlySet<string>;
}

/** HTTP/2's own: SETTINGS 9 and more, WINDOW_UPDATE 13, PING 17, HEADERS with indexed fields, and some of them together. */
const MOST_FRAME_BYTES = 31;
const FRAMES_TOGETHER: ReadonlySet<number> = new Set([34, 47, 60]);
/** A state info of 2.0 and later names the chaincode `_lifecycle`. */
const CHAINCODE_BYTES = 22;
/** Hello, request and digest of a pull: 33 to 50 bytes and 34 for each identity, or the digits of a block's number. */
const MOST_HELLO_BYTES = 54;
const DIGEST_ITEM_BYTES = 34;
/** A connection that lives no longer is a Ping, or a handshake that asks who is there. */
const PROBE_MICROS = 3_000_000;
const PROBE_BYTES = 6_000;
/** A peer shows its certificate in alive messages of its first ten seconds (publishCertPeriod). */
const CERTIFICATE_BYTES: SizeRange = { least: 560, most: 1_300 };

/** What each node sent each other over encrypted connections, by purpose; sorted by sender, receiver and purpose. */
export function readWirePurposes(parts: WirePurposeParts): readonly PurposeTraffic[] {
  const sums = new Map<string, { from: string; to: string; purpose: Purpose; messages: number; bytes: number }>();
  const add = (from: string, to: string, purpose: Purpose, messages: number, bytes: number): void => {
    if (messages + bytes === 0) return;
    const sum = obtain(sums, `${from}\n${to}\n${purpose}`, () => ({ from, to, purpose, messages: 0, bytes: 0 }));
    sum.messages += messages;
    sum.bytes += bytes;
  };
  const carriers = carriersOf(parts.transfers);
  const shown = new Set<Carrier>();
  const smallestBlock = parts.transfers.reduce((least, t) => Math.min(least, t.bytes), LONGEST_ANSWER_BYTES);
  const purposeOf = sizeJudge(parts);
  for (const connection of parts.connections) {
    const { from, to, observed } = connection;
    if (observed.protocol !== 'tls') continue;
    const whole = wholePurpose(connection, parts);
    const sides = [
      { sender: from, receiver: to, small: observed.smallMessages.fromClient, bursts: observed.bursts.fromClient },
      { sender: to, receiver: from, small: observed.smallMessages.fromServer, bursts: observed.bursts.fromServer },
    ];
    for (const { sender, receiver, small, bursts } of sides) {
      for (const { purpose, messages, bytes } of smallPurposes(small, sender, purposeOf)) add(sender, receiver, whole ?? purpose, messages, bytes);
      for (const { purpose, messages, bytes } of burstPurposes(bursts, observed.source, carriers.get(`${sender}\n${receiver}`), shown))
        add(sender, receiver, purpose ?? whole ?? largePurpose(bytes, smallestBlock), messages, bytes);
    }
  }
  for (const [pair, own] of carriers) {
    const [from, to] = pair.split('\n') as [string, string];
    for (const c of own.values()) if (!shown.has(c)) add(from, to, c.purpose, c.messages, c.bytes);
  }
  return [...sums.values()]
    .sort((a, b) => (`${a.from}\n${a.to}\n${a.purpose}` < `${b.from}\n${b.to}\n${b.purpose}` ? -1 : 1))
    .map((s) => ({ ...s, basis: 'packets' }));
}

/** What one message, or a part of one, carried: all blocks in it have their own transfer. */
interface Carrier {
  readonly purpose: Purpose;
  readonly lastFrame: number;
  readonly messages: number;
  /** By the lengths of the blocks: what counts where no connection shows the message itself. */
  readonly bytes: number;
}

/** Sender and receiver → source and first frame → what the message that begins there carries. */
function carriersOf(transfers: readonly WireTransfer[]): ReadonlyMap<string, ReadonlyMap<string, Carrier>> {
  const duplicates = duplicatesOf(transfers);
  const carriers = new Map<string, Map<string, Carrier>>();
  for (const t of transfers) {
    if (t.basis !== 'packets') continue;
    const frames = t.evidence.flatMap((e) => ('frame' in e ? [e.frame] : []));
    const [first] = t.evidence;
    if (first === undefined || frames.length === 0) continue;
    const own = obtain(carriers, `${t.from}\n${t.to}`, () => new Map<string, Carrier>());
    const key = `${first.source}\n${Math.min(...frames)}`;
    const known = own.get(key);
    const lastFrame = Math.max(...frames, known?.lastFrame ?? 0);
    const [messages, bytes] = [(known?.messages ?? 0) + 1, (known?.bytes ?? 0) + t.bytes];
    own.set(key, { purpose: known?.purpose ?? purposeOfTransfer(t, duplicates), lastFrame, messages, bytes });
  }
  return carriers;
}

function purposeOfTransfer(t: WireTransfer, duplicates: ReadonlySet<WireTransfer>): Purpose {
  if (t.kind === 'deliver' || t.kind === 'pull' || t.kind === 'state-transfer') return t.kind;
  return duplicates.has(t) ? 'duplicate' : 'block-push';
}

/** The large messages of one side of a connection, each counted once: those that transfers explain with their purpose, from the first frame to the last; null for others. */
function burstPurposes(
  bursts: readonly Burst[],
  source: string,
  carriers: ReadonlyMap<string, Carrier> | undefined,
  shown: Set<Carrier>,
): readonly { readonly purpose: Purpose | null; readonly messages: number; readonly bytes: number }[] {
  let under: Carrier | undefined;
  return bursts.map((b) => {
    const begins = carriers?.get(`${source}\n${b.firstFrame}`);
    if (begins !== undefined) shown.add(begins);
    if (begins === undefined && under !== undefined && b.lastFrame <= under.lastFrame) return { purpose: under.purpose, messages: 0, bytes: b.bytes };
    under = begins;
    return { purpose: begins?.purpose ?? null, messages: begins?.messages ?? 1, bytes: b.bytes };
  });
}

/** Answers about members grow with the network; what is longer may as well be a block that nothing explains. */
const LONGEST_ANSWER_BYTES = 16_384;

/** What is as long as a block and yet none that is known may be one, so that it is not taken for talk of members. */
function largePurpose(bytes: number, smallestBlockBytes: number): Purpose {
  if (bytes <= CERTIFICATE_BYTES.most) return 'alive';
  return bytes >= smallestBlockBytes ? 'other' : 'membership';
}

/** The pushes of blocks that their receiver already had in whole. */
export function duplicatesOf(transfers: readonly WireTransfer[]): ReadonlySet<WireTransfer> {
  const first = firstCopies(transfers);
  return new Set(transfers.filter((t) => t.kind === 'push' && !first.has(t)));
}

/** The purpose of all that passes on a connection that is not one of gossip's streams; null for those. */
function wholePurpose(connection: ConnectionFacts, { kindOf }: WirePurposeParts): Purpose | null {
  const { from, to, observed } = connection;
  const [client, server] = [kindOf(from), kindOf(to)];
  if (client === 'client' || server === 'client') return 'client';
  if (client === 'orderer' && server === 'orderer') return 'other';
  if (server === 'orderer') return isDeliverStream(connection) ? 'deliver' : 'client';
  if (client !== 'peer' || server !== 'peer') return 'other';
  const bytes = observed.payloadBytes.fromClient + observed.payloadBytes.fromServer;
  return observed.synAt !== null && observed.closedAt !== null && observed.lastAt - observed.firstAt < PROBE_MICROS && bytes < 2 * PROBE_BYTES
    ? 'probe'
    : null;
}

type Judge = (bytes: number, sender: string) => Purpose;

function sizeJudge({ channelBytes, endpointBytes, leaders }: WirePurposeParts): Judge {
  const leadership = [...channelBytes.values()].map(leadershipBytes);
  const lengths = [...new Set(endpointBytes)];
  const alive = lengths.flatMap((l) => [aliveBytes(l, null), aliveBytes(l, l)]);
  const requests = lengths.flatMap((l) => [aliveBytes(l, null), aliveBytes(l, l)]).map((r) => ({ least: r.least + 8, most: r.most + 120 }));
  const info = stateInfoBytes();
  const infoRequest = stateInfoRequestBytes();
  const isIn = (bytes: number, ranges: readonly SizeRange[]): boolean => ranges.some((r) => bytes >= r.least && bytes <= r.most);
  return (bytes, sender) => {
    if (bytes <= MOST_FRAME_BYTES || FRAMES_TOGETHER.has(bytes)) return 'other';
    if (bytes <= MOST_HELLO_BYTES) return 'pull';
    if (isIn(bytes, [infoRequest])) return 'state-info';
    if (leaders.has(sender) && isIn(bytes, leadership)) return 'leadership';
    if (isIn(bytes, alive)) return 'alive';
    if (isIn(bytes, [{ least: info.least, most: info.most + CHAINCODE_BYTES }])) return 'state-info';
    if (bytes < info.least && (bytes - 33) % DIGEST_ITEM_BYTES <= 2) return 'pull';
    if (isIn(bytes, requests)) return 'membership';
    // Answers of several parts: state infos of a channel's members, members with their alive messages.
    return bytes % (info.least - 8) <= 24 ? 'state-info' : 'membership';
  };
}

function smallPurposes(
  small: readonly SizeRuns[],
  sender: string,
  purposeOf: Judge,
): readonly { readonly purpose: Purpose; readonly messages: number; readonly bytes: number }[] {
  return small.map((s) => ({
    purpose: s.bytes === 0 ? ('other' as const) : purposeOf(s.bytes, sender),
    messages: s.runs.reduce((sum, r) => sum + r.count, 0),
    bytes: s.total,
  }));
}
