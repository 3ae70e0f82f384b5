/** What staff do about a purchase on its way: they pause its money, and let it go again after the next step. */
import type { PurchaseBody } from '../helpers/purchases.ts';
import { newStaff, order, signIn } from '../helpers/staff.ts';
import { insist, isPaused, settled, type Walk } from './actions.ts';
import { disputeOf } from './dispute-choices.ts';
import { SIGN_IN_AGAIN_AFTER_MS } from './people.ts';
import type { Plan } from './plan.ts';

/** The one of finance who does it in a run: an order that is sent again is one of the same person. */
let account: ReturnType<typeof newStaff> | undefined;
let session: { readonly sinceMs: number; readonly token: ReturnType<typeof signIn> } | undefined;

async function signedIn(): Promise<{ readonly accessToken: string }> {
  account ??= newStaff('finance');
  const known = await account;
  if (session === undefined || Date.now() - session.sinceMs > SIGN_IN_AGAIN_AFTER_MS) {
    session = { sinceMs: Date.now(), token: signIn(known) };
  }
  return session.token;
}

const PAUSE = 'staff pause';

/** Once, while there is money that could move. */
export const staffAct = (
  { staff, staffAfter }: Plan,
  { money, state }: PurchaseBody,
  path: readonly string[],
): boolean =>
  staff === 'pause its money' &&
  money.captured > 0 &&
  STATES.includes(state) &&
  path.length >= staffAfter &&
  !path.includes(PAUSE);

const STATES: readonly string[] = ['held', 'delivered', 'disputed', 'released'];

/** @param path what is done is added to it */
export async function staffPause(on: Walk, path: string[]): Promise<PurchaseBody> {
  path.push(PAUSE);
  return (await told(on, 'pause', path)) ? settled(on, isPaused) : settled(on, () => true);
}

/** Then everything that waited for it is due: a dispute that was decided meanwhile is carried out. */
export async function staffLetGo(on: Walk, path: string[]): Promise<PurchaseBody> {
  path.push('staff let go');
  if (!(await told(on, 'resume', path))) return settled(on, () => true);
  const now = await settled(on, (purchase) => !isPaused(purchase));
  if (now.state !== 'disputed' || (await disputeOf(on, 'buyer')).decision === null) return now;
  return settled(on, ({ state }) => state !== 'disputed');
}

/** @returns false when the clock was faster: the purchase has ended */
async function told({ id }: Walk, action: 'pause' | 'resume', path: string[]): Promise<boolean> {
  const { status, body } = await insist(`${action} ${id}`, async (key) =>
    order(await signedIn(), id, action, { reason: 'Somebody looks at it.' }, key),
  );
  if (status === 200) return true;
  if (body.code !== 'NOT_ALLOWED_NOW') throw new Error(`${action} of ${id} was refused: ${JSON.stringify(body)}`);
  path.push(`refused: ${body.code}`);
  return false;
}
