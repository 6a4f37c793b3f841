import type { TimelineEvent } from '../events/event.js';
import { formatInstant, type Instant } from '../events/instant.js';
import { type Oddity, OddityCounter } from '../events/oddity.js';
import { bindLogs } from '../topology/recording-manifest.js';
import type { Analysis, RecordingRecord, Source } from './contract.js';
import { countDeeds, MAX_DEEDS } from './operator-deeds.js';
import type { Recorded } from './recorded.js';
import type { Timeline } from './timeline.js';

const byPath = (a: { readonly source: string }, b: { readonly source: string }): number => (a.source < b.source ? -1 : a.source > b.source ? 1 : 0);
const time = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

/** Every file that was read, by path, with what the recordings' manifests say of it. */
export function describeSources(recorded: Recorded, timeline: Timeline): readonly Source[] {
  const logs = recorded.logs.map((l): Source => {
    const nodes = [...new Set(l.summary.runs.map((r) => timeline.directory.nodeOfRun(l.source, r.index)))];
    return {
      path: l.source,
      kind: 'log',
      node: nodes.length === 1 ? (nodes[0] as string) : null,
      format: l.summary.format,
      records: l.summary.records,
      unreadable: l.summary.unreadable,
      from: time(l.summary.from),
      to: time(l.summary.to),
    };
  });
  const captures = recorded.captures.map(
    (c): Source => ({
      path: c.source,
      kind: 'packets',
      node: null,
      format: c.summary.format,
      records: c.summary.packets,
      unreadable: c.summary.unreadable,
      from: time(c.summary.from),
      to: time(c.summary.to),
      // The file itself says nothing in classic pcap.
      packetsDropped: c.summary.dropped ?? dropsOf(recorded).get(c.source)?.dropped ?? null,
      packetsTruncated: c.summary.truncated,
    }),
  );
  const inspects = recorded.inspects.map((i): Source => {
    const [only, ...more] = i.facts.containers;
    const node =
      only === undefined || more.length > 0 ? null : ([...timeline.directory.nodes.values()].find((n) => n.container?.id === only.id)?.name ?? null);
    return {
      path: i.source,
      kind: 'docker',
      node,
      format: i.facts.networks.length > 0 && i.facts.containers.length === 0 ? 'docker-network-inspect' : 'docker-inspect',
      records: i.facts.containers.length + i.facts.networks.length,
      unreadable: 0,
      from: null,
      to: null,
    };
  });
  const told = [
    ...recorded.dockerEvents.map((d) => ({ ...d, kind: 'docker' as const, format: 'docker-events', records: d.read.events.length })),
    ...recorded.marks.map((m) => ({ ...m, kind: 'marks' as const, format: 'operator-marks', records: m.read.marks.length })),
  ].map(
    (t): Source => ({
      path: t.source,
      kind: t.kind,
      node: null,
      format: t.format,
      records: t.records,
      unreadable: t.read.unreadable,
      from: time(t.read.from),
      to: time(t.read.to),
    }),
  );
  const manifests = recorded.manifests.map(
    (m): Source => ({
      path: m.source,
      kind: 'manifest',
      node: null,
      format: 'recording-manifest',
      records: 1,
      unreadable: 0,
      from: time(m.facts.startedAt),
      to: time(m.facts.endedAt),
    }),
  );
  const bound = bindLogs(recorded.manifests);
  const outputs = recorded.outputs.map((o): Source => {
    const log = bound.get(o.source);
    return {
      path: o.source,
      kind: 'output',
      node: log === undefined ? null : (timeline.directory.nodeOfContainer(log.containerId) ?? log.containerName),
      format: 'container-output',
      records: o.lines,
      unreadable: 0,
      from: time(log?.from ?? null),
      to: time(log?.to ?? null),
    };
  });
  const unreadable = recorded.unreadable.map(
    (u): Source => ({ path: u.source, kind: 'unreadable', node: null, format: u.why, records: 0, unreadable: 1, from: null, to: null }),
  );
  const gaps = gapsBySource(recorded);
  return [...logs, ...captures, ...inspects, ...told, ...manifests, ...outputs, ...unreadable]
    .map((s) => {
      const own = gaps.get(s.path);
      return own === undefined ? s : { ...s, gaps: own };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What tcpdump counted as dropped, at the first file of each capture: it counts over all of them. */
function dropsOf(recorded: Recorded): ReadonlyMap<string, { readonly dropped: number | null }> {
  return new Map(
    recorded.manifests.flatMap((m) =>
      m.facts.captures.flatMap((c) => c.sources.map((source, i) => [source, { dropped: i === 0 ? c.dropped : null }] as const)),
    ),
  );
}

function gapsBySource(recorded: Recorded): ReadonlyMap<string, NonNullable<Source['gaps']>> {
  const gaps = new Map<string, NonNullable<Source['gaps']>>();
  for (const g of [...recorded.manifests].sort(byPath).flatMap((m) => m.facts.gaps))
    gaps.set(g.source, [...(gaps.get(g.source) ?? []), { from: time(g.from), to: time(g.to), why: g.why }]);
  return gaps;
}

/** What each recording says of itself; nothing where no manifest was read. */
export function describeRecordings(recorded: Recorded): Pick<Analysis, 'recordings'> {
  if (recorded.manifests.length === 0) return {};
  const files = new Set([...recorded.logs, ...recorded.captures, ...recorded.outputs, ...recorded.dockerEvents].map((s) => s.source));
  return {
    recordings: [...recorded.manifests].sort(byPath).map(
      ({ source, facts }): RecordingRecord => ({
        path: source,
        name: facts.name,
        startedAt: formatInstant(facts.startedAt),
        endedAt: time(facts.endedAt),
        state: facts.state,
        endedBy: facts.endedBy,
        gaps: facts.gaps
          .filter((g) => !files.has(g.source))
          .map((g) => ({ source: g.source, from: time(g.from), to: time(g.to), why: g.why, evidence: [g.evidence] })),
        missing: facts.missing.map((m) => ({ what: m.what, why: m.why, hint: m.hint, evidence: [m.evidence] })),
        evidence: [facts.stateEvidence],
      }),
    ),
  };
}

/** What the manifests tell that a reader must know before believing the rest. */
export function recordingOddities(recorded: Recorded, events: readonly TimelineEvent[]): readonly Oddity[] {
  const oddities = new OddityCounter();
  const deeds = countDeeds(events);
  if (deeds > MAX_DEEDS) oddities.add('too-many-deeds', `only the first ${MAX_DEEDS} commands and notes are told`, null, deeds - MAX_DEEDS);
  for (const { source, facts } of [...recorded.manifests].sort(byPath)) {
    if (facts.state === 'cut-off')
      oddities.add(
        'recording-cut-off',
        `${source}: the recorder was cut off or is still at work; the recording ends without its last inspect`,
        facts.stateEvidence,
      );
    for (const gap of facts.gaps) {
      const span = gap.from === null && gap.to === null ? '' : ` from ${time(gap.from) ?? 'its beginning'} to ${time(gap.to) ?? 'the end'}`;
      oddities.add('recording-gap', `${gap.source}${span}: ${gap.why}`, gap.evidence);
    }
    for (const path of facts.removed)
      oddities.add('recording-file-removed', `${path} was let go to stay within the recording’s limit of size`, facts.removedEvidence);
    for (const capture of facts.captures)
      if (capture.dropped !== null && capture.dropped > 0)
        oddities.add(
          'packets-dropped',
          `${capture.sources[0] ?? capture.interface}: tcpdump dropped ${capture.dropped} packets`,
          capture.evidence,
          capture.dropped,
        );
  }
  return oddities.list();
}
