import type { Stripe } from 'stripe';
import { findObject, type Stored } from '../store/objects.ts';
import { invalidRequest, noAccess } from '../stripe-api/errors.ts';
import { newStripeId } from '../stripe-api/ids.ts';
import {
  anyKind,
  type Call,
  CREATED_PARAMETER,
  LIST_PARAMETERS,
  operation,
  type Resource,
  type ResourceKind,
} from '../stripe-api/operation.ts';
import { mergedMetadata, type Values } from '../stripe-api/parameters.ts';
import { add, change, listed, record } from '../stripe-api/resources.ts';
import { type AccountHidden, buildAccount, changedAccount, withRequirements } from './account-builder.ts';
import {
  ACCOUNT_CREATE,
  ACCOUNT_CREATE_UNMODELLED,
  ACCOUNT_UPDATE,
  ACCOUNT_UPDATE_UNMODELLED,
} from './account-parameters.ts';
import { changedCapabilities } from './capabilities.ts';
import { emit } from './events.ts';

/** Connected accounts live on the platform. */
export const ACCOUNT: ResourceKind<Stripe.Account, AccountHidden> = {
  name: 'account',
  noun: 'account',
  expandable: {},
};

const PLATFORM_COUNTRY = 'DE';
/** 1 January 2026. */
const PLATFORM_CREATED = 1_767_225_600;

async function createAccount(call: Call, values: Values<typeof ACCOUNT_CREATE>): Promise<Stripe.Account> {
  if (values.type !== undefined && values.controller !== undefined) {
    throw invalidRequest(
      'You may not provide the `type` parameter and `controller` parameters simultaneously. They are mutually exclusive.',
    );
  }
  const controller = values.controller;
  if (controller?.requirement_collection === 'application' && controller.stripe_dashboard?.type !== 'none') {
    throw invalidRequest(
      'When `controller[requirement_collection]` is `application`, `controller[stripe_dashboard][type]` must be `none`.',
      { param: 'controller[stripe_dashboard][type]' },
    );
  }
  const id = `acct_1${newStripeId('').slice(2, 18)}`;
  const { body, hidden } = buildAccount(id, call.now, values, PLATFORM_COUNTRY);
  await add(call, ACCOUNT, body, hidden, call.platform);
  await record(call, { kind: 'account', id });
  return body;
}

/** The connected account with this id, locked. @throws StripeError 403 as Stripe answers for accounts of others */
export async function lockAccount(call: Call, id: string): Promise<Stored<Stripe.Account, AccountHidden>> {
  const found = await findObject(call.tx, ACCOUNT, call.platform, id, { lock: true });
  if (found === undefined) throw noAccess(id);
  return found;
}

async function updateAccount(call: Call, id: string, values: Values<typeof ACCOUNT_UPDATE>): Promise<Stripe.Account> {
  const account = await lockAccount(call, id);
  const { body, hidden } = changedAccount(account, values);
  return applyToAccount(
    call,
    account,
    { ...body, metadata: mergedMetadata(account.body.metadata ?? {}, values.metadata) },
    hidden,
  );
}

/**
 * Writes an account whose facts changed: capabilities and requirements follow from them, and the Connect endpoint is told
 * when anything is different, of the account and of each of its capabilities.
 */
export async function applyToAccount(
  call: Call,
  account: Stored<Stripe.Account, AccountHidden>,
  body: Stripe.Account,
  hidden: AccountHidden,
): Promise<Stripe.Account> {
  const changed = await change(call, account, withRequirements(body, hidden), hidden);
  if (JSON.stringify(changed.body) !== JSON.stringify(account.body)) {
    const on = changed.body.id;
    await emit(call, 'account.updated', changed.body, { account: on, previous: account.body });
    for (const { now, previous } of changedCapabilities(account, changed)) {
      await emit(call, 'capability.updated', now, { account: on, ...(previous !== undefined && { previous }) });
    }
  }
  return changed.body;
}

/**
 * Disables every account that did not give in time what Stripe demanded, at most `limit` of them. Answers how many were
 * due.
 */
export async function disableOverdueAccounts(call: Call, limit: number): Promise<number> {
  const due = await call.tx.query<{ id: string }>(
    `SELECT id FROM sandbox.objects
     WHERE kind = 'account' AND owner = $1 AND (hidden->>'demandedUntil')::bigint <= $2
     ORDER BY sequence LIMIT $3`,
    [call.platform, call.now, limit],
  );
  for (const { id } of due.rows) {
    const account = await lockAccount(call, id);
    await applyToAccount(call, account, account.body, { ...account.hidden, demandedUntil: null });
  }
  return due.rows.length;
}

/** The platform's own account: as fixed as the key it belongs to, and therefore not stored. */
function platformAccount(call: Call): Stripe.Account {
  const built = buildAccount(call.platform, PLATFORM_CREATED, { type: 'standard' }, PLATFORM_COUNTRY);
  const hidden: AccountHidden = { ...built.hidden, submitted: true };
  return withRequirements({ ...built.body, controller: { type: 'account' } }, hidden);
}

async function retrieveAccount(call: Call, id: string): Promise<Stripe.Account> {
  if (id === call.platform) return platformAccount(call);
  const found = await findObject(call.tx, ACCOUNT, call.platform, id);
  if (found === undefined) throw noAccess(id);
  return found.body;
}

export const accounts: Resource = {
  kinds: [anyKind(ACCOUNT)],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/accounts',
      returns: { kind: 'account', list: false },
      parameters: ACCOUNT_CREATE,
      unmodelled: ACCOUNT_CREATE_UNMODELLED,
      handle: async (call, values) => ({ answer: await createAccount(call, values) }),
    }),
    operation({
      method: 'GET',
      path: '/v1/accounts/{account}',
      returns: { kind: 'account', list: false },
      parameters: {},
      handle: async (call, _values, path) => ({ answer: await retrieveAccount(call, path['account'] ?? '') }),
    }),
    operation({
      method: 'GET',
      path: '/v1/account',
      returns: { kind: 'account', list: false },
      parameters: {},
      handle: async (call) => ({ answer: await retrieveAccount(call, call.account) }),
    }),
    operation({
      method: 'POST',
      path: '/v1/accounts/{account}',
      returns: { kind: 'account', list: false },
      parameters: ACCOUNT_UPDATE,
      unmodelled: ACCOUNT_UPDATE_UNMODELLED,
      handle: async (call, values, path) => ({ answer: await updateAccount(call, path['account'] ?? '', values) }),
    }),
    operation({
      method: 'GET',
      path: '/v1/accounts',
      returns: { kind: 'account', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER },
      handle: async (call, values) => ({
        answer: await listed(call, ACCOUNT, values, '/v1/accounts', {}, { owner: call.platform }),
      }),
    }),
  ],
};
