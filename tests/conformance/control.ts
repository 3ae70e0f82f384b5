import { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../helpers/wait-for.ts';
import { control as ask, heldPayment, idIn, type Rig, refused, verifiedAccount } from './rig.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** The control API: the providers misbehave on demand. It moves the clock, so it comes after everything else. */
export function describeControl(rig: () => Rig): void {
  const control = (path: string, body: object) => ask(rig(), path, body);
  const capture = { provider: 'stripe', method: 'POST', path: '/v1/payment_intents/{intent}/capture' };

  describe('faults', () => {
    it('500: nothing is done, and the key keeps the 500', async () => {
      const { stripe, log } = rig();
      const { id } = await stripe.paymentIntents.create(heldPayment());
      await control('faults', { ...capture, kind: 'error' });
      const options = { idempotencyKey: `fault-${id}` };
      expect(await refused(stripe.paymentIntents.capture(id, {}, options))).toMatchObject({ statusCode: 500 });
      const cached = await refused(stripe.paymentIntents.capture(id, {}, options));
      expect(cached.headers?.['idempotent-replayed']).toBe('true');
      expect(await log(`id=${id}&kind=capture`)).toHaveLength(0);
      expect((await stripe.paymentIntents.capture(id)).status).toBe('succeeded');
    });

    it('429: nothing is done, and the key is free', async () => {
      const { stripe } = rig();
      const { id } = await stripe.paymentIntents.create(heldPayment());
      await control('faults', { ...capture, kind: 'rate_limit' });
      const options = { idempotencyKey: `limit-${id}` };
      const limited = await refused(stripe.paymentIntents.capture(id, {}, options));
      expect(limited).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
      expect((await stripe.paymentIntents.capture(id, {}, options)).status).toBe('succeeded');
    });

    it.each([
      ['reset', 0],
      ['lost_reply', 1],
    ])('%s: the connection breaks with %i captures made, and the key tells which', async (kind, captures) => {
      const { stripe, log, sandbox } = rig();
      const { id } = await stripe.paymentIntents.create(heldPayment());
      await control('faults', { ...capture, kind });
      const url = `http://127.0.0.1:${sandbox.ports.stripe}/v1/payment_intents/${id}/capture`;
      const headers = { authorization: `Bearer ${sandbox.stripeApiKey}`, 'idempotency-key': `broken-${id}` };
      await expect(fetch(url, { method: 'POST', headers })).rejects.toThrow('fetch failed');
      expect(await log(`id=${id}&kind=capture`)).toHaveLength(captures);
      const again = await fetch(url, { method: 'POST', headers });
      expect(again.status).toBe(200);
      expect(again.headers.get('idempotent-replayed')).toBe(captures === 1 ? 'true' : null);
      expect(await log(`id=${id}&kind=capture`)).toHaveLength(1);
    });

    it('late_reply: the work is done before the answer comes, whether or not somebody still waits for it', async () => {
      const { stripe, log, sandbox } = rig();
      const { id } = await stripe.paymentIntents.create(heldPayment());
      await control('faults', { ...capture, kind: 'late_reply', delayMs: 60_000 });
      const url = `http://127.0.0.1:${sandbox.ports.stripe}/v1/payment_intents/${id}/capture`;
      const headers = { authorization: `Bearer ${sandbox.stripeApiKey}`, 'idempotency-key': `late-${id}` };
      const leaving = new AbortController();
      const asking = fetch(url, { method: 'POST', headers, signal: leaving.signal });
      const refusal = expect(asking).rejects.toThrow('aborted');
      await waitFor(async () => (await log(`id=${id}&kind=capture`)).length === 1, {
        what: 'the capture, without an answer',
        timeoutMs: 5_000,
      });
      leaving.abort();
      await refusal;
      const again = await fetch(url, { method: 'POST', headers });
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(await log(`id=${id}&kind=capture`)).toHaveLength(1);
    });

    it('of one object or one key hit nobody else, are counted while they hold, and let go on demand', async () => {
      const { stripe, log, sandbox } = rig();
      const [held, other] = await Promise.all([1, 2].map(() => stripe.paymentIntents.create(heldPayment())));
      if (held === undefined || other === undefined) throw new Error('two payments were to be made');
      const faults = `http://127.0.0.1:${sandbox.ports.sandboxControl}/_control/faults`;
      const late = { provider: 'stripe', kind: 'late_reply', delayMs: 60_000, times: 2 };
      await control('faults', { ...late, method: 'GET', path: `/v1/payment_intents/${held.id}` });
      await control('faults', { ...capture, ...late, idempotencyKey: `hold-${held.id}` });
      expect((await stripe.paymentIntents.retrieve(other.id)).id).toBe(other.id);
      const done = await stripe.paymentIntents.capture(other.id, {}, { idempotencyKey: `hold-${other.id}` });
      expect(done.status).toBe('succeeded');

      const looking = stripe.paymentIntents.retrieve(held.id);
      const taking = stripe.paymentIntents.capture(held.id, {}, { idempotencyKey: `hold-${held.id}/1` });
      const holds = async () =>
        ((await (await fetch(faults)).json()) as { faults: { holds: number }[] }).faults.map((fault) => fault.holds);
      await waitFor(async () => (await holds()).every((count) => count === 1), {
        what: 'both requests to be held',
        timeoutMs: 5_000,
      });
      expect(await log(`id=${held.id}&kind=capture`)).toHaveLength(1);
      await fetch(faults, { method: 'DELETE' });
      expect((await looking).id).toBe(held.id);
      expect((await taking).status).toBe('succeeded');
    });

    it('timeout and slow: the answer does not come, or late', async () => {
      const { sandbox } = rig();
      const headers = { authorization: `Token token=${sandbox.onfidoApiToken}` };
      const url = `http://127.0.0.1:${sandbox.ports.onfido}/v3.6/workflow_runs`;
      const fault = { provider: 'onfido', path: '/v3.6/workflow_runs', delayMs: 300 };
      await control('faults', { ...fault, kind: 'slow' });
      const before = performance.now();
      expect((await fetch(url, { headers })).status).toBe(200);
      expect(performance.now() - before).toBeGreaterThanOrEqual(290);
      await control('faults', { ...fault, kind: 'timeout', delayMs: 60_000 });
      await expect(fetch(url, { headers, signal: AbortSignal.timeout(200) })).rejects.toThrow('timeout');
      await control('faults', { ...fault, kind: 'error' });
      expect((await fetch(url, { headers })).status).toBe(500);
      expect((await fetch(url, { headers })).status).toBe(200);
    });

    it('by chance hit some requests and not others', async () => {
      const { sandbox } = rig();
      await control('faults', {
        provider: 'stripe',
        path: '/v1/balance',
        kind: 'rate_limit',
        chance: 0.5,
        times: 1_000,
      });
      const headers = { authorization: `Bearer ${sandbox.stripeApiKey}` };
      const ask = async () => {
        const answer = await fetch(`http://127.0.0.1:${sandbox.ports.stripe}/v1/balance`, { headers });
        await answer.body?.cancel();
        return answer.status;
      };
      const statuses = new Set<number>();
      await waitFor(async () => statuses.add(await ask()).size === 2, { what: 'both answers', timeoutMs: 10_000 });
      expect(statuses).toEqual(new Set([200, 429]));
      const faults = `http://127.0.0.1:${sandbox.ports.sandboxControl}/_control/faults`;
      await fetch(faults, { method: 'DELETE' });
      expect(await (await fetch(faults)).json()).toEqual({ faults: [] });
      await expect(control('faults', { provider: 'stripe', kind: 'error', chance: 0 })).rejects.toThrow('400');
    });

    it('that make no sense are refused with the reason', async () => {
      await expect(control('faults', { provider: 'paypal', kind: 'error' })).rejects.toThrow('400');
      await expect(control('clock', { advanceSeconds: -1 })).rejects.toThrow('400');
      await expect(control('accounts/acct_none', {})).rejects.toThrow('404');
    });
  });

  describe('webhooks', () => {
    it('are duplicated, dropped and overtaken on demand', async () => {
      const { stripe, webhooks } = rig();
      await control('webhooks', { action: 'drop', type: 'charge.succeeded' });
      await control('webhooks', { action: 'duplicate', type: 'payment_intent.created', copies: 2 });
      await control('webhooks', { action: 'reorder', type: 'payment_intent.amount_capturable_updated' });
      const { id } = await stripe.paymentIntents.create(heldPayment());
      const typesSeen = () =>
        webhooks.received
          .filter(({ body }) => body.includes(id))
          .map(({ body }) => (JSON.parse(body) as { type: string }).type);
      await waitFor(() => typesSeen().length === 3, { what: 'the duplicates', timeoutMs: 5_000 });
      await stripe.paymentIntents.capture(id);
      await waitFor(() => typesSeen().length === 6, { what: 'the overtaken one', timeoutMs: 5_000 });
      const created = 'payment_intent.created';
      const [first, second, third, fourth, ...rest] = typesSeen();
      expect([first, second, third, fourth]).toEqual([created, created, created, 'charge.captured']);
      expect(rest.toSorted()).toEqual(['payment_intent.amount_capturable_updated', 'payment_intent.succeeded']);
    });

    it('wait as long as they are told, or until they are released', async () => {
      const { stripe, webhooks } = rig();
      await control('webhooks', { action: 'delay', type: 'transfer.updated', delayMs: 600_000 });
      const seller = await verifiedAccount(stripe);
      const paid = await stripe.paymentIntents.create(heldPayment({ capture_method: 'automatic' }));
      const transfer = await stripe.transfers.create({
        amount: 100,
        currency: 'eur',
        destination: seller.id,
        source_transaction: idIn(paid.latest_charge),
      });
      await stripe.transfers.update(transfer.id, { metadata: { late: 'yes' } });
      await stripe.transfers.createReversal(transfer.id);
      const about = (type: string) => (webhook: { body: string }) =>
        webhook.body.includes(transfer.id) && webhook.body.includes(`"${type}"`);
      await webhooks.waitForWebhook(about('transfer.reversed'));
      expect(webhooks.received.some(about('transfer.updated'))).toBe(false);
      expect(await control('webhooks', { action: 'release' })).toEqual({ released: 1 });
      await webhooks.waitForWebhook(about('transfer.updated'));
    });
  });

  describe('disputes and payouts', () => {
    it('have webhooks that are overtaken, duplicated and dropped, on both endpoints', async () => {
      const { stripe, webhooks } = rig();
      const typesOf = (id: string) =>
        webhooks.received
          .map(({ body }) => JSON.parse(body) as { type?: string; data?: { object: { id: string } } })
          .filter((event) => event.data?.object.id === id)
          .map(({ type }) => type);
      await control('webhooks', { action: 'reorder', type: 'charge.dispute.created' });
      await control('webhooks', { action: 'duplicate', type: 'payout.created' });
      await control('webhooks', { action: 'drop', type: 'payout.paid' });
      const paid = await stripe.paymentIntents.create(
        heldPayment({ capture_method: 'automatic', payment_method: 'pm_card_bypassPending' }),
      );
      const dispute = await control('disputes', { paymentIntent: paid.id, status: 'needs_response', amount: 1_000 });
      await waitFor(() => typesOf(String(dispute['id'])).length === 2, { what: 'both events', timeoutMs: 5_000 });
      expect(typesOf(String(dispute['id']))).toEqual(['charge.dispute.funds_withdrawn', 'charge.dispute.created']);

      const seller = await verifiedAccount(stripe);
      const source_transaction = idIn(paid.latest_charge);
      await stripe.transfers.create({ amount: 500, currency: 'eur', destination: seller.id, source_transaction });
      const { id } = await stripe.payouts.create({ amount: 500, currency: 'eur' }, { stripeAccount: seller.id });
      await control(`payouts/${id}`, { status: 'paid' });
      await control(`payouts/${id}`, { status: 'failed' });
      await waitFor(() => typesOf(id).includes('payout.failed'), { what: 'the last event', timeoutMs: 5_000 });
      expect(typesOf(id)).toEqual(['payout.created', 'payout.created', 'payout.failed']);
    });

    it('meet faults like everything else: evidence and payouts are sent once, whatever the connection does', async () => {
      const { stripe, log } = rig();
      const paid = await stripe.paymentIntents.create(
        heldPayment({ capture_method: 'automatic', payment_method: 'pm_card_bypassPending' }),
      );
      const dispute = await control('disputes', { paymentIntent: paid.id, status: 'needs_response', amount: 1_000 });
      const id = String(dispute['id']);
      await control('faults', { provider: 'stripe', path: '/v1/disputes/{dispute}', kind: 'lost_reply' });
      const evidence = { product_description: 'A class' };
      const options = { idempotencyKey: `evidence-${id}` };
      // The SDK asks once more by itself when a connection was reset; the key makes that the same request.
      const again = await stripe.disputes.update(id, { evidence }, options);
      expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
      expect(again.evidence_details.submission_count).toBe(1);
      expect(await log(`id=${id}&kind=dispute_evidence`)).toHaveLength(1);
      await control('faults', { provider: 'stripe', method: 'POST', path: '/v1/payouts', kind: 'error' });
      const payout = { amount: 1, currency: 'eur' };
      const key = { idempotencyKey: `payout-${id}` };
      expect((await refused(stripe.payouts.create(payout, key))).statusCode).toBe(500);
      const cached = await refused(stripe.payouts.create(payout, key));
      expect(cached.headers?.['idempotent-replayed']).toBe('true');
    });
  });

  describe('accounts and identity checks', () => {
    it('an account is disabled, asked for more, and enabled again', async () => {
      const { stripe, webhooks } = rig();
      const { id } = await verifiedAccount(stripe);
      await control(`accounts/${id}`, { disabledReason: 'under_review' });
      const disabled = await stripe.accounts.retrieve(id);
      expect(disabled).toMatchObject({ payouts_enabled: false, requirements: { disabled_reason: 'under_review' } });
      const refusal = await refused(stripe.transfers.create({ amount: 100, currency: 'eur', destination: id }));
      expect(refusal.code).toBe('insufficient_capabilities_for_transfer');
      await control(`accounts/${id}`, { disabledReason: null, require: ['individual.verification.document'] });
      expect((await stripe.accounts.retrieve(id)).requirements).toMatchObject({
        currently_due: ['individual.verification.document'],
        disabled_reason: 'requirements.past_due',
      });
      await control(`accounts/${id}`, { require: [] });
      expect((await stripe.accounts.retrieve(id)).capabilities).toEqual({ transfers: 'active' });
      const told = () =>
        webhooks.received.filter(({ body }) => body.includes(id) && body.includes('"account.updated"'));
      await waitFor(() => told().length === 4, { what: 'an event for each change', timeoutMs: 5_000 });
    });

    it('an approved identity check is reversed', async () => {
      const { onfido, sandbox, webhooks } = rig();
      const { data: applicant } = await onfido.createApplicant({ first_name: 'Erika', last_name: 'Muster' });
      const { data: run } = await onfido.createWorkflowRun({
        applicant_id: applicant.id,
        workflow_id: sandbox.onfidoWorkflowId,
      });
      await fetch(run.link?.url ?? '', { method: 'POST' });
      await control(`onfido/runs/${run.id}`, { status: 'declined' });
      expect((await onfido.findWorkflowRun(run.id)).data.status).toBe('declined');
      await webhooks.waitForWebhook(({ body }) => body.includes(run.id) && body.includes('declined'));
    });
  });

  describe('the clock', () => {
    it('ends authorisations, makes money available, expires links and forgets keys', async () => {
      const { stripe, log, sandbox } = rig();
      const options = { idempotencyKey: `old-${Date.now()}` };
      const held = await stripe.paymentIntents.create(heldPayment(), options);
      const paid = await stripe.paymentIntents.create(heldPayment({ capture_method: 'automatic', currency: 'chf' }));
      const account = await stripe.accounts.create({ type: 'express', country: 'DE' });
      const link = await stripe.accountLinks.create({
        account: account.id,
        type: 'account_onboarding',
        refresh_url: 'https://app.example/refresh',
        return_url: 'https://app.example/return',
      });
      const pending = (await stripe.balance.retrieve()).pending.find(({ currency }) => currency === 'chf')?.amount;
      expect(pending).toBeGreaterThan(0);

      await control('clock', { advanceSeconds: 8 * DAY_SECONDS });
      await sandbox.restart('SIGTERM');
      expect(await stripe.paymentIntents.retrieve(held.id)).toMatchObject({
        status: 'canceled',
        cancellation_reason: 'expired',
      });
      expect(await log(`id=${held.id}&kind=expire`)).toHaveLength(1);
      expect(await refused(stripe.paymentIntents.capture(held.id))).toMatchObject({
        code: 'payment_intent_unexpected_state',
      });
      const balance = await stripe.balance.retrieve();
      expect(balance.available.find(({ currency }) => currency === 'chf')?.amount).toBe(pending);
      const charge = await stripe.charges.retrieve(idIn(paid.latest_charge), { expand: ['balance_transaction'] });
      expect(charge.balance_transaction).toMatchObject({ status: 'available' });
      expect((await fetch(link.url, { method: 'POST' })).status).toBe(410);
      const anew = await stripe.paymentIntents.create(heldPayment(), options);
      expect(anew.id).not.toBe(held.id);
    });
  });
}
