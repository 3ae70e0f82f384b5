/** The buyer's bank takes a part, or takes it more than once. */
import { beforeAll, describe, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, laid, moveDispute, recordPurchase, sold } from '../helpers/chargebacks.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

describe('a part', () => {
  test('the rest stays held meanwhile, and is released afterwards', async () => {
    const id = await sold({ seller, buyer }, ['accept', 'deliver']);
    const { id: dispute } = await disputed(id, { amount: 1_000 });
    expect(await laid(buyer, id, 'open')).toMatchObject({
      chargebackAmount: 1_000,
      money: { held: 1_500, chargedBack: 1_000 },
    });
    expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 409, body: { code: 'CHARGEBACK_OPEN' } });
    await moveDispute(dispute, 'lost');
    expect(await laid(buyer, id, 'lost')).toMatchObject({ state: 'delivered' });
    await act(buyer, id, 'confirm');
    const ended = await reached(buyer, id, 'completed');
    expect(ended).toMatchObject({
      chargeback: 'lost',
      money: { captured: 2_500, chargedBack: 1_000, transferred: 1_350, fees: 150, held: 0 },
    });
    await expectEqualBooks(ended);
    await recordPurchase('chargeback-partial', id);
  });

  test('the rest can be refunded afterwards', async () => {
    const id = await sold({ seller, buyer }, ['accept', 'deliver']);
    const { id: dispute } = await disputed(id, { amount: 1_000 });
    await laid(buyer, id, 'open');
    await moveDispute(dispute, 'lost');
    await laid(buyer, id, 'lost');
    expect(await act(seller, id, 'refunds')).toMatchObject({ status: 200, body: { state: 'refunded' } });
    const ended = (await read(buyer, id)).body;
    expect(ended.money).toMatchObject({ chargedBack: 1_000, refunded: 1_500, held: 0 });
    await expectEqualBooks(ended);
  });
});

describe('several', () => {
  test('a card whose bank disputes it twice: one won, one lost', async () => {
    const id = await sold({ seller, buyer }, ['accept', 'deliver'], {
      paymentMethod: 'pm_card_createMultipleDisputes',
    });
    await waitFor(async () => (await read(buyer, id)).body.money.chargedBack === 2_500, {
      what: 'both chargebacks to be noted',
      timeoutMs: 20_000,
    });
    const [first, second] = await sandboxLog({ transferGroup: id, kind: 'dispute_opened' });
    await moveDispute(first?.id ?? '', 'lost');
    await moveDispute(second?.id ?? '', 'won');
    const done = await laid(buyer, id, 'lost');
    expect(done).toMatchObject({ state: 'delivered', money: { held: 1_250, chargedBack: 1_250 } });
    const ended = await reached(buyer, id, 'completed');
    expect(ended.money).toMatchObject({ chargedBack: 1_250, transferred: 1_125, fees: 125, held: 0 });
    await expectEqualBooks(ended);
    await recordPurchase('chargeback-several', id);
  });

  test('it goes on as long as one of them does, and ends when the last one is lost', async () => {
    const id = await sold({ seller, buyer }, ['accept']);
    const one = await disputed(id, { amount: 1_000 });
    await laid(buyer, id, 'open');
    const other = await disputed(id, { status: 'warning_needs_response', amount: 1_500 });
    await moveDispute(one.id, 'lost');
    expect(await laid(buyer, id, 'inquiry')).toMatchObject({ state: 'held', money: { held: 1_500 } });
    await moveDispute(other.id, 'needs_response');
    await laid(buyer, id, 'open');
    await moveDispute(other.id, 'lost');
    const ended = await reached(buyer, id, 'refunded');
    expect(ended).toMatchObject({ chargeback: 'lost', money: { chargedBack: 2_500, held: 0 } });
    await expectEqualBooks(ended);
  });
});
