import type { ActivationExports } from './exports/activations.ts'
import type { ArithmeticExports } from './exports/arithmetic.ts'
import type { ConvolutionExports } from './exports/convolutions.ts'
import type { NormalisationExports } from './exports/normalisation.ts'
import type { OptimiserExports } from './exports/optimisers.ts'
import type { PoolingExports } from './exports/pooling.ts'
import type { ProductExports } from './exports/products.ts'
import type { ReductionExports } from './exports/reductions.ts'
import type { SoftmaxExports } from './exports/softmax.ts'
import type { TranscendentalExports } from './exports/transcendental.ts'

/**
 * The functions of the WebAssembly module, as assembly/index.ts exports them: pointers, sizes and constants, then the
 * range [begin, end) of units of work.
 */
export interface SimdExports
  extends ActivationExports,
    ArithmeticExports,
    ConvolutionExports,
    NormalisationExports,
    OptimiserExports,
    PoolingExports,
    ProductExports,
    ReductionExports,
    SoftmaxExports,
    TranscendentalExports {
  /** The loop of peak.ts. */
  peak(values: number, begin: number, end: number): void
}
