/** Reminders from the purchase's own timers to the catchers: a stack of its own, with a policy of seconds. */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { becomeVerified, type Person, quietly, join as signUp } from '../../scripts/demo-people.ts';
import { type RequestOptions, type Response, request } from '../helpers/client.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { temporaryFolder } from '../setup/run-folder.ts';
import { ROOT, startTestStack, type TestStack } from '../setup/test-stack.ts';

const WINDOWS: Readonly<Record<string, string>> = {
  acceptWindow: 'PT10S',
  inspectionWindow: 'PT10S',
  acceptDeadline: 'PT7S',
  inspectionEnding: 'PT7S',
};

let running: TestStack;
let folder: ReturnType<typeof temporaryFolder>;
let seller: Person;
let buyer: Person;
let listingId: string;

beforeAll(async () => {
  folder = temporaryFolder('policy');
  const policy = readFileSync(join(ROOT, 'services/transactions/policy.yml'), 'utf8');
  const file = join(folder.path, 'policy.yml');
  writeFileSync(
    file,
    policy.replaceAll(/^( *)(\w+): P\w+$/gm, (row, indent: string, name: string) =>
      WINDOWS[name] === undefined ? row : `${indent}${name}: ${WINDOWS[name]}`,
    ),
  );
  running = await startTestStack({ env: { POLICY_FILE: file } });
  const { api, mail } = running.stack.urls;
  [seller, buyer] = await Promise.all([
    signUp('Seller', { api, mail }, quietly),
    signUp('Buyer', { api, mail }, quietly),
  ]);
  await becomeVerified(seller, { api, mail }, quietly);
  const goods = {
    kind: 'goods',
    title: 'Home-made balm',
    description: 'Beeswax.',
    category: 'skin_care',
    price: { amount: 2_500, currency: 'EUR' },
    stock: 10,
  };
  listingId = (await call<{ id: string }>(seller, 'POST', '/v1/listings', goods)).body.id;
  await call(seller, 'POST', `/v1/listings/${listingId}/publish`);
}, 120_000);

afterAll(async () => {
  await running?.stop();
  folder.remove();
});

async function call<Body>(
  who: Person,
  method: 'GET' | 'POST',
  path: string,
  body?: RequestOptions['body'],
): Promise<Response<Body>> {
  const options = { token: who.accessToken, base: running.stack.urls.api, ...(body !== undefined && { body }) };
  const answer = await request<Body>(method, path, options);
  expect(answer.status, `${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer;
}

async function bought(): Promise<string> {
  const order = { listingId, paymentMethod: 'pm_card_visa', acceptedDisclaimers: [] };
  return (await call<{ id: string }>(buyer, 'POST', '/v1/purchases', order)).body.id;
}

const act = (who: Person, id: string, action: string) => call(who, 'POST', `/v1/purchases/${id}/${action}`);
const stateOf = async (id: string) => (await call<{ state: string }>(buyer, 'GET', `/v1/purchases/${id}`)).body.state;

async function mails(who: Person, id: string): Promise<string[]> {
  const path = `/messages?to=${encodeURIComponent(who.email)}`;
  const { body } = await request<ReadonlyArray<{ subject: string; text: string }>>('GET', path, {
    base: running.stack.urls.mail,
  });
  return body.filter(({ text }) => text.includes(id)).map(({ subject }) => subject);
}

async function pushes(token: string, id: string): Promise<string[]> {
  interface Caught {
    readonly message: { readonly notification: { readonly title: string }; readonly data: { purchaseId?: string } };
  }
  const { body } = await request<readonly Caught[]>('GET', `/messages?token=${token}`, {
    base: running.stack.urls.push,
  });
  return body.filter(({ message }) => message.data.purchaseId === id).map(({ message }) => message.notification.title);
}

async function device(who: Person): Promise<string> {
  const token = `token-${randomUUID()}`;
  await call(who, 'POST', '/v1/devices', { platform: 'web', token });
  return token;
}

const counted = (list: readonly string[], subject: string): number => list.filter((one) => one === subject).length;

test('come from the purchase itself, to the one whose move it is, once, and not after a cancellation', async () => {
  const [sellerToken, buyerToken] = [await device(seller), await device(buyer)];
  const [silent, delivered, cancelled] = [await bought(), await bought(), await bought()];
  await act(buyer, cancelled, 'cancel');
  await act(seller, delivered, 'accept');
  await act(seller, delivered, 'deliver');

  // Both of the others go their way by the clock alone.
  for (const [id, state] of [
    [silent, 'declined'],
    [delivered, 'released'],
  ] as const) {
    await waitFor(async () => (await stateOf(id)) === state, { what: `${id} to be ${state}`, timeoutMs: 40_000 });
  }
  await waitFor(async () => counted(await mails(seller, delivered), 'A payment has been released to you') === 1, {
    what: 'the last of the mails',
    timeoutMs: 10_000,
  });

  const accept = 'An order still waits for you';
  expect(counted(await mails(seller, silent), accept)).toBe(1);
  expect(counted(await pushes(sellerToken, silent), accept)).toBe(1);
  for (const id of [delivered, cancelled]) {
    expect(counted(await mails(seller, id), accept), id).toBe(0);
    expect(counted(await pushes(sellerToken, id), accept), id).toBe(0);
  }
  expect(counted(await mails(buyer, silent), accept)).toBe(0);
  // One when it is delivered, one as a reminder.
  const inspect = 'Is everything as it should be?';
  expect(counted(await mails(buyer, delivered), inspect)).toBe(2);
  expect(counted(await pushes(buyerToken, delivered), inspect)).toBe(2);
  expect(counted(await mails(seller, delivered), inspect)).toBe(0);
  expect(counted(await mails(buyer, cancelled), 'Your order was cancelled')).toBe(1);
});
