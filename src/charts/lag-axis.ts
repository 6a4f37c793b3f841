import type { PlainObject, TickFormat } from './chart.js';
import { axisOf } from './frame.js';
import { nearestRank } from './quantities.js';

// A linear axis shows the middle of the values well up to about this ratio of largest to median.
const LINEAR_RATIO = 12;
const MAX_DECADES_IN_FULL = 6;

/** An axis for lags in milliseconds: linear when they are of one size, else logarithmic with a place of its own for zero. */
export interface LagAxis {
  readonly options: PlainObject;
  readonly tick: TickFormat;
  /** Where a lag is drawn. */
  readonly place: (lagMillis: number) => number;
}

/** The axis for `lagsMillis` (all ≥ 0), titled `title`. */
export function lagAxisOf(title: string, lagsMillis: readonly number[]): LagAxis {
  const positive = lagsMillis.filter((lag) => lag > 0).sort((a, b) => a - b);
  const least = positive[0] ?? 1;
  const most = positive.at(-1) ?? 1;
  if (most / (nearestRank(positive, 0.5) ?? 1) <= LINEAR_RATIO) {
    return { options: axisOf(title, { type: 'linear', min: 0, grace: '4%' }), tick: { format: 'duration', logarithmic: null }, place: (lag) => lag };
  }
  const zeroAtMillis = 10 ** Math.floor(Math.log10(least)) / 2;
  return {
    options: axisOf(
      `${title}, logarithmic`,
      {
        type: 'logarithmic',
        min: zeroAtMillis,
        max: most * 1.3,
      },
      { autoSkip: false },
    ),
    tick: { format: 'duration', logarithmic: { zeroAtMillis, digits: Math.log10(most / zeroAtMillis) > MAX_DECADES_IN_FULL ? [1] : [1, 2, 5] } },
    place: (lag) => Math.max(lag, zeroAtMillis),
  };
}
