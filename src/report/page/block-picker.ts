import { summaryOf } from '../block-words.js';
import { type Html, html, type RenderContext, writeHtml } from '../html.js';
import { type PackedPictures, unpackPicture } from '../packed-pictures.js';
import { renderSenderTree } from '../sender-tree.js';
import { drawSpaceTime, type LinkEvidence } from '../space-time.js';

// All notes of the page are written; nothing here may ask for another.
const NO_NOTES: RenderContext = {
  noteNumber: () => {
    throw new Error('the notes of this page are numbered');
  },
};

/** The diagram and the tree of one block as the report draws them, its arrows and marks linked to the notes of the page. */
function drawingOf(packed: PackedPictures, index: number): string {
  const block = packed.blocks[index];
  if (block === undefined) return '';
  const { picture, noteOf } = unpackPicture(packed, block);
  const link: LinkEvidence = (content, of): Html => {
    const note = noteOf(of);
    return note === 0 ? content : html`<a class="e" href="#e${String(note)}">${content}</a>`;
  };
  const summary = summaryOf(picture);
  const { svg, remarks } = drawSpaceTime(picture, summary, link);
  const figure = html`<figure><div class="diagram" tabindex="0" role="region" aria-label="Space-time diagram">${svg}</div><figcaption>${[summary, ...remarks].join(' ')}</figcaption></figure>`;
  return writeHtml(html`${figure}${renderSenderTree(picture, link)}`, NO_NOTES);
}

function makePicker(place: HTMLElement): void {
  const packed = JSON.parse(place.querySelector('script')?.textContent ?? 'null') as PackedPictures | null;
  if (packed === null || packed.blocks.length === 0) return;
  const label = document.createElement('label');
  const select = document.createElement('select');
  const first = document.createElement('option');
  first.textContent = 'choose a block';
  first.value = '';
  select.append(first);
  packed.blocks.forEach(([number], index) => {
    const option = document.createElement('option');
    option.value = String(index);
    option.textContent = `block ${number}`;
    select.append(option);
  });
  const [back, forth] = [-1, 1].map((step) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = step < 0 ? 'previous' : 'next';
    button.addEventListener('click', () => show(Number(select.value === '' ? -1 : select.value) + step));
    return button;
  }) as [HTMLButtonElement, HTMLButtonElement];
  const drawing = document.createElement('div');
  const show = (index: number): void => {
    if (index < 0 || index >= packed.blocks.length) return;
    select.value = String(index);
    back.disabled = index === 0;
    forth.disabled = index === packed.blocks.length - 1;
    drawing.innerHTML = drawingOf(packed, index);
  };
  select.addEventListener('change', () => {
    if (select.value === '') drawing.replaceChildren();
    else show(Number(select.value));
  });
  back.disabled = true;
  label.append('Draw any block: ', select);
  place.append(label, ' ', back, ' ', forth);
  const left = place.dataset['left'] ?? '';
  if (left !== '') {
    const note = document.createElement('p');
    note.className = 's';
    note.textContent = left;
    place.append(note);
  }
  place.append(drawing);
  place.hidden = false;
}

/** Gives each channel whose blocks the page holds a field to choose one to draw. */
export function offerBlocks(): void {
  for (const place of document.querySelectorAll<HTMLElement>('.picker')) makePicker(place);
}
