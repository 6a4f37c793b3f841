import type { Leadership, Term } from '../analysis/contract.js';

/** An organization's terms by where they are known from: those of the logs come first, where there are any, and what the wire tells stands beside them. */
export interface TermsByBasis {
  readonly leading: readonly Term[];
  /** Terms that packets or plaintext tell where a log tells any: most of them are the same terms once more. */
  readonly beside: readonly Term[];
}

/** The terms of `leadership`, none of them twice. */
export function termsByBasis(leadership: Leadership): TermsByBasis {
  const logged = leadership.terms.filter((t) => t.basis === 'log');
  if (logged.length > 0) return { leading: logged, beside: leadership.terms.filter((t) => t.basis !== 'log') };
  // Read is better known than concluded.
  const read = leadership.terms.filter((t) => t.basis === 'plaintext');
  return read.length > 0
    ? { leading: read, beside: leadership.terms.filter((t) => t.basis === 'packets') }
    : { leading: leadership.terms, beside: [] };
}

const endOf = (term: Term): string => term.to ?? '\uffff';

/** The terms among `beside` that no leading term of the same peer touches in time: what only the wire tells. */
export function onlyBeside({ leading, beside }: TermsByBasis): readonly Term[] {
  return beside.filter((t) => !leading.some((l) => l.peer === t.peer && l.from <= endOf(t) && t.from <= endOf(l)));
}
