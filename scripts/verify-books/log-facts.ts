/** What the sandbox wrote down about itself: its log has a line for everything that truly happened. */
import { type Movement, type MovementKind, type Testimony } from './facts.ts';
import { TooMuch } from './stripe-facts.ts';

interface LogLine {
  readonly kind: string;
  readonly id: string;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly transferGroup: string | null;
  readonly idempotencyKey: string | null;
}

/** The kinds of lines by which money moves, and as what the judge knows them. */
const KINDS: Readonly<Record<string, MovementKind>> = {
  capture: 'capture',
  refund: 'refund',
  refund_failed: 'refund_came_back',
  transfer: 'transfer',
  reversal: 'reversal',
  dispute_withdrawn: 'withdrawn',
  dispute_reinstated: 'reinstated',
};

/** The sandbox answers with this many lines at the most (docs/reference/sandbox.md). */
const MAX_LINES = 100_000;
const TIMEOUT_MS = 60_000;

/** @param controlUrl of the sandbox. @param purchaseId all purchases unless told. @throws TooMuch */
export async function logFacts(controlUrl: string, purchaseId?: string): Promise<Testimony> {
  const movements: Movement[] = [];
  for (const kind of purchaseId === undefined ? Object.keys(KINDS) : [undefined]) {
    const lines = await readLog(controlUrl, { kind, transferGroup: purchaseId });
    movements.push(...lines.flatMap(movementIn));
  }
  return { witness: "the sandbox's log", movements };
}

async function readLog(controlUrl: string, filter: Record<string, string | undefined>): Promise<LogLine[]> {
  const query = new URLSearchParams(
    Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const response = await fetch(`${controlUrl}/_control/log?${query.toString()}`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`The sandbox's log cannot be read: it answers ${response.status}.`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  if (lines.length >= MAX_LINES) throw new TooMuch(`The sandbox's log has ${MAX_LINES} lines of a kind, or more.`);
  return lines.map((line) => JSON.parse(line) as LogLine);
}

function movementIn({ kind: told, id, amount, currency, transferGroup, idempotencyKey }: LogLine): Movement[] {
  const kind = KINDS[told];
  if (kind === undefined || amount === null || currency === null) return [];
  return [
    {
      kind,
      id,
      amount: BigInt(amount),
      currency: currency.toUpperCase(),
      purchaseId: transferGroup,
      step: stepIn(idempotencyKey, transferGroup),
      counterpart: null,
      booked: null,
    },
  ];
}

/** The business step that an idempotency key names: `purchase/<id>/<step>/<epoch or attempt>`, of this very purchase. */
function stepIn(key: string | null, purchaseId: string | null): string | null {
  const [, ofPurchase, step] = /^(?:purchase|aftercare)\/([^/]+)\/(.+)\/[^/]+$/.exec(key ?? '') ?? [];
  return ofPurchase !== undefined && ofPurchase === purchaseId ? (step ?? null) : null;
}
