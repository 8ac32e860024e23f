/** What can be told of a node without its inputs: whether the importer knows its operator, version and attributes. */

import { OnnxAttributes } from '../attributes.ts'
import { describeNode } from '../describeNode.ts'
import type { OnnxModel, OnnxNode } from '../model.ts'
import type { OnnxOperator } from './operators/operator.ts'
import { onnxOperators } from './operators/table.ts'

/** Versions of the standard operator set. */
export interface OpsetRange {
  readonly least: number
  readonly most: number
}

/** The operator of a node of the standard set, or undefined. */
export function operatorOfNode(node: OnnxNode): OnnxOperator | undefined {
  return node.domain === '' ? onnxOperators.get(node.op) : undefined
}

/** The attributes of a node, for reading. */
export function attributesOfNode(node: OnnxNode): OnnxAttributes {
  return new OnnxAttributes(node.attributes, describeNode(node))
}

/** The version of the standard operator set that a model states. */
export function opsetOf(model: OnnxModel): number {
  return model.opsets.get('') ?? 1
}

/** Everything about a model's operators that is not read here, as phrases; empty where all is well. */
export function unknownParts(model: OnnxModel, range: OpsetRange): string[] {
  const opset = opsetOf(model)
  const problems: string[] = []
  if (opset < range.least || opset > range.most) {
    problems.push(
      `operator set ${opset}; wanted ${range.least} to ${range.most}, see onnx.version_converter.convert_version`,
    )
  }
  for (const node of model.graph.nodes) {
    const where = describeNode(node)
    const operator = operatorOfNode(node)
    if (operator === undefined) {
      problems.push(node.domain === '' ? `${where}: the operator` : `${where}: the operator of domain '${node.domain}'`)
    } else if (opset < operator.since) {
      problems.push(`${where}: the operator of set ${opset}; it is read from ${operator.since} on`)
    } else {
      for (const [name, attribute] of node.attributes) {
        const kind = operator.attributes?.[name]
        if (kind === undefined) problems.push(`${where}: attribute '${name}'`)
        else if (attribute.kind === 'unsupported') problems.push(`${where}: attribute '${name}': ${attribute.value}`)
        else if (attribute.kind !== kind) {
          problems.push(`${where}: attribute '${name}' of kind ${attribute.kind}; wanted ${kind}`)
        }
      }
    }
  }
  return problems
}
