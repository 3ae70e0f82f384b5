import { randomBytes } from 'node:crypto';
import type { Payload, WorkflowSerializationContext } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { EncryptionCodec, PayloadError, parsePayloadKeys, unseal } from './codec.ts';

const key = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const context = (workflowId: string): WorkflowSerializationContext => ({
  type: 'workflow',
  namespace: 'default',
  workflowId,
});
const secret: Payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"a secret"') };

const oldKey = key('old');
const newKey = key('new');
const here = context('purchase/pur_1');

async function sealed(keys: string[], where = here): Promise<Payload> {
  const [payload] = await new EncryptionCodec(parsePayloadKeys(keys)).encode([secret], where);
  if (payload === undefined) throw new Error('nothing was encoded');
  return payload;
}

describe('the payload codec', () => {
  test('what it encodes cannot be read, and comes back as it was', async () => {
    const payload = await sealed([newKey]);
    expect(Buffer.from(payload.data ?? []).includes('secret')).toBe(false);
    const [back] = await new EncryptionCodec(parsePayloadKeys([newKey])).decode([payload], here);
    expect(Buffer.from(back?.data ?? []).toString()).toBe('"a secret"');
    expect(Buffer.from(back?.metadata?.['encoding'] ?? []).toString()).toBe('json/plain');
  });

  test('an old key still reads', async () => {
    const payload = await sealed([oldKey]);
    const [back] = await new EncryptionCodec(parsePayloadKeys([newKey, oldKey])).decode([payload], here);
    expect(Buffer.from(back?.data ?? []).toString()).toBe('"a secret"');
  });

  test('an unknown key is named', async () => {
    const payload = await sealed([oldKey]);
    await expect(new EncryptionCodec(parsePayloadKeys([newKey])).decode([payload], here)).rejects.toThrow(/"old"/);
  });

  test('a payload of another workflow is refused', async () => {
    const payload = await sealed([newKey], context('purchase/pur_2'));
    await expect(new EncryptionCodec(parsePayloadKeys([newKey])).decode([payload], here)).rejects.toThrow(PayloadError);
  });

  test.each(['data', 'bound-to', 'key-id'])('a payload whose %s was altered is refused', async (part) => {
    const keys = parsePayloadKeys([newKey, oldKey]);
    const payload = await sealed([newKey]);
    if (part === 'data') {
      const data = Buffer.from(payload.data ?? []);
      data[20] = (data[20] ?? 0) ^ 1;
      payload.data = data;
    } else {
      const other = part === 'key-id' ? 'old' : 'default/purchase/pur_2';
      payload.metadata = { ...payload.metadata, [part]: Buffer.from(other) };
    }
    expect(() => unseal(keys, payload)).toThrow(PayloadError);
  });

  test('a payload that belongs to no workflow is not encoded', async () => {
    await expect(new EncryptionCodec(parsePayloadKeys([newKey])).encode([secret])).rejects.toThrow(PayloadError);
  });

  test('what nobody encrypted is not handed on', async () => {
    const [back] = await new EncryptionCodec(parsePayloadKeys([newKey])).decode([secret], here);
    expect(Buffer.from(back?.data ?? []).toString()).toBe('{"unsealed":true}');
  });

  test.each(['', 'k:', 'k:c2hvcnQ=', 'bm8taWQ='])('"%s" is no key', (entry) => {
    expect(() => parsePayloadKeys([entry])).toThrow(RangeError);
  });
});
