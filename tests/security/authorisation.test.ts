/** The authorisation matrix: every route that asks who is there, times everybody who could be. */
import { beforeAll, expect, test } from 'vitest';
import { type Operation, operations } from '../helpers/api-description.ts';
import { request } from '../helpers/client.ts';
import { ACTORS, type Actor, makeWorld, type World } from '../helpers/world.ts';

let world: World;
let routes: readonly Operation[];

beforeAll(async () => {
  [world, routes] = await Promise.all([makeWorld(), operations()]);
}, 120_000);

/** What is sent, besides who asks. What it changes is asked for nowhere else, so that the order does not matter. */
interface Call {
  /** Of what the path names, and of what it names within that. */
  readonly id?: string;
  readonly part?: string;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const THIS_MONTH = new Date().toISOString().slice(0, 7);
const EMPTY: Call = { body: {} };
/** No purchase of this world is paid in them. */
const DOLLARS = { amount: 1, currency: 'USD' };

const CALLS: Readonly<Record<string, (world: World) => Call>> = {
  getMe: () => ({}),
  changeMe: () => ({ body: { displayName: '' }, headers: { 'if-match': '*' } }),
  signOut: () => ({}),
  sendVerificationMail: () => ({}),
  beginOnboarding: () => ({ body: { extra: true } }),
  getOnboarding: ({ onboardingId }) => ({ id: onboardingId }),
  createListing: () => EMPTY,
  changeListing: ({ listingId }) => ({ id: listingId, body: {}, headers: { 'if-match': '"999"' } }),
  publishListing: ({ listingId }) => ({ id: listingId }),
  pauseListing: ({ draftId }) => ({ id: draftId }),
  planAvailability: ({ bookingId }) => ({
    id: bookingId,
    body: { timeZone: 'UTC', weekly: [] },
    headers: { 'if-match': '"999"' },
  }),
  buy: () => EMPTY,
  listPurchases: () => ({}),
  getPurchase: ({ declinedId }) => ({ id: declinedId }),
  whyPurchase: ({ declinedId }) => ({ id: declinedId }),
  purchaseTimeline: ({ declinedId }) => ({ id: declinedId }),
  acceptPurchase: ({ declinedId }) => ({ id: declinedId }),
  declinePurchase: ({ declinedId }) => ({ id: declinedId }),
  deliverPurchase: ({ declinedId }) => ({ id: declinedId }),
  confirmPurchase: ({ declinedId }) => ({ id: declinedId }),
  cancelPurchase: ({ declinedId }) => ({ id: declinedId }),
  getBalance: () => ({}),
  getInvoicePdf: ({ declinedId }) => ({ id: declinedId }),
  getInvoiceCsv: ({ declinedId }) => ({ id: declinedId }),
  listPayouts: () => ({}),
  listStatements: () => ({}),
  getStatementCsv: () => ({ id: THIS_MONTH, query: 'currency=EUR' }),
  getStatementPdf: () => ({ id: THIS_MONTH, query: 'currency=EUR' }),
  refundPurchase: ({ declinedId }) => ({ id: declinedId, body: {} }),
  reschedulePurchase: ({ declinedId }) => ({ id: declinedId, body: { startsAt: '2099-01-01T00:00:00Z' } }),
  acceptReschedule: ({ declinedId }) => ({ id: declinedId, body: {} }),
  registerDevice: () => EMPTY,
  listDevices: () => ({}),
  removeDevice: ({ deviceId }) => ({ id: deviceId }),
  getNotificationPreferences: () => ({}),
  changeNotificationPreferences: () => ({ body: {}, headers: { 'if-match': '*' } }),
  listCases: () => ({}),
  getCase: ({ caseId }) => ({ id: caseId }),
  searchPurchases: () => ({}),
  readPurchaseStory: ({ declinedId }) => ({ id: declinedId }),
  createDiscount: () => EMPTY,
  listDiscounts: () => ({}),
  getDiscount: () => ({ id: `dsc_${'0'.repeat(32)}` }),
  disableDiscount: () => ({ id: `dsc_${'0'.repeat(32)}` }),
  listLedgerAccounts: () => ({}),
  checkLedger: () => ({}),
  listLedgerPostings: () => ({}),
  beginReconciliation: () => ({ body: { from: 'today' } }),
  listReconciliations: () => ({}),
  getReconciliation: () => ({ id: `rec_${'0'.repeat(32)}` }),
  addStaffNote: ({ declinedId }) => ({ id: declinedId, body: { note: 'A note.' } }),
  pauseMoney: ({ declinedId }) => ({ id: declinedId, body: { reason: 'A reason.' } }),
  refundAgain: ({ declinedId }) => ({ id: declinedId, body: { refundId: 're_1', reason: 'A reason.' } }),
  resumeMoney: ({ declinedId }) => ({ id: declinedId, body: { reason: 'A reason.' } }),
  listStaffNotes: ({ declinedId }) => ({ id: declinedId }),
  listDisputes: ({ declinedId }) => ({ id: declinedId }),
  openDispute: ({ declinedId }) => ({ id: declinedId, body: { reason: 'other', description: 'A reason.' } }),
  claimNoShow: ({ declinedId }) => ({ id: declinedId, body: { description: 'Nobody came.' } }),
  contestNoShow: ({ declinedId }) => ({ id: declinedId, body: { text: 'I was there.' } }),
  getDispute: ({ disputeId }) => ({ id: disputeId }),
  respondToDispute: ({ disputeId }) => ({ id: disputeId, body: { answer: 'offer', refund: DOLLARS } }),
  makeOffer: ({ disputeId }) => ({ id: disputeId, body: { refund: DOLLARS } }),
  acceptOffer: ({ disputeId }) => ({ id: disputeId }),
  escalateDispute: ({ disputeId }) => ({ id: disputeId, body: {} }),
  appealRuling: ({ disputeId }) => ({ id: disputeId, body: { text: 'A reason.' } }),
  waiveAppeal: ({ disputeId }) => ({ id: disputeId }),
  ruleOnDispute: ({ disputeId }) => ({ id: disputeId, body: { refund: DOLLARS, reason: 'A reason.' } }),
  approveRuling: ({ disputeId }) => ({ id: disputeId }),
  addEvidence: ({ disputeId }) => ({ id: disputeId, query: 'name=nothing' }),
  listEvidence: ({ disputeId }) => ({ id: disputeId }),
  readEvidence: ({ disputeId }) => ({ id: disputeId }),
  redactEvidence: ({ disputeId }) => ({ id: disputeId, body: { reason: 'A reason.' } }),
  listChargebacks: ({ declinedId }) => ({ id: declinedId }),
  answerChargeback: ({ declinedId }) => ({ id: declinedId, part: 'du_none', body: {} }),
  acceptChargeback: ({ declinedId }) => ({ id: declinedId, part: 'du_none' }),
  decideCase: ({ caseId }) => ({ id: caseId, body: { decision: 'approve', reason: 'Not one of its decisions.' } }),
};

// biome-ignore format: a table reads by its columns
const EXPECTED: Readonly<Record<string, readonly number[]>> = {
  // anonymous, revoked, unverified, buyer, seller, stranger, another seller, support, mediator, compliance, finance, admin
  getMe:                [401, 401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200],
  changeMe:             [401, 401, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400],
  signOut:              [401, 401, 204, 204, 204, 204, 204, 204, 204, 204, 204, 204],
  sendVerificationMail: [401, 401, 204, 409, 409, 409, 409, 409, 409, 409, 409, 409],
  beginOnboarding:      [401, 401, 403, 400, 400, 400, 400, 403, 403, 403, 403, 403],
  getOnboarding:        [401, 401, 403, 404, 200, 404, 404, 403, 403, 403, 403, 403],
  createListing:        [401, 401, 403, 400, 400, 400, 400, 403, 403, 403, 403, 403],
  changeListing:        [401, 401, 403, 404, 412, 404, 404, 403, 403, 403, 403, 403],
  publishListing:       [401, 401, 403, 404, 200, 404, 404, 403, 403, 403, 403, 403],
  pauseListing:         [401, 401, 403, 404, 409, 404, 404, 403, 403, 403, 403, 403],
  planAvailability:     [401, 401, 403, 404, 412, 404, 404, 403, 403, 403, 403, 403],
  buy:                  [401, 401, 403, 400, 400, 400, 400, 403, 403, 403, 403, 403],
  listPurchases:        [401, 401, 403, 200, 200, 200, 200, 403, 403, 403, 403, 403],
  getPurchase:          [401, 401, 403, 200, 200, 404, 404, 403, 403, 403, 403, 403],
  whyPurchase:          [401, 401, 403, 200, 200, 404, 404, 403, 403, 403, 403, 403],
  purchaseTimeline:     [401, 401, 403, 200, 200, 404, 404, 403, 403, 403, 403, 403],
  acceptPurchase:       [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  declinePurchase:      [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  deliverPurchase:      [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  confirmPurchase:      [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  cancelPurchase:       [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  refundPurchase:       [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 422, 422],
  reschedulePurchase:   [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  acceptReschedule:     [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  getBalance:           [401, 401, 403, 200, 200, 200, 200, 403, 403, 403, 403, 403],
  getInvoicePdf:        [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  getInvoiceCsv:        [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  listPayouts:          [401, 401, 403, 200, 200, 200, 200, 403, 403, 403, 403, 403],
  listStatements:       [401, 401, 403, 200, 200, 200, 200, 403, 403, 403, 403, 403],
  getStatementCsv:      [401, 401, 403, 200, 200, 200, 200, 403, 403, 403, 403, 403],
  getStatementPdf:      [401, 401, 403, 200, 200, 200, 200, 403, 403, 403, 403, 403],
  registerDevice:       [401, 401, 403, 400, 400, 400, 400, 403, 403, 403, 403, 403],
  listDevices:          [401, 401, 403, 200, 200, 200, 200, 403, 403, 403, 403, 403],
  removeDevice:         [401, 401, 403, 204, 404, 404, 404, 403, 403, 403, 403, 403],
  getNotificationPreferences:
                        [401, 401, 403, 200, 200, 200, 200, 403, 403, 403, 403, 403],
  changeNotificationPreferences:
                        [401, 401, 403, 400, 400, 400, 400, 403, 403, 403, 403, 403],
  listCases:            [401, 401, 403, 403, 403, 403, 403, 200, 200, 200, 200, 200],
  getCase:              [401, 401, 403, 403, 403, 403, 403, 404, 404, 404, 200, 200],
  searchPurchases:      [401, 401, 403, 403, 403, 403, 403, 200, 200, 200, 200, 200],
  readPurchaseStory:    [401, 401, 403, 403, 403, 403, 403, 200, 200, 200, 200, 200],
  createDiscount:       [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 400, 400],
  listDiscounts:        [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 200, 200],
  getDiscount:          [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 404, 404],
  disableDiscount:      [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 404, 404],
  listLedgerAccounts:   [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 200, 200],
  checkLedger:          [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 200, 200],
  listLedgerPostings:   [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 400, 400],
  beginReconciliation:  [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 400, 400],
  listReconciliations:  [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 200, 200],
  getReconciliation:    [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 404, 404],
  addStaffNote:         [401, 401, 403, 403, 403, 403, 403, 409, 403, 409, 409, 409],
  pauseMoney:           [401, 401, 403, 403, 403, 403, 403, 409, 403, 409, 409, 409],
  refundAgain:          [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 409, 409],
  resumeMoney:          [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 409, 409],
  listStaffNotes:       [401, 401, 403, 403, 403, 403, 403, 200, 403, 200, 200, 200],
  listDisputes:         [401, 401, 403, 200, 200, 404, 404, 403, 403, 403, 403, 403],
  openDispute:          [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  claimNoShow:          [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  contestNoShow:        [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  getDispute:           [401, 401, 403, 200, 200, 404, 404, 403, 403, 403, 403, 200],
  respondToDispute:     [401, 401, 403, 422, 422, 404, 404, 403, 403, 403, 403, 403],
  makeOffer:            [401, 401, 403, 422, 422, 404, 404, 403, 403, 403, 403, 403],
  acceptOffer:          [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  escalateDispute:      [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  appealRuling:         [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  waiveAppeal:          [401, 401, 403, 409, 409, 404, 404, 403, 403, 403, 403, 403],
  ruleOnDispute:        [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 403, 422],
  approveRuling:        [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 403, 409],
  addEvidence:          [401, 401, 403, 415, 415, 404, 404, 403, 403, 403, 403, 415],
  listEvidence:         [401, 401, 403, 200, 200, 404, 404, 403, 403, 403, 403, 200],
  readEvidence:         [401, 401, 403, 404, 404, 404, 404, 403, 403, 403, 403, 404],
  redactEvidence:       [401, 401, 403, 404, 404, 404, 404, 403, 403, 403, 403, 404],
  listChargebacks:      [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 200, 200],
  answerChargeback:     [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 404, 404],
  acceptChargeback:     [401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 404, 404],
  decideCase:           [401, 401, 403, 403, 403, 403, 403, 404, 404, 404, 422, 422],
};

async function ask(operation: Operation, actor: Actor): Promise<number> {
  const call = CALLS[operation.id]?.(world) ?? {};
  const token = world.tokens[actor];
  const path = operation.path.replace(/\{\w+\}/, call.id ?? '').replace(/\{\w+\}/, call.part ?? '1');
  const { status } = await request(operation.method, call.query === undefined ? path : `${path}?${call.query}`, {
    ...(token !== undefined && { token }),
    ...(call.body !== undefined && { body: call.body }),
    ...(call.headers !== undefined && { headers: call.headers }),
  });
  return status;
}

test('every route that asks who is there stands in the matrix', () => {
  const asking = routes.filter(({ isSignedIn }) => isSignedIn).map(({ id }) => id);
  expect(Object.keys(CALLS).sort()).toEqual([...asking].sort());
  expect(Object.keys(EXPECTED).sort()).toEqual([...asking].sort());
});

test(`everybody gets what is theirs, and nothing else: ${ACTORS.join(', ')}`, { timeout: 120_000 }, async () => {
  const found: Record<string, number[]> = {};
  // Signing out comes last: afterwards nobody is there any more.
  const inOrder = routes
    .filter(({ isSignedIn }) => isSignedIn)
    .sort((one, other) => Number(one.id === 'signOut') - Number(other.id === 'signOut'));
  for (const operation of inOrder)
    found[operation.id] = await Promise.all(ACTORS.map((actor) => ask(operation, actor)));
  expect(found).toEqual(EXPECTED);
});
