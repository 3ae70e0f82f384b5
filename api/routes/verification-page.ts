import { z } from 'zod';
import { Problem } from '../../platform/errors.ts';
import { verifyEmailByToken } from '../../services/users/index.ts';
import type { ApiDeps } from '../deps.ts';
import { LIMITS } from '../limits.ts';
import { type Reply, type Route, route } from '../route.ts';

export type VerificationPageDeps = Pick<ApiDeps, 'database' | 'links'>;

const PATH = '/v1/users/verify-email';
const FORM_PATH = `${PATH}/form`;
const page = (description: string) => ({ description, schema: z.string(), contentType: 'text/html' });

/**
 * Where the link in the verification mail leads. Opening it changes nothing, since mail scanners open links too: the
 * address counts as proven when the person presses the button.
 */
export function verificationPageRoutes({ database, links }: VerificationPageDeps): Route[] {
  return [
    route({
      method: 'get',
      path: PATH,
      operationId: 'showVerificationPage',
      tag: 'accounts',
      summary: 'The page that the link in the verification mail opens',
      policy: { access: 'public' },
      query: z.strictObject({ token: z.string().min(1).max(200) }),
      responses: { 200: page('A page with a button that proves the address.') },
      handle: async ({ query }) => html(200, 'Is this your e-mail address?', buttonFor(query.token)),
    }),
    route({
      method: 'post',
      path: FORM_PATH,
      operationId: 'submitVerificationPage',
      tag: 'accounts',
      summary: 'What the button of that page sends',
      description:
        'Takes the form of the page, `token` as `application/x-www-form-urlencoded`. Programs use `verifyEmail`.',
      policy: { access: 'public' },
      idempotency: { none: 'a token works once, and the page says so when the button is pressed again.' },
      rawBody: true,
      rateLimit: LIMITS.verifyByAddress,
      responses: {
        200: page('The address is proven, now or before.'),
        422: page('The link is not valid or no longer so.'),
      },
      handle: async ({ rawBody }) => {
        const token = new URLSearchParams(rawBody.toString('utf8')).get('token') ?? '';
        try {
          await verifyEmailByToken(database, links, token, new Date());
        } catch (error) {
          if (!(error instanceof Problem) || error.status >= 500) throw error;
          const done = error.code === 'EMAIL_ALREADY_VERIFIED';
          return html(done ? 200 : 422, done ? DONE : 'This did not work', `<p>${escaped(error.detail)}</p>`);
        }
        return html(200, DONE, '<p>You can close this page and go on in the app.</p>');
      },
    }),
  ];
}

const DONE = 'Your e-mail address is verified';

const buttonFor = (token: string): string => `
<p>Press the button to confirm that you have made an account with this address.</p>
<form method="post" action="${FORM_PATH}">
<input type="hidden" name="token" value="${escaped(token)}">
<button type="submit">Yes, this is my address</button>
</form>
<p>If you have not made an account, close this page: nothing happens.</p>`;

function html(status: number, heading: string, content: string): Reply {
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wellpact</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; color: #1b2b26; }
button { font: inherit; padding: 0.6rem 1.2rem; border: 0; border-radius: 0.4rem; background: #1d6b53; color: #fff; }
</style>
</head>
<body>
<h1>${escaped(heading)}</h1>
${content}
</body>
</html>
`;
  return { status, body };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
