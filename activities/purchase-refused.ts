/** Asking finance about a step that the provider refuses, though nobody waits for its answer. */
import type { PurchaseId } from '../contracts/ids.ts';
import type { Tx } from '../platform/database.ts';
import { amendCase, openCase } from '../services/cases/index.ts';
import { commitStep } from '../services/transactions/index.ts';
import { type PurchaseDeps, type PurchaseStanding, purchaseToAct, standing, stepKey } from './purchase-steps.ts';

export interface RefusedStepReport {
  readonly purchaseId: PurchaseId;
  /** What is refused, in the word of the table, or of the activity. */
  readonly step: string;
  /** Why, in the provider's code, or in that of our own alarm. */
  readonly code: string;
  /** The workflow's time, milliseconds since 1970. */
  readonly atMs: number;
}

const WORKFLOW = { type: 'system', id: 'clock' } as const;

export function createRefusedActivities({ database, policy }: PurchaseDeps) {
  return {
    /**
     * Notes that a step is refused, and opens a case about it. As long as it is refused in the same way there is nothing more
     * to note; but a case that was closed meanwhile is opened anew. The step that goes through at last closes it.
     */
    async reportRefusedStep({ purchaseId, step, code, atMs }: RefusedStepReport): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, { purchaseId });
      const ask = async (tx: Tx): Promise<void> => {
        // Finance has as long for it as for money that does not reach a seller.
        const dueAt = new Date(atMs + policy.transferCaseDue);
        const about = { kind: 'step_refused', subjectType: 'purchase', subjectId: purchaseId } as const;
        const details = { step, code };
        await amendCase(tx, await openCase(tx, { ...about, dueAt, details }), details);
      };
      if (purchase.refusedStep?.step === step && purchase.refusedStep.code === code) {
        await database.transaction(ask);
        return standing(purchase);
      }
      const key = stepKey({ purchaseId, actor: WORKFLOW, atMs }, `reportRefusedStep/${atMs}`);
      const refusedStep = { step, code, sinceMs: atMs };
      return standing(await commitStep(database, { ...key, from: 'any' }, () => ({ refusedStep }), ask));
    },
  };
}
