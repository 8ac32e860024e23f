/** How errors list several problems at once. */

const SHOWN = 20

/** One problem in the line of the subject, several below it, the first 20 of them. */
export function listProblems(subject: string, problems: readonly string[]): string {
  if (problems.length === 1) return `${subject}: ${problems[0]}`
  const lines = problems.slice(0, SHOWN).map((problem) => `\n- ${problem}`)
  const rest = problems.length > SHOWN ? `\n- and ${problems.length - SHOWN} more` : ''
  return `${subject}: ${problems.length} problems:${lines.join('')}${rest}`
}
