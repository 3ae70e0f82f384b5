import type { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../helpers/wait-for.ts';
import { control, heldPayment, idIn, type Rig, refused } from './rig.ts';

const DAY_SECONDS = 24 * 60 * 60;
const FEE = 1_500;

/** Disputes, from test cards and by the control API. It moves the clock, so it comes after everything else. */
export function describeDisputes(rig: () => Rig): void {
  const paidBy = (token: string, group: string) =>
    rig().stripe.paymentIntents.create(
      heldPayment({ capture_method: 'automatic', payment_method: token, transfer_group: group }),
    );
  const disputesOf = async (intent: Stripe.PaymentIntent) =>
    (await rig().stripe.disputes.list({ payment_intent: intent.id })).data;
  const onlyDispute = async (intent: Stripe.PaymentIntent): Promise<Stripe.Dispute> => {
    const [dispute, ...others] = await disputesOf(intent);
    if (dispute === undefined || others.length > 0) throw new Error(`Expected one dispute of ${intent.id}`);
    return dispute;
  };
  const open = async (body: object) => (await control(rig(), 'disputes', body)) as unknown as Stripe.Dispute;
  const move = (id: string, status: string) => control(rig(), `disputes/${id}`, { status });
  const pass = (seconds: number) => control(rig(), 'clock', { advanceSeconds: seconds });
  const logged = async (group: string) =>
    (await rig().log(`transferGroup=${group}`))
      .filter(({ kind }) => kind.startsWith('dispute'))
      .map(({ kind, amount }) => [kind, amount]);
  const toldOf = (id: string, types: readonly string[]) => {
    const told = () =>
      rig()
        .webhooks.received.map(({ body }) => JSON.parse(body) as { type?: string; data?: { object: { id: string } } })
        .filter((event) => event.data?.object.id === id)
        .map(({ type }) => type);
    return waitFor(() => told().length === types.length && told().every((type, at) => type === types[at]), {
      what: `${types.join(', ')}; were told: ${told().join(', ')}`,
      timeoutMs: 5_000,
    });
  };

  describe('disputes by test cards', () => {
    it('pm_card_createDispute takes the money and a fee; winning evidence brings both back', async () => {
      const { stripe } = rig();
      const before = await total(stripe);
      const intent = await paidBy('pm_card_createDispute', 'pur_disputed');
      const dispute = await onlyDispute(intent);
      expect(dispute).toMatchObject({ status: 'needs_response', amount: 5_000, reason: 'fraudulent' });
      expect(dispute.balance_transactions).toMatchObject([
        { type: 'adjustment', reporting_category: 'dispute', amount: -5_000, fee: FEE, net: -5_000 - FEE },
      ]);
      expect(dispute.evidence_details.due_by).toBe(dispute.created + 7 * DAY_SECONDS);
      const charge = await stripe.charges.retrieve(idIn(dispute.charge));
      expect(charge).toMatchObject({ disputed: true, refunded: false });
      expect(await total(stripe)).toBe(before + 5_000 - 100 - 5_000 - FEE);
      expect(await refused(stripe.refunds.create({ payment_intent: intent.id, amount: 1 }))).toMatchObject({
        statusCode: 400,
        code: 'charge_disputed',
      });

      const staged = await stripe.disputes.update(dispute.id, {
        evidence: { product_description: 'A class' },
        submit: false,
        metadata: { purchaseId: 'pur_disputed' },
      });
      expect(staged).toMatchObject({
        status: 'needs_response',
        evidence_details: { has_evidence: true, submission_count: 0 },
        metadata: { purchaseId: 'pur_disputed' },
      });
      const sent = await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: 'winning_evidence' } });
      expect(sent).toMatchObject({
        status: 'under_review',
        evidence_details: { submission_count: 1, past_due: false },
      });
      expect(sent.evidence.product_description).toBe('A class');
      await pass(1);
      const won = await stripe.disputes.retrieve(dispute.id, { expand: ['charge', 'payment_intent'] });
      expect(won).toMatchObject({ status: 'won', charge: { id: charge.id } });
      expect(won.balance_transactions[1]).toMatchObject({
        type: 'adjustment',
        reporting_category: 'dispute_reversal',
        net: 5_000 + FEE,
      });
      expect(await total(stripe)).toBe(before + 5_000 - 100);
      await toldOf(dispute.id, [
        'charge.dispute.created',
        'charge.dispute.funds_withdrawn',
        'charge.dispute.updated',
        'charge.dispute.updated',
        'charge.dispute.closed',
        'charge.dispute.funds_reinstated',
      ]);
      expect(await logged('pur_disputed')).toEqual([
        ['dispute_opened', 5_000],
        ['dispute_withdrawn', 5_000],
        ['dispute_fee', FEE],
        ['dispute_evidence', null],
        ['dispute_reinstated', 5_000],
        ['dispute_fee_returned', FEE],
        ['dispute_won', 5_000],
      ]);
      expect(await refused(stripe.disputes.update(dispute.id, { submit: true }))).toMatchObject({ statusCode: 400 });
      expect((await stripe.refunds.create({ payment_intent: intent.id })).amount).toBe(5_000);
    });

    it('losing evidence, silence until the due date, and closing it lose', async () => {
      const { stripe } = rig();
      const argued = await onlyDispute(await paidBy('pm_card_createDisputeProductNotReceived', 'pur_lost'));
      const silent = await onlyDispute(await paidBy('pm_card_createDispute', 'pur_silent'));
      const given = await onlyDispute(await paidBy('pm_card_createDispute', 'pur_given'));
      expect(argued.reason).toBe('product_not_received');
      await stripe.disputes.update(argued.id, { evidence: { uncategorized_text: 'losing_evidence' } });
      expect((await stripe.disputes.close(given.id)).status).toBe('lost');
      expect((await refused(stripe.disputes.close(given.id))).message).toContain('already closed');
      await pass(1);
      expect((await stripe.disputes.retrieve(argued.id)).status).toBe('lost');
      await pass(6 * DAY_SECONDS);
      expect((await stripe.disputes.retrieve(silent.id)).status).toBe('needs_response');
      await pass(DAY_SECONDS);
      expect(await stripe.disputes.retrieve(silent.id)).toMatchObject({ status: 'lost' });
      expect(await logged('pur_silent')).toEqual([
        ['dispute_opened', 5_000],
        ['dispute_withdrawn', 5_000],
        ['dispute_fee', FEE],
        ['dispute_lost', 5_000],
      ]);
    });

    it('pm_card_createDisputeInquiry moves nothing until it is escalated', async () => {
      const { stripe } = rig();
      const before = await total(stripe);
      const inquiry = await onlyDispute(await paidBy('pm_card_createDisputeInquiry', 'pur_inquiry'));
      expect(inquiry).toMatchObject({
        status: 'warning_needs_response',
        balance_transactions: [],
        is_charge_refundable: true,
        payment_method_details: { card: { case_type: 'inquiry' } },
      });
      expect(await total(stripe)).toBe(before + 4_900);
      const evidence = { uncategorized_text: 'escalate_inquiry_evidence' };
      expect((await stripe.disputes.update(inquiry.id, { evidence })).status).toBe('warning_under_review');
      await pass(1);
      const formal = await stripe.disputes.retrieve(inquiry.id);
      expect(formal).toMatchObject({
        status: 'needs_response',
        is_charge_refundable: false,
        payment_method_details: { card: { case_type: 'chargeback' } },
        evidence_details: { submission_count: 0 },
      });
      expect(formal.balance_transactions).toMatchObject([{ net: -5_000 - FEE }]);
      await toldOf(inquiry.id, [
        'charge.dispute.created',
        'charge.dispute.updated',
        'charge.dispute.updated',
        'charge.dispute.funds_withdrawn',
      ]);
    });

    it('an inquiry ends when the charge is refunded in full, or after 120 days', async () => {
      const { stripe } = rig();
      const intent = await paidBy('pm_card_createDisputeInquiry', 'pur_asked');
      const asked = await onlyDispute(intent);
      const forgotten = await onlyDispute(await paidBy('pm_card_createDisputeInquiry', 'pur_forgotten'));
      await stripe.refunds.create({ payment_intent: intent.id, amount: 1_000 });
      expect((await stripe.disputes.retrieve(asked.id)).status).toBe('warning_needs_response');
      await stripe.refunds.create({ payment_intent: intent.id });
      expect((await stripe.disputes.retrieve(asked.id)).status).toBe('warning_closed');
      await pass(120 * DAY_SECONDS);
      expect((await stripe.disputes.retrieve(forgotten.id)).status).toBe('warning_closed');
      expect(await logged('pur_forgotten')).toEqual([
        ['dispute_opened', 5_000],
        ['dispute_warning_closed', 5_000],
      ]);
    });

    it('pm_card_createMultipleDisputes shares the amount; pm_card_createIssuerFraudRecord only warns', async () => {
      const { stripe, webhooks, log } = rig();
      const [second, first] = await disputesOf(await paidBy('pm_card_createMultipleDisputes', 'pur_several'));
      expect([first?.amount, second?.amount]).toEqual([2_500, 2_500]);
      expect((await stripe.disputes.list({ charge: idIn(first?.charge) })).data).toHaveLength(2);
      const intent = await paidBy('pm_card_createIssuerFraudRecord', 'pur_warned');
      expect(await disputesOf(intent)).toEqual([]);
      const [warning] = (await stripe.radar.earlyFraudWarnings.list({ payment_intent: intent.id })).data;
      const id = warning?.id ?? '';
      expect(await stripe.radar.earlyFraudWarnings.retrieve(id)).toMatchObject({ actionable: true });
      await stripe.refunds.create({ payment_intent: intent.id });
      expect(await stripe.radar.earlyFraudWarnings.retrieve(id)).toMatchObject({ actionable: false });
      await webhooks.waitForWebhook(({ body }) => body.includes(id));
      expect(await log(`id=${id}&kind=fraud_warning`)).toHaveLength(1);
    });
  });

  describe('evidence files', () => {
    it('are uploaded, named as evidence, and shown again by the control API', async () => {
      const { stripe, sandbox } = rig();
      const data = Buffer.from('%PDF-1.7\nA receipt.');
      const upload = (content: Buffer) =>
        stripe.files.create({
          purpose: 'dispute_evidence',
          file: { data: content, name: 'receipt.pdf', type: 'application/pdf' },
        });
      const file = await upload(data);
      expect(file).toMatchObject({ type: 'pdf', size: data.length, filename: 'receipt.pdf' });
      expect((await stripe.files.retrieve(file.id)).purpose).toBe('dispute_evidence');
      expect((await stripe.files.list({ purpose: 'dispute_evidence', limit: 1 })).data[0]?.id).toBe(file.id);
      const shown = await fetch(`http://127.0.0.1:${sandbox.ports.sandboxControl}/_control/files/${file.id}`);
      expect(Buffer.from(await shown.arrayBuffer()).equals(data)).toBe(true);
      expect(await refused(upload(Buffer.from('#!/bin/sh')))).toMatchObject({ statusCode: 400, param: 'file' });
      expect(await refused(upload(Buffer.alloc(5 * 1024 * 1024 + 1, '%PDF-')))).toMatchObject({ param: 'file' });

      const { id } = await onlyDispute(await paidBy('pm_card_createDispute', 'pur_files'));
      const none = { evidence: { receipt: 'file_none' } };
      expect(await refused(stripe.disputes.update(id, none))).toMatchObject({ param: 'evidence[receipt]' });
      const sent = await stripe.disputes.update(id, { evidence: { receipt: file.id }, submit: false });
      expect(sent).toMatchObject({ status: 'needs_response', evidence: { receipt: file.id } });
      const texts = ['access_activity_log', 'product_description', 'cancellation_rebuttal', 'refund_policy_disclosure'];
      const more = [...texts, 'refund_refusal_explanation', 'duplicate_charge_explanation', 'uncategorized_text'];
      const long = Object.fromEntries(
        [...more, 'cancellation_policy_disclosure'].map((name) => [name, 'x'.repeat(20_000)]),
      );
      expect(await refused(stripe.disputes.update(id, { evidence: long }))).toMatchObject({ param: 'evidence' });
      expect(await stripe.disputes.retrieve(id)).toMatchObject({ status: 'needs_response' });
    });
  });

  describe('disputes by the control API', () => {
    it('are partial and several, never about more than was paid, and leave the rest refundable', async () => {
      const { stripe } = rig();
      const { id: paymentIntent } = await paidBy('pm_card_visa', 'pur_parts');
      const first = await open({ paymentIntent, status: 'needs_response', amount: 2_000, reason: 'general' });
      const charge = idIn(first.charge);
      await expect(open({ charge, status: 'needs_response', amount: 3_001 })).rejects.toThrow('at most 3000');
      const second = await open({ charge, status: 'needs_response', amount: 1_000, dueInSeconds: DAY_SECONDS });
      expect(second.evidence_details.due_by).toBe(second.created + DAY_SECONDS);
      const tooMuch = await refused(stripe.refunds.create({ charge, amount: 2_001 }));
      expect(tooMuch).toMatchObject({ statusCode: 400, param: 'amount' });
      expect((await stripe.refunds.create({ charge })).amount).toBe(2_000);
      await move(first.id, 'under_review');
      await move(first.id, 'won');
      await move(second.id, 'lost');
      await expect(move(second.id, 'won')).rejects.toThrow('closed');
      expect((await stripe.refunds.create({ charge })).amount).toBe(2_000);
      expect((await refused(stripe.refunds.create({ charge }))).code).toBe('charge_disputed');
    });

    it('meet a charge that was refunded already, as banks do', async () => {
      const { stripe } = rig();
      const { id: paymentIntent } = await paidBy('pm_card_visa', 'pur_twice');
      await stripe.refunds.create({ payment_intent: paymentIntent });
      expect(await open({ paymentIntent, status: 'needs_response' })).toMatchObject({ amount: 5_000 });
      expect((await refused(stripe.refunds.create({ payment_intent: paymentIntent }))).code).toBe(
        'charge_already_refunded',
      );
    });

    it('are prevented: the bank has the money without a fee, at once or after an inquiry', async () => {
      const { id: paymentIntent } = await paidBy('pm_card_visa', 'pur_prevented');
      const half = { paymentIntent, amount: 2_500 };
      const settled = await open({ ...half, status: 'prevented' });
      expect(settled).toMatchObject({
        status: 'prevented',
        balance_transactions: [{ net: -2_500, fee: 0 }],
        payment_method_details: { card: { case_type: 'resolution' } },
      });
      await toldOf(settled.id, ['charge.dispute.created', 'charge.dispute.funds_withdrawn', 'charge.dispute.closed']);
      const inquiry = await open({ ...half, status: 'warning_needs_response' });
      expect(await move(inquiry.id, 'prevented')).toMatchObject({ balance_transactions: [{ net: -2_500, fee: 0 }] });
      await toldOf(inquiry.id, ['charge.dispute.created', 'charge.dispute.funds_withdrawn', 'charge.dispute.closed']);
    });

    it('refuses what makes no sense, and changes nothing', async () => {
      const { stripe } = rig();
      const held = await stripe.paymentIntents.create(heldPayment({ transfer_group: 'pur_nonsense' }));
      const status = 'needs_response';
      await expect(open({ charge: idIn(held.latest_charge), status })).rejects.toThrow('not captured');
      await expect(open({ status })).rejects.toThrow('either the charge or the paymentIntent');
      await expect(open({ charge: 'ch_none', status })).rejects.toThrow('No such charge');
      await expect(open({ paymentIntent: 'pi_none', status })).rejects.toThrow('no payment intent');
      await expect(move('du_none', 'won')).rejects.toThrow('404');
      const inquiry = await onlyDispute(await paidBy('pm_card_createDisputeInquiry', 'pur_nonsense'));
      await expect(move(inquiry.id, 'won')).rejects.toThrow('warning_closed');
      expect(await logged('pur_nonsense')).toEqual([['dispute_opened', 5_000]]);
    });
  });
}

/** All that the platform has in euros, minor units. */
async function total(stripe: Stripe): Promise<number> {
  const { available, pending } = await stripe.balance.retrieve();
  return [...available, ...pending]
    .filter(({ currency }) => currency === 'eur')
    .reduce((sum, { amount }) => sum + amount, 0);
}
