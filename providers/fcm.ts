import { type CryptoKey, importPKCS8, SignJWT } from 'jose';
import { type Push, type PushMessage, type PushOutcome, PushUnavailable } from './push.ts';

/** The members of a Google service account's key file that are needed. */
export interface ServiceAccount {
  readonly projectId: string;
  readonly clientEmail: string;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  /** Where access tokens are had. */
  readonly tokenUri: string;
}

export interface FcmOptions {
  readonly account: ServiceAccount;
  /** `https://fcm.googleapis.com`, or a sandbox; without a trailing slash. */
  readonly apiUrl: string;
  readonly timeoutMs: number;
}

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
/** https://developers.google.com/identity/protocols/oauth2/service-account: an assertion is good for an hour at the most. */
const ASSERTION_SECONDS = 600;
/** A token is renewed so long before its end. */
const RENEW_EARLY_MS = 5 * 60 * 1_000;

/**
 * Firebase Cloud Messaging, HTTP v1 (https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send), with
 * access tokens by RFC 7523. Own code, since the SDK speaks to Google's own hosts only: see docs/decisions/0081.
 */
export function createFcmPush(options: FcmOptions): Push {
  const tokens = createAccessTokens(options);
  const url = `${options.apiUrl}/v1/projects/${encodeURIComponent(options.account.projectId)}/messages:send`;
  return {
    async send(message) {
      const response = await post(url, options.timeoutMs, {
        headers: { authorization: `Bearer ${await tokens.current()}`, 'content-type': 'application/json' },
        body: JSON.stringify({ message: bodyOf(message, Date.now()) }),
      });
      if (response.status === 401) tokens.forget();
      return outcomeOf(response);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs: number | undefined;
}

/** @throws PushUnavailable when there is no answer, or none in JSON; without its cause, which may quote what was sent */
async function post(
  url: string,
  timeoutMs: number,
  init: { headers: Record<string, string>; body: string },
): Promise<Answer> {
  try {
    const response = await fetch(url, {
      ...init,
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const seconds = Number(response.headers.get('retry-after') ?? 'none');
    const body: unknown = await response.json().catch(() => undefined);
    return { status: response.status, body, retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined };
  } catch (error) {
    throw new PushUnavailable(`no answer (${error instanceof Error ? error.name : 'unknown'})`);
  }
}

/** @throws PushUnavailable */
function outcomeOf({ status, body, retryAfterMs }: Answer): PushOutcome {
  if (status === 200 && typeof member(body, 'name') === 'string') return 'sent';
  const code = errorCodeOf(body);
  // Of another sender: the token is of no use to us either.
  if (code === 'UNREGISTERED' || code === 'SENDER_ID_MISMATCH') return 'unregistered';
  if (code === 'INVALID_ARGUMENT') return 'refused';
  throw new PushUnavailable(`${status} ${code ?? 'without a code'}`, retryAfterMs);
}

/** FCM's own code in the details of the error, else that of Google's APIs. Only a known form is let through, for the logs. */
function errorCodeOf(body: unknown): string | undefined {
  const error = member(body, 'error');
  const details = member(error, 'details');
  const own = Array.isArray(details) ? details.map((detail) => member(detail, 'errorCode')).find(Boolean) : undefined;
  const code = own ?? member(error, 'status');
  return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : undefined;
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** The message as FCM takes it; each platform has its own words for replacing a message and for letting it expire. */
function bodyOf({ token, title, body, data, collapseId, expiresAt }: PushMessage, nowMs: number) {
  const seconds = expiresAt && Math.max(0, Math.floor((expiresAt.getTime() - nowMs) / 1_000));
  return {
    token,
    notification: { title, body },
    data,
    android: { ...(seconds !== undefined && { ttl: `${seconds}s` }), notification: { tag: collapseId } },
    apns: {
      headers: {
        'apns-collapse-id': collapseId,
        ...(expiresAt && { 'apns-expiration': String(Math.floor(expiresAt.getTime() / 1_000)) }),
      },
    },
    webpush: {
      // RFC 8030: a topic has at most 32 characters.
      headers: { Topic: collapseId.slice(-32), ...(seconds !== undefined && { TTL: String(seconds) }) },
      notification: { tag: collapseId },
    },
  };
}

/** Access tokens of the service account: one at a time, had again before it ends. */
function createAccessTokens({ account, timeoutMs }: FcmOptions) {
  let key: Promise<CryptoKey> | undefined;
  let token: Promise<{ readonly value: string; readonly renewAtMs: number }> | undefined;

  const fetchToken = async () => {
    key ??= importPKCS8(account.privateKey, 'RS256');
    const assertion = await new SignJWT({ scope: SCOPE })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuer(account.clientEmail)
      .setAudience(account.tokenUri)
      .setIssuedAt()
      .setExpirationTime(`${ASSERTION_SECONDS}s`)
      .sign(await key);
    const { status, body } = await post(account.tokenUri, timeoutMs, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString(),
    });
    const [value, seconds] = [member(body, 'access_token'), member(body, 'expires_in')];
    if (status !== 200 || typeof value !== 'string' || typeof seconds !== 'number') {
      throw new PushUnavailable(`no access token (${status})`);
    }
    return { value, renewAtMs: Date.now() + seconds * 1_000 - RENEW_EARLY_MS };
  };

  return {
    /** @throws PushUnavailable */
    async current(): Promise<string> {
      const held = await token?.catch(() => undefined);
      if (held === undefined || held.renewAtMs <= Date.now()) {
        const fetching = fetchToken();
        token = fetching;
        // Whoever waits for it is told; what stays behind must not keep the failure.
        fetching.catch(() => {
          if (token === fetching) token = undefined;
        });
        return (await fetching).value;
      }
      return held.value;
    },
    forget(): void {
      token = undefined;
    },
  };
}
