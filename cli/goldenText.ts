import type { Divergence, GoldenReport } from '../models/golden/check.ts'
import type { TensorReport } from '../models/golden/compareTensor.ts'
import type { Explanation } from '../models/golden/diagnose.ts'
import { table } from './terminal.ts'

/** Explanations and tensors that are printed at most. */
const SHOWN = 12

function tensorRow({
  name,
  operator,
  verdict,
  different,
  elements,
  maxDistance,
  first,
  layout,
}: TensorReport): string[] {
  const where = first === null ? '' : `[${first.index.join(', ')}]: ${first.actual} for ${first.expected}`
  const count = verdict === 'different' ? `${different} of ${elements}` : ''
  return [name, operator, verdict, count, verdict === 'different' ? String(maxDistance) : '', where || (layout ?? '')]
}

function histogramLine({ name, histogram, channels, offGrid, layout }: TensorReport): string {
  const counts = histogram
    .map(([difference, count]) => `${difference > 0 ? '+' : ''}${difference}: ${count}`)
    .join(', ')
  const where = channels.of > 1 ? `; channels ${channels.indices.join(', ')} (${channels.count} of ${channels.of})` : ''
  const between = offGrid > 0 ? `; ${offGrid} lie between two codes` : ''
  const read = layout === null ? '' : `; ${layout}`
  return `  ${name}: differences ${counts || 'none'}${where}${between}${read}`
}

function explanationLine({ name, sentence, operator }: Explanation): string {
  return `  ${name}${operator === null ? ' (in every operator that it concerns)' : ` (in '${operator}')`}: ${sentence}`
}

function divergenceLines({ operator, op, position, suspects, diagnosis }: Divergence, different: number): string[] {
  const { reproducing, nearest, isComplete } = diagnosis
  const isAlone = suspects.length === 1
  const lines = [
    `first ${isAlone ? 'diverging operator' : 'wrong result that is given'}: ${position}, ${op} '${operator}'`,
  ]
  if (!isAlone) {
    lines.push(
      `  its inputs are not given: the fault lies in one of ${suspects.length} operators, ${suspects.slice(0, SHOWN).join(', ')}${suspects.length > SHOWN ? ', ...' : ''}; give intermediates to narrow it down`,
    )
  }
  if (reproducing.length > 0) {
    lines.push('reproduced exactly by:', ...reproducing.slice(0, SHOWN).map(explanationLine))
    if (reproducing.length > SHOWN) lines.push(`  and ${reproducing.length - SHOWN} more (--json lists all)`)
    if (different < 10) lines.push(`  only ${different} codes differ: more images would tell these apart`)
  } else {
    lines.push('no semantics known here reproduce the candidate')
    if (nearest !== null) lines.push(`nearest, ${nearest.different} codes still differ:`, explanationLine(nearest))
  }
  if (!isComplete) lines.push('  the search was cut short: give intermediates to make it complete')
  return lines
}

/** What `golden check` prints for one set. */
export function formatReport({ verdict, golden, tensors, first, deviating }: GoldenReport): string {
  const given = tensors.filter((tensor) => tensor.verdict !== 'not given')
  const wrong = given.filter((tensor) => tensor.verdict !== 'equal')
  const lines = [
    `${verdict}: ${given.length - wrong.length} of ${given.length} given tensors are equal, ${tensors.length - given.length} are not given (${golden.model}, ${golden.backend}, ${golden.images} images)`,
  ]
  if (wrong.length > 0) {
    lines.push(
      '',
      table(['tensor', 'operator', 'verdict', 'codes off', 'most', 'first'], wrong.slice(0, SHOWN).map(tensorRow)),
    )
    if (wrong.length > SHOWN) lines.push(`and ${wrong.length - SHOWN} more`)
  }
  const start = wrong.find((tensor) => tensor.name === first?.value)
  if (start !== undefined) lines.push('', histogramLine(start))
  if (first === null && verdict === 'different') {
    lines.push('', 'the codes that are given are right: what was made of them, the real output, is not')
  }
  if (first !== null) lines.push('', ...divergenceLines(first, start?.different ?? 0))
  if (deviating.length > 1) {
    lines.push('', `operators that do not follow from the candidate's own inputs: ${deviating.join(', ')}`)
  }
  return lines.join('\n')
}
