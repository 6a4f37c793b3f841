import { countText } from './format.js';
import { type Hole, type Html, html } from './html.js';

/** A cell: what it shows and, for numbers, the value it is sorted by. */
export interface Cell {
  readonly shows: Hole;
  readonly sortValue?: number;
  readonly className?: string;
}

export interface Column {
  readonly title: Hole;
  readonly numeric?: boolean;
}

export interface TableOptions {
  readonly caption: Hole;
  readonly columns: readonly Column[];
  /** The first cell of a row is its header. */
  readonly rows: readonly (readonly (Cell | Hole)[])[];
  /** Plural of what a row is, for the sentence about rows left out. */
  readonly noun: string;
  /** Rows from which on the table is folded away; {@link FOLD_ROWS} unless told. */
  readonly foldRows?: number;
  readonly className?: string;
  /** Rows shown at most; {@link MAX_TABLE_ROWS} unless told. */
  readonly limit?: number;
  /** Said with the table when `rows` is already a selection. */
  readonly selection?: Hole;
}

const FOLD_ROWS = 25;
/** Rows a table shows at most; more are counted in words. */
export const MAX_TABLE_ROWS = 1_000;

const isCell = (value: Cell | Hole): value is Cell => typeof value === 'object' && 'shows' in value;

function cellHtml(value: Cell | Hole, index: number, numeric: boolean): Html {
  const cell: Cell = isCell(value) ? value : { shows: value };
  const classes = [numeric ? 'r' : '', cell.className ?? ''].filter((c) => c !== '').join(' ');
  const attributes = html`${classes === '' ? html`` : html` class="${classes}"`}${cell.sortValue === undefined ? html`` : html` data-v="${String(cell.sortValue)}"`}`;
  if (index === 0) return html`<th scope="row"${attributes}>${cell.shows}</th>`;
  return html`<td${attributes}>${cell.shows}</td>`;
}

/** A table in a frame that scrolls sideways. Long ones are folded; what exceeds the limit is counted in words, never dropped silently. */
export function table(options: TableOptions): Html {
  const { columns, rows, noun } = options;
  const shown = rows.slice(0, options.limit ?? MAX_TABLE_ROWS);
  const heads = columns.map((c) => html`<th scope="col"${c.numeric === true ? html` class="r"` : html``}>${c.title}</th>`);
  const body = shown.map(
    (row) =>
      html`<tr>${row.map((cell, i) => cellHtml(cell, i, columns[i]?.numeric === true))}</tr>
`,
  );
  const left = rows.length - shown.length;
  const notes = [
    options.selection === undefined ? html`` : html`<p class="s">${options.selection}</p>`,
    left > 0
      ? html`<p class="s">The first ${countText(shown.length)} of ${countText(rows.length)} ${noun} are shown; all are in analysis.json.</p>`
      : html``,
  ];
  const folded = rows.length >= (options.foldRows ?? FOLD_ROWS);
  const caption = folded ? html`<caption class="hidden">${options.caption}</caption>` : html`<caption>${options.caption}</caption>`;
  const framed = html`<div class="t" tabindex="0" role="region" aria-label="${`Table of ${noun}`}"><table class="${options.className ?? 'plain'}">${caption}<thead><tr>${heads}</tr></thead><tbody>
${body}</tbody></table></div>`;
  if (!folded) return html`${framed}${notes}`;
  return html`<details class="fold"><summary>${options.caption} <span class="s">– ${countText(rows.length)} ${noun}</span></summary>${notes}${framed}</details>`;
}
