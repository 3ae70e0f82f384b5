/** The support console: which view is shown, and the frame around it. */

import { html } from 'htm/preact';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Find } from './find.js';
import { timeZone } from './format.js';
import { List } from './list.js';
import { Message, useRead } from './parts.js';
import { LIST_PATH, Link, useLocation } from './router.js';
import { onSession, resume, sessionState, signOut } from './session.js';
import { SignIn } from './sign-in.js';
import { Story } from './story.js';

function Console() {
  const [session, setSession] = useState(sessionState());
  useEffect(() => {
    const end = onSession(setSession);
    void resume();
    return end;
  }, []);
  if (session.status === 'starting') return null;
  if (session.status === 'signed-out') return html`<${SignIn} isExpired=${session.isExpired} />`;
  if (session.status === 'unreachable') return html`<${Unreachable} />`;
  return html`<${SignedIn} />`;
}

function SignedIn() {
  const { data: me } = useRead('/v1/me');
  return html`<${Frame} me=${me}><${View} me=${me} /><//>`;
}

const Unreachable = () => html`<main class="narrow">
  <${Message}
    title="The API does not answer"
    actions=${html`<button type="button" onClick=${() => location.reload()}>Try again</button>`}
    >You are still signed in. Check the connection.<//
  >
</main>`;

function View({ me }) {
  const { path, query } = useLocation();
  if (path === LIST_PATH) return html`<${List} query=${query} />`;
  const [, id] = /^\/console\/purchases\/([\w-]+)$/.exec(path) ?? [];
  if (id !== undefined) return html`<${Story} key=${id} id=${id} me=${me} />`;
  return html`<${Message} title="There is nothing here" actions=${html`<${Link} href=${LIST_PATH}>All purchases<//>`}>
    The address <code>${path}</code> leads nowhere.
  <//>`;
}

function Frame({ me, children }) {
  return html`
    <a class="skip" href="#content">Skip to the content</a>
    <header class="top">
      <${Link} href=${LIST_PATH} class="brand">
        <img src="/console/files/icon.svg" alt="" width="22" height="22" />Wellpact<span>Support console</span>
      <//>
      <${Find} />
      <${Account} me=${me} />
    </header>
    <main id="content" tabindex="-1">${children}</main>
    <footer>Times are those of ${timeZone()}; point at one to see it in UTC.</footer>
  `;
}

/** Who is signed in, and as what. */
function Account({ me }) {
  return html`<div class="account">
    ${me && html`<span><span class="name">${me.displayName}</span> <small>${me.roles.join(', ')}</small></span>`}
    <button type="button" class="quiet" onClick=${signOut}>Sign out</button>
  </div>`;
}

render(html`<${Console} />`, document.querySelector('#console'));
