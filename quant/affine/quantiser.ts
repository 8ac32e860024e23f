/** A quantiser whose parameters are known: what maps real numbers to codes and back. */
export interface Quantiser {
  /** One f32 scale, or one for each channel; all positive and finite. */
  readonly scale: Float32Array
  /** As many zero points as scales, each in [qmin, qmax]. */
  readonly zeroPoint: Int32Array
  readonly qmin: number
  readonly qmax: number
  /** The dimension that the channels are on; null for one scale over the whole tensor. */
  readonly axis: number | null
}
