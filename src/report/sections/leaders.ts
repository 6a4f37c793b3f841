import type { Analysis, Channel, Leadership, Organization, Term } from '../../analysis/contract.js';
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

const MAX_TERMS_IN_SUMMARY = 3;

/** One organization's leadership in a clause: `peer0 from 10:35:32.241 to 10:36:12.283 (renounced), then peer1 …`. */
export function leadershipSummary(analysis: Analysis, organization: Organization): Html {
  const clock = clockOf(analysis);
  const { leadership, staticLeaders } = organization;
  if (leadership.verdict === 'static' || (leadership.terms.length === 0 && staticLeaders.length > 0)) {
    const leads = staticLeaders.length === 1 ? 'leads' : 'lead';
    return staticLeaders.length === 0
      ? html`set to static, no leader named`
      : html`${nodeNames(staticLeaders)} ${leads} by configuration (no election)`;
  }
  if (leadership.terms.length === 0) return html`<span class="u">unknown</span>; no election in these sources`;
  const terms = leadership.terms
    .slice(0, MAX_TERMS_IN_SUMMARY)
    .map((t) => html`${nodeName(t.peer)} from ${clock(t.from)} ${t.to === null ? 'to the end' : html`to ${clock(t.to)} (${t.endedBy})`}`);
  const more = leadership.terms.length - terms.length;
  const overlap = leadership.overlaps.length > 0 ? html`; <b>several leaders at once</b>` : html``;
  const leaderless = leadership.leaderless.length > 0 ? html`; <b>a time without a leader</b>` : html``;
  return html`${join(terms, '; ')}${more > 0 ? ` and ${countOf(more, 'more term')}` : ''}${overlap}${leaderless}`;
}

function spanText(analysis: Analysis, from: string, to: string | null): Html {
  const clock = clockOf(analysis);
  const micros = microsBetween(from, to ?? analysis.window.to);
  return html`${clock(from)} to ${to === null ? 'the end of the recording' : clock(to)}${micros === null ? '' : ` (${durationText(micros)})`}`;
}

function termsTable(analysis: Analysis, organization: Organization): Html {
  const clock = clockOf(analysis);
  return table({
    caption: html`Terms in ${organizationName(organization)}`,
    noun: 'terms',
    columns: [
      { title: 'Leader' },
      { title: 'From' },
      { title: 'To' },
      { title: 'Length', numeric: true },
      { title: 'Ended because' },
      { title: 'Known from' },
    ],
    rows: organization.leadership.terms.map((t) => {
      const micros = microsBetween(t.from, t.to ?? analysis.window.to);
      return [
        nodeName(t.peer),
        cited(clock(t.from), t.evidence),
        t.to === null ? 'end of recording' : cited(clock(t.to), t.evidence),
        micros === null ? '' : { shows: durationText(micros), sortValue: micros },
        ENDINGS[t.endedBy],
        t.basis,
      ];
    }),
  });
}

function statements(analysis: Analysis, organization: Organization): Html {
  const clock = clockOf(analysis);
  const { leadership, staticLeaders } = organization;
  const items: Html[] = [];
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
${missing}${statements(analysis, organization)}${leadership.terms.length === 0 ? html`` : termsTable(analysis, organization)}`;
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
