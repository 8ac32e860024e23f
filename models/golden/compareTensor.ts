import { formatShape, type Shape, sameShape, sizeOf } from '../../engine/base/shape.ts'
import type { CandidateTensor } from './candidate.ts'
import { fromChannelsLast } from './channelsLast.ts'
import { countDifferent } from './hypotheses/hypothesis.ts'

/** How a candidate's tensor compares with the golden one. */
export interface TensorReport {
  /** The value of the program; for the model's output given beside its codes, its file. */
  readonly name: string
  /** The operator that makes it. */
  readonly operator: string
  /** The candidate's file; null: not given. */
  readonly file: string | null
  /**
   * 'layout': the same codes, in another order, shape or signedness. 'shape': another number of elements, which cannot be
   * compared.
   */
  readonly verdict: 'equal' | 'layout' | 'different' | 'shape' | 'not given'
  /** How the candidate's order, shape or signedness differs; null: not at all. */
  readonly layout: string | null
  readonly elements: number
  /** How many codes differ. */
  readonly different: number
  /** How many real numbers lie between two codes; they are compared as the nearest, and make the tensor different. */
  readonly offGrid: number
  /** The largest distance in codes. */
  readonly maxDistance: number
  /** The first that differs, by its index in the golden tensor. */
  readonly first: { readonly index: readonly number[]; readonly expected: number; readonly actual: number } | null
  /** The channels (dimension 1) with differences, the first 16 of them; [] for tensors without. */
  readonly channels: { readonly count: number; readonly of: number; readonly indices: readonly number[] }
  /** Candidate minus golden, and how often; the 16 most frequent, in order of the difference. */
  readonly histogram: readonly (readonly [difference: number, count: number])[]
}

/** A report, and the candidate's codes in the golden order; null where they cannot be compared. */
export interface Comparison {
  readonly report: TensorReport
  readonly aligned: Int32Array | null
}

const LISTED = 16

/** What the golden tensor is called and where it comes from. */
export type TensorName = Pick<TensorReport, 'name' | 'operator'>

/** A report without differences. */
function plainReport(names: TensorName, verdict: TensorReport['verdict'], elements: number): TensorReport {
  return {
    ...names,
    file: null,
    verdict,
    layout: null,
    elements,
    different: 0,
    offGrid: 0,
    maxDistance: 0,
    first: null,
    channels: { count: 0, of: 0, indices: [] },
    histogram: [],
  }
}

/** Of a tensor that the candidate does not give. */
export function notGiven(names: TensorName, dims: Shape): Comparison {
  return { report: plainReport(names, 'not given', sizeOf(dims)), aligned: null }
}

interface Reading {
  readonly layout: string | null
  readonly codes: Int32Array
}

/** How the candidate's elements may be meant, the most likely first. */
function readings({ dims, codes }: CandidateTensor, wanted: Shape): Reading[] {
  if (codes.length !== sizeOf(wanted)) return []
  const [n, c, h, w] = wanted
  const isPicture = wanted.length === 4
  const channelsLast = (): Reading[] =>
    isPicture ? [{ layout: 'NHWC instead of NCHW', codes: fromChannelsLast(codes, wanted) }] : []
  if (sameShape(dims, wanted)) return [{ layout: null, codes }, ...channelsLast()]
  const reshaped = { layout: `shape ${formatShape(dims)} instead of ${formatShape(wanted)}`, codes }
  const saysSo = isPicture && sameShape(dims, [n, h, w, c])
  return saysSo ? [...channelsLast(), reshaped] : [reshaped, ...channelsLast()]
}

/** The reading without differences, or the most likely one. */
function bestReading(candidates: readonly Reading[], expected: Int32Array): Reading | undefined {
  return candidates.find(({ codes }) => countDifferent(codes, expected) === 0) ?? candidates[0]
}

/** The index of element i. */
function indexOf(i: number, dims: Shape): number[] {
  const index: number[] = []
  for (let d = dims.length - 1, rest = i; d >= 0; d--) {
    index.unshift(rest % dims[d])
    rest = Math.floor(rest / dims[d])
  }
  return index
}

/**
 * Compares codes [N, ...] with a candidate's. A tensor in NHWC order or another shape is read as such where its shape says so or where
 * that makes it equal. Example: golden [3, 4], candidate [3, 5]: 'different', 1 code, first at [1], histogram [[1, 1]].
 */
export function compareTensor(
  names: TensorName,
  expected: Int32Array,
  dims: Shape,
  tensor: CandidateTensor,
): Comparison {
  const given = { ...plainReport(names, 'equal', expected.length), file: tensor.file, offGrid: tensor.offGrid }
  const reading = bestReading(readings(tensor, dims), expected)
  if (reading === undefined) {
    const layout = `shape ${formatShape(tensor.dims)} instead of ${formatShape(dims)}`
    return { report: { ...given, verdict: 'shape', layout, different: expected.length }, aligned: null }
  }
  const { codes } = reading
  const counts = new Map<number, number>()
  const channels = new Set<number>()
  const inner = sizeOf(dims.slice(2))
  let first = -1
  for (let i = 0; i < codes.length; i++) {
    const difference = codes[i] - expected[i]
    if (difference === 0) continue
    if (first < 0) first = i
    counts.set(difference, (counts.get(difference) ?? 0) + 1)
    if (dims.length > 1) channels.add(Math.floor(i / inner) % dims[1])
  }
  const shifted = tensor.isShifted ? [`${tensor.type} codes, shifted by 128`] : []
  const layouts = [...(reading.layout === null ? [] : [reading.layout]), ...shifted]
  const different = [...counts.values()].reduce((a, b) => a + b, 0)
  const isWrong = different > 0 || tensor.offGrid > 0
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, LISTED)
  const report: TensorReport = {
    ...given,
    verdict: isWrong ? 'different' : layouts.length > 0 ? 'layout' : 'equal',
    layout: layouts.length > 0 ? layouts.join('; ') : null,
    different,
    maxDistance: [...counts.keys()].reduce((a, b) => Math.max(a, Math.abs(b)), 0),
    first: first < 0 ? null : { index: indexOf(first, dims), expected: expected[first], actual: codes[first] },
    channels: {
      count: channels.size,
      of: dims.length > 1 ? dims[1] : 0,
      indices: [...channels].sort((a, b) => a - b).slice(0, LISTED),
    },
    histogram: frequent.sort((a, b) => a[0] - b[0]),
  }
  return { report, aligned: codes }
}
