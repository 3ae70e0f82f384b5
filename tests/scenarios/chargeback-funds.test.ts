/** The bank decides, and its money moves later, or not all of it: until then nothing is let go for which nothing is held. */
import { beforeAll, describe, expect, test } from 'vitest';
import { latestCase } from '../../services/cases/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import {
  aboutChargeback,
  chargebacksOf,
  disputed as chargedBack,
  laid,
  moveDispute,
  recordPurchase,
  reinstated,
  sold,
} from '../helpers/chargebacks.ts';
import { delivered, disputed } from '../helpers/disputes.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, reached, read } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let finance: Awaited<ReturnType<typeof staffToken>>;

beforeAll(async () => {
  [seller, buyer, finance] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
});

const statusIs = (id: string, status: string) =>
  waitFor(async () => (await chargebacksOf(finance, id)).data[0]?.status === status, {
    what: `the chargeback to be ${status}`,
    timeoutMs: 20_000,
  });

const financeAsked = (id: string) =>
  waitFor(
    async () => {
      const found = await withDatabase((database) => latestCase(database, 'chargeback', id));
      return found?.escalatedAt === null || found?.state !== 'open' ? undefined : found;
    },
    { what: 'finance to be told', timeoutMs: 20_000 },
  );

describe('before the release', () => {
  test('won, and not back yet: neither a confirm nor a ruling takes what nobody holds; back, it goes on', async () => {
    const id = await sold({ seller, buyer }, ['accept', 'deliver']);
    const { id: dispute } = await chargedBack(id);
    await laid(buyer, id, 'open');
    await moveDispute(dispute, 'won', { reinstated: 0 });
    await statusIs(id, 'won');
    const stands = (await read(buyer, id)).body;
    expect(stands).toMatchObject({ state: 'delivered', chargeback: 'open', money: { held: 0, chargedBack: 2_500 } });
    await expectEqualBooks(stands);
    expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 409, body: { code: 'CHARGEBACK_OPEN' } });
    expect((await chargebacksOf(finance, id)).data).toMatchObject([{ chargeback: 'open', awaited: 2_500 }]);
    // It has a bound: then finance know what is missing.
    expect((await financeAsked(id)).details).toMatchObject({ chargebackId: dispute, awaited: 2_500 });
    expect((await read(buyer, id)).body).toMatchObject({ state: 'delivered', chargeback: 'open' });

    await reinstated(dispute);
    expect(await laid(buyer, id, 'won')).toMatchObject({ state: 'delivered', money: { held: 2_500 } });
    const ended = await reached(buyer, id, 'completed');
    expect(ended.money).toMatchObject({ transferred: 2_250, fees: 250, chargedBack: 0 });
    await expectEqualBooks(ended);
    expect(await withDatabase((database) => latestCase(database, 'chargeback', id))).toMatchObject({ state: 'closed' });
    await recordPurchase('chargeback-won-and-paid-late', id);
  });

  test('a dispute of buyer and seller stands still until the money is back, and is carried out with it', async () => {
    const id = await delivered({ seller, buyer });
    await disputed(buyer, id);
    await reached(buyer, id, 'disputed');
    const { id: bank } = await chargedBack(id);
    await laid(buyer, id, 'open');
    await moveDispute(bank, 'won', { reinstated: 0 });
    await statusIs(id, 'won');
    // Longer than the dispute lasts, and than money may be held: of what is not here there is nothing to divide.
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    expect((await read(buyer, id)).body).toMatchObject({ state: 'disputed', money: { held: 0, refunded: 0 } });
    await reinstated(bank);
    // The seller is silent: the buyer has all of it back, from us, out of what has come back.
    const ended = await reached(buyer, id, 'refunded');
    expect(ended).toMatchObject({ chargeback: 'won', money: { refunded: 2_500, chargedBack: 0, held: 0 } });
    await expectEqualBooks(ended);
    await recordPurchase('chargeback-won-and-paid-late-in-a-dispute', id);
  });
});

describe('after the release', () => {
  test('won, and a part never comes back: finance take it as it stands, and the seller and Wellpact bear the rest', async () => {
    const id = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm']);
    const { id: dispute } = await chargedBack(id);
    await laid(buyer, id, 'open');
    await moveDispute(dispute, 'won', { reinstated: 1_500 });
    await statusIs(id, 'won');
    const stands = (await read(buyer, id)).body;
    expect(stands).toMatchObject({ chargeback: 'open', money: { advanced: 1_000, chargedBack: 1_000 } });
    await expectEqualBooks(stands);
    expect((await financeAsked(id)).details).toMatchObject({ chargebackId: dispute, awaited: 1_000 });

    const answer = await aboutChargeback(finance, id, dispute, 'accept');
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { awaited: 0 } });
    await waitFor(async () => (await read(buyer, id)).body.money.advanced === 0, {
      what: 'what the bank kept to be settled',
      timeoutMs: 20_000,
    });
    const ended = await reached(buyer, id, 'completed');
    expect(ended).toMatchObject({
      chargeback: 'won',
      money: { captured: 2_500, chargedBack: 1_000, transferred: 1_350, fees: 150, advanced: 0 },
    });
    await expectEqualBooks(ended);
    expect(await withDatabase((database) => latestCase(database, 'chargeback', id))).toMatchObject({ state: 'closed' });
    await recordPurchase('chargeback-won-in-part', id);
  });

  test('one of two is won and its money late: finance are told of that until it comes, and have the other one all the same', async () => {
    const id = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm']);
    const { id: late } = await chargedBack(id, { amount: 1_000 });
    const { id: other } = await chargedBack(id, { amount: 500 });
    await waitFor(async () => (await read(buyer, id)).body.money.chargedBack === 1_500, {
      what: 'both banks to have taken their money',
      timeoutMs: 20_000,
    });
    await moveDispute(late, 'won', { reinstated: 0 });
    expect((await financeAsked(id)).details).toMatchObject({ chargebackId: late, awaited: 1_000 });
    await reinstated(late);
    await waitFor(async () => (await read(buyer, id)).body.money.chargedBack === 500, {
      what: 'the money to be back',
      timeoutMs: 20_000,
    });
    const asked = await withDatabase((database) => latestCase(database, 'chargeback', id));
    expect(asked).toMatchObject({ state: 'open', details: { amount: 500, currency: 'EUR' } });
    expect(asked?.details).not.toHaveProperty('awaited');
    await moveDispute(other, 'won');
    const ended = await reached(buyer, id, 'completed');
    expect(ended.money).toMatchObject({ chargedBack: 0, transferred: 2_250, fees: 250, advanced: 0 });
    await expectEqualBooks(ended);
  });
});
