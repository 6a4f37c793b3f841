import { type Instant, instantOfMicros, parseRfc3339Micros } from '../events/instant.js';
import { type Oddity, OddityCounter } from '../events/oddity.js';
import { type JsonLine, readJsonLines } from './json-lines.js';

/** One event of Docker's stream, as a recording keeps it in `docker/events.ndjson`. */
export interface DockerEvent {
  readonly at: Instant;
  /** With a fraction for nanoseconds. */
  readonly stampMicros: number;
  readonly type: 'container' | 'network';
  /** Docker's action without what it appends after a colon: `start`, `die`, `exec_create`, `connect`. */
  readonly action: string;
  readonly containerId: string | null;
  readonly containerName: string | null;
  readonly network: string | null;
  readonly command: string | null;
  readonly execId: string | null;
  readonly exitCode: number | null;
  /** Of a `kill`, where it was recorded. */
  readonly signal: number | null;
  readonly line: number;
}

/** What a file of events told. */
export interface DockerEventsRead {
  readonly events: readonly DockerEvent[];
  /** Lines that hold no event. */
  readonly unreadable: number;
  readonly from: Instant | null;
  readonly to: Instant | null;
  /** The text of each event's line. */
  readonly excerpts: ReadonlyMap<number, string>;
  readonly oddities: readonly Oddity[];
}

const MAX_EXCERPT_LENGTH = 2000;
const MAX_COMMAND_LENGTH = 8000;
const MAX_NAME_LENGTH = 300;
/** The kind of oddity that a line is which holds no event. */
const BAD_LINE = 'unreadable-docker-event';

const textIn = (record: JsonLine['record'], key: string, longest: number): string | null => {
  const value = record[key];
  return typeof value === 'string' && value !== '' ? value.slice(0, longest) : null;
};

const integerIn = (record: JsonLine['record'], key: string): number | null => {
  const value = record[key];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
};

/**
 * The events in the text of a `docker/events.ndjson`, in the order of their lines. A line without a time, a type and an action is an oddity
 * (`unreadable-docker-event`). Never throws.
 */
export function parseDockerEvents(text: string, source: string): DockerEventsRead {
  const oddities = new OddityCounter();
  const events: DockerEvent[] = [];
  const excerpts = new Map<number, string>();
  for (const { line, text: content, record } of readJsonLines(text, source, BAD_LINE, oddities)) {
    const type = record['type'];
    const action = textIn(record, 'action', MAX_NAME_LENGTH);
    const stampMicros = parseRfc3339Micros(textIn(record, 'at', 64) ?? '');
    if ((type !== 'container' && type !== 'network') || action === null || stampMicros === null) {
      oddities.add(BAD_LINE, content, { source, line });
      continue;
    }
    events.push({
      at: instantOfMicros(stampMicros),
      stampMicros,
      type,
      // Docker writes `exec_create: peer channel list`, `health_status: healthy`.
      action: (action.split(':')[0] ?? '').trim(),
      containerId: textIn(record, 'containerId', MAX_NAME_LENGTH),
      containerName: textIn(record, 'containerName', MAX_NAME_LENGTH),
      network: textIn(record, 'network', MAX_NAME_LENGTH),
      command: textIn(record, 'command', MAX_COMMAND_LENGTH),
      execId: textIn(record, 'execId', MAX_NAME_LENGTH),
      exitCode: integerIn(record, 'exitCode'),
      signal: integerIn(record, 'signal'),
      line,
    });
    excerpts.set(line, content.slice(0, MAX_EXCERPT_LENGTH));
  }
  return { events, excerpts, ...tallyOf(events, oddities) };
}

/** A note of the operator. */
export interface OperatorMark {
  readonly at: Instant;
  readonly stampMicros: number;
  readonly text: string;
  readonly line: number;
}

/** What a file of notes told. */
export interface OperatorMarksRead {
  readonly marks: readonly OperatorMark[];
  readonly unreadable: number;
  readonly from: Instant | null;
  readonly to: Instant | null;
  readonly excerpts: ReadonlyMap<number, string>;
  readonly oddities: readonly Oddity[];
}

const MAX_MARK_LENGTH = 1000;

/** The notes in the text of a `marks.ndjson`. A line without a time and a text is an oddity (`unreadable-mark`). Never throws. */
export function parseOperatorMarks(text: string, source: string): OperatorMarksRead {
  const oddities = new OddityCounter();
  const marks: OperatorMark[] = [];
  const excerpts = new Map<number, string>();
  for (const { line, text: content, record } of readJsonLines(text, source, 'unreadable-mark', oddities)) {
    const said = textIn(record, 'text', MAX_MARK_LENGTH);
    const stampMicros = parseRfc3339Micros(textIn(record, 'at', 64) ?? '');
    if (said === null || stampMicros === null) {
      oddities.add('unreadable-mark', content, { source, line });
      continue;
    }
    marks.push({ at: instantOfMicros(stampMicros), stampMicros, text: said, line });
    excerpts.set(line, content.slice(0, MAX_EXCERPT_LENGTH));
  }
  return { marks, excerpts, ...tallyOf(marks, oddities) };
}

function tallyOf(
  dated: readonly { readonly at: Instant }[],
  oddities: OddityCounter,
): { readonly unreadable: number; readonly from: Instant | null; readonly to: Instant | null; readonly oddities: readonly Oddity[] } {
  const list = oddities.list();
  let [from, to]: [Instant | null, Instant | null] = [null, null];
  for (const { at } of dated) {
    if (from === null || at < from) from = at;
    if (to === null || at > to) to = at;
  }
  return { unreadable: list.reduce((sum, o) => sum + o.count, 0), from, to, oddities: list };
}
