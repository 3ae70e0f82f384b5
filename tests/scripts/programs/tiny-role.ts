import { createServer } from 'node:http';
import pg from 'pg';
import { portsFor } from '../../../platform/ports.ts';

// A role reduced to what the starter sees of one: it answers when its database does, and ends on SIGTERM.
const server = createServer((_request, response) => {
  whoAmI().then(
    (row) => response.end(JSON.stringify(row)),
    (error: Error) => response.writeHead(503).end(error.message),
  );
});
server.listen(portsFor(Number(process.env['PORT_OFFSET'])).api, '127.0.0.1');
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
});

async function whoAmI(): Promise<unknown> {
  const client = new pg.Client({ connectionString: process.env['DATABASE_URL'] });
  try {
    await client.connect();
    return (await client.query('SELECT current_user')).rows[0];
  } finally {
    await client.end();
  }
}
