import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { style } from '../../report/style.ts'

const test = suite('report: colours')

/** Relative luminance of #rrggbb or #rgb (WCAG 2.2). */
function luminance(colour: string): number {
  const hex = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit).join('') : colour.slice(1)
  const [r, g, b] = [0, 2, 4].map((i) => {
    const channel = Number.parseInt(hex.slice(i, i + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

/** The variables of the light and the dark theme. */
const themes = [...style.matchAll(/:root\{([^}]*)\}/g)].map(
  ([, body]) => new Map([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]+)/g)].map(([, name, value]) => [name, value])),
)

test('text and series stand out in both themes', () => {
  assert.is(themes.length, 2)
  for (const theme of themes) {
    const colour = (name: string): string => theme.get(name) as string
    for (const ground of ['ground', 'panel', 'heat-loss', 'heat-gain']) {
      assert.ok(contrast(colour('text'), colour(ground)) >= 4.5, `text on ${ground}`)
    }
    assert.ok(contrast(colour('soft'), colour('panel')) >= 4.5, 'soft text')
    for (const name of ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 'loss', 'gain']) {
      assert.ok(contrast(colour(name), colour('panel')) >= 3, `${name} ${colour(name)}`)
    }
  }
})

test.run()
