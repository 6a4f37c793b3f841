import type { SizeRuns } from '../events/connection.js';
import { type ConnectionFacts, isDeliverStream } from './connectivity.js';
import { obtain } from './network.js';
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
    if (messages === 0) return;
    const sum = obtain(sums, `${from}\n${to}\n${purpose}`, () => ({ from, to, purpose, messages: 0, bytes: 0 }));
    sum.messages += messages;
    sum.bytes += bytes;
  };
  const carried = carriedBy(parts.transfers);
  const duplicates = duplicatesOf(parts.transfers);
  for (const t of parts.transfers) {
    if (t.basis !== 'packets') continue;
    const purpose: Purpose =
      t.kind === 'deliver'
        ? 'deliver'
        : t.kind === 'pull'
          ? 'pull'
          : t.kind === 'state-transfer'
            ? 'state-transfer'
            : duplicates.has(t)
              ? 'duplicate'
              : 'block-push';
    add(t.from, t.to, purpose, 1, t.bytes);
  }
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
      for (const b of bursts)
        if (!carried.has(`${observed.source}\n${b.firstFrame}\n${sender}`))
          add(sender, receiver, whole ?? (b.bytes <= CERTIFICATE_BYTES.most ? 'alive' : 'membership'), 1, b.bytes);
    }
  }
  return [...sums.values()]
    .sort((a, b) => (`${a.from}\n${a.to}\n${a.purpose}` < `${b.from}\n${b.to}\n${b.purpose}` ? -1 : 1))
    .map((s) => ({ ...s, basis: 'packets' }));
}

/** First frame and sender of every message that a transfer explains. */
function carriedBy(transfers: readonly WireTransfer[]): ReadonlySet<string> {
  return new Set(transfers.flatMap((t) => t.evidence.flatMap((e) => ('frame' in e ? [`${e.source}\n${e.frame}\n${t.from}`] : []))));
}

/** The pushes of blocks that their receiver already had in whole. */
export function duplicatesOf(transfers: readonly WireTransfer[]): ReadonlySet<WireTransfer> {
  const first = new Map<string, WireTransfer>();
  const keyOf = (t: WireTransfer): string => `${t.channel ?? `#${t.group}`}\n${t.block}\n${t.to}`;
  for (const t of transfers) {
    const known = first.get(keyOf(t));
    if (known === undefined || t.lastAt < known.lastAt) first.set(keyOf(t), t);
  }
  return new Set(transfers.filter((t) => t.kind === 'push' && first.get(keyOf(t)) !== t));
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
    if (isIn(bytes, [info])) return 'state-info';
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
