/**
 * Planes [height, width] of x into planes of `out` with a border of zeros, `top` lines and `left` columns before; what
 * does not fit is left away. Of the lines, border included, only every `step`-th is there, `outHeight` in all. A line of
 * `out` has parts of `phaseWidth` columns: column c of the bordered picture is column c / phases of part c % phases, so
 * that windows `phases` apart find neighbours; only the first `parts` of the `phases` parts are there. Units are planes.
 */
export function copyPadded(
  x: usize,
  height: i32,
  width: i32,
  out: usize,
  outHeight: i32,
  top: i32,
  left: i32,
  step: i32,
  phases: i32,
  parts: i32,
  phaseWidth: i32,
  begin: i32,
  end: i32,
): void {
  const from = (<usize>(height * width)) << 2
  const to = (<usize>(outHeight * parts * phaseWidth)) << 2
  for (let p = <usize>begin; p < <usize>end; p++) {
    copyPlane(x + p * from, height, width, out + p * to, outHeight, top, left, step, phases, parts, phaseWidth, false)
  }
}

/** One plane of copyPadded; `hasBorder`: the border is there already, from an earlier plane. */
export function copyPlane(
  x: usize,
  height: i32,
  width: i32,
  out: usize,
  outHeight: i32,
  top: i32,
  left: i32,
  step: i32,
  phases: i32,
  parts: i32,
  phaseWidth: i32,
  hasBorder: bool,
): void {
  const partBytes = (<usize>phaseWidth) << 2
  const lineBytes = <usize>parts * partBytes
  for (let p = 0; p < parts; p++, out += partBytes) {
    // Column i of the part is column i * phases + start of x; those from first to stop exist.
    const start = p - left
    const first = start < 0 ? min(phaseWidth, (phases - 1 - start) / phases) : 0
    const stop = max(first, min(phaseWidth, (width - start + phases - 1) / phases))
    let to = out
    for (let line = 0; line < outHeight; line++, to += lineBytes) {
      const y = line * step - top
      if (y < 0 || y >= height) {
        if (!hasBorder) fillZero(to, to + partBytes)
        continue
      }
      const content = to + ((<usize>first) << 2)
      const end = to + ((<usize>stop) << 2)
      if (!hasBorder) {
        fillZero(to, content)
        fillZero(end, to + partBytes)
      }
      copyEvery(x + ((<usize>(y * width + first * phases + start)) << 2), phases, content, end)
    }
  }
}

/** The floats from `to` to `end`: every step-th from `from` on. */
function copyEvery(from: usize, step: i32, to: usize, end: usize): void {
  if (step === 1) {
    for (; to + 16 <= end; to += 16, from += 16) v128.store(to, v128.load(from))
  } else if (step === 2) {
    // The second load reads one float beyond the last that it needs: one more is wanted after it.
    for (; to + 16 < end; to += 16, from += 32) {
      v128.store(to, v128.shuffle<f32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6))
    }
  }
  for (; to < end; to += 4, from += (<usize>step) << 2) store<f32>(to, load<f32>(from))
}

function fillZero(from: usize, end: usize): void {
  const zero = f32x4.splat(0)
  for (; from + 16 <= end; from += 16) v128.store(from, zero)
  for (; from < end; from += 4) store<f32>(from, 0)
}
