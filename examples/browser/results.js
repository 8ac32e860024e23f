/** The table of results: a row for the float model and for each back end. */

import { decibelText, element, logitBars, numberText, timeText } from './charts.js'

/** Index of the largest logit, the first of equals. */
export function argmax(logits) {
  return logits.indexOf(logits.reduce((a, b) => Math.max(a, b)))
}

/** What they say, in a sentence. */
export function verdictOf(results) {
  const [float, ...others] = results.filter(({ logits }) => logits !== undefined)
  const wanted = argmax(float.logits)
  const wrong = others.filter(({ logits }) => argmax(logits) !== wanted)
  if (others.length === 0) return `The float model says ${wanted}.`
  if (wrong.length === 0) return `All say ${wanted}: float and ${others.length} programs of integers.`
  const named = wrong.map(({ entry, logits }) => `${entry.key} says ${argmax(logits)}`).join(', ')
  return `Float says ${wanted}; ${wrong.length} of ${others.length} programs differ: ${named}.`
}

/** Fills the table's body. `selected` are the keys of the two entries whose layers are shown; `onSelect` changes the first. */
export function showResults(body, results, { selected, onSelect }) {
  const all = results.flatMap(({ logits }) => (logits === undefined ? [] : Array.from(logits)))
  const scale = { low: Math.min(-1, ...all), high: Math.max(1, ...all) }
  const reference = results[0].logits
  body.replaceChildren(
    ...results.map((result) => {
      const row = rowOf(result, scale, reference, onSelect)
      row.classList.toggle('selected', selected.includes(result.entry.key))
      return row
    }),
  )
}

function rowOf({ entry, logits, sqnrDb, milliseconds }, scale, reference, onSelect) {
  const row = element('tr')
  row.dataset.key = entry.key
  row.append(element('th', { scope: 'row' }, ...nameOf(entry, onSelect)))
  if (entry.error !== undefined) {
    row.append(element('td', { colSpan: 4, className: 'refused', textContent: `refused: ${entry.error}` }))
    return row
  }
  if (logits === undefined) {
    for (const kind of ['says', 'logits', 'number', 'number'])
      row.append(element('td', { className: kind, textContent: '\u2013' }))
    return row
  }
  const winner = argmax(logits)
  const isWrong = winner !== argmax(reference)
  row.append(
    element('td', { className: `says${isWrong ? ' wrong' : ''}`, textContent: String(winner) }),
    element(
      'td',
      { className: 'logits' },
      logitBars(logits, winner, { ...scale, reference: entry.program && reference }),
    ),
    numberCell('SQNR', entry.program ? `${decibelText(sqnrDb)}` : '\u2013'),
    numberCell('time', milliseconds === undefined ? '...' : timeText(milliseconds)),
  )
  return row
}

function numberCell(label, textContent) {
  const cell = element('td', { className: 'number', textContent })
  cell.dataset.label = label
  return cell
}

/** The name; of a program a button that shows its layers. */
function nameOf(entry, onSelect) {
  if (entry.program === undefined && entry.error === undefined) return [entry.label]
  const width = element('span', { className: 'width', textContent: `W${entry.weightBits}` })
  if (entry.error !== undefined) return [entry.label, ' ', width]
  const button = element(
    'button',
    { type: 'button', className: 'name', title: `${entry.backend.title}: show its layers` },
    entry.label,
  )
  button.addEventListener('click', () => onSelect(entry.key))
  return [button, ' ', width]
}

/** The table of logits in numbers, a column for each result. */
export function showNumbers(table, results) {
  const shown = results.filter(({ logits }) => logits !== undefined)
  const head = element('tr', {}, element('th', { scope: 'col', textContent: 'digit' }))
  for (const { entry } of shown)
    head.append(element('th', { scope: 'col', className: 'number', textContent: entry.key }))
  table.tHead.replaceChildren(head)
  table.tBodies[0].replaceChildren(
    ...Array.from({ length: 10 }, (_, digit) => {
      const row = element('tr', {}, element('th', { scope: 'row', textContent: String(digit) }))
      for (const { logits } of shown) {
        const kind = digit === argmax(logits) ? 'number winner' : 'number'
        row.append(element('td', { className: kind, textContent: numberText(logits[digit], 3) }))
      }
      return row
    }),
  )
}
