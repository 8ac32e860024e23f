/** Transcendental functions, activations made of them, and their gradients. As `SimdExports` says. */
export interface TranscendentalExports {
  exp(x: number, out: number, table: number, begin: number, end: number): void
  expGrad(y: number, gradOut: number, gradX: number, begin: number, end: number): void
  gelu(x: number, out: number, table: number, begin: number, end: number): void
  geluGrad(x: number, gradOut: number, gradX: number, table: number, begin: number, end: number): void
  geluTanh(x: number, out: number, table: number, begin: number, end: number): void
  geluTanhGrad(x: number, gradOut: number, gradX: number, table: number, begin: number, end: number): void
  log(x: number, out: number, table: number, begin: number, end: number): void
  logGrad(x: number, gradOut: number, gradX: number, begin: number, end: number): void
  sigmoid(x: number, out: number, table: number, begin: number, end: number): void
  sigmoidGrad(y: number, gradOut: number, gradX: number, begin: number, end: number): void
  softplus(x: number, out: number, table: number, begin: number, end: number): void
  softplusGrad(x: number, gradOut: number, gradX: number, table: number, begin: number, end: number): void
  swish(x: number, out: number, alpha: number, table: number, begin: number, end: number): void
  swishGrad(x: number, gradOut: number, gradX: number, alpha: number, table: number, begin: number, end: number): void
  tanh(x: number, out: number, table: number, begin: number, end: number): void
  tanhGrad(y: number, gradOut: number, gradX: number, begin: number, end: number): void
}
