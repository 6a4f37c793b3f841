import { LEVELS } from './pattern.js';

const ESCAPE = 0x1b;
const BLANK = 0x20;
const OPEN_BRACKET = 0x5b;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Value of two decimal digits, or -1. */
function twoDigits(line: string, at: number): number {
  const tens = line.charCodeAt(at) - 48;
  const ones = line.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/** Index of a four-letter level in {@link LEVELS} by its first letters, or -1. */
function levelAt(line: string, at: number): number {
  for (let i = 0; i < LEVELS.length; i++) if (line.startsWith(LEVELS[i] as string, at)) return i;
  return -1;
}

/** Longest function name and longest colour code that is still taken for one. */
const MAX_FUNCTION_LENGTH = 256;
const MAX_COLOUR_LENGTH = 10;

/**
 * Reads the header of a console record in place: fields are overwritten by each {@link parse}, nothing is allocated, because most records of
 * a log interest nobody. Layouts: up to 2.3 `time zone [logger] func -> LEVL id message`, from 2.4 `time zone id LEVL [logger] func -> message`
 * (common/flogging/logging.go, defaultFormat), with or without colour codes.
 */
export class ConsoleHeader {
  /** Microseconds since the epoch of the time as written, read as if it were UTC. */
  localMicros = 0;
  zone = '';
  /** Index in {@link LEVELS}. */
  level = 0;
  loggerStart = 0;
  loggerEnd = 0;
  id = 0;
  messageStart = 0;

  #end = 0;
  #secondText = '';
  #secondMicros = 0;
  #zoneText = '\0';

  /** True when `line` starts a record; the fields then describe it. */
  parse(line: string): boolean {
    let at = 0;
    if (line.charCodeAt(0) === ESCAPE) {
      at = line.indexOf('m', 1) + 1;
      if (at === 0 || at > MAX_COLOUR_LENGTH) return false;
    }
    if (!this.#parseTime(line, at)) return false;
    at = this.#parseZone(line, this.#end);
    if (at === -1) return false;
    return line.charCodeAt(at) === OPEN_BRACKET ? this.#parseUpTo23(line, at) : this.#parseFrom24(line, at);
  }

  #parseTime(line: string, at: number): boolean {
    if (this.#secondText === '' || !line.startsWith(this.#secondText, at)) {
      const micros = parseSecond(line, at);
      if (micros === -1) return false;
      this.#secondText = Buffer.from(line.slice(at, at + 19), 'latin1').toString('latin1');
      this.#secondMicros = micros;
    }
    let end = at + 19;
    let fraction = 0;
    if (line.charCodeAt(end) === 46) {
      let scale = 100_000;
      for (end++; isDigit(line.charCodeAt(end)); end++) {
        fraction += (line.charCodeAt(end) - 48) * scale;
        scale = scale > 1 ? scale / 10 : 0;
      }
    }
    this.localMicros = this.#secondMicros + fraction;
    this.#end = end;
    return line.charCodeAt(end) === BLANK;
  }

  #parseZone(line: string, blank: number): number {
    if (line.startsWith(this.#zoneText, blank + 1)) return blank + 1 + this.#zoneText.length;
    // A user's format may leave the zone out.
    if (line.charCodeAt(blank + 1) === OPEN_BRACKET) {
      this.zone = '';
      return blank + 1;
    }
    const end = line.indexOf(' ', blank + 1);
    if (end === -1 || end - blank > 8 || end === blank + 1) return -1;
    const zone = line.slice(blank + 1, end);
    if (!/^[A-Za-z+-][A-Za-z0-9:+-]*$/.test(zone)) return -1;
    this.zone = zone;
    this.#zoneText = `${zone} `;
    return end + 1;
  }

  #parseId(line: string, at: number): boolean {
    let id = 0;
    let end = at;
    for (; end < at + 10; end++) {
      const code = line.charCodeAt(end);
      const digit = isDigit(code) ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1;
      if (digit === -1) break;
      id = id * 16 + digit;
    }
    this.id = id;
    this.#end = end;
    return end > at;
  }

  #skipReset(line: string, at: number): number {
    return line.charCodeAt(at) === ESCAPE && line.startsWith('[0m', at + 1) ? at + 4 : at;
  }

  #parseLogger(line: string, openBracket: number): boolean {
    const end = line.indexOf(']', openBracket + 1);
    if (end === -1 || line.charCodeAt(end + 1) !== BLANK) return false;
    this.loggerStart = openBracket + 1;
    this.loggerEnd = end;
    return true;
  }

  #parseUpTo23(line: string, at: number): boolean {
    if (!this.#parseLogger(line, at)) return false;
    const arrow = line.indexOf(' -> ', this.loggerEnd + 1);
    if (arrow === -1 || arrow - this.loggerEnd > MAX_FUNCTION_LENGTH) return false;
    this.level = levelAt(line, arrow + 4);
    if (this.level === -1 || line.charCodeAt(arrow + 8) !== BLANK || !this.#parseId(line, arrow + 9)) return false;
    const end = this.#skipReset(line, this.#end);
    if (end === this.#end && end < line.length && line.charCodeAt(end) !== BLANK) return false;
    this.messageStart = line.charCodeAt(end) === BLANK ? end + 1 : end;
    return true;
  }

  #parseFrom24(line: string, at: number): boolean {
    if (!this.#parseId(line, at) || line.charCodeAt(this.#end) !== BLANK) return false;
    const level = this.#end + 1;
    this.level = levelAt(line, level);
    if (this.level === -1) return false;
    const blank = this.#skipReset(line, level + 4);
    if (line.charCodeAt(blank) !== BLANK || line.charCodeAt(blank + 1) !== OPEN_BRACKET) return false;
    if (!this.#parseLogger(line, blank + 1)) return false;
    const arrow = line.indexOf(' -> ', this.loggerEnd + 1);
    if (arrow === -1 || arrow - this.loggerEnd > MAX_FUNCTION_LENGTH) return false;
    this.messageStart = arrow + 4;
    return true;
  }
}

/** Microseconds since the epoch of `YYYY-MM-DD hh:mm:ss` at `at`, read as UTC; -1 when there is none. */
function parseSecond(line: string, at: number): number {
  const hundreds = twoDigits(line, at);
  const years = twoDigits(line, at + 2);
  const month = twoDigits(line, at + 5);
  const day = twoDigits(line, at + 8);
  const hour = twoDigits(line, at + 11);
  const minute = twoDigits(line, at + 14);
  const second = twoDigits(line, at + 17);
  const digits = hundreds >= 0 && years >= 0 && month >= 1 && day >= 1 && hour >= 0 && minute >= 0 && second >= 0;
  if (!digits || month > 12 || day > 31 || hour > 23 || minute > 59 || second > 60) return -1;
  if (line.charCodeAt(at + 4) !== 45 || line.charCodeAt(at + 7) !== 45 || line.charCodeAt(at + 10) !== BLANK) return -1;
  if (line.charCodeAt(at + 13) !== 58 || line.charCodeAt(at + 16) !== 58) return -1;
  return Date.UTC(hundreds * 100 + years, month - 1, day, hour, minute, second) * 1000;
}
