/**
 * What a model's outputs are worth: pure functions over float32 logits [N, K] (row-major) and N labels. They report, they
 * do not compute the model: sums run in double, in ascending order, and so are the same on every machine; only
 * `logitSqnrDb` uses `Math.log10`, whose last bit is the JavaScript engine's.
 *
 * All throw `ShapeError` where the lengths do not fit or there is no sample, and `NumericError` for a logit that is NaN
 * or infinite: such an output must not be scored in silence.
 */

import { argmax } from '../../engine/base/argmax.ts'
import { NumericError, ShapeError, UsageError } from '../../engine/base/errors.ts'
import { exp } from '../../engine/kernels/transcendental/exp.ts'

function checkFinite(logits: Float32Array, operation: string): void {
  const wrong = logits.findIndex((logit) => !Number.isFinite(logit))
  if (wrong >= 0) {
    throw new NumericError(
      `${operation}: logit ${wrong} is ${logits[wrong]}: find the layer that first leaves the range`,
    )
  }
}

/** Checks logits against labels and returns K. */
function classCount(logits: Float32Array, labels: ArrayLike<number>, operation: string): number {
  const classes = logits.length / labels.length
  if (labels.length === 0 || !Number.isInteger(classes) || classes === 0) {
    throw new ShapeError(
      `${operation}: ${logits.length} logits do not make rows of equal length for ${labels.length} labels`,
    )
  }
  for (let i = 0; i < labels.length; i++) {
    if (!Number.isInteger(labels[i]) || labels[i] < 0 || labels[i] >= classes) {
      throw new ShapeError(`${operation}: label ${i} is ${labels[i]}, but the logits have ${classes} classes`)
    }
  }
  checkFinite(logits, operation)
  return classes
}

/** Writes the softmax of the row from `start` to `out`: e^(z - max) / sum, in double, the sum in ascending order. */
function softmaxRow(logits: Float32Array, start: number, out: Float64Array): void {
  const top = logits[start + argmax(logits, start, out.length)]
  let sum = 0
  for (let k = 0; k < out.length; k++) {
    out[k] = exp(logits[start + k] - top)
    sum += out[k]
  }
  for (let k = 0; k < out.length; k++) out[k] /= sum
}

/**
 * The fraction of samples whose largest logit is the label's. Equal logits: the lowest index counts as predicted.
 * Example: logits [[1, 2], [3, 3]], labels [1, 1] give 0.5.
 */
export function topOne(logits: Float32Array, labels: ArrayLike<number>): number {
  const classes = classCount(logits, labels, 'topOne')
  let right = 0
  for (let i = 0; i < labels.length; i++) if (argmax(logits, i * classes, classes) === labels[i]) right++
  return right / labels.length
}

/** Sums over all elements: of reference squared, and of (reference - quantised) squared. */
function energies(
  reference: Float32Array,
  quantised: Float32Array,
  operation: string,
): { signal: number; noise: number } {
  if (reference.length !== quantised.length || reference.length === 0) {
    throw new ShapeError(
      `${operation}: ${reference.length} reference logits and ${quantised.length} quantised ones; wanted equally many, at least one`,
    )
  }
  checkFinite(reference, operation)
  checkFinite(quantised, operation)
  let signal = 0
  let noise = 0
  for (let i = 0; i < reference.length; i++) {
    const difference = reference[i] - quantised[i]
    signal += reference[i] * reference[i]
    noise += difference * difference
  }
  return { signal, noise }
}

/**
 * The mean squared difference over all N * K logits. Example: [1, 2] against [1, 4] gives 2.
 */
export function logitMse(reference: Float32Array, quantised: Float32Array): number {
  return energies(reference, quantised, 'logitMse').noise / reference.length
}

/**
 * Signal to quantisation noise in decibels: 10 log10(sum f^2 / sum (f - q)^2), f the reference. Equal logits give
 * Infinity (even where all are 0), a reference of zeros against anything else -Infinity. JSON has no infinities
 * (`JSON.stringify` writes null): the caller decides what to write. Example: [3, 4] against [3, 3.5] gives 20.
 */
export function logitSqnrDb(reference: Float32Array, quantised: Float32Array): number {
  const { signal, noise } = energies(reference, quantised, 'logitSqnrDb')
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise)
}

/**
 * Brier's score over several classes: the mean over samples of sum_k (p_k - [k is the label])^2, p the softmax. From 0
 * (certain and right) to 2 (certain and wrong). Example: logits [0, 0], label 0 give 0.5.
 * (G. W. Brier, "Verification of forecasts expressed in terms of probability", 1950.)
 */
export function brier(logits: Float32Array, labels: ArrayLike<number>): number {
  const classes = classCount(logits, labels, 'brier')
  const p = new Float64Array(classes)
  let sum = 0
  for (let i = 0; i < labels.length; i++) {
    softmaxRow(logits, i * classes, p)
    for (let k = 0; k < classes; k++) {
      const difference = p[k] - (k === labels[i] ? 1 : 0)
      sum += difference * difference
    }
  }
  return sum / labels.length
}

/**
 * Expected calibration error: samples are put into `bins` bins of equal width by the softmax probability of the predicted
 * class (bin b holds confidences in (b / bins, (b + 1) / bins]); the result is the sum over bins of
 * (samples in it / N) * |their fraction right - their mean confidence|. From 0 to 1. Example: logits [0, 0], label 1:
 * confidence 0.5 for class 0, wrong, gives 0.5. Throws `UsageError` unless `bins` is an integer from 1 on.
 * (C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", 2017, with 15 bins.)
 */
export function expectedCalibrationError(logits: Float32Array, labels: ArrayLike<number>, bins = 15): number {
  const classes = classCount(logits, labels, 'expectedCalibrationError')
  if (!Number.isInteger(bins) || bins < 1) {
    throw new UsageError(`expectedCalibrationError: the number of bins is an integer from 1 on, not ${bins}`)
  }
  const p = new Float64Array(classes)
  const right = new Float64Array(bins)
  const confidence = new Float64Array(bins)
  for (let i = 0; i < labels.length; i++) {
    softmaxRow(logits, i * classes, p)
    const predicted = argmax(logits, i * classes, classes)
    let bin = 0
    while (bin < bins - 1 && p[predicted] > (bin + 1) / bins) bin++
    confidence[bin] += p[predicted]
    if (predicted === labels[i]) right[bin]++
  }
  // (n_b / N) * |right_b / n_b - confidence_b / n_b| without the division by n_b.
  let sum = 0
  for (let bin = 0; bin < bins; bin++) sum += Math.abs(right[bin] - confidence[bin])
  return sum / labels.length
}
