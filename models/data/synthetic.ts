/**
 * The built-in data set: ten kinds of figures of straight strokes, 16 x 16 grey, drawn on the spot. Rotation, shear, size,
 * place, thickness, contrast (dark on light, too), uneven light, stray strokes and noise vary, so that the classes
 * overlap a little. Only + - * / and square roots of doubles are used, each rounded once by IEEE 754: the bytes are the
 * same on every machine.
 */

import { UsageError } from '../../engine/base/errors.ts'
import { RandomStream } from '../../engine/base/random.ts'
import { type Dataset, statistics } from './dataset.ts'

/** Height and width of an image. */
const SIDE = 16

/** Which images `synthetic` draws. */
export interface SyntheticOptions {
  /** The two splits come from disjoint random streams. Default 'train'. */
  readonly split?: 'train' | 'test'
  /** How many images. Default 6000 for 'train', 2000 for 'test'. A smaller set is the beginning of a larger one. */
  readonly count?: number
  /** Default 0. */
  readonly seed?: number
}

/** A figure around the origin, y downwards, within [-1, 1]: corners x, y, x, y ... and strokes from corner to corner. */
interface Figure {
  readonly corners: readonly number[]
  readonly strokes: readonly (readonly [number, number])[]
}

/** Neighbours in the list are alike on purpose: an opened square is a cup, a closed vee a triangle. */
const figures = {
  ring: {
    corners: [-0.4, -1, 0.4, -1, 1, -0.4, 1, 0.4, 0.4, 1, -0.4, 1, -1, 0.4, -1, -0.4],
    strokes: closed(8),
  },
  square: { corners: [-0.9, -0.9, 0.9, -0.9, 0.9, 0.9, -0.9, 0.9], strokes: closed(4) },
  cup: { corners: [-0.9, -0.9, -0.9, 0.9, 0.9, 0.9, 0.9, -0.9], strokes: open(4) },
  ell: { corners: [-0.7, -1, -0.7, 0.9, 0.8, 0.9], strokes: open(3) },
  vee: { corners: [-1, -0.9, 0, 0.9, 1, -0.9], strokes: open(3) },
  triangle: { corners: [-1, -0.9, 0, 0.9, 1, -0.9], strokes: closed(3) },
  tee: { corners: [-1, -0.8, 1, -0.8, 0, -0.8, 0, 1], strokes: pairs(2) },
  plus: { corners: [-1, 0, 1, 0, 0, -1, 0, 1], strokes: pairs(2) },
  cross: { corners: [-0.8, -0.9, 0.8, 0.9, -0.8, 0.9, 0.8, -0.9], strokes: pairs(2) },
  zigzag: { corners: [-0.9, -0.9, 0.9, -0.9, -0.9, 0.9, 0.9, 0.9], strokes: open(4) },
} as const satisfies Record<string, Figure>

function open(corners: number): [number, number][] {
  return Array.from({ length: corners - 1 }, (_, i) => [i, i + 1])
}

function closed(corners: number): [number, number][] {
  return [...open(corners), [corners - 1, 0]]
}

function pairs(strokes: number): [number, number][] {
  return Array.from({ length: strokes }, (_, i) => [2 * i, 2 * i + 1])
}

/** Uniform in [low, high). */
function between(random: RandomStream, low: number, high: number): number {
  return low + (high - low) * random.uniform()
}

/**
 * Draws the set. Label i is i mod 10, so every beginning of it is balanced. Throws `UsageError` unless `count` is an
 * integer from 1 to 1,000,000, and `RangeError` for a seed that is none.
 * @example synthetic({ split: 'train', count: 4000, seed: 1 })
 */
export function synthetic(options: SyntheticOptions = {}): Dataset {
  const { split = 'train', seed = 0 } = options
  const count = options.count ?? (split === 'train' ? 6000 : 2000)
  if (!Number.isInteger(count) || count < 1 || count > 1e6) {
    throw new UsageError(`synthetic: count is an integer from 1 to 1000000, not ${count}`)
  }
  const random = new RandomStream(seed, `synthetic ${split}`)
  const kinds: readonly Figure[] = Object.values(figures)
  const images = new Uint8Array(count * SIDE * SIDE)
  const labels = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    labels[i] = i % kinds.length
    drawImage(kinds[labels[i]], random, images.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE))
  }
  const classes = Object.keys(figures)
  return { name: 'synthetic', classes, shape: [1, SIDE, SIDE], images, labels, ...statistics.synthetic }
}

function drawImage(figure: Figure, random: RandomStream, out: Uint8Array): void {
  const figureStrokes = placeFigure(figure, random)
  const figureRadius = between(random, 0.4, 1.1)
  const strayStrokes = strokesAnywhere(random.integer(3), random)
  const strayRadius = between(random, 0.3, 0.8)
  const strayStrength = between(random, 0.3, 0.85)

  // The figure differs from its ground by `contrast`, either way, and both stay within 0 ... 1 but for noise and light.
  const contrast = between(random, 0.25, 0.7)
  const ground = between(random, 0.05, 0.95 - contrast)
  const dark = random.integer(2) === 1
  const base = dark ? ground + contrast : ground
  const step = dark ? -contrast : contrast
  const lightRight = between(random, -0.01, 0.01)
  const lightDown = between(random, -0.01, 0.01)
  const noise = between(random, 0.02, 0.16)

  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const cover = Math.max(
        coverage(figureStrokes, figureRadius, x, y),
        strayStrength * coverage(strayStrokes, strayRadius, x, y),
      )
      const light = lightRight * (x - SIDE / 2) + lightDown * (y - SIDE / 2)
      // The sum of two uniform numbers: a triangle over (-noise, noise), near enough to a bell.
      const grain = noise * (random.uniform() + random.uniform() - 1)
      const level = Math.floor((base + step * cover + light + grain) * 255 + 0.5)
      out[y * SIDE + x] = Math.min(255, Math.max(0, level))
    }
  }
}

/** The figure's strokes in pixels, four numbers each (x and y of both ends), randomly turned, sheared, sized and moved. */
function placeFigure(figure: Figure, random: RandomStream): Float64Array {
  // With t = tan(angle / 2) the turn is rational: cos = (1 - t^2) / (1 + t^2), sin = 2t / (1 + t^2); 0.18 is 20.4 degrees.
  const t = between(random, -0.18, 0.18)
  const cos = (1 - t * t) / (1 + t * t)
  const sin = (2 * t) / (1 + t * t)
  const shear = between(random, -0.3, 0.3)
  const radius = between(random, 3.6, 5.8)
  const scaleX = radius * between(random, 0.75, 1.15)
  const scaleY = radius * between(random, 0.75, 1.15)
  const centreX = (SIDE - 1) / 2 + between(random, -2, 2)
  const centreY = (SIDE - 1) / 2 + between(random, -2, 2)
  const placed = new Float64Array(figure.corners.length)
  for (let i = 0; i < placed.length; i += 2) {
    const y = scaleY * (figure.corners[i + 1] + between(random, -0.12, 0.12))
    const x = scaleX * (figure.corners[i] + between(random, -0.12, 0.12)) + shear * y
    placed[i] = centreX + cos * x - sin * y
    placed[i + 1] = centreY + sin * x + cos * y
  }
  const strokes = new Float64Array(figure.strokes.length * 4)
  for (const [i, [from, to]] of figure.strokes.entries()) {
    strokes.set([placed[2 * from], placed[2 * from + 1], placed[2 * to], placed[2 * to + 1]], i * 4)
  }
  return strokes
}

/** Short strokes that belong to no figure. */
function strokesAnywhere(count: number, random: RandomStream): Float64Array {
  const strokes = new Float64Array(count * 4)
  for (let i = 0; i < strokes.length; i += 4) {
    strokes[i] = between(random, 0, SIDE)
    strokes[i + 1] = between(random, 0, SIDE)
    strokes[i + 2] = strokes[i] + between(random, -6, 6)
    strokes[i + 3] = strokes[i + 1] + between(random, -6, 6)
  }
  return strokes
}

/** How much of the pixel at (x, y) the strokes cover, 0 to 1: their edge runs over one pixel. */
function coverage(strokes: Float64Array, radius: number, x: number, y: number): number {
  let nearest = Number.POSITIVE_INFINITY
  for (let i = 0; i < strokes.length; i += 4) {
    const alongX = strokes[i + 2] - strokes[i]
    const alongY = strokes[i + 3] - strokes[i + 1]
    const toX = x - strokes[i]
    const toY = y - strokes[i + 1]
    const squared = alongX * alongX + alongY * alongY
    const position = squared > 0 ? (toX * alongX + toY * alongY) / squared : 0
    const clamped = Math.min(1, Math.max(0, position))
    const awayX = toX - clamped * alongX
    const awayY = toY - clamped * alongY
    nearest = Math.min(nearest, awayX * awayX + awayY * awayY)
  }
  return Math.min(1, Math.max(0, radius + 0.5 - Math.sqrt(nearest)))
}
