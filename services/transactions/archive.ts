/** What the rules saw of a purchase is kept when it ends: read from its audit trail, so that both tell the same. */
import type { PurchaseId } from '../../contracts/ids.ts';
import { auditTrail } from '../../platform/audit.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import { MOVES, type MoveName } from './money.ts';
import type { OpenDispute, Purchase } from './purchase-record.ts';
import type { Party, PurchaseEvent } from './transition-rules.ts';
import { type BookedTime, type Fact, type Outcome, outcomeOf, type RuleInputs } from './what-if-rules.ts';

/** A purchase that has ended, as its rules saw it. */
export interface Archived {
  readonly purchaseId: PurchaseId;
  readonly currency: string;
  readonly inputs: RuleInputs;
  readonly outcome: Outcome;
}

/** Keeps what the rules saw, in the transaction that ends the purchase and after its audit entry. */
export async function archive(tx: Tx, purchase: Purchase): Promise<void> {
  const { id, currency, state, books, updatedAt } = purchase;
  await tx.query({
    name: 'purchase_archive',
    text: `INSERT INTO transactions.archives (purchase_id, closed_at, currency, inputs, outcome) VALUES ($1, $2, $3, $4, $5)`,
    values: [id, updatedAt, currency, await inputsOf(tx, purchase), outcomeOf(state, books)],
  });
}

async function inputsOf(tx: Tx, purchase: Purchase): Promise<RuleInputs> {
  const { id, terms, payment, createdAt } = purchase;
  const entries = (await auditTrail(tx, 'purchase', id)).map(({ actor, change }) => ({
    actor,
    change: JSON.parse(change) as Change,
  }));
  const opened = entries[0]?.change.slot;
  return {
    openedAtMs: createdAt.getTime(),
    // What was bought may tell of somebody's health, and decides nothing.
    terms: { ...terms, title: '' },
    slot: opened === undefined || opened === null ? null : timeOf(opened),
    captureBeforeMs: payment.captureBefore?.getTime() ?? null,
    facts: entries.slice(1).reduce<Fact[]>((facts, entry) => withFact(facts, entry, purchase), []),
  };
}

/** What the entries about a purchase have of its rules. */
interface Change {
  readonly event?: string;
  readonly atMs?: number;
  readonly to?: string;
  readonly moves?: readonly { readonly name: MoveName; readonly amount: number }[];
  readonly slot?: SlotText | null;
  readonly dispute?: Pick<OpenDispute, 'defaultRefund'>;
}

interface SlotText {
  readonly startsAt: string;
  readonly endsAt: string;
}

/** What the clock did is worked out anew; and what moved nothing was no event of the table. */
function withFact(facts: Fact[], { actor, change }: { actor: string; change: Change }, purchase: Purchase): Fact[] {
  const { event, atMs, to, moves = [], slot, dispute } = change;
  const by = isOrder(event) ? 'staff' : partyOf(actor, purchase);
  const isOfRules = to !== undefined || moves.length > 0 || (slot !== undefined && slot !== null) || isOrder(event);
  if (event === undefined || atMs === undefined || by === undefined || !isOfRules) return facts;
  // Of a discounted purchase a part of what goes back is Wellpact's.
  const goesBack = ({ name }: { readonly name: MoveName }): boolean =>
    MOVES[name].credit === 'refunded' || MOVES[name].credit === 'platformFunded';
  const refund = moves.filter(goesBack).reduce((sum, { amount }) => sum + amount, 0);
  const fact: Fact = {
    atMs,
    event: event as Fact['event'],
    by,
    ...(isDecidedByPeople(event) && { refund }),
    ...(to === 'disputed' && dispute !== undefined && { defaultRefund: dispute.defaultRefund }),
    ...(event === 'accept_reschedule' && slot && { slot: timeOf(slot) }),
  };
  const last = facts.at(-1);
  // A row whose steps are several is one fact.
  if (last === undefined || last.event !== fact.event || last.atMs !== atMs || last.by !== by) return [...facts, fact];
  return [
    ...facts.slice(0, -1),
    { ...last, ...(fact.refund !== undefined && { refund: (last.refund ?? 0) + refund }) },
  ];
}

const isOrder = (event: string | undefined): boolean => event === 'money_paused' || event === 'money_resumed';

const DECIDED_BY_PEOPLE: readonly string[] = ['refund_in_part', 'dispute_decided'] satisfies readonly PurchaseEvent[];
const isDecidedByPeople = (event: string): boolean => DECIDED_BY_PEOPLE.includes(event);

/** @returns undefined for the clock; what staff refund is a wish of finance */
function partyOf(actor: string, { buyerId, sellerId }: Purchase): Party | undefined {
  if (actor === `user:${buyerId}`) return 'buyer';
  if (actor === `user:${sellerId}`) return 'seller';
  if (actor.startsWith('provider:')) return 'provider';
  if (actor === 'system:dispute') return 'dispute';
  return actor.startsWith('staff:') ? 'finance' : undefined;
}

const timeOf = ({ startsAt, endsAt }: SlotText): BookedTime => ({
  startsAtMs: Date.parse(startsAt),
  endsAtMs: Date.parse(endsAt),
});

export interface ArchiveCount {
  readonly closed: number;
  /** Those that ended before anything was kept have none. */
  readonly archived: number;
}

export async function countArchives(db: Queryable, final: readonly string[]): Promise<ArchiveCount> {
  const { rows } = await db.query<ArchiveCount>({
    name: 'archive_count',
    text: `SELECT (SELECT count(*)::int FROM transactions.purchases WHERE state = ANY ($1)) AS closed,
                  (SELECT count(*)::int FROM transactions.archives) AS archived`,
    values: [final],
  });
  return rows[0] ?? { closed: 0, archived: 0 };
}

const PAGE = 500;

/** Every purchase that has ended, in the order in which they were opened; some at a time, so that none of it fills the memory. */
export async function* archivedPurchases(db: Queryable): AsyncGenerator<Archived> {
  let after = '';
  while (true) {
    const { rows } = await db.query<{ [Member in keyof Archived]: Archived[Member] }>({
      name: 'archive_page',
      text: `SELECT purchase_id AS "purchaseId", currency, inputs, outcome FROM transactions.archives
              WHERE purchase_id > $1 ORDER BY purchase_id LIMIT ${PAGE}`,
      values: [after],
    });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.purchaseId;
  }
}
