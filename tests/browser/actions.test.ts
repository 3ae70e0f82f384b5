/** What staff do from the console: notes, stopping the money of a purchase and letting it go. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { barriers } from '../helpers/accessibility.ts';
import { browserForFile, hasBrowser, picture, signedIn } from '../helpers/browser.ts';
import { newStaff, type StaffAccount } from '../helpers/staff.ts';
import { type Scene, setScene } from './scene.ts';

describe.skipIf(!hasBrowser)('staff', () => {
  const windows = browserForFile();
  let scene: Scene;
  let support: StaffAccount;
  let finance: StaffAccount;
  let mediator: StaffAccount;
  beforeAll(async () => {
    [scene, support, finance, mediator] = await Promise.all([
      setScene(),
      newStaff('support'),
      newStaff('finance'),
      newStaff('mediator'),
    ]);
  });

  async function storyFor(staff: StaffAccount, id: string): Promise<Page> {
    const page = await signedIn(await windows.open(), staff, `/console/purchases/${id}`);
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    return page;
  }

  const buttons = (page: Page): Promise<string[]> =>
    page.getByRole('region', { name: 'Staff' }).getByRole('button').allInnerTexts();

  async function say(page: Page, words: string, button: string): Promise<void> {
    await page.getByLabel('Note or reason').fill(words);
    await page.getByRole('button', { name: button }).click();
  }

  test('keep notes, stop the money, and finance lets it go', async () => {
    const id = await scene.bought('accept');
    const page = await storyFor(support, id);
    expect(await buttons(page)).toEqual(['Keep as a note', 'Pause the money']);
    expect(await page.getByRole('button', { name: 'Pause the money' }).isDisabled()).toBe(true);
    const words = 'The buyer says <b>the parcel</b> is lost.';
    await say(page, words, 'Keep as a note');
    await page.getByRole('status').getByText('The note is kept.').waitFor();
    await page.getByRole('listitem').getByText(words).waitFor();

    await say(page, 'Looks like fraud.', 'Pause the money');
    await page.getByRole('note').getByText('Money paused.').waitFor();
    await page.getByRole('listitem').getByText('Looks like fraud.').waitFor();
    await picture(page, 'story money paused');
    expect(await barriers(page)).toEqual([]);
    expect(await buttons(page)).toEqual(['Keep as a note']);
    expect(await page.locator('.timeline').innerText()).toContain(`Money paused by staff ${support.id}`);

    const theirs = await storyFor(finance, id);
    expect(await buttons(theirs)).toEqual(['Keep as a note', 'Let the money go']);
    await say(theirs, 'Talked to both.', 'Let the money go');
    await theirs.getByRole('status').getByText('The money goes on.').waitFor();
    await expect.poll(() => theirs.getByRole('note').count()).toBe(0);
    await picture(theirs, 'story money let go');
  });

  test('are told why something cannot be done', async () => {
    const id = await scene.bought('accept');
    const [one, other] = [await storyFor(support, id), await storyFor(finance, id)];
    await say(one, 'First.', 'Pause the money');
    await one.getByRole('note').waitFor();
    await say(other, 'Second.', 'Pause the money');
    expect(await other.getByRole('alert').innerText()).toMatch(/paused/);
    expect(await other.getByLabel('Note or reason').inputValue()).toBe('Second.');
  });

  test('find nothing to do about what has ended, and who may not act is offered nothing', async () => {
    const page = await storyFor(support, await scene.bought('accept', 'cancel'));
    await page.getByText('It has ended: nothing can be done').waitFor();
    const theirs = await storyFor(mediator, await scene.bought('accept'));
    expect(await theirs.getByRole('region', { name: 'Staff' }).count()).toBe(0);
  });
});
