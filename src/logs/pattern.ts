import type { EventBody } from '../events/event.js';
import type { Instant } from '../events/instant.js';
import type { RecordFields } from './record-fields.js';

/** Four-letter levels of the console layouts (1.0–3.x); `LEVE` is how the PAYLOAD level prints. */
export const LEVELS = ['DEBU', 'INFO', 'WARN', 'ERRO', 'NOTI', 'CRIT', 'DPAN', 'PANI', 'FATA', 'LEVE'] as const;
export type Level = (typeof LEVELS)[number];

/** What a pattern sees of a record. All text is decoded and without colours. */
export interface PatternRecord {
  /** Normalised: `/` of 1.0–1.3 is `.`. */
  readonly logger: string;
  readonly level: Level;
  readonly at: Instant;
  /** First line of the message, structured fields stripped. */
  readonly message: string;
  /** The whole message with its line feeds; equals `message` unless the pattern asked for the whole record. */
  readonly whole: string;
  readonly fields: RecordFields;
}

/** Text of a named group of the pattern's expression; empty when the group took no part in the match. */
export type Groups = (name: string) => string;

/** A line that proves a pattern: pasted from a recording (colours left out), or made from Fabric's source, which `source` then names. */
export interface PatternSample {
  readonly line: string;
  readonly source?: string;
  /** The body of the event it must yield; null for a wording that is known and yields none. */
  readonly expect: EventBody | null;
}

/** One log wording: who prints it, how it reads, what it means. */
export interface Pattern {
  readonly name: string;
  /** Normalised logger names. */
  readonly loggers: readonly string[];
  /** Absent: any level. */
  readonly levels?: readonly Level[];
  /** The Fabric versions that print it, for people. */
  readonly fabric: string;
  /** A literal in the record's first line without which `message` cannot match: the cheap test that comes first. */
  readonly hint: string;
  readonly message: RegExp;
  /** Match the whole multi-line message, not its first line. */
  readonly multiLine?: boolean;
  /** The event, or null when the text matched but cannot be read. No function: a known wording that tells nothing we keep. */
  readonly toEvent: ((groups: Groups, record: PatternRecord) => EventBody | null) | null;
  readonly samples: readonly PatternSample[];
}

/** Returns `pattern`; exists so that an entry is checked against the type where it is written. */
export function definePattern(pattern: Pattern): Pattern {
  return pattern;
}

/** A whole number written in decimal digits, or null when `text` is none or too large to be exact. */
export function wholeNumber(text: string): number | null {
  if (!/^\d+$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** The field `channel` of a record, null without one. */
export function channelField(record: PatternRecord): string | null {
  return record.fields.get('channel') || null;
}

/** A console line of the layout of 1.4–2.3, for samples that no recording has. */
export function consoleLine(level: Level, logger: string, message: string): string {
  return `2026-11-22 10:31:00.959 UTC [${logger}] func1 -> ${level} 01f ${message}`;
}
