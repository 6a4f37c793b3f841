import type { Block, BlockCopy, Channel, Transfer } from '../analysis/contract.js';

/**
 * The transfer whose copy the peer used: from the sender that `copy.from` names, the one that ended when the copy did, else the first to end.
 * Null where the sender is not known, or known from elsewhere than the wire.
 */
export function usedTransferOf(copy: BlockCopy): Transfer | null {
  const sender = copy.from?.node;
  if (sender === undefined) return null;
  const ofSender = copy.transfers.filter((t) => t.from === sender);
  const exact = ofSender.find((t) => t.lastByteAt === copy.lastByteAt);
  return exact ?? ofSender.reduce<Transfer | null>((first, t) => (first === null || t.lastByteAt < first.lastByteAt ? t : first), null);
}

/** Whether the block travelled: every ledger holds its genesis block from the start. */
export function isSpread(block: Block): boolean {
  return block.number > 0 || block.numberBasis === 'relative';
}

/** How many peers a block passed on its longest way before it came to the last of them: 0 where all got it from the ordering service. */
export function hopsOf(block: Block): number {
  const senders = new Map(block.copies.map((c) => [c.peer, usedTransferOf(c)]));
  const depths = new Map<string, number>();
  const depthOf = (peer: string, seen: ReadonlySet<string>): number => {
    const known = depths.get(peer);
    if (known !== undefined) return known;
    const used = senders.get(peer);
    // Senders told one by one may form a circle, which no block can have gone.
    if (used === undefined || used === null || used.kind === 'deliver' || seen.has(peer)) return 0;
    const depth = 1 + depthOf(used.from, new Set(seen).add(peer));
    depths.set(peer, depth);
    return depth;
  };
  return block.copies.reduce((most, c) => Math.max(most, depthOf(c.peer, new Set())), 0);
}

/** Why a block is shown as an example. */
export type Reason = 'everywhere' | 'best-known' | 'slowest' | 'deepest' | 'pulled' | 'transferred';

export interface TellingBlock {
  readonly block: Block;
  readonly reasons: readonly Reason[];
}

const microsOf = (at: string): number => Date.parse(`${at.slice(0, 23)}Z`) * 1000 + Number(at.slice(23, 26));

/**
 * Microseconds from the first byte of a block that any capture saw to the last byte of the last copy that a peer used; copies by state transfer are left out,
 * since their time is that of an absence. Null where no used transfer is known.
 */
export function spreadOnWireOf(block: Block): number | null {
  const used = block.copies.map(usedTransferOf).filter((t) => t !== null && t.kind !== 'state-transfer') as readonly Transfer[];
  if (used.length === 0) return null;
  const first = Math.min(...used.map((t) => microsOf(t.firstByteAt)));
  return Math.max(...used.map((t) => microsOf(t.lastByteAt))) - first;
}

function best(blocks: readonly Block[], scoreOf: (block: Block) => number): Block | undefined {
  return blocks.reduce<{ readonly block: Block; readonly score: number } | undefined>((found, block) => {
    const score = scoreOf(block);
    return score > (found?.score ?? 0) ? { block, score } : found;
  }, undefined)?.block;
}

/**
 * The few blocks of a channel that tell most of how blocks travel, each with the reasons: the first with transactions whose way to every peer is known (else
 * the one known at most peers), the slowest to spread, the one with the most hops where there is more than one, the first that a peer pulled, and the first
 * that a peer got by state transfer. Empty where the sender of no copy is known from the wire.
 */
export function tellingBlocksOf(channel: Channel): readonly TellingBlock[] {
  const blocks = channel.blocks.filter((b) => isSpread(b) && b.copies.some((c) => usedTransferOf(c) !== null));
  const knownAt = (b: Block): number => b.copies.filter((c) => usedTransferOf(c) !== null).length;
  const everywhere = blocks.filter((b) => knownAt(b) === b.copies.length && b.copies.length >= channel.peers.length);
  const usedKind =
    (kind: Transfer['kind']) =>
    (b: Block): boolean =>
      b.copies.some((c) => usedTransferOf(c)?.kind === kind);
  const first = everywhere.find((b) => b.config !== true) ?? everywhere[0];
  const candidates: readonly (readonly [Reason, Block | undefined])[] = [
    first === undefined ? ['best-known', best(blocks, knownAt)] : ['everywhere', first],
    ['slowest', blocks.length < 2 ? undefined : best(blocks, (b) => spreadOnWireOf(b) ?? 0)],
    ['deepest', best(blocks, (b) => Math.max(0, hopsOf(b) - 1))],
    ['pulled', blocks.find(usedKind('pull'))],
    ['transferred', blocks.find(usedKind('state-transfer'))],
  ];
  const reasons = new Map<Block, Reason[]>();
  for (const [reason, block] of candidates) {
    if (block === undefined) continue;
    const known = reasons.get(block);
    if (known === undefined) reasons.set(block, [reason]);
    else known.push(reason);
  }
  return [...reasons].map(([block, why]) => ({ block, reasons: why }));
}
