import { LogDecoder } from '../logs/log-decoder.js';
import { EVENTS_FILE, MARKS_FILE } from '../recording/manifest.js';
import type { RecordingObserver } from '../recording/observer.js';
import { parseInspect } from '../topology/inspect.js';
import type { Condition, UntilExpression } from './until.js';

/** Docker's stamp before a line. */
const STAMP = /^\S+ /;

/** Looks on while a recording is made and calls `onReached`, once, when the expression has come true. */
export class UntilWatch implements RecordingObserver {
  readonly #expression: UntilExpression;
  readonly #onReached: () => void;
  readonly #decoders = new Map<string, LogDecoder>();
  readonly #peers = new Set<string>();
  /** Container → channel → highest committed block. */
  readonly #heights = new Map<string, Map<string, number>>();
  readonly #met = new Set<Condition>();
  #isReached = false;

  constructor(expression: UntilExpression, onReached: () => void) {
    this.#expression = expression;
    this.#onReached = onReached;
  }

  get #conditions(): readonly Condition[] {
    return this.#expression.flat();
  }

  log(path: string, container: { readonly id: string; readonly name: string }, bytes: Uint8Array): void {
    if (this.#isReached) return;
    const wanted = this.#conditions;
    if (wanted.some((c) => c.kind === 'block')) this.#decoderOf(path, container.id).push(bytes);
    const lookingFor = wanted.flatMap((c) =>
      c.kind === 'log' && !this.#met.has(c) && (c.container === null || c.container === container.name) ? [c] : [],
    );
    if (lookingFor.length > 0) {
      for (const line of Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split('\n'))
        for (const c of lookingFor) if (c.pattern.test(line.replace(STAMP, ''))) this.#met.add(c);
    }
    this.#decoders.get(path)?.flush();
    this.#judge();
  }

  #decoderOf(path: string, containerId: string): LogDecoder {
    const known = this.#decoders.get(path);
    if (known !== undefined) return known;
    const decoder = new LogDecoder({
      source: path,
      onEvent: ({ body }) => {
        if (body.kind !== 'block.committed') return;
        const heights = this.#heights.get(containerId) ?? new Map<string, number>();
        heights.set(body.channel, Math.max(body.block, heights.get(body.channel) ?? 0));
        this.#heights.set(containerId, heights);
      },
    });
    this.#decoders.set(path, decoder);
    return decoder;
  }

  capture(): void {
    // No condition is about packets.
  }

  inspect(path: string, text: string): void {
    for (const c of parseInspect(text, path)?.containers ?? []) if (c.role === 'peer') this.#peers.add(c.id);
  }

  told(path: string, lines: string): void {
    for (const line of lines.split('\n').filter((l) => l !== '')) {
      const told = parseObject(line);
      for (const c of this.#conditions) {
        if (c.kind === 'mark' && path === MARKS_FILE && told['text'] === c.text) this.#met.add(c);
        if (c.kind === 'exit' && path === EVENTS_FILE && told['action'] === 'die' && told['containerName'] === c.container) this.#met.add(c);
      }
    }
    this.#judge();
  }

  manifest(): void {
    // Says nothing that a condition is about.
  }

  #isMet(condition: Condition): boolean {
    if (condition.kind !== 'block') return this.#met.has(condition);
    const { block, channel } = condition;
    return (
      this.#peers.size > 0 &&
      [...this.#peers].every((peer) =>
        [...(this.#heights.get(peer) ?? [])].some(([name, height]) => height >= block && (channel === null || name === channel)),
      )
    );
  }

  #judge(): void {
    if (this.#isReached || !this.#expression.some((all) => all.every((c) => this.#isMet(c)))) return;
    this.#isReached = true;
    this.#onReached();
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
