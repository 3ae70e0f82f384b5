/** The least that an API over PostgreSQL can be: Koa, a body in JSON, one statement. What ours is compared with. */
import { randomUUID } from 'node:crypto';
import { json } from 'node:stream/consumers';
import Koa from 'koa';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 20 });
const app = new Koa();

app.use(async (ctx) => {
  if (ctx.method === 'POST') {
    const body = await json(ctx.req);
    const id = randomUUID();
    await pool.query({
      name: 'insert',
      text: 'INSERT INTO bench.things (id, thing) VALUES ($1, $2)',
      values: [id, JSON.stringify(body)],
    });
    ctx.status = 201;
    ctx.body = { id, thing: body };
  } else {
    const { rows } = await pool.query({
      name: 'select',
      text: 'SELECT id, thing FROM bench.things WHERE id = $1',
      values: [ctx.path.slice(1)],
    });
    ctx.body = rows[0];
  }
});

const server = app.listen(Number(process.env['BENCH_PORT']), '127.0.0.1', () => console.log('ready'));
process.once('SIGTERM', () => {
  server.close(() => void pool.end());
  server.closeAllConnections();
});
