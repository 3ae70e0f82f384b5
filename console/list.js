/** All purchases as a table: filtered, found by an id, page by page. */
import { html } from 'htm/preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { money, Relative } from './format.js';
import { Failure, Flags, Heading, Loading, Pill, shortId, useRead } from './parts.js';
import { Link, listPath, navigate, storyPath } from './router.js';
import { ATTENTION, PEOPLE, STATES } from './words.js';

const PAGE = 50;
const FILTERS = ['state', 'attention', 'userId', 'listingId', 'cursor'];

export function List({ query }) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? '']));
  const search = new URLSearchParams(Object.entries({ ...filters, limit: String(PAGE) }).filter(([, value]) => value));
  const { data, error, isLoading, reload } = useRead(`/v1/admin/purchases?${search}`);
  const table = useRef(null);
  useListKeys(table);
  return html`<section class="list">
    <${Heading} title="Purchases" />
    <${Filters} filters=${filters} />
    ${
      error !== undefined && data === undefined
        ? html`<${Failure} error=${error} retry=${reload} />`
        : isLoading
          ? html`<${Loading} rows=${12} />`
          : html`<${Table} purchases=${data.data} filters=${filters} table=${table} />
            <${Pages} filters=${filters} nextCursor=${data.nextCursor} count=${data.data.length} />`
    }
  </section>`;
}

function Filters({ filters }) {
  // Whatever is chosen, the list begins anew.
  const choose = (change) => navigate(listPath({ ...filters, cursor: '', ...change }));
  const option = (name) => html`<option value=${name}>${{ ...STATES, ...ATTENTION }[name]}</option>`;
  return html`<div class="filters" role="group" aria-label="Filters">
    <label>
      <span>State</span>
      <select value=${filters.state} onChange=${(event) => choose({ state: event.currentTarget.value })}>
        <option value="">Any</option>
        ${Object.keys(STATES).map(option)}
      </select>
    </label>
    <label>
      <span>Needs attention</span>
      <select value=${filters.attention} onChange=${(event) => choose({ attention: event.currentTarget.value })}>
        <option value="">Show all</option>
        <option value="any">For any reason</option>
        ${Object.keys(ATTENTION).map(option)}
      </select>
    </label>
    ${filters.userId && html`<${Chip} name="Person" id=${filters.userId} remove=${() => choose({ userId: '' })} />`}
    ${filters.listingId && html`<${Chip} name="Listing" id=${filters.listingId} remove=${() => choose({ listingId: '' })} />`}
  </div>`;
}

const Chip = ({ name, id, remove }) => html`<span class="chip">
  ${name} <code title=${id}>${shortId(id)}</code>
  <button type="button" class="quiet" aria-label=${`Remove the filter ${name}`} onClick=${remove}>×</button>
</span>`;

function Table({ purchases, filters, table }) {
  if (purchases.length === 0) {
    const isFiltered = FILTERS.some((name) => filters[name]);
    return html`<div class="empty">
      <p>${filters.attention && !filters.state ? 'Nothing needs attention.' : 'No purchases.'}</p>
      ${isFiltered && html`<${Link} href=${listPath({})}>Show all purchases<//>`}
    </div>`;
  }
  return html`<div class="scroll">
    <table ref=${table}>
      <thead>
        <tr>
          <th scope="col">Purchase</th>
          <th scope="col">State</th>
          <th scope="col" class="amount">Price</th>
          <th scope="col">Waits for</th>
          <th scope="col">Next, by itself</th>
          <th scope="col">Opened</th>
        </tr>
      </thead>
      <tbody>
        ${purchases.map((purchase) => html`<${Row} key=${purchase.id} purchase=${purchase} />`)}
      </tbody>
    </table>
  </div>`;
}

function Row({ purchase: { id, state, price, attention, why, createdAt } }) {
  return html`<tr>
    <th scope="row"><${Link} href=${storyPath(id)} title=${id} class="row-link"><code>${shortId(id)}</code><//></th>
    <td><${Pill} state=${state} /> <${Flags} attention=${attention} /></td>
    <td class="amount">${money(price.amount, price.currency)}</td>
    <td>${why.waitsFor === 'nobody' ? '' : capital(PEOPLE[why.waitsFor])}</td>
    <td><${Next} why=${why} /></td>
    <td><${Relative} at=${createdAt} /></td>
  </tr>`;
}

const Next = ({ why: { automatic, inProgress, holds } }) => {
  if (inProgress) return html`<span class="muted">a step is under way</span>`;
  if (holds.includes('staff_pause')) return html`<span class="muted">paused by staff</span>`;
  if (holds.includes('transfer_blocked')) return html`<span class="muted">the transfer is tried again</span>`;
  if (automatic === null) return html`<span class="muted">–</span>`;
  return html`${STATES[automatic.becomes]} <span class="muted"><${Relative} at=${automatic.at} /></span>`;
};

const capital = (text) => text.replace(/^the /, '').replace(/^./, (letter) => letter.toUpperCase());

function Pages({ filters, nextCursor, count }) {
  if (count === 0 || (filters.cursor === '' && nextCursor === null)) return null;
  return html`<nav class="pages" aria-label="Pages">
    ${filters.cursor ? html`<${Link} href=${listPath({ ...filters, cursor: '' })}>← Newest<//>` : html`<span></span>`}
    ${nextCursor && html`<${Link} href=${listPath({ ...filters, cursor: nextCursor })} rel="next">Older →<//>`}
  </nav>`;
}

/** `j` and `k` go down and up the rows; Enter opens the one that has the focus, as for any link. */
function useListKeys(table) {
  useLayoutEffect(() => {
    const onKey = (event) => {
      const step = { j: 1, k: -1 }[event.key];
      if (step === undefined || event.metaKey || event.ctrlKey || event.target.matches?.('input, select, textarea'))
        return;
      const links = [...(table.current?.querySelectorAll('.row-link') ?? [])];
      const at = links.indexOf(document.activeElement);
      links[at === -1 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
