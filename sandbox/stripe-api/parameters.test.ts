import { describe, expect, it } from 'vitest';
import { decodeForm } from './form.ts';
import {
  boolean,
  group,
  integer,
  listOf,
  mergedMetadata,
  metadata,
  oneOf,
  readParameters,
  required,
  text,
  unsettable,
} from './parameters.ts';

const TABLE = {
  amount: required(integer({ min: 1, max: 100 })),
  confirm: boolean(),
  method: oneOf(['manual', 'automatic']),
  name: text(5),
  note: unsettable(text()),
  person: group({ age: integer() }, ['height']),
  tags: listOf(text()),
  metadata: metadata(),
} as const;

const read = (encoded: string) => readParameters(decodeForm(encoded), TABLE, ['shipping']);

describe('readParameters', () => {
  it('reads every kind of parameter', () => {
    expect(
      read('amount=7&confirm=true&method=manual&name=Erika&note=&person[age]=30&tags[1]=b&tags[0]=a&metadata[k]=v'),
    ).toEqual({
      amount: 7,
      confirm: true,
      method: 'manual',
      name: 'Erika',
      note: null,
      person: { age: 30 },
      tags: ['a', 'b'],
      metadata: { k: 'v' },
    });
  });

  it.each([
    ['', 'parameter_missing', 'amount'],
    ['amount=0', 'parameter_invalid_integer', 'amount'],
    ['amount=101', 'parameter_invalid_integer', 'amount'],
    ['amount=1e2', 'parameter_invalid_integer', 'amount'],
    ['amount=', 'parameter_invalid_empty', 'amount'],
    ['amount[a]=1', undefined, 'amount'],
    ['amount=1&confirm=yes', undefined, 'confirm'],
    ['amount=1&method=later', undefined, 'method'],
    ['amount=1&name=Erikas', undefined, 'name'],
    ['amount=1&colour=red', 'parameter_unknown', 'colour'],
    ['amount=1&constructor=x', 'parameter_unknown', 'constructor'],
    ['amount=1&person[colour]=red', 'parameter_unknown', 'person[colour]'],
    ['amount=1&person=x', undefined, 'person'],
    ['amount=1&tags=x', undefined, 'tags'],
    ['amount=1&tags[a]=x', undefined, 'tags'],
  ])('refuses "%s" by name', (encoded, code, param) => {
    expect(() => read(encoded)).toThrow(
      expect.objectContaining({ status: 400, details: expect.objectContaining({ param }) }),
    );
    if (code !== undefined) {
      expect(() => read(encoded)).toThrow(expect.objectContaining({ details: expect.objectContaining({ code }) }));
    }
  });

  it.each(['amount=1&shipping=x', 'amount=1&person[height]=2'])('says that it does not model "%s"', (encoded) => {
    expect(() => read(encoded)).toThrow('does not model');
  });
});

describe('mergedMetadata', () => {
  it('adds, replaces, removes by an empty value, and empties', () => {
    expect(mergedMetadata({ a: '1', b: '2' }, { b: '3', a: '', c: '4' })).toEqual({ b: '3', c: '4' });
    expect(mergedMetadata({ a: '1' }, 'unset')).toEqual({});
    expect(mergedMetadata({ a: '1' }, undefined)).toEqual({ a: '1' });
  });

  it('holds at most 50 keys', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`k${at}`, 'v']));
    expect(Object.keys(mergedMetadata({}, many))).toHaveLength(50);
    expect(() => mergedMetadata(many, { one: 'more' })).toThrow('50 metadata keys');
  });
});
