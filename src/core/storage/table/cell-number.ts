/** Numbers from the bytes of a cell: the nearest float64, as `Number` reads it, without a string where digits are few. */

const zero = 48;
const nine = 57;
const plus = 43;
const minus = 45;
const point = 46;
const comma = 44;
const quote = 34;
const space = 32;
const letterE = 101;
const capitalE = 69;

/** Up to here powers of ten are exact in float64. */
const powersOfTen = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** What programs write where a value is missing: pandas, R, TrackMate, databases. */
const missing: ReadonlySet<string> = new Set(["", "nan", "na", "n/a", "null", "none", "inf", "-inf", "+inf"]);

/**
 * The number in bytes[start] up to bytes[end - 1], with or without quotes and spaces around it; NaN when it is none.
 * `hasDecimalComma` takes a comma for the decimal point. A mantissa below 2^53 divided by an exact power of ten is
 * rounded once, so it is the nearest float64 (Clinger 1990); everything else goes through `Number`.
 */
export function parseCell(bytes: Buffer, start: number, end: number, hasDecimalComma: boolean): number {
  let at = start;
  let last = end;
  while (at < last && (bytes[at] === space || bytes[at] === quote)) at++;
  while (at < last && (bytes[last - 1] === space || bytes[last - 1] === quote)) last--;
  const first = at;
  const isNegative = bytes[at] === minus;
  if (isNegative || bytes[at] === plus) at++;
  let mantissa = 0;
  let digits = 0;
  let decimals = 0;
  let isFraction = false;
  for (; at < last; at++) {
    const byte = bytes[at]!;
    if (byte >= zero && byte <= nine) {
      mantissa = mantissa * 10 + (byte - zero);
      digits++;
      if (isFraction) decimals++;
    } else if (!isFraction && (byte === point || (hasDecimalComma && byte === comma))) isFraction = true;
    else return parseSlowly(bytes, first, last, hasDecimalComma);
  }
  if (digits === 0) return Number.NaN;
  if (mantissa > Number.MAX_SAFE_INTEGER || decimals > 22) return parseSlowly(bytes, first, last, hasDecimalComma);
  const value = decimals === 0 ? mantissa : mantissa / powersOfTen[decimals]!;
  return isNegative ? -value : value;
}

/** `Number` takes more than decimal numbers ("0x10", "", "Infinity"), so the letters are looked at first. */
function parseSlowly(bytes: Buffer, start: number, end: number, hasDecimalComma: boolean): number {
  let hasDigit = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= zero && byte <= nine) hasDigit = true;
    else if (byte === letterE || byte === capitalE) {
      if (!hasDigit) return Number.NaN;
    } else if (byte !== point && byte !== plus && byte !== minus && !(hasDecimalComma && byte === comma)) {
      return Number.NaN;
    }
  }
  if (!hasDigit) return Number.NaN;
  const text = bytes.toString("latin1", start, end);
  return Number(hasDecimalComma ? text.replace(",", ".") : text);
}

/** True for a cell that says that there is no value: empty, NaN, NA, None and the like. */
export function isMissing(text: string): boolean {
  return missing.has(text.trim().toLowerCase());
}
