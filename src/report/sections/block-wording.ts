import type { Block } from '../../analysis/contract.js';
import { durationText } from '../format.js';
import { type Html, html, join } from '../html.js';
import type { TimedCopy } from '../slowness.js';
import { unknown } from '../unknown.js';

/** Whether the block's number is its own, and not counted from the first one captured. */
export function isNumbered(block: Block): boolean {
  return block.numberBasis !== 'relative';
}

/** Where a slow copy's time went, in words: `1.9 s of it dissemination, 3 ms validation, 85 ms commit`. */
export function stagesText(timed: TimedCopy): Html {
  if (timed.stages.length === 0) return html`the stage is ${unknown}`;
  return join(
    timed.stages.map((s) => (s === timed.slowestStage ? html`<b>${durationText(s.micros)} ${s.name}</b>` : `${durationText(s.micros)} ${s.name}`)),
    ', ',
  );
}

/** The number of a block, marked where it only counts from the first one captured. */
export function blockNumber(block: Block): Html {
  return isNumbered(block) ? html`${block.number}` : html`${block.number} <span class="u">(counted from the first captured)</span>`;
}

/** From when to when a slow copy is counted. */
export function spanText(timed: TimedCopy): string {
  const start = timed.since === 'had' ? 'the first peer that had it' : 'the first peer’s commit';
  return `from ${start} to its ${timed.committed ? 'commit' : 'last known moment'} here`;
}
