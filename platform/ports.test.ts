import { expect, test } from 'vitest';
import { portOffsetProblem, portsFor } from './ports.ts';

test('an offset is added to every port', () => {
  expect(portsFor(0)).toMatchObject({ api: 3000, temporal: 7233, stripe: 12111 });
  expect(portsFor(100)).toMatchObject({ api: 3100, temporal: 7333, stripe: 12211 });
});

test.each([-1, 0.5, Number.NaN, 53_423])('%s is no offset', (offset) => {
  expect(() => portsFor(offset)).toThrow(`PORT_OFFSET=${offset} must be a whole number from 0 to 53422.`);
});

test('an offset is refused when it leads to a port that fetch refuses, and only then', async () => {
  const offsets = Array.from({ length: 9_200 }, (_, offset) => offset);
  const refused = offsets.filter((offset) => portOffsetProblem(offset) !== undefined);
  expect(refused).toContain(3_000);
  expect(portOffsetProblem(3_000)).toContain('would put api on port 6000');

  const ports = [...new Set(offsets.map((offset) => 1_025 + offset))];
  const blocked = new Set((await Promise.all(ports.map(isBlocked))).flatMap((is, index) => (is ? [ports[index]] : [])));
  const expected = offsets.filter((offset) => Object.values(portsAt(offset)).some((port) => blocked.has(port)));
  expect(refused).toEqual(expected);
});

/** The ports at an offset, whether or not it is refused. */
const portsAt = (offset: number) => Object.values(portsFor(0)).map((port) => port + offset);

/** A request that is given up before it is sent, unless fetch refuses the port first. */
async function isBlocked(port: number): Promise<boolean> {
  const error = await fetch(`http://127.0.0.1:${port}`, { dispatcher: NOWHERE } as unknown as RequestInit).catch(
    (e: Error) => e,
  );
  return error instanceof Error && error.cause instanceof Error && error.cause.message === 'bad port';
}

/** Fails every request at once: no connection is opened. */
const NOWHERE = {
  dispatch: () => {
    throw new Error('nowhere');
  },
};
