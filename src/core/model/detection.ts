/** The columns of a detection, in the order they have on the wire and in a slot. Every value is a float64. */

/**
 * x, y, size and ep are pixels with the origin at the centre of the top-left pixel; mass, signal and rawMass are grey
 * levels; particleId is -1 where nothing was linked. ep is trackpy's static error: NaN or negative where the raw mass is
 * not above the background.
 */
export const detectionColumns = ["x", "y", "mass", "ecc", "size", "signal", "raw_mass", "ep", "particle_id"] as const;
export type DetectionColumn = (typeof detectionColumns)[number];

/** Position of each column in `detectionColumns`. */
export const column: Readonly<Record<DetectionColumn, number>> = Object.fromEntries(
  detectionColumns.map((name, index) => [name, index]),
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
