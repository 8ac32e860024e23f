import type { Comparison } from '../quant/audit/compare.ts'
import type { TrimEvent } from '../quant/trim/reversePruning.ts'
import type { EpochMetrics } from '../quant/trim/trainer.ts'

/**
 * Everything a report can show. A section appears only where it has data: a training alone has curves and trims, an
 * evaluation alone has a comparison. All of it survives JSON; there an infinite SQNR (the values equal float's) is null,
 * and the report takes null for it.
 */
export interface ReportData {
  readonly title: string
  /** The command line that made it. */
  readonly command?: string
  /** What was used, by name: {'quant-trim': '0.1.0', node: 'v20.19.0'}. */
  readonly versions?: Readonly<Record<string, string>>
  /** Facts for the head of the page, a sentence each: test images, wall time, the checkpoint's hash. */
  readonly notes?: readonly string[]
  readonly runs?: readonly TrainingRun[]
  readonly comparisons?: readonly ModelComparison[]
}

/** Which training: what the rows, series and headings of a report are named after. */
export interface Trained {
  readonly model: string
  readonly method: string
  readonly seed: number
}

/** One training, epoch by epoch. */
export interface TrainingRun extends Trained {
  /** The lines of metrics.jsonl. */
  readonly epochs: readonly EpochMetrics[]
  /** The lines of trim.jsonl; they carry the histograms. */
  readonly trims: readonly TrimEvent[]
}

/** One checkpoint on the back ends, with whatever else was asked about it. */
export interface ModelComparison extends Trained {
  readonly comparison: Comparison
  readonly layerSqnr?: readonly LayerSqnr[]
  readonly waterfalls?: readonly Waterfall[]
  readonly culprits?: readonly Culprits[]
  readonly calibrationTrials?: readonly CalibrationTrials[]
  readonly measured?: readonly MeasuredRow[]
  readonly cost?: CostTable
}

/** A program of a back end at a bit-width. */
export interface BackendBits {
  /** The back end's name. */
  readonly backend: string
  /** For example 'W4A8'. */
  readonly bits: string
}

/** Signal to quantisation noise of each layer's output against the float model's tensor of the same name. */
export interface LayerSqnr extends BackendBits {
  /** In the order of the network. */
  readonly layers: readonly {
    readonly name: string
    /** Decibels; Infinity (in JSON null) where the values are equal. */
    readonly sqnrDb: number | null
  }[]
}

/** From the float model to a back end's result, one knob at a time; the order of the knobs matters. */
export interface Waterfall extends BackendBits {
  /** Top-1 of the float model, a fraction. */
  readonly from: number
  /** Top-1 on the back end, a fraction: `from` plus all changes. */
  readonly to: number
  readonly steps: readonly {
    /** For example 'weights', 'granularity', 'rounding'. */
    readonly knob: string
    /** Change of top-1, a fraction: negative is a loss. */
    readonly change: number
    /** SQNR of the logits after this step, decibels. */
    readonly sqnrDb?: number | null
  }[]
}

/** The layers that cost a back end most, and what healing each alone gave, measured by doing it. */
export interface Culprits extends BackendBits {
  readonly layers: readonly {
    readonly name: string
    readonly remedies: readonly {
      /** For example '16-bit', 'per channel', 'clip'. */
      readonly remedy: string
      /** Gain in top-1, a fraction: positive heals. */
      readonly gain: number
      /** Gain in SQNR of the logits, decibels. */
      readonly gainDb?: number | null
    }[]
  }[]
}

/** The same checkpoint and back end, calibrated on several samples. */
export interface CalibrationTrials extends BackendBits {
  readonly trials: readonly {
    readonly seed: number
    /** Images calibrated on, and how many at a time. */
    readonly images: number
    readonly batch: number
    readonly top1: number
    readonly sqnrDb: number | null
  }[]
}

/** Our own runtime on the machine at hand: a measurement, not a model. */
export interface MeasuredRow extends BackendBits {
  /** Milliseconds for one image, over repeated runs. */
  readonly medianMs: number
  readonly p95Ms: number
  readonly imagesPerSecond: number
  /** Peak of the memory plan, bytes. */
  readonly memoryBytes: number
}

/** The cost model's figures: always a model, never a measurement. */
export interface CostTable {
  /** Where the constants come from and what they assume, a sentence. */
  readonly source: string
  readonly rows: readonly CostRow[]
}

/** What one inference of one image would cost by the model. */
export interface CostRow extends BackendBits {
  /** Multiply-accumulates by precision: {'8x4': 1200000, float32: 640}. */
  readonly macs: Readonly<Record<string, number>>
  readonly weightBytes: number
  readonly activationBytes: number
  /** Tensors converted between integers and float at fallbacks. */
  readonly crossings: number
  /** Microjoules. */
  readonly energyUj: number
  /** Milliseconds. */
  readonly latencyMs: number
}
