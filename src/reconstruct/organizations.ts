import type { Directory } from '../topology/directory.js';
import type { ChannelsRead } from './channels.js';
import type { KinshipHint } from './membership.js';

/**
 * Which peers form an organization. The MSP ID decides where a source tells it. Else peers belong together when one shows the other's internal
 * endpoint (only sent inside the organization) or bootstraps from it (bootstrap peers are of the own organization). Never by domain name.
 */
export interface OrganizationFacts {
  readonly mspId: string | null;
  readonly basis: 'inspect' | 'log' | 'inferred';
  readonly peers: readonly string[];
}

/** Groups all peers of `directory`; `bootstraps` are (peer, node it bootstraps from). */
export function groupOrganizations(
  directory: Directory,
  channels: ChannelsRead,
  kinship: readonly KinshipHint[],
  bootstraps: readonly { readonly peer: string; readonly target: string }[],
): readonly OrganizationFacts[] {
  const peers = [...directory.nodes.values()].filter((n) => n.kind === 'peer').map((n) => n.name);
  const own = new Map<string, { readonly mspId: string; readonly basis: 'inspect' | 'log' }>();
  for (const peer of peers) {
    const node = directory.nodes.get(peer);
    const logged = channels.ownMspIds.get(peer);
    if (node?.mspId != null) own.set(peer, { mspId: node.mspId, basis: node.mspBasis ?? 'log' });
    else if (logged !== undefined) own.set(peer, { mspId: logged, basis: 'log' });
  }
  const parent = new Map(peers.map((p) => [p, p] as const));
  const root = (p: string): string => {
    const up = parent.get(p) ?? p;
    return up === p ? p : root(up);
  };
  const mspOf = new Map([...own].map(([peer, o]) => [peer, o.mspId] as const));
  const join = (a: string, b: string): void => {
    const [ra, rb] = [root(a), root(b)].sort() as [string, string];
    if (ra === rb) return;
    const [ma, mb] = [mspOf.get(ra), mspOf.get(rb)];
    // What MSP IDs tell outranks a hint.
    if (ma !== undefined && mb !== undefined && ma !== mb) return;
    parent.set(rb, ra);
    const known = ma ?? mb;
    if (known !== undefined) mspOf.set(ra, known);
  };
  const byMsp = new Map<string, string>();
  for (const [peer, { mspId }] of own) {
    const first = byMsp.get(mspId);
    if (first === undefined) byMsp.set(mspId, peer);
    else join(first, peer);
  }
  const known = new Set(peers);
  for (const hint of kinship) if (known.has(hint.observer) && known.has(hint.member)) join(hint.observer, hint.member);
  for (const b of bootstraps) if (b.peer !== b.target && known.has(b.peer) && known.has(b.target)) join(b.peer, b.target);
  const groups = new Map<string, string[]>();
  for (const peer of peers) {
    const members = groups.get(root(peer));
    if (members === undefined) groups.set(root(peer), [peer]);
    else members.push(peer);
  }
  return [...groups].map(([top, members]) => {
    const bases = new Set(members.map((m) => own.get(m)?.basis));
    const basis = bases.has('inspect') ? 'inspect' : bases.has('log') ? 'log' : 'inferred';
    return { mspId: mspOf.get(top) ?? null, basis, peers: members.sort() };
  });
}
