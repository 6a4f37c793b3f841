/**
 * Makes `present` look like `wanted` by changing only what differs, so that focus, selection, scroll positions, open details and drawn charts survive. What the
 * page itself put in stays: elements marked with `data-own`, the content of `.paper`, the `open` of details, a button within a column head.
 */
export function morph(present: Element, wanted: Element): void {
  copyAttributes(present, wanted);
  if (present.classList.contains('paper')) return;
  morphChildren(contentOf(present), wanted);
}

/** Brings the children of `present` into the state of those of `wanted`. */
export function morphChildren(present: Element, wanted: Element): void {
  const own = [...present.childNodes].filter((n) => !isOwn(n));
  const next = [...wanted.childNodes];
  let i = 0;
  for (const node of next) {
    const known = own[i];
    if (known === undefined) {
      present.append(node.cloneNode(true));
    } else if (isAlike(known, node)) {
      i += 1;
      if (known instanceof Element && node instanceof Element) morph(known, node);
      else if (known.nodeValue !== node.nodeValue) known.nodeValue = node.nodeValue;
    } else {
      i += 1;
      present.replaceChild(node.cloneNode(true), known);
    }
  }
  for (const surplus of own.slice(i)) surplus.remove();
}

const isOwn = (node: Node): boolean => node instanceof HTMLElement && node.dataset['own'] !== undefined;

/** A sortable head's words stand in its button. */
function contentOf(element: Element): Element {
  const first = element.firstElementChild;
  return element.tagName === 'TH' && first instanceof HTMLButtonElement ? first : element;
}

function isAlike(a: Node, b: Node): boolean {
  if (a.nodeType !== b.nodeType) return false;
  if (!(a instanceof Element) || !(b instanceof Element)) return true;
  return a.tagName === b.tagName && a.id === b.id && a.getAttribute('data-live-chart') === b.getAttribute('data-live-chart');
}

/** Attributes that the reader's own doing sets. */
const READERS = new Set(['open', 'aria-sort', 'hidden']);

function copyAttributes(present: Element, wanted: Element): void {
  for (const { name, value } of wanted.attributes) if (present.getAttribute(name) !== value && !READERS.has(name)) present.setAttribute(name, value);
  for (const { name } of [...present.attributes]) if (!wanted.hasAttribute(name) && !READERS.has(name)) present.removeAttribute(name);
}
