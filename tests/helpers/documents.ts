import { parse } from 'csv-parse/sync';
import { extractText, getDocumentProxy } from 'unpdf';
import type { Person } from './people.ts';
import { stack } from './stack.ts';

export interface Document {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** A document, or the problem in its place. */
export async function documentAt({ accessToken }: Pick<Person, 'accessToken'>, path: string): Promise<Document> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${stack().urls.api}${path}`, { headers, signal: AbortSignal.timeout(30_000) });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

/** Each page as text. */
export async function textOf(pdf: Buffer): Promise<readonly string[]> {
  const { text } = await extractText(await getDocumentProxy(new Uint8Array(pdf)));
  return text;
}

/** The rows of a CSV by the names in its head. */
export const rowsOf = (bytes: Buffer): Record<string, string>[] => parse(bytes, { columns: true });
