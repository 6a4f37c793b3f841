import type { OddityCounter } from '../events/oddity.js';

/** A JSON object on a line of its own. */
export interface JsonLine {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly record: Readonly<Record<string, unknown>>;
}

/** A recorded command line or note is cut far below this. */
const MAX_LINE_LENGTH = 256 * 1024;
/** Days of a busy network; further lines are counted, not read. */
export const MAX_JSON_LINES = 200_000;

/**
 * The objects in `text`, one a line; blank lines are passed over. A line that holds none, one that is too long and those beyond
 * {@link MAX_JSON_LINES} are counted as `oddity` with their place.
 */
export function* readJsonLines(text: string, source: string, oddity: string, oddities: OddityCounter): Generator<JsonLine> {
  let [start, line] = [0, 0];
  while (start < text.length) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    line++;
    if (line > MAX_JSON_LINES) {
      oddities.add(oddity, `only the first ${MAX_JSON_LINES} lines are read`, { source, line });
      return;
    }
    const tooLong = end - start > MAX_LINE_LENGTH;
    const content = tooLong ? text.slice(start, start + 300) : text.slice(start, end).trim();
    start = end + 1;
    if (content === '') continue;
    const record = tooLong ? null : objectIn(content);
    if (record === null) oddities.add(oddity, content, { source, line });
    else yield { line, text: content, record };
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
