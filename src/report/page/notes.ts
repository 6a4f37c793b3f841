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

function fill(box: HTMLElement, note: Element, href: string): void {
  const jump = document.createElement('a');
  jump.href = href;
  jump.textContent = 'show among all evidence';
  jump.addEventListener('click', () => box.hidePopover());
  const foot = document.createElement('p');
  foot.className = 's';
  foot.append(jump);
  box.replaceChildren(...[...note.childNodes].map((child) => child.cloneNode(true)), foot);
}

/** Opens a fact's evidence beside it instead of jumping to the note; Escape or a click elsewhere closes it. */
export function openNotesInPlace(): void {
  const box = document.createElement('div');
  // Without popovers the links still lead to the notes.
  if (typeof box.showPopover !== 'function') return;
  box.popover = 'auto';
  box.className = 'note';
  box.tabIndex = -1;
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-label', 'Evidence');
  document.body.append(box);
  let opener: HTMLElement | null = null;
  box.addEventListener('toggle', (event) => {
    if ((event as ToggleEvent).newState === 'closed' && box.contains(document.activeElement)) opener?.focus();
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a.e') : null;
    const href = link?.getAttribute('href') ?? null;
    if (link === null || href === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const note = document.getElementById(href.slice(1));
    if (note === null || !note.closest('.notes')) return;
    event.preventDefault();
    opener = link;
    fill(box, note, href);
    if (!box.matches(':popover-open')) box.showPopover();
    place(box, link);
    box.focus({ preventScroll: true });
  });
}
