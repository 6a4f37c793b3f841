/** A string in a JSON document: the keys that lead to it (an index for each list), and whether it is itself a key. */
export interface JsonString {
  readonly path: readonly (string | number)[];
  readonly isKey: boolean;
  /** As it stands between its quotes, escapes and all. */
  readonly escaped: string;
}

const MAX_DEPTH = 64;

/**
 * The JSON document `text` with its strings replaced by what `replace` returns for each (escaped as JSON wants it), and everything between them, line feeds
 * too, as it was. Null when it is no JSON document, or nested deeper than any that is read here.
 */
export function rewriteJsonStrings(text: string, replace: (string: JsonString) => string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const place = new Place();
  let result = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at] as string;
    if (c !== '"') {
      if (!place.enter(c)) return null;
      continue;
    }
    const end = endOfString(text, at);
    const escaped = text.slice(at + 1, end);
    result += text.slice(from, at + 1) + replace(place.takeString(escaped));
    from = end;
    at = end;
  }
  return result + text.slice(from);
}

/** Where in a document one is; the document is known to be JSON. */
class Place {
  readonly #path: (string | number)[] = [];
  readonly #lists: boolean[] = [];
  #expectsKey = false;

  /** Goes past a character outside strings. False where that leads deeper than is followed. */
  enter(c: string): boolean {
    if (c === '{' || c === '[') {
      if (this.#lists.length >= MAX_DEPTH) return false;
      this.#lists.push(c === '[');
      this.#path.push(c === '[' ? 0 : '');
      this.#expectsKey = c === '{';
    } else if (c === '}' || c === ']') {
      this.#lists.pop();
      this.#path.pop();
      this.#expectsKey = false;
    } else if (c === ',') {
      const top = this.#path.length - 1;
      if (this.#lists[top] === true) this.#path[top] = (this.#path[top] as number) + 1;
      else this.#expectsKey = true;
    }
    return true;
  }

  takeString(escaped: string): JsonString {
    const isKey = this.#expectsKey;
    if (isKey) this.#path[this.#path.length - 1] = escaped;
    this.#expectsKey = false;
    return { path: isKey ? this.#path.slice(0, -1) : [...this.#path], isKey, escaped };
  }
}

/** The place of the quote that ends the string whose opening quote is at `quote`. */
function endOfString(text: string, quote: number): number {
  let at = quote + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
