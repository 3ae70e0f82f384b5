export { answersOk, waitUntil as waitFor } from '../../scripts/stack/waiting.ts';

/** Whether what answers at this `/readyz` is ready, and has all that it works with, also what it is spared. */
export async function allAnswer(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  const { checks } = (await response.json()) as { checks: Record<string, string> };
  return response.ok && Object.values(checks).every((state) => state === 'ok');
}
