import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec, parsePayloadKeys } from './codec.ts';

/** How payloads travel. API, workers and replay use the same, or they could not read each other. */
export const createDataConverter = (payloadKeys: readonly string[]): DataConverter =>
  withCodec(new EncryptionCodec(parsePayloadKeys(payloadKeys)));

/** The same for what runs workflows: what staff typed into the Temporal UI reaches them, and they know it by its mark. */
export const createWorkerConverter = (payloadKeys: readonly string[]): DataConverter =>
  withCodec(new EncryptionCodec(parsePayloadKeys(payloadKeys), { ofWorkflows: true }));

const withCodec = (codec: EncryptionCodec): DataConverter => ({
  payloadCodecs: [codec],
  failureConverterPath: FAILURE_CONVERTER_PATH,
});

/** The SDK loads the failure converter by path, once outside and once inside the workflow sandbox. */
export const FAILURE_CONVERTER_PATH = modulePath('failure-converter');

/** The path of a module beside this one, whether the project runs from its sources or compiled. */
export function modulePath(name: string): string {
  const source = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  return existsSync(source) ? source : source.replace(/\.ts$/, '.js');
}
