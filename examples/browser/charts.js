/** Small charts, as SVG and HTML elements. */

const SVG = 'http://www.w3.org/2000/svg'
const HEIGHT = 32
const SLOT = 18

/** An HTML element with properties and children. */
export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties)
  node.append(...children)
  return node
}

function shape(name, attributes, text = '') {
  const node = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.textContent = text
  return node
}

/** A dotted name that may break into lines behind its dots. */
export function breakable(name) {
  return name.split('.').flatMap((part, i) => (i === 0 ? [part] : ['.', element('wbr'), part]))
}

/** 7.25 as '7.25', with a real minus sign. */
export function numberText(value, digits = 2) {
  return value.toFixed(digits).replace('-', '\u2212')
}

/** Decibels: two equal signals have infinitely many. */
export function decibelText(value) {
  return value === Number.POSITIVE_INFINITY ? 'equal' : Number.isFinite(value) ? numberText(value, 1) : '\u2013'
}

/** Milliseconds as text in ms or µs. */
export function timeText(milliseconds) {
  return milliseconds < 1
    ? `${Math.round(milliseconds * 1000)} µs`
    : `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`
}

/**
 * A bar for each logit, the largest emphasised, with the digit below. `low` and `high` are the ends of the scale, 0 between
 * them; `reference` puts a mark where float is.
 */
export function logitBars(logits, winner, { low, high, reference }) {
  const y = (value) => ((high - value) / (high - low)) * HEIGHT
  const numbers = Array.from(logits, (value, digit) => `${digit}: ${numberText(value)}`).join(', ')
  const chart = shape('svg', {
    viewBox: `0 0 ${10 * SLOT} ${HEIGHT + 11}`,
    class: 'bars',
    role: 'img',
    'aria-label': `Logits ${numbers}`,
  })
  chart.append(shape('title', {}, numbers))
  for (const [digit, value] of logits.entries()) {
    const top = Math.min(y(value), y(0))
    const kind = digit === winner ? 'winner' : ''
    const height = Math.max(0.5, Math.abs(y(value) - y(0)))
    chart.append(shape('rect', { x: digit * SLOT + 3, y: top, width: SLOT - 6, height, class: kind }))
    if (reference) {
      const at = y(reference[digit])
      chart.append(shape('line', { x1: digit * SLOT + 1, x2: digit * SLOT + SLOT - 1, y1: at, y2: at, class: 'mark' }))
    }
    const label = { x: digit * SLOT + SLOT / 2, y: HEIGHT + 9, class: `digit ${kind}` }
    chart.append(shape('text', label, String(digit)))
  }
  chart.append(shape('line', { x1: 0, x2: 10 * SLOT, y1: y(0), y2: y(0), class: 'axis' }))
  return chart
}

/** A horizontal bar of `share` (0 ... 1) of the width with a text behind it. */
export function meter(share, text, kind = '') {
  const bar = element('span', { className: `fill ${kind}` })
  bar.style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`
  return element(
    'div',
    { className: 'meter' },
    element('span', { className: 'track' }, bar),
    element('span', { textContent: text }),
  )
}
