/** The weights of the low-pass, correctly rounded: whether a pixel of a flat area is background hangs on their last bit. */

const fractionBits = 160n;

/**
 * Gaussian weights from -half to +half, half = int(4 sigma + 0.5), normalised to sum 1; `[1]` for sigma 0. Summed in the
 * order of numpy's `sum`, so that the weights are those of trackpy's `gaussian_kernel`.
 */
export function gaussianKernel(sigma: number): Float64Array {
  const half = Math.trunc(4 * sigma + 0.5);
  if (sigma <= 0 || half === 0) return Float64Array.of(1);
  const weights = new Float64Array(2 * half + 1);
  for (let k = -half; k <= half; k++) weights[k + half] = expOfNegative((k * k) / (-2 * sigma ** 2));
  const sum = sumPairwise(weights, 0, weights.length);
  return weights.map((weight) => weight / sum);
}

/** exp(x) for x <= 0, correctly rounded: Math.exp may be one ulp away, and differs between engines. */
function expOfNegative(x: number): number {
  if (x === 0) return 1;
  if (x < -700) return Math.exp(x);
  // exp(x) = exp(x / 2^12)^(2^12), by Taylor in fixed point with 160 bits after the point: 12 squarings cost 24 of them.
  const one = 1n << fractionBits;
  const reduced = toFixedPoint(x) >> 12n;
  let term = one;
  let sum = one;
  for (let n = 1n; n < 24n; n++) {
    term = ((term * reduced) >> fractionBits) / n;
    sum += term;
  }
  // Kept relative to 2^exponent so that tiny results keep their bits.
  let exponent = 0;
  for (let squaring = 0; squaring < 12; squaring++) {
    sum = (sum * sum) >> fractionBits;
    exponent *= 2;
    while (sum < one >> 1n) {
      sum <<= 1n;
      exponent--;
    }
  }
  const mantissaShift = fractionBits - 52n - (sum >= one ? 0n : 1n);
  const mantissa = (sum + (1n << (mantissaShift - 1n))) >> mantissaShift;
  return Number(mantissa) * 2 ** (exponent - 52 - (sum >= one ? 0 : 1));
}

/** A double as fixed point, exact down to 2^-160. */
function toFixedPoint(x: number): bigint {
  const exponent = Math.floor(Math.log2(Math.abs(x))) - 53;
  const integer = BigInt(x / 2 ** exponent);
  const shift = fractionBits + BigInt(exponent);
  return shift >= 0n ? integer << shift : integer >> -shift;
}

/** numpy's pairwise summation (numpy/_core/src/umath, `pairwise_sum`): eight partial sums, halves above 128 values. */
function sumPairwise(values: Float64Array, start: number, count: number): number {
  if (count > 128) {
    const left = (count >> 1) - ((count >> 1) % 8);
    return sumPairwise(values, start, left) + sumPairwise(values, start + left, count - left);
  }
  let rest = 0;
  let sum = 0;
  if (count >= 8) {
    const r = values.slice(start, start + 8);
    for (rest = 8; rest < count - (count % 8); rest += 8)
      for (let j = 0; j < 8; j++) r[j]! += values[start + rest + j]!;
    sum = r[0]! + r[1]! + (r[2]! + r[3]!) + (r[4]! + r[5]! + (r[6]! + r[7]!));
  }
  for (; rest < count; rest++) sum += values[start + rest]!;
  return sum;
}
