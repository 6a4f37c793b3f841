/** Values nested this deep are written whole: small enough in any analysis. */
const PIECE_DEPTH = 3;

/**
 * The text of `JSON.stringify(value, null, 1)` in pieces, byte for byte the same: the analysis of a large capture is one string of a hundred
 * megabytes otherwise, and that twice over in memory. `value` must be plain data.
 */
export function* jsonPieces(value: unknown, depth = 0): Generator<string> {
  if (value === null || typeof value !== 'object' || depth >= PIECE_DEPTH) {
    yield JSON.stringify(value, null, 1).replaceAll('\n', `\n${' '.repeat(depth)}`);
    return;
  }
  const isList = Array.isArray(value);
  const entries: readonly (readonly [string, unknown])[] = isList
    ? value.map((item) => ['', item] as const)
    : Object.entries(value).filter(([, item]) => item !== undefined);
  const [open, close] = isList ? '[]' : '{}';
  if (entries.length === 0) {
    yield `${open}${close}`;
    return;
  }
  const inner = `\n${' '.repeat(depth + 1)}`;
  for (const [i, [key, item]] of entries.entries()) {
    yield `${i === 0 ? open : ','}${inner}${isList ? '' : `${JSON.stringify(key)}: `}`;
    yield* jsonPieces(item === undefined ? null : item, depth + 1);
  }
  yield `\n${' '.repeat(depth)}${close}`;
}
