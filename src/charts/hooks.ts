import type { ChartConfiguration, Chart as ChartJs, Plugin, Scale, TimeUnit } from 'chart.js';
import type { DurationFormat, Mark, PlainConfiguration, PlainPoint, TickFormat, TooltipWording } from './chart.js';
import { formatBytes, formatDuration, formatTimeOfDay, formatUtc } from './quantities.js';

/**
 * A chart.js configuration ready to draw: a copy of `configuration` whose named hooks have become functions. The same in Node and
 * in a browser; needs {@link installUtcAdapter} once before the first chart.
 */
export function bringToLife(configuration: PlainConfiguration): ChartConfiguration {
  const { hooks, ...plain } = structuredClone(configuration);
  const live = plain as unknown as LiveConfiguration;
  for (const [axis, format] of Object.entries(hooks.ticks)) {
    const scale = live.options.scales?.[axis];
    if (scale === undefined) continue;
    scale.ticks = {
      ...scale.ticks,
      callback: (value: number | string, _index: number, ticks: readonly { readonly value: number }[]) =>
        format.format === 'time' ? formatTimeTick(Number(value), ticks) : formatTick(Number(value), format),
    };
    if (format.format === 'time') scale.afterBuildTicks = placeTimeTicks;
  }
  const wording = WORDINGS[hooks.tooltip];
  live.options.plugins.tooltip = {
    ...live.options.plugins.tooltip,
    callbacks: {
      title: (items: readonly TooltipItem[]) => (items[0] === undefined ? '' : wording.title(items[0])),
      label: (item: TooltipItem) => wording.label(item),
    },
  };
  const { legend } = live.options.plugins;
  const labels = {
    ...legend?.labels,
    generateLabels: (chart: ChartJs) => {
      const { generateLabels } = (chart.constructor as typeof ChartJs).defaults.plugins.legend.labels;
      return generateLabels(chart).map((item) => ({ ...item, text: hooks.legend?.[item.text] ?? item.text }));
    },
  };
  live.options.plugins.legend = { ...legend, labels };
  live.plugins = [];
  if (hooks.marks.length > 0) live.plugins.push(markPlugin(hooks.marks));
  if (hooks.notes) live.plugins.push(NOTE_PLUGIN);
  return live as unknown as ChartConfiguration;
}

// The parts of chart.js's configuration that the hooks touch; its own types want the kind of chart known beforehand.
interface LiveConfiguration {
  options: {
    scales?: Record<string, { ticks?: object; afterBuildTicks?: (scale: Scale) => void }>;
    plugins: { tooltip?: object; legend?: { labels?: object } };
  };
  plugins: Plugin[];
}

// ── ticks

function formatTick(value: number, tick: Exclude<TickFormat, { format: 'time' }>): string | null {
  switch (tick.format) {
    case 'count':
      return Number.isInteger(value) ? String(value) : null;
    case 'percent':
      return `${Math.round(value)} %`;
    case 'bytes':
      return formatBytes(value);
    case 'bytes-per-second':
      return `${formatBytes(value)}/s`;
    case 'duration':
      return formatDurationTick(value, tick);
  }
}

function formatDurationTick(value: number, { logarithmic }: DurationFormat): string | null {
  if (logarithmic === null) return formatDuration(value);
  if (value <= logarithmic.zeroAtMillis) return '0';
  // A logarithmic axis has ticks at 1 to 9 of every decade and labels would overlap.
  const leading = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return logarithmic.digits.some((digit) => Math.abs(leading - digit) < 1e-6) ? formatDuration(value) : null;
}

const PIXELS_PER_TIME_TICK = 110;
const TIME_STEPS_MILLIS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 5, 10, 30, 90, 365].map((days) => days * 86_400_000),
];

// chart.js counts its own steps from the first moment shown; people want whole minutes and seconds.
function placeTimeTicks(scale: Scale): void {
  const most = Math.max(2, scale.width / PIXELS_PER_TIME_TICK);
  const step = TIME_STEPS_MILLIS.find((millis) => (scale.max - scale.min) / millis <= most);
  if (step === undefined) return;
  const ticks: { value: number }[] = [];
  for (let value = Math.ceil(scale.min / step) * step; value <= scale.max; value += step) ticks.push({ value });
  scale.ticks = ticks;
}

function formatTimeTick(value: number, ticks: readonly { readonly value: number }[]): string {
  const iso = new Date(value).toISOString();
  const step = ticks.length < 2 ? 1 : (ticks[1] as { value: number }).value - (ticks[0] as { value: number }).value;
  if (step < 1000) return iso.slice(11, 23);
  if (step < 60_000) return iso.slice(11, 19);
  const spansDays = Math.floor((ticks[0]?.value ?? 0) / 86_400_000) !== Math.floor((ticks.at(-1)?.value ?? 0) / 86_400_000);
  if (step < 86_400_000) return spansDays ? `${iso.slice(5, 10)} ${iso.slice(11, 16)}` : iso.slice(11, 16);
  return iso.slice(0, 10);
}

// ── tooltips

interface TooltipItem {
  readonly dataset: { readonly label?: string };
  readonly raw: unknown;
}
interface Wording {
  readonly title: (item: TooltipItem) => string;
  readonly label: (item: TooltipItem) => string | string[];
}

const pointOf = (item: TooltipItem): PlainPoint => item.raw as PlainPoint;
const labelOf = (item: TooltipItem): string => item.dataset.label ?? '';
const numberOf = (point: PlainPoint, field: string): number | null => (typeof point[field] === 'number' ? point[field] : null);
const textOf = (point: PlainPoint, field: string): string | null => (typeof point[field] === 'string' ? point[field] : null);

const WORDINGS: { readonly [wording in TooltipWording]: Wording } = {
  span: {
    title: (item) => String(pointOf(item).y),
    label: (item) => {
      const point = pointOf(item);
      const [from, to] = typeof point.x === 'number' ? [point.x, point.x] : point.x;
      const end = point['open'] === true ? 'the end of the recording' : formatTimeOfDay(to);
      const lines = [`${labelOf(item)}: ${formatUtc(from)} to ${end} (${formatDuration(to - from)})`];
      const detail = textOf(point, 'detail');
      return detail === null ? lines : [...lines, detail];
    },
  },
  view: {
    title: (item) => formatUtc(Number(pointOf(item).x)),
    label: (item) => `${labelOf(item)}: ${numberOf(pointOf(item), 'members') ?? 0} members`,
  },
  lag: {
    title: (item) => {
      const point = pointOf(item);
      return textOf(point, 'blocks') ?? `block ${numberOf(point, 'block') ?? ''}`;
    },
    label: (item) => {
      const point = pointOf(item);
      const lag = numberOf(point, 'lagMillis') ?? 0;
      const behind = lag === 0 ? 'first' : `${formatDuration(lag)} after the first`;
      if (textOf(point, 'blocks') !== null) return `${labelOf(item)}: median ${behind}`;
      const at = numberOf(point, 'at');
      const via = textOf(point, 'via');
      return [`${labelOf(item)}: ${behind}`, ...(at === null ? [] : [formatUtc(at)]), ...(via === null ? [] : [via])];
    },
  },
  'lag-share': {
    title: (item) => labelOf(item),
    label: (item) => {
      const point = pointOf(item);
      return `${Math.round(Number(point.y) * 10) / 10} % within ${formatDuration(numberOf(point, 'lagMillis') ?? 0)} of the first`;
    },
  },
  'stage-duration': {
    title: (item) => String(pointOf(item).y),
    label: (item) => {
      const point = pointOf(item);
      const line = `${labelOf(item)}: ${formatDuration(Number(point.x))}`;
      const detail = textOf(point, 'detail');
      return detail === null ? line : [line, detail];
    },
  },
  bytes: {
    title: (item) => String(pointOf(item).y),
    label: (item) => {
      const point = pointOf(item);
      const line = `${labelOf(item)}: ${formatBytes(Number(point.x))}`;
      const detail = textOf(point, 'detail');
      return detail === null ? line : [line, detail];
    },
  },
  traffic: {
    title: (item) => formatUtc(Number(pointOf(item).x)),
    label: (item) => `${labelOf(item)}: ${formatBytes(Number(pointOf(item).y))}/s`,
  },
};

// ── plugins

const NOTE_FONT_SIZE = 11;
const NOTE_GAP = 5;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function inside(a: Box, area: Box): boolean {
  return a.left >= area.left && a.right <= area.right && a.top >= area.top && a.bottom <= area.bottom;
}

function fontOf(chart: ChartJs, size: number, weight = ''): string {
  return `${weight} ${size}px ${chart.options.font?.family ?? 'sans-serif'}`.trim();
}

interface Note {
  readonly text: string;
  readonly box: Box;
  readonly isBar: boolean;
  readonly point: PlainPoint;
  readonly colour: string;
}

const NOTE_PLUGIN: Plugin = {
  id: 'gossipscope-notes',
  afterDatasetsDraw(chart) {
    const { bars, notes } = notesOf(chart);
    const { ctx } = chart;
    // Notes beside the longest bar may use the padding.
    const area = { ...boxOfArea(chart), right: chart.width };
    ctx.save();
    ctx.font = fontOf(chart, NOTE_FONT_SIZE);
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    const taken: Box[] = [];
    for (const note of notes) {
      const width = ctx.measureText(note.text).width;
      const fits = note.isBar && note.point['noteOutside'] !== true && width + 2 * NOTE_GAP <= note.box.right - note.box.left;
      const places = fits ? [centred(note.box, width)] : note.isBar ? placesBeside(note.box, width) : placesAround(note.box, width, note.point);
      const obstacles = fits ? taken : [...taken, ...bars.filter((bar) => bar !== note.box)];
      const place = places.find((p) => inside(p, area) && !obstacles.some((o) => overlaps(p, o)));
      if (place === undefined) continue;
      taken.push(place);
      ctx.fillStyle = fits ? inkOn(note.colour) : note.isBar ? '#222222' : note.colour;
      ctx.fillText(note.text, place.left, (place.top + place.bottom) / 2);
    }
    ctx.restore();
  },
};

/** All bars (obstacles to the notes of others) and all notes, as drawn. */
function notesOf(chart: ChartJs): { readonly bars: readonly Box[]; readonly notes: readonly Note[] } {
  const bars: Box[] = [];
  const notes: Note[] = [];
  chart.data.datasets.forEach((dataset, index) => {
    if (!chart.isDatasetVisible(index)) return;
    chart.getDatasetMeta(index).data.forEach((element, place) => {
      const drawn = element as unknown as DrawnElement;
      const box = boxOf(drawn);
      const point = dataset.data[place] as unknown as PlainPoint;
      const text = textOf(point, 'note');
      if (text !== null)
        notes.push({ text, box, isBar: drawn.base !== undefined, point, colour: String(drawn.options?.backgroundColor ?? '#FFFFFF') });
      // A bar without a note of its own is background.
      if (drawn.base !== undefined && text !== null) bars.push(box);
    });
  });
  return { bars, notes };
}

/** Black or white, whichever reads better on `colour` (`#RRGGBB`): WCAG 2's relative luminance. */
function inkOn(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((i) => {
    const share = Number.parseInt(colour.slice(i, i + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.22 ? '#000000' : '#FFFFFF';
}

function boxOfArea(chart: ChartJs): Box {
  const { left, top, right, bottom } = chart.chartArea;
  return { left, top, right, bottom };
}

interface DrawnElement {
  readonly x: number;
  readonly y: number;
  readonly base?: number;
  readonly height?: number;
  readonly options?: { readonly backgroundColor?: unknown };
}

/** The pixels of a horizontal bar, or of a point with some room around it. */
function boxOf(element: DrawnElement): Box {
  const { x, y, base, height } = element;
  if (base === undefined) return { left: x - 4, right: x + 4, top: y - 4, bottom: y + 4 };
  const half = (height ?? 0) / 2;
  return { left: Math.min(x, base), right: Math.max(x, base), top: y - half, bottom: y + half };
}

function centred(box: Box, width: number): Box {
  const middle = (box.left + box.right) / 2;
  return { left: middle - width / 2, right: middle + width / 2, top: box.top, bottom: box.bottom };
}

function placesBeside(box: Box, width: number): readonly Box[] {
  const right = { left: box.right + NOTE_GAP, right: box.right + NOTE_GAP + width };
  const left = { left: box.left - NOTE_GAP - width, right: box.left - NOTE_GAP };
  return [right, left].map((place) => ({ ...place, ...lineIn(box) }));
}

function lineIn(box: Box): { readonly top: number; readonly bottom: number } {
  const middle = (box.top + box.bottom) / 2;
  return { top: middle - NOTE_FONT_SIZE / 2, bottom: middle + NOTE_FONT_SIZE / 2 };
}

/** Above at the left of the point and beside it, or below at its right, which are the free sides of a rising curve; then the other. */
function placesAround(box: Box, width: number, point: PlainPoint): readonly Box[] {
  const below = { top: box.bottom, bottom: box.bottom + NOTE_FONT_SIZE };
  const above = { top: box.top - NOTE_FONT_SIZE, bottom: box.top };
  const toLeft = { left: box.left - NOTE_GAP - width, right: box.left - NOTE_GAP };
  const toRight = { left: box.right + NOTE_GAP, right: box.right + NOTE_GAP + width };
  const left = [
    { ...toLeft, ...lineIn(box) },
    { ...toLeft, ...above },
  ];
  const right = [
    { ...toRight, ...below },
    { ...toRight, ...lineIn(box) },
    { ...toRight, top: below.bottom, bottom: below.bottom + NOTE_FONT_SIZE },
  ];
  return point['noteSide'] === 'right' ? [...right, ...left] : [...left, ...right];
}

function markPlugin(marks: readonly Mark[]): Plugin {
  return {
    id: 'gossipscope-marks',
    afterDatasetsDraw(chart) {
      const scale = chart.scales['x'];
      if (scale === undefined) return;
      const { ctx, chartArea: area } = chart;
      ctx.save();
      ctx.font = fontOf(chart, NOTE_FONT_SIZE);
      ctx.textBaseline = 'top';
      ctx.lineWidth = 1;
      ctx.setLineDash([5, 3]);
      const taken: Box[] = [];
      for (const mark of marks) {
        const x = scale.getPixelForValue(mark.at);
        if (x < area.left || x > area.right) continue;
        ctx.strokeStyle = '#222222';
        ctx.beginPath();
        ctx.moveTo(x, area.top);
        ctx.lineTo(x, area.bottom);
        ctx.stroke();
        const width = ctx.measureText(mark.label).width;
        const left = x + NOTE_GAP + width <= area.right ? x + NOTE_GAP : x - NOTE_GAP - width;
        let box = { left, right: left + width, top: area.top + 3, bottom: area.top + 3 + NOTE_FONT_SIZE };
        while (taken.some((other) => overlaps(box, other))) box = { ...box, top: box.bottom + 3, bottom: box.bottom + 3 + NOTE_FONT_SIZE };
        taken.push(box);
        ctx.fillStyle = '#FFFFFF';
        ctx.fillRect(box.left - 2, box.top - 1, width + 4, NOTE_FONT_SIZE + 3);
        ctx.fillStyle = '#222222';
        ctx.fillText(mark.label, box.left, box.top);
      }
      ctx.restore();
    },
  };
}

// ── time

/** What holds chart.js's adapters: the `chart.js` module in the page, the `Chart` of `chart.js/auto` in CommonJS. */
export interface AdapterHolder {
  readonly _adapters: { readonly _date: { override(members: object): void } };
}

const UNIT_MILLIS: { readonly [unit: string]: number } = { millisecond: 1, second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const MONTHS: { readonly [unit: string]: number } = { month: 1, quarter: 3, year: 12 };
const MONDAY_MILLIS = 4 * 86_400_000; // 1970-01-05

/**
 * Teaches chart.js's time scale UTC: milliseconds since the epoch (with fractions) on a proleptic Gregorian calendar without leap
 * seconds, whatever the machine's time zone and locale. Formats are named after the units.
 */
export function installUtcAdapter(holder: AdapterHolder): void {
  holder._adapters._date.override({
    formats: () => ({
      datetime: 'millisecond',
      millisecond: 'millisecond',
      second: 'second',
      minute: 'minute',
      hour: 'hour',
      day: 'day',
      week: 'day',
      month: 'month',
      quarter: 'month',
      year: 'year',
    }),
    parse: (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null),
    format: formatTime,
    add: addTime,
    diff: (a: number, b: number, unit: TimeUnit) => {
      const months = MONTHS[unit];
      if (months === undefined) return (a - b) / millisOfUnit(unit);
      const from = new Date(b);
      const to = new Date(a);
      return ((to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth()) / months;
    },
    startOf: startOfTime,
    endOf: (at: number, unit: TimeUnit) => addTime(startOfTime(at, unit), 1, unit) - 1,
  });
}

function formatTime(at: number, format: string): string {
  const iso = new Date(Math.round(at)).toISOString();
  switch (format) {
    case 'millisecond':
      return iso.slice(11, 23);
    case 'second':
      return iso.slice(11, 19);
    case 'minute':
      return iso.slice(11, 16);
    case 'hour':
      return `${iso.slice(5, 10)} ${iso.slice(11, 16)}`;
    case 'month':
      return iso.slice(0, 7);
    case 'year':
      return iso.slice(0, 4);
    default:
      return iso.slice(0, 10);
  }
}

function millisOfUnit(unit: string): number {
  return unit === 'week' || unit === 'isoWeek' ? 7 * 86_400_000 : (UNIT_MILLIS[unit] ?? 1);
}

function addTime(at: number, amount: number, unit: TimeUnit): number {
  const months = MONTHS[unit];
  if (months === undefined) return at + amount * millisOfUnit(unit);
  const date = new Date(at);
  return date.setUTCMonth(date.getUTCMonth() + amount * months);
}

function startOfTime(at: number, unit: TimeUnit | 'isoWeek'): number {
  const months = MONTHS[unit];
  if (months !== undefined) {
    const date = new Date(at);
    return Date.UTC(date.getUTCFullYear(), Math.floor(date.getUTCMonth() / months) * months);
  }
  const size = millisOfUnit(unit);
  const origin = size === millisOfUnit('week') ? MONDAY_MILLIS : 0;
  return Math.floor((at - origin) / size) * size + origin;
}
