/** One place in what was read that shows a fact: a log line, or a captured frame. Both count from 1. */
export type Evidence = { readonly source: string; readonly line: number } | { readonly source: string; readonly frame: number };

const placeOf = (e: Evidence): number => ('line' in e ? e.line : e.frame);

/** Total order of evidence: by source path, then by place in it. For {@link Array.sort}. */
export function compareEvidence(a: Evidence, b: Evidence): number {
  if (a.source !== b.source) return a.source < b.source ? -1 : 1;
  return placeOf(a) - placeOf(b);
}

/** `a` and `b` joined, each place once, in order. */
export function mergeEvidence(...lists: readonly (readonly Evidence[])[]): readonly Evidence[] {
  const all = lists.flat().sort(compareEvidence);
  return all.filter((e, i) => i === 0 || compareEvidence(all[i - 1] as Evidence, e) !== 0);
}
