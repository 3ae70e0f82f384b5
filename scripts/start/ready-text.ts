import { join } from 'node:path';
import Table from 'cli-table3';
import type { DemoResult } from '../demo.ts';
import { workflowLink } from '../stack/temporal-links.ts';
import type { Stack } from '../stack/types.ts';

/** What is printed once everything runs: what the demo did, where to look, how to stop. */
export async function readyText(stack: Stack, demo: DemoResult | undefined): Promise<string> {
  const { urls } = stack;
  const places = new Table({ style: { head: [], border: [] } });
  places.push(
    ['API, with its reference', `${urls.api}/docs`],
    ['Temporal Web UI', urls.temporalUi],
    ...(demo === undefined
      ? []
      : [['The demo purchase there', await workflowLink(stack, `purchase/${demo.purchaseId}`)]]),
    ['Caught mail', urls.mail],
    ['Sandbox: Stripe, Onfido', urls.sandbox],
    ['Logs', stack.logFile('*')],
  );
  const parts = [`Where to look:\n${places.toString()}`, closing(stack)];
  if (demo !== undefined) parts.unshift(`The demo purchase ${demo.purchaseId}:\n${storyTable(demo)}`);
  return `\n${parts.join('\n\n')}\n`;
}

function storyTable(demo: DemoResult): string {
  const table = new Table({ head: ['who', 'does', 'outcome'], style: { head: [], border: [] } });
  table.push(...demo.steps.map((step) => [step.who, step.what, step.outcome]));
  return table.toString();
}

function closing(stack: Stack): string {
  return [
    'Stop:  Ctrl-C. The data stays.',
    `Reset: npm start -- --reset deletes the data in ${join(stack.dataDir, '/')} and starts anew.`,
  ].join('\n');
}
