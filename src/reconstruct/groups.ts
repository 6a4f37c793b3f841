/** Gives each name the name of its group, the first of its names: those that `pairs` join, directly or through others. Who is in no pair is a group of its own. */
export function groupsOf(pairs: Iterable<readonly [string, string]>): (name: string) => string {
  const parent = new Map<string, string>();
  const root = (name: string): string => {
    const up = parent.get(name);
    return up === undefined ? name : root(up);
  };
  for (const [one, other] of pairs) {
    const [a, b] = [root(one), root(other)].sort() as [string, string];
    if (a !== b) parent.set(b, a);
  }
  return root;
}
