import type { Analysis, BlockCopy, Channel } from '../analysis/contract.js';
import { allOf, countOf, listOf, microsOf } from '../analysis/phrases.js';
import { tellingTerms } from '../analysis/terms.js';
import { slownessOf } from '../report/slowness.js';

const MAX_LINES = 10;

/** A duration in the unit people say it in: `12 ms`, `1.4 s`. */
export function sayMicros(micros: number): string {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 1_000_000) return `${Math.round(micros / 1000)} ms`;
  return `${(micros / 1_000_000).toFixed(micros < 10_000_000 ? 1 : 0)} s`;
}

/** At most ten lines that a person understands: what was read, who led, who knew whom, how fast blocks came, what is wrong. */
export function summarize(analysis: Analysis): readonly string[] {
  const logs = analysis.sources.filter((s) => s.kind === 'log');
  const captures = analysis.sources.filter((s) => s.kind === 'packets');
  const lines = [
    `read ${countOf(logs.length, 'log')} (${countOf(sum(logs.map((s) => s.records)), 'record')}), ${countOf(captures.length, 'capture')} (${countOf(sum(captures.map((s) => s.records)), 'packet')}), ${analysis.window.from?.slice(0, 19).replace('T', ' ') ?? 'undated'} to ${analysis.window.to?.slice(11, 19) ?? '?'} UTC`,
    `${countOf(analysis.nodes.filter((n) => n.kind === 'peer').length, 'peer')}, ${countOf(analysis.nodes.filter((n) => n.kind === 'orderer').length, 'orderer')}, ${countOf(analysis.channels.length, 'channel')}; Fabric ${[...new Set(analysis.nodes.map((n) => n.fabricVersion).filter((v) => v !== null))].join(', ') || 'version unknown'}`,
    ...analysis.channels.slice(0, 2).flatMap((c) => channelLines(c, analysis.nodes, logs.length > 0)),
    ...served(analysis),
    ...suspected(analysis),
  ];
  const findings = analysis.findings.filter((f) => f.verdict === 'found');
  const found = findings.slice(0, 2).map((f) => `${f.severity}: ${f.title}`);
  const rest = findings.length > 2 ? [`${findings.length - 2} more in the report`] : [];
  return [...lines.slice(0, MAX_LINES - found.length - rest.length), ...found, ...rest];
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** To whom the ordering service delivered blocks, by the packets. */
function served(analysis: Analysis): readonly string[] {
  const streams = analysis.ordering.deliverStreams.filter((s) => s.basis !== 'log');
  if (streams.length === 0) return [];
  const orderers = [...new Set(streams.map((s) => s.orderer))];
  const peers = analysis.nodes.filter((n) => n.kind === 'peer').map((n) => n.name);
  const to = [...new Set(streams.map((s) => s.peer))].sort();
  const others = peers.filter((p) => !to.includes(p)).length;
  const who = orderers.length === 1 ? (orderers[0] ?? 'the orderer') : countOf(orderers.length, 'orderer');
  return [
    `packets: ${who} delivered blocks to ${others === 0 ? (to.length === 2 ? 'both peers' : 'every peer') : `${listOf(to)} only, to none of the other ${countOf(others, 'peer')}`}`,
  ];
}

/** Who was taken for dead, and how often: a passing false alarm after peers dial each other is normal. */
function suspected(analysis: Analysis): readonly string[] {
  const counts = new Map<string, number>();
  for (const s of analysis.gossip.suspicions) if (s.kind === 'expired') counts.set(s.subject, (counts.get(s.subject) ?? 0) + 1);
  const named = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, MAX_SPANS);
  return named.length === 0 ? [] : [`taken for dead by others: ${named.map(([name, n]) => `${name} ${n} ${n === 1 ? 'time' : 'times'}`).join(', ')}`];
}

const isOnlyArrived = (copy: BlockCopy): boolean => copy.receivedAt === null && copy.validatedAt === null;

function slowestBlock(channel: Channel, nodes: Analysis['nodes']): readonly string[] {
  const [slowest] = slownessOf(channel, nodes).live;
  if (slowest === undefined) return [];
  const stage =
    slowest.slowestStage === null || slowest.slowestStage.micros === slowest.totalMicros
      ? ''
      : `, of which ${sayMicros(slowest.slowestStage.micros)} ${slowest.slowestStage.name}`;
  return [
    `${channel.name ?? 'unnamed channel'}: slowest was block ${slowest.block.number} at ${slowest.copy.peer}: ${sayMicros(slowest.totalMicros)} from the first peer that had it to ${slowest.committed ? 'its commit' : isOnlyArrived(slowest.copy) ? 'its arrival' : 'its last known moment'} there${stage}`,
  ];
}

function channelLines(channel: Channel, nodes: Analysis['nodes'], hasLogs: boolean): readonly string[] {
  const name = channel.name ?? 'unnamed channel';
  const leaders = channel.organizations
    .filter((o) => o.peers.length > 0)
    .map((o) => `${o.mspId ?? `(organization of ${o.peers.join(', ')})`}: ${leaderOf(o)}`);
  const { received, committed } = channel.propagation;
  const times = received.count > 0 ? sayLags('received', received) : committed.count > 0 ? sayLags('committed', committed) : sayArrivals(channel);
  return [
    `${name}: leaders ${leaders.join('; ') || 'unknown'}`,
    ...leadershipTroubles(channel).map((t) => `${name}: ${t}`),
    `${name}: ${sayMembership(channel, hasLogs)}`,
    `${name}: ${countOf(channel.blocks.length, 'block')}; ${times}`,
    ...slowestBlock(channel, nodes),
  ];
}

/** How much later than the first peer the others had a block; stamps are whole milliseconds, so that no lag is one that was too short to see. */
function sayLags(verb: string, lags: Channel['propagation']['received']): string {
  const [median, p99] = [lags.p50Micros ?? 0, lags.p99Micros ?? 0];
  const middle = median === 0 ? 'at the same moment as the first peer (median)' : `within ${sayMicros(median)} of the first peer (median)`;
  return p99 === 0 && median === 0 ? `${verb} at the same moment by all` : `${verb} ${middle}, ${sayMicros(p99)} (p99)`;
}

/** Where no log tells of blocks: how much later than at the first peer they were whole at the others on the wire. */
function sayArrivals(channel: Channel): string {
  const lags: number[] = [];
  for (const { number, copies } of channel.blocks) {
    const arrivals = copies.flatMap((c) => (c.lastByteAt === null ? [] : [microsOf(c.lastByteAt)]));
    if (number < 1 || arrivals.length < 2) continue;
    const first = Math.min(...arrivals);
    lags.push(...arrivals.map((a) => a - first));
  }
  if (lags.length === 0) return 'no block at two peers';
  lags.sort((a, b) => a - b);
  const nearest = (share: number): number => lags[Math.ceil(share * lags.length) - 1] as number;
  return `on the wire within ${sayMicros(nearest(0.5))} of the first peer (median), ${sayMicros(nearest(0.99))} (p99)`;
}

/** Overlaps and gaps of leadership, those of all organizations in one line each. */
function leadershipTroubles(channel: Channel): readonly string[] {
  const spansOf = (o: Channel['organizations'][number], kind: 'overlaps' | 'leaderless'): readonly string[] =>
    o.leadership[kind].map(
      (s) =>
        `${o.mspId ?? o.peers[0]} from ${s.from.slice(11, 19)} ${s.to === null ? 'to the end' : `for ${sayMicros(microsOf(s.to) - microsOf(s.from))}`}`,
    );
  const told = (kind: 'overlaps' | 'leaderless', words: string): readonly string[] => {
    const spans = channel.organizations.flatMap((o) => spansOf(o, kind));
    return spans.length === 0
      ? []
      : [`${words}: ${spans.slice(0, MAX_SPANS).join('; ')}${spans.length > MAX_SPANS ? ` and ${spans.length - MAX_SPANS} more` : ''}`];
  };
  return [...told('overlaps', 'several leaders at once'), ...told('leaderless', 'no leader')];
}

const MAX_SPANS = 3;

function sayMembership(channel: Channel, hasLogs: boolean): string {
  const { basis, convergedAt, fullViewAt, matrix } = channel.membership;
  const views = Object.values(fullViewAt);
  if (basis === null) return hasLogs ? 'membership: these logs print no views' : 'membership: unknown, encrypted packets do not tell it';
  if (views.length < 2) return `membership: one peer's log only; it saw ${countOf(new Set(matrix.map((c) => c.subject)).size, 'other peer')}`;
  if (convergedAt !== null) return `membership: ${allOf(views.length, 'peer')} saw one another at ${convergedAt.slice(11, 23)}`;
  return `membership: ${views.filter((v) => v !== null).length} of ${views.length} peers came to see all the others`;
}

function leaderOf(o: Channel['organizations'][number]): string {
  const { verdict } = o.leadership;
  const terms = tellingTerms(o.leadership);
  if (verdict === 'static') return `static (${o.staticLeaders.join(', ')})`;
  if (verdict === 'unknown' && terms.length === 0) return 'unknown';
  const current = terms.filter((t) => t.to === null).map((t) => t.peer);
  const last = [...terms].sort((a, b) => ((a.to ?? '') < (b.to ?? '') ? -1 : 1)).at(-1);
  if (current.length > 0) return current.join(' and ');
  return last === undefined ? 'none' : `${last.peer} until ${last.to?.slice(11, 19) ?? '?'}${verdict === 'unknown' ? ', then unknown' : ''}`;
}
