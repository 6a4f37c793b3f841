type Settings = Readonly<Record<string, string>>;

const YAML_KEY = /^( *)((?:- )*)("[^"]*"|'[^']*'|[^\s:'"-][^:]*?):(?: (.*))?$/;
const YAML_ITEM = /^( *)- (.*)$/;

function unquoteScalar(text: string): string {
  if (text.length >= 2 && text.startsWith("'") && text.endsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (text.length >= 2 && text.startsWith('"') && text.endsWith('"')) {
    try {
      return String(JSON.parse(text));
    } catch {
      return text.slice(1, -1);
    }
  }
  return text;
}

/** A flow list `[a, b]` reads like a block list: items joined by one blank. */
function scalarOf(text: string): string {
  return text.startsWith('[') && text.endsWith(']')
    ? text
        .slice(1, -1)
        .split(',')
        .map((item) => unquoteScalar(item.trim()))
        .join(' ')
        .trim()
    : unquoteScalar(text);
}

/**
 * The settings of the YAML that a peer prints at start (2.2.11+ with the case of core.yaml, 2.5+ in lower case), flattened: dotted lower-case
 * keys, the items of a list joined by one blank, null values left out. It reads the subset that gopkg.in/yaml.v2 writes; a line it
 * cannot place is left out.
 */
export function parsePeerConfig(yaml: string): Settings {
  const raw = new Map<string, string>();
  const lists = new Map<string, string[]>();
  const path: { readonly indent: number; readonly key: string }[] = [];
  let open: string | null = null;
  const keyAt = (indent: number): string => {
    while (path.length > 0 && (path[path.length - 1] as { indent: number }).indent >= indent) path.pop();
    return path.map((level) => level.key).join('.');
  };
  for (const line of yaml.split('\n')) {
    const item = YAML_ITEM.exec(line);
    if (item !== null) {
      // A list item stands at the indent of its key: it belongs to the key, not to that key's parent.
      const key = keyAt((item[1] as string).length + 1);
      const items = lists.get(key);
      if (items === undefined) lists.set(key, [scalarOf(item[2] as string)]);
      else items.push(scalarOf(item[2] as string));
      open = null;
      continue;
    }
    const pair = YAML_KEY.exec(line);
    if (pair === null) {
      // The rest of a scalar that the writer folded at 80 columns.
      if (open !== null && line.trim() !== '') raw.set(open, `${raw.get(open) ?? ''} ${line.trim()}`);
      continue;
    }
    const indent = (pair[1] as string).length;
    const parent = keyAt(indent);
    const name = unquoteScalar(pair[3] as string).toLowerCase();
    const value = pair[4]?.trim() ?? '';
    path.push({ indent, key: name });
    open = null;
    if (value === '' || value === '{}' || value === 'null') continue;
    open = parent === '' ? name : `${parent}.${name}`;
    raw.set(open, value);
  }
  const settings = new Map<string, string>();
  for (const [key, value] of raw) settings.set(key, scalarOf(value));
  for (const [key, items] of lists) settings.set(key, items.join(' '));
  return Object.fromEntries(settings);
}

const ASSIGNMENT = /^\s*([\w.]+) = ?(.*)$/;

/**
 * The settings an orderer prints at start, one `Key = value` a line (orderer/common/server/util.go, prettyPrintStruct, 1.1 and later): keys
 * in lower case, quoted strings without their quotes, lists `[a b]` with their items joined by one blank.
 */
export function parseOrdererConfig(text: string): Settings {
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const assignment = ASSIGNMENT.exec(line);
    if (assignment === null) continue;
    const value = (assignment[2] as string).trim();
    const list = value.startsWith('[') && value.endsWith(']');
    settings.set((assignment[1] as string).toLowerCase(), list ? value.slice(1, -1) : unquoteScalar(value));
  }
  return Object.fromEntries(settings);
}
