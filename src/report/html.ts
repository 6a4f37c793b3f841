/** A place where a citation stands: rendered only when the whole document is, because marks are numbered in reading order. */
export interface Deferred {
  readonly deferred: (context: RenderContext) => string;
}

/** What a {@link Deferred} part may ask for while the document is written. */
export interface RenderContext {
  /** The number of the evidence note for this key, allotted on first use; `remember` keeps what the note will show. */
  noteNumber(key: string, remember: () => unknown): number;
}

const brand: unique symbol = Symbol('html');

/** Markup that is safe to write into the document; made by {@link html} or {@link trusted}, never from input. */
export interface Html {
  readonly [brand]: readonly (string | Deferred | Html)[];
}

/** What may stand in a hole of {@link html}. Null is left out on purpose: the unknown is said in words. */
export type Hole = string | number | Html | readonly Hole[];

type Place = 'text' | 'attribute' | 'tag';

const UNSEEN = /\x1b\[[\d;]*[A-Za-z]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const MARKUP = /[&<>"']/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escapeMarkup = (text: string): string => text.replace(MARKUP, (c) => ENTITIES[c] as string);

function pictureOf(unseen: string): string {
  return [...unseen]
    .map((c) => {
      const code = c.codePointAt(0) as number;
      if (code >= 0x20 && code < 0x7f) return c;
      // ASCII, not Unicode's pictures of control characters: many machines have no font for those.
      if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
      return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
    })
    .join('');
}

/** `text` with every control, format, bidirectional and unpaired surrogate character spelled out (\x1b, \u202e); tab and line feed stay. */
export function spellUnseen(text: string): string {
  return text.replace(UNSEEN, (c) => (c === '\n' || c === '\t' ? c : pictureOf(c)));
}

function escapeText(text: string): string {
  let out = '';
  let last = 0;
  for (const match of text.matchAll(UNSEEN)) {
    const unseen = match[0];
    if (unseen === '\n' || unseen === '\t') continue;
    out += `${escapeMarkup(text.slice(last, match.index))}<i class="c">${pictureOf(unseen)}</i>`;
    last = match.index + unseen.length;
  }
  return out + escapeMarkup(last === 0 ? text : text.slice(last));
}

const placesByTemplate = new WeakMap<TemplateStringsArray, readonly Place[]>();

interface Scan {
  readonly inTag: boolean;
  readonly quote: string;
}

function scan({ inTag, quote }: Scan, c: string): Scan {
  if (quote !== '') return { inTag, quote: c === quote ? '' : quote };
  if (!inTag) return { inTag: c === '<', quote };
  return { inTag: c !== '>', quote: c === '"' || c === "'" ? c : '' };
}

function placesOf(strings: TemplateStringsArray): readonly Place[] {
  const known = placesByTemplate.get(strings);
  if (known !== undefined) return known;
  let state: Scan = { inTag: false, quote: '' };
  const places = strings.map((piece): Place => {
    for (const c of piece) state = scan(state, c);
    if (state.quote !== '') return 'attribute';
    return state.inTag ? 'tag' : 'text';
  });
  placesByTemplate.set(strings, places);
  return places;
}

const isHtml = (value: Hole): value is Html => typeof value === 'object' && brand in value;

function fill(value: Hole, place: Place, out: (string | Deferred | Html)[]): void {
  if (typeof value === 'number') out.push(String(value));
  else if (typeof value === 'string') {
    if (place === 'tag') throw new TypeError('a string stands in a tag outside quotes');
    out.push(place === 'text' ? escapeText(value) : escapeMarkup(spellUnseen(value)));
  } else if (isHtml(value)) {
    if (place === 'attribute') throw new TypeError('markup stands in an attribute');
    out.push(value);
  } else for (const item of value) fill(item, place, out);
}

/**
 * Markup from a template. Strings are escaped for the place they stand in (text or quoted attribute) and their unseen characters
 * spelled out; {@link Html} passes. Throws TypeError for a string in a tag outside quotes, or markup in an attribute:
 * mistakes of the template, whatever the input is.
 */
export function html(strings: TemplateStringsArray, ...holes: readonly Hole[]): Html {
  const places = placesOf(strings);
  const parts: (string | Deferred | Html)[] = [strings[0] as string];
  holes.forEach((hole, i) => {
    fill(hole, places[i] as Place, parts);
    parts.push(strings[i + 1] as string);
  });
  return { [brand]: parts };
}

/** `markup` as it is: for the product's own style, script and drawings, never for input. */
export function trusted(markup: string): Html {
  return { [brand]: [markup] };
}

/** Markup decided when the document is written, for what depends on reading order. The result of `write` must be safe. */
export function deferred(write: (context: RenderContext) => string): Html {
  return { [brand]: [{ deferred: write }] };
}

export const nothing: Html = { [brand]: [] };

/** Whether `markup` writes nothing at all. */
export function isNothing(markup: Html): boolean {
  return markup[brand].every((part) => part === '' || (typeof part === 'object' && brand in part && isNothing(part)));
}

/** `items` with `separator` between them. */
export function join(items: readonly Hole[], separator: Hole): Html {
  return html`${items.flatMap((item, i) => (i === 0 ? [item] : [separator, item]))}`;
}

/** The text of `markup`, written once from start to end. */
export function writeHtml(markup: Html, context: RenderContext): string {
  const out: string[] = [];
  const write = (part: string | Deferred | Html): void => {
    if (typeof part === 'string') out.push(part);
    else if ('deferred' in part) out.push(part.deferred(context));
    else for (const inner of part[brand]) write(inner);
  };
  write(markup);
  return out.join('');
}

/** `value` as JSON that is safe inside a script element: `<`, line separators and unseen characters are escaped. */
export function scriptJson(value: unknown): string {
  const escaped = (c: string): string =>
    c
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('');
  return JSON.stringify(value).replace(/<|[\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}
