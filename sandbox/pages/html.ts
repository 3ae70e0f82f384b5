/** Text that is safe inside HTML. */
export interface Html {
  readonly html: string;
}

/** HTML from a template: whatever is put in is escaped, unless it is {@link Html} already. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const written = values.map((value) => {
    if (typeof value === 'string' || typeof value === 'number') return escaped(String(value));
    return 'html' in value ? value.html : value.map((item) => item.html).join('');
  });
  return { html: parts.map((part, position) => part + (written[position] ?? '')).join('') };
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.4rem .6rem;text-align:left;vertical-align:top}
code,pre{background:#f4f4f4;padding:.1rem .3rem;border-radius:3px}pre{white-space:pre-wrap;padding:.6rem}
button{font:inherit;padding:.5rem 1.2rem;margin:.3rem .5rem .3rem 0;cursor:pointer}.note{color:#666;font-size:.9rem}`;

/** A whole page. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${{ html: STYLE }}</style></head>
<body><h1>${title}</h1>
${body}
<p class="note">A page of the local sandbox. Nothing here is real, no money moves.</p>
</body></html>
`.html;
}

export interface Choice {
  /** What the form's field `outcome` says. The first choice is what an empty form means. */
  readonly outcome: string;
  readonly label: string;
}

/** A form whose buttons post to the page's own URL. */
export function choices(all: readonly Choice[]): Html {
  const buttons = all.map(({ outcome, label }) => html`<button name="outcome" value="${outcome}">${label}</button>`);
  return html`<form method="post">${buttons}</form>`;
}
