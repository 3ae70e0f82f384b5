import { invalidRequest } from './errors.ts';
import { decodeForm, type FormGroup } from './form.ts';

/** A file of a form, as the group of parameters that {@link uploadedFile} reads. */
const NAME = 'filename';
const TYPE = 'type';
const CONTENT = 'content';

/**
 * Decodes `multipart/form-data`: texts as in any form, each file as a group of its name, its type and its content in base64.
 * @throws StripeError 400 when the body is not what its header says
 */
export async function decodeMultipart(body: Buffer, contentType: string): Promise<FormGroup> {
  const parts = await parsed(body, contentType);
  const texts = new URLSearchParams();
  const files: FormGroup = new Map();
  for (const [name, value] of parts) {
    if (typeof value === 'string') texts.append(name, value);
    else {
      const content = Buffer.from(await value.arrayBuffer()).toString('base64');
      files.set(
        name,
        new Map([
          [NAME, value.name],
          [TYPE, value.type],
          [CONTENT, content],
        ]),
      );
    }
  }
  return new Map([...decodeForm(texts.toString()), ...files]);
}

async function parsed(body: Buffer, contentType: string): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw invalidRequest('Invalid request: the body is not the multipart/form-data that its header announces.');
  }
}

export interface UploadedFile {
  readonly name: string;
  readonly content: Buffer;
}

/** A parameter that is a file of a multipart form. */
export function uploadedFile() {
  return {
    required: false as const,
    read: (value: string | FormGroup, param: string): UploadedFile => {
      const [name, content] = typeof value === 'string' ? [] : [value.get(NAME), value.get(CONTENT)];
      if (typeof name !== 'string' || typeof content !== 'string') throw invalidRequest('Invalid file', { param });
      return { name, content: Buffer.from(content, 'base64') };
    },
  };
}
