import { visit } from 'jsonc-parser';

/**
 * Where a JSON text has the same member twice. Parsers differ in which of the two they take (RFC 8259, section 4), so that who
 * looked at a request before us may have seen another amount than we would.
 * @param json well-formed
 * @returns the path of the first one, `price.amount`, or undefined
 */
export function duplicateMember(json: string): string | undefined {
  const objects: Set<string>[] = [];
  let found: string | undefined;
  visit(json, {
    onObjectBegin: () => {
      objects.push(new Set());
    },
    onObjectProperty: (name, _offset, _length, _line, _character, pathTo) => {
      const names = objects.at(-1);
      if (names?.has(name) === true) found ??= [...pathTo(), name].join('.');
      names?.add(name);
    },
    onObjectEnd: () => {
      objects.pop();
    },
  });
  return found;
}
