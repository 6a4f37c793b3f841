import type { Analysis, Finding } from '../analysis/contract.js';
import { deferred, type Hole, type Html, html, type RenderContext, trusted, writeHtml } from './html.js';

export type Evidence = Finding['evidence'][number];

const MAX_TEXTS_PER_NOTE = 12;
const MAX_PLACES_PER_NOTE = 100;
const MAX_TEXT_LENGTH = 1_200;
const NOTES_PER_CHUNK = 250;

const placeOf = (e: Evidence): number => ('line' in e ? e.line : e.frame);
const keyOf = (e: Evidence): string => `${'line' in e ? 'line' : 'frame'} ${placeOf(e)} ${e.source}`;
const byPlace = (a: Evidence, b: Evidence): number => (a.source === b.source ? placeOf(a) - placeOf(b) : a.source < b.source ? -1 : 1);

/** Several lists of evidence as one: in order of source and place, each place once. */
export function mergeEvidence(lists: readonly (readonly Evidence[])[]): readonly Evidence[] {
  const byKey = new Map<string, Evidence>();
  for (const list of lists) for (const e of list) byKey.set(keyOf(e), e);
  return [...byKey.values()].sort(byPlace);
}

/** Collects the evidence notes of one document while it is written: equal sets of places share a note, numbered in reading order. */
export class EvidenceNotes implements RenderContext {
  readonly #numbers = new Map<string, number>();
  readonly #notes: (readonly Evidence[])[] = [];

  noteNumber(key: string, remember: () => unknown): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#notes.push(remember() as readonly Evidence[]);
    this.#numbers.set(key, this.#notes.length);
    return this.#notes.length;
  }

  list(): readonly (readonly Evidence[])[] {
    return this.#notes;
  }
}

function mark(evidence: readonly Evidence[], write: (number: number, context: RenderContext) => string): Html {
  return deferred((context) => write(noteNumberOf(evidence, context), context));
}

/** The number of the note that shows the evidence, for data that refers to it: 0 where there is no evidence. */
export function noteNumberOf(evidence: readonly Evidence[], context: RenderContext): number {
  if (evidence.length === 0) return 0;
  const places = mergeEvidence([evidence]);
  return context.noteNumber(places.map(keyOf).join('\n'), () => places);
}

/** `[17]`, linked to the note that shows the evidence; says so where there is none. */
export function cite(evidence: readonly Evidence[]): Html {
  if (evidence.length === 0) return html``;
  return html`&#8288;${mark(evidence, (n) => `<a class="e m" href="#e${n}" aria-label="evidence ${n}">${n}</a>`)}`;
}

/** `value` itself as the link to the note that shows its evidence; without evidence just `value`. */
export function cited(value: Hole, evidence: readonly Evidence[]): Html {
  const label = html`${value}`;
  if (evidence.length === 0) return label;
  return mark(evidence, (n, context) => `<a class="e" href="#e${n}">${writeHtml(label, context)}</a>`);
}

/** `logs/a.log:412`, or `packets/b.pcap frame 20311`. */
export function placeText(e: Evidence): string {
  return 'line' in e ? `${e.source}:${e.line}` : `${e.source} frame ${e.frame}`;
}

function placeHtml(e: Evidence, excerpts: Analysis['excerpts']): Html {
  const ofSource = Object.hasOwn(excerpts, e.source) ? excerpts[e.source] : undefined;
  const place = String(placeOf(e));
  const text = ofSource !== undefined && Object.hasOwn(ofSource, place) ? ofSource[place] : undefined;
  if (text === undefined) return html`<p><b>${placeText(e)}</b> <span class="u">its text was not kept</span></p>`;
  const cut = text.length > MAX_TEXT_LENGTH ? html`<span class="u"> … ${text.length - MAX_TEXT_LENGTH} more characters</span>` : html``;
  return html`<p><b>${placeText(e)}</b> <code>${text.slice(0, MAX_TEXT_LENGTH)}</code>${cut}</p>`;
}

function noteHtml(places: readonly Evidence[], number: number, excerpts: Analysis['excerpts']): Html {
  const shown = places.slice(0, MAX_TEXTS_PER_NOTE);
  const named = places.slice(MAX_TEXTS_PER_NOTE, MAX_PLACES_PER_NOTE);
  const rest = places.length - shown.length - named.length;
  const others =
    named.length === 0
      ? html``
      : html`<p class="u">and at ${named.map((e) => placeText(e)).join(', ')}${rest > 0 ? `, and ${rest} more places` : ''}</p>`;
  return html`<li id="${`e${number}`}" value="${String(number)}">${shown.map((e) => placeHtml(e, excerpts))}${others}</li>
`;
}

/** Every note of the document with the text of its places, each under its id; in chunks, so that a browser lays out only what is seen. */
export function renderNotes(notes: readonly (readonly Evidence[])[], excerpts: Analysis['excerpts']): Html {
  const chunks: Html[] = [];
  for (let from = 0; from < notes.length; from += NOTES_PER_CHUNK) {
    const items = notes.slice(from, from + NOTES_PER_CHUNK).map((places, i) => noteHtml(places, from + i + 1, excerpts));
    chunks.push(html`<ol class="notes">${trusted('\n')}${items}</ol>`);
  }
  return html`${chunks}`;
}
