import { randomBytes } from 'node:crypto';
import type { Payload, WorkflowSerializationContext } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { strayInput, typedInput } from '../../contracts/typed-input.ts';
import { EncryptionCodec, PayloadError, parsePayloadKeys, sealUnbound, unseal } from './codec.ts';

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

  test('what nobody encrypted is not handed on', async () => {
    const [back] = await new EncryptionCodec(parsePayloadKeys([newKey])).decode([secret], here);
    expect(Buffer.from(back?.data ?? []).toString()).toBe('{"notFromUs":"unsealed"}');
  });

  test.each(['', 'k:', 'k:c2hvcnQ=', 'bm8taWQ='])('"%s" is no key', (entry) => {
    expect(() => parsePayloadKeys([entry])).toThrow(RangeError);
  });
});

describe('what staff typed into the Temporal UI', () => {
  const keys = parsePayloadKeys([newKey]);
  const workers = new EncryptionCodec(keys, { ofWorkflows: true });
  const sealedNote = sealUnbound(keys, secret);

  async function readBy(codec: EncryptionCodec, payload: Payload): Promise<unknown> {
    const [back] = await codec.decode([payload], here);
    return JSON.parse(Buffer.from(back?.data ?? []).toString()) as unknown;
  }

  test('is read by workers, marked as what it is, each ciphertext by a name of its own', async () => {
    const first = typedInput(await readBy(workers, sealedNote));
    const second = typedInput(await readBy(workers, sealUnbound(keys, secret)));
    expect(first).toMatchObject({ value: 'a secret', seal: expect.stringMatching(/^[0-9a-f]{24}$/) });
    expect(second?.seal).not.toBe(first?.seal);
  });

  test('cannot be mistaken for what one of our processes sent, even if it looks like its mark', async () => {
    const forged = { notFromUs: { value: { note: 'x' }, seal: 'forged' } };
    const payload = { ...secret, data: Buffer.from(JSON.stringify(forged)) };
    expect(typedInput(await readBy(workers, sealUnbound(keys, payload)))?.value).toEqual(forged);
  });

  test('is null when it is no JSON', async () => {
    for (const odd of [
      { ...secret, data: Buffer.from('{') },
      { metadata: {}, data: Buffer.from('"x"') },
    ]) {
      expect(typedInput(await readBy(workers, sealUnbound(keys, odd)))?.value).toBeNull();
    }
  });

  test('is refused by everybody else, and by workers outside a workflow', async () => {
    await expect(new EncryptionCodec(keys).decode([sealedNote], here)).rejects.toThrow(PayloadError);
    const activity = { type: 'activity', namespace: 'default', workflowId: here.workflowId, isLocal: true } as const;
    await expect(workers.decode([sealedNote], activity)).rejects.toThrow(PayloadError);
  });

  test('what belongs to another workflow is not shown, and stops nothing', async () => {
    const misplaced = await sealed([newKey], context('purchase/pur_2'));
    expect(strayInput(await readBy(workers, misplaced))).toBe('misplaced');
    await expect(workers.decode([misplaced])).resolves.toEqual([unseal(keys, misplaced)]);
  });

  test.each(['unbound', 'default/purchase/pur_1'])(
    'a binding that is changed to "%s" is not shown',
    async (binding) => {
      const payload = binding === 'unbound' ? await sealed([newKey]) : sealUnbound(keys, secret);
      payload.metadata = { ...payload.metadata, 'bound-to': Buffer.from(binding) };
      expect(strayInput(await readBy(workers, payload))).toBe('altered');
      await expect(new EncryptionCodec(keys).decode([payload], here)).rejects.toThrow(PayloadError);
    },
  );

  test('what is altered, or too short, stops nothing: it is not shown', async () => {
    for (const data of [randomBytes(64), randomBytes(3), Buffer.alloc(0)]) {
      expect(strayInput(await readBy(workers, { ...(await sealed([newKey])), data }))).toBe('altered');
      expect(strayInput(await readBy(workers, { ...sealedNote, data }))).toBe('altered');
    }
  });

  test('a key that is not known is an error still, and so is an altered result of a step', async () => {
    await expect(workers.decode([await sealed([oldKey])], here)).rejects.toThrow(/"old"/);
    const activity = { type: 'activity', namespace: 'default', workflowId: here.workflowId, isLocal: true } as const;
    const altered = { ...(await sealed([newKey])), data: randomBytes(64) };
    await expect(workers.decode([altered], activity)).rejects.toThrow(PayloadError);
  });
});

describe('a worker is not ended by a payload', () => {
  const keys = parsePayloadKeys([newKey]);
  const worker = new EncryptionCodec(keys, { ofWorkflows: true });

  test('why a task failed is encrypted though no workflow is told, and is input of none', async () => {
    const [payload] = await worker.encode([secret]);
    if (payload === undefined) throw new Error('nothing was encoded');
    expect(Buffer.from(payload.data ?? []).includes('secret')).toBe(false);
    expect(Buffer.from(unseal(keys, payload).data ?? []).toString()).toBe('"a secret"');
    const [met] = await worker.decode([payload], here);
    expect(Buffer.from(met?.data ?? []).toString()).not.toContain('a secret');
  });

  test('what is typed and nested without end is nothing', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const typed = sealUnbound(keys, { ...secret, data: Buffer.from(deep) });
    const [met] = await worker.decode([typed], here);
    const value = JSON.parse(Buffer.from(met?.data ?? []).toString()) as unknown;
    expect(typedInput(value)?.value).toBeNull();
  });
});
