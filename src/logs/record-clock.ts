import type { Instant } from '../events/instant.js';
import { instantOfMicros, parseRfc3339Micros } from '../events/instant.js';

const MICROS_PER_MINUTE = 60_000_000;
/** Every zone in use is a whole number of quarters of an hour from UTC. */
const ZONE_STEP_MICROS = 15 * MICROS_PER_MINUTE;
const UTC_NAMES = new Set(['UTC', 'GMT', 'Z', 'UCT', 'Etc/UTC']);
const NUMERIC_ZONE = /^([+-])(\d\d):?(\d\d)?$/;
/** Zones remembered per source: a log has one, two where summer time changes. */
const MAX_ZONES = 64;

/** Offset from UTC in microseconds of a zone that says it itself (`UTC`, `+0330`, `-03`), or null for an abbreviation. */
function ownOffset(zone: string): number | null {
  if (UTC_NAMES.has(zone)) return 0;
  const numeric = NUMERIC_ZONE.exec(zone);
  if (numeric === null) return null;
  const minutes = Number(numeric[2]) * 60 + Number(numeric[3] ?? '0');
  return (numeric[1] === '-' ? -minutes : minutes) * MICROS_PER_MINUTE;
}

/**
 * Turns the local time of a console record into an instant. An abbreviation such as CET is not an offset: where Docker's stamp stands beside
 * the record the offset is their difference, else it is what the user told, else UTC is assumed and `onUnknownZone` called once per zone.
 */
export class RecordClock {
  readonly #zoneOffsetMinutes: number | undefined;
  readonly #onUnknownZone: (zone: string) => void;
  readonly #offsets = new Map<string, number>();
  #zone = '\0';
  #offset = 0;

  constructor(zoneOffsetMinutes: number | undefined, onUnknownZone: (zone: string) => void) {
    this.#zoneOffsetMinutes = zoneOffsetMinutes;
    this.#onUnknownZone = onUnknownZone;
  }

  instantOf(localMicros: number, zone: string, stampMicros: number | null): Instant {
    if (zone !== this.#zone) {
      this.#offset = this.#offsetOf(zone, localMicros, stampMicros);
      this.#zone = zone;
    }
    return (localMicros - this.#offset) as Instant;
  }

  #offsetOf(zone: string, localMicros: number, stampMicros: number | null): number {
    const known = ownOffset(zone) ?? this.#offsets.get(zone);
    if (known !== undefined) return known;
    let offset = (this.#zoneOffsetMinutes ?? 0) * MICROS_PER_MINUTE;
    if (stampMicros !== null) offset = Math.round((localMicros - stampMicros) / ZONE_STEP_MICROS) * ZONE_STEP_MICROS;
    else if (this.#zoneOffsetMinutes === undefined) this.#onUnknownZone(zone);
    if (this.#offsets.size < MAX_ZONES) this.#offsets.set(zone, offset);
    return offset;
  }
}

const SECONDS = /^(\d+)(?:\.(\d+))?$/;

/**
 * The instant of the `ts` of a JSON or logfmt record: seconds since the epoch as a decimal text, floored to microseconds from its digits,
 * since a double cannot hold them all; RFC 3339 is taken too. Null when it is neither.
 */
export function parseEpochSeconds(text: string): Instant | null {
  const decimal = SECONDS.exec(text);
  if (decimal !== null) return instantOfMicros(Number(decimal[1]) * 1_000_000 + Number((decimal[2] ?? '').slice(0, 6).padEnd(6, '0')));
  const micros = /[eE]/.test(text) && Number.isFinite(Number(text)) ? Number(text) * 1e6 : parseRfc3339Micros(text);
  return micros === null ? null : instantOfMicros(micros);
}

/** Parses Docker's RFC 3339 stamps, remembering the last second: neighbouring lines share it. */
export class StampReader {
  #secondText = '';
  #secondMicros = 0;
  /** Index behind the stamp that {@link read} found last. */
  end = 0;

  /** Microseconds (with a fraction for nanoseconds) of the stamp that starts at `at`; null when there is none followed by a blank or the end. */
  read(text: string, at: number): number | null {
    const blank = text.indexOf(' ', at);
    const end = blank === -1 ? text.length : blank;
    if (end - at < 20 || end - at > 36) return null;
    this.end = end;
    const last = text.charCodeAt(end - 1);
    if (last !== 90 || this.#secondText === '' || !text.startsWith(this.#secondText, at)) return this.#readAnew(text.slice(at, end));
    if (end - at === 20) return this.#secondMicros;
    let nanos = 0;
    let scale = 100_000_000;
    for (let i = at + 20; i < end - 1; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (digit < 0 || digit > 9 || scale < 1) return null;
      nanos += digit * scale;
      scale /= 10;
    }
    return text.charCodeAt(at + 19) === 46 ? this.#secondMicros + nanos / 1000 : null;
  }

  #readAnew(text: string): number | null {
    const micros = parseRfc3339Micros(text);
    if (micros !== null && text.endsWith('Z')) {
      this.#secondText = Buffer.from(text.slice(0, 19), 'latin1').toString('latin1');
      this.#secondMicros = Math.floor(micros / 1e6) * 1e6;
    }
    return micros;
  }
}
