import { ONFIDO_OPERATIONS } from '../onfido/server.ts';
import { html, page } from '../pages/html.ts';
import type { SandboxSettings } from '../settings.ts';
import { STRIPE_OPERATIONS } from '../stripe/index.ts';
import { TEST_CARD_TOKENS } from '../stripe/test-cards.ts';

/** What is here, for a person who opens the control port in a browser. */
export function startPage(settings: SandboxSettings): string {
  const at = (port: number, path = '') => `${settings.pagesUrl.replace(/:\d+$/, '')}:${port}${path}`;
  const { ports } = settings;
  const stripe = STRIPE_OPERATIONS.map(
    (operation) => html`<li><code>${operation.method} ${operation.path}</code></li>`,
  );
  const onfido = ONFIDO_OPERATIONS.map(
    (operation) => html`<li><code>${operation.method} /v3.6${operation.path}</code></li>`,
  );
  return page(
    'Wellpact sandbox',
    html`<table>
<tr><th>What</th><th>Where</th></tr>
<tr><td>Stripe API</td><td><code>${at(ports.stripe)}</code></td></tr>
<tr><td>Onfido API</td><td><code>${at(ports.onfido, '/v3.6')}</code></td></tr>
<tr><td>Pushes (FCM v1), caught</td><td><a href="${at(ports.push, '/')}">${at(ports.push, '/')}</a></td></tr>
<tr><td>Mail, outgoing (SMTP)</td><td><code>smtp://${at(ports.smtp).replace('http://', '')}</code></td></tr>
<tr><td>Mail, caught</td><td><a href="${at(ports.mail, '/')}">${at(ports.mail, '/')}</a></td></tr>
<tr><td>What truly happened</td><td><a href="/_control/log">/_control/log</a>, filtered by <code>?transferGroup=</code>, <code>?kind=</code>, <code>?id=</code></td></tr>
</table>
<p>How to drive it: <code>docs/reference/sandbox.md</code>.</p>
<h2>Test cards</h2><p>${TEST_CARD_TOKENS.map((token) => html`<code>${token}</code> `)}</p>
<h2>Identity checks</h2><p>An applicant with the last name <code>Consider</code> ends in review, <code>Declined</code>, <code>Abandoned</code> and <code>Errored</code> end so; any other is approved.</p>
<h2>Operations of Stripe</h2><ul>${stripe}</ul>
<h2>Operations of Onfido</h2><ul>${onfido}</ul>`,
  );
}
