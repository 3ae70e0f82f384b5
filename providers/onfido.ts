import { Configuration, DefaultApi, type WorkflowRun } from '@onfido/api';
import axios from 'axios';
import type { Identity, IdentityCheck, IdentityOutcome } from './identity.ts';
import { ProviderError, type ProviderErrorKind } from './provider-error.ts';

export interface OnfidoSettings {
  readonly apiToken: string;
  readonly apiUrl: string;
  /** The Studio workflow that checks a seller. */
  readonly workflowId: string;
  readonly timeoutMs: number;
}

/** The identity provider, by Onfido Studio workflow runs. */
export function createOnfidoIdentity(settings: OnfidoSettings): Identity {
  const api = new DefaultApi(
    new Configuration({
      apiToken: settings.apiToken,
      basePath: settings.apiUrl,
      baseOptions: { timeout: settings.timeoutMs, maxContentLength: 1_000_000 },
    }),
  );
  return {
    createApplicant: ({ firstName, lastName, birthDate }) =>
      asked(async () => {
        const { data } = await api.createApplicant({ first_name: firstName, last_name: lastName, dob: birthDate });
        return required(data.id);
      }),
    startCheck: ({ applicantId, userId, returnUrl }) =>
      asked(async () => {
        const { data } = await api.createWorkflowRun({
          workflow_id: settings.workflowId,
          applicant_id: applicantId,
          tags: [userId],
          customer_user_id: userId,
          link: { completed_redirect_url: returnUrl },
        });
        return toCheck(data);
      }),
    getCheck: (checkId) => asked(async () => toCheck((await api.findWorkflowRun(checkId)).data)),
  };
}

const OUTCOMES: Readonly<Partial<Record<NonNullable<WorkflowRun['status']>, IdentityOutcome>>> = {
  processing: 'running',
  awaiting_input: 'running',
  awaiting_client_input: 'running',
  approved: 'approved',
  declined: 'declined',
  review: 'review',
  abandoned: 'abandoned',
  error: 'error',
};

function toCheck(run: WorkflowRun): IdentityCheck {
  const outcome = run.status === undefined ? undefined : OUTCOMES[run.status];
  if (outcome === undefined) throw new ProviderError('onfido', 'failed', 'answer_without_status');
  return { id: required(run.id), outcome, url: run.link?.url ?? null };
}

function required(id: string | undefined): string {
  if (typeof id !== 'string') throw new ProviderError('onfido', 'failed', 'answer_without_id');
  return id;
}

async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!axios.isAxiosError(error)) throw error;
    const status = error.response?.status;
    // The cause is left out: an Axios error carries the whole request, personal data and token included.
    throw new ProviderError(
      'onfido',
      kindOf(status),
      status === undefined ? (error.code ?? 'no_answer') : `http_${status}`,
    );
  }
}

function kindOf(status: number | undefined): ProviderErrorKind {
  if (status === undefined) return 'unreachable';
  if (status === 401 || status === 403) return 'credentials';
  if (status === 404 || status === 410) return 'not_found';
  if (status === 429 || status === 409) return 'busy';
  return status >= 500 ? 'failed' : 'refused';
}
