/** Which provider did not do as asked. */
export type ProviderName = 'stripe' | 'onfido';

/**
 * - `refused`: it understood, and said no: asking again the same way is pointless.
 * - `declined`: the card was refused.
 * - `not_found`: it does not know the object.
 * - `conflict`: something else was asked for under the same key: the key stands for that, and may have made it.
 * - `busy`: too many requests, or a request with the same key is still running: later.
 * - `failed`: it failed itself (5xx), or answered something that makes no sense: later.
 * - `unreachable`: no answer came: whether it acted is unknown, so ask again with the same key.
 * - `credentials`: our key is wrong: an operator has to act.
 */
export type ProviderErrorKind =
  | 'refused'
  | 'declined'
  | 'not_found'
  | 'conflict'
  | 'busy'
  | 'failed'
  | 'unreachable'
  | 'credentials';

/** The one error that adapters throw. Its message holds codes and ids, never what a person wrote. */
export class ProviderError extends Error {
  override name = 'ProviderError';
  readonly provider: ProviderName;
  readonly kind: ProviderErrorKind;
  /** The provider's own code: `account_closed`; or the HTTP status where it gave none. */
  readonly code: string;
  /** The parameter the provider complained about. */
  readonly parameter: string | undefined;
  /** The provider's request id, to look it up in its dashboard. */
  readonly requestId: string | undefined;
  /** The provider gave again what it had answered before under the same idempotency key. */
  readonly replayed: boolean;

  constructor(
    provider: ProviderName,
    kind: ProviderErrorKind,
    code: string,
    more: {
      parameter?: string | undefined;
      requestId?: string | undefined;
      replayed?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(`${provider}: ${kind} (${code}${more.parameter === undefined ? '' : `, ${more.parameter}`})`, {
      cause: more.cause,
    });
    this.provider = provider;
    this.kind = kind;
    this.code = code;
    this.parameter = more.parameter;
    this.requestId = more.requestId;
    this.replayed = more.replayed ?? false;
  }
}
