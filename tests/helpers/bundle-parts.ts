/** What a bundle of workflows is made of, as webpack writes it: each module under its name. */

/** The code itself, without the map that is appended for stack traces; bytes. */
export const codeBytes = (code: string): number => withoutMap(code).length;

/** Bytes by module, the largest first: `./services/transactions/rules.ts`. */
export function modulesOf(code: string): [name: string, bytes: number][] {
  const starts = [...withoutMap(code).matchAll(/^\/\*\*\*\/ "([^"]+)"$/gm)];
  return starts
    .map(({ 1: name = '', index }, place): [string, number] => [
      name,
      (starts[place + 1]?.index ?? codeBytes(code)) - index,
    ])
    .sort(([, one], [, other]) => other - one);
}

const withoutMap = (code: string): string => code.slice(0, code.lastIndexOf('//# sourceMappingURL='));

/** Why a bundle is too large over an empty one, naming what is largest in it; undefined when it is not. */
export function sizeProblem(code: string, empty: string, budgetBytes: number): string | undefined {
  const ours = codeBytes(code) - codeBytes(empty);
  if (ours <= budgetBytes) return undefined;
  const known = new Set(modulesOf(empty).map(([name]) => name));
  const largest = modulesOf(code).filter(([name]) => !known.has(name));
  const lines = largest.slice(0, 10).map(([name, bytes]) => `  ${name}: ${bytes} bytes`);
  return `Our part of the workflow bundle has ${ours} bytes, the budget is ${budgetBytes}. The largest modules:\n${lines.join('\n')}`;
}
