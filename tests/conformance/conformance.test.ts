import Table from 'cli-table3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONFIDO_OPERATIONS } from '../../sandbox/onfido/server.ts';
import { STRIPE_OPERATIONS } from '../../sandbox/stripe/index.ts';
import { API_VERSION } from '../../sandbox/stripe-api/version.ts';
import { describeControl } from './control.ts';
import { describeMail } from './mail.ts';
import { describeOnfido } from './onfido.ts';
import { generateOnfidoSchemas, requestType, responseType } from './onfido-schemas.ts';
import { describeOutcomes } from './outcomes.ts';
import { checkParameters } from './parameter-tables.ts';
import type { Exchange } from './recorder.ts';
import { type Rig, startRig } from './rig.ts';
import { describeBalances } from './stripe-balances.ts';
import { describeConnect } from './stripe-connect.ts';
import { describeCustomers } from './stripe-customers.ts';
import { describeDisputes } from './stripe-disputes.ts';
import { loadStripeDocument, type StripeDocument } from './stripe-document.ts';
import { describePayments } from './stripe-payments.ts';
import { describePayouts } from './stripe-payouts.ts';
import { describeProtocol } from './stripe-protocol.ts';
import { describeWebhookEndpoints } from './stripe-webhooks.ts';

/** What was compared with what others wrote. */
interface Verdict {
  readonly judge: string;
  readonly operations: string;
  readonly requests: number;
  readonly responses: number;
  readonly webhooks: number;
  readonly violations: readonly string[];
}

const verdicts: Verdict[] = [];
const document = await loadStripeDocument().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `\nSTRIPE IS NOT CHECKED AGAINST ITS DOCUMENT: the Go module that carries it cannot be had.\n${reason}\n\n`,
  );
  return undefined;
});

let rig: Rig | undefined;
const current = (): Rig => {
  if (rig === undefined) throw new Error('The sandbox has not been started');
  return rig;
};

beforeAll(async () => {
  rig = await startRig();
});

afterAll(async () => {
  await rig?.stop();
  const table = new Table({ head: ['judge', 'operations', 'requests', 'responses', 'webhooks', 'violations'] });
  for (const { judge, operations, requests, responses, webhooks, violations } of verdicts) {
    table.push([judge, operations, requests, responses, webhooks, violations.length]);
  }
  process.stdout.write(`\n${table.toString()}\n`);
});

describe('the sandbox, driven by the real SDKs', () => {
  describePayments(current);
  describeConnect(current);
  describeCustomers(current);
  describeProtocol(current);
  describeWebhookEndpoints(current);
  describeOnfido(current);
  describeMail(current);
  describeControl(current);
  describeOutcomes(current);
  describeDisputes(current);
  describePayouts(current);
  describeBalances(current);
});

describe('the judges', () => {
  it.skipIf(document === undefined)('find what is wrong with Stripe’s messages', () => {
    const check = (body: object) => document?.checkResponse('GET', '/v1/balance', 200, body);
    const balance = { object: 'balance', livemode: false, available: [], pending: [] };
    expect(check(balance)).toEqual([]);
    expect(check({ ...balance, livemode: 'no' })).not.toEqual([]);
    expect(check({ ...balance, pending: [{ amount: 1.5, currency: 'eur' }] })).not.toEqual([]);
    const form = (encoded: string) => document?.checkRequest('POST', '/v1/refunds', encoded);
    expect(form('charge=ch_1&amount=5&expand[0]=charge')).toEqual([]);
    expect(form('charge=ch_1&colour=red')).not.toEqual([]);
    expect(form('charge=ch_1&amount=many')).not.toEqual([]);
  });

  it('find what is wrong with Onfido’s messages', () => {
    const schemas = generateOnfidoSchemas();
    expect(schemas.check('Applicant', { id: 'a', last_name: 'b' })).toEqual([]);
    expect(schemas.check('Applicant', { id: 1 })).not.toEqual([]);
    expect(schemas.check('Applicant', { id: 'a', colour: 'red' })).not.toEqual([]);
  });
});

// These come last: they judge everything that passed above.
describe('everything that passed', () => {
  it.skipIf(document === undefined)(
    'agrees with Stripe’s official document',
    async () => {
      if (document === undefined) return;
      expect(document.version).toBe(API_VERSION);
      const verdict = await judgeStripe(document, current());
      verdicts.push(verdict);
      expect(verdict.violations).toEqual([]);
      expect(verdict.operations).toBe(`${STRIPE_OPERATIONS.length} of ${STRIPE_OPERATIONS.length}`);
    },
    120_000,
  );

  it.skipIf(document === undefined)('was read by parameter tables that agree with it', () => {
    if (document === undefined) return;
    expect(STRIPE_OPERATIONS.flatMap((operation) => checkParameters(document, operation))).toEqual([]);
  });

  it('agrees with the types that Onfido publishes', () => {
    const verdict = judgeOnfido(current());
    verdicts.push(verdict);
    expect(verdict.violations).toEqual([]);
    expect(verdict.operations).toBe(`${ONFIDO_OPERATIONS.length} of ${ONFIDO_OPERATIONS.length}`);
  }, 120_000);
});

async function judgeStripe(document: StripeDocument, { stripeTraffic, webhooks }: Rig): Promise<Verdict> {
  const covered = new Set<string>();
  const violations: string[] = [];
  let requests = 0;
  let responses = 0;
  for (const exchange of stripeTraffic.exchanges) {
    const { method, path, status } = exchange;
    const template = document.pathOf(method, path);
    if (template === undefined) {
      violations.push(`${method} ${path} is not in the document`);
      continue;
    }
    const at = `${method} ${template} (${status})`;
    const accepted = status < 300 || status === 402;
    // A request that the document forbids has to be refused; one that was accepted has to agree with it.
    if (accepted) {
      requests += 1;
      const wrong = document.checkRequest(method, template, await formOf(exchange));
      violations.push(...wrong.map((what) => `${at} request: ${what}`));
    }
    responses += 1;
    const wrong = document.checkResponse(method, template, status, JSON.parse(exchange.responseBody));
    violations.push(...wrong.map((what) => `${at} response: ${what}`));
    if (status < 300) covered.add(`${method} ${template}`);
  }
  const events = webhooks.received.filter((webhook) => webhook.path.startsWith('/webhooks/stripe'));
  for (const { body } of events) {
    const event = JSON.parse(body) as { type: string; data: { object: { object: string } } };
    const wrong = [
      ...document.checkObject('event', event),
      ...document.checkObject(event.data.object.object, event.data.object),
    ];
    violations.push(...wrong.map((what) => `event ${event.type}: ${what}`));
  }
  const known = STRIPE_OPERATIONS.filter(({ method, path }) =>
    covered.has(`${method} ${document.pathOf(method, path)}`),
  );
  return {
    judge: `Stripe's OpenAPI document ${document.version}`,
    operations: `${known.length} of ${STRIPE_OPERATIONS.length}`,
    requests,
    responses,
    webhooks: events.length,
    violations,
  };
}

/** What was sent, as a form: the document calls the files of a multipart one texts. */
async function formOf({ method, query, requestBody, requestType }: Exchange): Promise<string> {
  if (method !== 'POST') return query;
  if (!requestType.startsWith('multipart/')) return requestBody;
  const parts = await new Response(requestBody, { headers: { 'content-type': requestType } }).formData();
  const form = new URLSearchParams();
  for (const [name, value] of parts) form.append(name, typeof value === 'string' ? value : value.name);
  return form.toString();
}

function judgeOnfido({ onfidoTraffic, webhooks }: Rig): Verdict {
  const schemas = generateOnfidoSchemas();
  const violations: string[] = [];
  const covered = new Set<string>();
  const at = ({ method, path }: Exchange) => `${method} ${path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, ':id')}`;
  let requests = 0;
  let responses = 0;
  for (const exchange of onfidoTraffic.exchanges) {
    const request = requestType(exchange);
    if (request !== undefined && exchange.status < 300) {
      requests += 1;
      const wrong = schemas.check(request, JSON.parse(exchange.requestBody));
      violations.push(...wrong.map((what) => `${at(exchange)} request: ${what}`));
    }
    const response = responseType(exchange);
    if (response !== undefined) {
      responses += 1;
      const answer: unknown = JSON.parse(exchange.responseBody);
      const wrong = [answer].flat().flatMap((item) => schemas.check(response, item));
      violations.push(...wrong.map((what) => `${at(exchange)} (${exchange.status}) response: ${what}`));
    }
    if (exchange.status < 300) covered.add(at(exchange));
  }
  const events = webhooks.received.filter((webhook) => webhook.path === '/webhooks/onfido');
  for (const { body } of events) violations.push(...schemas.check('WebhookEvent', JSON.parse(body)));
  const known = ONFIDO_OPERATIONS.filter(({ method, path }) => covered.has(`${method} /v3.6${path}`));
  return {
    judge: 'Types of @onfido/api 6.2.0',
    operations: `${known.length} of ${ONFIDO_OPERATIONS.length}`,
    requests,
    responses,
    webhooks: events.length,
    violations,
  };
}
