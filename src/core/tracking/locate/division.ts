/** Division of 16-bit sums by the edge of the moving average, as a product of 16-bit integers that WebAssembly has. */

export interface Division {
  /** The integer nearest 2^15 * 2^shift / size. */
  readonly multiplier: number;
  readonly shift: number;
  /** Taken from the sum, as the product is one of signed integers: size * offset. */
  readonly bias: number;
  readonly offset: number;
  /** Sums from 0 to here are divided exactly; -1 where there is no such division. */
  readonly maximum: number;
}

/**
 * For an odd size n and 2^shift the power of two below it: with x = sum - bias = q n + r, 0 <= r < n, the kernels compute
 * y = floor(x m / 2^15 + 1/2) and floor(y / 2^shift). x m / 2^15 = q 2^shift + r 2^shift / n + e, where |e| is at most
 * |x| times the relative error of m, so that the result is q as long as -1/2 <= e and e < 2^shift / n - 1/2. The largest
 * |x| for which both hold is `reach`, taken a part in 1e9 short, as size 241 has it a whole number; sums run from bias - reach,
 * or 0, to bias + reach.
 */
export function planDivision(size: number): Division {
  const shift = Math.floor(Math.log2(size));
  const exact = (32768 * 2 ** shift) / size;
  const multiplier = Math.round(exact);
  if (size < 3 || multiplier > 32767) return { multiplier: 0, shift: 0, bias: 0, offset: 0, maximum: -1 };
  const errorOfOne = Math.abs(multiplier - exact) / 32768;
  const margin = Math.min(0.5, 2 ** shift / size - 0.5);
  const reach = Math.min(32767, Math.ceil((margin / errorOfOne) * (1 - 1e-9)) - 1);
  const offset = Math.floor(reach / size);
  const bias = size * offset;
  return { multiplier, shift, bias, offset, maximum: Math.min(bias + reach, 65535) };
}
