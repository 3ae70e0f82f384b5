import type { RateLimit, Reply } from '../route.ts';

/** A document costs more than an answer: some tenths of a second of the processor. */
export const DOCUMENT_LIMIT: RateLimit = { name: 'documents', limit: 60, windowSeconds: 60 };

/** A document to be saved under a name. It is somebody's own: nothing on the way keeps it. */
export const fileReply = (name: string, body: string | Buffer): Reply => ({
  status: 200,
  body,
  headers: { 'Content-Disposition': `attachment; filename="wellpact-${name}"`, 'Cache-Control': 'private, no-store' },
});
