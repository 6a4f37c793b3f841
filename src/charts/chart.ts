/** A value that survives JSON: what a chart.js configuration may hold before {@link Hooks} are brought to life. */
export type PlainValue = string | number | boolean | null | readonly PlainValue[] | { readonly [key: string]: PlainValue };
export type PlainObject = { readonly [key: string]: PlainValue };

/**
 * Times are milliseconds since the epoch with a fraction for microseconds: chart.js's time scale counts in milliseconds. A pair is a
 * floating bar; a null `y` interrupts a line.
 */
export type PlainPoint = PlainObject & { readonly x: number | readonly [number, number]; readonly y: number | string | null };
export type PlainDataset = PlainObject & { readonly label: string; readonly data: readonly PlainPoint[] };

/** Milliseconds; on a logarithmic axis, the place that stands for zero and the leading digits to label. */
export type DurationFormat = {
  readonly format: 'duration';
  readonly logarithmic: { readonly zeroAtMillis: number; readonly digits: readonly number[] } | null;
};

/** How an axis writes its numbers. */
export type TickFormat =
  | { readonly format: 'count' }
  | { readonly format: 'percent' }
  | { readonly format: 'bytes' }
  | { readonly format: 'bytes-per-second' }
  | { readonly format: 'time' }
  | DurationFormat;

/** How the tooltip words a point: see `hooks.ts`. */
export type TooltipWording = 'span' | 'view' | 'lag' | 'lag-share' | 'stage-duration' | 'bytes' | 'traffic';

/** A vertical line with a word on top. */
export type Mark = { readonly at: number; readonly label: string };

/** What the configuration needs that JSON can't hold, by name. */
export type Hooks = {
  readonly ticks: { readonly [axis: string]: TickFormat };
  readonly tooltip: TooltipWording;
  /** Draws each point's `note` next to it where it fits: inside or beside a bar (`noteOutside`: beside only), around a point
   * (`noteSide`: `left` or `right` first), in the colour of its dataset. */
  readonly notes: boolean;
  readonly marks: readonly Mark[];
  /** What the legend writes instead of a dataset's whole label. */
  readonly legend?: { readonly [label: string]: string };
};

/** A chart.js configuration without functions. Everything but `hooks` is chart.js's own. */
export type PlainConfiguration = {
  readonly type: 'bar' | 'line' | 'scatter';
  readonly data: { readonly labels?: readonly string[]; readonly datasets: readonly PlainDataset[] };
  readonly options: PlainObject;
  readonly hooks: Hooks;
};

export interface Chart {
  /** Unique within an analysis, usable as a file name. */
  readonly name: string;
  readonly title: string;
  /** One sentence with the actual result: the alternative text. */
  readonly summary: string;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly configuration: PlainConfiguration;
}
