import { FormatError } from '../../../engine/base/errors.ts'
import type { OnnxModel } from '../model.ts'

/**
 * By step name, the arithmetic that a file of this library's export says a step has, as JSON; empty for other files and
 * other back ends.
 */
export function arithmeticNotes({ metadata }: OnnxModel, backend: string): ReadonlyMap<string, string> {
  const text = metadata.get('quant-trim.arithmetic')
  if (text === undefined || metadata.get('quant-trim.backend') !== backend) return new Map()
  try {
    const notes = JSON.parse(text) as Record<string, unknown> | null
    return new Map(Object.entries(notes ?? {}).map(([step, arithmetic]) => [step, JSON.stringify(arithmetic)]))
  } catch (cause) {
    throw new FormatError(
      "metadata 'quant-trim.arithmetic' is no JSON; remove the entry to read the model without it",
      {
        cause,
      },
    )
  }
}
