import { Router } from '@koa/router';
import Koa from 'koa';
import type { Logger } from '../../platform/logging.ts';
import { html, page } from '../pages/html.ts';
import type { Database } from '../store/database.ts';
import { type CaughtMail, readMails } from '../store/mails.ts';

const MAX_LISTED = 200;

/** Caught mail over HTTP: JSON for tests (`/messages?to=`), pages for people (`/`, `/messages/7`). */
export function mailApplication(database: Database, log: Logger): Koa {
  const router = new Router();
  router.get('/', async (context) => {
    context.type = 'html';
    context.body = mailboxPage(await readMails(database.pool, { limit: MAX_LISTED }));
  });
  router.get('/messages', async (context) => {
    const to = context.URL.searchParams.get('to') ?? undefined;
    context.body = await readMails(database.pool, { to, limit: MAX_LISTED });
  });
  router.get('/messages/:id', async (context) => {
    const id = context.params['id'] ?? '';
    if (!/^\d{1,15}$/.test(id)) return;
    const [mail] = await readMails(database.pool, { id: Number(id), limit: 1 });
    if (mail === undefined) return;
    context.type = 'html';
    context.body = mailPage(mail);
  });
  const application = new Koa();
  application.on('error', (error: unknown) => log.error('The mail page failed to answer', { error }));
  application.use(router.routes());
  return application;
}

function mailboxPage(mails: readonly CaughtMail[]): string {
  const rows = mails.map(
    (mail) =>
      html`<tr><td>${mail.at}</td><td>${mail.to.join(', ')}</td><td><a href="/messages/${mail.id}">${mail.subject}</a></td></tr>`,
  );
  return page(
    'Caught mail',
    mails.length === 0
      ? html`<p>No mail yet.</p>`
      : html`<table><tr><th>When</th><th>To</th><th>Subject</th></tr>${rows}</table>`,
  );
}

function mailPage(mail: CaughtMail): string {
  const links = [...mail.text.matchAll(/https?:\/\/[^\s<>"]+/g)].map(
    ([url]) => html`<li><a href="${url}">${url}</a></li>`,
  );
  return page(
    mail.subject,
    html`<p>From ${mail.from} to ${mail.to.join(', ')}, ${mail.at}</p><pre>${mail.text}</pre>
${links.length === 0 ? html`` : html`<p>Links in it:</p><ul>${links}</ul>`}<p><a href="/">All mail</a></p>`,
  );
}
