import type { Timestamp } from '../analysis/contract.js';

/** Milliseconds since the epoch, with a fraction for microseconds, of a contract timestamp (six decimals, `Z`). */
export function millisOf(at: Timestamp): number {
  // Date.parse keeps three decimals only.
  return Date.parse(`${at.slice(0, 23)}Z`) + Number(at.slice(23, 26)) / 1000;
}

/** A length of time for people: `0`, `250 µs`, `19 ms`, `1.25 s`, `2 min 5 s`, `1 h 3 min`. */
export function formatDuration(millis: number): string {
  if (millis === 0) return '0';
  if (millis < 0) return `-${formatDuration(-millis)}`;
  if (millis < 1) return `${Math.round(millis * 1000)} µs`;
  if (millis < 999.5) return `${significant(millis)} ms`;
  const seconds = millis / 1000;
  if (seconds < 59.95) return `${significant(seconds)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** Bytes in SI units: `512 B`, `1.2 kB`, `34 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (value < 999.5) return `${unit === 'B' ? Math.round(value) : significant(value)} ${unit}`;
    value /= 1000;
  }
  return `${significant(value)} TB`;
}

/** Three significant digits at most, without trailing zeros; whole numbers stay whole. */
function significant(value: number): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return String(Number(value.toFixed(digits)));
}

/** Time of day in UTC with milliseconds, and microseconds where there are any: `10:33:28.485`. */
export function formatTimeOfDay(millis: number): string {
  const whole = Math.floor(millis + 0.0005);
  const micros = Math.round((millis - whole) * 1000);
  return `${new Date(whole).toISOString().slice(11, 23)}${micros > 0 ? String(micros).padStart(3, '0') : ''}`;
}

/** Date and time of day in UTC, saying so: `2026-11-22 10:33:28.485 UTC`. */
export function formatUtc(millis: number): string {
  return `${new Date(Math.floor(millis + 0.0005)).toISOString().slice(0, 10)} ${formatTimeOfDay(millis)} UTC`;
}

/** The value at `share` (0 < share ≤ 1) of ascending `values` by nearest rank; null when there are none. */
export function nearestRank(values: readonly number[], share: number): number | null {
  return values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? null;
}
