import type { Analysis } from '../../analysis/contract.js';
import type { Chart } from '../../charts/chart.js';
import { SECTIONS, sectionOfChart } from '../document.js';
import { type Evidence, renderNotes } from '../evidence-notes.js';
import { type Html, html, type RenderContext, writeHtml } from '../html.js';
import { verdictOf } from '../sections/overview.js';
import type { Section } from '../sections/section.js';
import type { LiveChart, LiveSection } from './messages.js';
import { presentSection } from './present-section.js';
import { newestStorySection } from './story-section.js';

/** Blocks of a channel whose details the tables show; the charts show all that are kept. */
const MAX_BLOCKS_IN_TABLES = 30;

/** The verdict of this moment. */
const verdictSection: Section = {
  id: 'verdict',
  title: 'Verdict',
  render: (analysis) => {
    const { tone, text } = verdictOf(analysis);
    const word = { fault: 'Fault', warning: 'Warning', look: 'Look', clear: 'Clear', open: 'Undecided' }[tone];
    return html`<p class="verdict ${tone}"><b class="tag">${word}</b> ${text} <a href="#findings">Findings</a></p>`;
  },
};

/** The sections of the live page in their order: the report's own, what happened with the newest first, and the present before all. */
export const LIVE_SECTIONS: readonly Section[] = [
  verdictSection,
  presentSection,
  newestStorySection,
  ...SECTIONS.filter((s) => s.id !== 'walkthrough'),
];

/**
 * Numbers of evidence notes that stay the same from picture to picture, so that a section whose facts are unchanged is written in the same bytes.
 * Holds at most {@link MAX_NOTES}; beyond that all are numbered anew.
 */
export class StandingNotes implements RenderContext {
  readonly #numbers = new Map<string, number>();
  readonly #notes = new Map<number, readonly Evidence[]>();
  #last = 0;

  noteNumber(key: string, remember: () => unknown): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#numbers.size >= MAX_NOTES) {
      this.#numbers.clear();
      this.#notes.clear();
    }
    this.#last += 1;
    this.#numbers.set(key, this.#last);
    this.#notes.set(this.#last, remember() as readonly Evidence[]);
    return this.#last;
  }

  placesOf(number: number): readonly Evidence[] | null {
    return this.#notes.get(number) ?? null;
  }
}

const MAX_NOTES = 50_000;

/** The note `number` as markup of a list with one item, or null when there is none. */
export function renderNote(notes: StandingNotes, number: number, excerpts: Analysis['excerpts']): string | null {
  const places = notes.placesOf(number);
  return places === null ? null : writeHtml(renderNotes([places], excerpts), notes);
}

/** Where a chart comes to stand: the page draws it there and keeps it from picture to picture. */
function placeOfChart(chart: Chart): Html {
  return html`<figure class="chart live" data-live-chart="${chart.name}"><div class="paper" role="img" aria-label="${chart.summary}"></div><figcaption>${chart.summary}</figcaption></figure>`;
}

/** Everything the page shows of one analysis: each section's markup and each chart's configuration. */
export function drawPicture(
  analysis: Analysis,
  charts: readonly Chart[],
  notes: StandingNotes,
): { readonly sections: readonly LiveSection[]; readonly charts: readonly LiveChart[] } {
  const newest = { ...analysis, channels: analysis.channels.map((c) => ({ ...c, blocks: c.blocks.slice(-MAX_BLOCKS_IN_TABLES) })) };
  const figures = (section: Section): Html => html`${charts.filter((c) => sectionOfChart(c.name) === section).map(placeOfChart)}`;
  const more = analysis.channels.some((c) => c.blocks.length > MAX_BLOCKS_IN_TABLES);
  const selection = html`<p class="s">The tables hold the newest ${MAX_BLOCKS_IN_TABLES} blocks of each channel; <a href="report.html">the report of this moment</a> has all that are kept.</p>`;
  return {
    sections: LIVE_SECTIONS.map((section) => ({
      id: section.id,
      html: writeHtml(html`${section.id === 'blocks' && more ? selection : html``}${section.render(newest, figures(section))}`, notes),
    })),
    charts: charts.map(({ name, width, height, configuration }) => ({ name, width, height, configuration })),
  };
}
