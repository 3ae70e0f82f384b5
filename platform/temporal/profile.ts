import { existsSync } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';

/** How to reach Temporal: what a connection of the client and one of the worker both take. */
export interface TemporalProfile {
  readonly namespace: string;
  readonly connection: {
    /** host:port */
    readonly address: string;
    readonly tls?: Tls | boolean;
    readonly apiKey?: string;
    /** More headers of each call. */
    readonly metadata?: Record<string, string>;
  };
}

interface Tls {
  readonly serverNameOverride?: string;
  readonly serverRootCACertificate?: Uint8Array;
  readonly clientCertPair?: { readonly crt: Uint8Array; readonly key: Uint8Array };
}

/** A local Temporal, or another one that is reached without TLS. */
export function plainProfile(address: string, namespace: string): TemporalProfile {
  return { namespace, connection: { address } };
}

/** What is wrong with one setting, without its value. */
export interface ProfileProblem {
  readonly setting: string;
  readonly problem: string;
}

/**
 * Reads what all of Temporal's own tools read (https://docs.temporal.io/develop/environment-configuration): TEMPORAL_*,
 * over a profile of a file when TEMPORAL_CONFIG_FILE or TEMPORAL_PROFILE names one. A file in somebody's home folder is
 * not read unless it is named (docs/decisions/0100).
 * @returns the profile, or what is wrong with it
 */
export function temporalProfile(env: NodeJS.ProcessEnv): TemporalProfile | readonly ProfileProblem[] {
  const given = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
  const problems = CHECKS.filter(({ isWrong }) => isWrong(given)).map(({ setting, problem }) => ({ setting, problem }));
  if (problems.length > 0) return problems;
  const namesFile = given['TEMPORAL_CONFIG_FILE'] !== undefined || given['TEMPORAL_PROFILE'] !== undefined;
  let loaded: ReturnType<typeof loadClientConnectConfig>;
  try {
    loaded = loadClientConnectConfig({ overrideEnvVars: given, disableFile: !namesFile, configFileStrict: true });
  } catch (error) {
    return [{ setting: settingOf(error), problem: messageOf(error) }];
  }
  const { address, tls, apiKey, metadata } = loaded.connectionOptions;
  if (address === undefined || address === null) return [{ setting: 'TEMPORAL_ADDRESS', problem: 'missing' }];
  return {
    namespace: loaded.namespace ?? 'default',
    connection: {
      address,
      ...(tls !== undefined && tls !== null && { tls }),
      ...(typeof apiKey === 'string' && { apiKey }),
      ...(metadata !== undefined && { metadata: metadata as Record<string, string> }),
    },
  };
}

type Given = Readonly<Record<string, string>>;

const CERTIFICATE = ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_CERT_DATA'];
const KEY = ['TEMPORAL_TLS_CLIENT_KEY_PATH', 'TEMPORAL_TLS_CLIENT_KEY_DATA'];
const has = (given: Given, names: readonly string[]): boolean => names.some((name) => given[name] !== undefined);

/** What the library would pass over in silence. */
const CHECKS: readonly (ProfileProblem & { readonly isWrong: (given: Given) => boolean })[] = [
  {
    setting: 'TEMPORAL_TLS',
    problem: 'true or false',
    isWrong: ({ TEMPORAL_TLS: value }) => value !== undefined && !['true', 'false', '1', '0'].includes(value),
  },
  {
    setting: 'TEMPORAL_CONFIG_FILE',
    problem: 'there is no such file',
    isWrong: ({ TEMPORAL_CONFIG_FILE: path }) => path !== undefined && !existsSync(path),
  },
  {
    setting: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
    problem: 'missing, while there is a client certificate',
    isWrong: (given) => has(given, CERTIFICATE) && !has(given, KEY),
  },
  {
    setting: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    problem: 'missing, while there is a client key',
    isWrong: (given) => has(given, KEY) && !has(given, CERTIFICATE),
  },
  {
    setting: 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION',
    problem: 'not supported: name the host of the certificate with TEMPORAL_TLS_SERVER_NAME',
    isWrong: (given) => given['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'] !== undefined,
  },
];

/** Which setting names the file that could not be read. */
function settingOf(error: unknown): string {
  return messageOf(error).startsWith('Profile ') ? 'TEMPORAL_PROFILE' : 'TEMPORAL_CONFIG_FILE or TEMPORAL_TLS_*';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
}
