/** One way in which a page is served and computes. */
export interface Mode {
  /** With the headers that isolate a page from other origins (COOP, COEP). */
  readonly isolated: boolean
  readonly place: 'page' | 'worker'
  /** Content security policy: none, one that lets WebAssembly be compiled, one that does not. */
  readonly policy: 'none' | 'wasm' | 'no-wasm'
}

const both = [false, true]
const places = ['page', 'worker'] as const

/** Every place with and without isolation; then both policies in both places. */
export const modes: readonly Mode[] = [
  ...both.flatMap((isolated) => places.map((place): Mode => ({ isolated, place, policy: 'none' }))),
  ...places.map((place): Mode => ({ isolated: place === 'worker', place, policy: 'wasm' })),
  ...places.map((place): Mode => ({ isolated: place === 'page', place, policy: 'no-wasm' })),
]

const policies = {
  none: null,
  wasm: "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
  'no-wasm': "default-src 'none'; connect-src 'self'; script-src 'self'",
} as const satisfies Record<Mode['policy'], string | null>

/** The headers of every response to a mode's page, its scripts and its worker included. */
export function headersOf({ isolated, policy }: Mode): Record<string, string> {
  const csp = policies[policy]
  return {
    ...(isolated && { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }),
    ...(csp !== null && { 'Content-Security-Policy': csp }),
  }
}
