/** Values of a typed table as cells of a text table: numbers shortest, instants in ISO 8601 with all their digits. */

/** The text of a value, quoted where it has to be; "" for nothing and for NaN. */
export function cellText(value: unknown, delimiter: string): string {
  if (typeof value === "number") {
    if (Number.isNaN(value)) return "";
    return String(value);
  }
  if (value === null || value === undefined) return "";
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  const text =
    typeof value === "string"
      ? value
      : value instanceof Date
        ? value.toISOString()
        : JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? Number(inner) : inner));
  return text.includes(delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The same for a float32 that arrives as float64: the shortest text that is the same float32. */
export function float32Text(value: unknown, delimiter: string): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return cellText(value, delimiter);
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(9)));
}

/** Nanoseconds since the Unix epoch as "2025-11-21T10:00:00.123456": `decimals` digits behind the second. */
function instant(nanoseconds: bigint, decimals: number): string {
  const second = 1_000_000_000n;
  const rest = ((nanoseconds % second) + second) % second;
  const whole = new Date(Number((nanoseconds - rest) / 1_000_000n)).toISOString().slice(0, 19);
  return `${whole}.${String(rest).padStart(9, "0").slice(0, decimals)}Z`;
}

/** What a reader of typed tables is to make of instants, which `Date` would cut to milliseconds. */
export const instantParsers = {
  timestampFromMilliseconds: (ms: bigint): string => instant(ms * 1_000_000n, 3),
  timestampFromMicroseconds: (us: bigint): string => instant(us * 1000n, 6),
  timestampFromNanoseconds: (ns: bigint): string => instant(ns, 9),
  dateFromDays: (days: number): string => new Date(days * 86_400_000).toISOString().slice(0, 10),
};
