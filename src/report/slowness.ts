import type { Block, BlockCopy, Channel, Node } from '../analysis/contract.js';
import { microsBetween, microsOf } from './format.js';

/** Where a copy of a block spent its time. Where its arrival is not known, the way to the peer and the wait in its payload buffer can't be told apart. */
export type StageName = 'dissemination' | 'payload buffer' | 'dissemination and buffer' | 'validation' | 'commit';

export interface Stage {
  readonly name: StageName;
  readonly micros: number;
}

/** One peer's copy of a block, timed from the first moment that any peer is known to have had the block. */
export interface TimedCopy {
  readonly block: Block;
  readonly copy: BlockCopy;
  /** What is counted from: the first peer's arrival or receipt, or where neither is known (Fabric 1.0) its commit. */
  readonly since: 'had' | 'committed';
  /** From the block's first known moment on a peer to this copy's last known one. */
  readonly totalMicros: number;
  /** Whether the copy is known up to its commit; else `totalMicros` ends earlier. */
  readonly committed: boolean;
  readonly stages: readonly Stage[];
  /** The stage that took longest; null when no stage can be told apart. */
  readonly slowestStage: Stage | null;
}

export interface Slowness {
  /** Copies of blocks that peers took live, slowest first. */
  readonly live: readonly TimedCopy[];
  /** Copies that a peer caught up with: it joined or started after the block was out, or fetched it by state transfer. */
  readonly caughtUp: readonly TimedCopy[];
}

const arrivalOf = (copy: BlockCopy): string | null => copy.arrivedAt ?? copy.lastByteAt;

function stagesOf(first: string, copy: BlockCopy): readonly Stage[] {
  const arrived = arrivalOf(copy);
  const stages: Stage[] = [];
  const add = (name: StageName, from: string | null, to: string | null): void => {
    const micros = microsBetween(from, to);
    if (micros !== null) stages.push({ name, micros: Math.max(0, micros) });
  };
  if (arrived === null) add('dissemination and buffer', first, copy.receivedAt);
  else {
    add('dissemination', first, arrived);
    add('payload buffer', arrived, copy.receivedAt);
  }
  add('validation', copy.receivedAt, copy.validatedAt);
  add('commit', copy.validatedAt ?? copy.receivedAt, copy.committedAt);
  return stages;
}

function earliest(times: readonly (string | null)[]): string | null {
  const known = times.filter((t) => t !== null);
  return known.length === 0 ? null : known.reduce((a, b) => (a < b ? a : b));
}

function timeCopy(block: Block, since: TimedCopy['since'], first: string, copy: BlockCopy): TimedCopy | null {
  const last = copy.committedAt ?? copy.validatedAt ?? copy.receivedAt ?? arrivalOf(copy);
  const totalMicros = microsBetween(first, last);
  if (totalMicros === null) return null;
  const stages = since === 'had' ? stagesOf(first, copy) : [];
  const slowestStage = stages.reduce<Stage | null>((slowest, stage) => (slowest === null || stage.micros > slowest.micros ? stage : slowest), null);
  return { block, copy, since, totalMicros, committed: copy.committedAt !== null, stages, slowestStage };
}

/** Every timed copy of the channel's blocks from 1 on, those taken live apart from those caught up with. */
export function slownessOf(channel: Channel, nodes: readonly Node[]): Slowness {
  const joinedAt = new Map(channel.peers.map((p) => [p.peer, p.joinedAt]));
  const startsOf = new Map(nodes.map((n) => [n.name, n.starts.map((s) => microsOf(s.at) ?? 0)]));
  const live: TimedCopy[] = [];
  const caughtUp: TimedCopy[] = [];
  for (const block of channel.blocks) {
    if (block.number === 0 && block.numberBasis !== 'relative') continue;
    const had = earliest(block.copies.flatMap((c) => [arrivalOf(c), c.receivedAt]));
    const first = had ?? earliest(block.copies.map((c) => c.committedAt));
    if (first === null) continue;
    const firstMicros = microsOf(first) ?? 0;
    for (const copy of block.copies) {
      const timed = timeCopy(block, had === null ? 'committed' : 'had', first, copy);
      if (timed === null) continue;
      const end = firstMicros + timed.totalMicros;
      const joined = microsOf(joinedAt.get(copy.peer) ?? null);
      const joinedLater = joined !== null && joined > firstMicros;
      const startedLater = (startsOf.get(copy.peer) ?? []).some((at) => at > firstMicros && at <= end);
      (copy.via === 'state-transfer' || joinedLater || startedLater ? caughtUp : live).push(timed);
    }
  }
  const slowestFirst = (a: TimedCopy, b: TimedCopy): number =>
    b.totalMicros - a.totalMicros || a.block.number - b.block.number || (a.copy.peer < b.copy.peer ? -1 : 1);
  return { live: live.sort(slowestFirst), caughtUp: caughtUp.sort(slowestFirst) };
}
