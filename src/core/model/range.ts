/** Which numbers a parameter takes, said once for the option that reads it, its help and the library that uses it. */
import type { ParameterFault } from "../errors.js";
import type { PerAxis } from "./per-axis.js";

export interface Range {
  readonly min?: number;
  readonly max?: number;
  /** The value has to be above it, not equal to it. */
  readonly above?: number;
  /** The value has to be below it, not equal to it. */
  readonly below?: number;
  /** A whole number. */
  readonly whole?: boolean;
  /** An odd whole number: something with a middle. */
  readonly odd?: boolean;
}

/** "an odd whole number, at least 3" */
export function rangeText(range: Range): string {
  const noun = range.odd ? "an odd whole number" : range.whole ? "a whole number" : "a number";
  if (range.above !== undefined && range.below !== undefined)
    return `${noun} above ${range.above} and below ${range.below}`;
  if (range.above !== undefined)
    return `${noun} above ${range.above}${range.max === undefined ? "" : `, at most ${range.max}`}`;
  if (range.min !== undefined && range.max !== undefined) return `${noun}, ${range.min} to ${range.max}`;
  if (range.min !== undefined) return `${noun}, at least ${range.min}`;
  if (range.max !== undefined) return `${noun}, at most ${range.max}`;
  return noun;
}

/** Whether something that came from outside is a whole number of that size, and exact. */
export function isWholeNumber(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** Whether a number is in it; NaN and the infinities never are. */
export function isInRange(value: number, range: Range): boolean {
  return (
    Number.isFinite(value) &&
    (range.min === undefined || value >= range.min) &&
    (range.max === undefined || value <= range.max) &&
    (range.above === undefined || value > range.above) &&
    (range.below === undefined || value < range.below) &&
    (!(range.whole || range.odd) || Number.isSafeInteger(value)) &&
    (!range.odd || Math.abs(value % 2) === 1)
  );
}

/** The parameters that are out of their ranges; those that are not given are not judged. */
export function rangeFaults<Ranges extends { readonly [field: string]: Range }>(
  ranges: Ranges,
  values: { readonly [Field in keyof Ranges]?: number | PerAxis | undefined },
): ParameterFault<keyof Ranges & string>[] {
  const faults: ParameterFault<keyof Ranges & string>[] = [];
  for (const [field, range] of Object.entries(ranges)) {
    const value: number | PerAxis | undefined = values[field];
    if (value === undefined) continue;
    const numbers = typeof value === "number" ? [value] : [value.y, value.x];
    if (numbers.every((number) => isInRange(number, range))) continue;
    const got = new Set(numbers).size === 1 ? `${numbers[0]}` : `y ${numbers[0]}, x ${numbers[1]}`;
    faults.push({ field, what: `expected ${rangeText(range)}, got ${got}` });
  }
  return faults;
}
