const MIN_ROWS_TO_SORT = 3;
const MIN_ROWS_TO_FILTER = 20;

/** Orders two cells: by their values where they have one, else by their texts. */
export function compareCells(a: HTMLTableCellElement | undefined, b: HTMLTableCellElement | undefined): number {
  const [left, right] = [a?.dataset['v'], b?.dataset['v']];
  if (left !== undefined && right !== undefined) return Number(left) - Number(right);
  if (left !== undefined || right !== undefined) return left === undefined ? 1 : -1;
  return (a?.textContent ?? '').localeCompare(b?.textContent ?? '', 'en', { numeric: true });
}

function sortBy(body: HTMLTableSectionElement, column: number, descending: boolean): void {
  const rows = [...body.rows].sort((a, b) => compareCells(a.cells[column], b.cells[column]) * (descending ? -1 : 1));
  body.append(...rows);
}

function makeSortable(table: HTMLTableElement, body: HTMLTableSectionElement): void {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const descending = head.getAttribute('aria-sort') === 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      sortBy(body, column, descending);
    });
  });
}

function makeFilterable(table: HTMLTableElement, body: HTMLTableSectionElement): void {
  const frame = table.parentElement;
  if (frame === null) return;
  const label = document.createElement('label');
  label.className = 'filter';
  const input = document.createElement('input');
  input.type = 'search';
  const count = document.createElement('output');
  const texts = new Map<HTMLTableRowElement, string>();
  label.append('Only rows with ', input, ' ', count);
  input.addEventListener('input', () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of body.rows) {
      const text = texts.get(row) ?? (row.textContent ?? '').toLowerCase();
      texts.set(row, text);
      row.hidden = !text.includes(wanted);
      if (!row.hidden) shown += 1;
    }
    count.textContent = wanted === '' ? '' : `${shown} of ${body.rows.length}`;
  });
  frame.before(label);
}

/** Column heads sort, long tables get a field that filters their rows. */
export function sortAndFilterTables(): void {
  for (const table of document.querySelectorAll('table')) {
    const body = table.tBodies[0];
    if (body === undefined || body.rows.length < MIN_ROWS_TO_SORT) continue;
    makeSortable(table, body);
    if (body.rows.length >= MIN_ROWS_TO_FILTER) makeFilterable(table, body);
  }
}
