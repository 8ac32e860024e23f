/** What is computed alike in Node and in every kind of page: the same code, hashed. Runs wherever ES modules do. */

import { context } from '../../engine/core/context.ts'
import { cosine, type Graph, RandomStream, SGD, UnsupportedError, useKernels } from '../../engine/index.ts'
import { batches, lenet, synthetic } from '../../models/index.ts'
import { plainFakeQuantiseKernels } from '../../quant/affine/fakeQuantiseKernel.ts'
import { fakeQuantiseKernels } from '../../quant/affine/simd/bindings.ts'
import {
  type Backend,
  backends,
  type CodeTensor,
  compile,
  engineFloatOperators,
  type FloatArray,
  type IntegerProgram,
  IntegerSession,
  methodOptions,
  Trainer,
} from '../../quant/index.ts'
import { plainIntegerKernels } from '../../quant/integer/kernels/index.ts'
import { encodeProgram } from '../../quant/integer/programFile.ts'
import { createWorkspace } from '../../quant/integer/simd/workspace.ts'
import { images, randomParameters } from '../quant/integer/models.ts'
import { Hash } from './hash.ts'
import { goldenNetworks } from './networks.ts'

/** Which of the kernels that may be SIMD are. */
export interface KernelsUsed {
  readonly engine: 'simd' | 'plain'
  readonly fakeQuantise: 'simd' | 'plain'
  readonly integer: 'simd' | 'plain'
}

/** What one place computed. */
export interface Proof {
  readonly kernels: KernelsUsed
  /** SHA-256 by subject: 'NETWORK BACKEND' for golden networks, or why that is refused; 'training' for the training run. */
  readonly results: Readonly<Record<string, string>>
}

/** Computes everything with SIMD kernels where they can be had, or with the plain ones. */
export async function prove(kernels: 'simd' | 'plain'): Promise<Proof> {
  useKernels({ kernels })
  const results: Record<string, string> = {}
  for (const graph of goldenNetworks()) {
    for (const backend of backends.values()) {
      results[`${graph.name} ${backend.name}`] = await goldenResult(graph, backend, kernels)
    }
  }
  results.training = await trainingHash()
  return { kernels: kernelsUsed(kernels), results }
}

function kernelsUsed(kernels: 'simd' | 'plain'): KernelsUsed {
  const { memory } = context
  return {
    engine: memory === null ? 'plain' : 'simd',
    fakeQuantise: fakeQuantiseKernels(memory) === plainFakeQuantiseKernels ? 'plain' : 'simd',
    integer: createWorkspace([], [], { kernels }).kernels === plainIntegerKernels ? 'plain' : 'simd',
  }
}

/** Compiles a network and runs it: SHA-256 of the program's file, every value's codes or numbers and the outputs, or a refusal. */
async function goldenResult(graph: Graph, backend: Backend, kernels: 'simd' | 'plain'): Promise<string> {
  const shape = graph.inputs[0].shape.slice(1) as number[]
  const calibration = [images(new RandomStream(2, 'calibration'), 8, shape)]
  let program: IntegerProgram
  try {
    program = compile(graph, randomParameters(graph, 1), backend, { calibration })
  } catch (error) {
    if (error instanceof UnsupportedError) return `refused: ${error.message}`
    throw error
  }
  const hash = new Hash()
  hash.add(encodeProgram(program))
  const trace = new Map<string, CodeTensor>()
  const traceFloats = new Map<string, FloatArray>()
  const session = new IntegerSession(program, { kernels, floatOperators: engineFloatOperators })
  const outputs = session.run(images(new RandomStream(3, 'images'), 3, shape), { trace, traceFloats })
  for (const [name, { data }] of [...trace, ...traceFloats]) {
    hash.add(name)
    hash.add(data)
  }
  hash.add(outputs.data)
  return hash.digest()
}

/** Every parameter after 20 steps of lenet with every part of Quant-Trim at work. */
async function trainingHash(): Promise<string> {
  const data = synthetic({ split: 'train', count: 80, seed: 1 })
  const trainer = new Trainer(lenet({ input: data.shape, classes: 10 }), {
    method: { ...methodOptions('quant-trim'), observerSkip: 2, batchNormBatches: 2 },
    epochs: 4,
    stepsPerEpoch: 5,
    seed: 1,
    optimiser: (parameters) => new SGD(parameters, { lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
    schedule: cosine(),
    labelSmoothing: 0.1,
  })
  const epoch = (n: number) => batches(data, { size: 16, shuffle: true, seed: 1, epoch: n, augment: { pad: 2 } })
  while (trainer.epoch < 4) await trainer.trainEpoch(epoch(trainer.epoch))
  const hash = new Hash()
  for (const [name, { data }] of trainer.export(epoch(0)).parameters) {
    hash.add(name)
    hash.add(data)
  }
  return hash.digest()
}
