import { RandomStream } from '../../engine/base/random.ts'
import { context, type KernelChoice, useKernels } from '../../engine/core/context.ts'
import { type Kernels, plainKernels } from '../../engine/kernels/index.ts'
import type { Executor } from '../../engine/simd/executor.ts'
import { simdKernels } from '../../engine/simd/kernels.ts'
import { peakLoop } from '../../engine/simd/peak.ts'
import { createSimdMemory } from '../../engine/simd/simd.ts'
import { dispatchMicroseconds } from './dispatch.ts'
import { type KernelCase, kernelCases } from './kernelCases.ts'
import { type Effort, medianSeconds } from './measure.ts'
import { type NetworkCase, networkCases } from './networkCases.ts'

/** One line of the benchmark. */
export interface BenchmarkRow {
  readonly name: string
  readonly kind: 'kernel' | 'network'
  readonly unit: 'GFLOP/s' | 'Gelement/s' | 'images/s'
  /** With the plain TypeScript kernels, in `unit`. */
  readonly plain: number
  /** With the SIMD kernels, on as many threads as were asked for; null where there is no WebAssembly SIMD. */
  readonly simd: number | null
  /** Floating-point operations of the SIMD run as a fraction of the peak of its threads; null where either is not counted. */
  readonly peakShare: number | null
}

/** What a benchmark measured. */
export interface BenchmarkResult {
  /** Threads that computed with the SIMD kernels. */
  readonly threads: number
  /** GFLOP/s on one thread of a loop that multiplies and adds in SIMD registers alone, the best of several measurements; null without WebAssembly SIMD. */
  readonly peak: number | null
  /** Microseconds to share out an empty job; null with one thread. */
  readonly dispatch: number | null
  readonly rows: readonly BenchmarkRow[]
}

/** How something is measured. */
export interface BenchmarkOptions {
  readonly effort: Effort
  /** Splits the work of the SIMD kernels over threads; the plain ones use this thread alone. Default: so do they. */
  readonly executor?: Executor
  /** Hears the name of each case before it runs. */
  readonly onCase?: (name: string) => void
}

/** Bytes for the operands and the scratch of one kernel case. */
const MEMORY = 2 ** 27
const PEAK_ITERATIONS = 200_000

/** Whether `filter` stands in a name at the start of a word; '' stands in all. */
const matches = (name: string, filter: string): boolean => ` ${name}`.includes(` ${filter}`)

/** The names of the cases that `filter` selects: those in which it stands at the start of a word. */
export function benchmarkNames(filter: string): string[] {
  return [...kernelCases, ...networkCases].map(({ name }) => name).filter((name) => matches(name, filter))
}

/**
 * Measures the kernels and networks that `filter` selects, with the plain and with the SIMD kernels. Leaves the engine
 * with its default kernels.
 */
export function benchmark(filter: string, { effort, executor, onCase = () => {} }: BenchmarkOptions): BenchmarkResult {
  const chosen = ({ name }: { name: string }): boolean => matches(name, filter)
  const peaks: number[] = []
  const loop = peakLoop()
  // Clock rates drift, so the peak is measured before every case.
  const begin = (name: string): void => {
    onCase(name)
    if (loop !== null) peaks.push(measurePeak(loop, effort))
  }
  const kernels = kernelRows(kernelCases.filter(chosen), { effort, executor, onCase: begin })
  const networks = networkRows(networkCases.filter(chosen), { effort, executor, onCase: begin })
  const threads = executor?.threads ?? 1
  const peak = loop === null ? null : Math.max(...peaks)
  const rows = [...kernels, ...networks].map(({ gflops, ...row }) => {
    return { ...row, peakShare: gflops === null || peak === null ? null : gflops / (threads * peak) }
  })
  return { threads, peak, dispatch: dispatchMicroseconds(executor, effort), rows }
}

/** What the peak loop reaches now, in GFLOP/s. */
function measurePeak(loop: (iterations: number) => number, effort: Effort): number {
  const operations = loop(PEAK_ITERATIONS)
  return operations / medianSeconds(() => void loop(PEAK_ITERATIONS), effort) / 1e9
}

/** `BenchmarkOptions` with nothing left out but the threads. */
type Measuring = BenchmarkOptions & { readonly onCase: (name: string) => void }

/** A line before the peak is known: `gflops` of the SIMD run, where they are counted. */
type Measured = Omit<BenchmarkRow, 'peakShare'> & { readonly gflops: number | null }

/** Both implementations work on the same arrays, which lie in the SIMD kernels' memory: nothing is copied. */
function kernelRows(cases: readonly KernelCase[], { effort, executor, onCase }: Measuring): Measured[] {
  const memory = createSimdMemory({ bytes: MEMORY, executor })
  const accelerated = memory === null ? plainKernels : simdKernels(memory)
  return cases.map(({ name, amount, unit, prepare }) => {
    onCase(name)
    const top = memory?.top ?? 0
    const random = new RandomStream(1, name)
    const run = prepare((length) => {
      const array =
        memory === null
          ? new Float32Array(length)
          : new Float32Array(memory.memory.buffer, memory.allocate(4 * length), length)
      for (let i = 0; i < length; i++) array[i] = 2 * random.uniform() - 1
      return array
    })
    const speed = (kernels: Kernels): number => amount / medianSeconds(() => run(kernels), effort) / 1e9
    const plain = speed(plainKernels)
    const simd = accelerated === plainKernels ? null : speed(accelerated)
    memory?.rewind(top)
    return { name, kind: 'kernel', unit, plain, simd, gflops: unit === 'GFLOP/s' ? simd : null }
  })
}

/** All networks with one implementation, then with the other: switching makes a new arena. */
function networkRows(cases: readonly NetworkCase[], { effort, executor, onCase }: Measuring): Measured[] {
  const speedOf = ({ name, images, prepare }: NetworkCase, choice: KernelChoice): number => {
    onCase(`${name}, ${choice.kernels}`)
    return images / medianSeconds(prepare(choice), effort)
  }
  const [plainChoice, simdChoice] = [{ kernels: 'plain' }, { kernels: 'simd', executor }] as const
  useKernels(plainChoice)
  const plain = cases.map((candidate) => speedOf(candidate, plainChoice))
  useKernels(simdChoice)
  const accelerated = context.kernels !== plainKernels
  const rows = cases.map((candidate, i): Measured => {
    const { name, images, operations } = candidate
    const simd = accelerated ? speedOf(candidate, simdChoice) : null
    const gflops = simd === null || operations === null ? null : ((simd / images) * operations) / 1e9
    return { name, kind: 'network', unit: 'images/s', plain: plain[i], simd, gflops }
  })
  useKernels({ kernels: 'simd' })
  return rows
}
