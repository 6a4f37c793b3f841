import { createHash } from 'node:crypto';
import type { Analysis } from '../analysis/contract.js';
import { EvidenceNotes, renderNotes } from './evidence-notes.js';
import { type Drawing, renderFigure } from './figures.js';
import { countOf, daysOf } from './format.js';
import { type Html, html, scriptJson, trusted, writeHtml } from './html.js';
import { blocksSection } from './sections/blocks.js';
import { connectivitySection } from './sections/connectivity.js';
import { disseminationSection } from './sections/dissemination.js';
import { findingsSection } from './sections/findings.js';
import { leadersSection } from './sections/leaders.js';
import { membershipSection } from './sections/membership.js';
import { nodesSection } from './sections/nodes.js';
import { orderingSection } from './sections/ordering.js';
import { renderOverview } from './sections/overview.js';
import type { Section } from './sections/section.js';
import { sourcesSection } from './sections/sources.js';
import { walkthroughSection } from './sections/walkthrough.js';
import { howToRecord, unknownNote } from './unknown.js';

export interface ReportParts {
  /** The text of the style sheet. */
  readonly style: string;
  /** The page's script as one bundle; empty for a page without. */
  readonly script: string;
  readonly charts: readonly Drawing[];
}

/** The sections in their order on the page. */
export const SECTIONS: readonly Section[] = [
  walkthroughSection,
  leadersSection,
  membershipSection,
  blocksSection,
  disseminationSection,
  connectivitySection,
  orderingSection,
  nodesSection,
  findingsSection,
  sourcesSection,
];

// By how a chart's name begins, since it ends in a channel's; the first that fits. A chart that fits none goes to the blocks.
const CHART_PLACES: readonly (readonly [RegExp, Section])[] = [
  [/^(?:leader|election)/, leadersSection],
  [/^(?:member|view)/, membershipSection],
  [/^(?:block|median)-budget/, disseminationSection],
  [/^(?:traffic|connection)/, connectivitySection],
  [/^(?:raft|order)/, orderingSection],
];

/** The section a chart stands in. */
export function sectionOfChart(name: string): Section {
  return CHART_PLACES.find(([pattern]) => pattern.test(name))?.[1] ?? blocksSection;
}

/** `source` as it may stand inside a style or script element: what would end the element is broken, line ends are as a browser reads them. */
export function embeddable(source: string): string {
  return source
    .replace(/\r\n?/g, '\n')
    .replaceAll('\0', '\uFFFD')
    .replace(/<\/(?=style|script)/gi, '<\\/')
    .replace(/<!--/g, '<\\!--');
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

function policyOf(style: string, script: string): string {
  const scripts = script === '' ? "'none'" : hashOf(script);
  return `default-src 'none'; style-src ${hashOf(style)}; script-src ${scripts}; img-src data:; base-uri 'none'; form-action 'none'`;
}

function sectionHtml(section: Section, analysis: Analysis, charts: Html): Html {
  return html`<section id="${section.id}" aria-labelledby="${`${section.id}-title`}"><h2 id="${`${section.id}-title`}">${section.title}</h2>
${section.render(analysis, charts)}</section>
`;
}

/**
 * The report as one HTML document that needs nothing else: the same bytes for the same input, times in UTC, every fact linked to its evidence.
 * Nothing in it runs or loads but the given script and style, whose hashes its Content-Security-Policy names
 * (W3C Content Security Policy Level 3, section 8.3); all text of the analysis is escaped.
 */
export function renderReport(analysis: Analysis, parts: ReportParts): string {
  const style = embeddable(parts.style);
  const script = embeddable(parts.script);
  const figuresOf = (section: Section): Html =>
    html`${parts.charts.map((drawing, index) => (sectionOfChart(drawing.chart.name) === section ? renderFigure(drawing, index) : html``))}`;
  const notes = new EvidenceNotes();
  const head = html`${renderOverview(analysis)}
${SECTIONS.map((section) => sectionHtml(section, analysis, figuresOf(section)))}`;
  const body = writeHtml(head, notes);
  const list = notes.list();
  const appendix =
    list.length === 0
      ? unknownNote('evidence', 'Nothing in this report rests on a line or a frame.', howToRecord.logs)
      : html`<p class="s">${countOf(list.length, 'note')}, each the lines (file:line) and frames (capture, frame number) that a statement above rests on.</p>${renderNotes(list, analysis.excerpts)}`;
  const contents = [...SECTIONS, { id: 'evidence', title: 'Evidence' }].map((s) => html`<li><a href="${`#${s.id}`}">${s.title}</a></li>`);
  const configurations = parts.charts.map(({ chart }) => ({
    title: chart.title,
    summary: chart.summary,
    width: chart.width,
    height: chart.height,
    configuration: chart.configuration,
  }));
  const days = daysOf(analysis);
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="${`${analysis.tool.name} ${analysis.tool.version}`}">
<title>Gossip report${days === null ? '' : `, ${days}`}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<nav aria-label="Contents"><b>Contents</b><ol><li><a href="#overview">Overview</a></li>${contents}</ol></nav>
<main id="main">
${trusted(body)}
<section id="evidence" aria-labelledby="evidence-title"><h2 id="evidence-title">Evidence</h2>
${appendix}</section>
</main>
<footer><p class="s">Made by ${analysis.tool.name} ${analysis.tool.version} from ${countOf(analysis.sources.length, 'source')}.</p></footer>
<script type="application/json" id="charts">${trusted(scriptJson(configurations))}</script>
${script === '' ? html`` : html`<script>${trusted(script)}</script>`}
</body>
</html>
`;
  return writeHtml(page, notes);
}
