/**
 * The functions of the WebAssembly module, as assembly/index.ts exports them: pointers, sizes and constants, then the
 * range [begin, end) of units of work. (One subject, hence one long file.)
 */
export interface SimdExports {
  abs(x: number, out: number, begin: number, end: number): void
  absGrad(x: number, gradOut: number, gradX: number, begin: number, end: number): void
  adam(
    gradient: number,
    first: number,
    second: number,
    parameter: number,
    beta1: number,
    beta2: number,
    intake1: number,
    intake2: number,
    eps: number,
    stepSize: number,
    correction: number,
    l2: number,
    keep: number,
    begin: number,
    end: number,
  ): void
  add(a: number, b: number, out: number, begin: number, end: number): void
  addBroadcast(a: number, b: number, out: number, layout: number, begin: number, end: number): void
  addChannelBias(
    x: number,
    bias: number,
    channels: number,
    plane: number,
    out: number,
    begin: number,
    end: number,
  ): void
  averagePool(
    x: number,
    out: number,
    height: number,
    width: number,
    outHeight: number,
    outWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    padBottom: number,
    padRight: number,
    countPadding: number,
    begin: number,
    end: number,
  ): void
  averagePoolGrad(
    gradOut: number,
    gradX: number,
    height: number,
    width: number,
    outHeight: number,
    outWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    padBottom: number,
    padRight: number,
    countPadding: number,
    begin: number,
    end: number,
  ): void
  batchNorm(
    x: number,
    mean: number,
    variance: number,
    scale: number,
    bias: number,
    out: number,
    c: number,
    p: number,
    epsilon: number,
    begin: number,
    end: number,
  ): void
  batchNormGradEvaluation(
    gradOut: number,
    variance: number,
    scale: number,
    gradX: number,
    c: number,
    p: number,
    epsilon: number,
    begin: number,
    end: number,
  ): void
  batchNormGradTraining(
    x: number,
    gradOut: number,
    mean: number,
    variance: number,
    scale: number,
    gradScale: number,
    gradBias: number,
    gradX: number,
    n: number,
    c: number,
    p: number,
    epsilon: number,
    begin: number,
    end: number,
  ): void
  batchNormParameterGrads(
    x: number,
    gradOut: number,
    mean: number,
    variance: number,
    gradScale: number,
    gradBias: number,
    n: number,
    c: number,
    p: number,
    epsilon: number,
    begin: number,
    end: number,
  ): void
  batchNormRunning(
    running: number,
    batch: number,
    out: number,
    kept: number,
    taken: number,
    correction: number,
    begin: number,
    end: number,
  ): void
  batchNormStatistics(
    x: number,
    mean: number,
    variance: number,
    n: number,
    c: number,
    p: number,
    begin: number,
    end: number,
  ): void
  channelSum(x: number, out: number, n: number, c: number, p: number, begin: number, end: number): void
  clip(x: number, out: number, low: number, high: number, begin: number, end: number): void
  clipGrad(x: number, gradOut: number, gradX: number, low: number, high: number, begin: number, end: number): void
  copyPadded(
    x: number,
    height: number,
    width: number,
    out: number,
    outHeight: number,
    top: number,
    left: number,
    step: number,
    phases: number,
    parts: number,
    phaseWidth: number,
    begin: number,
    end: number,
  ): void
  crossEntropy(
    logits: number,
    target: number,
    losses: number,
    probabilities: number,
    classes: number,
    inner: number,
    smooth: number,
    sharp: number,
    table: number,
    begin: number,
    end: number,
  ): void
  crossEntropyGrad(
    probabilities: number,
    target: number,
    gradLosses: number,
    gradLogits: number,
    classes: number,
    inner: number,
    wanted: number,
    other: number,
    shared: number,
    divisor: number,
    begin: number,
    end: number,
  ): void
  depthwise(
    x: number,
    height: number,
    width: number,
    paddedHeight: number,
    top: number,
    left: number,
    step: number,
    phases: number,
    parts: number,
    phaseWidth: number,
    weight: number,
    weightBytes: number,
    weightTaps: number,
    steps: number,
    depth: number,
    line: number,
    bias: number,
    channels: number,
    multiplier: number,
    out: number,
    outPlane: number,
    outLine: number,
    outColumn: number,
    lines: number,
    columns: number,
    total: number,
    planes: number,
    scratch: number,
    slot: number,
    begin: number,
    end: number,
  ): void
  depthwiseGradWeight(
    x: number,
    height: number,
    width: number,
    paddedHeight: number,
    top: number,
    left: number,
    step: number,
    phases: number,
    parts: number,
    phaseWidth: number,
    gradOut: number,
    batch: number,
    lines: number,
    columns: number,
    taps: number,
    depth: number,
    line: number,
    channels: number,
    multiplier: number,
    gradWeight: number,
    scratch: number,
    slot: number,
    begin: number,
    end: number,
  ): void
  divBroadcast(a: number, b: number, out: number, layout: number, begin: number, end: number): void
  divideBy(x: number, out: number, divisor: number, begin: number, end: number): void
  exp(x: number, out: number, table: number, begin: number, end: number): void
  expGrad(y: number, gradOut: number, gradX: number, begin: number, end: number): void
  gatherProduct(
    a: number,
    rows: number,
    depth: number,
    bias: number,
    b: number,
    taps: number,
    consecutive: number,
    columns: number,
    imageColumns: number,
    lineColumns: number,
    bImage: number,
    bLine: number,
    bColumn: number,
    out: number,
    outRow: number,
    outImage: number,
    outLine: number,
    outColumn: number,
    block: number,
    panels: number,
    scratch: number,
    slot: number,
    begin: number,
    end: number,
  ): void
  gelu(x: number, out: number, table: number, begin: number, end: number): void
  geluGrad(x: number, gradOut: number, gradX: number, table: number, begin: number, end: number): void
  geluTanh(x: number, out: number, table: number, begin: number, end: number): void
  geluTanhGrad(x: number, gradOut: number, gradX: number, table: number, begin: number, end: number): void
  gemmFinish(
    c: number,
    n: number,
    alpha: number,
    beta: number,
    cRow: number,
    cColumn: number,
    product: number,
    out: number,
    begin: number,
    end: number,
  ): void
  globalAveragePool(x: number, out: number, area: number, begin: number, end: number): void
  globalAveragePoolGrad(gradOut: number, gradX: number, area: number, begin: number, end: number): void
  hardSigmoid(x: number, out: number, alpha: number, beta: number, begin: number, end: number): void
  hardSigmoidGrad(
    x: number,
    gradOut: number,
    gradX: number,
    alpha: number,
    beta: number,
    begin: number,
    end: number,
  ): void
  hardSwish(x: number, out: number, begin: number, end: number): void
  hardSwishGrad(x: number, gradOut: number, gradX: number, begin: number, end: number): void
  laneProduct(
    a: number,
    rows: number,
    b: number,
    taps: number,
    columns: number,
    bImage: number,
    bLine: number,
    batch: number,
    lines: number,
    width: number,
    out: number,
    block: number,
    panels: number,
    scratch: number,
    slot: number,
    begin: number,
    end: number,
  ): void
  layerNorm(
    x: number,
    scale: number,
    bias: number,
    out: number,
    mean: number,
    deviation: number,
    length: number,
    epsilon: number,
    begin: number,
    end: number,
  ): void
  layerNormGrad(
    x: number,
    scale: number,
    mean: number,
    deviation: number,
    gradOut: number,
    gradX: number,
    sums: number,
    length: number,
    begin: number,
    end: number,
  ): void
  layerNormParameterGrads(
    x: number,
    mean: number,
    deviation: number,
    gradOut: number,
    gradScale: number,
    gradBias: number,
    rows: number,
    length: number,
    begin: number,
    end: number,
  ): void
  leakyRelu(x: number, out: number, slope: number, begin: number, end: number): void
  leakyReluGrad(x: number, gradOut: number, gradX: number, slope: number, begin: number, end: number): void
  log(x: number, out: number, table: number, begin: number, end: number): void
  logGrad(x: number, gradOut: number, gradX: number, begin: number, end: number): void
  logSoftmax(x: number, out: number, extent: number, inner: number, table: number, begin: number, end: number): void
  logSoftmaxGrad(
    y: number,
    gradOut: number,
    gradX: number,
    extent: number,
    inner: number,
    table: number,
    begin: number,
    end: number,
  ): void
  maxPool(
    x: number,
    out: number,
    argmax: number,
    height: number,
    width: number,
    outHeight: number,
    outWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
    begin: number,
    end: number,
  ): void
  maxPoolGrad(
    gradOut: number,
    argmax: number,
    gradX: number,
    windows: number,
    area: number,
    begin: number,
    end: number,
  ): void
  meanSquaredError(a: number, b: number, out: number, length: number, begin: number, end: number): void
  meanSquaredErrorGrad(
    a: number,
    b: number,
    gradOut: number,
    gradA: number,
    length: number,
    begin: number,
    end: number,
  ): void
  mulBroadcast(a: number, b: number, out: number, layout: number, begin: number, end: number): void
  packLanes(
    x: number,
    image: number,
    row: number,
    rows: number,
    batch: number,
    lines: number,
    width: number,
    out: number,
    begin: number,
    end: number,
  ): void
  packRows(
    a: number,
    aRow: number,
    taps: number,
    consecutive: number,
    rows: number,
    depth: number,
    out: number,
    begin: number,
    end: number,
  ): void
  peak(values: number, begin: number, end: number): void
  reduceMax(x: number, out: number, indices: number, extent: number, inner: number, begin: number, end: number): void
  reduceMaxGrad(
    gradOut: number,
    indices: number,
    gradX: number,
    extent: number,
    inner: number,
    begin: number,
    end: number,
  ): void
  reduceSum(x: number, out: number, extent: number, inner: number, begin: number, end: number): void
  reduceSumGrad(gradOut: number, gradX: number, extent: number, inner: number, begin: number, end: number): void
  relu(x: number, out: number, begin: number, end: number): void
  reluGrad(x: number, gradOut: number, gradX: number, begin: number, end: number): void
  sgd(gradient: number, parameter: number, rate: number, decay: number, begin: number, end: number): void
  sgdMomentum(
    gradient: number,
    buffer: number,
    parameter: number,
    rate: number,
    decay: number,
    momentum: number,
    intake: number,
    nesterov: number,
    begin: number,
    end: number,
  ): void
  sigmoid(x: number, out: number, table: number, begin: number, end: number): void
  sigmoidGrad(y: number, gradOut: number, gradX: number, begin: number, end: number): void
  softmax(x: number, out: number, extent: number, inner: number, table: number, begin: number, end: number): void
  softmaxGrad(
    y: number,
    gradOut: number,
    gradX: number,
    extent: number,
    inner: number,
    begin: number,
    end: number,
  ): void
  softplus(x: number, out: number, table: number, begin: number, end: number): void
  softplusGrad(x: number, gradOut: number, gradX: number, table: number, begin: number, end: number): void
  subBroadcast(a: number, b: number, out: number, layout: number, begin: number, end: number): void
  swish(x: number, out: number, alpha: number, table: number, begin: number, end: number): void
  swishGrad(x: number, gradOut: number, gradX: number, alpha: number, table: number, begin: number, end: number): void
  tanh(x: number, out: number, table: number, begin: number, end: number): void
  tanhGrad(y: number, gradOut: number, gradX: number, begin: number, end: number): void
}
