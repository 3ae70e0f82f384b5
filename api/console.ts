import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import type { Context, Middleware } from './context.ts';

/** The page's own files; every process is started in the root of the repository, or of the image. */
const FOLDER = resolve('console');

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/** The folder of what `require` finds: the ES module lies beside it. */
const folderOf = (name: string): string => dirname(createRequire(import.meta.url).resolve(name));

/** What the page imports, as ES modules out of the packages; the names are those of its import map. */
const modules = (): readonly (readonly [name: string, file: string])[] => [
  ['preact.mjs', join(folderOf('preact'), 'preact.mjs')],
  ['preact-hooks.mjs', join(folderOf('preact/hooks'), 'hooks.mjs')],
  ['htm.mjs', join(folderOf('htm'), 'htm.module.js')],
  ['htm-preact.mjs', join(folderOf('htm/preact'), 'index.module.js')],
];

/** Addresses that the page itself takes apart; any other below `/console` is answered by the page, too, but as 404. */
const PAGES = /^\/console(\/purchases\/[\w-]{1,100})?$/;

/**
 * The support console at `/console`: a page without a build step, served with the packages it uses from our own origin.
 * What it shows, it reads through the API as the person who signs in to it.
 * @throws Error when its files are not there
 */
export function supportConsole(publicUrl: string): Middleware {
  const page = readFileSync(join(FOLDER, 'index.html'), 'utf8');
  const policy = contentSecurityPolicy(page, publicUrl);
  const files = new Map([
    ...readdirSync(FOLDER).flatMap((name): [string, string][] =>
      extname(name) in TYPES ? [[`/console/files/${name}`, join(FOLDER, name)]] : [],
    ),
    ...modules().map(([name, file]): [string, string] => [`/console/modules/${name}`, file]),
  ]);
  return async (ctx, next): Promise<void> => {
    const isOurs = ctx.path === '/console' || ctx.path.startsWith('/console/');
    if (!isOurs || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next();
    const file = files.get(ctx.path);
    if (file !== undefined) return send(ctx, '/console/{file}', TYPES[extname(file)] ?? '', await readFile(file));
    if (ctx.path.startsWith('/console/files/') || ctx.path.startsWith('/console/modules/')) return next();
    ctx.set('Content-Security-Policy', policy);
    send(ctx, '/console', 'text/html', page);
    if (!PAGES.test(ctx.path)) ctx.status = 404;
  };
}

/**
 * Scripts and styles from our own files alone; of what stands in the page, only the import map, by its hash. Trusted
 * types: no text ever becomes markup or code, whatever the scripts do.
 */
function contentSecurityPolicy(page: string, publicUrl: string): string {
  const importMap = /<script type="importmap">([\s\S]*?)<\/script>/.exec(page)?.[1];
  if (importMap === undefined) throw new Error('console/index.html has no import map');
  const hash = createHash('sha256').update(importMap).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    ...(publicUrl.startsWith('https:') ? ['upgrade-insecure-requests'] : []),
  ].join('; ');
}

function send(ctx: Context, route: string, type: string, body: string | Buffer): void {
  ctx.state.route = route;
  ctx.set('Cache-Control', 'no-cache');
  ctx.type = type;
  ctx.body = body;
}
