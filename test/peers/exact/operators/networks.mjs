// Whole networks, 8-bit weights per channel: every value of the program is compared, layer by layer.

import { ours } from '../ours.mjs'
import { sessionCase } from '../programs.mjs'

/** A network of the zoo with drawn parameters, calibrated on the images that it is run on. */
function network(name, title, options, fused) {
  return {
    name: title,
    *cases(draw) {
      for (;;) {
        const graph = ours.buildModel(name, { classes: 10, ...options })
        const parameters = ours.initialise(graph, draw.integer(1, 2 ** 30))
        const { dims, data } = draw.uniform([8, ...options.input], 0, 1)
        const images = ours.tensor(data, dims)
        const calibration = [images]
        yield sessionCase(
          (backend) => ours.compile(graph, parameters, ours.findBackend(backend), { calibration }),
          images,
          { fused, write: draw.oneIn(4) ? 'exportQLinear' : 'exportQdq' },
        )
      }
    },
  }
}

/** In the order of the table. */
export const networkOperators = [
  network('lenet', 'network LeNet', { input: [1, 28, 28] }, { QLinearConv: 2 }),
  network('resnet', 'network ResNet-20', { input: [3, 32, 32], depth: 20 }, { QLinearConv: 21, QLinearAdd: 9 }),
]
