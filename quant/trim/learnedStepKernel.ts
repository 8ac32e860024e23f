import { roundHalfEven } from '../../engine/base/rounding.ts'
import { foldLanes, LANES } from '../../engine/kernels/sumLanes.ts'

/**
 * Quantises with step s and zero point 0, then dequantises: x^ = f32(s clamp(RHE(f32(x / s)), qmin, qmax)). Runs of
 * `inner` elements share a step, the steps follow one another cyclically. NaN stays NaN.
 * Example: s = 0.5, codes [-8, 7]: 0.8 is 1.6 steps, rounds to 2, gives 1; 100 gives 3.5.
 */
export function learnedStep(
  x: Float32Array,
  step: Float32Array,
  inner: number,
  qmin: number,
  qmax: number,
  out: Float32Array,
): void {
  for (let start = 0, c = 0; start < x.length; start += inner, c = (c + 1) % step.length) {
    const s = step[c]
    for (let i = start; i < start + inner; i++) {
      out[i] = s * Math.min(Math.max(roundHalfEven(Math.fround(x[i] / s)), qmin), qmax)
    }
  }
}

/**
 * LSQ's gradients (arXiv 1902.08153, equations 2 and 3). With d = f32(x / s):
 *
 *     gradX    = gradOut where qmin < d < qmax, else 0
 *     t        = f32(RHE(d) - d) where qmin < d < qmax, qmin where d <= qmin, qmax where d >= qmax
 *     gradStep = f32(factor * sum of f32(gradOut * t))
 *
 * The sum is the standard reduction over contiguous data (engine/kernels/sumLanes.ts): each step's lanes persist over
 * its runs. `factor` is an f32. Example: s = 0.5, d = 1.6, gradOut 1, factor 1: gradX 1, gradStep f32(0.4).
 */
export function learnedStepGrad(
  x: Float32Array,
  step: Float32Array,
  inner: number,
  qmin: number,
  qmax: number,
  factor: number,
  gradOut: Float32Array,
  gradX: Float32Array,
  gradStep: Float32Array,
): void {
  const lanes = new Float32Array(LANES * step.length)
  for (let start = 0, c = 0; start < x.length; start += inner, c = (c + 1) % step.length) {
    const s = step[c]
    for (let i = start; i < start + inner; i++) {
      const d = Math.fround(x[i] / s)
      const inside = d > qmin && d < qmax
      const t = d <= qmin ? qmin : d >= qmax ? qmax : Math.fround(roundHalfEven(d) - d)
      gradX[i] = inside ? gradOut[i] : 0
      lanes[c * LANES + ((i - start) % LANES)] += Math.fround(gradOut[i] * t)
    }
  }
  for (let c = 0; c < step.length; c++) {
    gradStep[c] = factor * foldLanes(lanes.subarray(c * LANES, (c + 1) * LANES))
  }
}
