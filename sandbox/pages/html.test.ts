import { describe, expect, it } from 'vitest';
import { choices, html, page } from './html.ts';

describe('html', () => {
  it('escapes what is put in, and leaves HTML of its own making alone', () => {
    const name = `<b title="x">'Erika' & co</b>`;
    expect(html`<p>${name}</p>`.html).toBe('<p>&lt;b title=&quot;x&quot;&gt;&#39;Erika&#39; &amp; co&lt;/b&gt;</p>');
    expect(html`<ul>${[html`<li>${1}</li>`, html`<li>${'<'}</li>`]}</ul>`.html).toBe(
      '<ul><li>1</li><li>&lt;</li></ul>',
    );
  });

  it('escapes the title of a page and the labels of a form', () => {
    expect(page('<script>', html``)).not.toContain('<script>');
    expect(choices([{ outcome: '"', label: '<i>' }]).html).toContain('value="&quot;">&lt;i&gt;');
  });
});
