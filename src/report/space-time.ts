import { TRANSFER_COLOURS } from '../charts/palette.js';
import type { BlockPicture, Lane, Way } from './block-picture.js';
import { confidenceWord, isDoubtful, KIND_WORDS } from './block-words.js';
import { bytesText, durationText } from './format.js';
import { type Html, html } from './html.js';
import { type AxisPiece, type AxisTick, layTimeAxis, placeOf, scaleOf, ticksOf } from './time-axis.js';

/** Makes drawn content the link to what it rests on. */
export type LinkEvidence = (content: Html, of: Way | Lane) => Html;

/** Lanes beyond this: copies that were not used are left out. */
export const MAX_LANES_WITH_DUPLICATES = 48;
/** Arrows beyond this: likewise. */
export const MAX_ARROWS_WITH_DUPLICATES = 600;
/** Lanes drawn at most: orderers, senders, and the peers that got the block last. */
export const MAX_LANES = 100;

const WIDTH = 1180;
const LANE_HEIGHT = 22;
const GROUP_HEIGHT = 20;
const NOTES_HEIGHT = 34;
const TICKS_HEIGHT = 18;
const COLUMN_WIDTH = 84;
const TICKS_APART = 66;
// Of the page's sans-serif at 12 pixels; text is never measured here, so room is kept.
const CHARACTER_PIXELS = 6.5;
const TALL_LANES = 14;
const LABEL_INDENT = 10;
const MAX_NAMES_WIDTH = 300;
/** What stands in numbers at the right of a lane. */
const COLUMNS = [
  { key: 'arrived', word: 'arrived' },
  { key: 'committed', word: 'committed' },
] as const;

const one = (value: number): string => String(Math.round(value * 10) / 10);
const widthOf = (text: string): number => text.length * CHARACTER_PIXELS;

/** The picture with at most {@link MAX_LANES} lanes, and without duplicates where there are too many to see; how much was left out. */
function drawable(picture: BlockPicture): { readonly picture: BlockPicture; readonly lanesLeft: number; readonly duplicatesLeft: number } {
  const { lanes } = picture;
  const isCrowded = lanes.length > MAX_LANES_WITH_DUPLICATES || picture.ways.length > MAX_ARROWS_WITH_DUPLICATES;
  const ways = isCrowded ? picture.ways.filter((w) => w.isUsed) : picture.ways;
  const duplicatesLeft = picture.ways.length - ways.length;
  if (lanes.length <= MAX_LANES) return { picture: { ...picture, ways }, lanesLeft: 0, duplicatesLeft };
  const senders = new Set(ways.map((w) => w.from));
  const weightOf = (index: number): number => (senders.has(index) ? 1e18 : ((lanes[index] as Lane).arrived ?? 1e17));
  const kept = lanes
    .map((_, index) => index)
    .sort((a, b) => weightOf(b) - weightOf(a) || a - b)
    .slice(0, MAX_LANES)
    .sort((a, b) => a - b);
  const places = new Map(kept.map((index, place) => [index, place]));
  const moved = ways.flatMap((w) => {
    const [from, to] = [places.get(w.from), places.get(w.to)];
    return from === undefined || to === undefined ? [] : [{ ...w, from, to }];
  });
  return {
    picture: { ...picture, lanes: kept.map((index) => lanes[index] as Lane), ways: moved },
    lanesLeft: lanes.length - kept.length,
    duplicatesLeft,
  };
}

interface Rows {
  readonly laneY: readonly number[];
  readonly headings: readonly { readonly text: string; readonly y: number }[];
  readonly bottom: number;
}

function layRows(lanes: readonly Lane[], top: number): Rows {
  const headings: { text: string; y: number }[] = [];
  const laneY: number[] = [];
  let y = top;
  let group: string | null = null;
  for (const lane of lanes) {
    if (lane.group !== null && lane.group !== group) {
      headings.push({ text: lane.group, y: y + 14 });
      y += GROUP_HEIGHT;
    }
    group = lane.group;
    laneY.push(y + LANE_HEIGHT / 2);
    y += LANE_HEIGHT;
  }
  return { laneY, headings, bottom: y };
}

function wayTitle({ lanes }: BlockPicture, way: Way): string {
  const [from, to] = [lanes[way.from] as Lane, lanes[way.to] as Lane];
  const copy = way.isUsed ? 'the copy it used' : 'a copy it had no need of';
  const basis = { packets: 'from sizes and times of packets', plaintext: 'read in plaintext', log: 'from a log' }[way.basis];
  return `${from.name} to ${to.name}: ${KIND_WORDS[way.kind]}, ${copy}. ${durationText(way.first)} to ${durationText(way.last)} after the block’s first byte, ${bytesText(way.bytes)}. ${confidenceWord(way)} (confidence ${way.confidence.toFixed(2)}), ${basis}.`;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** An arrow as path data: its line, and its head, which is filled or open. */
function arrowPaths(from: Point, to: Point, size: number): { readonly line: string; readonly head: string; readonly open: string } {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const [bx, by] = [to.x - dx * size, to.y - dy * size];
  const half = size * 0.42;
  const left = `${one(bx - dy * half)} ${one(by + dx * half)}`;
  const right = `${one(bx + dy * half)} ${one(by - dx * half)}`;
  const tip = `${one(to.x)} ${one(to.y)}`;
  return { line: `M${one(from.x)} ${one(from.y)}L${tip}`, head: `M${left}L${tip}L${right}Z`, open: `M${left}L${tip}L${right}` };
}

const isFetched = (kind: Way['kind']): boolean => kind === 'pull' || kind === 'state-transfer';

function arrowHtml(picture: BlockPicture, way: Way, from: Point, to: Point, link: LinkEvidence): Html {
  const { line, head, open } = arrowPaths(from, to, way.isUsed ? 7.5 : 5.5);
  const colour = TRANSFER_COLOURS[way.kind];
  const classes = ['way', way.isUsed ? 'used' : 'spare', isFetched(way.kind) ? 'fetched' : '', isDoubtful(way) ? 'doubtful' : ''];
  const tip = isFetched(way.kind) ? html`<path class="head open" d="${open}"/>` : html`<path class="head" d="${head}"/>`;
  return link(
    html`<g class="${classes.filter((c) => c !== '').join(' ')}" fill="${colour}" stroke="${colour}"><title>${wayTitle(picture, way)}</title><path class="hit" d="${line}"/><path class="line" d="${line}"/>${tip}</g>`,
    way,
  );
}

const RECEIVED = (x: number, y: number): Html => html`<circle class="mark" cx="${one(x)}" cy="${one(y)}" r="3.4"/>`;
const VALIDATED = (x: number, y: number): Html => html`<path class="mark" d="${`M${one(x)} ${one(y - 4)}l4 4l-4 4l-4-4Z`}"/>`;
const COMMITTED = (x: number, y: number): Html => html`<rect class="mark full" x="${one(x - 3)}" y="${one(y - 3)}" width="6" height="6"/>`;

const STAGES = [
  { key: 'received', word: 'received', draw: RECEIVED },
  { key: 'validated', word: 'validated', draw: VALIDATED },
  { key: 'committed', word: 'committed', draw: COMMITTED },
] as const;

function marksHtml(lane: Lane, y: number, placed: (micros: number) => number, link: LinkEvidence): Html {
  const told = STAGES.flatMap(({ key, word, draw }) => {
    const micros = lane[key];
    return micros === null ? [] : [{ word, micros, draw }];
  });
  if (told.length === 0) return html``;
  const start = placed(lane.arrived ?? (told[0] as { micros: number }).micros);
  const end = placed((told.at(-1) as { micros: number }).micros);
  const arrived = lane.arrived === null ? [] : [`arrived ${durationText(lane.arrived)}`];
  const title = `${lane.name}: ${[...arrived, ...told.map((t) => `${t.word} ${durationText(t.micros)}`)].join(', ')} after the block’s first byte.`;
  const bar = html`<rect class="held" x="${one(Math.min(start, end))}" y="${one(y - 4)}" width="${one(Math.abs(end - start))}" height="8"/>`;
  return link(html`<g class="stages"><title>${title}</title>${bar}${told.map((t) => t.draw(placed(t.micros), y))}</g>`, lane);
}

interface TopNote {
  readonly text: string;
  readonly x: number;
  readonly anchor: 'start' | 'middle';
}

/** What is said above the axis where a piece begins. */
function topNotes(pieces: readonly AxisPiece[]): readonly TopNote[] {
  return pieces.flatMap((piece, index): readonly TopNote[] => {
    const before = pieces[index - 1];
    if (before === undefined) return [];
    if (piece.after === 'cut')
      return [{ text: `${durationText(piece.from - before.to)} left out`, x: (before.right + piece.left) / 2, anchor: 'middle' }];
    const ratio = scaleOf(pieces, index) / scaleOf(pieces, index - 1);
    const times = (value: number): string => (value < 10 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value)));
    const text = ratio >= 1 ? `from here ${times(ratio)} × more time per width` : `from here ${times(1 / ratio)} × less time per width`;
    return [{ text, x: piece.left + 4, anchor: 'start' }];
  });
}

function topNotesHtml(pieces: readonly AxisPiece[]): Html {
  const ends = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return html`${topNotes(pieces).map(({ text, x, anchor }) => {
    const width = widthOf(text);
    const start = Math.min(anchor === 'start' ? x : x - width / 2, WIDTH - width);
    const row = start > (ends[0] as number) + 8 ? 0 : 1;
    ends[row] = start + width;
    return html`<text class="faint" x="${one(start)}" y="${String(12 + 15 * row)}">${text}</text>`;
  })}`;
}

function axisHtml(pieces: readonly AxisPiece[], ticks: readonly AxisTick[], top: number, bottom: number, both: boolean): Html {
  const labels = ticks.map((tick) => {
    const at = (y: number): Html => html`<text class="faint" x="${one(tick.x)}" y="${String(y)}" text-anchor="middle">${tick.text}</text>`;
    return html`<path class="grid" d="${`M${one(tick.x)} ${top}V${bottom + 4}`}"/>${at(bottom + 16)}${both ? at(top - 6) : html``}`;
  });
  const joints = pieces.map((piece, index) => {
    const before = pieces[index - 1];
    if (before === undefined) return html``;
    if (piece.after === 'scale') return html`<path class="joint" d="${`M${one(piece.left)} ${top - 4}V${bottom + 4}`}"/>`;
    const zigzag = (x: number): string => {
      const teeth = Math.max(2, Math.round((bottom - top) / 14));
      const step = (bottom - top) / teeth;
      return `M${one(x)} ${top}${Array.from({ length: teeth }, (_, i) => `L${one(x + (i % 2 === 0 ? 4 : 0))} ${one(top + (i + 1) * step)}`).join('')}`;
    };
    return html`<path class="cut" d="${`${zigzag(before.right + 5)}${zigzag(piece.left - 9)}`}"/>`;
  });
  return html`${labels}${joints}`;
}

interface LegendItem {
  readonly text: string;
  readonly sample: (x: number, y: number) => Html;
}

function legendItems({ ways, lanes }: BlockPicture): readonly LegendItem[] {
  const lineItem = (text: string, kind: Way['kind'], classes: string): LegendItem => ({
    text,
    sample: (x, y) => {
      const { line, head, open } = arrowPaths({ x, y }, { x: x + 26, y }, classes.includes('spare') ? 5.5 : 7.5);
      const colour = TRANSFER_COLOURS[kind];
      const tip = isFetched(kind) ? html`<path class="head open" d="${open}"/>` : html`<path class="head" d="${head}"/>`;
      return html`<g class="${`way ${classes}`}" fill="${colour}" stroke="${colour}"><path class="line" d="${line}"/>${tip}</g>`;
    },
  });
  const kinds = (['deliver', 'push', 'pull', 'state-transfer', 'unknown'] as const).filter((kind) => ways.some((w) => w.kind === kind));
  const common = kinds.find((kind) => kind === 'push') ?? kinds[0] ?? 'push';
  const has = (tell: (lane: Lane) => boolean): boolean => lanes.some(tell);
  return [
    ...kinds.map((kind) => lineItem(KIND_WORDS[kind], kind, isFetched(kind) ? 'used fetched' : 'used')),
    ...(ways.some((w) => !w.isUsed) ? [lineItem('a copy not needed', common, isFetched(common) ? 'spare fetched' : 'spare')] : []),
    ...(ways.some(isDoubtful) ? [lineItem('confidence below 0.9', common, isFetched(common) ? 'used fetched doubtful' : 'used doubtful')] : []),
    ...STAGES.filter(({ key }) => has((lane) => lane[key] !== null)).map(({ word, draw }) => ({
      text: `${word} (log)`,
      sample: (x: number, y: number) => draw(x + 20, y),
    })),
  ];
}

function legendHtml(items: readonly LegendItem[], top: number): { readonly markup: Html; readonly height: number } {
  let x = 6;
  let y = top;
  const markup = items.map(({ text, sample }) => {
    const width = 34 + widthOf(text) + 22;
    if (x + width > WIDTH) {
      x = 6;
      y += 19;
    }
    const item = html`${sample(x, y - 4)}<text x="${one(x + 34)}" y="${String(y)}">${text}</text>`;
    x += width;
    return item;
  });
  return { markup: html`${markup}`, height: y - top + 10 };
}

/**
 * The space-time diagram of one block as an `<svg>` element: a lane for each node, time to the right, an arrow for each transfer between its first and its last
 * byte. With it, in words, what of the picture was left out or is not to one scale; empty where nothing was.
 */
export function drawSpaceTime(whole: BlockPicture, label: string, link: LinkEvidence): { readonly svg: Html; readonly remarks: readonly string[] } {
  const { picture, lanesLeft, duplicatesLeft } = drawable(whole);
  const { lanes, ways } = picture;
  const isTall = lanes.length > TALL_LANES;
  const labelOf = (lane: Lane): number => widthOf(lane.label) + LABEL_INDENT + (lane.role === 'leader' ? 46 : 0);
  const headed = lanes.map((l) => (l.group === null ? 0 : widthOf(l.group) * 1.08));
  const left = Math.min(MAX_NAMES_WIDTH, Math.max(110, ...lanes.map(labelOf), ...headed) + 16);
  const columns = COLUMNS.filter(({ key }) => lanes.some((l) => l[key] !== null));
  const right = WIDTH - COLUMN_WIDTH * columns.length - (columns.length === 0 ? 8 : 0);
  const moments = [
    ...ways.flatMap((w) => [w.first, w.last]),
    ...lanes.flatMap((l) => [l.arrived, l.received, l.validated, l.committed].filter((m) => m !== null)),
  ];
  const pieces = layTimeAxis(moments, left, right);
  const placed = (micros: number): number => placeOf(pieces, micros);
  const hasNotes = pieces.length > 1;
  const top = (hasNotes ? NOTES_HEIGHT : 20) + (isTall ? TICKS_HEIGHT : 0);
  const { laneY, headings, bottom } = layRows(lanes, top);
  const yOf = (lane: number): number => laneY[lane] as number;
  const arrows = (isUsed: boolean): readonly Html[] =>
    ways
      .filter((w) => w.isUsed === isUsed)
      .map((w) => {
        const down = yOf(w.to) >= yOf(w.from) ? 1 : -1;
        return arrowHtml(picture, w, { x: placed(w.first), y: yOf(w.from) }, { x: placed(w.last), y: yOf(w.to) - 2 * down }, link);
      });
  const stretches = pieces.map((p) => [p.left, p.right] as const);
  const laneLines = laneY.map((y) => stretches.map(([from, to]) => `M${one(from)} ${one(y)}H${one(to)}`).join('')).join('');
  const column = (index: number): number => right + COLUMN_WIDTH * (index + 1) - 6;
  const numbers = (lane: Lane, y: number): Html =>
    html`${columns.map(({ key }, index) => {
      const micros = lane[key];
      return micros === null ? html`` : html`<text x="${String(column(index))}" y="${one(y + 4)}" text-anchor="end">${durationText(micros)}</text>`;
    })}`;
  const names = lanes.map((lane, index) => {
    const y = one(yOf(index) + 4);
    const tag = lane.role === 'leader' ? html`<tspan class="faint" dx="6">leader</tspan>` : html``;
    return html`<text x="${String(lane.group === null ? 4 : LABEL_INDENT)}" y="${y}"><title>${lane.name}</title>${lane.label}${tag}</text>${numbers(lane, yOf(index))}`;
  });
  const legend = legendHtml(legendItems(picture), bottom + 58);
  const height = bottom + 58 + legend.height;
  const heads = columns.map(
    ({ word }, i) => html`<text class="faint" x="${String(column(i))}" y="${String(top - 6)}" text-anchor="end">${word}</text>`,
  );
  const svg = html`<svg class="space-time" viewBox="${`0 0 ${WIDTH} ${Math.ceil(height)}`}" role="group" aria-label="${label}">
${topNotesHtml(pieces)}${heads}${axisHtml(pieces, ticksOf(pieces, TICKS_APART), top, bottom, isTall)}
<path class="lane" d="${laneLines}"/>${headings.map((h) => html`<text class="group" x="4" y="${one(h.y)}">${h.text}</text>`)}${names}
${arrows(false)}
${lanes.map((lane, index) => marksHtml(lane, yOf(index), placed, link))}
${arrows(true)}
<text class="faint" x="${one((left + right) / 2)}" y="${one(bottom + 34)}" text-anchor="middle">time since the block’s first byte on the wire, at ${picture.startAt.slice(11, 23)} UTC</text>
${legend.markup}</svg>`;
  const cuts = pieces.filter((p) => p.after === 'cut').length;
  const scales = pieces.filter((p) => p.after === 'scale').length;
  return {
    svg,
    remarks: [
      ...(cuts > 0 ? [`The time axis leaves out ${cuts === 1 ? 'a stretch' : `${cuts} stretches`} in which nothing happened (zigzag).`] : []),
      ...(scales > 0 ? ['The time axis changes its scale at the dashed upright lines.'] : []),
      ...(duplicatesLeft > 0 ? [`${duplicatesLeft} copies that were not used are not drawn, for want of room.`] : []),
      ...(lanesLeft > 0 ? [`${lanesLeft} peers that passed nothing on and were not among the last are not drawn, for want of room.`] : []),
    ],
  };
}
