/** What staff do about a purchase: notes, and stopping its money. */
import { html } from 'htm/preact';
import { useRef, useState } from 'preact/hooks';
import { Time } from './format.js';
import { useRead } from './parts.js';
import { write } from './session.js';

/** Who is offered what; the API decides. */
const ROLES = {
  notes: ['support', 'compliance', 'finance', 'admin'],
  resume: ['finance', 'admin'],
};
const isOneOf = (me, roles) => me?.roles.some((role) => roles.includes(role)) ?? false;

const ACTIONS = {
  notes: { member: 'note', name: 'Keep as a note', done: 'The note is kept.' },
  pause: { member: 'reason', name: 'Pause the money', done: 'The money is paused.' },
  resume: { member: 'reason', name: 'Let the money go', done: 'The money goes on.' },
};
const KINDS = { note: 'Note', pause: 'Paused the money', resume: 'Let the money go' };
const MAX_WORDS = 2_000;

/** @param reload reads the story anew, after something was done */
export function StaffActions({ story, me, reload }) {
  const path = `/v1/admin/purchases/${story.id}`;
  const notes = useRead(isOneOf(me, ROLES.notes) ? `${path}/notes` : undefined);
  if (!isOneOf(me, ROLES.notes)) return null;
  const done = () => {
    notes.reload();
    reload();
  };
  return html`<section aria-labelledby="staff">
    <h2 id="staff">Staff</h2>
    <ol class="notes">
      ${(notes.data?.data ?? []).map((note) => html`<${Note} key=${note.number} note=${note} />`)}
    </ol>
    ${
      story.why.waitsFor === 'nobody'
        ? html`<p class="muted">It has ended: nothing can be done about it any more.</p>`
        : html`<${Order} path=${path} actions=${offered(story, me)} done=${done} />`
    }
  </section>`;
}

function offered({ why }, me) {
  if (!why.holds.includes('staff_pause')) return ['notes', 'pause'];
  return isOneOf(me, ROLES.resume) ? ['notes', 'resume'] : ['notes'];
}

const Note = ({ note: { kind, text, by, verified, at } }) => html`<li>
  <p class="words">${text}</p>
  <p class="at">
    ${KINDS[kind]} · <code>${by}</code>${!verified && ' (so it was typed into the Temporal UI)'} · <${Time} at=${at} />
  </p>
</li>`;

/** Words, and what is to be done with them. */
function Order({ path, actions, done }) {
  const [words, setWords] = useState('');
  const [busy, setBusy] = useState();
  const [told, setTold] = useState();
  // One wish has one key, however often it is sent; other words are another wish.
  const keys = useRef({});
  const send = async (action) => {
    const { member, done: text } = ACTIONS[action];
    const key = (keys.current[action] ??= crypto.randomUUID());
    setBusy(action);
    try {
      const answer = await write(`${path}/${action}`, { [member]: words }, key);
      keys.current = {};
      setWords('');
      setTold({ text: answer?.inProgress ? 'It waits for what was begun before; look again in a moment.' : text });
      done();
    } catch (error) {
      setTold({ text: error.message, isProblem: true });
    }
    setBusy(undefined);
  };
  const change = (event) => {
    keys.current = {};
    setWords(event.currentTarget.value);
    setTold(undefined);
  };
  const isEmpty = words.trim() === '';
  return html`<form class="order" onSubmit=${(event) => event.preventDefault()}>
    <label>Note or reason, for staff alone <textarea rows="3" maxlength=${MAX_WORDS} value=${words} onInput=${change}></textarea></label>
    ${actions.includes('pause') && html`<p class="muted">While the money is paused, nothing is captured, released or refunded, whoever asks.</p>`}
    <p class="actions">
      ${actions.map(
        (
          action,
        ) => html`<button type="button" key=${action} disabled=${isEmpty || busy !== undefined} onClick=${() => send(action)}>
          ${busy === action ? 'One moment …' : ACTIONS[action].name}
        </button>`,
      )}
    </p>
    ${told && html`<p role=${told.isProblem ? 'alert' : 'status'} class=${told.isProblem ? 'problem' : 'muted'}>${told.text}</p>`}
  </form>`;
}
