/** Something that happened, as its subscribers are told. */
export interface PublishedEvent {
  /** The same each time the event is delivered: `evt_…`. */
  readonly id: string;
  /** Dotted, past tense: `purchase.released`. */
  readonly type: string;
  /** What it is about: events of one key arrive in order. */
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly occurredAt: Date;
}

export type Subscriber = (event: PublishedEvent) => Promise<void>;

/**
 * Carries events to whoever subscribed. At least once: a subscriber may get an event again, and tells so by its id.
 */
export interface EventBus {
  /**
   * Resolves when the bus has taken the event over for good. Rejects when it has not: then the event is published again.
   * The caller publishes the events of one key one after another.
   */
  publish(event: PublishedEvent): Promise<void>;
  /** @param name tells the subscriber's deliveries apart from those of others */
  subscribe(name: string, subscriber: Subscriber): void;
}

/**
 * The bus for a single process: hands each event to all subscribers in the publisher's own time. An event that one of
 * them fails on counts as not published, so all of them get it again.
 */
export function createEmbeddedEventBus(): EventBus {
  const subscribers = new Map<string, Subscriber>();
  return {
    async publish(event) {
      const results = await Promise.allSettled([...subscribers.values()].map((subscriber) => subscriber(event)));
      const failed = results.filter((result) => result.status === 'rejected');
      if (failed.length > 0) {
        throw new AggregateError(
          failed.map((result): unknown => result.reason),
          `${failed.length} of ${results.length} subscribers failed on ${event.type}`,
        );
      }
    },
    subscribe(name, subscriber) {
      if (subscribers.has(name)) throw new RangeError(`there is a subscriber called ${name} already`);
      subscribers.set(name, subscriber);
    },
  };
}
