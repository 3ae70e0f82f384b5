/**
 * Who is signed in, and calls of the API as that person.
 *
 * The access token lives in memory, the refresh token in the tab's sessionStorage: a reload keeps the session, closing the
 * tab ends it. Open tabs share one session: a new one asks the others for it, and whoever refreshes it tells them, since a
 * refresh token is good only once.
 */

const STORED_AS = 'wellpact.console.refreshToken';
/** How long a new tab waits for others to answer; they are on the same machine. */
const ASK_MS = 200;
/** A token that is about to expire is not used any more. */
const MARGIN_MS = 20_000;
const REQUEST_TIMEOUT_MS = 15_000;

/** What the API answered other than with a success; status 0 when it did not answer. */
export class ApiError extends Error {
  constructor(status, { code, detail, requestId } = {}) {
    super(detail ?? 'The API does not answer.');
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

const channel = new BroadcastChannel('wellpact-console');
const listeners = new Set();

/** `starting`, `signed-out`, `signed-in` or `unreachable`; `isExpired` when the session ended by itself. */
let state = { status: 'starting' };
/** `{ accessToken, refreshToken, goodUntilMs }` */
let tokens;

export const sessionState = () => state;

/** @returns what ends the subscription */
export function onSession(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next) {
  state = next;
  for (const listener of listeners) listener(next);
}

function keep(next) {
  tokens = next;
  if (next === undefined) sessionStorage.removeItem(STORED_AS);
  else sessionStorage.setItem(STORED_AS, next.refreshToken);
}

const isFresh = (candidate) => candidate !== undefined && Date.now() < candidate.goodUntilMs - MARGIN_MS;

channel.addEventListener('message', ({ data }) => {
  if (data.type === 'ask' && isFresh(tokens)) channel.postMessage({ type: 'session', tokens });
  // What is refreshed elsewhere goes on here; only somebody who signs in begins a session.
  if (data.type === 'session' && state.status === 'signed-in') adopt(data.tokens);
  if (data.type === 'signed-in' && state.status !== 'starting') {
    adopt(data.tokens);
    if (state.status !== 'signed-in') become({ status: 'signed-in' });
  }
  if (data.type === 'ended' && state.status === 'signed-in') end({ isExpired: false });
});

/** Takes a session over. That of somebody else begins the page anew: it must not go on under the name it shows. */
function adopt(next) {
  const isOfAnother = tokens !== undefined && tokens.accessToken !== '' && personOf(tokens) !== personOf(next);
  keep(next);
  if (isOfAnother) location.reload();
}

/** Whose access token it is: the API alone can tell whether it is a good one. */
function personOf({ accessToken: token }) {
  const claims = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
  return JSON.parse(atob(claims)).sub;
}

/** The session of another tab, if there is one whose access token is still good. */
function askOthers() {
  return new Promise((resolve) => {
    const done = (found) => {
      clearTimeout(timer);
      channel.removeEventListener('message', onMessage);
      resolve(found);
    };
    const onMessage = ({ data }) => {
      if (data.type === 'session') done(data.tokens);
    };
    const timer = setTimeout(() => done(undefined), ASK_MS);
    channel.addEventListener('message', onMessage);
    channel.postMessage({ type: 'ask' });
  });
}

/** Takes the session up again: after a reload, or from another tab. */
export async function resume() {
  const stored = sessionStorage.getItem(STORED_AS);
  const shared = await askOthers();
  if (shared !== undefined) keep(shared);
  else if (stored !== null) tokens = { accessToken: '', refreshToken: stored, goodUntilMs: 0 };
  else return become({ status: 'signed-out' });
  try {
    await accessToken();
    become({ status: 'signed-in' });
  } catch (error) {
    // An API that does not answer says nothing about the session.
    if (error.status !== 401) become({ status: 'unreachable' });
  }
}

/** @throws ApiError 401 when address and password do not belong together, 429 after too many tries */
export async function signIn(email, password) {
  keep(tokensOf(await send('POST', '/v1/sessions', { body: { email, password } })));
  channel.postMessage({ type: 'signed-in', tokens });
  become({ status: 'signed-in' });
}

/** Ends the session here, in the other tabs and at the API; also when the API does not answer. */
export async function signOut() {
  const { accessToken: token } = tokens;
  channel.postMessage({ type: 'ended' });
  end({ isExpired: false });
  await send('DELETE', '/v1/sessions/current', { token }).catch(() => undefined);
}

function end({ isExpired }) {
  keep(undefined);
  become({ status: 'signed-out', isExpired });
}

/** @throws ApiError */
export const read = (path, { signal } = {}) => call('GET', path, { signal });

/** @param key the same for every try of one wish, which is then done once. @throws ApiError */
export const write = (path, body, key) => call('POST', path, { body, key });

async function call(method, path, options) {
  try {
    return await send(method, path, { token: await accessToken(), ...options });
  } catch (error) {
    if (error.status !== 401 || tokens === undefined) throw error;
    // The session may have been ended elsewhere: only the refresh token can tell.
    tokens = { ...tokens, goodUntilMs: 0 };
    return send(method, path, { token: await accessToken(), ...options });
  }
}

/** @throws ApiError 401 when the session is over, which ends it here */
async function accessToken() {
  if (!isFresh(tokens)) await oneAtATime(refresh);
  return tokens.accessToken;
}

/** Over all tabs. Without TLS, and not on this machine, browsers have no locks. */
const oneAtATime = (work) => navigator.locks?.request('wellpact-console-refresh', work) ?? work();

async function refresh() {
  if (isFresh(tokens)) return;
  const shared = await askOthers();
  if (shared !== undefined) return adopt(shared);
  const { refreshToken } = tokens ?? {};
  if (refreshToken === undefined) throw new ApiError(401);
  try {
    keep(tokensOf(await send('POST', '/v1/sessions/refresh', { body: { refreshToken } })));
    channel.postMessage({ type: 'session', tokens });
  } catch (error) {
    if (error.status === 401) end({ isExpired: true });
    throw error;
  }
}

const tokensOf = ({ accessToken, refreshToken, expiresIn }) => ({
  accessToken,
  refreshToken,
  goodUntilMs: Date.now() + expiresIn * 1_000,
});

async function send(method, path, { body, token, key, signal } = {}) {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  let response;
  let answer;
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const text = await response.text();
    answer = text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0);
  }
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}
