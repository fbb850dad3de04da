/** What ImageJ writes into ImageDescription: lines of `name=value`, the first `ImageJ=1.53t`. */

export interface ImageJDescription {
  /** Planes of the stack. */
  readonly images: number;
  readonly channels: number;
  readonly slices: number;
  readonly frames: number;
  /** Unit of the resolution tags and of `finterval`'s stack, as written. */
  readonly unit: string;
  /** Seconds from frame to frame; NaN when not given. */
  readonly intervalS: number;
}

/** Undefined when `text` is not ImageJ's. */
export function parseImageJ(text: string): ImageJDescription | undefined {
  if (!text.startsWith("ImageJ=")) return undefined;
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf("=");
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  const count = (name: string) => {
    const value = Number(values.get(name) ?? 1);
    return Number.isSafeInteger(value) && value >= 1 ? value : 1;
  };
  const interval = Number(values.get("finterval") ?? Number.NaN);
  const fps = Number(values.get("fps") ?? Number.NaN);
  return {
    images: count("images"),
    channels: count("channels"),
    slices: count("slices"),
    frames: count("frames"),
    unit: values.get("unit") ?? "",
    intervalS: interval > 0 ? interval : fps > 0 ? 1 / fps : Number.NaN,
  };
}

/** Micrometres of one unit of length as ImageJ and OME spell them; undefined for inches, pixels and the unknown. */
export function micrometresPer(unit: string): number | undefined {
  const known: Readonly<Record<string, number>> = {
    nm: 1e-3,
    nanometer: 1e-3,
    um: 1,
    µm: 1,
    μm: 1,
    micron: 1,
    microns: 1,
    micrometer: 1,
    mm: 1e3,
    millimeter: 1e3,
  };
  return known[unit.replace(/\\u00B5/i, "µ").trim()];
}
