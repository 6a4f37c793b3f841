import type { Analysis, RecordingRecord, Source } from '../../analysis/contract.js';
import { cite, cited } from '../evidence-notes.js';
import { clockOf, countText, nodeName } from '../format.js';
import { type Html, html } from '../html.js';
import { type Cell, table } from '../tables.js';
import { howToRecord, unknown, unknownNote } from '../unknown.js';
import type { Section } from './section.js';

const count = (n: number): Cell => ({ shows: countText(n), sortValue: n });

function packetCell(source: Source, value: number | null | undefined): Cell | Html {
  if (source.kind !== 'packets') return html`–`;
  return value === null || value === undefined ? unknown : { shows: value > 0 ? html`<b>${countText(value)}</b>` : '0', sortValue: value };
}

function sourcesTable(analysis: Analysis): Html {
  const clock = clockOf(analysis);
  const numeric = (title: string) => ({ title, numeric: true });
  const packets = analysis.sources.some((s) => s.kind === 'packets');
  return table({
    caption: 'What was read',
    noun: 'sources',
    foldRows: 60,
    columns: [
      { title: 'Source' },
      { title: 'Kind' },
      { title: 'Format' },
      { title: 'Node' },
      numeric('Records'),
      numeric('Unreadable'),
      { title: 'From' },
      { title: 'To' },
      ...(packets ? [numeric('Packets dropped'), numeric('Packets cut short')] : []),
    ],
    rows: analysis.sources.map((s) => [
      html`<span class="n">${s.path}</span>`,
      s.kind === 'unreadable' ? html`<b>unreadable</b>` : s.kind,
      s.format,
      s.node === null ? html`–` : nodeName(s.node),
      count(s.records),
      s.unreadable > 0 ? { shows: html`<b>${countText(s.unreadable)}</b>`, sortValue: s.unreadable } : count(0),
      s.from === null ? html`–` : clock(s.from),
      s.to === null ? html`–` : clock(s.to),
      ...(packets ? [packetCell(s, s.packetsDropped), packetCell(s, s.packetsTruncated)] : []),
    ]),
  });
}

function odditiesHtml(analysis: Analysis): Html {
  if (analysis.oddities.length === 0) return html`<p>Everything in these sources was understood or is known to say nothing about gossip.</p>`;
  return table({
    caption: 'Oddities: what could not be read or does not fit, counted',
    noun: 'oddities',
    columns: [{ title: 'Oddity' }, { title: 'Times', numeric: true }, { title: 'An example' }],
    rows: analysis.oddities.map((o) => [
      o.kind,
      { shows: countText(o.count), sortValue: o.count },
      html`<code>${o.example}</code>${cite(o.evidence)}`,
    ]),
  });
}

const DROPPED_HINT = html`capture with a larger kernel buffer, such as <code>tcpdump -B 65536</code>`;

/** What the recordings say of themselves: cut off, gaps, what could not be recorded and how to get it. */
function recordingsHtml(analysis: Analysis): Html {
  const recordings = analysis.recordings ?? [];
  const clock = clockOf(analysis);
  const many = recordings.length > 1;
  const nameOf = (r: RecordingRecord): Html => (many ? html`<span class="n">${r.path}</span>: ` : html``);
  const cutOff = recordings.filter((r) => r.state === 'cut-off');
  const missing = recordings.flatMap((r) => r.missing.map((m) => ({ r, m })));
  const gaps = [
    ...analysis.sources.flatMap((s) => (s.gaps ?? []).map((g) => ({ source: s.path, from: g.from, to: g.to, why: g.why, evidence: [] }))),
    ...recordings.flatMap((r) => r.gaps),
  ];
  const dropped = analysis.sources.filter((s) => (s.packetsDropped ?? 0) > 0);
  return html`${cutOff.map(
    (r) =>
      html`<p>${nameOf(r)}<b>The recorder was cut off</b> (or is still at work): the recording ends without its last inspect${cite(r.evidence)}.</p>`,
  )}${missing.map(({ r, m }) =>
    unknownNote(
      html`${nameOf(r)}${m.what}`,
      html`${m.why.replace(/\.$/, '')}${cite(m.evidence)}.`,
      m.hint === '' ? html`<code>gossipscope doctor</code> says what is possible here` : m.hint,
    ),
  )}${dropped.length === 0 ? html`` : unknownNote(html`every packet: ${countText(dropped.reduce((sum, s) => sum + (s.packetsDropped ?? 0), 0))} were dropped before tcpdump could write them`, html`What the packets show is incomplete.`, DROPPED_HINT)}${
    gaps.length === 0
      ? html``
      : table({
          caption: 'Gaps: stretches that this recording may not hold',
          noun: 'gaps',
          columns: [{ title: 'Source' }, { title: 'From' }, { title: 'To' }, { title: 'Why' }],
          rows: gaps.map((g) => [
            html`<span class="n">${g.source}</span>`,
            g.from === null ? unknown : clock(g.from),
            g.to === null ? unknown : clock(g.to),
            html`${g.why}${cite(g.evidence)}`,
          ]),
        })
  }`;
}

function unplacedHtml(analysis: Analysis): Html {
  const clock = clockOf(analysis);
  if (analysis.unplaced.length === 0) return html``;
  return html`<p>Fabric 1.4 prints membership views without their channel. These could be of any channel that their peer is in:</p>${table({
    caption: 'Views that no channel can claim',
    noun: 'views',
    columns: [{ title: 'At' }, { title: 'Observer' }, { title: 'Text' }],
    rows: analysis.unplaced.map((u) => [cited(clock(u.at), u.evidence), nodeName(u.observer), html`<code>${u.text}</code>`]),
  })}`;
}

/** What was read, how well, and what of it could not be understood or placed. */
export const sourcesSection: Section = {
  id: 'sources',
  title: 'What was read',
  render: (analysis) =>
    html`${analysis.sources.length === 0 ? unknownNote('any source', 'Nothing was read.', howToRecord.logs) : sourcesTable(analysis)}${recordingsHtml(analysis)}
<h3>What could not be read or placed</h3>${odditiesHtml(analysis)}${unplacedHtml(analysis)}`,
};
