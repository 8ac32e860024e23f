import { inflate } from '../../../engine/simd/inflate.ts'
import type { SimdMemory } from '../../../engine/simd/memory.ts'
import type { Simd, SimdBinary } from '../../../engine/simd/simd.ts'
import { buildScript } from '../../support/buildScript.ts'

/** A module's functions on a memory, with the units of every call split in three uneven ranges, the last first. */
function splitting<Exports>(memory: SimdMemory, bytes: Uint8Array<ArrayBuffer>): Simd<Exports> {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory: memory.memory } })
  return {
    memory,
    dispatch(name, units, _cost, args) {
      const compute = exports[name as string] as (...values: number[]) => void
      const first = Math.floor(units / 3)
      const second = Math.min(first + Math.ceil(units / 2), units)
      compute(...args, second, units)
      compute(...args, first, second)
      compute(...args, 0, first)
    },
  }
}

/**
 * The functions of a folder of SIMD kernels with their calls split over ranges of units: as embedded, compiled with -O3,
 * and as compiled with -O0. Binaryen's optimiser may use fast-math rules: what it makes must equal what it was given.
 */
export async function splittingBuilds<Exports>(
  folder: string,
  memory: SimdMemory,
  { binary }: SimdBinary,
): Promise<Readonly<Record<'split' | '-O0', Simd<Exports>>>> {
  const { compileSimd } = await buildScript()
  return {
    split: splitting(memory, inflate(Buffer.from(binary, 'base64'))),
    '-O0': splitting(memory, compileSimd(folder, { level: 0, isShared: false })),
  }
}
