// Before a time is believed, the results must be the same up to rounding.

/**
 * Throws unless both arrays are as long and no element differs by more than `tolerance` times the greatest magnitude
 * in `wanted` (by more than `tolerance` itself where `absolute`).
 */
export function checkAgreement(found, wanted, { tolerance, absolute = false }) {
  if (found.length !== wanted.length) {
    throw new Error(`${found.length} results, ours ${wanted.length}: not the same work`)
  }
  let greatest = 0
  for (const value of wanted) greatest = Math.max(greatest, Math.abs(value))
  const bound = absolute ? tolerance : tolerance * greatest
  if (!Number.isFinite(bound)) throw new Error('our result is not finite: no time is reported')
  for (let i = 0; i < wanted.length; i++) {
    // Written so that NaN on either side fails.
    if (!(Math.abs(found[i] - wanted[i]) <= bound)) {
      throw new Error(`element ${i} is ${found[i]}, ours ${wanted[i]}, allowed ${bound}: no time is reported`)
    }
  }
}
