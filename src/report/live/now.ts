import type { Analysis, Channel, Organization } from '../../analysis/contract.js';
import { termsByBasis } from '../../charts/leader-terms.js';
import { observersOf } from '../blindness.js';

/** Who leads an organization on a channel at the last moment that was read. */
export interface LeaderNow {
  readonly channel: string | null;
  readonly organization: string | null;
  readonly peers: readonly string[];
  readonly leaders: readonly string[];
  /** `elected`: several may be; `set`: by configuration; `none`: nobody leads; `unknown`: nothing says. */
  readonly how: 'elected' | 'set' | 'none' | 'unknown';
  /** Since when the one leader leads; null for several, or where it is set. */
  readonly since: string | null;
}

/** A peer on a channel at the last moment that was read. */
export interface PeerNow {
  readonly peer: string;
  readonly isUp: boolean;
  readonly height: number | null;
  /** How many of the channel's other peers it sees; null where its views are not known. */
  readonly sees: number | null;
  readonly others: number;
}

export interface ChannelNow {
  readonly name: string | null;
  readonly leaders: readonly LeaderNow[];
  readonly peers: readonly PeerNow[];
  readonly highest: number | null;
}

/** Whether the node's last stop is followed by no start. */
function isUp(analysis: Analysis, name: string): boolean {
  const node = analysis.nodes.find((n) => n.name === name);
  const stop = node?.stops.at(-1);
  return stop === undefined || node?.starts.some((s) => s.at > stop.at) === true;
}

function leaderNow(analysis: Analysis, channel: Channel, o: Organization): LeaderNow {
  const base = { channel: channel.name, organization: o.mspId, peers: o.peers };
  if (o.leadership.verdict === 'static')
    return { ...base, leaders: o.staticLeaders.filter((p) => isUp(analysis, p)), how: o.staticLeaders.length === 0 ? 'unknown' : 'set', since: null };
  const open = termsByBasis(o.leadership).leading.filter((t) => t.to === null);
  if (open.length > 0)
    return { ...base, leaders: open.map((t) => t.peer), how: 'elected', since: open.length === 1 ? (open[0]?.from ?? null) : null };
  return { ...base, leaders: [], how: o.leadership.verdict === 'leaderless' ? 'none' : 'unknown', since: null };
}

/** The network at the last moment that was read: who leads, who is up, how high each ledger is, whom each peer sees. */
export function presentOf(analysis: Analysis): readonly ChannelNow[] {
  return analysis.channels.map((channel) => {
    const observers = observersOf(channel);
    const peers = channel.peers.map((p): PeerNow => {
      const seen = channel.membership.matrix.filter((c) => c.observer === p.peer && c.seen.some((s) => s.to === null));
      return {
        peer: p.peer,
        isUp: isUp(analysis, p.peer),
        height: p.height,
        sees: observers.has(p.peer) ? seen.length : null,
        others: channel.peers.length - 1,
      };
    });
    const heights = peers.map((p) => p.height).filter((h) => h !== null);
    return {
      name: channel.name,
      leaders: channel.organizations.filter((o) => o.peers.length > 0).map((o) => leaderNow(analysis, channel, o)),
      peers,
      highest: heights.length === 0 ? null : heights.reduce((a, b) => Math.max(a, b)),
    };
  });
}
