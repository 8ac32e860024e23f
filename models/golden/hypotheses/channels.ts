/** Faults in single output channels of a layer, read off from the candidate's codes: a scale, a bias, a bit of a weight. */

import { anyWeightCodes } from '../../../quant/integer/constants.ts'
import { channelIndex, type LayerCall, type LayerGeometry, layerGeometry, layerSums, tapAt } from '../layerSums.ts'
import { ownMultipliers, ownRescale, ownRescaler, rescaleSums } from './rescaling.ts'

/** A fault that was found, with the codes that it would give. */
export interface Finding {
  readonly name: string
  readonly sentence: string
  readonly changes: number
  readonly codes: Int32Array
}

/** More channels than this are no fault of single channels. */
const CHANNELS = 8

/** A channel whose codes differ. */
interface WrongChannel {
  readonly channel: number
  /** Its elements, those that differ first. */
  readonly elements: readonly number[]
}

/** What one channel would have to be. */
interface Repair {
  readonly text: string
  /** The channel's sums and multiplier, if these are what differs. */
  readonly sums?: (sum: number, i: number) => number
  readonly real?: number
}

function wrongChannels(call: LayerCall, expected: Int32Array, actual: Int32Array): WrongChannel[] {
  const geometry = layerGeometry(call)
  const wrong = new Set<number>()
  for (let i = 0; i < actual.length; i++) if (actual[i] !== expected[i]) wrong.add(channelIndex(geometry, i))
  if (wrong.size > CHANNELS) return []
  const elements = new Map([...wrong].sort((a, b) => a - b).map((channel) => [channel, [] as number[]]))
  for (let i = 0; i < actual.length; i++) elements.get(channelIndex(geometry, i))?.push(i)
  return Array.from(elements, ([channel, all]) => ({
    channel,
    elements: all.sort((a, b) => Number(actual[a] === expected[a]) - Number(actual[b] === expected[b]) || a - b),
  }))
}

/** The steps that a code may have been rounded from, a little widened: what fits is verified exactly. */
function stepsOf({ operation, output }: LayerCall, code: number): readonly [number, number] {
  const steps = code - output.zeroPoint
  const margin = 0.5 + 2 ** -10
  return [code <= operation.low ? -Infinity : steps - margin, code >= operation.high ? Infinity : steps + margin]
}

/** Where all intervals meet, or null. */
function meeting(intervals: Iterable<readonly [number, number]>): readonly [number, number] | null {
  let [low, high] = [-Infinity, Infinity]
  for (const [a, b] of intervals) {
    low = Math.max(low, a)
    high = Math.min(high, b)
    if (low > high) return null
  }
  return [low, high]
}

/** Asks of sums and a multiplier (default: the channel's own) whether they give the candidate's codes in the whole channel. */
function fitter(
  call: LayerCall,
  { elements, channel }: WrongChannel,
  actual: Int32Array,
  real = ownMultipliers(call)[channel],
): (sumOf: (sum: number, i: number) => number) => boolean {
  const sums = layerSums(call)
  const { low, high } = call.operation
  const rescale = ownRescaler(call, real)
  return (sumOf) => elements.every((i) => Math.min(Math.max(rescale(sumOf(sums[i], i)), low), high) === actual[i])
}

const asItIs = (sum: number): number => sum

/** Whose multiplier the channel has, or between which bounds its own lies. */
function wrongScale(call: LayerCall, wrong: WrongChannel, actual: Int32Array): Repair | null {
  const sums = layerSums(call)
  const { channel, elements } = wrong
  const interval = meeting(
    elements.map((i): readonly [number, number] => {
      const [low, high] = stepsOf(call, actual[i])
      const sum = sums[i]
      if (sum === 0) return low <= 0 && high >= 0 ? [0, Infinity] : [1, -1]
      return sum > 0 ? [low / sum, high / sum] : [high / sum, low / sum]
    }),
  )
  if (interval === null || interval[1] <= 0) return null
  const reals = ownMultipliers(call)
  const own = reals[channel]
  const order = reals.map((_, c) => c).sort((a, b) => Math.abs(a - channel) - Math.abs(b - channel))
  for (const c of order) {
    const real = reals[c]
    const isPossible = real !== own && real >= interval[0] && real <= interval[1]
    const text = `channel ${channel} is rescaled with the scale of channel ${c}`
    if (isPossible && fitter(call, wrong, actual, real)(asItIs)) return { real, text }
  }
  const [low, high] = [Math.max(interval[0], own * 2 ** -20), Math.min(interval[1], own * 2 ** 20)]
  for (const part of [0.5, 0.25, 0.75, 0.05, 0.95]) {
    const real = low + (high - low) * part
    const text = `channel ${channel} has a scale that is ${(low / own).toPrecision(6)} to ${(high / own).toPrecision(6)} times the right one`
    if (fitter(call, wrong, actual, real)(asItIs)) return { real, text }
  }
  return null
}

/** By how much the bias of the channel is off. */
function wrongBias(call: LayerCall, wrong: WrongChannel, actual: Int32Array): Repair | null {
  const { channel, elements } = wrong
  const real = ownMultipliers(call)[channel]
  const all = layerSums(call)
  const interval = meeting(
    elements.map((i): readonly [number, number] => {
      const [low, high] = stepsOf(call, actual[i])
      return [low / real - all[i], high / real - all[i]]
    }),
  )
  if (interval === null || !interval.every(Number.isFinite)) return null
  const [low, high] = [Math.ceil(interval[0]), Math.floor(interval[1])]
  const flips = Array.from({ length: 31 }, (_, bit) => [2 ** bit, -(2 ** bit)]).flat()
  const offsets = [...flips.filter((d) => d >= low && d <= high), Math.round((low + high) / 2), low, high]
  const fits = fitter(call, wrong, actual)
  for (const d of offsets) {
    const flip = flips.includes(d) ? ' (one flipped bit)' : ''
    const text = `the bias of channel ${channel} is off by ${d}${flip}; ${low} to ${high} would do`
    const sums = (sum: number): number => sum + d
    if (d !== 0 && fits(sums)) return { text, sums }
  }
  return null
}

/** What the tap reads for output element i, the zero point subtracted. */
function tapReader(call: LayerCall, g: LayerGeometry, tap: number): (i: number) => number {
  const { plane, down, right } = tapAt(g, tap)
  const [x] = call.codes
  const { zeroPoint } = call.inputs[0]
  return (i) => {
    const m = channelIndex(g, i)
    const image = Math.floor(i / (g.outChannels * g.outH * g.outW))
    const y = (Math.floor(i / g.outW) % g.outH) * g.strides[0] + down
    const column = (i % g.outW) * g.strides[1] + right
    if (y < 0 || y >= g.h || column < 0 || column >= g.w) return 0
    const first = image * g.channels + Math.floor(m / (g.outChannels / g.groups)) * g.groupChannels
    return x[((first + plane) * g.h + y) * g.w + column] - zeroPoint
  }
}

/** Which bit of which weight of the channel is flipped: the first of up to five that would do, all of them in the text. */
function flippedBit(call: LayerCall, wrong: WrongChannel, actual: Int32Array): Repair | null {
  const { operation, constants } = call
  // Where pairs saturate, sums do not move by the product alone.
  if (operation.pairSaturation !== undefined) return null
  const g = layerGeometry(call)
  const codes = anyWeightCodes(operation.weight, constants)
  const taps = codes.length / g.outChannels
  const { bits } = operation.weight
  const fits = fitter(call, wrong, actual)
  const found: Repair[] = []
  for (let tap = 0; tap < taps; tap++) {
    const read = tapReader(call, g, tap)
    const code = codes[wrong.channel * taps + tap]
    for (let bit = 0; bit < bits && found.length < 5; bit++) {
      const flipped = ((code ^ (1 << bit)) << (32 - bits)) >> (32 - bits)
      const sums = (sum: number, i: number): number => sum + (flipped - code) * read(i)
      if (!fits(sums)) continue
      const { plane, down, right } = tapAt({ ...g, pads: [0, 0, 0, 0], dilations: [1, 1] }, tap)
      const index = operation.op === 'conv' ? [wrong.channel, plane, down, right] : [wrong.channel, tap]
      found.push({ text: `bit ${bit} of weight [${index.join(', ')}] is flipped: ${code} became ${flipped}`, sums })
    }
  }
  return found.length === 0 ? null : { ...found[0], text: found.map(({ text }) => text).join(', or ') }
}

/** The codes with every channel repaired. */
function repaired(call: LayerCall, repairs: ReadonlyMap<number, Repair>): Int32Array {
  const g = layerGeometry(call)
  const reals = ownMultipliers(call).map((real, c) => repairs.get(c)?.real ?? real)
  const sums = layerSums(call).map((sum, i) => repairs.get(channelIndex(g, i))?.sums?.(sum, i) ?? sum)
  return rescaleSums(call, sums, ownRescale(call, reals))
}

/**
 * Explanations by single channels: each must hold for all channels that differ (at most 8). The codes are those of the layer so changed.
 * Example: only channel 5 differs, and all its codes follow from the multiplier of channel 4.
 */
export function channelFindings(call: LayerCall, expected: Int32Array, actual: Int32Array): Finding[] {
  const wrong = wrongChannels(call, expected, actual)
  const searches = [
    ['flipped weight bit', flippedBit],
    ['wrong per-channel scale', wrongScale],
    ['wrong bias', wrongBias],
  ] as const
  return searches.flatMap(([name, search]) => {
    const repairs = new Map<number, Repair>()
    for (const one of wrong) {
      const repair = search(call, one, actual)
      if (repair === null) return []
      repairs.set(one.channel, repair)
    }
    if (repairs.size === 0) return []
    const sentence = `${[...repairs.values()].map(({ text }) => text).join('; ')}.`
    return [{ name, sentence, changes: repairs.size, codes: repaired(call, repairs) }]
  })
}
