/** Whether a search range is too long for how crowded a frame is. */

export interface Crowding {
  /** Mean distance between neighbours if the detections were spread evenly, pixels: the root of the area a detection has. */
  readonly spacingPx: number;
  /** Particles likely to compete for the same places: those within the search range of one, and itself. */
  readonly likelySubnet: number;
}

/** Undefined while the search range is at most half the mean spacing, where a subnet is seldom more than a pair. */
export function crowding(
  count: number,
  areaPx: number,
  searchRange: { readonly y: number; readonly x: number },
): Crowding | undefined {
  if (count < 2) return undefined;
  const spacingPx = Math.sqrt(areaPx / count);
  if (Math.sqrt(searchRange.y * searchRange.x) <= spacingPx / 2) return undefined;
  const within = (count / areaPx) * Math.PI * searchRange.y * searchRange.x;
  return { spacingPx, likelySubnet: Math.round(within + 1) };
}
