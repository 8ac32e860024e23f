// Runs before `npm pack` and `npm publish`: what is packed is always built from the sources that are there. Without source maps, as
// the sources are not packed; the comments are in the JavaScript.

import { build, install } from './prepare.mjs'

install()
build('--sourceMap', 'false')
