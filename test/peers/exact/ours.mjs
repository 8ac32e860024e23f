// This package, built: what the comparison uses. From dist/ by path, because the codec is not part of the public face.

import { existsSync } from 'node:fs'

/** Where the build is. */
export const built = new URL('../../../dist/', import.meta.url)

const paths = [
  'engine/index.js',
  'engine/base/random.js',
  'engine/ops/table.js',
  'quant/index.js',
  'quant/operators/table.js',
  'quant/affine/points.js',
  'models/index.js',
  'cli/run.js',
  'cli/testImages.js',
  'models/onnx/codec/decode.js',
  'models/onnx/codec/encode.js',
  'models/onnx/export/exportGraph.js',
  'models/onnx/export/exportProgram.js',
]

if (!existsSync(new URL('engine/index.js', built))) {
  throw new Error('exact: the package is not built; run `npm run build` in the repository root first')
}
const modules = await Promise.all(paths.map((path) => import(new URL(path, built))))

/** Everything those modules export, in one object. */
export const ours = Object.assign({}, ...modules)
