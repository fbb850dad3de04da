/** The moment that the tag DateTime of a page tells: as TIFF 6.0 has it, or in ISO 8601. */

/** Fractions of a second to the nanosecond; what is finer is cut. */
const isoText = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Nanoseconds since the Unix epoch of "YYYY:MM:DD HH:MM:SS" (TIFF 6.0 section 8) or "YYYY-MM-DDTHH:MM:SS.ffffff+00:00" (ISO
 * 8601), without a zone taken as UTC; 0 for anything else.
 */
export function parseDateTime(text: string): bigint {
  const iso = isoText.exec(text);
  if (iso) {
    const [, day, time, fraction = "", zone = "Z"] = iso;
    const ns = nanoseconds(Date.parse(`${day}T${time}${zone}`));
    return ns === 0n ? 0n : ns + BigInt(fraction.padEnd(9, "0"));
  }
  const match = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)/.exec(text);
  if (!match) return 0n;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return nanoseconds(Date.UTC(year, month - 1, day, hour, minute, second));
}

function nanoseconds(ms: number): bigint {
  return Number.isFinite(ms) && ms > 0 ? BigInt(ms) * 1_000_000n : 0n;
}
