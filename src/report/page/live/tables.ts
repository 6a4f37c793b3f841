import { compareCells } from '../tables.js';

const MIN_ROWS_TO_SORT = 3;

/** What the reader chose for a table. */
interface Sorting {
  readonly column: number;
  readonly descending: boolean;
}

const sortings = new WeakMap<HTMLTableElement, Sorting>();
/** Rows in the order the server sent them. */
const orders = new WeakMap<HTMLTableSectionElement, HTMLTableRowElement[]>();

/** Puts the rows of sorted tables within `root` back into the server's order, so that they can be compared with what it sends next. */
export function restoreRowOrder(root: Element): void {
  for (const body of root.querySelectorAll('tbody')) {
    const order = orders.get(body);
    if (order !== undefined && sortings.has(body.parentElement as HTMLTableElement)) body.append(...order.filter((row) => row.parentNode === body));
  }
}

/** Makes the heads of all tables within `root` buttons that sort, and sorts those anew that the reader had sorted. */
export function keepTablesSorted(root: Element): void {
  for (const table of root.querySelectorAll('table')) {
    const body = table.tBodies[0];
    if (body === undefined || body.rows.length < MIN_ROWS_TO_SORT) continue;
    orders.set(body, [...body.rows]);
    const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
    for (const [column, head] of heads.entries()) if (!(head.firstElementChild instanceof HTMLButtonElement)) addButton(table, head, column);
    applySorting(table, body, heads);
  }
}

function addButton(table: HTMLTableElement, head: HTMLTableCellElement, column: number): void {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener('click', () => {
    const known = sortings.get(table);
    sortings.set(table, { column, descending: known?.column === column && !known.descending });
    const body = table.tBodies[0];
    if (body !== undefined) applySorting(table, body, [...(table.tHead?.rows[0]?.cells ?? [])]);
  });
}

function applySorting(table: HTMLTableElement, body: HTMLTableSectionElement, heads: readonly HTMLTableCellElement[]): void {
  const sorting = sortings.get(table);
  for (const [column, head] of heads.entries()) {
    if (sorting?.column === column) head.setAttribute('aria-sort', sorting.descending ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  }
  if (sorting === undefined) return;
  const { column, descending } = sorting;
  const sorted = [...(orders.get(body) ?? body.rows)].sort((a, b) => compareCells(a.cells[column], b.cells[column]) * (descending ? -1 : 1));
  if (sorted.some((row, i) => body.rows[i] !== row)) body.append(...sorted);
}
