import type { Analysis, Channel } from '../analysis/contract.js';
import type { PlainObject } from './chart.js';
import { COLOURS } from './palette.js';
import { millisOf } from './quantities.js';

export const WIDTH = 1200;
/** The bundled font first, so that a PNG is the same everywhere; the page falls back to what the browser has. */
export const FONT_FAMILY = '"Gossipscope Sans", "DejaVu Sans", Verdana, sans-serif';
// chart.js takes the family of every text from its global defaults unless that text's own options name one.
export const FONT: PlainObject = { family: FONT_FAMILY, size: 12 };

const CAPTION_LINE_CHARACTERS = 165;
const ROW_HEIGHT = 26;
const LEGEND_LINE_HEIGHT = 22;
const MAX_LEGEND_LINES = 50;
// A renderer is kept for each size, and each costs memory: round heights so that there are few.
const HEIGHT_STEP = 80;

/** The height in CSS pixels of a chart with one row for each of `rows` things. */
export function heightOfRows(rows: number): number {
  const wanted = 190 + rows * ROW_HEIGHT;
  return Math.max(320, Math.ceil(wanted / HEIGHT_STEP) * HEIGHT_STEP);
}

/** The height in CSS pixels of a chart whose legend at the right has `lines` lines. */
export function heightOfLegend(lines: number): number {
  const wanted = 40 + Math.min(lines, MAX_LEGEND_LINES) * LEGEND_LINE_HEIGHT;
  return Math.max(480, Math.ceil(wanted / HEIGHT_STEP) * HEIGHT_STEP);
}

/** `base`, followed by the channel's name where it is known, as a file may be called. */
export function nameOnChannel(base: string, channel: Channel): string {
  return channel.name === null ? base : `${base}-${channel.name.replaceAll(/[^A-Za-z0-9.-]/g, '-')}`;
}

/** `title`, followed by the channel it is about. */
export function titleOnChannel(title: string, channel: Channel): string {
  return channel.name === null ? title : `${title} on ${channel.name}`;
}

/**
 * The options every chart has: no animation, the font, a title at the left, a caption wrapped under it, a legend, and pixels kept free
 * at the right edge.
 */
export function frameOf(title: string, caption: readonly string[], legend: 'top' | 'right', roomAtRight = 24): PlainObject {
  return {
    responsive: false,
    animation: false,
    color: COLOURS.ink,
    font: FONT,
    layout: { padding: { top: 8, right: roomAtRight, bottom: 8, left: 10 } },
    plugins: {
      title: {
        display: true,
        text: title,
        align: 'start',
        color: COLOURS.ink,
        font: { ...FONT, size: 17, weight: 'bold' },
        padding: { top: 4, bottom: 6 },
      },
      subtitle: {
        display: caption.length > 0,
        text: caption.flatMap(wrap),
        align: 'start',
        color: COLOURS.faint,
        font: FONT,
        padding: { bottom: 12 },
      },
      legend: {
        display: true,
        position: legend,
        align: 'start',
        labels: { usePointStyle: true, boxHeight: 8, color: COLOURS.ink, font: FONT },
      },
      tooltip: { titleFont: { ...FONT, weight: 'bold' }, bodyFont: FONT, padding: 8, usePointStyle: true },
    },
  };
}

function wrap(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= CAPTION_LINE_CHARACTERS) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A value axis's options. */
export function axisOf(title: string, more: PlainObject = {}, ticks: PlainObject = {}): PlainObject {
  return {
    title: { display: title !== '', text: title, color: COLOURS.faint, font: FONT },
    ticks: { color: COLOURS.ink, maxRotation: 0, font: FONT, ...ticks },
    grid: { color: COLOURS.grid },
    border: { color: COLOURS.faint },
    ...more,
  };
}

/** The first and last moment to draw, in milliseconds: the window of the analysis, widened to `moments`; null when nothing is dated. */
export function extentOf(analysis: Analysis, moments: readonly number[]): readonly [number, number] | null {
  let from = analysis.window.from === null ? Number.POSITIVE_INFINITY : millisOf(analysis.window.from);
  let to = analysis.window.to === null ? Number.NEGATIVE_INFINITY : millisOf(analysis.window.to);
  for (const moment of moments) {
    from = Math.min(from, moment);
    to = Math.max(to, moment);
  }
  if (from > to) return null;
  return from === to ? [from - 500, to + 500] : [from, to];
}

/** A time axis over `extent`, with the day it starts on in its title. */
export function timeAxisOf(extent: readonly [number, number]): PlainObject {
  const first = new Date(extent[0]).toISOString().slice(0, 10);
  const last = new Date(extent[1]).toISOString().slice(0, 10);
  const days = first === last ? first : `${first} to ${last}`;
  return axisOf(
    `time, UTC (${days})`,
    {
      type: 'time',
      min: extent[0],
      max: extent[1],
    },
    { autoSkip: false },
  );
}
