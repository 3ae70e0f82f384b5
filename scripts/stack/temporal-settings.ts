import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { connectTemporal, type Temporal, type TemporalSettings } from '../../platform/temporal/client.ts';
import { localStack } from './local-stack.ts';
import { StartError } from './problems.ts';
import { loadTemporalDevConfig } from './temporal-dev-config.ts';

/** Temporal answers within this time, or is said not to be there. */
const CONNECT_TIMEOUT_MS = 5_000;

/** The Temporal that the environment names, else that of the local stack. @throws StartError when there is neither */
export async function temporalSettings(): Promise<TemporalSettings> {
  const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, PAYLOAD_KEYS } = process.env;
  if (TEMPORAL_ADDRESS && PAYLOAD_KEYS) {
    return {
      TEMPORAL_ADDRESS,
      TEMPORAL_NAMESPACE: TEMPORAL_NAMESPACE || 'default',
      PAYLOAD_KEYS: PAYLOAD_KEYS.split(',').map((key) => key.trim()),
    };
  }
  const { ports, secrets } = await localStack('TEMPORAL_ADDRESS and PAYLOAD_KEYS');
  return {
    TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
    TEMPORAL_NAMESPACE: loadTemporalDevConfig('temporal-dev.yml').namespace,
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
        throw new StartError(`Temporal does not answer at ${config.TEMPORAL_ADDRESS}.`);
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
