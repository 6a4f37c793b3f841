import type { Analysis, Channel, MembershipChange } from '../../analysis/contract.js';
import { blindSpansOf, observersOf } from '../blindness.js';
import { cited, type Evidence } from '../evidence-notes.js';
import { breakableName, channelName, clockOf, durationText, microsOf, nodeName, nodeNames } from '../format.js';
import { type Html, html, join } from '../html.js';
import { table } from '../tables.js';
import { howToRecord, orUnknown, unknown, unknownNote } from '../unknown.js';
import { channelHeading, type Section } from './section.js';

const MAX_INTERVALS_IN_CELL = 3;

const CHANGE_BASES: Readonly<Record<MembershipChange['basis'], string>> = {
  log: 'log',
  'tracker-phase': 'log; channel told from the tracker’s rhythm',
  plaintext: 'unencrypted packets',
};

const VIAS = { genesis: 'genesis block', snapshot: 'snapshot', reopened: 'already joined, reopened', unknown: 'unknown' } as const;

function peersTable(analysis: Analysis, channel: Channel): Html {
  const clock = clockOf(analysis);
  const full = channel.membership.fullViewAt;
  return table({
    caption: html`Peers on ${channelName(channel)}`,
    noun: 'peers',
    columns: [{ title: 'Peer' }, { title: 'Joined' }, { title: 'By' }, { title: 'Height', numeric: true }, { title: 'Full view at' }],
    rows: channel.peers.map((p) => [
      nodeName(p.peer),
      orUnknown(p.joinedAt, (at) => cited(clock(at), p.evidence)),
      VIAS[p.via],
      p.height === null ? unknown : { shows: cited(p.height, p.evidence), sortValue: p.height },
      Object.hasOwn(full, p.peer) ? (full[p.peer] === null ? html`<b>never</b>` : clock(full[p.peer] as string)) : unknown,
    ]),
  });
}

function matrixTable(analysis: Analysis, channel: Channel): Html {
  const clock = clockOf(analysis);
  const { membership } = channel;
  const observers = observersOf(channel);
  const names = [...new Set([...channel.peers.map((p) => p.peer), ...membership.matrix.flatMap((c) => [c.observer, c.subject])])].sort();
  const cells = new Map(membership.matrix.map((c) => [JSON.stringify([c.observer, c.subject]), c]));
  const evidence = new Map<string, readonly Evidence[]>();
  for (const change of membership.changes) {
    for (const subject of [...change.online, ...change.offline]) evidence.set(JSON.stringify([change.observer, subject, change.at]), change.evidence);
  }
  const moment = (observer: string, subject: string, at: string): Html =>
    cited(clock(at), evidence.get(JSON.stringify([observer, subject, at])) ?? []);
  const cellOf = (observer: string, subject: string) => {
    if (observer === subject) return { shows: html`<span class="u">itself</span>`, className: 'self' };
    if (!observers.has(observer)) return { shows: html`<span class="u">no view</span>`, className: 'unseen' };
    const cell = cells.get(JSON.stringify([observer, subject]));
    if (cell === undefined) return { shows: unknown, className: 'unseen' };
    if (cell.seen.length === 0) {
      return cell.firstSeenAt === null ? { shows: html`<b>never</b>`, className: 'never' } : { shows: moment(observer, subject, cell.firstSeenAt) };
    }
    const shown = cell.seen
      .slice(0, MAX_INTERVALS_IN_CELL)
      .map((i) => html`${moment(observer, subject, i.from)}${i.to === null ? html`` : html` <b>until</b> ${moment(observer, subject, i.to)}`}`);
    const more = cell.seen.length - shown.length;
    const lost = cell.seen.at(-1)?.to !== null;
    return { shows: html`${join(shown, html`<br>`)}${more > 0 ? html`<br>and ${more} more times` : html``}`, className: lost ? 'lost' : 'seen' };
  };
  return table({
    caption: html`Who sees whom on ${channelName(channel)}: from when, and until when if it ended. A row is a peer that looks, a column the peer it sees`,
    noun: 'observers',
    className: 'matrix',
    foldRows: 40,
    columns: [{ title: 'Observer' }, ...names.map((n) => ({ title: breakableName(n) }))],
    rows: names.map((observer) => [nodeName(observer), ...names.map((subject) => cellOf(observer, subject))]),
  });
}

function blindTable(analysis: Analysis, channel: Channel): Html {
  const clock = clockOf(analysis);
  const spans = blindSpansOf(channel, analysis.nodes, analysis.window.to);
  if (spans.length === 0) return html`<p>Every peer whose views were read saw every other from the moment both had joined.</p>`;
  return table({
    caption: html`Who did not see whom, and until when`,
    noun: 'stretches of time',
    columns: [{ title: 'Observer' }, { title: 'Did not see' }, { title: 'From' }, { title: 'Until' }, { title: 'For', numeric: true }],
    rows: spans.map((s) => [
      nodeName(s.observer),
      nodeNames(s.subjects),
      s.from === null
        ? html`${unknown} (a join is not in these sources)`
        : html`${s.since === 'lost' ? cited(clock(s.from), s.evidence) : clock(s.from)}, ${
            { joined: 'both had joined', lost: 'lost from its view', restarted: 'its restart', unknown: '' }[s.since]
          }${s.subjectsStoppedAt === null ? '' : html`, stopped at ${clock(s.subjectsStoppedAt)}`}`,
      s.until === null ? html`<b>not seen by the end</b>` : cited(clock(s.until), s.evidence),
      s.micros === null ? unknown : { shows: `${s.until === null ? '≥ ' : ''}${durationText(s.micros)}`, sortValue: s.micros },
    ]),
  });
}

function changesTable(analysis: Analysis, channel: Channel): Html {
  const clock = clockOf(analysis);
  const changes = [...channel.membership.changes].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return table({
    caption: html`Changes of view`,
    noun: 'changes',
    foldRows: 15,
    columns: [
      { title: 'At' },
      { title: 'Observer' },
      { title: 'Came online' },
      { title: 'Went offline' },
      { title: 'View then', numeric: true },
      { title: 'Known from' },
    ],
    rows: changes.map((c) => [
      { shows: cited(clock(c.at), c.evidence), sortValue: microsOf(c.at) ?? 0 },
      nodeName(c.observer),
      c.online.length === 0 ? '–' : nodeNames(c.online),
      c.offline.length === 0 ? '–' : nodeNames(c.offline),
      c.members === null ? unknown : { shows: html`<span title="${c.members.join(', ')}">${c.members.length}</span>`, sortValue: c.members.length },
      CHANGE_BASES[c.basis],
    ]),
  });
}

function anchorsTable(analysis: Analysis, channel: Channel): Html {
  const clock = clockOf(analysis);
  const rows = channel.organizations.flatMap((o) =>
    o.anchorPeers.map((a) => [
      html`${a.endpoint}`,
      html`${o.mspId ?? unknown}`,
      join(
        Object.entries(a.learnedAt)
          .sort(([, x], [, y]) => (x < y ? -1 : x > y ? 1 : 0))
          .map(([observer, at]) => html`${nodeName(observer)} at ${cited(clock(at), a.evidence)}`),
        ', ',
      ),
    ]),
  );
  if (rows.length === 0) {
    if (!analysis.sources.some((s) => s.kind === 'log'))
      return html`<p>Which anchor peers were learned of is told by logs, of which none was read.</p>`;
    const consequence = channel.organizations.length > 1 ? ' Without anchor peers, organizations as a rule do not learn of each other.' : '';
    return html`<p>No peer is known to have learned of an anchor peer on ${channelName(channel)}.${consequence}</p>`;
  }
  return table({
    caption: 'Anchor peers and who learned of them when',
    noun: 'anchor peers',
    columns: [{ title: 'Anchor peer' }, { title: 'Organization' }, { title: 'Learned by' }],
    rows,
  });
}

function channelHtml(analysis: Analysis, channel: Channel): Html {
  const clock = clockOf(analysis);
  const { membership } = channel;
  const heading = channelHeading(analysis, channelName(channel));
  if (membership.basis === null) {
    return html`${heading}${unknownNote(html`who saw whom on ${channelName(channel)}`, 'No peer’s log prints a membership view.', howToRecord.views)}
${peersTable(analysis, channel)}${anchorsTable(analysis, channel)}`;
  }
  const silent = channel.peers.map((p) => p.peer).filter((p) => !observersOf(channel).has(p));
  const converged =
    membership.convergedAt === null
      ? html`<b>At no moment</b> did every peer see every other.`
      : html`Every peer first saw every other at <b>${clock(membership.convergedAt)}</b>.`;
  return html`${heading}<p>${converged}
${silent.length === 0 ? '' : html`No view of ${nodeNames(silent)} was read: ${silent.length === 1 ? 'it' : 'each'} saw nobody, or its log is missing or hides INFO lines of <code>gossip.channel</code>.`}</p>
${matrixTable(analysis, channel)}${blindTable(analysis, channel)}${peersTable(analysis, channel)}${anchorsTable(analysis, channel)}${changesTable(analysis, channel)}`;
}

function trackerNote(analysis: Analysis): Html {
  const intervals = [
    ...new Set(
      analysis.nodes.flatMap((n) =>
        Object.entries(n.timers)
          .filter(([k]) => k.endsWith('membershiptrackerinterval'))
          .map(([, v]) => v),
      ),
    ),
  ].sort();
  const configured = intervals.length === 0 ? '5 s unless configured otherwise' : `${intervals.join(', ')} as configured here`;
  return html`<p class="s">A peer looks at its own view on a timer (<code>peer.gossip.membershipTrackerInterval</code>, ${configured}) and prints what changed since: a change happened up to
that much <b>earlier</b> than the time given. A view names the other peers, never the observer itself.</p>`;
}

/** Who saw whom, from when and until when. */
export const membershipSection: Section = {
  id: 'membership',
  title: 'Membership',
  render: (analysis, charts) => {
    if (analysis.channels.length === 0)
      return unknownNote('who saw whom', 'No channel is in what was read.', html`${howToRecord.logs}; ${howToRecord.views}`);
    return html`${trackerNote(analysis)}${charts}${analysis.channels.map((c) => channelHtml(analysis, c))}`;
  },
};
