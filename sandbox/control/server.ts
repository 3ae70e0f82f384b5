import { Router } from '@koa/router';
import Koa from 'koa';
import type { Logger } from '../../platform/logging.ts';
import type { FaultBackend } from '../faults/transport.ts';
import { hostedPages, type Steps } from '../pages/hosted.ts';
import type { SandboxSettings } from '../settings.ts';
import type { Clock } from '../store/clock.ts';
import { readLog } from '../store/log.ts';
import { explainRefusals } from './bodies.ts';
import { controlOperations } from './operations.ts';
import { startPage } from './start-page.ts';

export interface ControlBackend extends FaultBackend {
  readonly log: Logger;
  readonly settings: SandboxSettings;
  readonly clock: Clock;
  readonly steps: Steps;
}

/** The control port: health, the log of what truly happened, the hosted pages and the start page. */
export function controlApplication(backend: ControlBackend): Koa {
  const router = new Router();
  router.get('/healthz', async (context) => {
    await backend.database.pool.query('SELECT 1');
    context.body = { status: 'ok' };
  });
  router.get('/', (context) => {
    context.type = 'html';
    context.body = startPage(backend.settings);
  });
  router.get('/_control/log', async (context) => {
    const query = context.URL.searchParams;
    const entries = await readLog(backend.database.pool, {
      transferGroup: query.get('transferGroup') ?? undefined,
      kind: query.get('kind') ?? undefined,
      id: query.get('id') ?? undefined,
      account: query.get('account') ?? undefined,
    });
    context.type = 'application/x-ndjson';
    context.body = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  });
  const application = new Koa();
  application.on('error', (error: unknown) => backend.log.error('The control port failed to answer', { error }));
  application.use(explainRefusals);
  application.use(router.routes());
  application.use(controlOperations(backend).routes());
  application.use(hostedPages(backend.steps).routes());
  return application;
}
