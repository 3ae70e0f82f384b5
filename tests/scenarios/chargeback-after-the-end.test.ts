/** A bank comes when the purchase has ended: its aftercare takes it up, and is the only one that writes. */
import { beforeAll, expect, test } from 'vitest';
import { aftercareWorkflowId } from '../../contracts/aftercare.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { aboutChargeback, chargebacksOf, disputed, laid, moveDispute, sold } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
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

const record = (name: string, id: string) => recordHistory(name, aftercareWorkflowId(id as PurchaseId));

async function completed(): Promise<string> {
  const id = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm']);
  await reached(buyer, id, 'completed');
  return id;
}

test('lost: the seller and Wellpact give it back; the purchase stays completed', async () => {
  const id = await completed();
  const dispute = await disputed(id);
  const open = await laid(buyer, id, 'open');
  expect(open).toMatchObject({ state: 'completed', money: { advanced: 2_500, chargedBack: 2_500 } });
  await expectEqualBooks(open);
  await moveDispute(dispute.id, 'under_review');
  await moveDispute(dispute.id, 'lost');
  await waitFor(async () => (await read(buyer, id)).body.money.advanced === 0, {
    what: 'the chargeback to be settled',
    timeoutMs: 20_000,
  });
  const ended = (await read(buyer, id)).body;
  expect(ended).toMatchObject({
    state: 'completed',
    chargeback: 'lost',
    money: { captured: 2_500, chargedBack: 2_500, transferred: 0, fees: 0 },
  });
  await expectEqualBooks(ended);
  await record('aftercare-chargeback-lost', id);
});

test('finance answers it, and it is won', async () => {
  const id = await completed();
  const dispute = await disputed(id);
  await laid(buyer, id, 'open');
  const statement = { statement: 'winning_evidence' };
  const answer = await aboutChargeback(finance, id, dispute.id, 'evidence', undefined, statement);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  const ended = await laid(buyer, id, 'won');
  expect(ended).toMatchObject({ state: 'completed', money: { advanced: 0, chargedBack: 0, transferred: 2_250 } });
  await expectEqualBooks(ended);
  await record('aftercare-chargeback-won', id);
});

test('what was refunded already is taken once more: nobody but Wellpact bears it, and finance knows', async () => {
  const id = await sold({ seller, buyer }, ['accept']);
  await act(seller, id, 'refunds');
  await reached(buyer, id, 'refunded');
  const dispute = await disputed(id);
  expect(await laid(buyer, id, 'open')).toMatchObject({
    money: { refunded: 2_500, chargedBack: 2_500, advanced: 2_500 },
  });
  const answer = await aboutChargeback(finance, id, dispute.id, 'accept');
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  const remainder = await waitFor(
    async () => {
      const path = `/v1/admin/cases?kind=chargeback_remainder&subjectId=${id}`;
      const { body } = await request<{ data: { details: object }[] }>('GET', path, { token: finance.accessToken });
      return body.data[0];
    },
    { what: 'a case for finance', timeoutMs: 20_000 },
  );
  expect(remainder.details).toMatchObject({ chargebackId: dispute.id, loss: 2_500 });
  const ended = (await read(buyer, id)).body;
  expect(ended).toMatchObject({ state: 'refunded', chargeback: 'lost', money: { refunded: 2_500, advanced: 2_500 } });
  expect((await chargebacksOf(finance, id)).data).toMatchObject([{ status: 'lost', advanced: 2_500 }]);
  await expectEqualBooks(ended);
});
