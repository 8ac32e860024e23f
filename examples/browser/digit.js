/** Pictures as MNIST has them: a white digit on black, in a box of 20 x 20, its centre of mass in the middle of 28 x 28. */

/** Rows and columns of a picture. */
export const SIDE = 28
const BOX = 20

/** Ink below this share of the darkest is taken for paper. */
const FLOOR = 0.2

/**
 * The ink of an image: 0 for the background, up to 255. Transparent pixels are white; the background is the median of
 * the border, so that dark digits on light paper and light ones on dark both come out. Returns { ink, width, height }.
 */
export function inkOf({ data, width, height }) {
  const grey = new Float64Array(width * height)
  for (let i = 0; i < grey.length; i++) {
    const [r, g, b, a] = data.subarray(4 * i, 4 * i + 4)
    grey[i] = 255 + ((0.299 * r + 0.587 * g + 0.114 * b - 255) * a) / 255
  }
  const border = []
  for (let x = 0; x < width; x++) border.push(grey[x], grey[(height - 1) * width + x])
  for (let y = 0; y < height; y++) border.push(grey[y * width], grey[y * width + width - 1])
  const background = border.sort((a, b) => a - b)[border.length >> 1]
  const sign = background > 127 ? -1 : 1
  const ink = grey.map((value) => Math.max(0, sign * (value - background)))
  const darkest = ink.reduce((a, b) => Math.max(a, b), 0)
  if (darkest > 0) for (let i = 0; i < ink.length; i++) ink[i] = ink[i] < FLOOR * darkest ? 0 : (ink[i] / darkest) * 255
  return { ink, width, height }
}

/**
 * A picture of 28 x 28 bytes from ink of any size: the bounding box of the ink, scaled so that its longer side has 20
 * pixels (each the mean of what it covers), placed with its centre of mass at the centre. null where there is no ink.
 */
export function normaliseDigit({ ink, width, height }) {
  const box = boundingBox(ink, width, height)
  if (box === null) return null
  const scale = Math.max(box.width, box.height) / BOX
  const columns = Math.max(1, Math.round(box.width / scale))
  const rows = Math.max(1, Math.round(box.height / scale))
  const small = new Float64Array(rows * columns)
  let [sum, sumX, sumY] = [0, 0, 0]
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const left = box.left + (x / columns) * box.width
      const top = box.top + (y / rows) * box.height
      const value = mean(ink, width, left, top, box.width / columns, box.height / rows)
      small[y * columns + x] = value
      sum += value
      sumX += value * (x + 0.5)
      sumY += value * (y + 0.5)
    }
  }
  const place = (centre, size) => Math.min(Math.max(Math.round(SIDE / 2 - centre), 0), SIDE - size)
  const left = place(sumX / sum, columns)
  const top = place(sumY / sum, rows)
  const pixels = new Uint8Array(SIDE * SIDE)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      pixels[(top + y) * SIDE + left + x] = Math.min(255, Math.round(small[y * columns + x]))
    }
  }
  return pixels
}

/** The rectangle of all pixels with ink, or null. */
function boundingBox(ink, width, height) {
  let [left, right, top, bottom] = [width, -1, height, -1]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (ink[y * width + x] < 16) continue
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = y
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 }
}

/** The mean over a rectangle whose edges may cut through pixels. */
function mean(ink, stride, left, top, width, height) {
  let sum = 0
  for (let y = Math.floor(top); y < top + height - 1e-9; y++) {
    const share = Math.min(y + 1, top + height) - Math.max(y, top)
    for (let x = Math.floor(left); x < left + width - 1e-9; x++) {
      sum += share * (Math.min(x + 1, left + width) - Math.max(x, left)) * ink[y * stride + x]
    }
  }
  return sum / (width * height)
}
