import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StripeError } from './errors.ts';
import { canonicalForm, decodeForm, type FormValue } from './form.ts';

/** Maps as plain objects, so that they can be compared. */
function plain(value: FormValue): unknown {
  if (typeof value === 'string') return value;
  return Object.fromEntries([...value.entries()].map(([name, item]) => [name, plain(item)]));
}

describe('decodeForm', () => {
  it('reads groups, lists by position and lists by appending', () => {
    const form = decodeForm('amount=5&metadata[a]=1&metadata[b%20c]=2&expand[0]=x&expand[1]=y&types[]=p&types[]=q');
    expect(plain(form)).toEqual({
      amount: '5',
      metadata: { a: '1', 'b c': '2' },
      expand: { 0: 'x', 1: 'y' },
      types: { 0: 'p', 1: 'q' },
    });
  });

  it('keeps the last of two equal names', () => {
    expect(plain(decodeForm('a=1&a=2'))).toEqual({ a: '2' });
  });

  it('gives no name a special meaning', () => {
    const form = decodeForm('__proto__[admin]=true&metadata[constructor]=x');
    expect([...form.keys()]).toEqual(['__proto__', 'metadata']);
    expect(Object.prototype).not.toHaveProperty('admin');
  });

  it.each(['a[b=1', 'a]=1', '[a]=1', 'a=1&a[b]=2', `a${'[b]'.repeat(11)}=1`, 'a=%00'])('refuses %s', (encoded) => {
    expect(() => decodeForm(encoded)).toThrow(StripeError);
  });

  it('refuses more parameters than anybody needs', () => {
    expect(() => decodeForm('a=1&'.repeat(1_001))).toThrow('1000 parameters');
  });
});

describe('canonicalForm', () => {
  const pairs = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,5}(\[[a-z]{1,3}\])?$/), fc.string()), {
    // A name is either a text or a group, not both.
    selector: ([name]) => name.replace(/\[.*/, ''),
  });
  const encoded = (all: readonly (readonly [string, string])[]) =>
    new URLSearchParams(all.map(([...pair]) => pair)).toString();

  it('does not depend on the order of parameters', () => {
    fc.assert(
      fc.property(pairs, (all) => {
        const safe = all.filter(([, value]) => !value.includes('\0'));
        expect(canonicalForm(decodeForm(encoded(safe.toReversed())))).toBe(canonicalForm(decodeForm(encoded(safe))));
      }),
    );
  });

  it('differs when a value does', () => {
    expect(canonicalForm(decodeForm('a=1&b[c]=2'))).not.toBe(canonicalForm(decodeForm('a=1&b[c]=3')));
    expect(canonicalForm(decodeForm('a[b]=1'))).not.toBe(canonicalForm(decodeForm('a=1')));
  });
});
