// `npm start`: from a clean clone to the demo. Arguments after `--` go to the demo.

import { build, install, run } from './prepare.mjs'
import { root } from './root.mjs'

install()
build()
run(process.execPath, [`${root}dist/cli/main.js`, 'demo', ...process.argv.slice(2)])
