import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dotPlot } from '../../report/charts/dotPlot.ts'
import { heatClass, heatMap } from '../../report/charts/heatMap.ts'
import { histogramPair } from '../../report/charts/histogramPair.ts'
import { lineChart } from '../../report/charts/lineChart.ts'
import { exactScale, extent, linearScale } from '../../report/charts/scale.ts'
import { legend, shortened } from '../../report/charts/svg.ts'
import { waterfall } from '../../report/charts/waterfall.ts'

const test = suite('report: charts')

/** The numbers in the first match of a pattern's group. */
function numbersIn(text: string | undefined, pattern: RegExp): number[] {
  return (pattern.exec(text ?? '')?.[1] ?? '').match(/-?\d+(\.\d+)?/g)?.map(Number) ?? []
}

test('a scale is widened to round steps', () => {
  const scale = linearScale(3, 97, 0, 100)
  assert.equal(scale.ticks, [0, 20, 40, 60, 80, 100])
  assert.is(scale.map(50), 50)
  const small = linearScale(-0.0123, 0.0031, 200, 0)
  assert.equal(small.ticks, [-0.015, -0.01, -0.005, 0, 0.005])
  assert.equal(small.ticks.map(small.label), ['-0.015', '-0.010', '-0.005', '0.000', '0.005'])
  assert.is(small.map(-0.015), 200)
  assert.is(small.map(0.005), 0)
})

test('an exact scale keeps its ends', () => {
  const scale = exactScale(1, 12, 0, 110)
  assert.equal(scale.ticks, [5, 10])
  assert.is(scale.map(1), 0)
  assert.is(scale.map(12), 110)
  assert.is(scale.map(5), 40)
})

test('one value has room on both sides', () => {
  for (const make of [linearScale, exactScale]) {
    for (const value of [0, 90, -3]) {
      const x = make(value, value, 0, 100).map(value)
      assert.ok(x > 0 && x < 100, `${value} at ${x}`)
    }
  }
})

test('the extent ignores what is not finite', () => {
  assert.equal(extent([Number.NaN, 2, Number.POSITIVE_INFINITY, -1]), { low: -1, high: 2 })
  assert.is(extent([Number.NaN]), null)
  assert.is(extent([]), null)
})

test('a dot plot has every finite dot, the range and the median', () => {
  const dots = [4, 1, Number.POSITIVE_INFINITY, 2].map((value, series) => ({ value, series, title: `v${value}` }))
  const text = dotPlot('label', 'axis', [{ label: 'row', dots }])?.text ?? ''
  assert.is(text.match(/class="mark/g)?.length, 3)
  assert.match(text, '<title>v4</title>')
  assert.not.match(text, 'Infinity')
  // With the scale's ends at 1 and 4 the median, 2, divides the range 1:2.
  const [low, , high] = numbersIn(text, /class="range" d="([^"]*)"/)
  const [middle] = numbersIn(text, /class="median" d="([^"]*)"/)
  assert.ok(Math.abs((middle - low) / (high - low) - 1 / 3) < 0.001)
})

test('dots at one place stand above one another', () => {
  const dots = [0, 1, 2].map((series) => ({ value: 5, series, title: '' }))
  const text = dotPlot('', '', [{ label: 'row', dots }])?.text ?? ''
  const places = [...text.matchAll(/translate\(([^)]*)\)/g)].map(([, place]) => place)
  assert.is(new Set(places).size, 3)
})

test('nothing finite, no drawing', () => {
  assert.is(dotPlot('', '', []), null)
  assert.is(dotPlot('', '', [{ label: 'a', dots: [{ value: Number.NaN, series: 0, title: '' }] }]), null)
  assert.is(lineChart('', '', []), null)
  assert.is(lineChart('', '', [{ name: 'a', series: 0, points: [{ x: 1, y: Number.NaN }] }]), null)
})

test('a line leaves out what is not finite and ends in a mark', () => {
  const points = [1, 2, 3, 4].map((x) => ({ x, y: x === 2 ? Number.NaN : x }))
  const text = lineChart('title', 'epoch', [{ name: 'a', series: 9, points }])?.text ?? ''
  const [x1, , x3, , x4] = numbersIn(text, /class="line s1" d="([^"]*)"/)
  assert.ok(Math.abs((x3 - x1) / (x4 - x1) - 2 / 3) < 0.001)
  assert.is(text.match(/class="mark/g)?.length, 1)
  assert.not.match(text, 'NaN')
})

test('a waterfall begins each bar where the one before ended', () => {
  const { text } = waterfall({
    label: 'l',
    axis: 'a',
    from: 90,
    start: 'float',
    end: 'npu',
    steps: [
      { label: 'down', change: -4 },
      { label: 'up', change: 1 },
    ],
    format: String,
    formatChange: String,
  })
  const [down, up] = [...text.matchAll(/class="(loss|gain)" d="M([\d.]+) [\d.]+H([\d.]+)/g)]
  assert.is(down[1], 'loss')
  assert.is(up[1], 'gain')
  assert.is(down[3], up[2])
  const unit = (Number(down[2]) - Number(down[3])) / 4
  assert.ok(Math.abs(Number(up[3]) - Number(up[2]) - unit) < 0.02)
  assert.match(text, '>87</text>')
})

test('a histogram draws roots of counts over the same bins', () => {
  const pair = { title: 't', axis: 'x', limit: 4, threshold: 2.5, thresholdLabel: 'τ 2.5' }
  const { text } = histogramPair({ ...pair, before: [16, 4, 0, 1], after: [16, 4, 1, 0] })
  const bars =
    /class="after" d="([^"]*)"/
      .exec(text)?.[1]
      .split('z')
      .filter((bar) => bar !== '') ?? []
  assert.is(bars.length, 3, 'no bar for an empty bin')
  const heights = bars.map((bar) => {
    const [, bottom, top] = numbersIn(bar, /(.*)/)
    return bottom - top
  })
  assert.equal(heights, [100, 50, 25])
  const empty = histogramPair({ ...pair, limit: 0, before: [0, 0], after: [0, 0], threshold: 0 })
  assert.not.match(empty.text, /NaN|Infinity/)
})

test('the colour of a cell has fixed steps', () => {
  const found = [0, 0.24, -0.25, 0.5, -1.99, 2, -7, -100, Number.NaN].map(heatClass)
  assert.equal(found, ['even', 'even', 'loss1', 'gain2', 'loss3', 'gain4', 'loss5', 'loss7', 'even'])
  const { text } = heatMap('c', ['one', 'two'], [{ label: 'row', cells: [{ points: -3, text: '-3.00' }, null] }])
  assert.match(text, '<th scope="row">row</th><td class="loss4">-3.00</td><td class="none">-</td>')
})

test('long names keep their end, one series needs no legend', () => {
  assert.is(shortened('short', 150), 'short')
  assert.is(shortened('stages.0.blocks.1.conv2', 100), '….blocks.1.conv2')
  assert.is(legend(['only']), null)
  assert.match(legend(['a', '<b>'])?.text ?? '', '&lt;b&gt;')
})

test.run()
