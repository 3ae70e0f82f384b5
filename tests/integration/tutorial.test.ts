/** `docs/tutorial/first-purchase.md`, typed into a shell as it stands there: it shows what the page says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../scripts/stack/commands.ts';
import { stack } from '../helpers/stack.ts';
import { ROOT } from '../setup/test-stack.ts';

const PAGE = 'docs/tutorial/first-purchase.md';
const MARK = '=== the end of a block ===';

/** The commands of a block, and what the page says that they print; nothing where it says nothing. */
interface Block {
  readonly commands: string;
  readonly shown: string | undefined;
}

function blocksOf(page: string): Block[] {
  const fences = [...page.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)].map(([, kind, content = '']) => ({
    kind,
    content,
  }));
  return fences.flatMap(({ kind, content }, index) => {
    const next = fences[index + 1];
    return kind === 'sh' ? [{ commands: content, shown: next?.kind === 'text' ? next.content : undefined }] : [];
  });
}

test('the page arrives, and each block shows what it says', async () => {
  const blocks = blocksOf(readFileSync(join(ROOT, PAGE), 'utf8'));
  const script = blocks.map(({ commands }) => `${commands}echo '${MARK}'`).join('\n');
  const { code, output } = await run('bash', {
    args: ['-c', script],
    env: { ...process.env, PORT_OFFSET: String(stack().portOffset) },
    timeoutMs: 50_000,
  });
  expect(code, output).toBe(0);
  const printed = output.split(`${MARK}\n`);
  for (const [index, { commands, shown }] of blocks.entries()) {
    expect(printed[index], commands).toBe(shown ?? '');
  }
  expect(blocks.filter(({ shown }) => shown !== undefined).length).toBeGreaterThan(5);
});
