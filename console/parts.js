/** Small parts that several views are made of. */
import { html } from 'htm/preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { read } from './session.js';
import { ATTENTION, STATES } from './words.js';

export const Pill = ({ state }) =>
  html`<span class="pill" data-state=${state}><span class="dot" aria-hidden="true"></span>${STATES[state] ?? state}</span>`;

export const Flags = ({ attention }) =>
  attention.map((reason) => html`<span class="flag" key=${reason}>${ATTENTION[reason] ?? reason}</span>`);

/** `pur_…396e74`: the end of an id is what differs. */
export const shortId = (id) => `${id.slice(0, 4)}…${id.slice(-6)}`;

const COPIED_MS = 1_500;

/** An id to read and to copy. */
export function Copyable({ value, label }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    const timer = isCopied && setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
  };
  return html`<span class="copyable"><code>${value}</code
    ><button type="button" class="quiet" onClick=${copy} aria-label=${`Copy ${label}`}>${isCopied ? 'Copied' : 'Copy'}</button
  ></span>`;
}

export function usePageTitle(title) {
  useEffect(() => {
    document.title = `${title} – Wellpact console`;
  }, [title]);
}

/** The heading of a view: takes the focus when the view comes, so that a keyboard and a screen reader begin there. */
export function Heading({ title, children }) {
  const ref = useRef(null);
  usePageTitle(title);
  useLayoutEffect(() => ref.current?.focus({ preventScroll: true }), [title]);
  return html`<h1 tabindex="-1" ref=${ref}>${children ?? title}</h1>`;
}

/** A view that has nothing to show but why. */
export function Message({ title, children, actions }) {
  return html`<section class="message">
    <${Heading} title=${title} />
    <p>${children}</p>
    ${actions && html`<p class="actions">${actions}</p>`}
  </section>`;
}

/** What went wrong with a request, and how to go on. */
export function Failure({ error, retry }) {
  if (error.status === 403) {
    return html`<${Message} title="Not for this account">Only staff see purchases here. Sign in with a staff account.<//>`;
  }
  const again = html`<button type="button" onClick=${retry}>Try again</button>`;
  return html`<${Message} title="This could not be loaded" actions=${again}>
    ${error.message}${error.requestId && html` <small>Request <code>${error.requestId}</code></small>`}
  <//>`;
}

/**
 * Reads a path of the API (none while it is undefined), anew whenever the path changes, and quietly again when asked or when the tab is looked at again.
 * @returns `{ data, error, isLoading, reload }`; `data` stays while it is read again
 */
export function useRead(path) {
  const [result, setResult] = useState({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const abort = new AbortController();
    read(path, { signal: abort.signal }).then(
      (data) => setResult({ path, data }),
      (error) => {
        if (!abort.signal.aborted) setResult((before) => ({ ...(before.path === path && before), path, error }));
      },
    );
    return () => abort.abort();
  }, [path, round]);
  const reload = () => setRound((count) => count + 1);
  useEffect(() => {
    const looked = () => document.visibilityState === 'visible' && reload();
    addEventListener('visibilitychange', looked);
    return () => removeEventListener('visibilitychange', looked);
  }, []);
  const current = result.path === path ? result : {};
  return { ...current, isLoading: current.data === undefined && current.error === undefined, reload };
}

/** Grey bars where text will be; said to screen readers as one word. */
export function Loading({ rows = 8 }) {
  const bars = Array.from({ length: rows }, (_, index) => html`<div class="bar" key=${index}></div>`);
  return html`<div class="loading" role="status" aria-label="Loading">${bars}</div>`;
}
