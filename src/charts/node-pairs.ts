import type { Analysis, Node } from '../analysis/contract.js';
import { COLOURS, hue, organizationsOfPeers } from './palette.js';

/** Who talks to whom, as traffic is grouped. */
export const PAIR_KINDS = [
  { kind: 'orderer to peer', colour: hue(0) },
  { kind: 'peer to orderer', colour: hue(4) },
  { kind: 'peers of one organization', colour: hue(2) },
  { kind: 'peers of different organizations', colour: hue(5) },
  { kind: 'peers, organization unknown', colour: hue(6) },
  { kind: 'between orderers', colour: hue(3) },
  { kind: 'clients', colour: hue(1) },
  { kind: 'others', colour: COLOURS.leaderless },
] as const;
export type PairKind = (typeof PAIR_KINDS)[number]['kind'];

/** What bytes that one node sent another are counted as. */
export function pairKinds(analysis: Analysis): (from: string, to: string) => PairKind {
  const nodes = new Map<string, Node['kind']>(analysis.nodes.map((n) => [n.name, n.kind]));
  const organizations = organizationsOfPeers(analysis);
  return (from, to) => {
    const [sender, receiver] = [nodes.get(from), nodes.get(to)];
    if (sender === undefined || receiver === undefined) return 'others';
    if (sender === 'client' || receiver === 'client') return 'clients';
    if (sender === 'orderer') return receiver === 'orderer' ? 'between orderers' : 'orderer to peer';
    if (receiver === 'orderer') return 'peer to orderer';
    const [own, other] = [organizations.get(from), organizations.get(to)];
    if (own === undefined || other === undefined) return 'peers, organization unknown';
    return own === other ? 'peers of one organization' : 'peers of different organizations';
  };
}
