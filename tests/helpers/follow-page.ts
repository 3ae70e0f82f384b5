/** Follows a how-to page word by word: its blocks become files, changes of files and commands, in their order. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Block =
  | { readonly kind: 'file'; readonly path: string; readonly content: string }
  | { readonly kind: 'change'; readonly path: string; readonly hunks: readonly string[] }
  | { readonly kind: 'commands'; readonly lines: readonly string[] };

/** A fence says its language and, but for commands, the file: ```` ```ts contracts/offer.ts ````. Others are only shown. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\S+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].flatMap(
    ([, language, path, content = '']): Block[] => {
      if (language === 'sh') return [{ kind: 'commands', lines: content.trim().split('\n') }];
      if (path === undefined) return [];
      if (language !== 'diff') return [{ kind: 'file', path, content }];
      return [{ kind: 'change', path, hunks: content.split('@@\n') }];
    },
  );
}

/** @throws Error when a file is there already, or the place of a change is not found exactly once */
export function apply(folder: string, block: Exclude<Block, { kind: 'commands' }>): void {
  const path = join(folder, block.path);
  if (block.kind === 'file') {
    if (existsSync(path)) throw new Error(`${block.path} is there already`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, block.content);
    return;
  }
  let text = readFileSync(path, 'utf8');
  for (const hunk of block.hunks) text = changed(text, hunk, block.path);
  writeFileSync(path, text);
}

function changed(text: string, hunk: string, file: string): string {
  const lines = hunk.split('\n').slice(0, -1);
  const side = (sign: string): string =>
    lines
      .filter((line) => line[0] === ' ' || line[0] === sign)
      .map((line) => `\n${line.slice(1)}`)
      .join('');
  const before = side('-');
  const places = `\n${text}`.split(`${before}\n`);
  if (places.length !== 2) throw new Error(`${file} has ${places.length - 1} places like this, not one:${before}`);
  return places.join(`${side('+')}\n`).slice(1);
}
