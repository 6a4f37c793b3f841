/** The items from `from` on, microseconds since the epoch, for at most `micros`. `items` ascend by the moment that `momentOf` gives. */
export function itemsWithin<T>(items: readonly T[], momentOf: (item: T) => number, from: number, micros: number): readonly T[] {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (momentOf(items[middle] as T) < from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < items.length && momentOf(items[end] as T) <= from + micros) end += 1;
  return items.slice(low, end);
}
