import type { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { control, heldPayment, idIn, type Rig, refused, verifiedAccount } from './rig.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** Balances: what the platform has for its own transfers, sums of what was booked, and lies about it. It moves the clock. */
export function describeBalances(rig: () => Rig): void {
  const paid = (more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    rig().stripe.paymentIntents.create(heldPayment({ capture_method: 'automatic', ...more }));
  const lineOf = async (intent: Stripe.PaymentIntent): Promise<Stripe.BalanceTransaction> => {
    const [line] = (await rig().stripe.balanceTransactions.list({ source: idIn(intent.latest_charge) })).data;
    if (line === undefined) throw new Error(`${intent.id} has no line`);
    return line;
  };
  const lie = (body: object) => control(rig(), 'balance-transactions', body);

  describe('transfers from the platform’s own balance', () => {
    it('need nothing but available money, and never spend it twice', async () => {
      const { stripe, log } = rig();
      const seller = await verifiedAccount(stripe);
      const availableGbp = async () =>
        (await stripe.balance.retrieve()).available.find(({ currency }) => currency === 'gbp')?.amount ?? 0;
      const before = await availableGbp();
      await paid({
        currency: 'gbp',
        payment_method: 'pm_card_bypassPending',
        amount: before < 0 ? 5_000 - before : 5_000,
      });
      const available = await availableGbp();
      const half = Math.floor(available / 2) + 1;
      const topUp = () =>
        stripe.transfers.create({
          amount: half,
          currency: 'gbp',
          destination: seller.id,
          transfer_group: 'pur_discount',
          expand: ['balance_transaction'],
        });
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, topUp));
      const done = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
      expect(done).toMatchObject([
        { source_transaction: null, balance_transaction: { type: 'transfer', status: 'available', net: -half } },
      ]);
      expect((await refused(topUp())).code).toBe('balance_insufficient');
      expect(await availableGbp()).toBe(available - half);
      const lines = await log('transferGroup=pur_discount');
      expect(lines.map(({ kind, amount, currency }) => [kind, amount, currency])).toEqual([['transfer', half, 'gbp']]);
      const back = await stripe.transfers.createReversal(done[0]?.id ?? '');
      const [line] = (await stripe.balanceTransactions.list({ source: back.id })).data;
      expect(line).toMatchObject({ type: 'transfer_refund', reporting_category: 'transfer_reversal', net: half });
    });
  });

  describe('lies about what was booked', () => {
    it('hide a line, or show it late', async () => {
      const { stripe, log } = rig();
      const [hidden, late] = [await lineOf(await paid()), await lineOf(await paid())];
      const balance = await stripe.balance.retrieve();
      const shown = async () => {
        const { data } = await stripe.balanceTransactions.list({ created: { gte: hidden.created }, limit: 100 });
        return data.map(({ id }) => id).filter((id) => id === hidden.id || id === late.id);
      };
      expect(await shown()).toEqual([late.id, hidden.id]);
      await lie({ action: 'hide', id: hidden.id });
      await lie({ action: 'delay', id: late.id, seconds: DAY_SECONDS });
      expect(await shown()).toEqual([]);
      expect((await refused(stripe.balanceTransactions.retrieve(hidden.id))).statusCode).toBe(404);
      expect(await stripe.balance.retrieve()).toEqual(balance);
      await control(rig(), 'clock', { advanceSeconds: DAY_SECONDS });
      expect(await shown()).toEqual([late.id]);
      expect((await stripe.balanceTransactions.retrieve(late.id)).created).toBeGreaterThan(late.created);
      await lie({ action: 'truth', id: hidden.id });
      await lie({ action: 'truth', id: late.id });
      expect(await stripe.balanceTransactions.retrieve(late.id)).toEqual(late);
      expect(await shown()).toEqual([late.id, hidden.id]);
      expect((await log(`id=${late.id}`)).map(({ kind }) => kind)).toEqual(['lie_delayed', 'lie_ended']);
      expect((await log(`id=${hidden.id}`)).map(({ kind }) => kind)).toEqual(['lie_hidden', 'lie_ended']);
    });

    it('show another amount or currency, or a line for which nothing moved', async () => {
      const { stripe, log } = rig();
      const intent = await paid();
      const line = await lineOf(intent);
      const balance = await stripe.balance.retrieve();
      await lie({ action: 'change', id: line.id, amount: 4_999 });
      expect(await stripe.balanceTransactions.retrieve(line.id)).toMatchObject({ amount: 4_999, fee: 100, net: 4_899 });
      await lie({ action: 'change', id: line.id, amount: 5_000, currency: 'usd' });
      expect((await stripe.balanceTransactions.list({ currency: 'usd', limit: 1 })).data[0]?.id).toBe(line.id);
      const added = await lie({
        action: 'add',
        movement: 'charge',
        amount: 777,
        currency: 'eur',
        fee: 7,
        source: intent.latest_charge,
      });
      const [newest] = (await stripe.balanceTransactions.list({ limit: 1, expand: ['data.source'] })).data;
      expect(newest).toMatchObject({ id: added['id'], net: 770, source: { id: intent.latest_charge } });
      expect(await stripe.balance.retrieve()).toEqual(balance);
      await lie({ action: 'truth', id: line.id });
      await lie({ action: 'truth', id: added['id'] });
      expect(await stripe.balanceTransactions.retrieve(line.id)).toEqual(line);
      expect((await stripe.balanceTransactions.list({ limit: 1 })).data[0]?.id).not.toBe(added['id']);
      expect((await log(`id=${line.id}`)).map(({ kind, amount }) => [kind, amount])).toEqual([
        ['lie_changed', 4_999],
        ['lie_changed', 5_000],
        ['lie_ended', 5_000],
      ]);
    });

    it('that make no sense are refused', async () => {
      await expect(lie({ action: 'hide', id: 'txn_none' })).rejects.toThrow('404');
      await expect(lie({ action: 'change', id: 'txn_none' })).rejects.toThrow('nothing would be changed');
      const extra = { action: 'add', movement: 'charge', amount: 1, currency: 'eur' };
      await expect(lie({ ...extra, source: 'ch_none' })).rejects.toThrow('nothing with the id ch_none');
      await expect(lie({ ...extra, amount: 0 })).rejects.toThrow('nothing would be added');
      await expect(lie({ ...extra, currency: 'xxx' })).rejects.toThrow('Invalid currency');
    });
  });

  describe('balances, when everything has happened', () => {
    it('are the sum of what was booked, on every account', async () => {
      const { stripe } = rig();
      const accounts = await stripe.accounts.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
      expect(accounts.length).toBeGreaterThan(5);
      for (const options of [{}, ...accounts.map(({ id }) => ({ stripeAccount: id }))]) {
        const booked = await stripe.balanceTransactions
          .list({ limit: 100 }, options)
          .autoPagingToArray({ limit: 10_000 });
        const balance = await stripe.balance.retrieve({}, options);
        for (const { currency, amount } of balance.available) {
          const pending = balance.pending.find((item) => item.currency === currency)?.amount ?? 0;
          const net = booked.filter((item) => item.currency === currency).reduce((sum, item) => sum + item.net, 0);
          expect(amount + pending).toBe(net);
        }
      }
    });
  });
}
