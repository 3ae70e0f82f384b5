/** One purchase as a story: how it stands, what happens next, what happened, where the money is. */
import { html } from 'htm/preact';
import { StaffActions } from './actions.js';
import { localTime, money, period, Relative, Time } from './format.js';
import { Copyable, Failure, Heading, Loading, Message, Pill, shortId, useRead } from './parts.js';
import { LIST_PATH, Link, listPath } from './router.js';
import { Money, Postings } from './story-money.js';
import { ACTIONS, ATTENTION, ATTENTION_EXPLAINED, eventText, oneOf, PAYMENT, PEOPLE, plain, STATES } from './words.js';

export function Story({ id, me }) {
  const { data, error, isLoading, reload } = useRead(`/v1/admin/purchases/${id}`);
  if (isLoading) return html`<${Loading} />`;
  if (data === undefined) return html`<${NotShown} id=${id} error=${error} retry=${reload} />`;
  return html`<article class="story">
    <nav class="crumbs" aria-label="Where you are">
      <${Link} href=${LIST_PATH}>Purchases<//><span aria-hidden="true">/</span><${Copyable} value=${data.id} label="the purchase's id" />
    </nav>
    <${Top} story=${data} />
    <div class="columns">
      <div>
        <${Timeline} story=${data} />
        <${Postings} story=${data} />
      </div>
      <div>
        <${Money} story=${data} />
        <${StaffActions} story=${data} me=${me} reload=${reload} />
        <${Cases} cases=${data.cases} />
        <${Facts} story=${data} />
      </div>
    </div>
  </article>`;
}

function NotShown({ id, error, retry }) {
  // Malformed ids are as much not there as others.
  if (error.status !== 404 && error.status !== 400) return html`<${Failure} error=${error} retry=${retry} />`;
  const all = html`<${Link} href=${LIST_PATH}>All purchases<//>`;
  return html`<${Message} title="No such purchase" actions=${all}>There is no purchase <code>${id}</code>.<//>`;
}

function Top({ story }) {
  const { state, price, listing, quantity, kind, slot, why, attention, workflow } = story;
  return html`<header class="story-top">
    <div class="story-line">
      <${Pill} state=${state} />
      <span class="what">
        ${listing?.title ?? 'A listing that is gone'}
        <span class="muted">${kind === 'goods' ? ` · ${quantity} ${quantity === 1 ? 'piece' : 'pieces'}` : ''}</span>
        ${slot && html`<span class="muted"> · <${Time} at=${slot.startsAt} /></span>`}
      </span>
      <a class="button" href=${workflow.url} target="_blank" rel="noopener">Open in Temporal <span aria-hidden="true">↗</span></a>
    </div>
    <${Heading} title=${`${STATES[state]}, ${money(price.amount, price.currency)}`}>
      <span class="price">${money(price.amount, price.currency)}</span> ${why.summary}
    <//>
    ${attention.map(
      (reason) => html`<p class="callout" role="note" key=${reason}>
        <strong>${ATTENTION[reason]}.</strong> ${ATTENTION_EXPLAINED[reason]}
      </p>`,
    )}
    <${Next} story=${story} />
  </header>`;
}

/** What it waits for, until when, and what happens then: three answers side by side. */
function Next({ story }) {
  const { why } = story;
  const answers = [
    ['Waits for', html`<${WaitsFor} story=${story} />`],
    [why.waitsFor === 'nobody' ? 'Ended' : 'Until', html`<${Until} story=${story} />`],
    [why.automatic ? 'If nobody does anything' : 'What happens next', html`<${Then} story=${story} />`],
  ];
  return html`<dl class="next">
    ${answers.map(([name, answer]) => html`<div key=${name}><dt>${name}</dt><dd>${answer}</dd></div>`)}
  </dl>`;
}

function WaitsFor({ story: { state, why, reschedule, payment } }) {
  const { waitsFor, mayAct } = why;
  return html`<b>${capital(PEOPLE[waitsFor])}</b>
    ${
      state === 'payment_pending' &&
      html`<p>
        ${payment.problem && `The card was refused: ${payment.problem.replaceAll('_', ' ')}. `}The buyer ${PAYMENT[payment.status]}.
      </p>`
    }
    ${reschedule && html`<p>The ${reschedule.proposedBy} proposes <${Time} at=${reschedule.startsAt} />.</p>`}
    ${mayAct.map(
      ({ party, actions }) =>
        html`<p key=${party}>${capital(PEOPLE[party])} can ${oneOf(actions.map((action) => ACTIONS[action] ?? action))}.</p>`,
    )}`;
}

function Until({ story: { why, transfer, stateSince } }) {
  if (why.waitsFor === 'nobody')
    return html`<b><${Time} at=${stateSince} /></b><p><${Relative} at=${stateSince} /></p>`;
  if (why.automatic !== null) {
    return html`<b><${Time} at=${why.automatic.at} /></b><p><${Relative} at=${why.automatic.at} /></p>`;
  }
  if (transfer.retry !== null) return html`<b>The transfer succeeds</b><p>There is no deadline.</p>`;
  return html`<b>–</b><p>There is no deadline.</p>`;
}

function Then({ story: { why, transfer, state } }) {
  const { automatic, inProgress } = why;
  if (automatic !== null) {
    return html`<b>${capital(automatic.says)}</b><p>${automatic.becomes === state ? 'It stays' : 'Then it is'} <${Pill} state=${automatic.becomes} /></p>`;
  }
  if (transfer.retry !== null) return html`<${Retry} ...${transfer.retry} />`;
  if (inProgress)
    return html`<b>The step that was begun is gone through with</b><p>Nobody can act until it is done.</p>`;
  return html`<b>${why.waitsFor === 'nobody' ? `Nothing: it is ${STATES[state].toLowerCase()}` : 'Nothing by itself'}</b>`;
}

function Retry({ everySeconds, becomesCaseAt }) {
  const hasBecome = becomesCaseAt !== null && new Date(becomesCaseAt) < new Date();
  return html`<b>The transfer is tried again${everySeconds === null ? '' : ` every ${period(everySeconds)}`}</b>
    <p>
      Also as soon as Stripe says that the seller's account has changed.
      ${becomesCaseAt !== null && !hasBecome && ` On ${localTime(becomesCaseAt)} it becomes a case for finance.`}
    </p>`;
}

function Timeline({ story: { timeline, price } }) {
  return html`<section aria-labelledby="timeline">
    <h2 id="timeline">What happened</h2>
    <ol class="timeline">
      ${timeline.map((event, index) => html`<${Event} key=${index} event=${event} currency=${price.currency} />`)}
    </ol>
  </section>`;
}

function Event({ event, currency }) {
  const { at, by, actor, state, moves, transfer } = event;
  const who =
    by === 'staff'
      ? html`staff <code>${actor.replace(/^(?:unverified_)?staff:/, '')}</code>${actor.startsWith('unverified_') && ' (not proven: from the Temporal UI)'}`
      : PEOPLE[by];
  return html`<li data-state=${state}>
    <p class="event"><span>${eventText(event)}</span> <span class="muted">by ${who}</span></p>
    ${moves.map(
      ({ name, amount, says }, index) =>
        html`<p class="move" key=${`${name} ${index}`}>${capital(says)}: <b>${money(amount, currency)}</b></p>`,
    )}
    ${transfer === 'blocked' && html`<p class="move refused">Stripe refused the transfer: the money stays payable.</p>`}
    <p class="at"><${Time} at=${at} withSeconds />${state && html` · ${STATES[state]}`}</p>
  </li>`;
}

function Cases({ cases }) {
  return html`<section aria-labelledby="cases">
    <h2 id="cases">Cases</h2>
    ${cases.length === 0 && html`<p class="muted">None that you may see.</p>`}
    ${cases.map(
      ({ id, kind, about, state, decidedBy, decision, dueAt }) => html`<div class="case" key=${id}>
        <p><b>${plain(kind)}</b> <span class="muted">${state === 'open' ? 'open' : `closed: ${plain(decision).toLowerCase()}`}</span></p>
        <p>${about}</p>
        <p class="muted">
          ${state === 'open' && html`For ${oneOf(decidedBy)}, due <${Time} at=${dueAt} /> · `}<${Copyable} value=${id} label="the case's id" />
        </p>
      </div>`,
    )}
  </section>`;
}

/** Raw ids to copy, and how things stand at Stripe. */
function Facts({ story: { buyerId, sellerId, listingId, payment, transfer, refund, workflow, createdAt } }) {
  const ids = [
    ['Buyer', buyerId, listPath({ userId: buyerId })],
    ['Seller', sellerId, listPath({ userId: sellerId })],
    ['Listing', listingId, listPath({ listingId })],
    ['Workflow', workflow.id],
    [`Payment, ${payment.status.replaceAll('_', ' ')}`, payment.intentId],
    ['Charge', payment.chargeId],
    [`Transfer, ${transfer.status}`, transfer.id],
    [`Refund, ${refund.status}`, refund.id],
  ].filter(([, id]) => id !== null);
  return html`<section aria-labelledby="ids">
    <h2 id="ids">Ids</h2>
    <dl class="ids">
      ${ids.map(
        ([name, id, list]) => html`<div key=${name}>
          <dt>${name}${list && html` <${Link} href=${list} title=${`All purchases of ${shortId(id)}`}>all<//>`}</dt>
          <dd><${Copyable} value=${id} label=${`the id of: ${name}`} /></dd>
        </div>`,
      )}
    </dl>
    <p class="muted">Opened <${Time} at=${createdAt} /></p>
  </section>`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
