/**
 * Cross entropy of softmax over the middle axis of logits `[outer, classes, inner]` against one label a line
 * `[outer, inner]`, fused so that no probability is ever passed to a logarithm. Lines and sums as in softmax.ts.
 */

import { expLine, maxLine } from './softmax.ts'
import { sumLine } from './sumLanes.ts'
import { log } from './transcendental/log.ts'

const f32 = Math.fround

/**
 * For each line, with d = logits - max, s = sum of exp(d) and L = log(s) (evaluated in double, rounded once):
 *
 *     probabilities = exp(d) / s
 *     loss          = L - d[target]                                                        without smoothing
 *     loss          = (1 - smoothing) * (L - d[target]) + smoothing * (L - (sum of d) / classes)      with it
 *
 * The second line is the cross entropy with the target distribution (1 - smoothing) * onehot + smoothing / classes, as
 * in PyTorch. Every operation is rounded to float32 (1 - smoothing is computed in double, then both factors are
 * rounded). Targets must lie in [0, classes): the caller checks them.
 */
export function crossEntropy(
  logits: Float32Array,
  target: Int32Array,
  losses: Float32Array,
  probabilities: Float32Array,
  outer: number,
  classes: number,
  inner: number,
  smoothing: number,
): void {
  const smooth = f32(smoothing)
  const sharp = f32(1 - smoothing)
  for (let line = 0; line < outer * inner; line++) {
    const offset = Math.floor(line / inner) * classes * inner + (line % inner)
    const max = maxLine(logits, offset, classes, inner)
    let meanDifference = 0
    if (smooth > 0) {
      for (let i = 0; i < classes; i++) {
        const at = offset + i * inner
        probabilities[at] = logits[at] - max
      }
      meanDifference = f32(sumLine(probabilities, offset, classes, inner) / f32(classes))
    }
    const sum = expLine(logits, max, probabilities, offset, classes, inner)
    for (let i = 0; i < classes; i++) probabilities[offset + i * inner] /= sum
    const logSum = f32(log(sum))
    const loss = f32(logSum - f32(logits[offset + target[line] * inner] - max))
    losses[line] = smooth > 0 ? f32(sharp * loss) + f32(smooth * f32(logSum - meanDifference)) : loss
  }
}

/**
 * gradLogits = (probabilities - q) * (gradLosses[line] / divisor), where q is the target distribution of `crossEntropy`:
 * smoothing / classes, and (1 - smoothing) more at the target; every operation is rounded to float32. `gradLosses` holds
 * one gradient a line, or a single one that all lines share; `divisor` is the number of lines for a mean, else 1.
 */
export function crossEntropyGrad(
  probabilities: Float32Array,
  target: Int32Array,
  gradLosses: Float32Array,
  gradLogits: Float32Array,
  outer: number,
  classes: number,
  inner: number,
  smoothing: number,
  divisor: number,
): void {
  const other = f32(f32(smoothing) / f32(classes))
  const wanted = f32(f32(1 - smoothing) + other)
  const shared = gradLosses.length === 1
  for (let line = 0; line < outer * inner; line++) {
    const offset = Math.floor(line / inner) * classes * inner + (line % inner)
    const gradient = f32(gradLosses[shared ? 0 : line] / f32(divisor))
    for (let i = 0; i < classes; i++) {
      const at = offset + i * inner
      gradLogits[at] = f32(probabilities[at] - (i === target[line] ? wanted : other)) * gradient
    }
  }
}
