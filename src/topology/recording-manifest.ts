import type { Evidence } from '../events/evidence.js';
import { type Instant, parseInstant } from '../events/instant.js';
import { LineFinder } from './line-finder.js';

/** What a recording's `manifest.json` says that an analysis asks for. Paths are relative to all inputs, like every source. */
export interface ManifestFacts {
  readonly name: string;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  /** `cut-off`: nobody ended the recording. */
  readonly state: 'ended' | 'cut-off';
  readonly endedBy: string | null;
  readonly stateEvidence: Evidence;
  readonly logs: readonly BoundLog[];
  readonly captures: readonly BoundCapture[];
  /** Moments at which the files of inspect output were written. */
  readonly inspects: readonly { readonly source: string; readonly at: Instant }[];
  readonly gaps: readonly ManifestGapFacts[];
  readonly missing: readonly { readonly what: string; readonly why: string; readonly hint: string; readonly evidence: Evidence }[];
  /** Files that the recorder let go to stay within its limit. */
  readonly removed: readonly string[];
  readonly removedEvidence: Evidence;
  /** What the cited lines say. */
  readonly excerpts: ReadonlyMap<number, string>;
}

/** Whose log a file is. */
export interface BoundLog {
  readonly source: string;
  readonly stream: 'stdout' | 'stderr' | 'terminal';
  readonly containerId: string;
  readonly containerName: string;
  /** Docker's stamps of its first and last line, of all parts together. */
  readonly from: Instant | null;
  readonly to: Instant | null;
}

/** A capture's files and what tcpdump said of it. */
export interface BoundCapture {
  readonly sources: readonly string[];
  readonly interface: string;
  /** By kernel and interface together; null where tcpdump could not tell. */
  readonly dropped: number | null;
  readonly evidence: Evidence;
}

export interface ManifestGapFacts {
  /** A log, a capture, or what has no file, by name. */
  readonly source: string;
  readonly from: Instant | null;
  readonly to: Instant | null;
  readonly why: string;
  readonly evidence: Evidence;
}

/** Of each list in a manifest so many entries are read; a recording of this many files is none of people's. */
const MAX_ENTRIES = 10_000;
/** Gaps and missing things, which are shown one by one. */
const MAX_TOLD = 200;
const MAX_TEXT_LENGTH = 500;

type Json = Readonly<Record<string, unknown>>;

const objectsIn = (value: unknown, most = MAX_ENTRIES): readonly Json[] =>
  (Array.isArray(value) ? (value as readonly unknown[]).slice(0, most) : []).filter(
    (v): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v),
  );
const objectIn = (value: unknown): Json => objectsIn([value])[0] ?? {};
const textIn = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_TEXT_LENGTH) : '');
const textsIn = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? (value as readonly unknown[]).slice(0, MAX_ENTRIES) : []).filter((v): v is string => typeof v === 'string');
const countIn = (value: unknown): number | null => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null);

/**
 * The facts of a manifest, or null where `text` is none. `source` is the manifest's own path; what its entries name lies beside it.
 * Entries of another shape are passed over. Never throws.
 */
export function parseRecordingManifest(text: string, source: string): ManifestFacts | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const root = objectIn(parsed);
  const startedAt = parseInstant(textIn(root['startedAt']));
  if (root['format'] !== 'gossipscope-recording' || startedAt === null) return null;
  const folder = source.slice(0, source.lastIndexOf('/') + 1);
  const sourceOf = (path: string): string => `${folder}${path}`;
  const lines = new LineFinder(text, source);
  const quoted = (value: unknown): string => JSON.stringify(value);
  const endedBy = textIn(root['endedBy']);
  const state = root['state'] === 'ended' ? 'ended' : 'cut-off';
  const logs = objectsIn(root['logs']).flatMap((log): readonly BoundLog[] => {
    const container = objectIn(log['container']);
    const containerId = textIn(container['id']);
    const stream = log['stream'];
    if (containerId === '' || (stream !== 'stdout' && stream !== 'stderr' && stream !== 'terminal')) return [];
    const containerName = textIn(container['name']);
    const [from, to] = [parseInstant(textIn(log['from'])), parseInstant(textIn(log['to']))];
    return textsIn(log['paths']).map((path) => ({ source: sourceOf(path), stream, containerId, containerName, from, to }));
  });
  const captures = objectsIn(root['captures'], MAX_TOLD).map((capture): BoundCapture => {
    const byKernel = countIn(capture['droppedByKernel']);
    const byInterface = countIn(capture['droppedByInterface']);
    const name = textIn(capture['interface']);
    const dropped = byKernel === null ? byInterface : byKernel + (byInterface ?? 0);
    return {
      sources: textsIn(capture['paths']).map(sourceOf),
      interface: name,
      dropped,
      evidence: lines.evidenceOf(
        `${name}: droppedByKernel ${byKernel ?? 'null'}, droppedByInterface ${byInterface ?? 'null'}`,
        '"captures"',
        quoted(textsIn(capture['paths'])[0] ?? name),
        '"droppedByKernel"',
      ),
    };
  });
  const inspects = objectsIn(root['inspects']).flatMap((i) => {
    const at = parseInstant(textIn(i['at']));
    const path = textIn(i['path']);
    return at === null || path === '' ? [] : [{ source: sourceOf(path), at }];
  });
  const files = new Set([...logs.map((l) => l.source), ...captures.flatMap((c) => c.sources)]);
  const gaps = objectsIn(root['gaps'], MAX_TOLD).map((gap): ManifestGapFacts => {
    const [named, why] = [textIn(gap['source']), textIn(gap['why'])];
    const from = textIn(gap['from']);
    return {
      source: files.has(sourceOf(named)) ? sourceOf(named) : named,
      from: parseInstant(from),
      to: parseInstant(textIn(gap['to'])),
      why,
      evidence: lines.evidenceOf(`gap in ${named}: ${why}`, '"gaps"', quoted(named), ...(from === '' ? [] : [quoted(from)]), quoted(why)),
    };
  });
  const missing = objectsIn(root['missing'], MAX_TOLD).map((m) => {
    const [what, why, hint] = [textIn(m['what']), textIn(m['why']), textIn(m['hint'])];
    return { what, why, hint, evidence: lines.evidenceOf(`missing ${what}: ${why}`, '"missing"', quoted(what), quoted(why)) };
  });
  return {
    name: textIn(root['name']),
    startedAt,
    endedAt: parseInstant(textIn(root['endedAt'])),
    state,
    endedBy: endedBy === '' ? null : endedBy,
    stateEvidence: lines.evidenceOf(`"state": ${quoted(root['state'] ?? null)}`, '"state"'),
    logs,
    captures,
    inspects,
    gaps,
    missing,
    removed: textsIn(root['removed']),
    removedEvidence: lines.evidenceOf('"removed"', '"removed"'),
    excerpts: lines.excerpts,
  };
}

/** Which container's output each log file is, by the manifests that were read; the first in path order wins. */
export function bindLogs(manifests: readonly { readonly source: string; readonly facts: ManifestFacts }[]): ReadonlyMap<string, BoundLog> {
  const bound = new Map<string, BoundLog>();
  for (const { facts } of [...manifests].sort((a, b) => (a.source < b.source ? -1 : 1)))
    for (const log of facts.logs) if (!bound.has(log.source)) bound.set(log.source, log);
  return bound;
}

/** When each file of inspect output was written, by the manifests that were read. */
export function momentsOfInspects(manifests: readonly { readonly facts: ManifestFacts }[]): ReadonlyMap<string, Instant> {
  return new Map(manifests.flatMap((m) => m.facts.inspects.map((i) => [i.source, i.at] as const)));
}
