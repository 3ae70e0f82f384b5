import { AwsClient } from 'aws4fetch';
import { checkedKey, type ObjectStore } from './object-store.ts';

export interface S3Options {
  /** The bucket by its address, without a trailing slash: `https://s3.eu-central-1.amazonaws.com/my-bucket`. */
  readonly bucketUrl: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly timeoutMs: number;
}

/** What S3 itself, MinIO, Ceph and others understand: three calls, signed by AWS Signature Version 4. */
export function createS3ObjectStore(options: S3Options): ObjectStore {
  const { bucketUrl, region, accessKeyId, secretAccessKey, timeoutMs } = options;
  // Whoever calls decides whether it is tried again.
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
  const ask = async (method: 'PUT' | 'GET' | 'DELETE', key: string, body?: Buffer): Promise<Response> => {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { 'content-type': 'application/octet-stream' };
    const bytes = body && new Uint8Array(body);
    return client.fetch(`${bucketUrl}/${checkedKey(key)}`, { method, signal, ...(bytes && { body: bytes, headers }) });
  };
  return {
    async put(key, bytes) {
      await expectOk(await ask('PUT', key, bytes), 'PUT');
    },
    async get(key) {
      const answer = await ask('GET', key);
      if (answer.status === 404 && (await codeOf(answer.clone())) !== 'NoSuchBucket') {
        await answer.body?.cancel();
        return undefined;
      }
      await expectOk(answer, 'GET');
      return Buffer.from(await answer.arrayBuffer());
    },
    async delete(key) {
      const answer = await ask('DELETE', key);
      // S3 says 204 whether there was one or not; others say 404 when there was none.
      if (answer.status === 404 && (await codeOf(answer.clone())) === 'NoSuchKey') {
        await answer.body?.cancel();
        return;
      }
      await expectOk(answer, 'DELETE');
    },
  };
}

/** The code in an error of S3: `NoSuchKey`. */
const codeOf = async (answer: Response): Promise<string | undefined> =>
  /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1];

/** @throws Error naming what S3 said, never what lies there */
async function expectOk(answer: Response, method: string): Promise<void> {
  if (answer.ok) return;
  throw new Error(`the object store answered ${answer.status} ${(await codeOf(answer)) ?? ''} to ${method}`);
}
