import { expect, test } from 'vitest';
import { bareType, FILE_TYPES } from './evidence-rules.ts';

const is = (type: string, bytes: Buffer): boolean => FILE_TYPES[type]?.(bytes) ?? false;

test.each([
  ['image/jpeg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0])],
  ['image/png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['application/pdf', Buffer.from('%PDF-1.7')],
  ['text/plain', Buffer.from('Grüße,\r\n\tM.')],
])('%s is known by its bytes, and is nothing else', (type, bytes) => {
  for (const other of Object.keys(FILE_TYPES)) {
    // A PDF that begins so short is text as well: what it is handed in as decides.
    const alsoText = other === 'text/plain' && type === 'application/pdf';
    expect(is(other, bytes), other).toBe(other === type || alsoText);
  }
});

test('what is no text is none', () => {
  for (const bytes of [Buffer.from([0xff, 0xfe]), Buffer.from('a\0b'), Buffer.from('\u001b[2J'), Buffer.from([0xc3])]) {
    expect(is('text/plain', bytes)).toBe(false);
  }
});

test('what is too short for its type is not of it', () => {
  expect(is('image/png', Buffer.from([0x89, 0x50]))).toBe(false);
  expect(is('image/jpeg', Buffer.alloc(0))).toBe(false);
});

test.each([
  ['text/plain; charset=utf-8', 'text/plain'],
  ['IMAGE/PNG', 'image/png'],
  ['', ''],
])('%s is %s', (given, bare) => expect(bareType(given)).toBe(bare));
