import { ShapeError } from '../base/errors.ts'
import { formatShape } from '../base/shape.ts'
import { type FloatTensor, full } from '../core/tensor.ts'
import { matmul } from './matMul.ts'
import { mul } from './mul.ts'
import { softmax } from './softmax.ts'
import { transpose } from './transpose.ts'

/**
 * softmax(q k^T / sqrt(d)) v, the softmax over the keys (Vaswani et al., "Attention is all you need", 2017, eq. 1),
 * without mask or dropout. q [..., L, d], k [..., S, d] and v [..., S, e] give [..., L, e]; the leading dimensions
 * broadcast as in `matmul`. The factor is f32(1 / sqrt(d)) and multiplies q k^T. Throws `ShapeError`.
 */
export function scaledDotProductAttention(q: FloatTensor, k: FloatTensor, v: FloatTensor): FloatTensor {
  const depth = q.shape.at(-1)
  const fits = q.shape.length >= 2 && k.shape.length >= 2 && v.shape.length >= 2
  if (!fits || depth === 0 || k.shape.at(-1) !== depth || v.shape.at(-2) !== k.shape.at(-2)) {
    throw new ShapeError(
      `scaledDotProductAttention: q ${formatShape(q.shape)}, k ${formatShape(k.shape)}, v ${formatShape(v.shape)}; wanted [..., L, d], [..., S, d], [..., S, e] with d at least 1`,
    )
  }
  const perm = k.shape.map((_, i) => i)
  perm.splice(-2, 2, perm.length - 1, perm.length - 2)
  const scores = mul(matmul(q, transpose(k, perm)), full([], 1 / Math.sqrt(depth as number)))
  return matmul(softmax(scores, { axis: -1 }), v)
}
