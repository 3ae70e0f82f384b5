import { randomUUID } from 'node:crypto';
import type { Applicant } from '@onfido/api';
import { z } from 'zod';
import { writeLog } from '../store/log.ts';
import { findObject, insertObject, type ObjectKind, type Stored, saveObject } from '../store/objects.ts';
import { invalidFields, notFound, OnfidoError } from './errors.ts';
import type { OnfidoCall, OnfidoOperation } from './operation.ts';

export interface ApplicantHidden {
  /** Deleted applicants stay known as gone. */
  readonly deleted: boolean;
}

export const APPLICANT: ObjectKind<Applicant, ApplicantHidden> = { name: 'onfido_applicant' };

/** Everything of Onfido lives on one account. */
export const ONFIDO_OWNER = 'onfido';

const name = z
  .string()
  .trim()
  .min(1, "can't be blank")
  .max(255, 'is too long')
  // Source: https://documentation.onfido.com/api/latest/#applicant-object (forbidden characters)
  .regex(/^[^!$#%=<>]*$/, 'contains invalid characters');
const shortText = z.string().max(255, 'is too long');
const country = z.string().regex(/^[A-Z]{3}$/, 'must be a three-letter ISO code');

const details = {
  email: z.email('invalid format'),
  dob: z.iso.date('invalid date'),
  phone_number: shortText,
  address: z.object({
    flat_number: shortText.optional(),
    building_number: shortText.optional(),
    building_name: shortText.optional(),
    street: shortText.optional(),
    sub_street: shortText.optional(),
    town: shortText.optional(),
    postcode: shortText,
    country,
    state: shortText.optional(),
    line1: shortText.nullable().optional(),
    line2: shortText.nullable().optional(),
    line3: shortText.nullable().optional(),
  }),
  location: z.object({ ip_address: shortText.optional(), country_of_residence: country.optional() }),
};

const updated = z.object({ first_name: name, last_name: name, ...details }).partial();
const created = updated.required({ first_name: true, last_name: true });

/** Onfido ignores what it does not know, and tells about every field that is wrong. */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const fields: Record<string, string[]> = {};
  for (const issue of result.error.issues) {
    const field = issue.path.join('.') || 'body';
    const missing = issue.code === 'invalid_type' && issue.input === undefined;
    fields[field] = [...(fields[field] ?? []), missing ? "can't be blank" : issue.message];
  }
  throw invalidFields(fields);
}

/** The applicant. @throws OnfidoError 404, or 410 when it was deleted */
export async function applicantById(
  call: OnfidoCall,
  id: string,
  options: { lock?: boolean } = {},
): Promise<Stored<Applicant, ApplicantHidden>> {
  const found = await findObject(call.tx, APPLICANT, ONFIDO_OWNER, id, options);
  if (found === undefined) throw notFound(id);
  if (found.hidden.deleted) throw new OnfidoError(410, 'gone', 'The applicant is scheduled for deletion');
  return found;
}

export const applicantOperations: readonly OnfidoOperation[] = [
  {
    method: 'POST',
    path: '/applicants',
    handle: async (call, request) => {
      const values = readBody(created, request.body);
      const id = randomUUID();
      const applicant = {
        ...withoutUndefined(values),
        id,
        created_at: call.clock.now().toISOString(),
        href: `/v3.6/applicants/${id}`,
        id_numbers: [],
        sandbox: true,
      } as Applicant;
      await insertObject(call.tx, APPLICANT, { body: applicant, hidden: { deleted: false }, owner: ONFIDO_OWNER });
      await writeLog(call.tx, { at: call.clock.now(), provider: 'onfido', kind: 'applicant', id });
      return { status: 201, body: applicant };
    },
  },
  {
    method: 'GET',
    path: '/applicants/:id',
    handle: async (call, request) => ({ status: 200, body: (await applicantById(call, request.id)).body }),
  },
  {
    method: 'PUT',
    path: '/applicants/:id',
    handle: async (call, request) => {
      const values = readBody(updated, request.body);
      const applicant = await applicantById(call, request.id, { lock: true });
      const body = { ...applicant.body, ...withoutUndefined(values) };
      await saveObject(call.tx, { ...applicant, body });
      return { status: 200, body };
    },
  },
  {
    method: 'DELETE',
    path: '/applicants/:id',
    handle: async (call, request) => {
      const applicant = await applicantById(call, request.id, { lock: true });
      // Only that it existed is kept; what it said of a person is not.
      await saveObject(call.tx, { body: { id: request.id }, hidden: { deleted: true } });
      await writeLog(call.tx, {
        at: call.clock.now(),
        provider: 'onfido',
        kind: 'applicant_deleted',
        id: applicant.body.id,
      });
      return { status: 204 };
    },
  },
];

function withoutUndefined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
