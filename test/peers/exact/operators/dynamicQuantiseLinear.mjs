// DynamicQuantizeLinear: the scale is computed from the data, so its bits are compared too.

import { tensorOf } from '../draw.mjs'
import { model, node } from '../model.mjs'

/** Real numbers whose range is a round number of steps, so that many lie on ties; or constant; or any. */
function input(draw, dims) {
  const step = draw.scale()
  switch (draw.integer(0, 5)) {
    case 0: {
      const value = draw.pick([0, step, -step, 3.5])
      return tensorOf('float32', dims, () => value)
    }
    case 1:
      return draw.uniform(dims, 0.25, 3)
    case 2:
      return draw.uniform(dims, -3, -0.25)
    case 3:
      return draw.uniform(dims, -1, 2)
    default: {
      // 255 steps from end to end: the scale is `step` or next to it.
      const low = draw.integer(-255, 0)
      const halves = () => (draw.oneIn(2) ? 0.5 : 0)
      return tensorOf('float32', dims, (i) => {
        if (i < 2) return (i === 0 ? low : low + 255) * step
        return Math.min(low + 255, draw.integer(low, low + 254) + halves()) * step
      })
    }
  }
}

export const dynamicQuantizeLinear = {
  name: 'DynamicQuantizeLinear',
  *cases(draw) {
    for (;;) {
      const x = input(draw, [draw.integer(1, 40), draw.integer(200, 1500)])
      yield {
        model: model({
          nodes: [node('DynamicQuantizeLinear', ['x'], ['y', 'scale', 'zero'])],
          feeds: { x },
          outputs: { y: 'uint8', scale: 'float32', zero: 'uint8' },
        }),
        feeds: { x },
      }
    }
  },
}
