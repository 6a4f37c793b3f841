import type { Analysis, Channel, Leadership, Organization, Term, TermDistance } from '../../analysis/contract.js';
import { onlyBeside, type TermsByBasis, termsByBasis } from '../../charts/leader-terms.js';
import { nearestRank } from '../../charts/quantities.js';
import { cite, cited } from '../evidence-notes.js';
import { channelName, clockOf, countOf, durationText, microsBetween, nodeName, nodeNames, organizationName } from '../format.js';
import { type Html, html, isNothing, join } from '../html.js';
import { table } from '../tables.js';
import { howToRecord, unknownNote } from '../unknown.js';
import type { Section } from './section.js';

const VERDICTS: Readonly<Record<Leadership['verdict'], string>> = {
  'single-leader': 'one leader at the end',
  overlapping: 'several leaders at the end',
  leaderless: 'no leader at the end',
  static: 'static leaders, no election',
  unknown: 'not known',
};

const ENDINGS: Readonly<Record<Term['endedBy'], string>> = {
  renounced: 'it renounced',
  stopped: 'its process stopped',
  'still-leading': 'still leading at the end',
};

const BASES: Readonly<Record<Term['basis'], string>> = { log: 'log', packets: 'packets', plaintext: 'plaintext' };
const BASIS_CLAUSES: Readonly<Record<Term['basis'], string>> = { log: '', packets: ', by packets alone', plaintext: ', by plaintext messages' };

const MAX_TERMS_IN_SUMMARY = 3;

/** One organization's leadership in a clause: `peer0 from 10:35:32.241 to 10:36:12.283 (renounced), then peer1 …`. */
export function leadershipSummary(analysis: Analysis, organization: Organization): Html {
  const clock = clockOf(analysis);
  const { leadership, staticLeaders } = organization;
  const byBasis = termsByBasis(leadership);
  const { leading } = byBasis;
  if (leadership.verdict === 'static' || (leadership.terms.length === 0 && staticLeaders.length > 0)) {
    const leads = staticLeaders.length === 1 ? 'leads' : 'lead';
    return staticLeaders.length === 0
      ? html`set to static, no leader named`
      : html`${nodeNames(staticLeaders)} ${leads} by configuration (no election)`;
  }
  if (leadership.terms.length === 0) return html`<span class="u">unknown</span>; no election in these sources`;
  const terms = leading
    .slice(0, MAX_TERMS_IN_SUMMARY)
    .map((t) => html`${nodeName(t.peer)} from ${clock(t.from)} ${t.to === null ? 'to the end' : html`to ${clock(t.to)} (${t.endedBy})`}`);
  const more = leading.length - terms.length;
  const wired = onlyBeside(byBasis).length;
  const beside = wired === 0 ? '' : `; and ${countOf(wired, 'term')} that only the packets show`;
  const overlap = leadership.overlaps.length > 0 ? html`; <b>several leaders at once</b>` : html``;
  const leaderless = leadership.leaderless.length > 0 ? html`; <b>a time without a leader</b>` : html``;
  return html`${join(terms, '; ')}${more > 0 ? ` and ${countOf(more, 'more term')}` : ''}${BASIS_CLAUSES[leading[0]?.basis ?? 'log']}${beside}${overlap}${leaderless}`;
}

function spanText(analysis: Analysis, from: string, to: string | null): Html {
  const clock = clockOf(analysis);
  const micros = microsBetween(from, to ?? analysis.window.to);
  return html`${clock(from)} to ${to === null ? 'the end of the recording' : clock(to)}${micros === null ? '' : ` (${durationText(micros)})`}`;
}

/** How much later than the log the packets say that a term began and ended: `+120 ms / still leading`. */
function distanceText(d: TermDistance): string {
  const signed = (micros: number): string => (micros > 0 ? `+${durationText(micros)}` : durationText(micros));
  return `${signed(d.fromMicros)} / ${d.toMicros === null ? '–' : signed(d.toMicros)}`;
}

function termRows(analysis: Analysis, terms: readonly Term[], distanceOf: (term: Term) => TermDistance | undefined) {
  const clock = clockOf(analysis);
  return terms.map((t) => {
    const micros = microsBetween(t.from, t.to ?? analysis.window.to);
    const distance = distanceOf(t);
    return {
      cells: [
        nodeName(t.peer),
        cited(clock(t.from), t.evidence),
        t.to === null ? 'end of recording' : cited(clock(t.to), t.evidence),
        micros === null ? '' : { shows: durationText(micros), sortValue: micros },
        ENDINGS[t.endedBy],
        BASES[t.basis],
      ],
      distance: distance === undefined ? html`<span class="u">no such term</span>` : html`${distanceText(distance)}`,
    };
  });
}

const TERM_COLUMNS = [
  { title: 'Leader' },
  { title: 'From' },
  { title: 'To' },
  { title: 'Length', numeric: true },
  { title: 'Ended because' },
  { title: 'Known from' },
] as const;

function termsTable(analysis: Analysis, organization: Organization, { leading, beside }: TermsByBasis): Html {
  const { apart } = organization.leadership;
  const compared = apart !== undefined && (apart.length > 0 || beside.length > 0);
  const rows = termRows(analysis, leading, (t) => apart?.find((d) => d.peer === t.peer && d.from === t.from));
  const main = table({
    caption: html`Terms in ${organizationName(organization)}`,
    noun: 'terms',
    columns: compared ? [...TERM_COLUMNS, { title: 'By the packets it began / ended' }] : TERM_COLUMNS,
    rows: rows.map((r) => (compared ? [...r.cells, r.distance] : r.cells)),
  });
  if (beside.length === 0) return main;
  return html`${main}${table({
    caption: html`The packets alone, beside the ${BASES[leading[0]?.basis ?? 'log']}: terms in ${organizationName(organization)}`,
    noun: 'terms',
    foldRows: 2,
    columns: TERM_COLUMNS,
    rows: termRows(analysis, beside, () => undefined).map((r) => r.cells),
  })}`;
}

/** How far apart logs and packets are, in a sentence; nothing where they tell no term in common. */
function distanceSentence(distances: readonly TermDistance[]): Html | null {
  const [only] = distances;
  if (only === undefined) return null;
  const later = (micros: number): string => `${durationText(Math.abs(micros))} ${micros < 0 ? 'earlier' : 'later'}`;
  if (distances.length === 1) {
    const end = only.toMicros === null ? '' : `, and ended ${later(only.toMicros)}`;
    return html`Log and packets tell one term in common, that of ${nodeName(only.peer)}: by the packets it began ${later(only.fromMicros)}${end}.`;
  }
  const spread = (values: readonly number[]): string => {
    const sorted = values.map(Math.abs).sort((a, b) => a - b);
    return `${durationText(nearestRank(sorted, 0.5) ?? 0)} in the median and ${durationText(sorted.at(-1) ?? 0)} at most`;
  };
  const ends = distances.flatMap((d) => (d.toMicros === null ? [] : [d.toMicros]));
  return html`Log and packets tell ${countOf(distances.length, 'term')} in common; their beginnings are ${spread(distances.map((d) => d.fromMicros))} apart${
    ends.length === 0 ? '' : `, their ends ${spread(ends)}`
  }.`;
}

/** What the packets say beside the logs, and whether they agree. */
function besideStatements(analysis: Analysis, { leadership }: Organization, byBasis: TermsByBasis): readonly Html[] {
  const { leading, beside } = byBasis;
  const [first] = leading;
  if (first === undefined) return [];
  if (first.basis === 'packets') {
    return [
      html`Known from <b>packets alone</b>, as no log of an election was read: a peer leads while an orderer delivers blocks to it or it sends its organization the small periodic
declarations of a leader. Beginnings and ends are therefore good to seconds, not to milliseconds.`,
    ];
  }
  const items: Html[] =
    first.basis === 'plaintext' ? [html`Known from leadership messages that were read in plaintext; no log of an election was read.`] : [];
  const distance = distanceSentence(leadership.apart ?? []);
  if (distance !== null) items.push(distance);
  for (const t of onlyBeside(byBasis)) {
    items.push(
      html`<b>By the packets only:</b> ${nodeName(t.peer)} led, ${spanText(analysis, t.from, t.to)}${cite(t.evidence)}; no log tells of that term.`,
    );
  }
  const silent = leadership.apart === undefined ? [] : leading.filter((t) => !beside.some((b) => b.peer === t.peer));
  const peers = [...new Set(silent.map((t) => t.peer))];
  if (beside.length > 0 && peers.length > 0) items.push(html`The packets show no term of ${nodeNames(peers)}.`);
  return items;
}

function statements(analysis: Analysis, organization: Organization, byBasis: TermsByBasis): Html {
  const clock = clockOf(analysis);
  const { leadership, staticLeaders } = organization;
  const items: Html[] = [...besideStatements(analysis, organization, byBasis)];
  if (staticLeaders.length > 0)
    items.push(
      html`Leaders by configuration: ${nodeNames(staticLeaders)}. Each fetches blocks from the ordering service; there is no election to report.`,
    );
  for (const o of leadership.overlaps) {
    items.push(html`<b>Several leaders at once:</b> ${nodeNames(o.peers)}, ${spanText(analysis, o.from, o.to)}${cite(o.evidence)}.`);
  }
  for (const s of leadership.leaderless) items.push(html`<b>Nobody led:</b> ${spanText(analysis, s.from, s.to)}${cite(s.evidence)}.`);
  if (leadership.terms.length > 0 && leadership.overlaps.length === 0) items.push(html`No two leaders at once.`);
  if (leadership.terms.length > 0 && leadership.leaderless.length === 0) items.push(html`No time without a leader after the first election.`);
  if (leadership.followers.length > 0) {
    const followers = leadership.followers.map((f) => html`${nodeName(f.peer)} at ${cited(clock(f.at), f.evidence)}`);
    items.push(html`Stayed follower because a leader was already there: ${join(followers, ', ')}.`);
  }
  return items.length === 0 ? html`` : html`<ul>${items.map((i) => html`<li>${i}</li>`)}</ul>`;
}

function organizationHtml(analysis: Analysis, channel: Channel, organization: Organization): Html {
  const { leadership } = organization;
  const byBasis = termsByBasis(leadership);
  const missing =
    leadership.terms.length === 0 && leadership.verdict === 'unknown'
      ? unknownNote(
          html`who led ${organizationName(organization)}`,
          'No line of an election was read, nor a configuration that names static leaders.',
          html`${howToRecord.gossipLogs}; and ${howToRecord.inspect}`,
        )
      : html``;
  return html`<h3>${organizationName(organization)} on ${channelName(channel)}</h3>
<p>Verdict: <b>${VERDICTS[leadership.verdict]}</b>. Peers: ${nodeNames(organization.peers)}.</p>
${missing}${statements(analysis, organization, byBasis)}${leadership.terms.length === 0 ? html`` : termsTable(analysis, organization, byBasis)}`;
}

/** Who led each organization on each channel, and when. */
export const leadersSection: Section = {
  id: 'leaders',
  title: 'Leaders',
  render: (analysis, charts) => {
    const parts = analysis.channels.flatMap((c) => c.organizations.map((o) => organizationHtml(analysis, c, o)));
    const intro = html`<p class="s">The leader of an organization fetches blocks from the ordering service and gossips them to the others. This is not Raft's leader, which is under
<a href="#ordering">Ordering</a>.</p>`;
    if (parts.length === 0) {
      return html`${intro}${unknownNote('who led', 'No channel with its peers is in what was read.', html`${howToRecord.logs}; ${howToRecord.gossipLogs}`)}`;
    }
    return html`${intro}${isNothing(charts) ? html`` : charts}${parts}`;
  },
};
