import type { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { control, heldPayment, idIn, type Rig, refused, verifiedAccount } from './rig.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** Payouts of connected accounts and of the platform. It moves the clock, so it comes after everything else. */
export function describePayouts(rig: () => Rig): void {
  const pass = (seconds: number) => control(rig(), 'clock', { advanceSeconds: seconds });
  const on = (account: Stripe.Account) => ({ stripeAccount: account.id });
  const transferTo = async (account: Stripe.Account, token = 'pm_card_bypassPending') => {
    const { stripe } = rig();
    const paid = await stripe.paymentIntents.create(
      heldPayment({ capture_method: 'automatic', payment_method: token }),
    );
    return stripe.transfers.create({
      amount: 4_000,
      currency: 'eur',
      destination: account.id,
      source_transaction: idIn(paid.latest_charge),
    });
  };
  const sellerWithMoney = async (interval: 'daily' | 'manual' = 'manual', token?: string) => {
    const { stripe } = rig();
    const { id } = await verifiedAccount(stripe);
    const seller = await stripe.accounts.update(id, { settings: { payouts: { schedule: { interval } } } });
    await transferTo(seller, token);
    return seller;
  };
  const available = async (account: Stripe.Account) =>
    (await rig().stripe.balance.retrieve({}, on(account))).available[0]?.amount;
  const told = (id: string) =>
    rig()
      .webhooks.received.map(({ body, headers }) => ({ body, headers, event: JSON.parse(body) as Stripe.Event }))
      .filter(({ event }) => (event.data?.object as { id?: string } | undefined)?.id === id);
  const toldOf = async (account: Stripe.Account, id: string, types: readonly string[]) => {
    const { stripe, sandbox, webhooks } = rig();
    await webhooks.waitForWebhook(() => told(id).length === types.length);
    const events = told(id).map(({ body, headers }) =>
      stripe.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', sandbox.stripeConnectWebhookSecret),
    );
    expect(events.map(({ type }) => type)).toEqual(types);
    expect(events.every((event) => event.account === account.id)).toBe(true);
  };
  const logged = async (account: Stripe.Account) =>
    (await rig().log(`account=${account.id}`)).map(({ kind, amount }) => [kind, amount]);

  describe('payouts', () => {
    it('by hand: never more than there is; sent after a day, paid after two', async () => {
      const { stripe } = rig();
      const seller = await sellerWithMoney();
      const create = (more: object = {}) =>
        stripe.payouts.create({ amount: 1_500, currency: 'eur', ...more }, on(seller));
      expect((await refused(create({ amount: 4_001 }))).code).toBe('balance_insufficient');
      expect((await refused(create({ destination: 'ba_none' }))).param).toBe('destination');
      expect((await refused(create({ currency: 'usd' }))).message).toContain('external accounts');
      const payout = await create({
        description: 'First',
        metadata: { userId: 'usr_1' },
        statement_descriptor: 'WELLPACT',
        expand: ['balance_transaction'],
      });
      expect(payout).toMatchObject({
        status: 'pending',
        automatic: false,
        reconciliation_status: 'not_applicable',
        balance_transaction: { type: 'payout', net: -1_500, reporting_category: 'payout' },
      });
      expect(await available(seller)).toBe(2_500);
      expect((await stripe.payouts.update(payout.id, { metadata: { seen: 'yes' } }, on(seller))).metadata).toEqual({
        userId: 'usr_1',
        seen: 'yes',
      });
      await pass(DAY_SECONDS);
      expect((await stripe.payouts.retrieve(payout.id, {}, on(seller))).status).toBe('in_transit');
      await pass(DAY_SECONDS);
      const [paid] = (await stripe.payouts.list({ status: 'paid' }, on(seller))).data;
      expect(paid).toMatchObject({ id: payout.id, trace_id: { status: 'supported' } });
      expect((await refused(stripe.payouts.cancel(payout.id, {}, on(seller)))).statusCode).toBe(400);
      await toldOf(seller, payout.id, ['payout.created', 'payout.updated', 'payout.updated', 'payout.paid']);
      expect(await logged(seller)).toEqual([
        ['payout', 1_500],
        ['payout_paid', 1_500],
      ]);
    });

    it('are canceled while they are pending', async () => {
      const { stripe } = rig();
      const seller = await sellerWithMoney();
      const { id } = await stripe.payouts.create({ amount: 4_000, currency: 'eur' }, on(seller));
      const canceled = await stripe.payouts.cancel(id, { expand: ['failure_balance_transaction'] }, on(seller));
      expect(canceled).toMatchObject({
        status: 'canceled',
        failure_balance_transaction: { type: 'payout_cancel', reporting_category: 'payout_reversal', net: 4_000 },
      });
      expect(await available(seller)).toBe(4_000);
      await pass(3 * DAY_SECONDS);
      expect((await stripe.payouts.retrieve(id, {}, on(seller))).status).toBe('canceled');
      await toldOf(seller, id, ['payout.created', 'payout.canceled']);
    });

    it('fail after they were paid: the money is back, and the bank account unusable until another one is named', async () => {
      const { stripe, webhooks } = rig();
      const seller = await sellerWithMoney();
      const { id } = await stripe.payouts.create({ amount: 3_000, currency: 'eur' }, on(seller));
      await control(rig(), `payouts/${id}`, { status: 'paid' });
      await expect(control(rig(), `payouts/${id}`, { status: 'in_transit' })).rejects.toThrow('can become failed');
      await control(rig(), `payouts/${id}`, { status: 'failed', failureCode: 'account_closed' });
      const failed = await stripe.payouts.retrieve(id, { expand: ['failure_balance_transaction'] }, on(seller));
      expect(failed).toMatchObject({
        status: 'failed',
        failure_code: 'account_closed',
        failure_balance_transaction: { type: 'payout_failure', net: 3_000, source: id },
      });
      expect(await available(seller)).toBe(4_000);
      await expect(control(rig(), `payouts/${id}`, { status: 'failed' })).rejects.toThrow('nothing else');
      await expect(control(rig(), 'payouts/po_none', { status: 'paid' })).rejects.toThrow('404');
      const again = () => stripe.payouts.create({ amount: 1, currency: 'eur' }, on(seller));
      expect((await refused(again())).code).toBe('bank_account_unusable');
      const account = await stripe.accounts.retrieve(seller.id);
      expect(account.external_accounts?.data[0]).toMatchObject({ status: 'errored' });
      expect(account).toMatchObject({ payouts_enabled: true, capabilities: { transfers: 'active' } });
      await webhooks.waitForWebhook(
        ({ body }) => body.includes(seller.id) && body.includes('"account.external_account.updated"'),
      );
      const link = await stripe.accountLinks.create({
        account: seller.id,
        type: 'account_onboarding',
        refresh_url: 'https://app.example/refresh',
        return_url: 'https://app.example/return',
      });
      await fetch(link.url, { method: 'POST' });
      expect((await again()).status).toBe('pending');
      await toldOf(seller, id, ['payout.created', 'payout.paid', 'payout.failed']);
      expect((await logged(seller)).slice(0, 3)).toEqual([
        ['payout', 3_000],
        ['payout_paid', 3_000],
        ['payout_failed', 3_000],
      ]);
    });

    it('to a bank account that takes none fail by themselves', async () => {
      const { stripe } = rig();
      const account = await stripe.accounts.create({
        type: 'express',
        country: 'DE',
        capabilities: { transfers: { requested: true } },
      });
      const link = await stripe.accountLinks.create({
        account: account.id,
        type: 'account_onboarding',
        refresh_url: 'https://app.example/refresh',
        return_url: 'https://app.example/return',
      });
      const outcome = 'complete_failing_bank';
      await fetch(link.url, { method: 'POST', body: new URLSearchParams({ outcome }) });
      await transferTo(account);
      const { id } = await stripe.payouts.create({ amount: 4_000, currency: 'eur' }, on(account));
      await pass(2 * DAY_SECONDS);
      expect(await stripe.payouts.retrieve(id, {}, on(account))).toMatchObject({
        status: 'failed',
        failure_code: 'no_account',
      });
      expect(await available(account)).toBe(4_000);
      await pass(2 * DAY_SECONDS);
      expect((await stripe.payouts.list({}, on(account))).data).toHaveLength(1);
    });

    it('are made every day of what is available, with what they are made of, unless the account wants none', async () => {
      const { stripe } = rig();
      const daily = await sellerWithMoney('daily', 'pm_card_visa');
      const manual = await sellerWithMoney('manual', 'pm_card_visa');
      await pass(6 * DAY_SECONDS);
      expect((await stripe.payouts.list({}, on(daily))).data).toEqual([]);
      await pass(2 * DAY_SECONDS);
      const [payout, ...others] = (await stripe.payouts.list({}, on(daily))).data;
      expect(others).toEqual([]);
      expect(payout).toMatchObject({ automatic: true, amount: 4_000, reconciliation_status: 'completed' });
      const id = payout?.id ?? '';
      const parts = await stripe.balanceTransactions.list({ payout: id }, on(daily));
      expect(parts.data.map(({ type, net }) => [type, net])).toEqual([
        ['payout', -4_000],
        ['payment', 4_000],
      ]);
      expect((await refused(stripe.payouts.cancel(id, {}, on(daily)))).statusCode).toBe(400);
      await transferTo(daily, 'pm_card_visa');
      await pass(8 * DAY_SECONDS);
      expect((await stripe.payouts.list({}, on(daily))).data.map(({ amount }) => amount)).toEqual([4_000, 4_000]);
      expect((await stripe.payouts.list({}, on(manual))).data).toEqual([]);
      expect(await available(manual)).toBe(4_000);
    });

    it('are refused while the account is disabled', async () => {
      const { stripe } = rig();
      const seller = await sellerWithMoney();
      await control(rig(), `accounts/${seller.id}`, { disabledReason: 'under_review' });
      const payout = () => stripe.payouts.create({ amount: 1, currency: 'eur' }, on(seller));
      expect((await refused(payout())).code).toBe('payouts_not_allowed');
      await control(rig(), `accounts/${seller.id}`, { disabledReason: null });
      expect((await payout()).status).toBe('pending');
    });

    it('of the platform are made by hand', async () => {
      const { stripe, webhooks, log } = rig();
      await stripe.paymentIntents.create(
        heldPayment({ capture_method: 'automatic', payment_method: 'pm_card_bypassPending', currency: 'usd' }),
      );
      const { id } = await stripe.payouts.create({ amount: 500, currency: 'usd' });
      await pass(2 * DAY_SECONDS);
      expect(await stripe.payouts.retrieve(id)).toMatchObject({ status: 'paid', destination: null });
      const event = await webhooks.waitForWebhook(({ body }) => body.includes(id) && body.includes('payout.paid'));
      expect(JSON.parse(event.body)).not.toHaveProperty('account');
      expect(await log(`id=${id}`)).toMatchObject([
        { kind: 'payout', account: null },
        { kind: 'payout_paid', account: null },
      ]);
    });

    it('two at once never spend the same money', async () => {
      const { stripe } = rig();
      const seller = await sellerWithMoney();
      const tries = Array.from({ length: 6 }, () =>
        stripe.payouts.create({ amount: 3_000, currency: 'eur' }, on(seller)),
      );
      const outcomes = await Promise.allSettled(tries);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await available(seller)).toBe(1_000);
    });
  });
}
