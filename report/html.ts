/** Text that is HTML already. Only `html` and `markup` make it, so that nothing unescaped slips through. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What `html` takes in its gaps: text and numbers are escaped, markup is not, lists are joined, null is nothing. */
export type Content = string | number | Markup | null | readonly Content[]

/** The text with the characters that mean something in HTML replaced; a NUL, which HTML cannot hold, becomes U+FFFD. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('\0', '�')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** A template literal of HTML or SVG: html`<p title="${title}">${text}</p>`; attributes are to be quoted. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(parts.map((part, i) => part + (i < contents.length ? textOf(contents[i]) : '')).join(''))
}

/** HTML of our own making, which holds nothing from outside, such as a style sheet. */
export function markup(text: string): Markup {
  return new Markup(text)
}

/** A name that may be broken over lines after a dot, slash, dash or underscore. */
export function breakable(name: string): Markup {
  return html`${name.split(/(?<=[./_-])/).map((part, i) => (i === 0 ? part : html`<wbr>${part}`))}`
}

function textOf(content: Content): string {
  if (content === null) return ''
  if (content instanceof Markup) return content.text
  if (Array.isArray(content)) return content.map(textOf).join('')
  return escapeHtml(String(content))
}
