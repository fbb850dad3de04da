/**
 * Numbers as ASCII digits straight into bytes: no strings where nine digits are enough, the shortest text that parses
 * back to the same float64 where every bit matters. Each writer returns the position behind what it wrote; the caller
 * has made room for `longestNumber` bytes.
 */

/** No number is longer: sign, 17 digits, point, exponent of three digits with sign, and some. */
export const longestNumber = 26;

const zero = 48;
const minus = 45;
const point = 46;

/** "00", "01" ... "99": two digits at a time. */
const pairs = new Uint8Array(200);
for (let value = 0; value < 100; value++) {
  pairs[2 * value] = zero + Math.floor(value / 10);
  pairs[2 * value + 1] = zero + (value % 10);
}

const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** A whole number, |value| at most 2^53. */
export function writeInteger(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let place = at;
  if (rest < 0) {
    out[place++] = minus;
    rest = -rest;
  }
  let digits = 1;
  if (rest < 1e5) digits = rest < 10 ? 1 : rest < 100 ? 2 : rest < 1000 ? 3 : rest < 1e4 ? 4 : 5;
  else for (digits = 6; digits < 16 && rest >= powersOfTen[digits]!; ) digits++;
  return writePadded(out, place, rest, digits);
}

/** Exactly `digits` digits of a whole number of at most 16, zeros in front. */
export function writePadded(out: Uint8Array, at: number, value: number, digits: number): number {
  if (value <= 0x7fffffff) return writeSmall(out, at, value | 0, digits);
  // Above 2^31 one division of doubles, exact below 2^53; the rest in 32-bit integers.
  const high = Math.floor(value / 1e8);
  const place = writePadded(out, at, high, digits - 8);
  return writeSmall(out, place, (value - high * 1e8) | 0, 8);
}

function writeSmall(out: Uint8Array, at: number, value: number, digits: number): number {
  let place = at + digits;
  let rest = value;
  while (place - at >= 2) {
    const next = (rest / 100) | 0;
    const pair = (rest - next * 100) << 1;
    out[--place] = pairs[pair + 1]!;
    out[--place] = pairs[pair]!;
    rest = next;
  }
  if (place > at) out[--place] = zero + (rest % 10);
  return at + digits;
}

/**
 * A number with ten significant digits, trailing zeros left out; whole numbers below 10^15 with all their digits.
 * Writes nothing for NaN and infinities. Outside 1e-4 to 1e9 in exponent notation where it has a fraction.
 */
export function writeTenDigits(out: Uint8Array, at: number, value: number): number {
  let size = value;
  let place = at;
  if (size < 0) size = -size;
  if (!(size < 1e15)) return size < Number.POSITIVE_INFINITY ? writeText(out, at, value.toExponential(9)) : at;
  const whole = Math.floor(size);
  if (whole === size) return writeInteger(out, at, value);
  if (whole >= 1e9 || size < 1e-4) return writeText(out, at, String(Number(value.toPrecision(10))));

  let decimals = 10;
  if (whole > 0) {
    decimals = 9;
    while (whole >= powersOfTen[10 - decimals]!) decimals--;
  } else if (size < 0.1) decimals = size < 1e-3 ? 13 : size < 1e-2 ? 12 : 11;

  // The subtraction is exact, so the only rounding is that of the last digit.
  let fraction = Math.round((size - whole) * powersOfTen[decimals]!);
  let integer = whole;
  if (fraction === powersOfTen[decimals]!) {
    fraction = 0;
    integer++;
  }
  if (value < 0) out[place++] = minus;
  place = writeInteger(out, place, integer);
  if (fraction === 0) return place;
  out[place] = point;
  place = writePadded(out, place + 1, fraction, decimals);
  while (out[place - 1] === zero) place--;
  return place;
}

/** The shortest text that parses back to the same float64 (ECMAScript's Number::toString); nothing for NaN and infinities. */
export function writeShortest(out: Uint8Array, at: number, value: number): number {
  if (!Number.isFinite(value)) return at;
  return writeText(out, at, String(value));
}

/** ASCII text. */
export function writeText(out: Uint8Array, at: number, text: string): number {
  const length = text.length;
  for (let index = 0; index < length; index++) out[at + index] = text.charCodeAt(index);
  return at + length;
}
