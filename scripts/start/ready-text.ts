import { join } from 'node:path';
import Table from 'cli-table3';
import type { DemoResult } from '../demo.ts';
import type { Stack } from '../stack/types.ts';

/** What is printed once everything runs: what the demo did, where to look, how to stop. */
export async function readyText(stack: Stack, demo: DemoResult | undefined, keepsData: boolean): Promise<string> {
  const { urls } = stack;
  const places: [string, string][] = [
    ['API, with its reference', `${urls.api}/docs`],
    ['Support console', `${urls.api}/console (accounts: npm run staff -- create)`],
    ['Temporal Web UI', urls.temporalUi],
  ];
  if (demo !== undefined) {
    // These load the SDK, which takes a while: not before all runs.
    const { workflowLink } = await import('../stack/temporal-links.ts');
    const { purchaseWorkflowId } = await import('../../contracts/purchase.ts');
    places.push(['The demo purchase there', await workflowLink(stack, purchaseWorkflowId(demo.purchaseId))]);
  }
  places.push(
    ['Caught mail', urls.mail],
    ['Caught pushes', urls.push],
    ['Sandbox: Stripe, Onfido', urls.sandbox],
    ['Logs', stack.logFile('*')],
  );
  const parts = [`Where to look:\n${listOf(places)}`, closing(stack, keepsData)];
  if (demo !== undefined) parts.unshift(`The demo purchase ${demo.purchaseId}:\n${storyTable(demo)}`);
  return `\n${parts.join('\n\n')}\n`;
}

/** Plain lines: terminals make links of addresses only where nothing is drawn around them. */
function listOf(places: readonly (readonly [string, string])[]): string {
  return places.map(([name, address]) => `  ${name.padEnd(24)} ${address}`).join('\n');
}

function storyTable(demo: DemoResult): string {
  const table = new Table({ head: ['who', 'does', 'outcome'], style: { head: [], border: [], compact: true } });
  table.push(...demo.steps.map((step) => [step.who, step.what, step.outcome]));
  return table.toString();
}

function closing(stack: Stack, keepsData: boolean): string {
  if (!keepsData) return 'Stop:  Ctrl-C. The data is deleted then.';
  return [
    'Stop:  Ctrl-C. The data stays.',
    `Reset: npm start -- --reset deletes the data in ${join(stack.dataDir, '/')} and starts anew.`,
  ].join('\n');
}
