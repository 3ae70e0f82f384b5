/** Where in the console somebody is: the address of the page, so that every view can be linked to and gone back to. */
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';

const listeners = new Set();
addEventListener('popstate', () => announce());

function announce() {
  for (const listener of listeners) listener();
}

export function navigate(to) {
  if (to === location.pathname + location.search) return;
  history.pushState(null, '', to);
  scrollTo(0, 0);
  announce();
}

/** The path and the query of the address, as they change. */
export function useLocation() {
  const [, render] = useState(0);
  useEffect(() => {
    const changed = () => render((count) => count + 1);
    listeners.add(changed);
    return () => listeners.delete(changed);
  }, []);
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** A link within the console; opened otherwise (new tab, new window) it is a link like any other. */
export function Link({ href, children, ...more }) {
  const follow = (event) => {
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!isPlain || event.defaultPrevented) return;
    event.preventDefault();
    navigate(href);
  };
  return html`<a href=${href} onClick=${follow} ...${more}>${children}</a>`;
}

export const LIST_PATH = '/console';
export const storyPath = (id) => `/console/purchases/${id}`;

/** The address of the list with these filters; what is empty is left out. */
export function listPath(filters) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  return query.size === 0 ? LIST_PATH : `${LIST_PATH}?${query}`;
}
