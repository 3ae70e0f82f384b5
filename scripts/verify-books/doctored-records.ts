/** What the judge has to find in what was noted and told: each of these is well but for one place. */
import type { Doctored } from './doctored.ts';
import { moved, seen, WELL, withRow, withWorkflow } from './well-purchases.ts';

const TAKEN = moved('capture', 2_505n);
const SENT = moved('transfer', 2_254n);

export const RECORDS: readonly Doctored[] = [
  { rule: 'as_it_was_asked', what: 'another buyer has it', facts: withRow({ buyerId: 'usr_other' }) },
  { rule: 'as_it_was_asked', what: 'another seller has sold it', facts: withRow({ sellerId: 'usr_other' }) },
  { rule: 'as_it_was_asked', what: 'more of it was sold', facts: withRow({ quantity: 2 }) },
  {
    rule: 'as_it_was_asked',
    what: 'the price was raised afterwards',
    facts: withRow({ terms: { ...WELL.row.terms, price: 2_506 } }),
  },
  {
    rule: 'audit_follows_states',
    what: 'the last entry is missing',
    facts: { ...WELL, audit: WELL.audit.slice(0, 3) },
  },
  {
    rule: 'audit_follows_states',
    what: 'an entry was left out',
    facts: { ...WELL, audit: WELL.audit.filter(({ seq }) => seq !== 3) },
  },
  {
    rule: 'audit_has_no_gap',
    what: 'a number is missing',
    facts: { ...WELL, audit: WELL.audit.filter(({ seq }) => seq !== 2) },
  },
  {
    rule: 'money_is_audited',
    what: 'money moved, and the trail does not say so',
    facts: { ...WELL, audit: WELL.audit.map((entry) => ({ ...entry, moved: entry.seq === 3 ? 0n : entry.moved })) },
  },
  {
    rule: 'money_is_audited',
    what: 'the trail tells of money that was never posted',
    facts: { ...WELL, audit: WELL.audit.map((entry) => ({ ...entry, moved: entry.seq === 2 ? 5n : entry.moved })) },
  },
  {
    rule: 'states_are_told',
    what: 'an event is missing',
    facts: { ...WELL, events: WELL.events.filter((type) => type !== 'purchase.held') },
  },
  {
    rule: 'history_is_audited',
    what: 'the history knows a state that was never noted',
    facts: withWorkflow({
      standings: [
        ...WELL.workflow.standings.slice(0, 3),
        { step: 'recordDelivery', state: 'delivered', payment: 'succeeded', transfer: 'none', held: 2_505n },
        ...WELL.workflow.standings.slice(3),
      ],
    }),
  },
  {
    rule: 'refunds_are_kept',
    what: 'Stripe has one that is not kept',
    facts: { ...WELL, testimonies: seen([TAKEN, SENT, moved('refund', 100n, { status: 'succeeded' })]) },
  },
  {
    rule: 'refunds_are_kept',
    what: 'it failed, and is kept as given',
    facts: {
      ...WELL,
      refunds: [{ id: 'refund_1', amount: 100n, status: 'succeeded' }],
      testimonies: seen([TAKEN, SENT, moved('refund', 100n, { status: 'failed' })]),
    },
  },
];
