/** Quantities as people write them ("20ms", "5um", "2GB") to the unit a declaration asks for. */

const factors: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ms: { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, min: 6e4 },
  s: { ms: 1e-3, s: 1, min: 60, h: 3600 },
  um: { nm: 1e-3, um: 1, µm: 1, mm: 1e3 },
  Hz: { Hz: 1, kHz: 1e3 },
  px: { px: 1 },
  B: { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 },
};

export type Unit = "ms" | "s" | "um" | "Hz" | "px" | "B";

/** The units accepted beside `unit`, for help texts. */
export function acceptedUnits(unit: Unit): readonly string[] {
  return Object.keys(factors[unit] ?? {});
}

/** `text` in `unit`; a bare number is already in it. Undefined when it is no number or has an unknown unit. */
export function parseQuantity(text: string, unit: Unit): number | undefined {
  const match = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµ]*)\s*$/i.exec(text);
  if (!match) return undefined;
  const value = Number(match[1]);
  if (match[2] === "") return value;
  const factor = factors[unit]?.[match[2] ?? ""];
  return factor === undefined ? undefined : value * factor;
}

/** Bytes for people: "8.4 MB", decimal units as on a disk's label. */
export function formatBytes(bytes: number): string {
  const steps: readonly [number, string][] = [
    [1e12, "TB"],
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ];
  for (const [size, name] of steps) {
    if (bytes >= size) return `${(bytes / size).toFixed(bytes < 10 * size ? 1 : 0)} ${name}`;
  }
  return `${bytes} B`;
}

/** A count with its noun: "1 frame", "2,000 frames". Without the system's tables of languages, which take 30 ms to load. */
export function formatCount(count: number, noun: string): string {
  const digits = String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${digits} ${noun}${count === 1 ? "" : "s"}`;
}

/** Milliseconds for people: "820 ms", "12.4 s", "3 min 05 s". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
