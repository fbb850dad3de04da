/** Colours of tracks: bright enough for a dark micrograph, saturated enough for a bright one, neighbours far apart. */
import type { Colour } from "./canvas.js";

/** A track keeps its colour over the frames; ids that follow each other differ clearly. */
const trackColours: readonly Colour[] = [
  [255, 92, 92],
  [64, 196, 255],
  [255, 202, 40],
  [102, 222, 120],
  [224, 128, 255],
  [255, 145, 48],
  [38, 222, 204],
  [255, 120, 182],
  [170, 224, 52],
  [130, 156, 255],
  [250, 230, 110],
  [110, 214, 255],
];

/** Detections without a track. */
export const unlinkedColour: Colour = [255, 221, 87];
export const inkColour: Colour = [255, 255, 255];
export const shadeColour: Colour = [0, 0, 0];

/** The colour of a track; -1 (or NaN) is a detection without one. */
export function trackColour(particleId: number): Colour {
  return particleId >= 0 ? trackColours[particleId % trackColours.length]! : unlinkedColour;
}
