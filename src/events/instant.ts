/** Integer microseconds since the Unix epoch, UTC: exact in a double until the year 2255; nanoseconds are not. */
export type Instant = number & { readonly __brand: 'Instant' };

/** The instant of `micros` microseconds since the epoch. Fractions are floored: a stamp never moves into the future. */
export function instantOfMicros(micros: number): Instant {
  return Math.floor(micros) as Instant;
}

/** RFC 3339 in UTC with six decimals, as the contract wants every time written: `2026-11-22T10:33:28.485000Z`. */
export function formatInstant(at: Instant): string {
  const millis = Math.floor(at / 1000);
  const micros = at - millis * 1000;
  return `${new Date(millis).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`;
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Microseconds since the epoch (with a fraction when the text has nanoseconds), or null when `text` is no RFC 3339 time.
 * Callers that need an {@link Instant} pass the result to {@link instantOfMicros}.
 */
export function parseRfc3339Micros(text: string): number | null {
  const match = RFC3339.exec(text);
  if (match === null) return null;
  const zone = match[4] === 'z' ? 'Z' : match[4];
  const millis = Date.parse(`${match[1]}T${match[2]}${zone}`);
  if (Number.isNaN(millis)) return null;
  const nanos = Number((match[3] ?? '').padEnd(9, '0'));
  return millis * 1000 + nanos / 1000;
}

/** The instant an RFC 3339 text names, or null when it is none. */
export function parseInstant(text: string): Instant | null {
  const micros = parseRfc3339Micros(text);
  return micros === null ? null : instantOfMicros(micros);
}
