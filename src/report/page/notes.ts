const MARGIN = 8;

function place(box: HTMLElement, anchor: Element): void {
  const rect = anchor.getBoundingClientRect();
  const width = box.offsetWidth;
  const left = Math.max(MARGIN, Math.min(rect.left, document.documentElement.clientWidth - width - MARGIN));
  const below = rect.bottom + MARGIN;
  const fits = below + box.offsetHeight < window.innerHeight;
  const top = fits ? below : Math.max(MARGIN, rect.top - box.offsetHeight - MARGIN);
  box.style.setProperty('left', `${left}px`);
  box.style.setProperty('top', `${top}px`);
}

function fill(box: HTMLElement, note: Element, href: string | null): void {
  if (href === null) {
    box.replaceChildren(...[...note.childNodes].map((child) => child.cloneNode(true)));
    return;
  }
  const jump = document.createElement('a');
  jump.href = href;
  jump.textContent = 'show among all evidence';
  jump.addEventListener('click', () => box.hidePopover());
  const foot = document.createElement('p');
  foot.className = 's';
  foot.append(jump);
  box.replaceChildren(...[...note.childNodes].map((child) => child.cloneNode(true)), foot);
}

/** The note of the document that `href` points at. */
function noteInDocument(href: string): Element | null {
  const note = document.getElementById(href.slice(1));
  return note?.closest('.notes') == null ? null : note;
}

/**
 * Opens a fact's evidence beside it instead of jumping to the note; Escape or a click elsewhere closes it. `fetchNote` gets notes that do not stand in the
 * document: null when there is none.
 */
export function openNotesInPlace(fetchNote?: (href: string) => Promise<Element | null>): void {
  const box = document.createElement('div');
  // Without popovers the links still lead to the notes.
  if (typeof box.showPopover !== 'function') return;
  box.popover = 'auto';
  box.className = 'note';
  box.tabIndex = -1;
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-label', 'Evidence');
  document.body.append(box);
  let opener: HTMLElement | SVGElement | null = null;
  box.addEventListener('toggle', (event) => {
    if ((event as ToggleEvent).newState === 'closed' && box.contains(document.activeElement)) opener?.focus();
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement | SVGAElement>('a.e') : null;
    const href = link?.getAttribute('href') ?? null;
    if (link === null || href === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const note = noteInDocument(href);
    if (note === null && fetchNote === undefined) return;
    event.preventDefault();
    opener = link;
    const open = (found: Element, jumpTo: string | null): void => {
      fill(box, found, jumpTo);
      if (!box.matches(':popover-open')) box.showPopover();
      place(box, link);
      box.focus({ preventScroll: true });
    };
    if (note !== null) open(note, href);
    else void fetchNote?.(href).then((found) => (found === null || opener !== link ? undefined : open(found, null)));
  });
}
