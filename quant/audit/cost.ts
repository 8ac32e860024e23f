import { sizeOf } from '../../engine/base/shape.ts'
import {
  type FloatFormat,
  type FloatValue,
  floatsByName,
  type IntegerProgram,
  type ProgramHeader,
  type Step,
  valuesByName,
  type WeightConstant,
} from '../integer/program.ts'
import { type CostConstants, costConstants } from './costTable.ts'

/** What one inference of one image costs by the model of `costTable.ts`: a model, never a measurement. */
export interface Cost {
  /** Multiply-accumulates by precision, activation bits x weight bits or a float format: { '8x4': 1200000, f32: 640 }. */
  readonly macs: Readonly<Record<string, number>>
  /** Weights and biases, each read once. */
  readonly weightBytes: number
  /** Every step's inputs and its result. */
  readonly activationBytes: number
  /** Tensors converted between codes and real numbers. */
  readonly crossings: number
  /** Microjoules. */
  readonly energyUj: number
  /** Milliseconds. */
  readonly latencyMs: number
}

/** The work of one step. */
interface Work {
  /** 0 for steps that are no layers. */
  readonly macs: number
  readonly activationBits: number
  readonly weightBits: number
  /** null: products of integers. */
  readonly format: FloatFormat | null
  readonly weightBytes: number
  readonly activationBytes: number
  /** Elements converted between codes and real numbers. */
  readonly conversions: number
}

const floatBits: Readonly<Record<FloatFormat, number>> = { f32: 32, f16: 16, bf16: 16 }

/**
 * Counts what a program computes and moves for one image, and weighs it with stated constants: multiply-accumulates by precision,
 * the bytes of weights (DRAM) and of every step's operands and result (on chip), and conversions at fallbacks. Additions,
 * pools and tables count with the bytes they move. A step takes the longest of computing, reading weights and moving
 * activations; steps follow each other.
 *
 * Example: a Gemm of 100 codes of 8 bits to 10, 8-bit weights, 32-bit biases: 1000 '8x8' multiply-accumulates of 0.3 pJ,
 * 1040 bytes at 162.5 pJ and 110 bytes at 12.5 pJ are 0.170675 microjoules; reading the weights takes longest, 1.04 us.
 */
export function programCost(
  { header }: Pick<IntegerProgram, 'header'>,
  constants: CostConstants = costConstants,
): Cost {
  const bitsOf = bitsOfTensors(header)
  const macs: Record<string, number> = {}
  let [weightBytes, activationBytes, crossings, picojoules, seconds] = [0, 0, 0, 0, 0]
  for (const step of header.steps) {
    const work = workOf(step, bitsOf)
    const precision = work.format ?? `${work.activationBits}x${work.weightBits}`
    if (work.macs > 0) macs[precision] = (macs[precision] ?? 0) + work.macs
    weightBytes += work.weightBytes
    activationBytes += work.activationBytes
    if (work.conversions > 0) crossings++
    picojoules += energyOf(work, constants)
    seconds += secondsOf(work, constants)
  }
  return { macs, weightBytes, activationBytes, crossings, energyUj: picojoules / 1e6, latencyMs: seconds * 1e3 }
}

/** Elements and bits of every tensor of a program; format null: codes. */
type TensorBits = (name: string) => {
  readonly elements: number
  readonly bits: number
  readonly format: FloatFormat | null
}

function bitsOfTensors(header: ProgramHeader): TensorBits {
  const values = valuesByName(header)
  const floats = floatsByName(header)
  return (name) => {
    const value = values.get(name)
    if (value !== undefined) {
      return { elements: sizeOf(value.shape), bits: codeBits(value.qmax - value.qmin + 1), format: null }
    }
    const { shape, format } = floats.get(name) as FloatValue
    return { elements: sizeOf(shape), bits: floatBits[format], format }
  }
}

/** Bits of so many codes. Example: 255 codes take 8 bits, 16 codes 4. */
function codeBits(codes: number): number {
  return Math.ceil(Math.log2(codes))
}

function workOf(step: Step, bitsOf: TensorBits): Work {
  const moved = [...step.inputs, step.output].map(bitsOf)
  const activationBytes =
    step.op === 'reshape' ? 0 : moved.reduce((sum, { elements, bits }) => sum + (elements * bits) / 8, 0)
  const plain = {
    macs: 0,
    activationBits: 0,
    weightBits: 0,
    format: null,
    weightBytes: 0,
    activationBytes,
    conversions: 0,
  }
  const outputs = bitsOf(step.output).elements
  const layer = (weight: WeightConstant, biasBits: number): Work => ({
    ...plain,
    macs: outputs * sizeOf(weight.shape.slice(1)),
    activationBits: bitsOf(step.inputs[0]).bits,
    weightBits: weight.bits,
    weightBytes: (sizeOf(weight.shape) * weight.bits + weight.shape[0] * biasBits) / 8,
  })
  switch (step.op) {
    case 'conv':
    case 'gemm':
      return layer(step.weight, step.bias === null ? 0 : step.bias.bits)
    case 'realLayer':
      return { ...layer(step.weight, step.bias === null ? 0 : 32), conversions: outputs }
    case 'quantise':
    case 'dequantise':
      return { ...plain, conversions: outputs }
    case 'float': {
      const weight = step.operands.find((operand) => operand.kind === 'weight')?.weight
      return { ...(weight === undefined ? plain : layer(weight, 32)), format: bitsOf(step.output).format ?? 'f32' }
    }
    default:
      return plain
  }
}

function energyOf(work: Work, constants: CostConstants): number {
  const { multiply8, add32, float } = constants
  const perMac =
    work.format === null
      ? (multiply8 * work.activationBits * work.weightBits) / 64 + add32
      : float[work.format].multiply + float[work.format].add
  return (
    work.macs * perMac +
    work.weightBytes * constants.weightByte +
    work.activationBytes * constants.activationByte +
    work.conversions * constants.conversion
  )
}

/** Bytes that a code of so many bits takes in a multiplier. */
function lanes(bits: number): number {
  return Math.max(1, Math.ceil(bits / 8))
}

function secondsOf(work: Work, constants: CostConstants): number {
  const rate =
    work.format === null
      ? constants.macsPerSecond / (lanes(work.activationBits) * lanes(work.weightBits))
      : constants.floatMacsPerSecond
  return (
    Math.max(
      work.macs / rate,
      work.weightBytes / constants.weightBytesPerSecond,
      work.activationBytes / constants.activationBytesPerSecond,
    ) + (work.conversions > 0 ? constants.crossingSeconds : 0)
  )
}
