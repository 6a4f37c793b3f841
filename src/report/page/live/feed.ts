import { type LiveEntry, MAX_FEED_ENTRIES } from '../../live/messages.js';

const DAY_LENGTH = 10;

/** The list of events: newest first by their own time, each once, bounded. */
export class LiveFeed {
  readonly #list: HTMLElement;
  readonly #filter: HTMLInputElement;
  readonly #count: HTMLElement;
  /** In the order of the list. */
  #items: { readonly entry: LiveEntry; readonly item: HTMLElement }[] = [];
  readonly #shown = new Set<number>();

  constructor(list: HTMLElement, filter: HTMLInputElement, count: HTMLElement) {
    this.#list = list;
    this.#filter = filter;
    this.#count = count;
    filter.addEventListener('input', () => this.#applyFilter());
  }

  /** Forgets all and shows `entries`. */
  reset(entries: readonly LiveEntry[]): void {
    this.#items = [];
    this.#shown.clear();
    this.#list.replaceChildren();
    this.add(entries);
  }

  /** Adds those of `entries` that are not shown yet. */
  add(entries: readonly LiveEntry[]): void {
    for (const entry of entries) {
      if (this.#shown.has(entry.id)) continue;
      const at = this.#placeOf(entry);
      if (at >= MAX_FEED_ENTRIES) continue;
      const item = itemOf(entry);
      item.hidden = !this.#fits(item);
      this.#list.insertBefore(item, this.#items[at]?.item ?? null);
      this.#items.splice(at, 0, { entry, item });
      this.#shown.add(entry.id);
      if (this.#items.length > MAX_FEED_ENTRIES) {
        const last = this.#items.pop();
        last?.item.remove();
        if (last !== undefined) this.#shown.delete(last.entry.id);
      }
    }
    this.#tellCount();
  }

  /** Entries come mostly in order of time, so the place is near the top. */
  #placeOf(entry: LiveEntry): number {
    const at = this.#items.findIndex(({ entry: e }) => e.at < entry.at || (e.at === entry.at && e.id < entry.id));
    return at < 0 ? this.#items.length : at;
  }

  #fits(item: HTMLElement): boolean {
    const wanted = this.#filter.value.trim().toLowerCase();
    return wanted === '' || (item.textContent ?? '').toLowerCase().includes(wanted);
  }

  #applyFilter(): void {
    for (const { item } of this.#items) item.hidden = !this.#fits(item);
    this.#tellCount();
  }

  #tellCount(): void {
    const all = this.#items.length;
    const shown = this.#filter.value.trim() === '' ? all : this.#items.filter(({ item }) => !item.hidden).length;
    const kept = all >= MAX_FEED_ENTRIES ? `the newest ${all}` : String(all);
    this.#count.textContent = shown === all ? kept : `${shown} of ${kept}`;
    this.#count.title = all >= MAX_FEED_ENTRIES ? 'older ones are in the recording, not on this page' : '';
  }
}

function itemOf(entry: LiveEntry): HTMLElement {
  const item = document.createElement('li');
  item.dataset['id'] = String(entry.id);
  if (entry.place !== null) item.title = entry.place;
  const time = document.createElement('time');
  time.dateTime = entry.at;
  time.title = entry.at.slice(0, DAY_LENGTH);
  time.textContent = entry.at.slice(11, 23);
  time.className = 'at';
  const topic = document.createElement('span');
  topic.className = `topic topic-${entry.topic}`;
  topic.textContent = entry.topic;
  const words = document.createElement('span');
  words.className = 'w';
  if (entry.node !== null) {
    const node = document.createElement('span');
    node.className = 'n';
    node.textContent = entry.node;
    words.append(node, ' ');
  }
  words.append(entry.words);
  item.append(time, topic, words);
  return item;
}
