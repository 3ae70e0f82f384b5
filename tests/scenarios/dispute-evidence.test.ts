/** Files as evidence: handed in, looked at, read by those who may, redacted; encrypted where they lie. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Schemas } from '../../client/index.ts';
import { auditTrail } from '../../platform/audit.ts';
import type { Answered } from '../helpers/client.ts';
import { request } from '../helpers/client.ts';
import {
  ask,
  contested,
  type DisputeBody,
  delivered,
  disputed,
  disputeReached,
  does,
  expectSettled,
  type Signed,
} from '../helpers/disputes.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, reached } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';

let seller: Person;
let buyer: Person;
let stranger: Person;
let mediator: Signed;
beforeAll(async () => {
  [seller, buyer, stranger, mediator] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    verifiedBuyer(),
    staffToken('mediator'),
  ]);
});

type EvidenceBody = Answered<Schemas['Evidence']>;

const PNG = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), randomBytes(2_000)]);
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', 'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('-');

async function handIn(
  who: Signed,
  { id }: { readonly id: string },
  bytes: Buffer | string,
  { type = 'image/png', name = 'photograph.png' } = {},
): Promise<{ status: number; body: EvidenceBody }> {
  const url = `${stack().urls.api}/v1/disputes/${id}/evidence?${new URLSearchParams({ name }).toString()}`;
  const headers = { authorization: `Bearer ${who.accessToken}`, 'content-type': type };
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(Buffer.from(bytes)) });
  return { status: answer.status, body: (await answer.json()) as EvidenceBody };
}

const download = (who: Signed, id: string, number: number): Promise<Response> =>
  fetch(`${stack().urls.api}/v1/disputes/${id}/evidence/${number}`, {
    headers: { authorization: `Bearer ${who.accessToken}` },
  });

const code = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;

/** The files of the object store, wherever they lie. */
const stored = (id: string): string[] => {
  const folder = join(stack().dataDir, 'objects', 'evidence', id);
  return readdirSync(folder).map((file) => join(folder, file));
};

/** After the release: no hold limit closes it meanwhile. */
async function open(): Promise<DisputeBody> {
  const purchaseId = await delivered({ seller, buyer });
  await act(buyer, purchaseId, 'confirm');
  await reached(buyer, purchaseId, 'released');
  const dispute = await disputed(buyer, purchaseId);
  await contested(seller, dispute);
  return dispute;
}

test('is handed in, read by both sides and mediators, and redacted', async () => {
  const dispute = await open();
  const added = await handIn(buyer, dispute, PNG);
  const sha256 = createHash('sha256').update(PNG).digest('hex');
  expect(added).toMatchObject({
    status: 201,
    body: {
      number: 1,
      by: 'buyer',
      name: 'photograph.png',
      type: 'image/png',
      size: PNG.length,
      sha256,
      scan: 'clean',
    },
  });
  // The same file again is the same piece of evidence; of the other side it is another one.
  expect((await handIn(buyer, dispute, PNG)).body.number).toBe(1);
  expect((await handIn(seller, dispute, PNG)).body).toMatchObject({ number: 2, by: 'seller' });
  const path = `/v1/disputes/${dispute.id}/evidence`;
  await disputeReached(buyer, dispute.id, 'mediating');
  expect((await handIn(mediator, dispute, 'A note.', { type: 'text/plain', name: 'n.txt' })).body.by).toBe('staff');
  await request('GET', path, { token: mediator.accessToken });

  for (const who of [buyer, seller, mediator]) {
    const file = await download(who, dispute.id, 1);
    expect(file.status).toBe(200);
    expect(file.headers.get('content-disposition')).toBe('attachment');
    expect(file.headers.get('x-content-type-options')).toBe('nosniff');
    expect(Buffer.from(await file.arrayBuffer()).equals(PNG)).toBe(true);
  }
  expect((await download(stranger, dispute.id, 1)).status).toBe(404);
  expect((await handIn(stranger, dispute, PNG)).status).toBe(404);
  expect((await download(buyer, dispute.id, 9)).status).toBe(404);
  for (const path of stored(dispute.id)) expect(readFileSync(path).includes(PNG.subarray(8, 40))).toBe(false);

  expect(await ask(seller, `${path}/1/redact`, { reason: 'Not mine.' })).toMatchObject({ status: 404 });
  expect(await ask<EvidenceBody>(buyer, `${path}/1/redact`, { reason: 'My face.' })).toMatchObject({
    status: 200,
    body: { sha256, redaction: { reason: 'My face.' } },
  });
  expect(await code(await download(mediator, dispute.id, 1))).toBe('EVIDENCE_REDACTED');
  expect(stored(dispute.id)).toHaveLength(2);
  expect(await ask(mediator, `${path}/2/redact`, { reason: 'A face.' })).toMatchObject({ status: 200 });
  const list = await request<{ data: EvidenceBody[] }>('GET', path, { token: seller.accessToken });
  expect(list.body.data.map(({ redaction }) => redaction !== null)).toEqual([true, true, false]);
  const trail = await withDatabase((database) => auditTrail(database, 'dispute', dispute.id));
  const noted = trail.filter(({ action }) => action === 'dispute.evidence_redacted');
  expect(noted.map(({ actor }) => actor.split(':')[0])).toEqual(['user', 'staff']);
  expect(JSON.stringify(trail)).not.toContain('My face');
  // What mediators looked at is in the trail; what they were refused is not, and the parties look at what is theirs.
  const looked = trail.filter(({ action }) => ['dispute.evidence_listed', 'dispute.evidence_read'].includes(action));
  expect(looked.map(({ actor, action, change }) => [actor.split(':')[0], action, JSON.parse(change)])).toEqual([
    ['staff', 'dispute.evidence_listed', {}],
    ['staff', 'dispute.evidence_read', { number: 1 }],
  ]);
});

test('what is forbidden, too large, empty, harmful or one too many is refused', async () => {
  const dispute = await open();
  expect(await handIn(buyer, dispute, '<svg/>', { type: 'image/svg+xml' })).toMatchObject({
    status: 415,
    body: { code: 'UNSUPPORTED_MEDIA_TYPE', allowed: ['image/jpeg', 'image/png', 'application/pdf', 'text/plain'] },
  });
  expect((await handIn(buyer, dispute, '<html>', { type: 'image/png' })).status).toBe(415);
  expect((await handIn(buyer, dispute, Buffer.alloc(5 * 1024 * 1024 + 1, 'a'), { type: 'text/plain' })).status).toBe(
    413,
  );
  expect((await handIn(buyer, dispute, '', { type: 'text/plain' })).body.code).toBe('EMPTY_FILE');
  expect((await handIn(buyer, dispute, PNG, { name: '' })).status).toBe(400);
  const list = await request<{ data: unknown[] }>('GET', `/v1/disputes/${dispute.id}/evidence`, {
    token: buyer.accessToken,
  });
  expect(list.body.data).toEqual([]);

  const harmful = await handIn(buyer, dispute, EICAR, { type: 'text/plain' });
  expect(harmful).toMatchObject({ status: 201, body: { scan: 'infected' } });
  expect(await code(await download(seller, dispute.id, 1))).toBe('EVIDENCE_NOT_CLEAN');
  expect(stored(dispute.id)).toEqual([]);
  for (let count = 1; count < 20; count++) {
    const { status } = await handIn(buyer, dispute, `File ${count} ${randomUUID()}`, { type: 'text/plain' });
    expect(status).toBe(201);
  }
  expect(await handIn(buyer, dispute, 'One more.', { type: 'text/plain' })).toMatchObject({
    status: 409,
    body: { code: 'TOO_MANY_FILES', limit: 20 },
  });
  expect((await handIn(seller, dispute, 'The other side.', { type: 'text/plain' })).status).toBe(201);
});

test('comes too late once it is decided', async () => {
  const dispute = await disputed(buyer, await delivered({ seller, buyer }));
  await does(seller, dispute, 'response', { answer: 'accept' });
  expect(await handIn(buyer, dispute, PNG)).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });
  await expectSettled(buyer, dispute, 'refunded', { captured: 2_500, refunded: 2_500 });
  expect((await handIn(seller, dispute, PNG)).status).toBe(409);
});

test('is the parties’ alone where it never came to a mediator', async () => {
  const dispute = await disputed(buyer, await delivered({ seller, buyer }));
  expect((await handIn(buyer, dispute, PNG)).status).toBe(201);
  await does(seller, dispute, 'response', { answer: 'accept' });
  await expectSettled(buyer, dispute, 'refunded', { captured: 2_500, refunded: 2_500 });
  const path = `/v1/disputes/${dispute.id}`;
  const ruling = { refund: { amount: 1, currency: 'EUR' }, reason: 'I look.', dryRun: true };
  const refused = [
    await request('GET', path, { token: mediator.accessToken }),
    await request('GET', `${path}/evidence`, { token: mediator.accessToken }),
    await ask(mediator, `${path}/evidence/1/redact`, { reason: 'I look.' }),
    await ask(mediator, `${path}/rulings`, ruling),
    await ask(mediator, `${path}/rulings/1/approve`),
    await handIn(mediator, dispute, 'A note.', { type: 'text/plain' }),
  ];
  for (const answer of refused) expect(answer).toMatchObject({ status: 403, body: { code: 'NOT_WITH_MEDIATORS' } });
  expect(await code(await download(mediator, dispute.id, 1))).toBe('NOT_WITH_MEDIATORS');
  const trail = await withDatabase((database) => auditTrail(database, 'dispute', dispute.id));
  expect(trail.filter(({ actor }) => actor.startsWith('staff:'))).toEqual([]);
});
