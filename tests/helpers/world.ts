/** A small world for tests of every route: people of every kind, and things that are somebody's. */
import { randomUUID } from 'node:crypto';
import type { CaseId } from '../../contracts/ids.ts';
import { openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { openCase } from '../../services/cases/index.ts';
import { draftBooking, freeHour, publishedBooking } from './bookings.ts';
import { request } from './client.ts';
import { type Person, verifiedBuyer, verifiedSeller } from './people.ts';
import { act, buy, publishedListing } from './purchases.ts';
import { stack } from './stack.ts';
import { staffToken } from './staff.ts';

/** Who asks. Everything there is belongs to `buyer` and `seller`. */
export const ACTORS = [
  'anonymous',
  'revoked',
  'unverified',
  'buyer',
  'seller',
  'stranger',
  'otherSeller',
  'support',
  'mediator',
  'compliance',
  'finance',
  'admin',
] as const;
export type Actor = (typeof ACTORS)[number];

export interface World {
  /** The access token of each; none for `anonymous`. */
  readonly tokens: Readonly<Record<Actor, string | undefined>>;
  readonly seller: Person;
  readonly buyer: Person;
  /** Goods that are published. */
  readonly listingId: string;
  /** A booking that is published. */
  readonly bookingId: string;
  /** A booking that nobody but its seller sees. */
  readonly draftId: string;
  /** Goods that the seller declined to sell: nothing can be done about it any more. */
  readonly declinedId: string;
  /** Goods that are held. */
  readonly heldId: string;
  /** A dispute that its seller has to answer. */
  readonly disputeId: string;
  readonly onboardingId: string;
  /** Of the buyer. */
  readonly deviceId: string;
  readonly caseId: CaseId;
}

export async function makeWorld(): Promise<World> {
  const [seller, otherSeller, buyer, stranger, leaver, unverified] = await Promise.all([
    verifiedSeller(),
    verifiedSeller(),
    verifiedBuyer(),
    verifiedBuyer(),
    verifiedBuyer(),
    newcomer(),
  ]);
  const [support, mediator, compliance, finance, admin] = await inTurn(
    (['support', 'mediator', 'compliance', 'finance', 'admin'] as const).map((role) => () => staffToken(role)),
  );
  await request('DELETE', '/v1/sessions/current', { token: leaver.accessToken });
  const [listingId, bookingId, draftId] = await Promise.all([
    publishedListing(seller),
    publishedBooking(seller),
    draftBooking(seller),
  ]);
  const [declined, held, disputed] = await Promise.all([1, 2, 3].map(() => buy(buyer, listingId)));
  const idOf = (bought: typeof held): string => bought?.body.id ?? '';
  await Promise.all([
    act(seller, idOf(declined), 'decline'),
    act(seller, idOf(held), 'accept'),
    act(seller, idOf(disputed), 'accept'),
  ]);
  const dispute = await request<{ id: string }>('POST', `/v1/purchases/${idOf(disputed)}/disputes`, {
    token: buyer.accessToken,
    body: { reason: 'not_received', description: 'It has not come.' },
  });
  const onboarding = await request<{ id: string }>('POST', '/v1/onboardings', {
    token: seller.accessToken,
    body: { firstName: 'A', lastName: 'Seller' },
  });
  const device = await request<{ id: string }>('POST', '/v1/devices', {
    token: buyer.accessToken,
    body: { platform: 'ios', token: `token-${randomUUID()}` },
  });
  return {
    tokens: {
      anonymous: undefined,
      revoked: leaver.accessToken,
      unverified,
      buyer: buyer.accessToken,
      seller: seller.accessToken,
      stranger: stranger.accessToken,
      otherSeller: otherSeller.accessToken,
      support: support?.accessToken,
      mediator: mediator?.accessToken,
      compliance: compliance?.accessToken,
      finance: finance?.accessToken,
      admin: admin?.accessToken,
    },
    seller,
    buyer,
    listingId,
    bookingId,
    draftId,
    declinedId: idOf(declined),
    heldId: idOf(held),
    disputeId: dispute.body.id,
    onboardingId: onboarding.body.id,
    deviceId: device.body.id,
    caseId: await blockedTransfer(idOf(held)),
  };
}

/** A time at which the booking of this world can be had. */
export const bookableAt = ({ bookingId }: World): Promise<string> => freeHour(bookingId, 48);

/** Somebody who has not proven their address yet. @returns their access token */
async function newcomer(): Promise<string> {
  const email = `newcomer.${randomUUID()}@people.wellpact.example`;
  const password = 'correct horse battery';
  const person = { displayName: 'A newcomer', birthDate: '1990-05-01', country: 'DE', acceptedTerms: true };
  await request('POST', '/v1/users', { body: { email, password, ...person } });
  const { body } = await request<{ accessToken: string }>('POST', '/v1/sessions', { body: { email, password } });
  return body.accessToken;
}

async function blockedTransfer(purchaseId: string): Promise<CaseId> {
  const log = createLogger({ role: 'test', level: 'error' });
  const database = openDatabase({ url: stack().databases.app, maxConnections: 1, applicationName: 'test', log });
  try {
    const about = { kind: 'transfer_blocked', subjectType: 'purchase', subjectId: purchaseId } as const;
    const opened = await database.transaction((tx) => openCase(tx, { ...about, dueAt: new Date(), details: {} }));
    return opened.id;
  } finally {
    await database.close();
  }
}

async function inTurn<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const task of tasks) results.push(await task());
  return results;
}
