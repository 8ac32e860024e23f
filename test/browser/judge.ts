import type { Mode } from './modes.ts'
import type { KernelsUsed, Proof } from './proof.ts'
import type { Visit } from './visit.ts'

/** 'simd' or 'plain' if all kernels are, else which is which. */
export function kernelsInWords({ engine, fakeQuantise, integer }: KernelsUsed): string {
  if (engine === fakeQuantise && engine === integer) return engine
  return `engine ${engine}, fakeQuantise ${fakeQuantise}, integer ${integer}`
}

/** The subjects that two proofs differ in. */
export function differences(a: Proof, b: Proof): string[] {
  const subjects = new Set([...Object.keys(a.results), ...Object.keys(b.results)])
  return [...subjects].filter((subject) => a.results[subject] !== b.results[subject])
}

/** What is wrong with a visit to a page of a mode; nothing, as it should be. */
export function faults(mode: Mode, origin: string, expected: Proof, visit: Visit): string[] {
  const { report, complaints, requests } = visit
  if ('error' in report) return [report.error]
  const found: string[] = []
  if (report.isolated !== mode.isolated) found.push(`cross-origin isolated: ${report.isolated}`)
  if (report.place !== mode.place) found.push(`computed in the ${report.place}`)
  const allowed = mode.policy !== 'no-wasm'
  // Refused WebAssembly shows that the policy is at work; nothing else may violate one.
  if ((report.violations === 0) !== allowed) found.push(`violations of the policy: ${report.violations}`)
  const kernels = kernelsInWords(report.proof.kernels)
  const wanted = allowed ? 'simd' : 'plain'
  if (kernels !== wanted) found.push(`kernels: ${kernels}; wanted ${wanted}`)
  const different = differences(report.proof, expected)
  if (different.length > 0) found.push(`not Node's bits: ${different.join(', ')}`)
  found.push(...complaints.map((text) => `console: ${text}`))
  found.push(...requests.filter((url) => !isScriptOf(origin, url)).map((url) => `request of ${url}`))
  return found
}

/** Whether an address is the page or a module of the server: no data, blob or other origin's. */
function isScriptOf(origin: string, url: string): boolean {
  return url.startsWith(`${origin}/`) && /(\.js|\/|\/\?worker)$/.test(url)
}
