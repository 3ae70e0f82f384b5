/** Where the money of a purchase comes from and where it is, and the postings that say so. */
import { html } from 'htm/preact';
import { money, Time } from './format.js';
import { ACCOUNTS, plain } from './words.js';

const sumOf = (rows) => rows.reduce((sum, { amount }) => sum + amount, 0);

/** The equation of the books: two sides with one sum. Accounts that are empty are left out. */
export function Money({ story: { money: books, price } }) {
  const { comesFrom, isIn, currency } = books;
  const [from, to] = [comesFrom, isIn].map((rows) => rows.filter(({ amount }) => amount !== 0));
  const isBalanced = sumOf(comesFrom) === sumOf(isIn);
  return html`<section aria-labelledby="money">
    <h2 id="money">Money</h2>
    ${
      from.length === 0 && to.length === 0
        ? html`<p class="muted">Nothing was captured. The price is ${money(price.amount, price.currency)}.</p>`
        : html`<table class="money">
          <caption class="visually-hidden">Where the money comes from and where it is</caption>
          <${Side} name="Comes from" rows=${from} currency=${currency} />
          <${Side} name="Is now" rows=${to} currency=${currency} />
          <tfoot>
            <tr>
              <th scope="row">${isBalanced ? html`<span class="ok" aria-hidden="true">✓</span> Both sides are equal` : 'The sides differ: tell an engineer'}</th>
              <td class="amount">${money(sumOf(comesFrom), currency)} ${isBalanced ? '=' : '≠'} ${money(sumOf(isIn), currency)}</td>
            </tr>
          </tfoot>
        </table>`
    }
  </section>`;
}

const Side = ({ name, rows, currency }) => html`<tbody>
  <tr><th scope="colgroup" colspan="2">${name}</th></tr>
  ${rows.map(
    ({ account, amount, about }) => html`<tr key=${account}>
      <th scope="row">${ACCOUNTS[account] ?? account}<small>${about}</small></th>
      <td class="amount">${money(amount, currency)}</td>
    </tr>`,
  )}
</tbody>`;

/** The ledger, for whoever wants to know exactly: debits and credits of each posting. */
export function Postings({ story: { postings } }) {
  if (postings.length === 0) return null;
  return html`<details class="postings">
    <summary><h2>Ledger postings <span class="muted">${postings.length}</span></h2></summary>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Posted</th>
            <th scope="col">Step</th>
            <th scope="col">Account</th>
            <th scope="col" class="amount">Debit</th>
            <th scope="col" class="amount">Credit</th>
          </tr>
        </thead>
        ${postings.map((posting) => html`<${Posting} key=${posting.id} posting=${posting} />`)}
      </table>
    </div>
  </details>`;
}

function Posting({ posting: { postedAt, step, currency, entries } }) {
  return html`<tbody>
    ${entries.map(
      ({ account, amount }, index) => html`<tr key=${index}>
        <td>${index === 0 && html`<${Time} at=${postedAt} withSeconds />`}</td>
        <td>${index === 0 && plain(step)}</td>
        <td>${ACCOUNTS[account] ?? plain(account)}</td>
        <td class="amount">${amount > 0 ? money(amount, currency) : ''}</td>
        <td class="amount">${amount < 0 ? money(-amount, currency) : ''}</td>
      </tr>`,
    )}
  </tbody>`;
}
