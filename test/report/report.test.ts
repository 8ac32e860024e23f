import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ModelComparison, type ReportData, renderReport } from '../../report/index.ts'
import { sample } from './sample.ts'

const test = suite('report')

const voids = new Set(['!doctype', 'meta', 'link', 'wbr'])

/** The elements of a page, checked to be closed in order, and how many there are of each. */
function elements(page: string): Map<string, number> {
  const open: string[] = []
  const counts = new Map<string, number>()
  for (const [tag, slash, name, rest] of page.matchAll(/<(\/?)([!a-z][a-z0-9]*)((?:[^>"]|"[^"]*")*)>/gi)) {
    if (slash === '/') {
      assert.is(open.pop(), name, `${tag} closes something else`)
      continue
    }
    counts.set(name, (counts.get(name) ?? 0) + 1)
    if (!rest.endsWith('/') && !voids.has(name)) open.push(name)
  }
  assert.equal(open, [])
  return counts
}

/** The headings of the sections. */
function headings(page: string): string[] {
  return [...page.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading)
}

const one = sample.comparisons?.find(({ method }) => method === 'quant-trim') as ModelComparison
const { model, method, seed } = one

test('all sections, every figure with a caption and its numbers', () => {
  const page = renderReport(sample)
  assert.equal(headings(page), [
    'Accuracy on the back ends',
    'Spread',
    'Training',
    'Trimming',
    'Where the accuracy goes',
    'Layer by layer',
    'Calibration',
    'Cost',
  ])
  const counts = elements(page)
  assert.is(counts.get('figcaption'), counts.get('figure'))
  assert.is(page.match(/<summary>Numbers<\/summary>/g)?.length, counts.get('figure'))
  assert.not.match(page, /NaN|undefined|\[object/)
  assert.not.match(page, /<script|<img|<iframe|@import|url\(/)
  assert.equal(
    [...page.matchAll(/(?:src|href)="([^#"][^"]*)"/g)].map(([, address]) => address),
    ['data:,'],
  )
})

test('ids are unique and the links lead to them', () => {
  const page = renderReport(sample)
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
  assert.is(new Set(ids).size, ids.length)
  assert.equal(
    [...page.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id),
    ids,
  )
})

test('the same data give the same page, through JSON as well', () => {
  assert.is(renderReport(sample), renderReport(structuredClone(sample)))
  assert.is(renderReport(JSON.parse(JSON.stringify(sample)) as ReportData), renderReport(sample))
})

test('nothing at all', () => {
  const page = renderReport({ title: 'empty' })
  elements(page)
  assert.equal(headings(page), [])
  assert.match(page, 'There is nothing to show')
  const hollow = renderReport({
    title: 'hollow',
    runs: [{ model, method, seed, epochs: [], trims: [] }],
    comparisons: [
      {
        model,
        method,
        seed,
        comparison: { float: one.comparison.float, backends: [], summary: [] },
        layerSqnr: [{ backend: 'b', bits: 'W8A8', layers: [] }],
        waterfalls: [],
        culprits: [{ backend: 'b', bits: 'W8A8', layers: [] }],
        calibrationTrials: [{ backend: 'b', bits: 'W8A8', trials: [] }],
        measured: [],
        cost: { source: '', rows: [] },
      },
    ],
  })
  elements(hollow)
  assert.equal(headings(hollow), [])
})

test('a training alone: curves and trims; a run without trims has no section of them', () => {
  const runs = sample.runs ?? []
  assert.equal(headings(renderReport({ title: 't', runs: runs.filter((run) => run.trims.length > 0) })), [
    'Training',
    'Trimming',
  ])
  const page = renderReport({ title: 't', runs: runs.filter((run) => run.method === 'float').slice(0, 1) })
  assert.equal(headings(page), ['Training'])
  assert.match(page, 'lambda never reaches 1')
})

test('a log without histograms still has its table', () => {
  const [run] = (sample.runs ?? []).filter(({ trims }) => trims.length > 0)
  const trims = run.trims.map(({ histogram: _, ...event }) => event) as unknown as typeof run.trims
  const page = renderReport({ title: 't', runs: [{ ...run, trims }] })
  assert.match(page, 'Trim log')
  assert.not.match(page, 'Weights before and after')
})

test('a table leaves out the back ends that do not have its bit-width', () => {
  const [row] = one.comparison.backends
  const backends = [
    { ...row, name: 'eight', bits: 'W8A8' },
    { ...row, name: 'four', bits: 'W4A8' },
  ]
  const comparison = { ...one.comparison, backends }
  const comparisons = ['float', 'qat'].map((name) => ({ ...one, method: name, comparison }))
  const page = renderReport({ title: 'two', comparisons })
  const tables = [...page.matchAll(/<table class="heat">.*?<\/table>/gs)].map(([table]) => table)
  assert.equal(
    tables
      .slice(0, 2)
      .map((table) => ['eight', 'four'].filter((name) => table.includes(`<th scope="row">${name}</th>`))),
    [['eight'], ['four']],
  )
})

test('hostile names stay text', () => {
  const evil = `"><script>alert(1)</script><a href='x' onload="y">&`
  const comparison = {
    ...one.comparison,
    backends: one.comparison.backends.map((row) => ({ ...row, name: evil + row.name, bits: evil + row.bits })),
    summary: one.comparison.summary.map((row) => ({ ...row, worst: evil, bits: evil + row.bits })),
  }
  const rename = <T extends { backend: string; bits: string }>(items: readonly T[] = []): T[] =>
    items.map((item) => ({ ...item, backend: evil, bits: evil }))
  const [run] = (sample.runs ?? []).filter(({ trims }) => trims.length > 0)
  const named = { model: evil, method: evil, seed: 0 }
  const page = renderReport({
    title: evil,
    command: evil,
    notes: [evil],
    versions: { [evil]: evil },
    runs: [{ ...run, ...named, trims: run.trims.map((event) => ({ ...event, parameter: evil })) }],
    comparisons: [
      {
        ...named,
        comparison,
        layerSqnr: rename(one.layerSqnr).map((item) => ({ ...item, layers: [{ name: evil, sqnrDb: 3 }] })),
        waterfalls: rename(one.waterfalls).map((item) => ({ ...item, steps: [{ knob: evil, change: -0.01 }] })),
        culprits: rename(one.culprits).map((item) => ({
          ...item,
          layers: [{ name: evil, remedies: [{ remedy: evil, gain: 0.01 }] }],
        })),
        calibrationTrials: rename(one.calibrationTrials),
        measured: rename(one.measured),
        cost: { source: evil, rows: rename(one.cost?.rows).map((row) => ({ ...row, macs: { [evil]: 1 } })) },
      },
    ],
  })
  elements(page)
  assert.is(headings(page).length, 8)
  assert.not.match(page, '<script')
  assert.not.match(page, '<a href=&#39;')
  assert.not.match(page, `onload="`)
})

test('what is not finite is said, not drawn', () => {
  const backends = one.comparison.backends.map((row) => ({ ...row, sqnrDb: Number.POSITIVE_INFINITY }))
  const page = renderReport({
    title: 't',
    comparisons: [
      {
        model,
        method,
        seed,
        comparison: { ...one.comparison, backends },
        layerSqnr: [{ backend: 'b', bits: 'W8A8', layers: [{ name: 'conv', sqnrDb: null }] }],
      },
    ],
  })
  elements(page)
  assert.match(page, 'Every layer equals float.')
  assert.match(page, '<td class="n">equal</td>')
  assert.not.match(page, /"[^"]*(NaN|Infinity)[^"]*"/)
})

test('captions say what the numbers say', () => {
  const row = (name: string, drop: number) => ({ ...one.comparison.backends[0], name, drop, bits: 'W4A8' })
  const made = (method: string, seed: number, drops: number[]): ModelComparison => ({
    model,
    method,
    seed,
    comparison: {
      float: one.comparison.float,
      backends: drops.map((drop, i) => row(`b${i}`, drop)),
      summary: [],
    },
  })
  const text = renderReport({ title: 't', comparisons: [made('float', 0, [-0.01, -0.08]), made('qat', 0, [-0.02, 0])] })
  assert.match(
    text,
    'At W4A8 the worst back end changes top-1 by -2.00 points for qat (b0) and -8.00 points for float (b1). From 1 seed only: no claim about methods.',
  )
  const seeds = [0, 1, 2].flatMap((s) => [made('float', s, [-0.01 * (s + 1), 0]), made('qat', s, [0, -0.01])])
  assert.match(
    renderReport({ title: 't', comparisons: seeds }),
    'by -1.00 points for qat (b1) and -2.00 points for float (b0), means over 3 seeds.</figcaption>',
  )
})

test('of more than four methods the sentence names the least and the most changed', () => {
  const [row] = one.comparison.backends
  const comparisons = [0, -0.05, -0.01, -0.2, -0.1].map((drop, i) => ({
    ...one,
    method: `m${i}`,
    comparison: { ...one.comparison, backends: [{ ...row, name: 'b', bits: 'W8A8', drop }] },
  }))
  assert.match(
    renderReport({ title: 't', comparisons }),
    'changes top-1 by 0.00 points for m0 (b) to -20.00 points for m3 (b). From 1 seed only',
  )
})

test('more than 12 figures of a section are folded away, model by model and method by method', () => {
  const layerSqnr = [{ backend: 'b', bits: 'W8A8', layers: [{ name: 'conv1', sqnrDb: 30 }] }]
  const made = (seeds: number): string =>
    renderReport({
      title: 't',
      comparisons: ['float', 'qat'].flatMap((name) =>
        Array.from({ length: seeds }, (_, s) => ({
          ...one,
          method: name,
          seed: s,
          layerSqnr,
          cost: undefined,
          measured: [],
        })),
      ),
    })
  const folds = (page: string): string[] =>
    [...page.matchAll(/<details class="wide fold"><summary>(.*?)</g)].map((m) => m[1])
  assert.equal(folds(made(6)), [])
  const page = made(7)
  assert.equal(folds(page), [`${model}, float: 7 figures`, `${model}, qat: 7 figures`])
  assert.is(
    page.match(/SQNR of each layer&#39;s output/g)?.length,
    (made(1).match(/SQNR of each layer&#39;s output/g)?.length as number) * 7,
  )
  elements(page)
})

test('a waterfall that does not add up shows the rest', () => {
  const waterfalls = [{ backend: 'b', bits: 'W8A8', from: 0.9, to: 0.85, steps: [{ knob: 'weights', change: -0.02 }] }]
  const page = renderReport({ title: 't', comparisons: [{ ...one, waterfalls }] })
  assert.match(page, '<td>not attributed</td><td class="n">-3.00</td>')
  assert.match(page, 'the largest loss comes with &#39;not attributed&#39;, -3.00 points')
})

test.run()
