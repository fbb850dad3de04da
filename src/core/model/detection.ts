/** The columns of a detection, in the order they have on the wire and in a slot. Every value is a float64 there. */

export interface DetectionField {
  /** Null for a number without one. */
  readonly unit: string | null;
  readonly meaning: string;
  /** In a table: whole numbers as int64. */
  readonly type: "float64" | "int64";
  /** In a text: every bit of a position matters, ten digits of a measurement. */
  readonly text: "shortest" | "ten digits" | "whole";
  /** What stands in a slot where nobody knows the value. */
  readonly unknown: number;
}

function real(unit: string | null, meaning: string, text: "shortest" | "ten digits" = "ten digits"): DetectionField {
  return { unit, meaning, type: "float64", text, unknown: Number.NaN };
}

function whole(meaning: string, unknown: number): DetectionField {
  return { unit: null, meaning, type: "int64", text: "whole", unknown };
}

/** What every stream of detections has, one line a column; a new one belongs behind `flags`, since this is the wire's order. */
const always = {
  x: real("px", "centre, from that of the top left pixel to the right", "shortest"),
  y: real("px", "centre, from that of the top left pixel down", "shortest"),
  mass: real("grey levels", "sum of the filtered pixels"),
  ecc: real(null, "eccentricity, 0 for a circle"),
  size: real("px", "radius of gyration"),
  signal: real("grey levels", "brightest filtered pixel"),
  raw_mass: real("grey levels", "sum of the pixels as they came"),
  ep: real(
    "px",
    "static error of the position (trackpy's); NaN or negative where raw_mass is not above the background",
  ),
  particle_id: whole("track, from 0; -1 where nothing was linked", -1),
};

/** What a stream may have behind those; it has none without the ones before it. */
const extra = {
  flags: whole("sum of the bits of detectionFlag", Number.NaN),
};

export type DetectionColumn = keyof typeof always | keyof typeof extra;
/** The declaration of each column. */
export const detectionFields: Readonly<Record<DetectionColumn, DetectionField>> = { ...always, ...extra };
export const detectionColumns = Object.keys(always) as readonly (keyof typeof always)[];
export const extraColumns = Object.keys(extra) as readonly (keyof typeof extra)[];

/** What stands in a slot's column where nobody knows its value. */
export function unknownValue(name: DetectionColumn): number {
  return detectionFields[name].unknown;
}

/** Columns a slot has room for. */
export const slotColumns = detectionColumns.length + extraColumns.length;

/** What there is to know about a detection besides its numbers. */
export const detectionFlag = {
  /** Linked across frames in which the particle was missing. */
  gap: 1,
  /** Linked greedily, because its subnet was too large or the time was up. */
  subnetDegraded: 2,
  /** Nearer to the frame's edge than its diameter. */
  nearEdge: 4,
  /** Another detection lies within its diameter. */
  overlapping: 8,
  /** A pixel of its disc is at the largest value of the bit depth. */
  saturated: 16,
} as const;

/** Position of each column in a slot. */
export const column: Readonly<Record<DetectionColumn, number>> = Object.fromEntries(
  [...detectionColumns, ...extraColumns].map((name, index) => [name, index]),
) as Record<DetectionColumn, number>;

/**
 * The most features a frame can hold: no two are closer than `separation` (an ellipse's axes when anisotropic), so
 * their number is bounded by the densest packing of the plane, 2/sqrt(3) per squared separation, over the frame grown
 * by half a separation on each side.
 */
export function detectionCapacity(
  shape: { height: number; width: number },
  separation: { y: number; x: number },
): number {
  const cellsDown = (shape.height + separation.y) / separation.y;
  const cellsAcross = (shape.width + separation.x) / separation.x;
  return Math.ceil((2 / Math.sqrt(3)) * cellsDown * cellsAcross) + 16;
}
