import { type Proof, prove } from './proof.ts'

/** What a page or a worker tells: what it computed, or why it could not. */
export type Report =
  | {
      readonly proof: Proof
      /** Whether the place is cross-origin isolated. */
      readonly isolated: boolean
      readonly place: 'page' | 'worker'
      /** How often the content security policy refused something. */
      readonly violations: number
    }
  | { readonly error: string }

/** Computes in the place where it is called. Never rejects. */
export async function reportFromHere(): Promise<Report> {
  try {
    let violations = 0
    addEventListener('securitypolicyviolation', () => violations++)
    const place = 'window' in globalThis ? 'page' : 'worker'
    const proof = await prove('simd')
    // Digests are delivered before events, which wait until now.
    await new Promise((resolve) => setTimeout(resolve, 0))
    return { proof, isolated: crossOriginIsolated, place, violations }
  } catch (error) {
    return { error: error instanceof Error ? `${error.stack}` : String(error) }
  }
}
