import type { Leadership, Term } from './contract.js';

/** The terms that tell the story: those of the logs; where there are none, those read in plaintext; else those that encrypted packets show. */
export function tellingTerms(leadership: Pick<Leadership, 'terms'>): readonly Term[] {
  for (const basis of ['log', 'plaintext', 'packets'] as const) {
    const terms = leadership.terms.filter((t) => t.basis === basis);
    if (terms.length > 0) return terms;
  }
  return [];
}
