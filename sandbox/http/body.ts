import type { IncomingMessage } from 'node:http';

/** Reads a request's body; undefined when it is larger than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size <= maxBytes) chunks.push(chunk as Buffer);
    // The rest is read and thrown away within reason, so that the client gets to read the refusal.
    else if (size > maxBytes * 16) return undefined;
  }
  return size <= maxBytes ? Buffer.concat(chunks) : undefined;
}
