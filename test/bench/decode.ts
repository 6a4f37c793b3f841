import { closeSync, openSync, readSync } from 'node:fs';
import { LogDecoder } from '../../src/logs/log-decoder.js';
import { CaptureDecoder } from '../../src/packets/capture-decoder.js';

/** Decodes one file in a process of its own: `decode.js log|capture FILE`. Prints {@link Decoded} as JSON. */
export interface Decoded {
  /** Of reading and decoding, without the start of the process. */
  readonly seconds: number;
  /** Lines or packets. */
  readonly records: number;
  /** Typed events or connections. */
  readonly results: number;
  readonly oddities: readonly string[];
  readonly peakBytes: number;
}

/** What stays in a processor's cache; the decoder is done with it when it returns. */
const CHUNK_BYTES = 1 << 17;

const [kind, path] = process.argv.slice(2);
if (path === undefined) throw new Error('decode.js log|capture FILE');
let events = 0;
const begin = process.hrtime.bigint();
const decoder = kind === 'log' ? new LogDecoder({ source: 'bench', onEvent: () => void events++ }) : new CaptureDecoder({ source: 'bench' });
const file = openSync(path, 'r');
const chunk = new Uint8Array(CHUNK_BYTES);
for (;;) {
  const length = readSync(file, chunk, 0, CHUNK_BYTES, null);
  if (length === 0) break;
  decoder.push(chunk.subarray(0, length));
}
closeSync(file);
const summary = decoder.end();
const decoded: Decoded = {
  seconds: Number(process.hrtime.bigint() - begin) / 1e9,
  records: 'packets' in summary ? summary.packets : summary.lines,
  results: 'packets' in summary ? summary.connections.length : events,
  oddities: summary.oddities.map((o) => `${o.kind} ${o.count}`),
  peakBytes: process.resourceUsage().maxRSS * 1024,
};
process.stdout.write(`${JSON.stringify(decoded)}\n`);
