import { join } from 'node:path';
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';
import type { Exchange } from './recorder.ts';
import type { Violations } from './stripe-document.ts';

/** The types of `@onfido/api` that cover what the sandbox answers and sends. */
type OnfidoType =
  | 'Applicant'
  | 'WorkflowRun'
  | 'WebhookEvent'
  | 'ModelError'
  | 'ApplicantBuilder'
  | 'WorkflowRunBuilder';

export interface OnfidoSchemas {
  check(type: OnfidoType, body: unknown): Violations;
}

/** JSON Schemas made from the types that Onfido publishes; members that the types do not know are violations. */
export function generateOnfidoSchemas(): OnfidoSchemas {
  const path = join(import.meta.dirname, '../../node_modules/@onfido/api/dist/api.d.ts');
  const generator = createGenerator({ path, skipTypeCheck: true, additionalProperties: false });
  const ajv = new Ajv({ strict: false, allErrors: true });
  const compiled = new Map<OnfidoType, ValidateFunction>();
  return {
    check: (type, body) => {
      const validate = compiled.get(type) ?? ajv.compile(generator.createSchema(type) as AnySchemaObject);
      compiled.set(type, validate);
      if (validate(body) === true) return [];
      return (validate.errors ?? []).map(
        (error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`,
      );
    },
  };
}

/** Which type describes the answer to this exchange, or each item of a list; undefined for an answer without a body. */
export function responseType(exchange: Exchange): OnfidoType | undefined {
  if (exchange.status === 204) return undefined;
  if (exchange.status >= 400) return 'ModelError';
  return exchange.path.includes('/applicants') ? 'Applicant' : 'WorkflowRun';
}

/** Which type describes the body of this request; undefined where it has none. */
export function requestType(exchange: Exchange): OnfidoType | undefined {
  if (exchange.method !== 'POST') return undefined;
  return exchange.path.endsWith('/applicants') ? 'ApplicantBuilder' : 'WorkflowRunBuilder';
}
