/** Where the judge looks, by the environment, else in the local stack. */
import { localStack } from '../stack/local-stack.ts';
import { temporalSettings } from '../stack/temporal-settings.ts';
import type { SourceSettings } from './sources.ts';

const STRIPE_URL = 'https://api.stripe.com';

/**
 * @param stripeOnly leaves the sandbox's log out
 * @throws StartError when there is neither a setting nor a local stack
 */
export async function sourceSettings(stripeOnly: boolean): Promise<SourceSettings> {
  const { DATABASE_URL, STRIPE_API_KEY, STRIPE_API_URL, SANDBOX_URL } = process.env;
  const temporal = await temporalSettings();
  if (DATABASE_URL && STRIPE_API_KEY) {
    return {
      databaseUrl: DATABASE_URL,
      stripeApiKey: STRIPE_API_KEY,
      stripeApiUrl: STRIPE_API_URL || STRIPE_URL,
      sandboxUrl: stripeOnly ? undefined : SANDBOX_URL || undefined,
      temporal,
    };
  }
  const { ports, secrets } = await localStack('DATABASE_URL and STRIPE_API_KEY');
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  const password = encodeURIComponent(secrets.POSTGRES_APP_PASSWORD);
  return {
    databaseUrl: `postgres://wellpact_app:${password}@127.0.0.1:${ports.postgres}/wellpact`,
    stripeApiKey: secrets.STRIPE_API_KEY,
    stripeApiUrl: at(ports.stripe),
    sandboxUrl: stripeOnly ? undefined : at(ports.sandboxControl),
    temporal,
  };
}
