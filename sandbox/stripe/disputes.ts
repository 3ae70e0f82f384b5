import type { Stripe } from 'stripe';
import { invalidRequest } from '../stripe-api/errors.ts';
import {
  anyKind,
  type Call,
  CREATED_PARAMETER,
  LIST_PARAMETERS,
  operation,
  type Resource,
} from '../stripe-api/operation.ts';
import { mergedMetadata, text, type Values } from '../stripe-api/parameters.ts';
import { change, findByPath, listed, record } from '../stripe-api/resources.ts';
import { ANSWERABLE, DISPUTE, type DisputeStatus, isClosed, isInquiry, type StoredDispute } from './dispute-kind.ts';
import { DISPUTE_UPDATE, EVIDENCE_FILES } from './dispute-parameters.ts';
import { lockDispute, moveDispute } from './dispute-steps.ts';
import { emit } from './events.ts';
import { checkFile } from './files.ts';

/** All evidence together has at most so many characters. Source: Stripe's document. */
const MAX_EVIDENCE_LENGTH = 150_000;

/** What the text decides in Stripe's test mode, for a formal dispute and for an inquiry. Source: https://docs.stripe.com/testing#disputes */
const DECIDED_BY_TEXT: Readonly<Record<string, { formal: DisputeStatus; inquiry: DisputeStatus }>> = {
  winning_evidence: { formal: 'won', inquiry: 'warning_closed' },
  losing_evidence: { formal: 'lost', inquiry: 'warning_closed' },
  escalate_inquiry_evidence: { formal: 'under_review', inquiry: 'needs_response' },
};

async function updateDispute(call: Call, id: string, values: Values<typeof DISPUTE_UPDATE>): Promise<Stripe.Dispute> {
  const locked = await lockDispute(call, id);
  const before = locked.dispute.body;
  const submits = values.submit ?? values.evidence !== undefined;
  if ((submits || values.evidence !== undefined) && !ANSWERABLE.includes(before.status)) {
    throw invalidRequest(
      isClosed(before.status)
        ? 'This dispute is already closed'
        : 'This dispute is under review: evidence can be submitted only once.',
    );
  }
  const given = Object.entries(values.evidence ?? {}).filter(([, value]) => value !== undefined);
  const evidence: Stripe.Dispute.Evidence = { ...before.evidence, ...Object.fromEntries(given) };
  checkLength(evidence);
  for (const name of EVIDENCE_FILES) {
    const file = values.evidence?.[name];
    if (file !== undefined) await checkFile(call, file, `evidence[${name}]`);
  }
  const staged = await change(call, locked.dispute, {
    evidence,
    metadata: mergedMetadata(before.metadata, values.metadata),
    evidence_details: {
      ...before.evidence_details,
      has_evidence: before.evidence_details.has_evidence || given.length > 0,
    },
  });
  if (submits) return submit(call, staged, before);
  await emit(call, 'charge.dispute.updated', staged.body, { previous: before });
  return staged.body;
}

function checkLength(evidence: Stripe.Dispute.Evidence): void {
  const length = Object.values(evidence).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? value.length : 0),
    0,
  );
  if (length > MAX_EVIDENCE_LENGTH) {
    throw invalidRequest(`The combined evidence has ${length} characters; ${MAX_EVIDENCE_LENGTH} are allowed.`, {
      param: 'evidence',
    });
  }
}

/** Hands the evidence to the bank, which decides soon when the text says how, and otherwise when the control API does. */
async function submit(call: Call, dispute: StoredDispute, before: Stripe.Dispute): Promise<Stripe.Dispute> {
  const inquiry = isInquiry(dispute.body.status);
  const decision = DECIDED_BY_TEXT[dispute.body.evidence.uncategorized_text ?? ''];
  const status = inquiry ? 'warning_under_review' : 'under_review';
  const decided = decision?.[inquiry ? 'inquiry' : 'formal'] ?? status;
  const { evidence_details: details } = dispute.body;
  const submitted = await change(
    call,
    dispute,
    {
      status,
      evidence_details: {
        ...details,
        past_due: details.due_by !== null && details.due_by < call.now,
        submission_count: details.submission_count + 1,
      },
    },
    decided === status ? (inquiry ? {} : { next: null }) : { next: { status: decided, at: call.now } },
  );
  await emit(call, 'charge.dispute.updated', submitted.body, { previous: before });
  const { transferGroup } = submitted.hidden;
  await record(call, { kind: 'dispute_evidence', id: submitted.body.id, transferGroup });
  return submitted.body;
}

async function closeDispute(call: Call, id: string): Promise<Stripe.Dispute> {
  const locked = await lockDispute(call, id);
  const { status } = locked.dispute.body;
  if (isClosed(status)) throw invalidRequest('This dispute is already closed');
  return moveDispute(call, locked, isInquiry(status) ? 'warning_closed' : 'lost');
}

const ONE = { kind: 'dispute', list: false } as const;

export const disputes: Resource = {
  kinds: [anyKind(DISPUTE)],
  operations: [
    operation({
      method: 'GET',
      path: '/v1/disputes/{dispute}',
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => ({ answer: (await findByPath(call, DISPUTE, path, 'dispute')).body }),
    }),
    operation({
      method: 'POST',
      path: '/v1/disputes/{dispute}',
      returns: ONE,
      parameters: DISPUTE_UPDATE,
      handle: async (call, values, path) => ({ answer: await updateDispute(call, path['dispute'] ?? '', values) }),
    }),
    operation({
      method: 'POST',
      path: '/v1/disputes/{dispute}/close',
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => ({ answer: await closeDispute(call, path['dispute'] ?? '') }),
    }),
    operation({
      method: 'GET',
      path: '/v1/disputes',
      returns: { kind: 'dispute', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, charge: text(), payment_intent: text() },
      handle: async (call, values) => {
        const { charge, payment_intent } = values;
        return { answer: await listed(call, DISPUTE, values, '/v1/disputes', { charge, payment_intent }) };
      },
    }),
  ],
};
