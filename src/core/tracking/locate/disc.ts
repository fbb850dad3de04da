/** The disc (ellipse when anisotropic) of pixels that belong to a feature. */

import type { PerAxis } from "./parameters.js";

export interface Disc {
  readonly radius: PerAxis;
  /** Half width of the row at dy = index - radius.y; every row is contiguous and symmetric. */
  readonly halfWidths: Int32Array;
  readonly pixelCount: number;
  /** sqrt of the sum of dy^2 and of dx^2 over the disc, for the static error. */
  readonly rootMoment: PerAxis;
}

/** Pixels with (dy / ry)^2 + (dx / rx)^2 <= 1, in double precision. */
export function createDisc(radius: PerAxis): Disc {
  const halfWidths = new Int32Array(2 * radius.y + 1);
  let pixelCount = 0;
  let momentY = 0;
  let momentX = 0;
  for (let dy = -radius.y; dy <= radius.y; dy++) {
    let half = 0;
    while (half < radius.x && (dy / radius.y) ** 2 + ((half + 1) / radius.x) ** 2 <= 1) half++;
    halfWidths[dy + radius.y] = half;
    pixelCount += 2 * half + 1;
    for (let dx = -half; dx <= half; dx++) {
      momentY += dy * dy;
      momentX += dx * dx;
    }
  }
  return { radius, halfWidths, pixelCount, rootMoment: { y: Math.sqrt(momentY), x: Math.sqrt(momentX) } };
}

/**
 * trackpy's static error of a feature (Savin and Doyle, Biophys. J. 88, 623, 2005): noise over the raw mass above black
 * level, times noise size, times the disc's root moment. trackpy has one value an axis where sizes differ; ours is then
 * the root of their mean square, with the sign kept.
 */
export function staticErrorFactor(disc: Disc, noiseSize: PerAxis): { first: number; second: number } {
  if (disc.radius.y === disc.radius.x && noiseSize.y === noiseSize.x) {
    return { first: noiseSize.y, second: disc.rootMoment.y };
  }
  const alongY = noiseSize.y * disc.rootMoment.y;
  const alongX = noiseSize.x * disc.rootMoment.x;
  return { first: Math.sqrt((alongY * alongY + alongX * alongX) / 2), second: 1 };
}
