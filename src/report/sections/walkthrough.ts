import type { Analysis, Sentence } from '../../analysis/contract.js';
import { cite } from '../evidence-notes.js';
import { clockOf, countText, durationText, microsBetween } from '../format.js';
import { type Html, html } from '../html.js';
import { howToRecord, unknownNote } from '../unknown.js';
import type { Section } from './section.js';

const PAUSE_MICROS = 5_000_000;
const MAX_OPEN_SENTENCES = 120;
const MAX_SENTENCES = 3_000;

/** Node names within the sentence set apart from its words. */
export function markNames(text: string, names: readonly string[]): Html {
  const known = new Set(names);
  return html`${text.split(/([A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9])/).map((word) => (known.has(word) ? html`<span class="n">${word}</span>` : word))}`;
}

interface Group {
  readonly sentences: Sentence[];
  readonly pauseMicros: number | null;
}

function groupsOf(sentences: readonly Sentence[]): readonly Group[] {
  const groups: Group[] = [];
  let last: string | null = null;
  for (const sentence of sentences) {
    const pauseMicros = microsBetween(last, sentence.at);
    const group = groups.at(-1);
    if (group === undefined || (pauseMicros !== null && pauseMicros >= PAUSE_MICROS)) groups.push({ sentences: [sentence], pauseMicros });
    else group.sentences.push(sentence);
    last = sentence.at ?? last;
  }
  return groups;
}

function groupHtml(analysis: Analysis, group: Group): Html {
  const clock = clockOf(analysis);
  const pause = group.pauseMicros === null ? html`` : html`<li class="pause">${durationText(group.pauseMicros)} later</li>`;
  return html`${pause}${group.sentences.map(
    (
      s,
    ) => html`<li><span class="at">${s.at === null ? '' : clock(s.at)}</span><span class="topic ${`topic-${s.topic}`}">${s.topic}</span><span>${markNames(s.text, s.nodes)}${
      analysis.channels.length > 1 && s.channel !== null && !s.text.includes(s.channel) ? html` <span class="s">(${s.channel})</span>` : html``
    }${cite(s.evidence)}</span></li>
`,
  )}`;
}

function storyHtml(analysis: Analysis, sentences: readonly Sentence[]): Html {
  return html`<ol class="story">${groupsOf(sentences).map((g) => groupHtml(analysis, g))}</ol>`;
}

/** What happened, in order, in sentences. */
export const walkthroughSection: Section = {
  id: 'walkthrough',
  title: 'What happened',
  render: (analysis) => {
    const told = analysis.walkthrough;
    if (told.length === 0) {
      return unknownNote('what happened', 'Nothing that was read tells of a start, a join, an election or a block.', howToRecord.logs);
    }
    const rest = told.slice(MAX_OPEN_SENTENCES, MAX_SENTENCES);
    const left = told.length - MAX_SENTENCES;
    return html`${storyHtml(analysis, told.slice(0, MAX_OPEN_SENTENCES))}
${rest.length === 0 ? html`` : html`<details class="fold"><summary>${countText(rest.length)} more sentences</summary>${storyHtml(analysis, rest)}</details>`}
${left > 0 ? html`<p class="s">${countText(left)} later sentences are left out here; all are in analysis.json.</p>` : html``}`;
  },
};
