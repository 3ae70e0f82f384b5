/** Every side effect of purchases and their disputes, as a table: how it is brought about, and how things end after it. */
import type { AftercareActivities } from '../../activities/aftercare.ts';
import type { DisputeActivities } from '../../activities/dispute.ts';
import type { PurchaseActivities } from '../../activities/purchase.ts';
import type { SideEffect, Unplayed, Ways } from './side-effect.ts';
import { CHARGEBACK_EFFECTS } from './side-effects-chargeback.ts';
import { DISCOUNT_EFFECTS } from './side-effects-discount.ts';
import { DISPUTE_EFFECTS } from './side-effects-dispute.ts';
import { MONEY_EFFECTS } from './side-effects-money.ts';
import { PURCHASE_EFFECTS } from './side-effects-purchase.ts';

type Entry = SideEffect | Ways | Unplayed;
type Step = keyof (PurchaseActivities & AftercareActivities & DisputeActivities);

/** By their activities: one that is new does not compile before it stands here, with a scene or with why it has none. */
export const SIDE_EFFECTS: Readonly<Record<Step, Entry>> = {
  ...PURCHASE_EFFECTS,
  ...MONEY_EFFECTS,
  ...CHARGEBACK_EFFECTS,
  ...DISCOUNT_EFFECTS,
  ...DISPUTE_EFFECTS,
  readStanding: { unplayed: 'it only reads' },
  remindOfEvidence: { unplayed: 'only a deadline brings it about; it commits as remindParties does' },
  reportRefusedStep: { unplayed: 'only a refusal brings it about; it commits as reportHoldLimit does' },
  reportHoldLimit: { unplayed: 'only months bring it about; it commits as pauseMoney does' },
};

const isUnplayed = (entry: Entry): entry is Unplayed => 'unplayed' in entry && typeof entry.unplayed === 'string';
const isScene = (entry: Entry): entry is SideEffect => 'set' in entry && typeof entry.set === 'function';

/** Those with scenes, by the names of their steps and of the ways in which these are taken. */
export const PLAYED: readonly (readonly [string, SideEffect])[] = Object.entries(SIDE_EFFECTS).flatMap(
  ([step, effect]) => {
    if (isUnplayed(effect)) return [];
    if (isScene(effect)) return [[step, effect] as const];
    return Object.entries(effect).flatMap(([way, one]) => (isScene(one) ? [[`${step} ${way}`, one] as const] : []));
  },
);
