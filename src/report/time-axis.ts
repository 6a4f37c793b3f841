import { durationText } from './format.js';

/** A stretch of time drawn to one scale. */
export interface AxisPiece {
  /** Microseconds. */
  readonly from: number;
  readonly to: number;
  /** Pixels. */
  readonly left: number;
  readonly right: number;
  /** How it follows the piece before it: with time left out between them, or at once and to another scale. */
  readonly after: 'nothing' | 'cut' | 'scale';
}

export interface AxisTick {
  readonly micros: number;
  readonly x: number;
  readonly text: string;
}

/** Gaps left out at most, and scales within what remains. */
const MAX_CUTS = 3;
const MAX_PIECES = 5;
/** Time is left out where the least gap left out is so many times as long as all that remains, and a large part of the whole. */
const CUT_FACTOR = 4;
const LEAST_CUT_SHARE = 1 / 4;
/** A piece gets two scales where two thirds of its moments lie within a quarter of it, and its length is worth it. */
const CROWD_SHARE = 2 / 3;
const CROWDED_WITHIN = 1 / 4;
const MIN_CROWDED_MICROS = 1_000;
const MIN_MOMENTS_TO_SPLIT = 6;
const CUT_PIXELS = 26;
const MIN_PIECE_PIXELS = 96;
const EDGE_PIXELS = 7;
/** A piece around a single moment. */
const LEAST_MICROS = 200;

type Stretch = { readonly moments: readonly number[]; readonly from: number; readonly to: number; readonly after: AxisPiece['after'] };

/** The positions in `moments` behind which the largest gaps are, so many that what remains is short beside each of them. */
function cutsOf(moments: readonly number[]): readonly number[] {
  const gaps = moments.slice(1).map((m, i) => ({ behind: i, micros: m - (moments[i] as number) }));
  const largest = gaps.sort((a, b) => b.micros - a.micros || a.behind - b.behind).slice(0, MAX_CUTS);
  const total = (moments.at(-1) ?? 0) - (moments[0] ?? 0);
  for (let count = largest.length; count > 0; count--) {
    const cut = largest.slice(0, count);
    const remaining = total - cut.reduce((sum, g) => sum + g.micros, 0);
    const least = cut.at(-1)?.micros ?? 0;
    if (least > CUT_FACTOR * Math.max(remaining, MIN_CROWDED_MICROS) && least >= LEAST_CUT_SHARE * total)
      return cut.map((g) => g.behind).sort((a, b) => a - b);
  }
  return [];
}

/** 1, 2 or 5 times a power of ten, the least that is not below `value`. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return ([1, 2, 5, 10].find((digit) => digit * power >= value * (1 - 1e-9)) ?? 10) * power;
}

/** `stretch` in two where most of its moments crowd at its beginning; null where they do not. */
function splitOf(stretch: Stretch): readonly [Stretch, Stretch] | null {
  const { moments, from, to } = stretch;
  const length = to - from;
  if (moments.length < MIN_MOMENTS_TO_SPLIT || length < MIN_CROWDED_MICROS) return null;
  const bound = moments[Math.ceil(CROWD_SHARE * moments.length) - 1] as number;
  if (bound - from > length * CROWDED_WITHIN) return null;
  const at = from + niceAbove(Math.max(1, bound - from));
  const later = moments.filter((m) => m > at);
  if (later.length === 0 || at - from > length / 2) return null;
  return [
    { ...stretch, to: at, moments: moments.filter((m) => m <= at) },
    { moments: later, from: at, to, after: 'scale' },
  ];
}

function stretchesOf(moments: readonly number[]): readonly Stretch[] {
  const sorted = [...new Set(moments)].sort((a, b) => a - b);
  const cuts = cutsOf(sorted);
  const bounds = [0, ...cuts.map((c) => c + 1), sorted.length];
  const stretches: Stretch[] = bounds.slice(0, -1).map((start, i) => {
    const own = sorted.slice(start, bounds[i + 1]);
    const from = own[0] ?? 0;
    return { moments: own, from, to: Math.max(own.at(-1) ?? 0, from + LEAST_MICROS), after: i === 0 ? 'nothing' : 'cut' };
  });
  for (let i = 0; i < stretches.length && stretches.length < MAX_PIECES; i++) {
    const parts = splitOf(stretches[i] as Stretch);
    if (parts !== null) stretches.splice(i, 1, ...parts);
  }
  return stretches;
}

/**
 * Lays the time of `moments` (microseconds) out between the pixels `left` and `right`: linear pieces, long stretches in which nothing happens left out between
 * them, and crowded times drawn larger than the rest.
 */
export function layTimeAxis(moments: readonly number[], left: number, right: number): readonly AxisPiece[] {
  const stretches = stretchesOf(moments.length === 0 ? [0] : moments);
  const room = right - left - CUT_PIXELS * stretches.filter((s) => s.after === 'cut').length;
  const spare = room - MIN_PIECE_PIXELS * stretches.length;
  const all = stretches.reduce((sum, s) => sum + s.moments.length, 0);
  let x = left;
  return stretches.map((s) => {
    if (s.after === 'cut') x += CUT_PIXELS;
    const start = x;
    x += MIN_PIECE_PIXELS + (spare * s.moments.length) / all;
    return { from: s.from, to: s.to, left: start, right: x, after: s.after };
  });
}

/** Pixels at which the times of a piece begin and end: a little inside it, but for where another scale goes on. */
function innerOf(pieces: readonly AxisPiece[], index: number): readonly [number, number] {
  const piece = pieces[index] as AxisPiece;
  return [piece.left + (piece.after === 'scale' ? 0 : EDGE_PIXELS), piece.right - (pieces[index + 1]?.after === 'scale' ? 0 : EDGE_PIXELS)];
}

/** The pixel of a moment; moments in a cut or outside all pieces go to the nearest edge. */
export function placeOf(pieces: readonly AxisPiece[], micros: number): number {
  const index = pieces.findIndex((p) => micros <= p.to);
  const at = index === -1 ? pieces.length - 1 : index;
  const piece = pieces[at] as AxisPiece;
  const [start, end] = innerOf(pieces, at);
  const share = (Math.min(Math.max(micros, piece.from), piece.to) - piece.from) / (piece.to - piece.from);
  return start + share * (end - start);
}

/** Microseconds that a pixel of the piece stands for. */
export function scaleOf(pieces: readonly AxisPiece[], index: number): number {
  const piece = pieces[index] as AxisPiece;
  const [start, end] = innerOf(pieces, index);
  return (piece.to - piece.from) / (end - start);
}

const UNITS = [
  { name: 's', micros: 1_000_000 },
  { name: 'ms', micros: 1_000 },
  { name: 'µs', micros: 1 },
] as const;
const MINUTE_MICROS = 60_000_000;

/** A moment in the largest unit it reaches, with as many decimals as tell it from the next tick, `step` later: `40.005 s`. */
function tickText(micros: number, step: number): string {
  if (micros === 0) return '0';
  if (Math.abs(micros) >= MINUTE_MICROS * 10 && step >= 1_000_000) return durationText(micros);
  const unit = UNITS.find((u) => Math.abs(micros) >= u.micros) ?? UNITS[2];
  const decimals = Math.max(0, Math.ceil(-Math.log10(step / unit.micros) - 1e-9));
  return `${(micros / unit.micros).toFixed(decimals).replace('-', '\u2212')}\u00a0${unit.name}`;
}

/** Ticks at round times of every piece, their texts no closer than about `apart` pixels. */
export function ticksOf(pieces: readonly AxisPiece[], apart: number): readonly AxisTick[] {
  const ticks: AxisTick[] = [];
  for (const [index, piece] of pieces.entries()) {
    const step = niceAbove(Math.max(1, apart * scaleOf(pieces, index)));
    const before = ticks.length;
    for (let micros = Math.ceil(piece.from / step) * step; micros <= piece.to; micros += step) {
      const x = placeOf(pieces, micros);
      if (x - (ticks.at(-1)?.x ?? Number.NEGATIVE_INFINITY) >= apart * 0.8) ticks.push({ micros, x, text: tickText(micros, step) });
    }
    // A short piece far from zero may hold no round time.
    if (ticks.length > before) continue;
    const middle = Math.round((piece.from + piece.to) / 2);
    ticks.push({ micros: middle, x: placeOf(pieces, middle), text: tickText(middle, piece.to - piece.from) });
  }
  return ticks;
}
