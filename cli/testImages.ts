import { RandomStream } from '../engine/base/random.ts'
import type { FloatTensor } from '../engine/core/tensor.ts'
import type { Graph, Parameters } from '../engine/graph/graph.ts'
import { batches } from '../models/data/batches.ts'
import { type Dataset, subset } from '../models/data/dataset.ts'
import { type FloatResult, floatQuality, type LabelledImages } from '../quant/audit/compare.ts'

/** Images in a batch: no float result depends on it; what averages over batches when it calibrates does. */
const BATCH = 50

/** A data set in batches, in its own order. */
export function inBatches(dataset: Dataset, size = BATCH): LabelledImages[] {
  return [...batches(dataset, { size })].map(({ images, labels }) => ({ images, labels: labels.data }))
}

/** `count` training images drawn with `seed`, in batches: what the back ends calibrate on. */
export function calibrationImages(train: Dataset, count: number, seed: number, size = BATCH): FloatTensor[] {
  const order = new RandomStream(seed, 'calibration').permutation(train.labels.length)
  return inBatches(subset(train, order.subarray(0, count)), size).map(({ images }) => images)
}

/** Accuracy and calibration of a float model on a data set. */
export function evaluateFloat(model: { graph: Graph; parameters: Parameters }, dataset: Dataset): FloatResult {
  return floatQuality(model.graph, model.parameters, inBatches(dataset))
}
