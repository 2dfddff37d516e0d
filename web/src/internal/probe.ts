// The smallest modules that use one feature each: (func (result v128) …) with one instruction.
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];
const RELAXED = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
];

const validate = (bytes: number[]): boolean =>
  typeof WebAssembly === 'object' && WebAssembly.validate(new Uint8Array(bytes));

/** `i8x16.splat` and `i8x16.popcnt` validate. */
export const hasSimd = (): boolean => validate(SIMD);

/** `i8x16.relaxed_swizzle` validates. */
export const hasRelaxedSimd = (): boolean => validate(RELAXED);

/** Threads need memory that workers share, which browsers give to cross-origin isolated pages only. */
export const hasThreads = (): boolean =>
  globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === 'function';
