import { html } from 'htm/preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { usePageTitle } from './parts.js';
import { signIn } from './session.js';

/** @param isExpired the session ended by itself: says so, and the view stays where it was for afterwards */
export function SignIn({ isExpired }) {
  const [problem, setProblem] = useState();
  const [isBusy, setBusy] = useState(false);
  const email = useRef(null);
  usePageTitle('Sign in');
  useLayoutEffect(() => email.current.focus(), []);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await signIn(form.get('email'), form.get('password'));
    } catch (error) {
      setProblem(error.message);
      setBusy(false);
    }
  };
  return html`<main class="sign-in">
    <form onSubmit=${submit} aria-describedby="sign-in-notice">
      <img src="/console/files/icon.svg" alt="" width="36" height="36" />
      <h1>Support console</h1>
      <p id="sign-in-notice" class="muted">
        ${isExpired ? 'Your session has ended. Sign in to go on where you were.' : 'For staff of Wellpact.'}
      </p>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <label>E-mail address <input ref=${email} name="email" type="email" autocomplete="username" required /></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
      <button type="submit" class="primary" disabled=${isBusy}>${isBusy ? 'Signing in …' : 'Sign in'}</button>
    </form>
  </main>`;
}
