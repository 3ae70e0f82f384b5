/** Every link between the project's own pages leads somewhere: to a file that is there, and to a heading that it has. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import { describe, expect, test } from 'vitest';
import { projectFiles } from '../helpers/project-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Code is no prose: what looks like a link in it is none. */
const withoutCode = (text: string): string =>
  text.replaceAll(/^(```+|~~~+)[^\n]*\n[\s\S]*?^\1\s*$/gm, '').replaceAll(/`[^`\n]*`/g, '`code`');

/** The anchors that GitHub gives the headings of a page, and those that it sets itself. */
function anchorsOf(text: string): ReadonlySet<string> {
  const slugger = new GithubSlugger();
  // Code stays in a heading's anchor; only blocks go.
  const prose = text.replaceAll(/^(```+|~~~+)[^\n]*\n[\s\S]*?^\1\s*$/gm, '');
  const headings = [...prose.matchAll(/^#{1,6} +(.+?)\s*$/gm)].map(([, heading = '']) =>
    slugger.slug(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '')),
  );
  const own = [...prose.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id);
  return new Set([...headings, ...own]);
}

function targetsOf(text: string): string[] {
  const inline = [...withoutCode(text).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(([, target = '']) => target);
  const defined = [...withoutCode(text).matchAll(/^\[[^\]]+\]: +(\S+)/gm)].map(([, target = '']) => target);
  return [...inline, ...defined].filter((target) => !/^(https?|mailto):/.test(target));
}

/** Why a link leads nowhere; undefined when it does lead somewhere. */
function problemOf(page: string, target: string): string | undefined {
  const [path = '', anchor] = decodeURI(target).split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (relative(ROOT, file).startsWith('..')) return 'it leads out of the project';
  if (!existsSync(file)) return 'there is no such file';
  if (anchor === undefined || !file.endsWith('.md') || statSync(file).isDirectory()) return undefined;
  return anchorsOf(readFileSync(file, 'utf8')).has(anchor) ? undefined : 'there is no such heading';
}

describe('links', () => {
  const pages = projectFiles('.md');

  test('there are pages', () => expect(pages.length).toBeGreaterThan(20));

  test.each(pages)('%s', (page) => {
    const path = join(ROOT, page);
    const broken = targetsOf(readFileSync(path, 'utf8')).flatMap((target) => {
      const problem = problemOf(path, target);
      return problem === undefined ? [] : [`${target}: ${problem}`];
    });
    expect(broken).toEqual([]);
  });

  test('what is broken is found', () => {
    const readme = join(ROOT, 'README.md');
    const text = 'See [a](docs/nowhere.md), [b](README.md#nothing-of-the-kind), [c](#two-commands), `[d](nowhere)`.';
    expect(targetsOf(text).map((target) => problemOf(readme, target))).toEqual([
      'there is no such file',
      'there is no such heading',
      undefined,
    ]);
  });
});
