import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Context, Middleware } from './context.ts';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wellpact API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

/** What the page loads, out of the package, from our own origin. */
const ASSETS: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css'],
  ['swagger-ui-bundle.js', 'text/javascript'],
  ['favicon-32x32.png', 'image/png'],
]);
const ASSET_FOLDER = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** `/openapi.json`, and the readable reference made of it at `/docs`. */
export function docs(document: object): Middleware {
  const openApi = JSON.stringify(document);
  const texts: ReadonlyMap<string, readonly [type: string, text: string]> = new Map([
    ['/openapi.json', ['application/json', openApi]],
    ['/docs', ['text/html', PAGE]],
    ['/docs/start.js', ['text/javascript', START]],
  ]);
  return async (ctx, next): Promise<void> => {
    const text = texts.get(ctx.path);
    const asset = ctx.path.startsWith('/docs/') ? ctx.path.slice('/docs/'.length) : '';
    const assetType = ASSETS.get(asset);
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') await next();
    else if (text !== undefined) send(ctx, ctx.path, ...text);
    else if (assetType !== undefined) send(ctx, '/docs/{asset}', assetType, await readFile(join(ASSET_FOLDER, asset)));
    else await next();
  };
}

function send(ctx: Context, route: string, type: string, body: string | Buffer): void {
  ctx.state.route = route;
  ctx.set('Cache-Control', 'no-cache');
  ctx.type = type;
  ctx.body = body;
}
