/** The console as staff use it: signing in, the list, finding by an id, the keyboard, sessions that end. */
import { randomUUID } from 'node:crypto';
import type { BrowserContext, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../platform/ids.ts';
import { browserForFile, hasBrowser, picture, signedIn, signIn } from '../helpers/browser.ts';
import { request } from '../helpers/client.ts';
import { stack } from '../helpers/stack.ts';
import { newStaff, type StaffAccount } from '../helpers/staff.ts';
import { blockedTransfer, type Scene, setScene } from './scene.ts';

const HOSTILE = `<script>document.title = 'taken over'</script><img src=x onerror=alert(1)> & balm`;

describe.skipIf(!hasBrowser)('the console', () => {
  const windows = browserForFile();
  let scene: Scene;
  let support: StaffAccount;
  /** Newest first: held, cancelled, payment pending. */
  let ids: readonly string[];
  let blocked: string;
  beforeAll(async () => {
    [scene, support, blocked] = await Promise.all([setScene(HOSTILE), newStaff('support'), blockedTransfer()]);
    const pending = await scene.declinedCard();
    const cancelled = await scene.bought('accept', 'cancel');
    ids = [await scene.bought('accept'), cancelled, pending];
  });

  const url = (path: string): string => `${stack().urls.api}${path}`;
  const rows = (page: Page) => page.locator('tbody tr');
  const listOf = async (page: Page): Promise<string[]> => {
    await page.getByRole('table').waitFor();
    return Promise.all(
      (await page.locator('.row-link').all()).map(async (row) => (await row.getAttribute('title')) ?? ''),
    );
  };
  const ofBuyer = (): string => `/console?userId=${scene.buyer.id}`;

  test('nobody sees anything before they sign in, and a wrong password is said', async () => {
    const page = await (await windows.open()).newPage();
    await page.goto(url(`/console/purchases/${ids[0]}`));
    await page.getByRole('heading', { name: 'Support console' }).waitFor();
    expect(await page.evaluate(`document.activeElement.name`)).toBe('email');
    await picture(page, 'console signed out');
    await signIn(page, { ...support, password: 'not the password' });
    expect(await page.getByRole('alert').innerText()).toContain('the password is wrong');
    await picture(page, 'console wrong password');
    await signIn(page, support);
    // The address it was opened with is where it goes on.
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
  });

  test('the list tells state, price, whose move it is and what comes next; filters stand in the address', async () => {
    const page = await signedIn(await windows.open(), support, ofBuyer());
    expect(await listOf(page)).toEqual(ids);
    expect((await rows(page).first().innerText()).replaceAll(/\s+/g, ' ')).toMatch(
      /^pur_….{6} Held €25\.00 Seller Cancelled in 2 days just now$/,
    );
    await picture(page, 'console list of a person');
    await page.getByLabel('State').selectOption('Cancelled');
    await page.waitForURL(/state=cancelled/);
    await expect.poll(() => listOf(page)).toEqual([ids[1]]);
    await page.getByRole('button', { name: 'Remove the filter Person' }).click();
    await page.waitForURL((address) => !address.search.includes('userId'));
    await page.goBack();
    await expect.poll(() => listOf(page)).toEqual([ids[1]]);
  });

  test('what needs attention is found, with its reason', async () => {
    const page = await signedIn(await windows.open(), support);
    await page.getByLabel('Needs attention').selectOption('For any reason');
    await page.waitForURL(/attention=any/);
    const row = page.locator('tr', { has: page.locator(`[title="${blocked}"]`) });
    expect(await row.innerText()).toContain('Transfer blocked');
    await picture(page, 'console list needs attention');
    await page.getByLabel('State').selectOption('Disputed');
    await page.getByText('No purchases.').waitFor();
    await picture(page, 'console list empty');
  });

  test('page by page, and back', async () => {
    const page = await signedIn(await windows.open(), support, ofBuyer());
    await listOf(page);
    // Two a page: what is under test is the page, not the number.
    await page.route('**/v1/admin/purchases?*', (route) => {
      const address = new URL(route.request().url());
      address.searchParams.set('limit', '2');
      return route.continue({ url: address.href });
    });
    await page.reload();
    expect(await listOf(page)).toEqual(ids.slice(0, 2));
    await page.getByRole('link', { name: 'Older' }).click();
    await expect.poll(() => listOf(page)).toEqual(ids.slice(2));
    await page.getByRole('link', { name: 'Newest' }).click();
    await expect.poll(() => listOf(page)).toEqual(ids.slice(0, 2));
  });

  test('an id is found in whatever is pasted; what is no id is said', async () => {
    const page = await signedIn(await windows.open(), support);
    const find = page.getByRole('searchbox');
    await find.fill('12345');
    await find.press('Enter');
    expect(await page.getByRole('alert').innerText()).toContain('Paste the whole id');
    await find.fill(`purchase/${ids[1]}`);
    await find.press('Enter');
    await page.waitForURL(url(`/console/purchases/${ids[1]}`));
    await page.getByRole('link', { name: 'Purchases', exact: true }).click();
    await find.fill(scene.seller.id);
    await find.press('Enter');
    await expect.poll(() => listOf(page)).toEqual(ids);
  });

  test('with the keyboard alone', async () => {
    const page = await signedIn(await windows.open(), support, ofBuyer());
    await listOf(page);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    expect(await page.evaluate('document.activeElement.title')).toBe(ids[1]);
    await picture(page, 'console list row with the focus');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.waitForURL(url(`/console/purchases/${ids[0]}`));
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    // A screen reader begins at the heading of the new view.
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    await page.goBack();
    await page.waitForURL(url(ofBuyer()));
    await listOf(page);
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.type')).toBe('search');
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
  });

  test('what people wrote stays text', async () => {
    const page = await signedIn(await windows.open(), support, `/console/purchases/${ids[0]}`);
    await page.getByText(HOSTILE).waitFor();
    expect(await page.title()).toBe('Held, €25.00 – Wellpact console');
    expect(await page.locator('#console script, #console img[src="x"]').count()).toBe(0);
    await picture(page, 'story hostile title');
  });

  test('a purchase and an address that do not exist', async () => {
    const context = await windows.open();
    const page = await signedIn(context, support, `/console/purchases/${newId('pur')}`);
    await page.getByRole('heading', { name: 'No such purchase' }).waitFor();
    await picture(page, 'console no such purchase');
    expect((await page.goto(url('/console/nowhere')))?.status()).toBe(404);
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
  });

  test('an account that is not staff is told so', async () => {
    const { buyer } = scene;
    const page = await signedIn(await windows.open(), { ...buyer });
    await page.getByRole('heading', { name: 'Not for this account' }).waitFor();
    await picture(page, 'console not for this account');
  });

  describe('a session', () => {
    /** Signs in, and catches the access token that the page got. */
    async function signedInWithToken(context: BrowserContext): Promise<{ page: Page; token: string }> {
      const answer = context.waitForEvent('response', (one) => one.url().endsWith('/v1/sessions'));
      const page = await signedIn(context, support, ofBuyer());
      const { accessToken: token } = (await (await answer).json()) as { accessToken: string };
      await listOf(page);
      return { page, token };
    }

    test('survives a reload, is shared by tabs, and ends in all of them', async () => {
      const context = await windows.open();
      const { page } = await signedInWithToken(context);
      await page.reload();
      expect(await listOf(page)).toEqual(ids);
      const other = await context.newPage();
      await other.goto(url(`/console/purchases/${ids[0]}`));
      await other.getByRole('heading', { name: 'What happened' }).waitFor();
      await other.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Support console' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Support console' }).waitFor();
      expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);
    });

    test('of somebody else who signs in beside it begins the page anew, under their name', async () => {
      const finance = await newStaff('finance');
      const context = await windows.open();
      await context.clock.install();
      const { page } = await signedInWithToken(context);
      await page.getByText('support', { exact: true }).waitFor();
      // A tab that is asked for its session has none to give any more, so the other one asks who is there.
      await context.clock.fastForward('11:00');
      await signedIn(context, finance);
      await page.getByText('finance', { exact: true }).waitFor();
      expect(await page.getByText('support', { exact: true }).count()).toBe(0);
    });

    test('goes on when the access token is over', async () => {
      const context = await windows.open();
      await context.clock.install();
      const { page } = await signedInWithToken(context);
      const refreshed = page.waitForResponse((one) => one.url().endsWith('/v1/sessions/refresh'));
      await context.clock.fastForward('11:00');
      await page.getByLabel('State').selectOption('Held');
      expect((await refreshed).status()).toBe(200);
      await expect.poll(() => listOf(page)).toEqual([ids[0]]);
    });

    test('that ended elsewhere asks to sign in, and goes on where it was', async () => {
      const { page, token } = await signedInWithToken(await windows.open());
      expect((await request('DELETE', '/v1/sessions/current', { token })).status).toBe(204);
      await page.getByLabel('State').selectOption('Held');
      await page.getByText('Your session has ended.').waitFor();
      await picture(page, 'console session ended');
      await signIn(page, support);
      expect(await listOf(page)).toEqual([ids[0]]);
    });
  });

  test('an API that fails is said, with the id by which it is found, and tried again', async () => {
    const page = await signedIn(await windows.open(), support, ofBuyer());
    await listOf(page);
    const requestId = randomUUID();
    const problem = { status: 503, detail: 'The database does not answer.', code: 'UNAVAILABLE', requestId };
    await page.route('**/v1/admin/purchases?*', (route) => route.fulfill({ status: 503, json: problem }));
    await page.getByLabel('State').selectOption('Held');
    await page.getByText(requestId).waitFor();
    await picture(page, 'console failure');
    await page.unroute('**/v1/admin/purchases?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => listOf(page)).toEqual([ids[0]]);
  });
});
