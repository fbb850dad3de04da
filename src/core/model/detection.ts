/** The columns of a detection, in the order they have on the wire and in a slot. Every value is a float64. */

/**
 * x, y, size and ep are pixels with the origin at the centre of the top-left pixel; mass, signal and rawMass are grey
 * levels; particleId is -1 where nothing was linked. ep is trackpy's static error: NaN or negative where the raw mass is
 * not above the background.
 */
export const detectionColumns = ["x", "y", "mass", "ecc", "size", "signal", "raw_mass", "ep", "particle_id"] as const;
/** Columns that a stream may have behind those: flags is the sum of `detectionFlag` bits. */
export const extraColumns = ["flags"] as const;
export type DetectionColumn = (typeof detectionColumns)[number] | (typeof extraColumns)[number];

/** What stands in a slot's column where nobody knows its value. */
export function unknownValue(name: DetectionColumn): number {
  return name === "particle_id" ? -1 : Number.NaN;
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
