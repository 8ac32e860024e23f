import { RandomStream } from '../engine/base/random.ts'
import type { FloatTensor } from '../engine/core/tensor.ts'
import type { Graph, Parameters } from '../engine/graph/graph.ts'
import { batches } from '../models/data/batches.ts'
import { type Dataset, subset } from '../models/data/dataset.ts'
import { type FloatResult, floatQuality, type LabelledImages } from '../quant/audit/compare.ts'

/** Images in a batch of evaluation or calibration: no result depends on it but the memory used. */
const BATCH = 50

/** A data set in batches, in its own order. */
export function inBatches(dataset: Dataset): LabelledImages[] {
  return [...batches(dataset, { size: BATCH })].map(({ images, labels }) => ({ images, labels: labels.data }))
}

/** `count` training images drawn with `seed`, in batches: what the back ends calibrate on. */
export function calibrationImages(train: Dataset, count: number, seed: number): FloatTensor[] {
  const order = new RandomStream(seed, 'calibration').permutation(train.labels.length)
  return inBatches(subset(train, order.subarray(0, count))).map(({ images }) => images)
}

/** Accuracy and calibration of a float model on a data set. */
export function evaluateFloat(model: { graph: Graph; parameters: Parameters }, dataset: Dataset): FloatResult {
  return floatQuality(model.graph, model.parameters, inBatches(dataset))
}
