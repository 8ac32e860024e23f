/**
 * The name of a value: that of its codes without '.codes', as our export writes them, or else `other`. Example:
 * 'y.codes': 'y'.
 */
export function codesName(codes: string, other: string): string {
  return codes.endsWith('.codes') && codes.length > 6 ? codes.slice(0, -6) : other
}
