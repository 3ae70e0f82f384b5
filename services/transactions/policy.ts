import { readFileSync } from 'node:fs';
import { Temporal } from 'temporal-polyfill';
import { parse } from 'yaml';
import { z } from 'zod';

const duration = z.string().transform((text, context): number => {
  try {
    return Temporal.Duration.from(text).total({ unit: 'milliseconds' });
  } catch {
    context.addIssue({ code: 'custom', message: `"${text}" is not an ISO 8601 duration such as P14D or PT15M` });
    return z.NEVER;
  }
});
const window = duration.refine((ms) => ms > 0, 'a window is longer than nothing');

const policySchema = z.strictObject({
  version: z.int().positive(),
  paymentWindow: window,
  acceptWindow: window,
  captureReserve: duration,
  inspectionWindow: window,
  aftercareWindow: window,
  commissionBasisPoints: z.int().min(0).max(10_000),
});

/** What `policy.yml` says; durations in milliseconds. */
export type Policy = Readonly<z.output<typeof policySchema>>;

/**
 * Reads the policy file.
 * @throws Error naming the file and everything that is wrong in it
 */
export function loadPolicy(path: string): Policy {
  const result = policySchema.safeParse(parse(readFileSync(path, 'utf8')));
  if (result.success) return result.data;
  throw new Error(`The policy file ${path} is wrong:\n${z.prettifyError(result.error)}`);
}
