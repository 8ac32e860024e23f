/** The page: what is drawn goes through every model that is chosen. */

import { backends, comparedNames } from 'quant-trim/quant'
import { element } from './charts.js'
import { inkOf, normaliseDigit, SIDE } from './digit.js'
import { differenceOf, showCodes, showNoise } from './layers.js'
import * as models from './models.js'
import { greyImage, Pad, readImage } from './pad.js'
import { showNumbers, showResults, verdictOf } from './results.js'

const find = (selector) => document.querySelector(selector)
const verdict = find('#verdict')

/** Lets the browser draw and take input. */
const breathe = () => new Promise((resolve) => setTimeout(resolve))

/** What is shown: the picture, and a result for each entry: { entry, logits, sqnrDb, milliseconds }. */
const state = { model: null, picture: null, entries: [], results: [], first: '', second: '', kernels: 'simd', run: 0 }

const pad = new Pad(find('#pad'), (finished) => show(normaliseDigit(pad.ink()), finished))

/** Takes a picture of 28 x 28 bytes, or null for none. Times and layers follow once the picture is finished. */
async function show(picture, finished) {
  state.picture = picture
  find('#hint').hidden = picture !== null
  const pixels = picture ?? new Uint8Array(SIDE * SIDE)
  find('#preview').getContext('2d').putImageData(greyImage(pixels, SIDE), 0, 0)
  // Before the first programs are there, the picture waits for them.
  if (state.entries.length > 0) await compute(finished)
}

/** Runs everything on the picture. A later call ends an earlier one that still measures. */
async function compute(finished) {
  const run = ++state.run
  document.body.dataset.state = 'busy'
  if (state.picture === null) {
    state.results = state.entries.map((entry) => ({ entry }))
    verdict.textContent = 'Draw a digit, or choose a sample.'
  } else {
    const input = models.inputOf([state.picture])
    state.results = state.entries.map((entry) => (entry.run ? { entry, logits: entry.run(input) } : { entry }))
    const [{ logits: reference }] = state.results
    for (const result of state.results) if (result.logits) result.sqnrDb = models.sqnrOf(reference, result.logits)
    verdict.textContent = verdictOf(state.results)
    draw()
    if (!finished) return
    drawLayers(input)
    for (const result of state.results) {
      if (result.logits === undefined) continue
      await breathe()
      if (run !== state.run) return
      result.milliseconds = models.timeOf(() => result.entry.run(input))
    }
  }
  draw()
  if (state.picture === null) find('#layers').hidden = true
  document.body.dataset.state = 'ready'
}

function draw() {
  const selected = [state.first, state.second]
  const [body] = find('#table').tBodies
  // The rows are made anew: whoever came to one with the keyboard stays there.
  const focused = body.contains(document.activeElement) ? document.activeElement.closest('tr').dataset.key : null
  showResults(body, state.results, { selected, onSelect: (key) => select(key, state.second) })
  if (focused !== null) body.querySelector(`tr[data-key="${focused}"] button`)?.focus()
}

/** Shows the layers of the two chosen programs. */
function drawLayers(input) {
  const programs = state.entries.filter(({ program }) => program !== undefined)
  find('#layers').hidden = programs.length === 0
  if (programs.length === 0) return
  const chosen = (key, otherwise) => programs.find((entry) => entry.key === key) ?? otherwise
  const first = chosen(state.first, programs[0])
  const second = chosen(state.second, programs[1] ?? first)
  state.first = first.key
  state.second = second.key
  for (const [name, entry] of Object.entries({ first, second })) {
    const options = programs.map(({ key }) => element('option', { value: key, textContent: key }))
    find(`#${name}`).replaceChildren(...options)
    find(`#${name}`).value = entry.key
  }
  showNoise(find('#noise').tBodies[0], models.noiseOf(first, input))
  const rows = models.compareTensors(first, second, input)
  find('#difference').textContent = differenceOf(first, second, rows)
  showCodes(find('#codes').tBodies[0], rows)
  const shown = state.results.filter(({ entry }) => ['float', first.key, second.key].includes(entry.key))
  showNumbers(find('#numbers'), shown)
}

function select(first, second) {
  Object.assign(state, { first, second })
  if (state.picture === null) return
  drawLayers(models.inputOf([state.picture]))
  draw()
}

const checked = (selector) => [...document.querySelectorAll(`${selector} input:checked`)].map(({ value }) => value)

/** Compiles what is chosen and not yet compiled, one after the other. */
let compiling = Promise.resolve()
function recompile() {
  document.body.dataset.state = 'busy'
  compiling = compiling.then(async () => {
    document.body.dataset.state = 'busy'
    const wanted = checked('#widths').flatMap((width) =>
      checked('#backends')
        .map((name) => backends.get(name))
        .filter(({ weightBits }) => weightBits.includes(Number(width)))
        .map((backend) => ({ backend, weightBits: Number(width) })),
    )
    const known = new Map(state.entries.map((entry) => [entry.key, entry]))
    const entries = [models.floatEntry(state.model)]
    for (const { backend, weightBits } of wanted) {
      const key = `${backend.name} W${weightBits}`
      if (!known.has(key)) {
        verdict.textContent = `Compiling for ${key} ...`
        await breathe()
        known.set(key, models.compiledEntry(state.model, backend, weightBits, state.kernels))
      }
      entries.push(known.get(key))
    }
    state.entries = entries
    await compute(true)
  })
}

/** Computes with other kernels: the same programs, new sessions. */
function changeKernels() {
  document.body.dataset.state = 'busy'
  compiling = compiling.then(async () => {
    ;[state.kernels] = checked('#kernels')
    models.chooseKernels(state.kernels)
    state.entries = state.entries.map((entry) => models.withKernels(entry, state.kernels))
    await compute(true)
  })
}

function offerBackends() {
  for (const { name, title, kind } of backends.values()) {
    const box = element('input', { type: 'checkbox', value: name, checked: comparedNames.includes(name) })
    const note = element('small', { textContent: kind === 'runtime' ? title : `${title} (our model)` })
    find('#backends').append(element('label', {}, box, ` ${name} `, note))
  }
  for (const box of document.querySelectorAll('#backends input, #widths input'))
    box.addEventListener('change', recompile)
}

function offerKernels() {
  const available = models.availableKernels()
  for (const box of document.querySelectorAll('#kernels input')) {
    box.disabled = !available.includes(box.value)
    box.checked = box.value === available[0]
    box.addEventListener('change', changeKernels)
  }
  ;[state.kernels] = available
  models.chooseKernels(state.kernels)
}

function offerSamples() {
  for (const [i, pixels] of state.model.samples.entries()) {
    const canvas = element('canvas', { width: SIDE, height: SIDE })
    canvas.getContext('2d').putImageData(greyImage(pixels, SIDE), 0, 0)
    const button = element(
      'button',
      { type: 'button', ariaLabel: i < 10 ? `Sample: ${i}` : 'Sample: a hard 3' },
      canvas,
    )
    button.addEventListener('click', () => {
      pad.show(pixels, SIDE)
      show(pixels, true)
    })
    find('#samples').append(button)
  }
}

/** Says why a file is not shown; what was shown before stays. */
function refuse(reason) {
  verdict.textContent = reason
  document.body.dataset.state = 'ready'
}

/** Takes the first image of some files. */
async function takeFile(files) {
  const file = [...files].find(({ type }) => type.startsWith('image/'))
  if (file === undefined) {
    refuse('That is no image.')
    return
  }
  document.body.dataset.state = 'busy'
  try {
    const picture = normaliseDigit(inkOf(await readImage(file)))
    if (picture === null) {
      refuse(`${file.name}: nothing stands out from its background.`)
      return
    }
    pad.show(picture, SIDE)
    await show(picture, true)
  } catch {
    refuse(`${file.name}: this browser cannot read it.`)
  }
}

function listen() {
  find('#clear').addEventListener('click', () => {
    pad.clear()
    show(null, true)
  })
  find('#file').addEventListener('change', ({ target }) => {
    takeFile(target.files)
    target.value = ''
  })
  const over = (event) => {
    event.preventDefault()
    document.body.classList.toggle('dropping', event.type === 'dragover')
  }
  for (const kind of ['dragover', 'dragleave', 'drop']) document.addEventListener(kind, over)
  document.addEventListener('drop', ({ dataTransfer }) => takeFile(dataTransfer.files))
  find('#first').addEventListener('change', ({ target }) => select(target.value, state.second))
  find('#second').addEventListener('change', ({ target }) => select(state.first, target.value))
}

try {
  offerKernels()
  offerBackends()
  listen()
  state.model = await models.loadModel()
  offerSamples()
  recompile()
} catch (error) {
  verdict.textContent = `The page cannot start: ${error.message}`
  throw error
}
