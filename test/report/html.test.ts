import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { numbersTable } from '../../report/figure.ts'
import { breakable, escapeHtml, html } from '../../report/html.ts'

const test = suite('report: html')

test('text is escaped, in text and in attributes; markup and lists of it are not', () => {
  const name = `<script>alert("1' & 2")</script>`
  const escaped = '&lt;script&gt;alert(&quot;1&#39; &amp; 2&quot;)&lt;/script&gt;'
  assert.is(escapeHtml(name), escaped)
  assert.is(html`<p title="${name}">${name}</p>`.text, `<p title="${escaped}">${escaped}</p>`)
  assert.is(html`${[html`<b>${1}</b>`, html`<i>${'&'}</i>`]}${null}`.text, '<b>1</b><i>&amp;</i>')
  assert.is(escapeHtml('&amp;'), '&amp;amp;', 'never taken for escaped already')
})

test('NUL, which HTML cannot hold', () => {
  assert.is(escapeHtml('a\0b'), 'a\ufffdb')
})

test('an object that only looks like markup is text', () => {
  const lookalike = { text: '<b>' } as unknown as string
  assert.is(html`${lookalike}`.text, '[object Object]')
})

test('names break after dots, dashes and underscores', () => {
  assert.is(breakable('a.b-c_<d').text, 'a.<wbr>b-<wbr>c_<wbr>&lt;d')
  assert.is(breakable('plain').text, 'plain')
})

test('columns of numbers are set to the right', () => {
  const { text } = numbersTable({
    header: ['name', 'drop', 'SQNR'],
    rows: [
      ['a', '-1.00', 'equal'],
      ['b', '+0.50', '12.3'],
      ['c', '', '-'],
    ],
  })
  assert.match(text, '<th scope="col">name</th><th scope="col" class="n">drop</th><th scope="col" class="n">SQNR</th>')
  assert.match(text, '<tr><td>b</td><td class="n">+0.50</td><td class="n">12.3</td></tr>')
})

test.run()
