import type { Analysis, Channel, Node, Organization, Term, Timestamp } from '../analysis/contract.js';
import type { Chart, PlainDataset, PlainPoint } from './chart.js';
import { axisOf, extentOf, FONT, frameOf, heightOfRows, nameOnChannel, timeAxisOf, titleOnChannel, WIDTH } from './frame.js';
import { onlyBeside, termsByBasis } from './leader-terms.js';
import { COLOURS, compareNames, organizationsOfPeers, paler, stylesOfPeers } from './palette.js';
import { formatDuration, formatTimeOfDay, millisOf } from './quantities.js';

/** Rows beyond this are left out, organizations without any leader last; the caption says so. */
export const MAX_ROWS = 100;
/** Bars of one kind beyond this are left out, latest first; the caption says so. */
export const MAX_BARS = 1000;
const MIN_BAR_PIXELS = 3;
const MAX_ORGANIZATIONS_IN_SUMMARY = 4;
// A frame around the log's bar, so that both can be read.
const TRANSPARENT = '#FFFFFF00';

/**
 * Who led each organization and when: under each organization's own row (two leaders at once, nobody) one row for each of its peers
 * (process running, term, static leadership). Null when the channel shows neither a term nor a static leader.
 */
export function drawLeaderTimeline(analysis: Analysis, channel: Channel): Chart | null {
  const led = channel.organizations.filter((o) => o.leadership.terms.length > 0 || o.staticLeaders.length > 0);
  if (led.length === 0) return null;
  const moments = led.flatMap((o) => o.leadership.terms.flatMap((t) => [t.from, ...(t.to === null ? [] : [t.to])])).map(millisOf);
  const extent = extentOf(analysis, moments);
  if (extent === null) return null;

  const labels = organizationsOfPeers(analysis);
  const ordered = [...channel.organizations].sort(
    (a, b) => Number(led.includes(b)) - Number(led.includes(a)) || compareNames(nameOf(a, labels), nameOf(b, labels)),
  );
  const rows = [
    ...new Set(
      ordered.flatMap((o) => {
        const peers = new Set([...o.peers, ...o.staticLeaders, ...o.leadership.terms.map((t) => t.peer)]);
        return [nameOf(o, labels), ...[...peers].sort(compareNames)];
      }),
    ),
  ];
  const shownRows = rows.slice(0, MAX_ROWS);
  const shown = new Set(shownRows);
  const headings = new Set(ordered.map((o) => nameOf(o, labels)));
  const toBar = barMaker(extent);

  const nodes = new Map(analysis.nodes.map((n) => [n.name, n]));
  const styles = stylesOfPeers(analysis);
  const byBasis = ordered.map((o) => termsByBasis(o.leadership));
  const terms = byBasis.flatMap((b) => b.leading).filter((t) => shown.has(t.peer));
  const beside = byBasis.flatMap((b) => b.beside).filter((t) => shown.has(t.peer));
  const statics = ordered.flatMap((o) => o.staticLeaders).filter((peer) => shown.has(peer));
  const bars = {
    overlaps: ordered.flatMap((o) =>
      o.leadership.overlaps.map((s) =>
        toBar(nameOf(o, labels), s, { note: noteOf(`${s.peers.length} leaders`, s, extent), detail: s.peers.join(', ') }),
      ),
    ),
    leaderless: ordered.flatMap((o) => o.leadership.leaderless.map((s) => toBar(nameOf(o, labels), s, { note: noteOf('no leader', s, extent) }))),
    terms: terms.map((t) => toBar(t.peer, t, { note: noteOf('leader', t, extent), detail: endOf(t) })),
    beside: beside.map((t) => toBar(t.peer, t, { detail: `${BASIS_WORDS[t.basis]}; ${endOf(t)}` })),
    statics: statics.flatMap((peer) => runsOf(nodes.get(peer), extent).map((run) => toBar(peer, run, { note: 'static leader' }))),
    running: shownRows.flatMap((peer) => runsOf(nodes.get(peer), extent).map((run) => toBar(peer, run, {}))),
  };
  const isWired = terms.length > 0 && terms.every((t) => t.basis !== 'log');
  const datasets = [
    datasetOf(
      isWired ? `leader (term ${[...new Set(terms.map((t) => BASIS_WORDS[t.basis]))].join(' and ')})` : 'leader (term by election)',
      bars.terms,
      (row) => styles.get(row)?.colour ?? COLOURS.faint,
      0.72,
    ),
    datasetOf('static leader (by configuration)', bars.statics, (row) => paler(styles.get(row)?.colour ?? COLOURS.faint), 0.72),
    datasetOf('two or more leaders at once', bars.overlaps, () => COLOURS.overlap, 0.72),
    datasetOf('no leader', bars.leaderless, () => COLOURS.leaderless, 0.72),
    datasetOf('process running', bars.running, () => COLOURS.running, 0.3),
    // Last in the legend; only its outline shows, around what is drawn.
    { ...datasetOf('by packets, beside the log', bars.beside, () => TRANSPARENT, 0.92), borderColor: COLOURS.ink, borderWidth: 1.5 },
  ].filter((d) => d.data.length > 0);

  const omitted = [
    ...(rows.length > MAX_ROWS ? [`${rows.length - MAX_ROWS} of ${rows.length} rows are left out.`] : []),
    ...Object.entries(bars).flatMap(([kind, all]) =>
      all.length > MAX_BARS ? [`Only the first ${MAX_BARS} of ${all.length} ${kind} are drawn.`] : [],
    ),
  ];
  const title = titleOnChannel('Organization leaders', channel);
  const caption = [
    'The gossip leader of each organization, which pulls blocks from the ordering service; not the Raft leader. Bars shorter than a few pixels are widened.',
    ...omitted,
  ];
  return {
    name: nameOnChannel('leader-timeline', channel),
    title,
    summary: led
      .slice(0, MAX_ORGANIZATIONS_IN_SUMMARY)
      .map((o) => summaryOf(o, nameOf(o, labels), extent))
      .join('; ')
      .concat('.'),
    width: WIDTH,
    height: heightOfRows(shownRows.length),
    configuration: {
      type: 'bar',
      data: { labels: shownRows, datasets },
      options: {
        ...frameOf(title, caption, 'top'),
        indexAxis: 'y',
        scales: {
          x: timeAxisOf(extent),
          y: axisOf(
            '',
            {},
            { autoSkip: false, crossAlign: 'far', font: shownRows.map((row) => (headings.has(row) ? { ...FONT, weight: 'bold' } : FONT)) },
          ),
        },
      },
      hooks: { ticks: { x: { format: 'time' } }, tooltip: 'span', notes: true, marks: [] },
    },
  };
}

const BASIS_WORDS: Readonly<Record<Term['basis'], string>> = { log: 'by the log', packets: 'by packets', plaintext: 'read in plaintext' };

interface Stretch {
  readonly from: Timestamp;
  readonly to: Timestamp | null;
}

const nameOf = (organization: Organization, labels: ReadonlyMap<string, string>): string =>
  organization.mspId ?? labels.get(organization.peers[0] ?? '') ?? 'unknown organization';

function barMaker(extent: readonly [number, number]) {
  return (row: string, stretch: Stretch, more: { readonly [key: string]: string }): PlainPoint => {
    const to = stretch.to === null ? extent[1] : millisOf(stretch.to);
    return { x: [millisOf(stretch.from), to], y: row, ...(stretch.to === null ? { open: true } : {}), ...more };
  };
}

function datasetOf(label: string, bars: readonly PlainPoint[], colourOf: (row: string) => string, thickness: number): PlainDataset {
  const data = bars.slice(0, MAX_BARS);
  const colours = data.map((bar) => colourOf(String(bar.y)));
  return {
    label,
    data,
    backgroundColor: colours,
    // All kinds share the row instead of standing side by side in it.
    grouped: false,
    barPercentage: thickness,
    categoryPercentage: 1,
    minBarLength: MIN_BAR_PIXELS,
    borderSkipped: false,
  };
}

function durationOf(stretch: Stretch, extent: readonly [number, number]): number {
  return (stretch.to === null ? extent[1] : millisOf(stretch.to)) - millisOf(stretch.from);
}

function noteOf(word: string, stretch: Stretch, extent: readonly [number, number]): string {
  return `${word} ${formatDuration(durationOf(stretch, extent))}`;
}

function endOf(term: Term): string {
  return { renounced: 'ended: renounced', stopped: 'ended: the process stopped', 'still-leading': 'still leading at the end' }[term.endedBy];
}

/** From each start of a process to its next stop or start, else to the end of the recording. */
function runsOf(node: Node | undefined, extent: readonly [number, number]): readonly Stretch[] {
  if (node === undefined) return [];
  return node.starts.map((start, index) => {
    const next = node.starts[index + 1]?.at ?? null;
    const stop = node.stops.find((s) => s.at > start.at && (next === null || s.at <= next))?.at ?? next;
    return { from: start.at, to: stop !== null && millisOf(stop) <= extent[1] ? stop : null };
  });
}

function summaryOf(organization: Organization, name: string, extent: readonly [number, number]): string {
  const { overlaps, leaderless } = organization.leadership;
  const byBasis = termsByBasis(organization.leadership);
  const terms = byBasis.leading;
  if (terms.length === 0)
    return `${name} has ${organization.staticLeaders.length === 1 ? 'the static leader' : 'the static leaders'} ${organization.staticLeaders.join(', ')}`;
  const leaders = [...new Set(terms.map((t) => t.peer))];
  const first = terms[0] as Term;
  const who =
    leaders.length === 1 && terms.length === 1
      ? `${first.peer} led ${name} from ${formatTimeOfDay(millisOf(first.from))} UTC ${first.to === null ? 'to the end' : `to ${formatTimeOfDay(millisOf(first.to))} UTC`}`
      : `${name} had ${terms.length} terms of ${leaders.join(', ')}`;
  const more = onlyBeside(byBasis).length;
  const faults = [
    ...(more > 0 ? [`${more === 1 ? 'one term' : `${more} terms`} that only packets show`] : []),
    ...faultOf('two or more leaders at once', overlaps, extent),
    ...faultOf('no leader', leaderless, extent),
  ];
  return faults.length === 0 ? who : `${who}, with ${faults.join(' and ')}`;
}

function faultOf(what: string, spans: readonly Stretch[], extent: readonly [number, number]): readonly string[] {
  const [only] = spans;
  if (only === undefined) return [];
  if (spans.length === 1) return [`${what} for ${formatDuration(durationOf(only, extent))} from ${formatTimeOfDay(millisOf(only.from))} UTC`];
  return [`${what} ${spans.length} times, for ${formatDuration(Math.max(...spans.map((s) => durationOf(s, extent))))} at most`];
}
