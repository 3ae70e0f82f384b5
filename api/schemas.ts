import { z } from 'zod';
import { type Id, idPattern } from '../contracts/ids.ts';
import { CURRENCIES, type Currency } from '../contracts/money.ts';

/** Schemas that several routes share. */

/** An id with this prefix. The pattern makes sure of what the type says. */
export const idOf = <Prefix extends string>(prefix: Prefix): z.ZodType<Id<Prefix>, Id<Prefix>> =>
  z
    .string()
    .regex(new RegExp(idPattern(prefix)), `an id: ${prefix}_ and 32 hex digits`)
    .meta({ example: `${prefix}_0199c1a2b3c47d5e8f60718293a4b5c6` }) as unknown as z.ZodType<Id<Prefix>, Id<Prefix>>;

export const timestamp = z.iso.datetime().meta({ description: 'ISO 8601, UTC.', example: '2026-01-31T12:00:00.000Z' });

export const currency = z.enum(Object.keys(CURRENCIES) as [Currency, ...Currency[]]);

/**
 * What a text must not have in it: control characters (line breaks and tabs only where a text has several lines), and the
 * marks that turn the direction of writing, with which one text is made to look like another.
 */
const REFUSED = {
  line: /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u,
  text: /(?![\n\r\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u,
};

/** Text of one line, trimmed; lengths in UTF-16 code units. */
export const line = (minimum: number, maximum: number) =>
  z
    .string()
    .trim()
    .min(minimum)
    .max(maximum)
    .refine((value) => !REFUSED.line.test(value), 'no line breaks or control characters');

/** Text of several lines, trimmed. */
export const text = (minimum: number, maximum: number) =>
  z
    .string()
    .trim()
    .min(minimum)
    .max(maximum)
    .refine((value) => !REFUSED.text.test(value), 'no control characters');

/** The query of every list. */
export const page = {
  limit: z.coerce.number().int().min(1).max(100).default(20).meta({ description: 'How many at most, 1 to 100.' }),
  cursor: z.string().max(500).optional().meta({ description: '`nextCursor` of the page before.' }),
};

/** The answer of every list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'For the next page; null on the last one.' }),
  });
