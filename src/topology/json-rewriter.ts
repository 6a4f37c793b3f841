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
  const path: (string | number)[] = [];
  const lists: boolean[] = [];
  let result = '';
  let from = 0;
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === '{' || c === '[') {
      if (lists.length >= MAX_DEPTH) return null;
      lists.push(c === '[');
      path.push(c === '[' ? 0 : '');
      expectsKey = c === '{';
    } else if (c === '}' || c === ']') {
      lists.pop();
      path.pop();
      expectsKey = false;
    } else if (c === ',') {
      const top = path.length - 1;
      if (lists[top] === true) path[top] = (path[top] as number) + 1;
      else expectsKey = true;
    } else if (c === '"') {
      const start = at + 1;
      for (at = start; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
      const escaped = text.slice(start, at);
      result += text.slice(from, start) + replace({ path: expectsKey ? path.slice(0, -1) : path, isKey: expectsKey, escaped });
      from = at;
      if (expectsKey) path[path.length - 1] = escaped;
      expectsKey = false;
    }
  }
  return result + text.slice(from);
}
