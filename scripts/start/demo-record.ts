import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type DemoResult, runDemo } from '../demo.ts';
import type { Stack } from '../stack/types.ts';

const schema = z.object({
  playedAt: z.string(),
  purchaseId: z.templateLiteral(['pur_', z.string()]),
  listingId: z.string(),
  sellerId: z.string(),
  buyerId: z.string(),
  sellerEmail: z.string(),
  buyerEmail: z.string(),
  steps: z.array(z.object({ who: z.string(), what: z.string(), outcome: z.string() })),
}) satisfies z.ZodType<DemoResult>;

const pathIn = (dataDir: string): string => join(dataDir, 'demo.json');

/** What the demo purchase of this data folder was, or undefined when none has got through yet. */
export function demoRecord(dataDir: string): DemoResult | undefined {
  const path = pathIn(dataDir);
  return existsSync(path) ? schema.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
}

/** Plays the demo and keeps its result, so that it is played only once. */
export async function playDemo(
  stack: Stack,
  options: { signal: AbortSignal; onStep: (what: string, ms: number) => void },
): Promise<void> {
  const result = await runDemo({ api: stack.urls.api, mail: stack.urls.mail, ...options });
  const path = pathIn(stack.dataDir);
  writeFileSync(`${path}.new`, JSON.stringify(result, null, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
