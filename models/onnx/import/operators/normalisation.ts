import { applyOp } from '../../../../engine/core/tape.ts'
import { BatchNormalization as EngineBatchNormalization } from '../../../../engine/ops/batchNormalization.ts'
import { fromEngine, toEngine } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import type { OnnxOperator } from './operator.ts'

const NAME = 'BatchNormalization'

/**
 * ONNX BatchNormalization. In a graph it is normalised by the running statistics, or in a training run by the batch's,
 * whatever the file's training_mode says, and a training run updates them as PyTorch does (variance with divisor m - 1),
 * where these files come from. The second and third output in training mode, updated as ONNX defines it (divisor m), are
 * only evaluated.
 */
export const BatchNormalization: OnnxOperator = {
  name: NAME,
  since: 9,
  requires: 5,
  attributes: { epsilon: 'float', momentum: 'float', training_mode: 'int' },
  build(node) {
    if (node.outputCount > 1) node.refuse('its running statistics are outputs; a graph updates them as parameters')
    const inputs = [node.float(0), node.weight(1), node.weight(2), node.float(3), node.float(4)]
    node.emit(NAME, inputs, node.attributes.given('epsilon', 'momentum'))
  },
  evaluates: ({ attributes }) => attributes.int('training_mode', 0) === 1,
  evaluate({ inputs, attributes, outputs }) {
    const tensors = (inputs as readonly OnnxTensor[]).map((input, i) => toEngine(input, `${NAME}: input ${i}`))
    const results = applyOp(EngineBatchNormalization, tensors, {
      ...attributes.given('epsilon', 'momentum', 'training_mode'),
      running_variance: 'population',
    })
    return results.slice(0, outputs).map((result) => fromEngine(result, 'float32'))
  },
}

/** ONNX LayerNormalization, which computes in float32 whatever stash_type says: there is nothing narrower here. */
export const LayerNormalization: OnnxOperator = {
  name: 'LayerNormalization',
  since: 17,
  requires: 2,
  attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
  build(node) {
    const inputs = [node.float(0), node.weight(1), node.weight(2)]
    node.emit('LayerNormalization', inputs, node.attributes.given('axis', 'epsilon'))
  },
}
