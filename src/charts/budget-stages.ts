import type { BlockBudget } from '../analysis/contract.js';
import { hue } from './palette.js';

/** The parts of a block's way to a ledger in their order. Hops of one way are told apart as the first and those after it. */
export const BUDGET_STAGES = [
  { key: 'deliver', label: 'deliver (orderer to leader)', colour: hue(0) },
  { key: 'firstHop', label: 'first hop (peer to peer)', colour: hue(2) },
  { key: 'laterHops', label: 'further hops', colour: hue(6) },
  { key: 'buffer', label: 'payload buffer', colour: hue(1) },
  { key: 'validation', label: 'validation', colour: hue(4) },
  { key: 'commit', label: 'commit', colour: hue(3) },
] as const;

/** A duration of each part. */
export type BudgetParts = { readonly [stage in (typeof BUDGET_STAGES)[number]['key']]: number };

/** The budget's stages summed by kind, in microseconds; they add up to its total. */
export function partsOf(budget: BlockBudget): BudgetParts {
  const hops = budget.stages.filter((s) => s.stage === 'hop');
  const sumOf = (stage: BlockBudget['stages'][number]['stage']): number =>
    budget.stages.reduce((sum, s) => sum + (s.stage === stage ? s.micros : 0), 0);
  return {
    deliver: sumOf('deliver'),
    firstHop: hops[0]?.micros ?? 0,
    laterHops: hops.slice(1).reduce((sum, s) => sum + s.micros, 0),
    buffer: sumOf('buffer'),
    validation: sumOf('validation'),
    commit: sumOf('commit'),
  };
}

/** The same in milliseconds, as charts count. */
export function millisOf(parts: BudgetParts): BudgetParts {
  return {
    deliver: parts.deliver / 1000,
    firstHop: parts.firstHop / 1000,
    laterHops: parts.laterHops / 1000,
    buffer: parts.buffer / 1000,
    validation: parts.validation / 1000,
    commit: parts.commit / 1000,
  };
}

/** Since when a budget counts, in words. */
export const BUDGET_BEGINNINGS: Readonly<Record<BlockBudget['basis'], string>> = {
  'block-cut': 'the orderer’s cutting of the block',
  'block-written': 'the orderer’s writing of the block',
  'first-delivered-byte': 'the first byte that a capture saw leave an orderer',
};
