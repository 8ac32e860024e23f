import type { PlaneExtents } from './kernels/averagePool.ts'
import type { Window } from './program.ts'

/** For each window position, row-major: how many taps lie in the image, and how many inside the padded image. */
export interface WindowCounts {
  readonly inside: Int32Array
  readonly padded: Int32Array
}

/** Example: a 2x2 window at stride 2, pads 1 all round, on 2x2: inside [1, 1, 1, 1], padded [4, 4, 4, 4]. */
export function windowCounts({ h, w, outH, outW }: PlaneExtents, window: Window): WindowCounts {
  const { kernel, strides, dilations, pads } = window
  const along = (position: number, axis: 0 | 1, from: number, to: number): number => {
    let count = 0
    for (let k = 0; k < kernel[axis]; k++) {
      const at = position * strides[axis] - pads[axis] + k * dilations[axis]
      if (at >= from && at < to) count++
    }
    return count
  }
  const inside = new Int32Array(outH * outW)
  const padded = new Int32Array(outH * outW)
  for (let p = 0; p < outH * outW; p++) {
    const y = Math.floor(p / outW)
    const x = p % outW
    inside[p] = along(y, 0, 0, h) * along(x, 1, 0, w)
    padded[p] = along(y, 0, -pads[0], h + pads[2]) * along(x, 1, -pads[1], w + pads[3])
  }
  return { inside, padded }
}
