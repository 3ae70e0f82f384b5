/** A purchase as a story in the console: its state, what it waits for, until when, what happens then, and the money. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { browserForFile, hasBrowser, picture, signedIn } from '../helpers/browser.ts';
import { newStaff, type StaffAccount } from '../helpers/staff.ts';
import { blockedTransfer, type Scene, setScene } from './scene.ts';

describe.skipIf(!hasBrowser)('the story of a purchase', () => {
  const windows = browserForFile();
  let scene: Scene;
  let support: StaffAccount;
  beforeAll(async () => {
    [scene, support] = await Promise.all([setScene(), newStaff('support')]);
  });

  async function storyOf(id: string, name: string): Promise<Page> {
    const page = await signedIn(await windows.open(), support, `/console/purchases/${id}`);
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    await picture(page, `story ${name}`);
    return page;
  }

  /** What stands under one of the three questions. */
  const answer = (page: Page, question: string): Promise<string> =>
    page.locator('.next > div', { has: page.locator(`dt:text-is("${question}")`) }).innerText();
  const heading = (page: Page): Promise<string> => page.getByRole('heading', { level: 1 }).innerText();
  const money = async (page: Page): Promise<string> =>
    (await page.getByRole('region', { name: 'Money' }).innerText()).replaceAll(/\s+/g, ' ');

  test('payment pending: the card was refused, and when it expires', async () => {
    const page = await storyOf(await scene.declinedCard(), 'payment pending');
    expect(await heading(page)).toBe('€25.00 The buyer has not paid yet.');
    expect(await answer(page, 'Waits for')).toMatch(
      /The buyer\s+The card was refused: generic decline\. The buyer has to give a card/,
    );
    expect(await answer(page, 'Until')).toMatch(/in 1[34] minutes/);
    expect(await answer(page, 'If nobody does anything')).toMatch(/the purchase expires\s+Then it is\s+Expired/);
    expect(await money(page)).toContain('Nothing was captured. The price is €25.00.');
  });

  test('held: the seller has to deliver', async () => {
    const page = await storyOf(await scene.bought('accept'), 'held');
    expect(await heading(page)).toBe('€25.00 The payment is held until the purchase is delivered.');
    expect(await answer(page, 'Waits for')).toContain(
      'The seller can say that it is delivered, cancel, refund all of it or refund a part of it.',
    );
    expect(await answer(page, 'Until')).toContain('in 2 days');
    expect(await answer(page, 'If nobody does anything')).toContain(
      'The buyer is refunded, since nothing was delivered',
    );
    expect(await money(page)).toMatch(
      /Captured .* €25\.00 Is now Held .* €25\.00 ✓ Both sides are equal €25\.00 = €25\.00$/,
    );
    const events = await page.locator('.timeline .event').allInnerTexts();
    expect(events).toEqual(['Opened by the buyer', 'Payment authorised by Stripe', 'Accepted by the seller']);
  });

  test('delivered: the buyer has time to look', async () => {
    const page = await storyOf(await scene.bought('accept', 'deliver'), 'delivered');
    expect(await answer(page, 'Waits for')).toContain('The buyer can confirm that all is well or open a dispute.');
    expect(await answer(page, 'If nobody does anything')).toContain('The money is released to the seller');
  });

  test('cancelled: nothing happens any more', async () => {
    const page = await storyOf(await scene.bought('accept', 'cancel'), 'cancelled');
    expect(await heading(page)).toBe('€25.00 The purchase was cancelled.');
    expect(await answer(page, 'What happens next')).toContain('Nothing: it is cancelled');
    expect(await answer(page, 'Ended')).toContain('just now');
    expect(await money(page)).toMatch(/Refunded to the buyer .* €25\.00 ✓ Both sides are equal/);
  });

  test('released, and the transfer is refused: what blocks it, and how it goes on', async () => {
    const page = await storyOf(await blockedTransfer(), 'transfer blocked');
    expect(await heading(page)).toContain('Stripe refuses to send it: their account has to be mended.');
    expect(await page.getByRole('note').innerText()).toContain('Transfer blocked. Stripe refuses to send the money.');
    expect(await answer(page, 'Waits for')).toContain('The seller');
    expect(await answer(page, 'What happens next')).toMatch(/tried again every day[\s\S]*becomes a case for finance/);
    expect(await money(page)).toMatch(/Payable to the seller .* €22\.50 Commission .* €2\.50/);
    await page.getByText('Ledger postings').click();
    await page.getByRole('cell', { name: 'Payable to the seller' }).first().waitFor();
    await picture(page, 'story transfer blocked with postings');
  });

  test('in the dark, and on a telephone', async () => {
    const id = await scene.bought('accept');
    const dark = await signedIn(await windows.open({ colorScheme: 'dark' }), support, `/console/purchases/${id}`);
    await dark.getByRole('heading', { name: 'What happened' }).waitFor();
    await picture(dark, 'story held in the dark');
    expect(await dark.evaluate(`getComputedStyle(document.documentElement).backgroundColor`)).toBe('rgb(17, 19, 18)');
    const small = await signedIn(
      await windows.open({ viewport: { width: 390, height: 844 } }),
      support,
      `/console/purchases/${id}`,
    );
    await small.getByRole('heading', { name: 'What happened' }).waitFor();
    await picture(small, 'story held on a telephone');
    expect(await small.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });
});
