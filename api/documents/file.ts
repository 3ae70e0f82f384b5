import type { RateLimit, Reply } from '../route.ts';

/** Drawing costs more than an answer: some tenths of a second of the processor. */
export const PDF_LIMIT: RateLimit = { name: 'pdf', limit: 60, windowSeconds: 60 };
/** A long table is read and written quickly, but not for nothing. */
export const CSV_LIMIT: RateLimit = { name: 'csv', limit: 300, windowSeconds: 60 };

/** A document to be saved under a name. It is somebody's own: nothing on the way keeps it. */
export const fileReply = (name: string, body: string | Buffer): Reply => ({
  status: 200,
  body,
  headers: { 'Content-Disposition': `attachment; filename="wellpact-${name}"`, 'Cache-Control': 'private, no-store' },
});
