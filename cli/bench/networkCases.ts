import { RandomStream } from '../../engine/base/random.ts'
import { type KernelChoice, scope } from '../../engine/core/context.ts'
import { noGrad } from '../../engine/core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../../engine/core/tensor.ts'
import { countMacs } from '../../engine/graph/count.ts'
import { foldBatchNorm } from '../../engine/graph/foldBatchNorm.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { initialise } from '../../engine/graph/initialise.ts'
import { runGraph } from '../../engine/graph/interpreter.ts'
import { trainableParameters } from '../../engine/graph/parameters.ts'
import { crossEntropy } from '../../engine/ops/softmaxCrossEntropyLoss.ts'
import { SGD } from '../../engine/optim/sgd.ts'
import { buildModel } from '../../models/zoo/index.ts'
import { findBackend } from '../../quant/backends/index.ts'
import { compile } from '../../quant/integer/compile.ts'
import { IntegerSession } from '../../quant/integer/session.ts'

/** A network at one task. */
export interface NetworkCase {
  readonly name: string
  /** Images of one run. */
  readonly images: number
  /** Floating-point operations of one run; null where they are not counted or are no floating-point operations. */
  readonly operations: number | null
  /** Sets the network up for the kernels that the engine was told to use; the result runs it once. */
  prepare(choice: KernelChoice): () => void
}

const CLASSES = 10
const TRAINING_BATCH = 32
/** The requantiser that most phones run. */
const BACKEND = 'tfl-int8-q31'

type Input = readonly [channels: number, height: number, width: number]

/** Networks of the zoo: inference in float and in integers, one image at a time, and training. */
export const networkCases: readonly NetworkCase[] = [
  ...network('lenet', [1, 28, 28], () => buildModel('lenet', { input: [1, 28, 28], classes: CLASSES })),
  ...network('resnet8', [3, 32, 32], () => buildModel('resnet', { input: [3, 32, 32], classes: CLASSES, depth: 8 })),
  ...network('resnet20', [3, 32, 32], () => buildModel('resnet', { input: [3, 32, 32], classes: CLASSES, depth: 20 })),
  ...network('mobilenet', [3, 32, 32], () => buildModel('mobilenet', { input: [3, 32, 32], classes: CLASSES })),
]

function network(name: string, input: Input, build: () => Graph): NetworkCase[] {
  return [
    {
      name: `${name} float, 1 image`,
      images: 1,
      operations: 2 * countMacs(build()),
      prepare() {
        const graph = build()
        const { graph: folded, parameters } = foldBatchNorm(graph, initialise(graph, 1))
        const image = pictures(1, input)
        return () => scope(() => noGrad(() => void runGraph(folded, parameters, { image })))
      },
    },
    {
      name: `${name} int8, 1 image`,
      images: 1,
      operations: null,
      prepare(choice) {
        const graph = build()
        const image = pictures(1, input)
        const program = compile(graph, initialise(graph, 1), findBackend(BACKEND), { calibration: [image] })
        const session = new IntegerSession(program, choice)
        return () => void session.run(image)
      },
    },
    {
      name: `${name} training step, ${TRAINING_BATCH} images`,
      images: TRAINING_BATCH,
      operations: null,
      prepare: () => trainingStep(build(), input),
    },
  ]
}

/** Forward in training mode, cross-entropy, gradients, SGD with momentum. */
function trainingStep(graph: Graph, input: Input): () => void {
  const parameters = initialise(graph, 1)
  // So low a rate keeps everything finite however often the step is run.
  const optimiser = new SGD(trainableParameters(graph, parameters), { lr: 1e-6, momentum: 0.9 })
  const image = pictures(TRAINING_BATCH, input)
  const labels = tensor(
    Array.from({ length: TRAINING_BATCH }, (_, i) => i % CLASSES),
    [TRAINING_BATCH],
    { dtype: 'int32' },
  )
  return () => scope(() => step(graph, parameters, optimiser, image, labels))
}

function step(graph: Graph, parameters: Parameters, optimiser: SGD, image: FloatTensor, labels: Tensor<'int32'>): void {
  const { logits } = runGraph(graph, parameters, { image }, { training: true })
  crossEntropy(logits as FloatTensor, labels).backward()
  optimiser.step()
  optimiser.zeroGrad()
}

/** A batch of noise in [0, 1). */
function pictures(batch: number, input: Input): FloatTensor {
  const random = new RandomStream(1, 'pictures')
  const shape = [batch, ...input]
  const length = shape.reduce((product, extent) => product * extent, 1)
  return tensor(
    Array.from({ length }, () => random.uniform()),
    shape,
  )
}
