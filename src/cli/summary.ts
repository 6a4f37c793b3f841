import type { Analysis, Channel } from '../analysis/contract.js';

const MAX_LINES = 10;

const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

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
    `read ${plural(logs.length, 'log')} (${plural(sum(logs.map((s) => s.records)), 'record')}), ${plural(captures.length, 'capture')} (${plural(sum(captures.map((s) => s.records)), 'packet')}), ${analysis.window.from?.slice(0, 19).replace('T', ' ') ?? 'undated'} to ${analysis.window.to?.slice(11, 19) ?? '?'} UTC`,
    `${plural(analysis.nodes.filter((n) => n.kind === 'peer').length, 'peer')}, ${plural(analysis.nodes.filter((n) => n.kind === 'orderer').length, 'orderer')}, ${plural(analysis.channels.length, 'channel')}; Fabric ${[...new Set(analysis.nodes.map((n) => n.fabricVersion).filter((v) => v !== null))].join(', ') || 'version unknown'}`,
    ...analysis.channels.slice(0, 2).flatMap(channelLines),
  ];
  const findings = analysis.findings.filter((f) => f.verdict === 'found');
  const found = findings.slice(0, 2).map((f) => `${f.severity}: ${f.title}`);
  const rest = findings.length > 2 ? [`${findings.length - 2} more in the report`] : [];
  return [...lines.slice(0, MAX_LINES - found.length - rest.length), ...found, ...rest];
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function channelLines(channel: Channel): readonly string[] {
  const name = channel.name ?? 'unnamed channel';
  const leaders = channel.organizations.filter((o) => o.peers.length > 0).map((o) => `${o.mspId ?? o.peers[0]}: ${leaderOf(o)}`);
  const views = Object.values(channel.membership.fullViewAt);
  const membership =
    channel.membership.basis === null
      ? 'membership: these logs print no views'
      : channel.membership.convergedAt === null
        ? `membership: ${views.filter((v) => v !== null).length} of ${views.length} peers came to see all the others`
        : `membership: all ${views.length} peers saw one another at ${channel.membership.convergedAt.slice(11, 23)}`;
  const { received, committed } = channel.propagation;
  const times =
    received.count > 0
      ? `received within ${sayMicros(received.p50Micros ?? 0)} of the first peer (median), ${sayMicros(received.p99Micros ?? 0)} (p99)`
      : committed.count > 0
        ? `committed within ${sayMicros(committed.p50Micros ?? 0)} of the first peer (median), ${sayMicros(committed.p99Micros ?? 0)} (p99)`
        : 'no block at two peers';
  return [
    `${name}: leaders ${leaders.join('; ') || 'unknown'}`,
    `${name}: ${membership}`,
    `${name}: ${plural(channel.blocks.length, 'block')}; ${times}`,
  ];
}

function leaderOf(o: Channel['organizations'][number]): string {
  const { terms, verdict } = o.leadership;
  if (verdict === 'static') return `static (${o.staticLeaders.join(', ')})`;
  if (verdict === 'unknown') return 'unknown';
  const current = terms.filter((t) => t.to === null).map((t) => t.peer);
  const last = [...terms].sort((a, b) => ((a.to ?? '') < (b.to ?? '') ? -1 : 1)).at(-1);
  if (current.length > 0) return current.join(' and ');
  return last === undefined ? 'none' : `${last.peer} until ${last.to?.slice(11, 19) ?? '?'}`;
}
