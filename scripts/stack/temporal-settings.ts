import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { connectTemporal, type Temporal, type TemporalSettings } from '../../platform/temporal/client.ts';
import { plainProfile, temporalProfile } from '../../platform/temporal/profile.ts';
import { localStack } from './local-stack.ts';
import { StartError } from './problems.ts';
import { loadTemporalDevConfig } from './temporal-dev-config.ts';

/** Temporal answers within this time, or is said not to be there. */
const CONNECT_TIMEOUT_MS = 5_000;

/** The Temporal that the environment names, else that of the local stack. @throws StartError when there is neither */
export async function temporalSettings(): Promise<TemporalSettings> {
  const { PAYLOAD_KEYS, TEMPORAL_ADDRESS, TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE } = process.env;
  if (PAYLOAD_KEYS && (TEMPORAL_ADDRESS || TEMPORAL_CONFIG_FILE || TEMPORAL_PROFILE)) {
    const temporal = temporalProfile(process.env);
    if (!('connection' in temporal)) {
      throw new StartError(temporal.map(({ setting, problem }) => `${setting}: ${problem}.`).join('\n'));
    }
    return { temporal, PAYLOAD_KEYS: PAYLOAD_KEYS.split(',').map((key) => key.trim()) };
  }
  const { ports, secrets } = await localStack('TEMPORAL_ADDRESS and PAYLOAD_KEYS');
  return {
    temporal: plainProfile(`127.0.0.1:${ports.temporal}`, loadTemporalDevConfig('temporal-dev.yml').namespace),
    PAYLOAD_KEYS: secrets.PAYLOAD_KEYS.split(','),
  };
}

/** Works with a running Temporal. @throws StartError when it does not answer, or refuses: in its own words */
export async function withTemporal<T>(config: TemporalSettings, work: (temporal: Temporal) => Promise<T>): Promise<T> {
  const temporal = connectTemporal(config);
  try {
    await temporal.client
      .withDeadline(Date.now() + CONNECT_TIMEOUT_MS, () => temporal.connection.ensureConnected())
      .catch(() => {
        throw new StartError(`Temporal does not answer at ${config.temporal.connection.address}.`);
      });
    return await work(temporal);
  } catch (error) {
    // It names what it does not know, or does not understand of a query.
    const cause = error instanceof ServiceError ? error.cause : error;
    if (isGrpcServiceError(cause)) throw new StartError(`Temporal says: ${cause.details}`);
    throw error;
  } finally {
    await temporal.close();
  }
}
