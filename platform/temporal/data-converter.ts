import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec, parsePayloadKeys } from './codec.ts';

/** How payloads travel. API, workers and replay use the same, or they could not read each other. */
export function createDataConverter(payloadKeys: readonly string[]): DataConverter {
  return {
    payloadCodecs: [new EncryptionCodec(parsePayloadKeys(payloadKeys))],
    failureConverterPath: FAILURE_CONVERTER_PATH,
  };
}

/** The SDK loads the failure converter by path, once outside and once inside the workflow sandbox. */
export const FAILURE_CONVERTER_PATH = modulePath('failure-converter');

/** The path of a module beside this one, whether the project runs from its sources or compiled. */
export function modulePath(name: string): string {
  const source = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  return existsSync(source) ? source : source.replace(/\.ts$/, '.js');
}
