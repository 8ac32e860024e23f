/** A float32 tensor of numbers in [-1, 1), the same in every run: a linear congruential generator seeded by the name. */
export function random(shape, name) {
  const length = shape.reduce((product, extent) => product * extent, 1)
  let state = [...name].reduce((hash, character) => (hash * 31 + character.charCodeAt(0)) >>> 0, 17)
  const data = Float32Array.from({ length }, () => {
    // Numerical Recipes' constants; Math.imul keeps the product exact modulo 2^32.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) / 2 ** 23 - 1
  })
  return { dtype: 'float32', shape, data }
}
