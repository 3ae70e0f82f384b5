import { Configuration, DefaultApi, WebhookEventVerifier } from '@onfido/api';
import { describe, expect, it } from 'vitest';
import type { Rig } from './rig.ts';

interface OnfidoRefusal {
  readonly status: number;
  readonly data: { readonly error: { readonly type: string; readonly fields?: Record<string, unknown> } };
}

async function refusedByOnfido(call: Promise<unknown>): Promise<OnfidoRefusal> {
  const outcome = await call.then(
    () => undefined,
    (error: { response?: OnfidoRefusal }) => error.response,
  );
  if (outcome === undefined) throw new Error('Expected a refusal by Onfido');
  return outcome;
}

/** Applicants and workflow runs. */
export function describeOnfido(rig: () => Rig): void {
  describe('applicants', () => {
    it('are created, changed, read and deleted', async () => {
      const { onfido } = rig();
      const address = { postcode: '10115', country: 'DEU', town: 'Berlin' } as const;
      const { data } = await onfido.createApplicant({
        first_name: 'Erika',
        last_name: 'Muster',
        email: 'erika@example.org',
        dob: '1990-05-01',
        address,
        location: { country_of_residence: 'DEU' },
      });
      expect(data).toMatchObject({ first_name: 'Erika', sandbox: true, address });
      await onfido.updateApplicant(data.id, { last_name: 'Consider' });
      const { data: found } = await onfido.findApplicant(data.id);
      expect(found).toMatchObject({ first_name: 'Erika', last_name: 'Consider', dob: '1990-05-01' });
      expect((await onfido.deleteApplicant(data.id)).status).toBe(204);
      expect((await refusedByOnfido(onfido.findApplicant(data.id))).status).toBe(410);
    });

    it('are refused with every field that is wrong', async () => {
      const { onfido, onfidoTraffic } = rig();
      const wrong = await refusedByOnfido(
        onfido.createApplicant({ first_name: '', last_name: 'a<b', email: 'nobody' }),
      );
      expect(wrong.status).toBe(422);
      expect(Object.keys(wrong.data.error.fields ?? {}).toSorted()).toEqual(['email', 'first_name', 'last_name']);
      expect((await refusedByOnfido(onfido.findApplicant('none'))).data.error.type).toBe('resource_not_found');
      const basePath = `http://127.0.0.1:${onfidoTraffic.port}/v3.6`;
      const stranger = new DefaultApi(new Configuration({ apiToken: 'wrong', basePath }));
      expect(await refusedByOnfido(stranger.findApplicant('none'))).toMatchObject({
        status: 401,
        data: { error: { type: 'authorization_error' } },
      });
    });
  });

  describe('workflow runs', () => {
    it.each([
      ['Muster', 'approved'],
      ['Consider', 'review'],
      ['Declined', 'declined'],
      ['Abandoned', 'abandoned'],
      ['Errored', 'error'],
    ])('of an applicant called %s end %s, and a signed webhook says so', async (lastName, status) => {
      const { onfido, sandbox, webhooks, log } = rig();
      const { data: applicant } = await onfido.createApplicant({ first_name: 'Erika', last_name: lastName });
      const { data: run } = await onfido.createWorkflowRun({
        applicant_id: applicant.id,
        workflow_id: sandbox.onfidoWorkflowId,
        tags: ['seller'],
        customer_user_id: 'usr_1',
        link: { completed_redirect_url: 'https://app.example/done', language: 'de_DE' },
      });
      expect(run).toMatchObject({ status: 'awaiting_input', tags: ['seller'], customer_user_id: 'usr_1' });
      const url = run.link?.url ?? '';
      expect((await fetch(url)).status).toBe(200);
      expect((await onfido.findWorkflowRun(run.id)).data.status).toBe('awaiting_input');
      expect(await (await fetch(url, { method: 'POST' })).text()).toContain('https://app.example/done');
      // A second press of the button changes nothing.
      await fetch(url, { method: 'POST' });
      expect((await onfido.findWorkflowRun(run.id)).data.status).toBe(status);
      const told = await webhooks.waitForWebhook(
        ({ path, body }) => path === '/webhooks/onfido' && body.includes(run.id),
      );
      const event = new WebhookEventVerifier(sandbox.onfidoWebhookToken).readPayload(
        told.body,
        String(told.headers['x-sha2-signature']),
      );
      expect(event.payload).toMatchObject({ action: 'workflow_run.completed', object: { id: run.id, status } });
      expect((await log(`id=${run.id}`)).map(({ kind }) => kind)).toEqual(['run', `run_${status}`]);
      const { data: listed } = await onfido.listWorkflowRuns(1, status, undefined, undefined, undefined, applicant.id);
      expect(listed.map(({ id }) => id)).toEqual([run.id]);
    });

    it('need an applicant and a workflow that exist', async () => {
      const { onfido, sandbox } = rig();
      const { data: applicant } = await onfido.createApplicant({ first_name: 'A', last_name: 'B' });
      const elsewhere = '00000000-0000-4000-8000-000000000000';
      const noWorkflow = await refusedByOnfido(
        onfido.createWorkflowRun({ applicant_id: applicant.id, workflow_id: elsewhere }),
      );
      expect(noWorkflow.data.error.fields).toHaveProperty('workflow_id');
      const noApplicant = await refusedByOnfido(
        onfido.createWorkflowRun({ applicant_id: elsewhere, workflow_id: sandbox.onfidoWorkflowId }),
      );
      expect(noApplicant.data.error.fields).toHaveProperty('applicant_id');
      expect((await refusedByOnfido(onfido.findWorkflowRun(elsewhere))).status).toBe(404);
    });
  });
}
