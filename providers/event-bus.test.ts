import { describe, expect, it } from 'vitest';
import { createEmbeddedEventBus, type PublishedEvent } from './event-bus.ts';

const EVENT: PublishedEvent = { id: 'evt_1', type: 'thing.happened', key: 'k', data: {}, occurredAt: new Date() };

describe('the embedded event bus', () => {
  it('tells every subscriber, and has published when all are done', async () => {
    const bus = createEmbeddedEventBus();
    const told: string[] = [];
    for (const name of ['one', 'two']) bus.subscribe(name, async ({ id }) => void told.push(`${name} ${id}`));
    await bus.publish(EVENT);
    expect(told).toEqual(['one evt_1', 'two evt_1']);
  });

  it('has not published when one subscriber fails, though the others were told', async () => {
    const bus = createEmbeddedEventBus();
    let told = 0;
    bus.subscribe('bad', () => Promise.reject(new Error('no')));
    bus.subscribe('good', async () => void (told += 1));
    await expect(bus.publish(EVENT)).rejects.toThrow('1 of 2 subscribers failed on thing.happened');
    expect(told).toBe(1);
  });

  it('does not mix up two subscribers', () => {
    const bus = createEmbeddedEventBus();
    bus.subscribe('mail', async () => undefined);
    expect(() => bus.subscribe('mail', async () => undefined)).toThrow(RangeError);
  });
});
