import type { Analysis, Channel, MatrixCell } from '../analysis/contract.js';
import type { Chart, PlainDataset, PlainPoint } from './chart.js';
import { axisOf, extentOf, frameOf, heightOfLegend, nameOnChannel, timeAxisOf, titleOnChannel, WIDTH } from './frame.js';
import { marksOfDeeds } from './operator-marks.js';
import { COLOURS, inOrder, isOutline, shortNames, stylesOfPeers, UNKNOWN_STYLE } from './palette.js';
import { formatDuration, formatTimeOfDay, millisOf } from './quantities.js';

/** Steps of one observer beyond this are thinned: of each slice of time the smallest and the last view stay. */
export const MAX_STEPS = 400;
const MAX_OBSERVERS_WITH_POINTS = 8;
// Lines of equal height would hide each other; they are drawn this far apart, all together less than half a member.
const SPREAD_MEMBERS = 0.4;

/**
 * How many other members each observer's view of the channel held over time, in steps, with the full view as reference and the
 * moment of convergence. Null when nothing tells any view.
 */
export function drawMembershipOverTime(analysis: Analysis, channel: Channel): Chart | null {
  const { matrix, convergedAt, fullViewAt } = channel.membership;
  const seen = matrix.filter((cell) => cell.seen.length > 0);
  if (seen.length === 0) return null;
  const extent = extentOf(analysis, seen.flatMap((cell) => cell.seen.flatMap((s) => [s.from, ...(s.to === null ? [] : [s.to])])).map(millisOf));
  if (extent === null) return null;

  // After that the peers kept another channel of this name.
  const kept: readonly [number, number] = [extent[0], channel.endedAt === undefined ? extent[1] : Math.min(extent[1], millisOf(channel.endedAt))];
  const joins = channel.peers.map((p) => (p.joinedAt === null ? extent[0] : millisOf(p.joinedAt)));
  const styles = stylesOfPeers(analysis);
  const observers = inOrder(
    matrix.map((cell) => cell.observer),
    styles,
  );
  const spacing = Math.min(0.08, SPREAD_MEMBERS / observers.length);
  const datasets: PlainDataset[] = observers.map((observer, index) => {
    const join = channel.peers.find((p) => p.peer === observer)?.joinedAt ?? null;
    const steps = stepsOf(
      matrix.filter((cell) => cell.observer === observer),
      join === null ? extent[0] : millisOf(join),
      kept,
    );
    const offset = (index - (observers.length - 1) / 2) * spacing;
    const style = styles.get(observer) ?? UNKNOWN_STYLE;
    return {
      label: observer,
      data: steps.map((s) => ({ x: s.x, y: s.members + offset, members: s.members })),
      borderColor: style.colour,
      backgroundColor: style.colour,
      borderDash: style.borderDash,
      pointStyle: style.pointStyle,
      pointBorderWidth: isOutline(style.pointStyle) ? 1.5 : 0,
      borderWidth: 2,
      stepped: 'before',
      pointRadius: observers.length > MAX_OBSERVERS_WITH_POINTS ? 0 : 2.5,
    };
  });
  datasets.push({
    label: 'full view: every other peer that joined',
    data: fullViewOf(joins, kept),
    borderColor: COLOURS.reference,
    backgroundColor: COLOURS.reference,
    borderDash: [3, 3],
    pointStyle: 'line',
    borderWidth: 1,
    stepped: 'before',
    pointRadius: 0,
    order: 1,
  });

  const polled = channel.membership.changes.some((change) => change.basis !== 'plaintext');
  const deeds = marksOfDeeds(analysis, channel);
  const title = titleOnChannel('Members in each view', channel);
  const caption = [
    'The observer itself is never in its own view. Lines of equal height are drawn slightly apart.',
    ...(polled
      ? ['Views are printed by a tracker that polls (every 5 s unless configured otherwise): a change happened up to that much earlier.']
      : []),
    ...(deeds.length > 0 ? ['Dashed lines with a word: what the operator did, and noted.'] : []),
  ];
  const most = datasets.flatMap((d) => d.data).reduce((most, point) => Math.max(most, Number(point['members'] ?? point.y)), 1);
  return {
    name: nameOnChannel('membership-over-time', channel),
    title,
    summary: summaryOf(channel, observers, convergedAt, fullViewAt, joins),
    width: WIDTH,
    height: heightOfLegend(datasets.length),
    configuration: {
      type: 'line',
      data: { datasets },
      options: {
        ...frameOf(title, caption, 'right'),
        interaction: { mode: 'nearest', intersect: false },
        scales: {
          x: timeAxisOf(extent),
          y: axisOf('other members in the view', { min: -0.3, max: most + 0.5 }, { precision: 0, includeBounds: false }),
        },
      },
      hooks: {
        ticks: { x: { format: 'time' }, y: { format: 'count' } },
        tooltip: 'view',
        notes: false,
        legend: shortNames(observers),
        marks: [
          ...(convergedAt === null ? [] : [{ at: millisOf(convergedAt), label: `all views full: ${formatTimeOfDay(millisOf(convergedAt))}` }]),
          ...deeds,
        ],
      },
    },
  };
}

interface Step {
  readonly x: number;
  readonly members: number;
}

/** The size of one observer's view from its join on: a step at each change, and one at each end. */
function stepsOf(cells: readonly MatrixCell[], join: number, extent: readonly [number, number]): readonly Step[] {
  const changes: { readonly at: number; readonly by: number }[] = [];
  for (const span of cells.flatMap((cell) => cell.seen)) {
    changes.push({ at: millisOf(span.from), by: 1 });
    if (span.to !== null) changes.push({ at: millisOf(span.to), by: -1 });
  }
  changes.sort((a, b) => a.at - b.at);
  const steps: Step[] = [{ x: Math.min(join, changes[0]?.at ?? join), members: 0 }];
  let members = 0;
  for (const [index, change] of changes.entries()) {
    members += change.by;
    if (changes[index + 1]?.at === change.at) continue;
    if (steps.at(-1)?.x === change.at) steps.pop();
    steps.push({ x: change.at, members });
  }
  return [...thinned(steps, extent), { x: extent[1], members }];
}

function thinned(steps: readonly Step[], extent: readonly [number, number]): readonly Step[] {
  if (steps.length <= MAX_STEPS) return steps;
  const slices = new Map<number, { least: Step; last: Step }>();
  const count = Math.floor(MAX_STEPS / 2);
  for (const step of steps) {
    const slice = Math.min(count - 1, Math.floor(((step.x - extent[0]) / (extent[1] - extent[0])) * count));
    const known = slices.get(slice);
    slices.set(slice, { least: known === undefined || step.members < known.least.members ? step : known.least, last: step });
  }
  return [...slices.values()].flatMap(({ least, last }) => (least === last ? [last] : [least, last]));
}

function fullViewOf(joins: readonly number[], extent: readonly [number, number]): readonly PlainPoint[] {
  const sorted = [...joins].sort((a, b) => a - b);
  const points = sorted.map((at, index) => ({ x: at, y: index }));
  return [...points, { x: extent[1], y: Math.max(0, sorted.length - 1) }];
}

function summaryOf(
  channel: Channel,
  observers: readonly string[],
  convergedAt: string | null,
  fullViewAt: { readonly [observer: string]: string | null },
  joins: readonly number[],
): string {
  if (convergedAt !== null) {
    const at = millisOf(convergedAt);
    const after = joins.length === 0 ? '' : `, ${formatDuration(Math.max(0, at - Math.max(...joins)))} after the last join`;
    return `All ${observers.length} observers saw every other peer at ${formatTimeOfDay(at)} UTC${after}.`;
  }
  const lacking = observers.filter((o) => (fullViewAt[o] ?? null) === null);
  const of = `of ${channel.peers.length} peers`;
  return lacking.length === 0
    ? `Every observer had a full view ${of} at some time, but never all at once.`
    : `${lacking.length} of ${observers.length} observers never saw every other peer ${of}: ${lacking.slice(0, 5).join(', ')}${lacking.length > 5 ? ', …' : ''}.`;
}
