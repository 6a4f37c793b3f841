import type { PlaintextKind } from '../events/plaintext-message.js';
import type { NodeKind } from '../topology/directory.js';
import type { ConnectionFacts } from './connectivity.js';
import { endsOf, framesOf, messagesOf } from './plaintext-messages.js';
import type { Purpose, PurposeTraffic, WireTransfer } from './wire-facts.js';

/** What is claimed of a block whose message came whole, and of one whose end is not in the capture: it may have been broken off. */
const WHOLE_CONFIDENCE = 1;
const TORN_CONFIDENCE = 0.9;

/**
 * Every block that a plaintext message carried to a peer, by the time of its last byte. `kindOf` tells what a node is known to be (null: not known): what an orderer or a
 * peer serves a client is left out, as are blocks without a channel where the capture names several.
 */
export function readPlaintextTransfers(connections: readonly ConnectionFacts[], kindOf: (node: string) => NodeKind | null): readonly WireTransfer[] {
  const channels = new Set(connections.flatMap((c) => c.observed.plaintext?.channels ?? []));
  const onlyChannel = channels.size === 1 ? ([...channels][0] as string) : null;
  return messagesOf(connections, 'blocks').flatMap(({ message, from, to, connection }) => {
    const channel = message.channel ?? onlyChannel;
    if (channel === null || kindOf(to) === 'client' || kindOf(to) === 'orderer') return [];
    // Both services answer with the same message: a peer's own goes to applications.
    if (message.via === 'deliver' && kindOf(from) === 'peer') return [];
    const total = message.blocks.reduce((sum, b) => sum + b.bytes, 0);
    return message.blocks.map((block) => ({
      from,
      to,
      channel,
      group: 0,
      block: block.number,
      kind: message.via,
      basis: 'plaintext' as const,
      confidence: message.isWhole ? WHOLE_CONFIDENCE : TORN_CONFIDENCE,
      firstAt: message.firstAt,
      lastAt: message.lastAt,
      bytes: message.blocks.length === 1 ? message.bytes : Math.round((message.bytes * block.bytes) / total),
      evidence: framesOf(connection, message),
    }));
  });
}

const PURPOSES: Readonly<Record<PlaintextKind, Purpose>> = {
  conn: 'handshake',
  alive: 'alive',
  'mem-req': 'membership',
  'mem-res': 'membership',
  'data-msg': 'block-push',
  hello: 'pull',
  digest: 'pull',
  request: 'pull',
  update: 'pull',
  empty: 'other',
  'state-info': 'state-info',
  'state-snapshot': 'state-info',
  'state-info-pull': 'state-info',
  'state-request': 'state-transfer',
  'state-response': 'state-transfer',
  leadership: 'leadership',
  'peer-identity': 'other',
  ack: 'private-data',
  'private-request': 'private-data',
  'private-response': 'private-data',
  'private-data': 'private-data',
  ping: 'probe',
  'deliver-request': 'deliver',
  'deliver-block': 'deliver',
  'deliver-status': 'deliver',
  event: 'client',
  client: 'client',
  cluster: 'other',
  unknown: 'other',
  unreadable: 'other',
  frames: 'other',
};

/**
 * What each node sent each other node over plaintext connections, by purpose, sorted by sender, receiver and purpose. `other` holds HTTP/2's and gRPC's own bytes, too. A
 * `duplicate` is the push of a block that its receiver already had in whole; `transfers` are those of {@link readPlaintextTransfers}.
 */
export function readPlaintextTraffic(connections: readonly ConnectionFacts[], transfers: readonly WireTransfer[]): readonly PurposeTraffic[] {
  const sums = new Map<string, { from: string; to: string; purpose: Purpose; messages: number; bytes: number }>();
  const add = (from: string, to: string, purpose: Purpose, messages: number, bytes: number): void => {
    const key = `${from}\n${to}\n${purpose}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { from, to, purpose, messages, bytes });
    else {
      sum.messages += messages;
      sum.bytes += bytes;
    }
  };
  for (const connection of connections) {
    for (const count of connection.observed.plaintext?.counts ?? []) {
      const { from, to } = endsOf(connection, count.from);
      add(from, to, PURPOSES[count.kind], count.messages, count.bytes);
    }
  }
  for (const t of findDuplicates(transfers)) {
    add(t.from, t.to, 'block-push', -1, -t.bytes);
    add(t.from, t.to, 'duplicate', 1, t.bytes);
  }
  return [...sums.values()]
    .filter((s) => s.messages > 0 || s.bytes > 0)
    .map((s) => ({ ...s, basis: 'plaintext' as const }))
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

const sortKey = (t: { readonly from: string; readonly to: string; readonly purpose: Purpose }): string => `${t.from}\n${t.to}\n${t.purpose}`;

/** Pushes of blocks that their receivers already had, by whichever way. */
function findDuplicates(transfers: readonly WireTransfer[]): readonly WireTransfer[] {
  const had = new Set<string>();
  const duplicates: WireTransfer[] = [];
  for (const t of [...transfers].sort((a, b) => a.lastAt - b.lastAt)) {
    const key = `${t.to}\n${t.channel}\n${t.block}`;
    if (t.kind === 'push' && t.basis === 'plaintext' && had.has(key)) duplicates.push(t);
    had.add(key);
  }
  return duplicates;
}
