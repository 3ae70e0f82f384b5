import helmet from 'koa-helmet';
import type { Middleware } from '../context.ts';

/**
 * Headers that keep browsers from doing more with our answers than they should. Scripts and styles come from our own
 * origin only; `/docs` needs inline styles and images from `data:` URLs, and nothing else.
 * @param publicUrl decides about HTTPS: browsers are told to insist on it exactly where we are reached by it
 */
export function securityHeaders(publicUrl: string): Middleware {
  const https = publicUrl.startsWith('https:');
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        ...(https ? { upgradeInsecureRequests: [] } : {}),
      },
    },
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: true } : false,
  });
}
