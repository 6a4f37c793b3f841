import type { Diagnosis } from '../diagnoses/diagnosis.js';
import { type LogDepth, thinLogs } from '../diagnoses/thin-logs/diagnosis.js';
import { formatInstant } from '../events/instant.js';
import type { Analysis, Finding } from './contract.js';
import type { Recorded } from './recorded.js';
import type { Timeline } from './timeline.js';

/** Runs every diagnosis; one that crashes is that one's `errored`, never the run's. */
export function diagnose(nodes: Analysis['nodes'], recorded: Recorded, timeline: Timeline): readonly Finding[] {
  return [...run(thinLogs, () => logDepths(nodes, recorded, timeline))];
}

function run<Input>(diagnosis: Diagnosis<Input>, input: () => Input): readonly Finding[] {
  const base = { diagnosis: diagnosis.slug, severity: diagnosis.severity };
  try {
    return diagnosis
      .examine(input())
      .map((v) => ({ ...base, ...v, from: v.from === null ? null : formatInstant(v.from), to: v.to === null ? null : formatInstant(v.to) }));
  } catch (error) {
    return [
      {
        ...base,
        verdict: 'errored',
        title: `${diagnosis.slug} could not be examined`,
        summary: error instanceof Error ? error.message : String(error),
        nodes: [],
        channel: null,
        from: null,
        to: null,
        evidence: [],
      },
    ];
  }
}

function logDepths(nodes: Analysis['nodes'], recorded: Recorded, timeline: Timeline): readonly LogDepth[] {
  const depths = new Map<string, LogDepth>();
  const inChannel = new Set(
    timeline.events
      .filter((e) => e.body.kind === 'block.committed' || e.body.kind === 'ledger.created' || e.body.kind === 'channel.configured')
      .map((e) => e.node),
  );
  for (const log of [...recorded.logs].sort((a, b) => (a.source < b.source ? -1 : 1))) {
    for (const run of log.summary.runs) {
      const name = timeline.directory.nodeOfRun(log.source, run.index);
      const node = nodes.find((n) => n.name === name);
      if (node?.kind !== 'peer') continue;
      const known = depths.get(name);
      const sumOf = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
        Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].sort().map((level) => [level, (a[level] ?? 0) + (b[level] ?? 0)]));
      depths.set(name, {
        node: name,
        fabricVersion: node.fabricVersion,
        levels: sumOf(known?.levels ?? {}, run.levels),
        gossipLevels: sumOf(known?.gossipLevels ?? {}, run.gossipLevels),
        wasInChannel: inChannel.has(name),
        from: known === undefined || run.firstAt < known.from ? run.firstAt : known.from,
        to: known === undefined || run.lastAt > known.to ? run.lastAt : known.to,
        evidence: known?.evidence ?? [{ source: log.source, line: run.lastLine }],
      });
    }
  }
  return [...depths.values()];
}
