/** Every view of the console, in light and dark, as axe looks at it. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../platform/ids.ts';
import { barriers } from '../helpers/accessibility.ts';
import { browserForFile, hasBrowser, signedIn, signIn } from '../helpers/browser.ts';
import { stack } from '../helpers/stack.ts';
import { newStaff, type StaffAccount } from '../helpers/staff.ts';
import { blockedTransfer } from './scene.ts';

describe.skipIf(!hasBrowser)('nobody is kept out', () => {
  const windows = browserForFile();
  let support: StaffAccount;
  let blocked: string;
  beforeAll(async () => {
    [support, blocked] = await Promise.all([newStaff('support'), blockedTransfer()]);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`in the ${colorScheme}`, async () => {
      const context = await windows.open({ colorScheme });
      const page = await context.newPage();
      await page.goto(`${stack().urls.api}/console`);
      await page.getByLabel('Password').waitFor();
      expect(await barriers(page)).toEqual([]);
      await signIn(page, { ...support, password: 'not the password' });
      await page.getByRole('alert').waitFor();
      expect(await barriers(page)).toEqual([]);
      await signIn(page, support);
      await page.getByRole('table').waitFor();
      expect(await barriers(page)).toEqual([]);
      await page.getByRole('searchbox').fill('no id');
      await page.getByRole('searchbox').press('Enter');
      await page.getByRole('alert').waitFor();
      expect(await barriers(page)).toEqual([]);
      await view(page, `/console?userId=${newId('usr')}`, 'No purchases.');
      await view(page, `/console/purchases/${newId('pur')}`, 'No such purchase');
      await view(page, `/console/purchases/${blocked}`, 'What happened');
      await page.getByText('Ledger postings').click();
      expect(await barriers(page)).toEqual([]);
    });
  }

  async function view(page: Page, path: string, text: string): Promise<void> {
    await page.goto(`${stack().urls.api}${path}`);
    await page.getByText(text).waitFor();
    expect(await barriers(page), path).toEqual([]);
  }

  test('with a heading of its own, and one only', async () => {
    const page = await signedIn(await windows.open(), support, `/console/purchases/${blocked}`);
    await page.getByText('What happened').waitFor();
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
  });
});
