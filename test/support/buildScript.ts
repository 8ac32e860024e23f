/** What scripts/buildSimd.mjs exports. */
export interface BuildScript {
  readonly simdFolders: readonly string[]
  compileSimd(folder: string, options: { level: 0 | 3; isShared: boolean }): Uint8Array<ArrayBuffer>
}

/** The build script of the SIMD kernels. It is plain JavaScript outside the compiled tree. */
export async function buildScript(): Promise<BuildScript> {
  return import(new URL('../../../scripts/buildSimd.mjs', import.meta.url).href)
}
