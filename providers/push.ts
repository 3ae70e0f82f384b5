/** A message for one installed app. Shows on locked screens: names nothing personal. */
export interface PushMessage {
  /** The app's registration token, as the app itself got it from FCM. */
  readonly token: string;
  readonly title: string;
  readonly body: string;
  /** For the app: references. */
  readonly data: Readonly<Record<string, string>>;
  /** At most 36 characters of `[\w-]`. Of two messages with one id a device shows the later one: sent again, it is seen once. */
  readonly collapseId: string;
  /** When it is not to be shown any more; undefined: whenever the device is reached again. */
  readonly expiresAt?: Date;
}

/**
 * What became of a message: taken over for the device; the app is not there any more, or belongs to somebody else; refused
 * as it is, which trying again does not change.
 */
export type PushOutcome = 'sent' | 'unregistered' | 'refused';

/** Sends pushes. */
export interface Push {
  /** @throws PushUnavailable when it may work another time */
  send(message: PushMessage): Promise<PushOutcome>;
}

/** The push service does not take messages at the moment. The text names neither token nor content. */
export class PushUnavailable extends Error {
  override name = 'PushUnavailable';
  /** What it asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(why: string, retryAfterMs?: number) {
    super(`pushes are not taken at the moment: ${why}`);
    this.retryAfterMs = retryAfterMs;
  }
}
