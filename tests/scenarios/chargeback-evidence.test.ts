/** What the bank is told: by finance, or by itself before the bank stops listening. Once. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createStripe } from '../../providers/stripe-calls.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import {
  aboutChargeback,
  chargebacksOf,
  disputed,
  laid,
  moveDispute,
  recordPurchase,
  sold,
} from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { type MailBody, mailsAbout } from '../helpers/notifications.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { reached, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let finance: Awaited<ReturnType<typeof staffToken>>;
let stripe: ReturnType<typeof createStripe>;

beforeAll(async () => {
  [seller, buyer, finance] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
  stripe = createStripe({
    apiKey: stack().env['STRIPE_API_KEY'] ?? '',
    apiUrl: stack().urls.stripe,
    timeoutMs: 10_000,
  });
});

const DAY_SECONDS = 24 * 60 * 60;
const submissions = async (id: string) => (await sandboxLog({ transferGroup: id, kind: 'dispute_evidence' })).length;
const answered = (id: string) =>
  waitFor(async () => (await submissions(id)) > 0, { what: 'the evidence to be submitted', timeoutMs: 20_000 });

interface CaseBody {
  readonly data: readonly { readonly kind: string; readonly state: string; readonly dueAt: string }[];
}

const caseOf = async (id: string) => {
  const path = `/v1/admin/cases?kind=chargeback&subjectId=${id}`;
  const { status, body } = await request<CaseBody>('GET', path, { token: finance.accessToken });
  expect(status, JSON.stringify(body)).toBe(200);
  return body.data;
};

describe('finance', () => {
  test('looks at it, adds a statement, submits it once, and the bank decides by it', async () => {
    const id = await sold({ seller, buyer }, ['accept', 'deliver']);
    const dispute = await disputed(id);
    await laid(buyer, id, 'open');
    const { data, evidence } = await chargebacksOf(finance, id);
    expect(data).toMatchObject([
      { id: dispute.id, status: 'needs_response', amount: 2_500, withdrawn: 2_500, answerable: true, answeredAt: null },
    ]);
    expect(evidence['activity']).toContain('it was delivered');
    const [open] = await caseOf(id);
    expect(open).toMatchObject({ state: 'open', dueAt: data[0]?.dueBy });

    const key = crypto.randomUUID();
    const statement = { statement: 'winning_evidence' };
    const answer = await aboutChargeback(finance, id, dispute.id, 'evidence', key, statement);
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { answerable: false } });
    expect(answer.body.answeredAt).not.toBeNull();
    expect(await aboutChargeback(finance, id, dispute.id, 'evidence', key, statement)).toMatchObject({ status: 200 });
    expect(await aboutChargeback(finance, id, dispute.id, 'evidence')).toMatchObject({
      status: 409,
      body: { code: 'NOT_ANSWERABLE' },
    });
    const won = await laid(buyer, id, 'won');
    expect(await submissions(id)).toBe(1);
    const { evidence: told } = await stripe.disputes.retrieve(dispute.id);
    expect(told.shipping_date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(told.product_description).toContain('25.00 EUR');
    expect(JSON.stringify(told)).not.toMatch(/balm|skin_care/i);
    expect(await caseOf(id)).toMatchObject([{ state: 'closed' }]);
    await expectEqualBooks(won);
    await recordPurchase('chargeback-answered-by-finance', id);
  });

  test('accepts the loss', async () => {
    const id = await sold({ seller, buyer }, ['accept']);
    const dispute = await disputed(id);
    await laid(buyer, id, 'open');
    const answer = await aboutChargeback(finance, id, dispute.id, 'accept');
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { status: 'lost' } });
    expect(await aboutChargeback(finance, id, dispute.id, 'accept')).toMatchObject({ status: 200 });
    const ended = (await read(buyer, id)).body;
    expect(ended).toMatchObject({ state: 'refunded', chargeback: 'lost', money: { chargedBack: 2_500 } });
    await expectEqualBooks(ended);
    await recordPurchase('chargeback-accepted', id);
  });

  test('hears that a chargeback is not there, or not of this purchase', async () => {
    const [id, other] = [await sold({ seller, buyer }, ['accept']), await sold({ seller, buyer }, ['accept'])];
    const dispute = await disputed(other);
    await laid(buyer, other, 'open');
    for (const chargeback of [dispute.id, 'du_none']) {
      expect(await aboutChargeback(finance, id, chargeback, 'evidence')).toMatchObject({ status: 404 });
      expect(await aboutChargeback(finance, id, chargeback, 'accept')).toMatchObject({ status: 404 });
    }
    expect(await submissions(other)).toBe(0);
    await moveDispute(dispute.id, 'lost');
    await reached(buyer, other, 'refunded');
  });
});

describe('by itself', () => {
  test('it is submitted so long before the bank stops taking it', async () => {
    const id = await sold({ seller, buyer }, ['accept', 'deliver']);
    const dispute = await disputed(id, { dueInSeconds: DAY_SECONDS + 3 });
    await laid(buyer, id, 'open');
    expect(await submissions(id)).toBe(0);
    await answered(id);
    await waitFor(async () => (await chargebacksOf(finance, id)).data[0]?.answeredAt != null, {
      what: 'that to be noted',
      timeoutMs: 20_000,
    });
    expect((await chargebacksOf(finance, id)).data).toMatchObject([{ status: 'under_review', answerable: false }]);
    await moveDispute(dispute.id, 'won');
    const won = await laid(buyer, id, 'won');
    expect(await submissions(id)).toBe(1);
    await expectEqualBooks(won);
    await recordPurchase('chargeback-answered-by-the-clock', id);
  });

  test('finance and the seller are told in time before it is, once', async () => {
    const id = await sold({ seller, buyer }, ['accept', 'deliver']);
    await disputed(id, { dueInSeconds: DAY_SECONDS + 16 });
    await laid(buyer, id, 'open');
    const [toFinance, toSeller] = ['Evidence about a chargeback is due', 'We are about to answer a bank for you'];
    const told = async (who: { readonly email: string }, subject: string): Promise<readonly MailBody[]> =>
      (await mailsAbout(who, id)).filter((mail) => mail.subject === subject);
    await waitFor(
      async () => (await told(finance, toFinance)).length > 0 && (await told(seller, toSeller)).length > 0,
      { what: 'both mails', timeoutMs: 20_000 },
    );
    expect(await submissions(id)).toBe(0);
    await answered(id);
    const mails = [await told(finance, toFinance), await told(seller, toSeller)];
    expect(mails.map(({ length }) => length)).toEqual([1, 1]);
    expect(mails.map(([mail]) => mail?.text)).toEqual([
      expect.stringContaining(`/console/purchases/${id}`),
      expect.stringContaining(`/v1/purchases/${id}`),
    ]);
    expect(await mailsAbout(buyer, id).then((all) => all.filter(({ text }) => /bank/.test(text)))).toEqual([]);
  });

  test('what is due sooner than that is answered at once, an inquiry too', async () => {
    const id = await sold({ seller, buyer }, ['accept']);
    await disputed(id, { status: 'warning_needs_response', dueInSeconds: 60 });
    await laid(buyer, id, 'inquiry');
    await answered(id);
    const asked = (await read(buyer, id)).body;
    expect(asked).toMatchObject({ chargeback: 'inquiry', money: { held: 2_500 } });
    await expectEqualBooks(asked);
  });
});
