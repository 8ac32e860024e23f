import { UsageError } from '../../engine/base/errors.ts'
import { sizeOf } from '../../engine/base/shape.ts'
import type { Executor } from '../../engine/simd/executor.ts'
import { engineFloatOperators } from '../integer/engineFloatOperators.ts'
import { planBytes, planMemory } from '../integer/memoryPlan.ts'
import { floatsByName, type IntegerProgram, valuesByName } from '../integer/program.ts'
import { type FloatArray, IntegerSession } from '../integer/session.ts'

/** How long a program is measured, and with what. */
export interface MeasureOptions {
  /** Milliseconds that pass, as `performance.now` counts them. */
  readonly clock: () => number
  /** Timed runs of one image; at least 1. Default 50. */
  readonly runs?: number
  /** Runs before, which are not timed. Default 5. */
  readonly warmup?: number
  /** Images of the run that throughput is measured with; at least 1. Default 32. */
  readonly batch?: number
  readonly executor?: Executor
}

/** One program in our own runtime on the machine at hand: a measurement, not a model. */
export interface Measured {
  /** Of the runs of one image. */
  readonly medianMs: number
  /** 95th percentile of the same, the nearest rank. */
  readonly p95Ms: number
  /** Of a run of `batch` images, the fastest of three. */
  readonly imagesPerSecond: number
  /** Constants and the memory plan's buffers for one image: what the program needs at least, exactly. */
  readonly memoryBytes: number
}

/**
 * Times a program on images of any values (integer arithmetic takes the same time for all): latency of one image, median and 95th
 * percentile over runs, and throughput of a batch. Throws `UsageError` for counts below 1.
 * Example: times 1, 2, 3, 4 ms in any order: median 2 ms (the lower of two in the middle), p95 4 ms.
 */
export function measureProgram(program: IntegerProgram, options: MeasureOptions): Measured {
  const { clock, runs = 50, warmup = 5, batch = 32, executor } = options
  if (!(runs >= 1) || !(batch >= 1)) {
    throw new UsageError(`measure: ${runs} runs, a batch of ${batch}; wanted integers from 1 on`)
  }
  const session = new IntegerSession(program, { executor, floatOperators: engineFloatOperators })
  const one = blankImages(program, 1)
  const timed = (images: FloatArray): number => {
    const start = clock()
    session.run(images)
    return clock() - start
  }
  for (let i = 0; i < warmup; i++) session.run(one)
  const times = Array.from({ length: runs }, () => timed(one)).sort((a, b) => a - b)
  const rank = (p: number): number => times[Math.ceil(p * runs) - 1]
  const many = blankImages(program, batch)
  const fastest = Math.min(timed(many), timed(many), timed(many))
  return {
    medianMs: rank(0.5),
    p95Ms: rank(0.95),
    imagesPerSecond: (batch * 1000) / fastest,
    memoryBytes: memoryOf(program),
  }
}

function blankImages({ header }: IntegerProgram, count: number): FloatArray {
  const input = valuesByName(header).get(header.input.value) ?? floatsByName(header).get(header.input.value)
  const shape = [count, ...(input?.shape ?? [])]
  return { shape, data: new Float32Array(sizeOf(shape)) }
}

/**
 * Bytes of a program's constants and of the buffers that its memory plan gives one image. Example: a weight of one 8-bit
 * code, a bias, one input and one result: 1 + 4 + 2 = 7.
 */
export function memoryOf({ header, constants }: IntegerProgram): number {
  const buffers = planBytes(planMemory(header))
  return [...constants.values()].reduce((sum, { byteLength }) => sum + byteLength, buffers)
}
