/** A real Chromium that looks at the console and at the Temporal UI. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { browserProgram } from './browser-program.ts';
import { stack } from './stack.ts';
import type { StaffAccount } from './staff.ts';

export const hasBrowser = browserProgram() !== undefined;

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const LAUNCH_TIMEOUT_MS = 60_000;
/** A local page: what is not there after this long does not come. */
const PAGE_TIMEOUT_MS = 20_000;

export interface Windows {
  /** A window with cookies and storage of its own; errors of its pages fail the test. */
  open(options?: BrowserContextOptions): Promise<BrowserContext>;
}

/**
 * One browser for the tests of a file, in a profile that is thrown away. Whatever a page of ours says to the console of
 * the browser (errors, refusals of the content security policy) fails the test in which it does.
 */
export function browserForFile(): Windows {
  let browser: Browser;
  const open = new Set<BrowserContext>();
  const complaints: string[] = [];
  beforeAll(async () => {
    const executablePath = browserProgram();
    if (executablePath === undefined) return;
    browser = await chromium.launch({ executablePath, args: ARGUMENTS, timeout: LAUNCH_TIMEOUT_MS });
  });
  afterEach(async ({ task }) => {
    const pages = [...open].flatMap((context) => context.pages());
    if (task.result?.state === 'fail') {
      for (const [index, page] of pages.entries()) await picture(page, `failed ${task.name} ${index}`);
    }
    await Promise.all([...open].map((context) => context.close()));
    open.clear();
    const heard = complaints.splice(0);
    if (heard.length > 0) throw new Error(`The page complained:\n${heard.join('\n')}`);
  });
  afterAll(() => browser?.close());
  return {
    open: async (options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...WHERE, ...options });
      context.setDefaultTimeout(PAGE_TIMEOUT_MS);
      context.on('weberror', (error) => complaints.push(String(error.error())));
      context.on('console', (message) => {
        const isOurs = message.location().url.startsWith(stack().urls.api);
        if (message.type() === 'error' && isOurs && !EXPECTED.test(message.text())) complaints.push(message.text());
      });
      open.add(context);
      return context;
    },
  };
}

/** A reader whose clock is not that of the server. */
const WHERE = { locale: 'en-GB', timezoneId: 'Europe/Berlin' } as const;
/** The browser notes each answer that is no success; tests ask for such answers. */
const EXPECTED = /^Failed to load resource: the server responded with a status of (4\d\d|503)/;

/** Opens an address of the console and signs in there. */
export async function signedIn(context: BrowserContext, who: StaffAccount, path = '/console'): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${stack().urls.api}${path}`);
  await signIn(page, who);
  return page;
}

export async function signIn(page: Page, { email, password }: StaffAccount): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/**
 * Keeps what the page looks like, for people. Below the folder of the test run; in `WELLPACT_SCREENSHOTS`, which is a
 * folder, when that is given.
 */
export async function picture(page: Page, name: string): Promise<void> {
  const { WELLPACT_SCREENSHOTS, WELLPACT_TEST_FOLDER } = process.env;
  const folder = WELLPACT_SCREENSHOTS || (WELLPACT_TEST_FOLDER && join(WELLPACT_TEST_FOLDER, 'screenshots'));
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name.replaceAll(/[^\w.]+/g, '-').slice(0, 100)}.png`);
  await page.screenshot({ path, fullPage: true, animations: 'disabled' });
}
