/** The panel that shows where two programs differ from float and from each other. */

import { breakable, decibelText, element, meter } from './charts.js'

/** A bar of full length. */
const FULL_DB = 60

/** The layers of a program against float; the noisiest is emphasised. */
export function showNoise(body, layers) {
  const least = Math.min(...layers.map(({ sqnrDb }) => sqnrDb))
  body.replaceChildren(
    ...layers.map(({ name, op, sqnrDb }) => {
      const share = sqnrDb === Number.POSITIVE_INFINITY ? 1 : sqnrDb / FULL_DB
      const kind = sqnrDb === least ? 'worst' : ''
      const label = element('th', { scope: 'row' }, ...breakable(name), ' ', element('small', { textContent: op }))
      return element('tr', {}, label, element('td', {}, meter(share, decibelText(sqnrDb), kind)))
    }),
  )
}

/** How two programs differ, in a sentence. */
export function differenceOf(first, second, rows) {
  const pair = `${first.key} and ${second.key}`
  if (first.key === second.key) return `${first.key} against itself.`
  const scale = rows.find(({ unit }) => unit !== 'codes')
  const found = rows.find(({ differing }) => differing > 0)
  if (found === undefined) {
    if (scale === undefined) return `${pair} have the same code for every number of this digit.`
    return `${pair} have different scales from ${scale.name} on, but no two numbers are more than one step apart.`
  }
  const where = `${found.name}: ${found.differing} of ${found.total}`
  if (found.unit === 'steps')
    return `${pair} are first more than one step apart in ${where} numbers; their scales differ.`
  if (found.unit === 'real') return `${pair} first differ in ${where} real numbers.`
  const scales = scale === undefined ? '' : ` From ${scale.name} on their scales differ, too.`
  return `${pair} first differ in ${where} codes, by ${Math.round(found.most)} at most.${scales}`
}

const most = {
  codes: (value) => `${Math.round(value)}`,
  steps: (value) => `${value.toFixed(1)} steps`,
  real: (value) => value.toPrecision(2),
}

/** Two programs tensor by tensor; the first difference is emphasised. */
export function showCodes(body, rows) {
  const first = rows.find(({ differing }) => differing > 0)
  body.replaceChildren(
    ...rows.map((row) => {
      const { name, total, differing, unit } = row
      const kind = row === first ? 'worst' : ''
      const count = `${differing} of ${total}`
      return element(
        'tr',
        { className: row === first ? 'first' : '' },
        element('th', { scope: 'row' }, ...breakable(name)),
        element('td', {}, meter(differing / total, count, kind)),
        element('td', { className: 'number', textContent: most[unit](row.most) }),
      )
    }),
  )
}
