import type { Analysis, Sentence } from '../../analysis/contract.js';
import { cite } from '../evidence-notes.js';
import { clockOf, countText } from '../format.js';
import { type Html, html } from '../html.js';
import type { Section } from '../sections/section.js';
import { markNames } from '../sections/walkthrough.js';
import { howToRecord, unknownNote } from '../unknown.js';

const MAX_OPEN_SENTENCES = 40;
const MAX_SENTENCES = 400;

/** Sentences at the very end sum up what holds so far; they are no news. */
function isSummary(analysis: Analysis, sentence: Sentence): boolean {
  return sentence.at !== null && (sentence.at === analysis.window.to || analysis.sources.some((s) => s.kind === 'packets' && s.to === sentence.at));
}

function item(analysis: Analysis, s: Sentence, when: Html): Html {
  const text = s.text.replace(/^To the end of the recording /, 'So far ');
  return html`<li><span class="at">${when}</span><span class="topic ${`topic-${s.topic}`}">${s.topic}</span><span>${markNames(text, s.nodes)}${
    analysis.channels.length > 1 && s.channel !== null && !s.text.includes(s.channel) ? html` <span class="s">(${s.channel})</span>` : html``
  }${cite(s.evidence)}</span></li>
`;
}

/** What happened in sentences, the newest first. */
export const newestStorySection: Section = {
  id: 'walkthrough',
  title: 'What happened, newest first',
  render: (analysis) => {
    const clock = clockOf(analysis);
    const told = analysis.walkthrough;
    if (told.length === 0)
      return unknownNote('what happened', 'Nothing that came in tells of a start, a join, an election or a block.', howToRecord.logs);
    const summaries = told.filter((s) => isSummary(analysis, s));
    const news = told.filter((s) => !isSummary(analysis, s)).reverse();
    const list = (items: readonly Sentence[]): Html =>
      html`<ol class="story">${items.map((s) => item(analysis, s, s.at === null ? html`` : clock(s.at)))}</ol>`;
    const rest = news.slice(MAX_OPEN_SENTENCES, MAX_SENTENCES);
    const left = news.length - MAX_SENTENCES;
    return html`${list(news.slice(0, MAX_OPEN_SENTENCES))}
${rest.length === 0 ? html`` : html`<details class="fold"><summary>${countText(rest.length)} earlier sentences</summary>${list(rest)}</details>`}
${left > 0 ? html`<p class="s">${countText(left)} older sentences are left out here; all are in analysis.json.</p>` : html``}
${summaries.length === 0 ? html`` : html`<details class="fold"><summary>${countText(summaries.length)} statements about all of it so far</summary><ol class="story">${summaries.map((s) => item(analysis, s, html`so far`))}</ol></details>`}`;
  },
};
