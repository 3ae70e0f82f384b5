/** Finding by an id, from every view: takes whatever has one in it, such as a workflow's id or a link. */
import { html } from 'htm/preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { listPath, navigate, storyPath } from './router.js';

export function Find() {
  const [problem, setProblem] = useState();
  const input = useRef(null);
  useLayoutEffect(() => {
    const onKey = (event) => {
      if (event.key !== '/' || event.target.matches?.('input, select, textarea')) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const submit = (event) => {
    event.preventDefault();
    const [id, kind] = /(pur|usr|lst)_[0-9a-f]{32}/.exec(input.current.value) ?? [];
    if (id === undefined) return setProblem('Paste the whole id: pur_…, usr_… or lst_… with 32 digits.');
    setProblem(undefined);
    input.current.value = '';
    navigate(kind === 'pur' ? storyPath(id) : listPath(kind === 'usr' ? { userId: id } : { listingId: id }));
  };
  return html`<form class="find" role="search" onSubmit=${submit}>
    <input
      ref=${input}
      type="search"
      placeholder="Find by id: purchase, person or listing"
      aria-label="Find by the id of a purchase, person or listing"
      aria-describedby=${problem && 'find-problem'}
      aria-invalid=${problem !== undefined}
      autocomplete="off"
      spellcheck=${false}
      onInput=${() => setProblem(undefined)}
    />
    <kbd aria-hidden="true">/</kbd>
    ${problem && html`<p id="find-problem" class="problem" role="alert">${problem}</p>`}
  </form>`;
}
