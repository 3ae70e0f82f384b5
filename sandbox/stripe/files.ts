import type { Stripe } from 'stripe';
import { findObject } from '../store/objects.ts';
import { invalidRequest, noSuchReference } from '../stripe-api/errors.ts';
import { newStripeId } from '../stripe-api/ids.ts';
import { type UploadedFile, uploadedFile } from '../stripe-api/multipart.ts';
import {
  anyKind,
  type Call,
  CREATED_PARAMETER,
  LIST_PARAMETERS,
  operation,
  type Resource,
  type ResourceKind,
} from '../stripe-api/operation.ts';
import { oneOf, required } from '../stripe-api/parameters.ts';
import { add, findByPath, listed, record } from '../stripe-api/resources.ts';
import { emit } from './events.ts';

export interface FileHidden {
  /** In base64: the control API shows it again. */
  readonly content: string;
}

export const FILE: ResourceKind<Stripe.File, FileHidden> = { name: 'file', noun: 'file upload', expandable: {} };

/** What else files are for, Stripe knows; here they are evidence. */
const PURPOSES = ['dispute_evidence'] as const;

/** Source: https://docs.stripe.com/file-upload */
const MAX_FILE_BYTES = 5 * 1024 * 1024;

/** The first bytes of the types that are taken as evidence. */
const SIGNATURES: Readonly<Record<string, Buffer>> = {
  pdf: Buffer.from('%PDF-'),
  png: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  jpg: Buffer.from([0xff, 0xd8, 0xff]),
};

async function createFile(call: Call, { name, content }: UploadedFile): Promise<Stripe.File> {
  if (content.length > MAX_FILE_BYTES) {
    throw invalidRequest(`The file has ${content.length} bytes; ${MAX_FILE_BYTES} are allowed.`, { param: 'file' });
  }
  const type = Object.entries(SIGNATURES).find(([, bytes]) => content.subarray(0, bytes.length).equals(bytes))?.[0];
  if (type === undefined) {
    throw invalidRequest('Evidence has to be a PDF, a JPEG or a PNG file.', { param: 'file' });
  }
  const file: Stripe.File = {
    id: newStripeId('file'),
    object: 'file',
    created: call.now,
    expires_at: null,
    filename: name,
    links: null,
    purpose: 'dispute_evidence',
    size: content.length,
    title: null,
    type,
    url: null,
  };
  await add(call, FILE, file, { content: content.toString('base64') });
  await emit(call, 'file.created', file);
  await record(call, { kind: 'file', id: file.id });
  return file;
}

/** @throws StripeError 400 when there is no such file of this account */
export async function checkFile(call: Call, id: string, param: string): Promise<void> {
  if ((await findObject(call.tx, FILE, call.account, id)) === undefined) throw noSuchReference(FILE.noun, id, param);
}

const ONE = { kind: 'file', list: false } as const;

export const files: Resource = {
  kinds: [anyKind(FILE)],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/files',
      returns: ONE,
      parameters: { file: required(uploadedFile()), purpose: required(oneOf(PURPOSES)) },
      unmodelled: ['file_link_data'],
      // A file and its form.
      multipartBytes: 2 * MAX_FILE_BYTES,
      handle: async (call, values) => ({ answer: await createFile(call, values.file) }),
    }),
    operation({
      method: 'GET',
      path: '/v1/files/{file}',
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => ({ answer: (await findByPath(call, FILE, path, 'file')).body }),
    }),
    operation({
      method: 'GET',
      path: '/v1/files',
      returns: { kind: 'file', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, purpose: oneOf(PURPOSES) },
      handle: async (call, values) => {
        const { purpose } = values;
        return { answer: await listed(call, FILE, values, '/v1/files', { purpose }) };
      },
    }),
  ],
};
