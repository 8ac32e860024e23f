/**
 * The constants of the cost model, all in this one file. They make a model of a device, not any device: use them to compare
 * programs with each other, never as a prediction for hardware.
 */

/** What operations cost. Energies in picojoules, rates in operations a second. */
export interface CostConstants {
  /** Where the numbers come from and what they assume, in a sentence. */
  readonly source: string
  /** Energy of a multiply-accumulate of 8-bit integers into 32 bits: 0.2 (multiply) + 0.1 (32-bit add). */
  readonly multiply8: number
  readonly add32: number
  /** Energy of the multiply and the add of one multiply-accumulate in floating point. */
  readonly float: Readonly<Record<'f16' | 'bf16' | 'f32', { readonly multiply: number; readonly add: number }>>
  /** Energy of a byte of weights, read once an image from DRAM. */
  readonly weightByte: number
  /** Energy of a byte of activations, read or written in on-chip memory. */
  readonly activationByte: number
  /** Energy of one element that is converted between codes and a real number. */
  readonly conversion: number
  /** Multiply-accumulates of 8-bit activations by weights of at most 8 bits a second; wider ones take their bytes' product in turns. */
  readonly macsPerSecond: number
  /** The same in floating point. */
  readonly floatMacsPerSecond: number
  readonly weightBytesPerSecond: number
  readonly activationBytesPerSecond: number
  /** Seconds for each change between integers and floating point: a hand-over to another unit. */
  readonly crossingSeconds: number
}

/**
 * Energies: M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, pp. 10-14, table for 45 nm at
 * 0.9 V: int8 multiply 0.2 pJ, int32 add 0.1 pJ, FP16 multiply 1.1 and add 0.4, FP32 multiply 3.7 and add 0.9, 64 bits from a
 * 1 MB cache 100 pJ, from DRAM 1.3 nJ (the lower end). Assumed, without a source: products of other widths cost in proportion to
 * both widths; BF16 costs what FP16 does; FP16 products are added in FP32; a conversion is an FP32 multiply and add. Rates are those
 * of an imagined small NPU: 256 multiply-accumulates a cycle at 500 MHz, a host a hundredth of that in floating point, 1 GB/s
 * from DRAM, 8 GB/s on chip, and 20 microseconds for a hand-over.
 */
export const costConstants: CostConstants = {
  source:
    'A model, not a measurement. Energies: Horowitz, ISSCC 2014, 45 nm (int8 multiply 0.2 pJ, int32 add 0.1, FP16 1.1 + 0.9 in FP32, FP32 3.7 + 0.9, 1 MB cache 12.5 pJ a byte, DRAM 162.5); other widths in proportion. Assumed rates of an imagined NPU: 128 G int8 multiply-accumulates/s, 1.28 G in float, 1 GB/s DRAM, 8 GB/s on chip, 20 us a hand-over between integers and float.',
  multiply8: 0.2,
  add32: 0.1,
  float: {
    f16: { multiply: 1.1, add: 0.9 },
    bf16: { multiply: 1.1, add: 0.9 },
    f32: { multiply: 3.7, add: 0.9 },
  },
  weightByte: 162.5,
  activationByte: 12.5,
  conversion: 4.6,
  macsPerSecond: 128e9,
  floatMacsPerSecond: 1.28e9,
  weightBytesPerSecond: 1e9,
  activationBytesPerSecond: 8e9,
  crossingSeconds: 20e-6,
}
