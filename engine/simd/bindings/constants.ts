const doubles = Float64Array.of(
  // exp, from 0: the rounding shift, log2 e, ln 2 in two parts, 1/11! ... 1/3!, 1/2, 1 (at 112), the limits, Infinity.
  6755399441055744,
  Math.LOG2E,
  0.6931471803691238,
  1.9082149292705877e-10,
  1 / 39916800,
  1 / 3628800,
  1 / 362880,
  1 / 40320,
  1 / 5040,
  1 / 720,
  1 / 120,
  1 / 24,
  1 / 6,
  1 / 2,
  1,
  709,
  -708,
  Number.POSITIVE_INFINITY,
  // log, from 144: 2^52, 2^52 + the exponent's bias, sqrt 2, 1/17 ... 1/3, ln 2, NaN.
  2 ** 52,
  2 ** 52 + 1023,
  Math.SQRT2,
  1 / 17,
  1 / 15,
  1 / 13,
  1 / 11,
  1 / 9,
  1 / 7,
  1 / 5,
  1 / 3,
  Math.LN2,
  Number.NaN,
  // erfcx, from 248: the greatest argument, the numerator (from 256), the denominator but for its last term (from 328).
  27,
  0.0003248557547955775,
  0.0050584662907509825,
  0.03866483456869612,
  0.1857952801163998,
  0.608317356490129,
  1.385281161017086,
  2.147381095134529,
  2.090312053433885,
  1.0000000000000029,
  0.0005757918335762287,
  0.008965898056733076,
  0.06881953083908335,
  0.3337965090645105,
  1.1121923487213783,
  2.6155211278896724,
  4.311688587821159,
  4.779285213659462,
  3.2186912205301925,
  // tanh, from 400: its series but for 1/3, where the series ends, 2.
  62 / 2835,
  17 / 315,
  2 / 15,
  0.0625,
  2,
  // gelu, from 440: sqrt 1/2, 1 / sqrt(2 pi). geluTanh, from 456: 2 sqrt(2 / pi), the cubic coefficient, 3 times that.
  Math.SQRT1_2,
  0.3989422804014327,
  1.5957691216057308,
  0.044715,
  3 * 0.044715,
)

/**
 * The constants of the functions that are evaluated in double, for assembly/transcendental/ and its users: doubles, as
 * bytes, named there by their offset. A load is several times cheaper than what engines make of a vector constant, and
 * these functions are little else than constants.
 */
export const constants = new Uint8Array(doubles.buffer)
