/** The documents of one purchase: the buyer's receipt, the seller's invoice about the commission. */
import { z } from 'zod';
import type { PurchaseId } from '../../contracts/ids.ts';
import { conflict, notFound } from '../../platform/errors.ts';
import { issueInvoice } from '../../services/transactions/index.ts';
import { getUser } from '../../services/users/index.ts';
import type { ApiDeps } from '../deps.ts';
import { fileReply } from '../documents/file.ts';
import { commissionCsv, commissionPdf, type InvoiceParts, receiptCsv, receiptPdf } from '../documents/invoice.ts';
import { type Caller, type Reply, type Route, route } from '../route.ts';
import { idOf } from '../schemas.ts';
import { purchaseOf, sideOf } from './party.ts';

type InvoiceDeps = Pick<ApiDeps, 'config' | 'database'>;

const ROUTES = [
  {
    form: 'pdf',
    operationId: 'getInvoicePdf',
    contentType: 'application/pdf',
    schema: z.string().meta({ format: 'binary' }),
  },
  { form: 'csv', operationId: 'getInvoiceCsv', contentType: 'text/csv', schema: z.string() },
] as const;

const DRAWN = {
  receipt: { pdf: receiptPdf, csv: receiptCsv },
  commission: { pdf: commissionPdf, csv: commissionCsv },
} as const;

export function invoiceRoutes(deps: InvoiceDeps): Route[] {
  return ROUTES.map(({ form, operationId, contentType, schema }) =>
    route({
      method: 'get',
      path: `/v1/purchases/{id}/invoice/${form}`,
      operationId,
      tag: 'purchases',
      summary: `Your receipt, or the invoice about the commission, as ${form.toUpperCase()}`,
      description:
        'The buyer gets a receipt on behalf of the seller, the seller the invoice of Wellpact about its commission. It has a ' +
        'number from the first time that it is asked for; when money went back since, another one takes its place and says so.',
      policy: { access: 'member' },
      params: z.object({ id: idOf('pur') }),
      problems: { NOTHING_TO_INVOICE: { status: 409, when: 'nothing was paid yet, or nothing earned.' } },
      responses: { 200: { description: 'The document.', schema, contentType } },
      handle: ({ params: { id }, caller }) => answer(deps, id, caller(), form),
    }),
  );
}

async function answer(
  { database, config }: InvoiceDeps,
  id: PurchaseId,
  caller: Caller,
  form: 'pdf' | 'csv',
): Promise<Reply> {
  const purchase = await purchaseOf(database, id, caller.userId);
  const kind = sideOf(purchase, caller.userId) === 'buyer' ? 'receipt' : 'commission';
  const [invoice, seller, buyer] = await Promise.all([
    issueInvoice(database, id, kind, new Date()),
    getUser(database, purchase.sellerId),
    getUser(database, purchase.buyerId),
  ]);
  if (invoice === undefined) {
    throw conflict('NOTHING_TO_INVOICE', 'Nothing was paid for this purchase yet, or nothing earned by it.');
  }
  if (seller === undefined || buyer === undefined) throw notFound('purchase');
  const parts: InvoiceParts = {
    purchase,
    invoice,
    issuer: config.DOCUMENT_ISSUER,
    sellerName: seller.displayName,
    buyerName: buyer.displayName,
  };
  return fileReply(`${invoice.number}.${form}`, await DRAWN[kind][form](parts));
}
