/** The drawing area: white ink on black, as MNIST has it. */

const PEN = 22

/** Lets people draw on a canvas with mouse, pen or finger; `onInk(finished)` is called while they do and after each stroke. */
export class Pad {
  #canvas
  #context
  #onInk
  #last = null

  constructor(canvas, onInk) {
    this.#canvas = canvas
    this.#context = canvas.getContext('2d', { willReadFrequently: true })
    this.#onInk = onInk
    canvas.addEventListener('pointerdown', (event) => this.#begin(event))
    canvas.addEventListener('pointermove', (event) => this.#move(event))
    for (const kind of ['pointerup', 'pointercancel']) canvas.addEventListener(kind, () => this.#end())
    this.clear()
  }

  /** Removes all ink. */
  clear() {
    this.#last = null
    this.#context.fillStyle = '#000'
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height)
  }

  /** Shows a picture of side x side bytes. */
  show(pixels, side) {
    this.clear()
    const small = new OffscreenCanvas(side, side)
    small.getContext('2d').putImageData(greyImage(pixels, side), 0, 0)
    this.#context.drawImage(small, 0, 0, this.#canvas.width, this.#canvas.height)
  }

  /** What is drawn: bytes of ink, row by row, with their width and height. */
  ink() {
    const { width, height } = this.#canvas
    const { data } = this.#context.getImageData(0, 0, width, height)
    return { ink: Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]), width, height }
  }

  #begin(event) {
    if (event.button !== 0) return
    this.#canvas.setPointerCapture(event.pointerId)
    this.#last = this.#place(event)
    this.#line(this.#last)
    this.#onInk(false)
  }

  #move(event) {
    if (this.#last === null) return
    const events = event.getCoalescedEvents?.() ?? []
    for (const each of events.length > 0 ? events : [event]) this.#line(this.#place(each))
    this.#onInk(false)
  }

  #end() {
    if (this.#last === null) return
    this.#last = null
    this.#onInk(true)
  }

  #place({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect()
    return [((clientX - left) / width) * this.#canvas.width, ((clientY - top) / height) * this.#canvas.height]
  }

  #line(to) {
    const context = this.#context
    context.strokeStyle = '#fff'
    context.lineWidth = PEN
    context.lineCap = 'round'
    context.lineJoin = 'round'
    context.beginPath()
    context.moveTo(...this.#last)
    context.lineTo(...to)
    context.stroke()
    this.#last = to
  }
}

/** A picture of bytes as image data. */
export function greyImage(pixels, side) {
  const image = new ImageData(side, side)
  for (let i = 0; i < pixels.length; i++) image.data.set([pixels[i], pixels[i], pixels[i], 255], 4 * i)
  return image
}

/** The pixels of an image file, at most 512 a side. Rejects where the browser cannot read it. */
export async function readImage(file) {
  const bitmap = await createImageBitmap(file)
  const scale = Math.min(1, 512 / Math.max(bitmap.width, bitmap.height))
  const [width, height] = [bitmap.width, bitmap.height].map((extent) => Math.max(1, Math.round(extent * scale)))
  const context = new OffscreenCanvas(width, height).getContext('2d')
  context.drawImage(bitmap, 0, 0, width, height)
  return context.getImageData(0, 0, width, height)
}
