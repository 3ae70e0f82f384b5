/**
 * The Temporal Web UI, as support sees a purchase there: decrypted by the codec server for their browser, and by nobody
 * else; and the ways between it and the console.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../../platform/logging.ts';
import { createSecurityLog } from '../../platform/security-log.ts';
import { parsePayloadKeys } from '../../platform/temporal/codec.ts';
import { LOCAL_ACCESS } from '../../workers/codec-access.ts';
import { codecHandler } from '../../workers/codec-handler.ts';
import { browserForFile, hasBrowser, picture, signedIn, signIn } from '../helpers/browser.ts';
import { stack } from '../helpers/stack.ts';
import { newStaff, type StaffAccount } from '../helpers/staff.ts';
import { blockedTransfer, type Scene, setScene } from './scene.ts';

/** The encoding of a sealed payload, as the UI shows what it cannot read. */
const ENCRYPTED = Buffer.from('binary/encrypted').toString('base64');

describe.skipIf(!hasBrowser)('the Temporal Web UI', () => {
  const windows = browserForFile();
  let scene: Scene;
  let support: StaffAccount;
  beforeAll(async () => {
    [scene, support] = await Promise.all([setScene(), newStaff('support')]);
  });

  const addressOf = (purchaseId: string): string =>
    `${stack().urls.temporalUi}/namespaces/${stack().temporal.namespace}/workflows/${encodeURIComponent(`purchase/${purchaseId}`)}`;

  /** The page of a workflow, which the UI opens at the history of its latest run. */
  async function historyOf(context: BrowserContext, purchaseId: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(addressOf(purchaseId));
    await page.getByRole('heading', { name: 'Event History' }).waitFor();
    return page;
  }

  /** The tab in which the UI shows what the workflow says of itself. */
  async function detailsOf(context: BrowserContext, purchaseId: string): Promise<Page> {
    const page = await historyOf(context, purchaseId);
    await page
      .getByRole('link', { name: 'User Metadata' })
      .or(page.getByRole('tab', { name: 'User Metadata' }))
      .click();
    await page.getByRole('heading', { name: 'Current Details' }).waitFor();
    return page;
  }

  /** The details are a document of their own within the page. */
  const textOf = (page: Page): Promise<string> => page.frameLocator('iframe').last().locator('body').innerText();

  test('tells in words how a purchase stands, and leads to the console and back', async () => {
    const id = await scene.bought('accept');
    const context = await windows.open();
    const page = await detailsOf(context, id);
    await expect.poll(() => textOf(page)).toContain('25.00 EUR');
    const text = await textOf(page);
    expect(text).toMatch(/the buyer is refunded, since nothing was delivered/);
    await picture(page, 'temporal details held');

    const opened = context.waitForEvent('page');
    const link = page
      .frameLocator('iframe')
      .last()
      .getByRole('link', { name: /support console/ });
    expect(await link.getAttribute('href')).toBe(`${stack().urls.api}/console/purchases/${id}`);
    await link.click();
    const story = await opened;
    await signIn(story, support);
    await story.getByRole('heading', { name: 'What happened' }).waitFor();

    const back = context.waitForEvent('page');
    await story.getByRole('link', { name: 'Open in Temporal' }).click();
    const again = await back;
    await again.getByRole('heading', { name: 'Event History' }).waitFor();
    expect(new URL(again.url()).pathname).toContain(encodeURIComponent(`purchase/${id}`));
  });

  test('tells what blocks a transfer', async () => {
    const page = await detailsOf(await windows.open(), await blockedTransfer());
    await expect.poll(() => textOf(page)).toMatch(/Stripe refused the transfer/);
    await picture(page, 'temporal details transfer blocked');
  });

  test('shows the history with its payloads, decrypted', async () => {
    const id = await scene.bought('accept', 'deliver');
    const page = await historyOf(await windows.open(), id);
    await page.getByText(scene.buyer.id).first().waitFor();
    await page.getByText('recordDelivery').first().waitFor();
    await picture(page, 'temporal history');
  });

  describe('without the keys', () => {
    /** What the page says where the decrypted input would stand, once the codec server was asked and did not help. */
    async function undecoded(context: BrowserContext, id: string, name: string): Promise<string> {
      const asked = context.waitForEvent('request', (request) => request.url().startsWith(stack().urls.codec));
      const page = await historyOf(context, id);
      await asked;
      await page.getByText(ENCRYPTED).first().waitFor();
      await picture(page, name);
      return page.locator('body').innerText();
    }

    test('nothing is readable when the codec server does not run', async () => {
      const id = await scene.bought('accept');
      const context = await windows.open();
      await context.route(`${stack().urls.codec}/**`, (route) => route.abort('connectionrefused'));
      expect(await undecoded(context, id, 'temporal history codec server off')).not.toContain(scene.buyer.id);
    });

    test('nothing is readable when the codec server has other keys', async () => {
      const id = await scene.bought('accept');
      const context = await windows.open();
      const other = await codecServer(`other:${randomBytes(32).toString('base64')}`);
      await context.route(`${stack().urls.codec}/**`, (route) =>
        route.continue({ url: `${other}${new URL(route.request().url()).pathname}` }),
      );
      expect(await undecoded(context, id, 'temporal history other keys')).not.toContain(scene.buyer.id);
    });
  });

  test('the console opens a purchase in it', async () => {
    const id = await scene.bought('accept');
    const context = await windows.open();
    const page = await signedIn(context, support, `/console/purchases/${id}`);
    const link = page.getByRole('link', { name: 'Open in Temporal' });
    expect(await link.getAttribute('href')).toBe(addressOf(id));
  });
});

/** A codec server with keys of its own. @returns its address */
async function codecServer(key: string): Promise<string> {
  const server = createServer(
    codecHandler({
      keys: parsePayloadKeys([key]),
      access: LOCAL_ACCESS,
      httpsOnly: false,
      allowedOrigin: stack().urls.temporalUi,
      log: createLogger({ role: 'test', level: 'error' }),
      security: createSecurityLog({ role: 'test', key: randomBytes(32) }),
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
