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
