/** Microseconds since the epoch of a contract timestamp, which always has six decimals. */
export function microsOf(timestamp: string): number {
  return Date.parse(`${timestamp.slice(0, 23)}Z`) * 1000 + Number(timestamp.slice(23, 26));
}

/** `10:33:28.485` of a contract timestamp. */
export function clockOf(timestamp: string): string {
  return timestamp.slice(11, 23);
}

/** A duration as people say it: `19 ms`, `6.2 s`, `1 min 5 s`. */
export function durationOf(micros: number): string {
  if (micros < 1000) return 'less than 1 ms';
  // What rounds up to the next unit is told in it.
  if (micros < 999_500) return `${Math.round(micros / 1000)} ms`;
  if (micros < 9_950_000) return `${(micros / 1_000_000).toFixed(1)} s`;
  const seconds = Math.round(micros / 1_000_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listOf(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** `1 block`, `2 blocks`. */
export function countOf(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Block numbers as ranges: `1–3 and 7`. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && n <= last[1] + 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return listOf(ranges.map(([a, b]) => (a === b ? `${a}` : b === a + 1 ? `${a} and ${b}` : `${a}–${b}`)));
}

/** `both peers`, `all 3 peers`; the first letter as in the middle of a sentence. */
export function allOf(n: number, one: string, many = `${one}s`): string {
  return n === 2 ? `both ${many}` : `all ${countOf(n, one, many)}`;
}

/** `3 peers`; `both peers` where there are only these two. */
export function someOf(n: number, all: number, one: string, many = `${one}s`): string {
  return n === 2 && all === 2 ? `both ${many}` : countOf(n, one, many);
}

/** `text` as the beginning of a sentence. */
export function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
