import type { Reply } from '../route.ts';

/** A document to be saved under a name. It is somebody's own: nothing on the way keeps it. */
export const fileReply = (name: string, body: string | Buffer): Reply => ({
  status: 200,
  body,
  headers: { 'Content-Disposition': `attachment; filename="wellpact-${name}"`, 'Cache-Control': 'private, no-store' },
});
