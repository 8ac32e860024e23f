import type { FloatTensor, Tensor } from '../../engine/core/tensor.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { floatParameter } from '../../engine/graph/parameters.ts'
import { usesOf } from '../../engine/graph/uses.ts'
import { quantisationPoints } from '../affine/points.ts'
import type { Quantiser } from '../affine/quantiser.ts'
import type { Scheme } from '../affine/scheme.ts'
import { type WeightQuantiserOptions, weightQuantiser } from '../affine/weightQuantiser.ts'
import { largestMagnitude } from './reversePruning.ts'

/** A convolution or linear layer directly followed by a batch norm: what folding would join. */
export interface FoldedLayer {
  readonly weight: string
  readonly gain: string
  readonly shift: string
  readonly variance: string
  readonly epsilon: number
}

/** Convolutions and linear layers (output channels first) whose only consumer is a batch norm. */
export function foldedLayers(graph: Graph): FoldedLayer[] {
  const uses = usesOf(graph)
  return graph.nodes.flatMap((node) => {
    if (node.op !== 'BatchNormalization' || uses.get(node.inputs[0]) !== 1) return []
    const layer = graph.nodes.find(({ outputs }) => outputs[0] === node.inputs[0])
    if (layer?.op !== 'Conv' && !(layer?.op === 'Gemm' && layer.attributes.transB === 1)) return []
    return [
      {
        weight: layer.inputs[1],
        gain: node.inputs[1],
        shift: node.inputs[2],
        variance: node.inputs[4],
        epsilon: (node.attributes.epsilon as number | undefined) ?? 1e-5,
      },
    ]
  })
}

/** A weight that a back end would quantise, and the batch norm that it would be folded with; null where none follows. */
export interface WeightLayer {
  readonly weight: string
  readonly folded: FoldedLayer | null
}

/** The layers of convolutions and matrix products whose output channels come first, each weight once, in the order of the network. */
export function weightLayers(graph: Graph): WeightLayer[] {
  const folded = new Map(foldedLayers(graph).map((layer) => [layer.weight, layer]))
  const points = quantisationPoints(graph).weights.filter(({ axis }) => axis === 0)
  return [...new Set(points.map(({ parameter }) => parameter))].map((weight) => ({
    weight,
    folded: folded.get(weight) ?? null,
  }))
}

/**
 * What folding multiplies each output channel's weights with, as magnitudes: |gamma| / sqrt(var + eps), in double.
 * Example: gamma -3, running variance 4, eps 0: 1.5.
 */
export function foldingFactors(layer: FoldedLayer, parameters: ReadonlyMap<string, Tensor>): Float64Array {
  const gain = floatParameter(parameters, layer.gain).data
  const variance = floatParameter(parameters, layer.variance).data
  return Float64Array.from(gain, (gamma, c) => Math.abs(gamma) / Math.sqrt(variance[c] + layer.epsilon))
}

/**
 * The largest magnitude of each output channel's weights [O, ...], times what folding multiplies it with; as it is where `folded`
 * is null. In double. Example: w = [[1, -2], [0.5, 0]], factors [1.5, 4]: [3, 2].
 */
export function channelMaxima(
  weight: string,
  folded: FoldedLayer | null,
  parameters: ReadonlyMap<string, Tensor>,
): number[] {
  const { data, shape, size } = floatParameter(parameters, weight)
  const length = size / shape[0]
  const factors = folded === null ? null : foldingFactors(folded, parameters)
  return Array.from(
    { length: shape[0] },
    (_, c) => largestMagnitude(data.subarray(c * length, (c + 1) * length)) * (factors?.[c] ?? 1),
  )
}

/**
 * The quantiser of a raw weight [O, ...] whose codes are those of the folded weight, channel c of which is `factors[c]`
 * times as large: scale S_c / factors[c], S the folded weight's scale or scales. (An asymmetric scheme takes every gain as
 * positive: where one is negative the folded range is mirrored.) A channel that
 * folding makes vanish (factor 0, or a quotient beyond f32) keeps the scale of its raw weights: no code of it matters.
 * Example: w = [[1], [-0.5]], factors [1, 8], 4 bits, per tensor: S = f32(4/7), scales [f32(4/7), f32(1/14)].
 */
export function foldedQuantiser(
  w: FloatTensor,
  factors: Float64Array,
  scheme: Scheme,
  options: WeightQuantiserOptions = {},
): Quantiser {
  const length = w.size / factors.length
  const folded = w.data.map((value, i) => value * factors[Math.floor(i / length)])
  const { scale, zeroPoint, qmin, qmax } = weightQuantiser(folded, w.shape, scheme, options)
  const raw = Float32Array.from(factors, (factor, c) => scale[scale.length === 1 ? 0 : c] / factor)
  if (!raw.every((s) => s > 0 && Number.isFinite(s))) {
    const own = weightQuantiser(w.data, w.shape, { ...scheme, granularity: 'channel' }, { axis: 0 }).scale
    for (let c = 0; c < raw.length; c++) if (!(raw[c] > 0 && Number.isFinite(raw[c]))) raw[c] = own[c]
  }
  const zeroPoints = Int32Array.from(raw, (_, c) => zeroPoint[zeroPoint.length === 1 ? 0 : c])
  return { scale: raw, zeroPoint: zeroPoints, qmin, qmax, axis: 0 }
}
