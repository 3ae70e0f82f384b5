/** Every way an onboarding can go but the straight one, over HTTP, with the providers' own pages and webhooks. */
import { describe, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import {
  begin,
  check,
  complete,
  control,
  decide,
  keep,
  openCaseOf,
  reached,
  read,
  reverse,
} from '../helpers/onboardings.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import {
  act,
  buy,
  publishedListing,
  reached as purchaseReached,
  read as readPurchase,
  sandboxLog,
} from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

async function accountOf(who: Person): Promise<string> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: stack().databases.app });
  await client.connect();
  try {
    const { rows } = await client.query('SELECT account_id FROM users.onboardings WHERE user_id = $1', [who.id]);
    return (rows[0] as { account_id: string }).account_id;
  } finally {
    await client.end();
  }
}

test('declined three times: no attempts are left, a case is open, and staff can still approve', async () => {
  const person = await verifiedBuyer();
  for (const left of [2, 1, 0]) {
    await check(person, 'declined');
    expect(await reached(person, 'rejected')).toMatchObject({ attemptsLeft: left });
  }
  expect(await begin(person)).toMatchObject({ status: 409, body: { code: 'ATTEMPTS_USED_UP' } });
  const { id, details } = await openCaseOf(person);
  expect(details.why).toBe('attempts_used_up');
  expect((await decide(id, 'approve')).status).toBe(200);
  await reached(person, 'payout_account');
  await keep('onboarding-declined-thrice', person);
});

test('review: a case with a deadline of 72 hours; approved by staff it goes on', async () => {
  const person = await verifiedBuyer();
  await complete((await begin(person, 'Consider')).body.steps[0]);
  await reached(person, 'in_review');
  const { id, dueAt, openedAt } = await openCaseOf(person);
  expect(Math.abs(Date.parse(dueAt) - Date.parse(openedAt) - 72 * 3_600_000)).toBeLessThan(60_000);
  await decide(id, 'approve');
  expect((await reached(person, 'payout_account')).steps[0].state).toBe('done');
  await keep('onboarding-reviewed', person);
});

test('review: declined by staff it is over', async () => {
  const person = await verifiedBuyer();
  await check(person, 'review');
  await decide((await openCaseOf(person)).id, 'decline');
  expect(await reached(person, 'rejected')).toMatchObject({ attemptsLeft: 0 });
  expect(await begin(person)).toMatchObject({ status: 409, body: { code: 'ATTEMPTS_USED_UP' } });
  await keep('onboarding-review-declined', person);
});

test('abandoned: another check can be taken, and passed', async () => {
  const person = await verifiedBuyer();
  await check(person, 'abandoned');
  expect(await reached(person, 'abandoned')).toMatchObject({ attemptsLeft: 2 });
  await check(person, 'approved');
  await reached(person, 'payout_account');
  await keep('onboarding-abandoned', person);
});

test('error: the check begins again by itself, three times, then a person looks', async () => {
  const person = await verifiedBuyer();
  await begin(person);
  const seen = new Set<string>();
  for (let run = 1; run <= 4; run++) {
    await waitFor(
      async () => {
        const { url } = (await read(person)).steps[0];
        return url !== undefined && !seen.has(url);
      },
      { what: `check ${run}`, timeoutMs: 20_000 },
    );
    const [step] = (await read(person)).steps;
    seen.add(step.url ?? '');
    await complete(step, 'error');
  }
  expect(await reached(person, 'in_review')).toMatchObject({ attemptsLeft: 3 });
  expect((await openCaseOf(person)).details.why).toBe('error');
  await keep('onboarding-errors', person);
});

test('a reversal after approval restricts the seller; approved again, they are verified again', async () => {
  const person = await verifiedBuyer();
  const checkUrl = (await begin(person)).body.steps[0].url ?? '';
  await complete((await read(person)).steps[0]);
  await waitFor(async () => (await read(person)).steps[1].url !== undefined, { what: 'the form', timeoutMs: 20_000 });
  await complete((await read(person)).steps[1]);
  await reached(person, 'verified');
  const listingId = await publishedListing(person);

  await reverse(checkUrl, 'declined');
  await reached(person, 'restricted');
  expect((await openCaseOf(person)).details.why).toBe('reversed');
  const buyer = await verifiedBuyer();
  expect(await buy(buyer, listingId)).toMatchObject({ status: 409, body: { code: 'SELLER_NOT_AVAILABLE' } });
  await reverse(checkUrl, 'approved');
  await reached(person, 'verified');
  expect((await buy(buyer, listingId)).status).toBe(201);
  await keep('onboarding-reversed', person);
});

describe('the account at Stripe', () => {
  test('what comes due is told in words, with its deadline, while selling goes on', async () => {
    const seller = await verifiedSeller();
    const account = await accountOf(seller);
    await control(`accounts/${account}`, { require: ['individual.verification.document'], dueInSeconds: 86_400 });
    await waitFor(async () => (await read(seller)).steps[1].dueAt !== null, { what: 'the demand', timeoutMs: 20_000 });
    const told = await read(seller);
    expect(told).toMatchObject({ state: 'verified' });
    expect(told.steps[1].asks).toEqual(['a photo of your identity document']);
    expect(told.next).toContain('a photo of your identity document by 20');
    await complete(told.steps[1]);
    await waitFor(async () => (await read(seller)).steps[1].state === 'done', {
      what: 'it to be given',
      timeoutMs: 20_000,
    });
  });

  test('disabled in the middle of a purchase: the money waits as payable, and goes on when it is enabled', async () => {
    const [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
    const listingId = await publishedListing(seller);
    const { id } = (await buy(buyer, listingId)).body;
    await act(seller, id, 'accept');
    await act(seller, id, 'deliver');
    const account = await accountOf(seller);
    await control(`accounts/${account}`, { disabledReason: 'under_review' });
    await reached(seller, 'restricted');
    expect(await buy(buyer, listingId)).toMatchObject({ status: 409, body: { code: 'SELLER_NOT_AVAILABLE' } });
    await act(buyer, id, 'confirm');
    const released = await purchaseReached(buyer, id, 'released');
    expect(released.transfer.status).toBe('blocked');
    expect(released.money).toMatchObject({ payable: released.money.captured - released.money.fees, transferred: 0 });

    await control(`accounts/${account}`, { disabledReason: null });
    await reached(seller, 'verified');
    await waitFor(async () => (await readPurchase(buyer, id)).body.transfer.status === 'sent', {
      what: 'the transfer',
      timeoutMs: 20_000,
    });
    const { money } = (await readPurchase(buyer, id)).body;
    expect(money).toMatchObject({ payable: 0, transferred: released.money.payable });
    const transfers = (await sandboxLog({ kind: 'transfer' })).filter(({ idempotencyKey }) =>
      idempotencyKey?.includes(id),
    );
    expect(transfers.map(({ amount }) => amount)).toEqual([money.transferred]);
    await expectEqualBooks((await readPurchase(buyer, id)).body);
    await keep('onboarding-disabled', seller);
  });
});

test('the same webhook over again, and late ones, change nothing', async () => {
  const person = await verifiedBuyer();
  await check(person, 'declined');
  await reached(person, 'rejected');
  const [first] = (await sandboxLog({ kind: 'run_declined' })).slice(-1);
  await control('webhooks', { action: 'duplicate', type: 'workflow_run.completed', copies: 4 });
  await check(person, 'declined');
  await waitFor(async () => (await read(person)).attemptsLeft === 1, { what: 'the second', timeoutMs: 20_000 });
  // The check before it is no longer theirs: what Onfido says of it now concerns nobody.
  await control(`onfido/runs/${first?.id}`, { status: 'approved' });
  await check(person, 'approved');
  expect(await reached(person, 'payout_account')).toMatchObject({ attemptsLeft: 1 });
});
