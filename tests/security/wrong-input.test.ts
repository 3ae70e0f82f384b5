/** Whatever is wrong with a request: a clear 4xx, and nothing is stored but the record of the key and of the limits. */
import { importJWK, SignJWT } from 'jose';
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Operation, operations } from '../helpers/api-description.ts';
import { allDay } from '../helpers/bookings.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type Actor, bookableAt, makeWorld, type World } from '../helpers/world.ts';

let world: World;
let routes: readonly Operation[];
let before: Readonly<Record<string, number>>;

beforeAll(async () => {
  [world, routes] = await Promise.all([makeWorld(), operations()]);
  before = await settled();
}, 120_000);

/** How many rows each table has, but those of keys and limits. */
async function counts(): Promise<Readonly<Record<string, number>>> {
  const client = new pg.Client({ connectionString: ownerUrl() });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables
        WHERE schemaname NOT IN ('api', 'public', 'relay') ORDER BY 1`,
    );
    const sums = rows.map(({ name }) => `SELECT '${name}' AS name, count(*)::int AS count FROM ${name}`);
    const counted = await client.query<{ name: string; count: number }>(sums.join(' UNION ALL '));
    return Object.fromEntries(counted.rows.map(({ name, count }) => [name, count]));
  } finally {
    await client.end();
  }
}

const ownerUrl = (): string => stack().databases.owner;

/** What is still under way from the making of the world comes to its end first. */
async function settled(): Promise<Readonly<Record<string, number>>> {
  let last = await counts();
  let equal = 0;
  await waitFor(
    async () => {
      const now = await counts();
      equal = JSON.stringify(now) === JSON.stringify(last) ? equal + 1 : 0;
      last = now;
      return equal >= 20;
    },
    { what: 'everything to come to rest', timeoutMs: 30_000 },
  );
  return last;
}

/** A request that would be right, but for what is done to it. */
interface Sample {
  readonly by: Actor;
  readonly id?: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What of the body cannot be left out. */
  readonly required: readonly string[];
  /** What of it may be null. */
  readonly nullable?: readonly string[];
}

const PERSON = {
  email: 'somebody@people.wellpact.example',
  password: 'correct horse battery',
  displayName: 'Somebody',
  birthDate: '1990-05-01',
  country: 'DE',
  acceptedTerms: true,
};
const CONTENT = {
  title: 'Home-made balm',
  description: 'Beeswax.',
  category: 'skin_care',
  price: { amount: 2_500, currency: 'EUR' },
};

type Samples = Readonly<Record<string, readonly Sample[]>>;

async function samples(): Promise<Samples> {
  const { listingId, bookingId, heldId, disputeId, caseId } = world;
  const startsAt = await bookableAt(world);
  const price = { amount: 2_500, currency: 'EUR' };
  const content = Object.keys(CONTENT);
  return {
    signUp: [{ by: 'anonymous', body: PERSON, required: Object.keys(PERSON) }],
    signIn: [{ by: 'anonymous', body: { email: PERSON.email, password: 'x' }, required: ['email', 'password'] }],
    refreshSession: [{ by: 'anonymous', body: { refreshToken: 'x' }, required: ['refreshToken'] }],
    verifyEmail: [{ by: 'anonymous', body: { token: 'x' }, required: ['token'] }],
    changeMe: [{ by: 'buyer', body: { displayName: 'Somebody' }, required: [] }],
    beginOnboarding: [{ by: 'buyer', body: { firstName: 'A', lastName: 'Buyer' }, required: [] }],
    createListing: [
      {
        by: 'seller',
        body: { ...CONTENT, kind: 'goods', stock: 1, handlingDays: 3 },
        required: [...content, 'kind', 'stock'],
      },
      {
        by: 'seller',
        body: {
          ...CONTENT,
          kind: 'booking',
          booking: { durationMinutes: 60, seats: 1, cancellationPolicy: 'strict' },
        },
        required: [...content, 'kind', 'booking'],
      },
    ],
    changeListing: [{ by: 'seller', id: listingId, body: { ...CONTENT, stock: 1, handlingDays: 3 }, required: [] }],
    planAvailability: [
      {
        by: 'seller',
        id: bookingId,
        body: { ...allDay(), exceptions: [{ date: '2027-12-24', openings: [{ from: '09:00', to: '10:00' }] }] },
        required: ['timeZone', 'weekly'],
      },
    ],
    buy: [
      {
        by: 'buyer',
        body: {
          listingId,
          quantity: 1,
          paymentMethod: 'pm_card_visa',
          expectedPrice: price,
          acceptedDisclaimers: ['a'],
        },
        required: ['listingId'],
      },
      { by: 'buyer', body: { listingId, discountCode: 'NO-SUCH-CODE' }, required: ['listingId'] },
      { by: 'buyer', body: { listingId: bookingId, slot: { startsAt } }, required: ['listingId', 'slot'] },
    ],
    refundPurchase: [{ by: 'seller', id: heldId, body: { amount: price }, required: [] }],
    reschedulePurchase: [{ by: 'buyer', id: heldId, body: { startsAt }, required: ['startsAt'] }],
    acceptReschedule: [{ by: 'buyer', id: heldId, body: { startsAt }, required: [] }],
    registerDevice: [
      { by: 'buyer', body: { platform: 'ios', token: 'a-token-of-a-phone' }, required: ['platform', 'token'] },
    ],
    changeNotificationPreferences: [
      {
        by: 'buyer',
        body: { timeZone: 'Europe/Berlin', email: true, push: true, quietHours: { from: '22:00', until: '07:00' } },
        required: ['timeZone', 'email', 'push', 'quietHours'],
        nullable: ['timeZone', 'quietHours'],
      },
    ],
    createDiscount: [
      {
        by: 'finance',
        body: {
          code: 'WELCOME',
          currency: 'EUR',
          basisPoints: 1_000,
          maximumAmount: 500,
          minimumPrice: 1_000,
          validFrom: '2027-01-01T00:00:00Z',
          validUntil: '2028-01-01T00:00:00Z',
          maxUses: 10,
          maxUsesPerBuyer: 1,
          budget: 5_000,
        },
        required: ['code', 'currency', 'basisPoints'],
      },
      { by: 'finance', body: { code: 'WELCOME', currency: 'EUR', amount: 500, maxUses: 1 }, required: ['maxUses'] },
    ],
    beginReconciliation: [
      { by: 'finance', body: { from: '2020-01-01T00:00:00Z', until: '2021-01-01T00:00:00Z' }, required: [] },
    ],
    addStaffNote: [{ by: 'support', id: heldId, body: { note: 'A note.' }, required: ['note'] }],
    pauseMoney: [{ by: 'support', id: heldId, body: { reason: 'A reason.' }, required: ['reason'] }],
    refundAgain: [
      { by: 'finance', id: heldId, body: { refundId: 're_1', reason: 'A reason.' }, required: ['refundId', 'reason'] },
    ],
    resumeMoney: [{ by: 'finance', id: heldId, body: { reason: 'A reason.' }, required: ['reason'] }],
    openDispute: [
      {
        by: 'buyer',
        id: heldId,
        body: { reason: 'other', description: 'Words.', wants: price },
        required: ['reason', 'description'],
      },
    ],
    claimNoShow: [{ by: 'buyer', id: heldId, body: { description: 'Words.' }, required: ['description'] }],
    contestNoShow: [{ by: 'buyer', id: heldId, body: { text: 'Words.' }, required: ['text'] }],
    respondToDispute: [
      {
        by: 'seller',
        id: disputeId,
        body: { answer: 'offer', refund: price, text: 'Words.' },
        required: ['answer', 'refund'],
      },
      { by: 'seller', id: disputeId, body: { answer: 'contest', text: 'Words.' }, required: ['answer', 'text'] },
    ],
    makeOffer: [{ by: 'seller', id: disputeId, body: { refund: price, text: 'Words.' }, required: ['refund'] }],
    escalateDispute: [{ by: 'seller', id: disputeId, body: { text: 'Words.' }, required: [] }],
    appealRuling: [{ by: 'seller', id: disputeId, body: { text: 'Words.' }, required: ['text'] }],
    ruleOnDispute: [
      {
        // It has not come to mediators: they would hear that alone.
        by: 'admin',
        id: disputeId,
        body: { refund: price, reason: 'Words.', dryRun: true },
        required: ['refund', 'reason'],
      },
    ],
    redactEvidence: [{ by: 'buyer', id: disputeId, body: { reason: 'Words.' }, required: ['reason'] }],
    answerChargeback: [{ by: 'finance', id: heldId, body: { statement: 'It was delivered.' }, required: [] }],
    decideCase: [
      { by: 'finance', id: caseId, body: { decision: 'resolved', reason: 'Done.' }, required: ['decision', 'reason'] },
    ],
  };
}

interface Wrong {
  readonly what: string;
  readonly text: string;
}

const replaced = (value: unknown, path: readonly (string | number)[], by: unknown): unknown => {
  const [first, ...rest] = path;
  if (first === undefined) return by;
  if (Array.isArray(value)) return value.map((item, index) => (index === first ? replaced(item, rest, by) : item));
  const object = value as Record<string, unknown>;
  return { ...object, [first]: replaced(object[first], rest, by) };
};

/** What no field of this kind takes. */
function wrongInsteadOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return [null, 7, true, {}, [], '', 'x'.repeat(10_000), '\u0000'];
  if (typeof value === 'number') return [null, '7', true, {}, [], -1, 1.5, 1e15, 1e308];
  if (typeof value === 'boolean') return [null, 'true', 1, {}];
  return Array.isArray(value) ? [null, 'x', 7, {}, Array.from({ length: 1_000 }, () => 'x')] : [null, 'x', 7, []];
}

function* pathsIn(value: unknown, path: readonly (string | number)[] = []): Generator<[(string | number)[], unknown]> {
  if (path.length > 0) yield [[...path], value];
  if (Array.isArray(value)) yield* value.length === 0 ? [] : pathsIn(value[0], [...path, 0]);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* pathsIn(item, [...path, key]);
  }
}

function* wrongBodies({ body, required, nullable = [] }: Sample): Generator<Wrong> {
  for (const name of required) {
    const { [name]: _left, ...rest } = body;
    yield { what: `without ${name}`, text: JSON.stringify(rest) };
  }
  for (const [path, value] of pathsIn(body)) {
    for (const wrong of wrongInsteadOf(value)) {
      if (wrong === null && nullable.includes(path.join('.'))) continue;
      const text = JSON.stringify(replaced(body, path, wrong));
      yield { what: `${path.join('.')} = ${JSON.stringify(wrong).slice(0, 30)}`, text };
    }
  }
  for (const name of ['admin', 'role', 'ownerId', 'sellerId', 'state', 'constructor']) {
    yield { what: `with ${name}`, text: JSON.stringify({ ...body, [name]: 'admin' }) };
  }
  const text = JSON.stringify(body);
  yield { what: 'with a prototype', text: `{"__proto__":{"role":"admin"},${text.slice(1)}` };
  const [first] = Object.keys(body);
  if (first !== undefined) yield { what: `with ${first} twice`, text: `{"${first}":1,${text.slice(1)}` };
  yield { what: 'cut off', text: text.slice(0, -1) };
  yield { what: 'with NaN', text: `{"amount":NaN,${text.slice(1)}` };
  yield { what: 'a list', text: `[${text}]` };
  yield { what: 'null', text: 'null' };
  yield { what: 'a text', text: '"x"' };
  yield { what: 'too deep', text: '['.repeat(100_000) };
  yield { what: 'more than a megabyte', text: JSON.stringify({ ...body, extra: 'x'.repeat(1_100_000) }) };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly problem: { readonly code?: string; readonly detail?: string };
}

async function send(
  { method, path }: Pick<Operation, 'method' | 'path'>,
  { token, id = '', text, query = '' }: { token?: string | undefined; id?: string; text?: string; query?: string },
): Promise<Answer> {
  const answer = await fetch(`${stack().urls.api}${path.replace('{id}', id).replace(/\{\w+\}/, 'du_none')}${query}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(text !== undefined && { 'content-type': 'application/json' }),
      'if-match': '*',
      'idempotency-key': crypto.randomUUID(),
    },
    ...(text !== undefined && { body: text }),
    redirect: 'manual',
  });
  const type = answer.headers.get('content-type') ?? '';
  const body = await answer.text();
  return { status: answer.status, type, problem: type.includes('json') ? (JSON.parse(body) as Answer['problem']) : {} };
}

/** Everybody knocks from one address here: what was counted is forgotten. */
const forgetLimits = async (): Promise<void> => {
  const client = new pg.Client({ connectionString: ownerUrl() });
  await client.connect();
  await client.query('DELETE FROM api.rate_limits');
  await client.end();
};

function expectRefusal(answer: Answer, statuses: readonly number[], told: string): void {
  expect(statuses, `${told}: ${answer.status} ${JSON.stringify(answer.problem)}`).toContain(answer.status);
  expect(answer.type, told).toContain('application/problem+json');
  expect(answer.problem.code, told).toMatch(/^[A-Z_]+$/);
  expect(answer.problem.detail?.length ?? 0, told).toBeGreaterThan(10);
}

const REFUSED = [400, 409, 413, 415, 422];

describe('a body', () => {
  test('every route that takes one has its sample', async () => {
    const taking = routes.filter(({ hasBody }) => hasBody).map(({ id }) => id);
    expect(Object.keys(await samples()).sort()).toEqual([...taking].sort());
  });

  test('that is wrong in any way is refused', { timeout: 180_000 }, async () => {
    let sent = 0;
    for (const [id, list] of Object.entries(await samples())) {
      const operation = routes.find((route) => route.id === id);
      if (operation === undefined) throw new Error(`there is no ${id}`);
      for (const sample of list) {
        for (const { what, text } of wrongBodies(sample)) {
          if (sent++ % 20 === 0) await forgetLimits();
          const token = world.tokens[sample.by];
          const answer = await send(operation, { token, text, ...(sample.id !== undefined && { id: sample.id }) });
          // A password or a token that nobody has is well-formed.
          const unknown = ['signIn', 'refreshSession'].includes(id) ? [401] : [];
          // Words that are long, but not too long, about a chargeback that there is not.
          const missing = id === 'answerChargeback' ? [404] : [];
          expectRefusal(answer, [...REFUSED, ...unknown, ...missing], `${id} ${what}`);
        }
      }
    }
    expect(sent).toBeGreaterThan(700);
  });
});

test('an id that is none, or of nothing, is not found', async () => {
  const all = await samples();
  for (const operation of routes.filter(({ path }) => path.includes('{id}'))) {
    const body = all[operation.id]?.[0]?.body;
    const by = /\/admin\/|\/rulings/.test(operation.path) ? 'admin' : 'seller';
    for (const prefix of ['usr', 'lst', 'pur', 'onb', 'cas']) {
      for (const id of [
        `${prefix}_${'0'.repeat(32)}`,
        `${prefix}_1`,
        prefix,
        '..%2f..%2fusers',
        '%00',
        "'%20OR%201=1",
      ]) {
        const answer = await send(operation, {
          token: world.tokens[by],
          id,
          ...(body !== undefined && { text: JSON.stringify(body) }),
        });
        expectRefusal(answer, [400, 404], `${operation.id} ${id}`);
      }
    }
  }
});

test('a query that is wrong is refused', async () => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    limit: ['0', '-1', '101', 'x', '1.5', 'NaN', '', '1e9'],
    cursor: ['x', '%00', 'e30='],
    from: ['yesterday', '2027-13-01T00:00:00Z', ''],
    to: ['tomorrow', '0'],
    nonsense: ['1'],
  };
  for (const operation of routes.filter(({ method }) => method === 'GET')) {
    if (!operation.path.startsWith('/v1/')) continue;
    const id = operation.path.includes('/listings/') ? world.bookingId : world.declinedId;
    const token = operation.path.includes('/admin/') ? world.tokens.admin : world.tokens.buyer;
    for (const [name, values] of Object.entries(wrong)) {
      if (name !== 'nonsense' && !operation.query.includes(name)) continue;
      for (const value of values) {
        const target =
          operation.id === 'getOnboarding' ? world.onboardingId : operation.id === 'getCase' ? world.caseId : id;
        const answer = await send(operation, { token, id: target, query: `?${name}=${value}` });
        expectRefusal(answer, [400], `${operation.id}?${name}=${value}`);
      }
    }
  }
});

test('no token, an expired one or one that is none: 401 on every route that asks who is there', async () => {
  const [head = '', claims = ''] = (world.tokens.buyer ?? '').split('.');
  const decoded = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  const jwk = JSON.parse(stack().env['TOKEN_SIGNING_KEY'] ?? '') as Record<string, string>;
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const signed = (exp: number): Promise<string> =>
    importJWK(jwk, 'EdDSA').then((key) =>
      new SignJWT({ ...decoded(claims), iat: nowSeconds - 700, exp })
        .setProtectedHeader(decoded(head) as { alg: string })
        .sign(key),
    );
  const expired = await signed(nowSeconds - 100);
  for (const operation of routes.filter(({ isSignedIn }) => isSignedIn)) {
    for (const token of [undefined, expired, 'x', `${world.tokens.buyer}x`]) {
      expectRefusal(
        await send(operation, { token, id: world.heldId }),
        [401],
        `${operation.id} ${token?.slice(0, 10)}`,
      );
    }
  }
});

describe('what no rule allows', () => {
  test.each([
    ['a price in another currency', 'buy', { expectedPrice: { amount: 2_500, currency: 'USD' } }, 409, 'PRICE_CHANGED'],
    ['another price', 'buy', { expectedPrice: { amount: 1, currency: 'EUR' } }, 409, 'PRICE_CHANGED'],
    ['more than there are', 'buy', { quantity: 100, expectedPrice: undefined }, 409, 'SOLD_OUT'],
    ['a slot for goods', 'buy', { slot: { startsAt: '2099-01-01T00:00:00Z' } }, 422, 'SLOT_NOT_EXPECTED'],
    ['a listing that is none', 'buy', { listingId: `lst_${'0'.repeat(32)}` }, 404, 'NOT_FOUND'],
    [
      'a refund in another currency',
      'refundPurchase',
      { amount: { amount: 2_500, currency: 'USD' } },
      422,
      'OTHER_CURRENCY',
    ],
    [
      'a refund of more than was paid',
      'refundPurchase',
      { amount: { amount: 2_501, currency: 'EUR' } },
      422,
      'REFUND_TOO_LARGE',
    ],
    ['a refund of nothing', 'refundPurchase', { amount: { amount: 0, currency: 'EUR' } }, 400, 'INVALID_REQUEST'],
    ['a discount code that is none', 'buy', { discountCode: 'NO-SUCH-CODE' }, 422, 'DISCOUNT_UNKNOWN'],
    ['a discount of both kinds', 'createDiscount', { amount: 100 }, 400, 'INVALID_REQUEST'],
    ['a discount that has ended', 'createDiscount', { validUntil: '2026-12-31T00:00:00Z' }, 400, 'INVALID_REQUEST'],
    ['a discount without end', 'createDiscount', { maxUses: undefined, budget: undefined }, 400, 'INVALID_REQUEST'],
    ['a move to the past', 'reschedulePurchase', { startsAt: '2020-01-01T00:00:00Z' }, 422, 'SLOT_PAST'],
    ['a move of goods', 'reschedulePurchase', {}, 409, 'NOT_ALLOWED_NOW'],
  ] as const)('%s', async (_what, id, change, status, code) => {
    const sample = (await samples())[id]?.[0];
    const operation = routes.find((route) => route.id === id);
    if (sample === undefined || operation === undefined) throw new Error(`there is no ${id}`);
    const answer = await send(operation, {
      token: world.tokens[sample.by],
      text: JSON.stringify({ ...sample.body, ...change }),
      ...(sample.id !== undefined && { id: sample.id }),
    });
    expectRefusal(answer, [status], JSON.stringify(change));
    expect(answer.problem.code).toBe(code);
  });

  test('a time that is past, of a booking', async () => {
    const operation = { method: 'POST', path: '/v1/purchases' } as const;
    const text = JSON.stringify({ listingId: world.bookingId, slot: { startsAt: '2020-01-01T00:00:00Z' } });
    const answer = await send(operation, { token: world.tokens.buyer, text });
    expect(answer).toMatchObject({ status: 422, problem: { code: 'SLOT_PAST' } });
  });
});

test('after all this nothing is stored that was not there before', async () => {
  expect(await settled()).toEqual(before);
});
