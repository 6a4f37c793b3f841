import { CaptureDecoder, type CaptureSummary, type ConnectionFacts } from '../../src/packets/capture-decoder.js';
import type { CaptureLimits } from '../../src/packets/capture-limits.js';
import { CaptureSlimmer } from '../../src/packets/slim.js';

/** What a capture file of these bytes holds, read in chunks of `chunkBytes`. */
export function decodeCapture(
  bytes: Uint8Array,
  options: { readonly chunkBytes?: number; readonly limits?: Partial<CaptureLimits> } = {},
): CaptureSummary {
  const decoder = new CaptureDecoder({ source: 'test.pcap', ...(options.limits === undefined ? {} : { limits: options.limits }) });
  const step = options.chunkBytes ?? Math.max(1, bytes.length);
  for (let at = 0; at < bytes.length; at += step) {
    // A copy that is spoiled afterwards, as a reader that uses its buffer again would.
    const chunk = Uint8Array.from(bytes.subarray(at, at + step));
    decoder.push(chunk);
    chunk.fill(0xa5);
  }
  return decoder.end();
}

/** The only connection of a capture. */
export function onlyConnection(summary: CaptureSummary): ConnectionFacts {
  const [first, second] = summary.connections;
  if (first === undefined || second !== undefined) throw new Error(`${summary.connections.length} connections`);
  return first;
}

/** How often each kind of oddity occurred. */
export function oddityCounts(summary: CaptureSummary): Readonly<Record<string, number>> {
  return Object.fromEntries(summary.oddities.map((oddity) => [oddity.kind, oddity.count]));
}

/** The slimmed capture. */
export function slimCapture(bytes: Uint8Array, options: { readonly chunkBytes?: number; readonly dropPlaintext?: boolean } = {}): Uint8Array {
  const slimmer = new CaptureSlimmer({ dropPlaintext: options.dropPlaintext ?? false });
  const step = options.chunkBytes ?? Math.max(1, bytes.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    const chunk = Uint8Array.from(bytes.subarray(at, at + step));
    parts.push(...slimmer.push(chunk));
    chunk.fill(0xa5);
  }
  parts.push(...slimmer.end());
  return Buffer.concat(parts);
}
