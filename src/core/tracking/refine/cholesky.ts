/** Small symmetric positive definite systems, solved in place without allocation. */

/**
 * Factors the leading `n` by `n` of a symmetric matrix (row after row, `order` to a row; the lower triangle is read)
 * into `factor`, with the diagonal multiplied by 1 + damping. Returns false where it is not positive definite.
 */
export function factorize(
  factor: Float64Array,
  matrix: Float64Array,
  order: number,
  n: number,
  damping: number,
): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * order + j]!;
      if (i === j) sum *= 1 + damping;
      for (let k = 0; k < j; k++) sum -= factor[i * order + k]! * factor[j * order + k]!;
      if (i === j) {
        // A pivot lost to rounding is a direction that the data say nothing about.
        if (!(sum > 1e-14 * matrix[i * order + i]!)) return false;
        factor[i * order + i] = Math.sqrt(sum);
      } else factor[i * order + j] = sum / factor[j * order + j]!;
    }
  }
  return true;
}

/** Solves factor factor' x = b; `x` may be `b`. */
export function solve(x: Float64Array, factor: Float64Array, order: number, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= factor[i * order + k]! * x[k]!;
    x[i] = sum / factor[i * order + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let k = i + 1; k < n; k++) sum -= factor[k * order + i]! * x[k]!;
    x[i] = sum / factor[i * order + i]!;
  }
}
