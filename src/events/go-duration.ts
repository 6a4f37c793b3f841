const WHOLE = /^-?(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g;
const PLAIN_SECONDS = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const NANOS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Whole microseconds (floored) of a Go duration such as `78.006µs` or `1m2.5s` (Go's time.ParseDuration), or null when `text` is none. */
export function parseGoDuration(text: string): number | null {
  if (!WHOLE.test(text)) return null;
  let nanos = 0;
  for (const [, amount, unit] of text.matchAll(PART)) nanos += Number(amount) * (NANOS_PER_UNIT[unit as string] as number);
  return floorNanos(text.startsWith('-') ? -nanos : nanos);
}

/** As {@link parseGoDuration}; also of a plain number of seconds, which is how the JSON log format writes a duration. */
export function parseGoDurationMicros(text: string): number | null {
  return PLAIN_SECONDS.test(text) ? floorNanos(Number(text) * 1e9) : parseGoDuration(text);
}

/** Floating-point seconds such as 0.058 are a hair below their decimal text: round to the nanosecond first. */
const floorNanos = (nanos: number): number => Math.floor(Math.round(nanos) / 1000);
