import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { applyOp, backward } from '../../../engine/core/tape.ts'
import { type FloatTensor, Tensor } from '../../../engine/core/tensor.ts'
import type { Op, Sample } from '../../../engine/ops/op.ts'

const STEP = 1e-2
const TOLERANCE = 4e-3

/**
 * Compares the gradient of L = sum(output0 * r), r seeded, with central differences of the forward pass at every element
 * of every differentiable input. With step h the truncation error is of order h^2 and the f32 rounding error of order
 * 2^-24 |L| / h, both well below the tolerance, which is relative to max(1, |gradient|).
 */
export function checkGradients<A extends object>(op: Op<A>, sample: Sample<A>): void {
  const leaves = sample.inputs.map((input, i) => {
    const wanted = input?.dtype === 'float32' && (sample.differentiable?.includes(i) ?? true)
    return input === null ? null : new Tensor(input.dtype, input.shape, input.data.slice() as Float32Array, wanted)
  })
  const output = applyOp(op, leaves, sample.attributes)[0] as FloatTensor
  const random = new RandomStream(1, `${op.name} ${sample.name}`)
  const weights = Float32Array.from(output.data, () => random.uniform() * 2 - 1)
  backward(output, new Tensor('float32', output.shape, weights))

  const loss = (): number => {
    const plain = leaves.map((leaf) => leaf?.detach() ?? null)
    const { data } = applyOp(op, plain, sample.attributes)[0]
    let sum = 0
    for (let i = 0; i < data.length; i++) sum += data[i] * weights[i]
    return sum
  }
  for (const [index, leaf] of leaves.entries()) {
    if (!leaf?.requiresGrad) continue
    assert.ok(leaf.grad, `${op.name} (${sample.name}): input ${index} got no gradient`)
    for (let i = 0; i < leaf.size; i++) {
      const value = leaf.data[i]
      leaf.data[i] = value + STEP
      const above = leaf.data[i]
      const lossAbove = loss()
      leaf.data[i] = value - STEP
      const below = leaf.data[i]
      const lossBelow = loss()
      leaf.data[i] = value
      const numeric = (lossAbove - lossBelow) / (above - below)
      const analytic = leaf.grad.data[i]
      const allowed = TOLERANCE * Math.max(1, Math.abs(analytic))
      assert.ok(
        Math.abs(numeric - analytic) <= allowed,
        `${op.name} (${sample.name}): input ${index}, element ${i}: gradient ${analytic}, finite difference ${numeric}`,
      )
    }
  }
}
