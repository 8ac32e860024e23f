/**
 * Every SIMD kernel that the module exports. A function takes pointers (byte offsets, 4-byte aligned at least, arrays
 * never overlapping unless said), sizes and constants, then the range [begin, end) of its units of work: units write
 * disjoint outputs, so any split over threads gives the same bits. Nothing here may need a data, start or global
 * section: no static arrays, no strings, no global variables.
 */

export { add } from './add'
export { relu, reluGrad } from './relu'
