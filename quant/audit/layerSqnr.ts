import { scope } from '../../engine/core/context.ts'
import { noGrad } from '../../engine/core/tape.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import { runGraph } from '../../engine/graph/interpreter.ts'
import type { PreparedModel } from '../integer/compile.ts'
import { engineFloatOperators } from '../integer/engineFloatOperators.ts'
import { type IntegerProgram, type ProgramValue, type Step, valuesByName } from '../integer/program.ts'
import { type CodeTensor, type FloatArray, IntegerSession } from '../integer/session.ts'
import { formatBits, type Job } from './compare.ts'

/** How far one step's result is from the float model's tensor of the same name. */
export interface LayerNoise {
  /** The step's name, which is the graph node's. */
  readonly name: string
  /** The tensor that was compared: the step's result, activations fused into it included. */
  readonly tensor: string
  readonly op: Step['op']
  /** 10 log10 of the float tensor's energy over that of the difference; Infinity where equal. */
  readonly sqnrDb: number
}

/** The steps of one program against the float model, in the order of the network. */
export interface LayerSqnr {
  readonly backend: string
  readonly bits: string
  readonly layers: readonly LayerNoise[]
}

/** Energies of one tensor, in double, summed image by image. */
interface Energies {
  signal: number
  noise: number
}

/**
 * Signal to quantisation noise of every step that computes something, in decibels: the float model, as the back end's passes
 * leave it (batch norms folded, perhaps equalised), against what the program's own trace holds, codes dequantised. Noise piles up from
 * step to step, as it does when the program runs; 'reshape' steps, and tensors that the float graph does not have
 * (between two nodes), are left out.
 *
 * Example: a step whose codes stand for [3, 3.5] where the float graph holds [3, 4]: 10 log10(25 / 0.25) = 20 dB.
 */
export function layerSqnr(
  { graph, parameters }: Pick<PreparedModel, 'graph' | 'parameters'>,
  job: Job,
  program: IntegerProgram,
  images: readonly FloatTensor[],
): LayerSqnr {
  const input = graph.inputs[0].name
  const values = valuesByName(program.header)
  const session = new IntegerSession(program, { floatOperators: engineFloatOperators })
  const energies = new Map<string, Energies>()
  for (const batch of images) {
    const trace = new Map<string, CodeTensor>()
    const traceFloats = new Map<string, FloatArray>()
    session.run(batch, { trace, traceFloats })
    const value = (name: string, tensor: FloatTensor): FloatTensor => {
      const codes = trace.get(name)
      const found = values.get(name)
      const reals = codes && found ? realsOf(codes.data, found) : traceFloats.get(name)?.data
      if (reals !== undefined) addEnergies(energies, name, tensor.data, reals)
      return tensor
    }
    scope(() => {
      noGrad(() => runGraph(graph, parameters, { [input]: batch }, { tap: { value } }))
    })
  }
  const layers = program.header.steps.flatMap(({ name, output, op }): LayerNoise[] => {
    const found = energies.get(output)
    return found === undefined || op === 'reshape' ? [] : [{ name, tensor: output, op, sqnrDb: decibels(found) }]
  })
  return { backend: job.backend.name, bits: formatBits(job), layers }
}

/** What codes stand for. */
function realsOf(codes: Int32Array, { scale, zeroPoint }: ProgramValue): Float32Array {
  return Float32Array.from(codes, (code) => (code - zeroPoint) * scale)
}

function addEnergies(
  energies: Map<string, Energies>,
  name: string,
  reference: Float32Array,
  reals: Float32Array,
): void {
  const sums = energies.get(name) ?? { signal: 0, noise: 0 }
  for (let i = 0; i < reference.length; i++) {
    const difference = reference[i] - reals[i]
    sums.signal += reference[i] * reference[i]
    sums.noise += difference * difference
  }
  energies.set(name, sums)
}

function decibels({ signal, noise }: Energies): number {
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise)
}
