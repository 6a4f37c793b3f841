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

/** What changes with every count and is read rarely: drawn less often than the rest. */
export const SLOW_SECTIONS: ReadonlySet<string> = new Set(['connectivity', 'ordering', 'nodes', 'findings', 'sources']);

/** The report speaks of a recording that has ended; while it goes on, its end is the present. Longer wordings first. */
const PRESENT_WORDINGS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:until|to) the end of the recording\b/g, 'until now'],
  [/\bthe end of the recording\b/g, 'now'],
  [/\bnot seen by the end\b/g, 'not seen until now'],
  [/\b(?:until|to) the end\b/g, 'until now'],
  [/\bNot in these sources:/g, 'Not yet:'],
];

/** How to save what is being saved already. */
const NEEDLESS_ADVICE = /<span class="how">[\s\S]*?<\/span>/g;

/** `markup` with the end of the recording called now, only in its text, never in tags; and without advice to record what is recorded. */
function sayNow(markup: string): string {
  return markup.replace(NEEDLESS_ADVICE, (advice) => (/<code>docker (?:logs|inspect) /.test(advice) ? '' : advice)).replace(/>[^<]+/g, presently);
}

const presently = (text: string): string => PRESENT_WORDINGS.reduce((said, [wording, now]) => said.replace(wording, now), text);

/**
 * The markup of the sections that `isWanted` (by id). `charts` are those whose places stand in them. With `isOver`, the recording has ended and is spoken of
 * so.
 */
export function drawSections(
  analysis: Analysis,
  charts: readonly Chart[],
  notes: StandingNotes,
  options: { readonly isWanted: (id: string) => boolean; readonly isOver: boolean },
): readonly LiveSection[] {
  const newest = { ...analysis, channels: analysis.channels.map((c) => ({ ...c, blocks: c.blocks.slice(-MAX_BLOCKS_IN_TABLES) })) };
  const shown = options.isOver ? charts : charts.map((c) => ({ ...c, summary: presently(c.summary) }));
  const figures = (section: Section): Html => html`${shown.filter((c) => sectionOfChart(c.name) === section).map(placeOfChart)}`;
  const more = analysis.channels.some((c) => c.blocks.length > MAX_BLOCKS_IN_TABLES);
  const selection = html`<p class="s">The tables hold the newest ${MAX_BLOCKS_IN_TABLES} blocks of each channel; <a href="report.html">the report of this moment</a> has all that are kept.</p>`;
  return LIVE_SECTIONS.filter((s) => options.isWanted(s.id)).map((section) => {
    const markup = writeHtml(html`${section.id === 'blocks' && more ? selection : html``}${section.render(newest, figures(section))}`, notes);
    return { id: section.id, html: options.isOver ? markup : sayNow(markup) };
  });
}

/** A chart as the page gets it. */
export function liveChartOf({ name, width, height, configuration }: Chart): LiveChart {
  return { name, width, height, configuration };
}
