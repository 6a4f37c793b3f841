import type { PlainConfiguration } from './chart.js';
import { axisOf, frameOf } from './frame.js';

/** A part of a duration: how rows call it, how people do, its colour. */
interface Part<Key extends string> {
  readonly key: Key;
  readonly label: string;
  readonly colour: string;
}

/** A bar of parts, in milliseconds, with what stands beside it and in its tooltip. */
interface PartsRow<Key extends string> {
  readonly label: string;
  readonly stages: { readonly [part in Key]: number };
  readonly note: string;
  readonly detail: string;
}

/**
 * A bar for each row, its parts stacked from left to right: a dataset for each part that some row has, the last one carrying each row's note. `axis` is what the durations are;
 * `room` is in pixels, for the notes beside the longest bar.
 */
export function stackedParts<Key extends string>(
  parts: readonly [Part<Key>, ...(readonly Part<Key>[])],
  rows: readonly PartsRow<Key>[],
  { title, caption, axis, room }: { readonly title: string; readonly caption: readonly string[]; readonly axis: string; readonly room: number },
): PlainConfiguration {
  const used = parts.filter(({ key }) => rows.some((row) => row.stages[key] > 0));
  const datasets = (used.length > 0 ? used : [parts[0]]).map(({ key, label, colour }, index, all) => ({
    label,
    data: rows.map((row) => ({
      x: row.stages[key],
      y: row.label,
      detail: row.detail,
      ...(index === all.length - 1 ? { note: row.note, noteOutside: true } : {}),
    })),
    backgroundColor: colour,
    barPercentage: 0.75,
    categoryPercentage: 1,
  }));
  return {
    type: 'bar',
    data: { labels: rows.map((r) => r.label), datasets },
    options: {
      ...frameOf(title, caption, 'top', room),
      indexAxis: 'y',
      scales: {
        x: axisOf(axis, { type: 'linear', stacked: true, min: 0 }),
        y: axisOf('', { stacked: true }, { autoSkip: false }),
      },
    },
    hooks: { ticks: { x: { format: 'duration', logarithmic: null } }, tooltip: 'stage-duration', notes: true, marks: [] },
  };
}
