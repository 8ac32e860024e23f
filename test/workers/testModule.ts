/**
 * A small WebAssembly module on a shared memory, assembled by hand, whose functions do what kernels must not. Each first
 * adds 1, atomically, to the 32-bit word before base, so that one sees it has been called.
 *
 *     loop(base, begin, end)  never returns
 *     trap(base, begin, end)  traps
 *     mark(base, begin, end)  adds 1, atomically, to the 32-bit word of each unit at base
 */
export function testModule(): WebAssembly.Module {
  const i32 = 0x7f
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      // Type (i32, i32, i32) -> ().
      ...section(1, [1, 0x60, 3, i32, i32, i32, 0]),
      // Memory of 1 to 65536 pages, shared.
      ...section(2, [1, ...text('env'), ...text('memory'), 2, 3, 1, 0x80, 0x80, 0x04]),
      ...section(3, [3, 0, 0, 0]),
      ...section(7, [3, ...text('loop'), 0, 0, ...text('trap'), 0, 1, ...text('mark'), 0, 2]),
      ...section(10, [3, ...body(loop), ...body(trap), ...body(mark)]),
    ]),
  )
}

const end = 0x0b
// loop br 0 end
const loop = [0x03, 0x40, 0x0c, 0, end, end]
// unreachable
const trap = [0x00, end]
const mark = [
  ...[0x03, 0x40], // loop
  ...[0x20, 1, 0x20, 2, 0x48, 0x04, 0x40], // begin < end, if
  ...[0x20, 0, 0x20, 1, 0x41, 2, 0x74, 0x6a], // base + (begin << 2)
  ...[0x41, 1, 0xfe, 0x1e, 2, 0, 0x1a], // i32.atomic.rmw.add 1, drop
  ...[0x20, 1, 0x41, 1, 0x6a, 0x21, 1], // begin += 1
  ...[0x0c, 1, end, end, end], // br to the loop
]

function section(id: number, content: readonly number[]): number[] {
  return [id, content.length, ...content]
}

function text(name: string): number[] {
  return [name.length, ...Buffer.from(name)]
}

/** A function without locals of its own: notes the call, then does as `code` says. */
function body(code: readonly number[]): number[] {
  // base - 4, i32.atomic.rmw.add 1, drop
  const note = [0x20, 0, 0x41, 4, 0x6b, 0x41, 1, 0xfe, 0x1e, 2, 0, 0x1a]
  return [note.length + code.length + 1, 0, ...note, ...code]
}
