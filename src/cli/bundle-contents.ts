import { LogDecoder, recognizeLog } from '../logs/log-decoder.js';
import { recognizeCapture } from '../packets/capture-decoder.js';
import { type InputFile, readBytes } from '../recording/files.js';
import { parseManifest } from '../recording/manifest.js';
import { parseInspect } from '../topology/inspect.js';

/**
 * What a file of a recording is, or `nothing` that an analysis would read. `output`: what a container that is no node of Fabric's printed, or a file
 * with nothing in it, which a recording's manifest tells of.
 */
export type ContentKind = 'manifest' | 'log' | 'capture' | 'inspect' | 'events' | 'marks' | 'output' | 'nothing';

const HEAD_BYTES = 1 << 16;
const MAX_DOCUMENT_BYTES = 64 << 20;

/**
 * What `file` is, by its content, as an analysis would take it: a log has at least one record of Fabric's in it, JSON is inspect output or a file of a recorder.
 * Anything else (keys, certificates, ledgers, notes) is `nothing`.
 */
export async function recognizeContent(file: InputFile): Promise<ContentKind> {
  const head = await readUpTo(file, HEAD_BYTES);
  if (head.length === 0) return 'nothing';
  if (recognizeCapture(head) !== null) return 'capture';
  const told = recognizeTold(head);
  if (told !== null) return told;
  if (/^\s*[[{]/.test(head.toString('latin1')) && recognizeLog(head) === 'not-fabric') {
    const text = (await readUpTo(file, MAX_DOCUMENT_BYTES)).toString('utf8');
    if (parseManifest(text) !== null) return 'manifest';
    if (parseInspect(text, file.source) !== null) return 'inspect';
  }
  const looksLikeLog = recognizeLog(head) !== 'not-fabric' || /\.(?:log|txt|out|err)(?:\.gz)?$|\/[^.]+$/.test(file.path);
  return looksLikeLog && (await holdsRecords(file)) ? 'log' : 'nothing';
}

/** What `file` is that {@link recognizeContent} takes for nothing, but a manifest names. */
export const kindByManifest = (file: InputFile): ContentKind => (/\.json(?:\.gz)?$/.test(file.source) ? 'inspect' : 'output');

/** A file of lines that a recorder wrote: Docker's events, or marks. */
function recognizeTold(head: Buffer): 'events' | 'marks' | null {
  const [line] = head.toString('latin1').split('\n', 1);
  if (line === undefined || !line.startsWith('{')) return null;
  try {
    const record = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (typeof record['at'] !== 'string') return null;
    if (typeof record['type'] === 'string' && typeof record['action'] === 'string') return 'events';
    return typeof record['text'] === 'string' && Object.keys(record).length <= 3 ? 'marks' : null;
  } catch {
    return null;
  }
}

async function readUpTo(file: InputFile, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of readBytes(file.path, () => undefined)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most);
}

async function holdsRecords(file: InputFile): Promise<boolean> {
  const decoder = new LogDecoder({ source: file.source, onEvent: () => undefined });
  for await (const chunk of readBytes(file.path, () => undefined)) decoder.push(chunk);
  return decoder.end().records > 0;
}
