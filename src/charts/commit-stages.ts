import type { BlockCopy } from '../analysis/contract.js';
import { COLOURS, hue } from './palette.js';

/** The stages from the first check to the commit, as the peer prints them, in order. Milliseconds. */
export const STAGES = [
  { key: 'validation', label: 'validation of transactions', colour: hue(4) },
  { key: 'stateValidation', label: 'state validation (MVCC)', colour: hue(1) },
  { key: 'blockAndPvtdataCommit', label: 'block and private data commit', colour: hue(2) },
  { key: 'stateCommit', label: 'state commit', colour: hue(3) },
  { key: 'rest', label: 'rest of the commit', colour: COLOURS.leaderless },
] as const;

export type Stage = (typeof STAGES)[number]['key'];
export type StageMillis = { readonly [stage in Stage]: number };

/**
 * How long each stage of one copy took, in milliseconds, or null when the peer printed no duration. A stage that its Fabric version
 * does not print counts as 0 and its time is part of `rest`.
 */
export function stagesOf(copy: BlockCopy): StageMillis | null {
  const { commit, validationMillis } = copy;
  if (commit === null) return null;
  const stateValidation = commit.stateValidationMillis ?? 0;
  const blockAndPvtdataCommit = commit.blockAndPvtdataCommitMillis ?? 0;
  const stateCommit = commit.stateCommitMillis ?? 0;
  return {
    validation: validationMillis ?? 0,
    stateValidation,
    blockAndPvtdataCommit,
    stateCommit,
    // Each is rounded down to whole milliseconds on its own, so the parts may exceed the total by a little.
    rest: Math.max(0, commit.totalMillis - stateValidation - blockAndPvtdataCommit - stateCommit),
  };
}

/** Validation and commit together, in milliseconds. */
export function totalOf(stages: StageMillis): number {
  return STAGES.reduce((sum, { key }) => sum + stages[key], 0);
}
