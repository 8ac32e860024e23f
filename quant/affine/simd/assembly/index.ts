/** Every function that the module exports; the rules are those of engine/simd/assembly/index.ts. */

export { fakeQuantise, fakeQuantiseGrad } from './fakeQuantise'
