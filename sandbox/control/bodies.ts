import type Koa from 'koa';
import { z } from 'zod';
import { readBody } from '../http/body.ts';
import { OnfidoError } from '../onfido/errors.ts';
import { StripeError } from '../stripe-api/errors.ts';

const MAX_BODY_BYTES = 64 * 1024;
/** Far beyond any hold limit. */
export const MAX_ADVANCE_SECONDS = 5 * 365 * 24 * 60 * 60;

/** What the caller got wrong, as JSON: the control API has readers of its own. */
export async function explainRefusals(context: Koa.Context, next: Koa.Next): Promise<void> {
  try {
    await next();
  } catch (error) {
    if (!(error instanceof BadControl || error instanceof StripeError || error instanceof OnfidoError)) throw error;
    context.status = error instanceof BadControl ? 400 : 404;
    context.body = { error: error.message };
  }
}

/** What a test asked for makes no sense: 400 with the reason. */
export class BadControl extends Error {}

/** The body, checked. @throws BadControl that says what is wrong with it */
export async function bodyOf<Schema extends z.ZodType>(
  context: Koa.Context,
  schema: Schema,
): Promise<z.output<Schema>> {
  const body = await readBody(context.req, MAX_BODY_BYTES);
  const result = schema.safeParse(parsed(body?.toString('utf8') ?? ''));
  if (result.success) return result.data;
  throw new BadControl(z.prettifyError(result.error));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadControl(`The body is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
}
