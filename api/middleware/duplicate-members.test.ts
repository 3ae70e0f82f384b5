import { expect, test } from 'vitest';
import { duplicateMember } from './duplicate-members.ts';

test.each([
  ['{"amount":1,"amount":2500}', 'amount'],
  ['{"amount":{"amount":1,"currency":"EUR","amount":2500}}', 'amount.amount'],
  ['{"items":[{"a":1},{"b":2,"b":2}]}', 'items.1.b'],
  ['{"amount":1,"\\u0061mount":2}', 'amount'],
  ['{"a":{"x":1},"b":{"y":{}},"a":{}}', 'a'],
  ['{"":1,"":2}', ''],
])('%s has a member twice', (json, path) => {
  expect(duplicateMember(json)).toBe(path);
});

test.each([
  '{"a":{"a":{"a":1}},"b":{"a":1}}',
  '[{"a":1},{"a":1}]',
  '{"a":"{\\"a\\":1,\\"a\\":2}"}',
  '{"a":["a","a"],"A":1}',
  '"a"',
  'null',
])('%s has none', (json) => {
  expect(duplicateMember(json)).toBeUndefined();
});
