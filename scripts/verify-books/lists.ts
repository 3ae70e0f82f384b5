/** Rows by a key of theirs, each group in the order of the rows. */
export function grouped<Row, Key, Value = Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
  toValue: (row: Row) => Value,
): ReadonlyMap<Key, readonly Value[]> {
  const groups = new Map<Key, Value[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [toValue(row)]);
    else group.push(toValue(row));
  }
  return groups;
}

/** Rows by the purchase, or whatever else, that they are about. */
export type ByPurchase<T> = ReadonlyMap<string, readonly T[]>;

/** So many things are asked for at once. */
const AT_ONCE = 8;

/** What each item leads to, in the order of the items, some of them at a time. */
export async function flat<Item, Result>(
  items: readonly Item[],
  lead: (item: Item) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(lead))).flat());
  }
  return results;
}
