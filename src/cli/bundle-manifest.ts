import { parseManifest } from '../recording/manifest.js';

/** Files that the manifest in `text` names, by their paths in the recording; `source` is the manifest's own. Empty where it is none. */
export function filesOfManifest(text: string, source: string): ReadonlySet<string> {
  const manifest = parseManifest(text);
  if (manifest === null) return new Set();
  const folder = folderOf(source);
  const paths = [...manifest.logs.flatMap((log) => log.paths), ...manifest.captures.flatMap((c) => c.paths), ...manifest.inspects.map((i) => i.path)];
  return new Set(paths.map((path) => `${folder}${path}`));
}

/**
 * The manifest in `text`, whose path is `source`, with the bytes of each log as they are in `bytesOf`, by path in the recording. A log one of whose
 * parts is not there keeps its count, as where the recorder let it go. The text itself where nothing changes or it is no manifest.
 */
export function recountLogs(text: string, source: string, bytesOf: ReadonlyMap<string, number>): string {
  const manifest = parseManifest(text);
  if (manifest === null || manifest.state === 'recording') return text;
  const folder = folderOf(source);
  const recounted = manifest.logs.map((log) => {
    const parts = log.paths.map((path) => bytesOf.get(`${folder}${path}`));
    const bytes = parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
    return parts.includes(undefined) || parts.length === 0 ? log : { ...log, bytes };
  });
  if (recounted.every((log, i) => log.bytes === manifest.logs[i]?.bytes)) return text;
  // Written as a recorder writes it, so that what an analysis cites stands in the same lines.
  return `${JSON.stringify({ ...(JSON.parse(text) as object), logs: recounted }, null, 2)}${text.endsWith('\n') ? '\n' : ''}`;
}

const folderOf = (source: string): string => source.slice(0, source.lastIndexOf('/') + 1);
